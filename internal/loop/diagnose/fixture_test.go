package diagnose_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// The fixture is a small pack with one fault of each kind that the rules tell apart.

func number(mean float64) pack.Number {
	return pack.Number{Mean: mean, Experience: 10, Source: "authors"}
}

func text(s string) lang.Text { return lang.Text{ZH: s, EN: s} }

type shows = map[string]map[string]float64

func fault(id, group, who string, rate float64, s shows, hazards ...string) pack.Fault {
	f := pack.Fault{ID: id, Group: group, Name: text(id), Who: who, Rate: number(rate), Minutes: 10, Hazards: hazards,
		Shows: map[string]map[string]pack.Number{}}
	for v, states := range s {
		f.Shows[v] = map[string]pack.Number{}
		for state, p := range states {
			f.Shows[v][state] = number(p)
		}
	}
	return f
}

// variable makes a variable whose first state is the normal one.
func variable(id, group string, ask []string, probe string, states ...string) pack.Variable {
	v := pack.Variable{ID: id, Group: group, Type: pack.State, Name: text(id), Question: text(id + "?"), Ask: ask, Minutes: 1, Probe: probe}
	for i, s := range states {
		v.States = append(v.States, pack.StateWords{ID: s, Words: text(s), Normal: i == 0})
		leak := 0.8
		if i > 0 {
			leak = 0.2 / float64(len(states)-1)
		}
		v.Leak = append(v.Leak, leak)
	}
	return v
}

func repair(id, by string, fixes map[string]float64, breaks ...string) pack.Step {
	s := pack.Step{ID: id, Kind: pack.Repair, By: by, Name: text(id), Do: []lang.Text{text(id)},
		Cost: pack.Cost{DeskMin: 1, DowntimeMin: 3}, Fixes: map[string]pack.Number{}, Breaks: breaks}
	if by == "remote" {
		s.Command = id
	}
	for f, p := range fixes {
		s.Fixes[f] = number(p)
	}
	return s
}

func handover(party string, faults ...string) pack.Step {
	s := pack.Step{ID: "handover." + party, Kind: pack.Handover, By: party, Name: text(party),
		Cost: pack.Cost{DeskMin: 15, DowntimeMin: 240}, Fixes: map[string]pack.Number{}}
	for _, f := range faults {
		s.Fixes[f] = number(0.9)
	}
	return s
}

func fixture() *pack.Pack {
	shop, desk, field := []string{"merchant"}, []string{"agent"}, []string{"field"}
	restart := repair("restart_app", "remote", map[string]float64{"sw_hang": 0.9}, "do_not_restart")
	restart.Learns = "app_restart_helps"
	link := variable("link_type", "network", shop, "", "ethernet", "cellular")
	link.Lasting = true
	return &pack.Pack{
		Ref: pack.Ref{ID: "fixture", Version: "1", Hash: "00"},
		Faults: []pack.Fault{ // ordered by id, as the compiler does
			fault("acc_blocked", "account", "acquirer_backoffice", 10, shows{"main_symptom": {"sales_fail": 0.9}, "screen_message": {"response_code": 0.9}}),
			fault("host_outage", "acquirer_host", "acquirer_backoffice", 10, shows{
				"main_symptom": {"sales_fail": 0.8}, "host_connect_test": {"no_connection": 0.95}, "screen_message": {"host_unavailable": 0.8},
				"terminal_scope": {"everybody": 0.9}, "status_page": {"outage_reported": 0.8}, "app_state": {"runs": 0.95}},
				"do_not_restart", "do_not_reset", "keep_unsent_sales"),
			fault("hw_board", "hardware", "depot", 5, shows{"main_symptom": {"dead": 0.9}, "inside_inspection": {"burnt": 0.8}}, "do_not_open"),
			fault("net_cable", "network", "merchant", 20, shows{
				"main_symptom": {"no_connection": 0.9}, "cable_state": {"loose": 0.9}, "host_connect_test": {"no_connection": 0.9}}),
			fault("sec_tamper", "security", "depot", 2, shows{"screen_message": {"tamper_alert": 0.9}, "tamper_flag": {"set": 0.95}},
				"do_not_open", "do_not_reset", "do_not_restart"),
			fault("sw_hang", "software", "merchant", 30, shows{
				"main_symptom": {"frozen": 0.9}, "app_state": {"hung": 0.9}, "host_connect_test": {"ok": 0.95}, "tamper_flag": {"clear": 0.99},
				"terminal_scope": {"this_terminal_only": 0.95}}, "check_before_charging_again"),
			fault("sw_stale", "software", "helpdesk_remote", 10, shows{"main_symptom": {"frozen": 0.6, "sales_fail": 0.3}, "app_state": {"runs": 0.9}}),
		},
		Variables: []pack.Variable{
			variable("app_state", "software", []string{"tms"}, "app", "runs", "hung"),
			variable("app_restart_helps", "outcome", shop, "", "no", "yes"),
			variable("cable_state", "network", shop, "", "firm", "loose"),
			variable("host_connect_test", "network", []string{"tms"}, "host", "ok", "no_connection"),
			variable("inside_inspection", "hardware", field, "", "clean", "burnt"),
			link,
			variable("main_symptom", "report", shop, "", "works", "frozen", "no_connection", "sales_fail", "dead"),
			variable("offline_sales", "report", shop, "", "none", "waiting"),
			{ID: "response_code", Group: "screen", Type: pack.String, Name: text("code"), Question: text("which code?"), Ask: shop, Minutes: 1},
			variable("response_code_set", "screen", desk, "", "unionpay", "iso"),
			variable("sales_possible", "report", shop, "", "all", "none"),
			variable("screen_message", "screen", shop, "", "none", "tamper_alert", "host_unavailable", "response_code"),
			{ID: "screen_text", Group: "screen", Type: pack.Words, Name: text("text"), Question: text("which words?"), Ask: shop, Minutes: 1},
			variable("status_page", "host", desk, "", "all_ok", "outage_reported"),
			variable("tamper_flag", "keys_security", []string{"tms", "field"}, "keys", "clear", "set"),
			variable("terminal_scope", "scope", shop, "", "this_terminal_only", "everybody"),
		},
		Steps: []pack.Step{
			repair("cure.net_cable", "merchant", map[string]float64{"net_cable": 0.9}),
			repair("cure.sw_hang", "merchant", map[string]float64{"sw_hang": 0.9}, "do_not_restart"),
			repair("cure.sw_stale", "helpdesk_remote", map[string]float64{"sw_stale": 0.9}),
			handover("acquirer_backoffice", "acc_blocked", "host_outage"),
			handover("depot", "hw_board", "sec_tamper"),
			handover("helpdesk_remote", "sw_stale"),
			handover("merchant", "net_cable", "sw_hang"),
			repair("reset_app", "remote", map[string]float64{"sw_stale": 0.8, "sw_hang": 0.5}, "do_not_reset"),
			restart,
		},
		Codes: []pack.Code{
			{Set: "unionpay", Code: "03", Fault: true, PointsTo: map[string]pack.Number{"acc_blocked": number(0.8)}},
			{Set: "iso", Code: "03", Fault: true, PointsTo: map[string]pack.Number{"sw_stale": number(0.8)}},
		},
		Messages: []pack.Message{
			{Match: []string{"PED TAMPERED", "All keys cleared"}, Class: "tamper_alert", PointsTo: map[string]pack.Number{"sec_tamper": number(0.7)}},
			{Match: []string{"Host not available"}, Class: "host_unavailable"},
		},
		CallCost: pack.Cost{DeskMin: 20, DowntimeMin: 240},
	}
}

func now() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

func said(variable, state string) finding.Finding {
	return finding.Finding{Variable: variable, State: state, At: now(), Source: finding.Merchant}
}

func measured(variable, state string) finding.Finding {
	return finding.Finding{Variable: variable, State: state, At: now(), Source: finding.Probe}
}

func engine(t *testing.T) *diagnose.Engine {
	t.Helper()
	return diagnose.New(fixture(), diagnose.Policy{})
}

// given makes an input with everybody's usual company: a merchant at the counter and an agent in contact.
func given(findings ...finding.Finding) diagnose.Input {
	return diagnose.Input{Now: now(), Findings: findings, Audience: diagnose.Audience{Merchant: true, Remote: true}}
}

// large makes a pack of a given size whose faults overlap, for measuring.
func large(faults, steps, questions int) *pack.Pack {
	p := &pack.Pack{CallCost: pack.Cost{DeskMin: 20, DowntimeMin: 240}}
	for v := range questions {
		p.Variables = append(p.Variables, variable(fmt.Sprintf("v%02d", v), fmt.Sprintf("g%d", v%17), []string{"merchant"}, "", "s0", "s1", "s2", "s3"))
	}
	var ids []string
	for f := range faults {
		s := shows{}
		for v := range questions {
			if (f*7+v*3)%5 == 0 {
				s[p.Variables[v].ID] = map[string]float64{fmt.Sprintf("s%d", (f+v)%4): 0.7, fmt.Sprintf("s%d", (f+v+1)%4): 0.2}
			}
		}
		id := fmt.Sprintf("f%03d", f)
		ids = append(ids, id)
		p.Faults = append(p.Faults, fault(id, "software", []string{"merchant", "depot"}[f%2], float64(1+f%9), s))
	}
	for i := range steps {
		fixes := map[string]float64{ids[i%faults]: 0.9, ids[(i*2+1)%faults]: 0.8, ids[(i*5+3)%faults]: 0.4}
		p.Steps = append(p.Steps, repair(fmt.Sprintf("step%02d", i), "merchant", fixes))
	}
	p.Steps = append(p.Steps, handover("depot", ids...))
	return p
}

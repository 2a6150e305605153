package observe

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// Road is how a stop was noticed.
type Road string

// The roads on which a stop is noticed.
const (
	BySilence  Road = "silence"
	ByFindings Road = "findings"
	ByAnswers  Road = "host_answers"
	ByPerson   Road = "person"
	BySales    Road = "sales" // none come, though they should
)

// Rules are the operator's settings for noticing. The zero value is not usable: start from DefaultRules.
type Rules struct {
	SilentAfter  int           // missed reports until an agent counts as silent
	MinSilence   time.Duration // and at least this long
	FailedInARow int           // failing answers until the host's answers count
	Settle       time.Duration // how long findings must say so without a break
	ProofAge     time.Duration // how long a sale proves the ability to take money
}

// DefaultRules suit terminals that report every half minute and sell a few times an hour.
func DefaultRules() Rules {
	return Rules{SilentAfter: 4, MinSilence: 90 * time.Second, FailedInARow: 2, Settle: 20 * time.Second, ProofAge: 24 * time.Hour}
}

// adverse lists the states that by themselves mean "cannot sell until somebody acts". Everything else is evidence
// for the diagnosis, not a stop.
var adverse = map[string][]string{
	"sales_possible":     {"none"},
	"tamper_flag":        {"set"},
	"app_state":          {"missing", "crashes_on_start"},
	"screen_state":       {"blank", "frozen_picture", "boot_or_service_screen"},
	"powers_on":          {"no"},
	"key_status":         {"absent", "absent_in_pinpad_only"},
	"host_connect_test":  {"name_lookup_fails", "no_connection", "port_blocked", "secure_handshake_fails", "connects_no_answer"},
	"paper_present":      {"no"},
	"chip_reading":       {"fails"},
	"terminal_status":    {"disabled", "not_registered"},
	"merchant_status":    {"disabled", "frozen_or_under_review"},
	"certificate_status": {"expired"},
}

// IsAdverse reports whether a finding by itself says that the terminal cannot sell.
func IsAdverse(f finding.Finding) bool {
	for _, state := range adverse[f.Variable] {
		if f.State == state {
			return f.Certainty() >= 0.5
		}
	}
	return false
}

// AnyAdverse reports whether one of the findings is.
func AnyAdverse(findings []finding.Finding) bool {
	for _, f := range findings {
		if IsAdverse(f) {
			return true
		}
	}
	return false
}

// Silent reports whether the agent has missed enough reports. A terminal that never had an agent is never silent here:
// its silence is judged from its sales.
func (r Rules) Silent(s State, now time.Time) bool {
	if s.ContactAt.IsZero() || s.Expects <= 0 {
		return false
	}
	limit := max(time.Duration(r.SilentAfter)*s.Expects, r.MinSilence)
	return now.Sub(s.ContactAt) > limit
}

// AgentLost reports whether the agent is silent although the host has heard the terminal since its agent was due: it is the
// agent that is broken, or its way to us, and not the terminal.
func (r Rules) AgentLost(s State, now time.Time) bool {
	return r.Silent(s, now) && s.HostAt.Sub(s.ContactAt) > max(time.Duration(r.SilentAfter)*s.Expects, r.MinSilence)
}

// Stopped decides whether the terminal cannot take money, debounced, and on which road that was noticed. `trading`
// says whether the shop is open: outside its hours silence means nothing.
func (r Rules) Stopped(s State, now time.Time, trading bool) (Road, bool) {
	switch {
	case s.Failures >= r.FailedInARow:
		return ByAnswers, true
	case !s.Adverse.IsZero() && now.Sub(s.Adverse) >= r.Settle:
		return ByFindings, true
	case trading && r.Silent(s, now) && now.Sub(s.HostAt) > r.MinSilence:
		// Sales at the host with a silent agent mean a broken management link, not a stopped terminal.
		return BySilence, true
	default:
		return "", false
	}
}

// Started decides whether a stopped terminal sells again: an approved sale since it stopped and nothing against it.
func (r Rules) Started(s State) bool {
	return !s.StoppedSince.IsZero() && s.SaleAt.After(s.StoppedSince) && s.Failures == 0 && s.Adverse.IsZero()
}

// Derived are the findings that follow from the state alone; they are computed when asked for, never stored, so they
// cannot grow stale.
func (r Rules) Derived(s State, now time.Time, codeSet string) []finding.Finding {
	var out []finding.Finding
	add := func(variable, state string, at time.Time, src finding.Source, detail string) {
		out = append(out, finding.Finding{Variable: variable, State: state, At: at, Source: src, Detail: detail})
	}
	if !s.ContactAt.IsZero() {
		if r.Silent(s, now) {
			add("agent_contact", "silent", now, finding.TMS, "")
		} else {
			add("agent_contact", "current", s.ContactAt, finding.TMS, "")
		}
	}
	if !s.HostAt.IsZero() {
		if now.Sub(s.HostAt) > r.MinSilence {
			add("host_sees_terminal", "silent", now, finding.Host, "")
		} else {
			add("host_sees_terminal", "yes", s.HostAt, finding.Host, "")
		}
	}
	if s.Failures > 0 && s.FailCode != "" {
		add("response_code", s.FailCode, s.FailSince, finding.Host, string(s.FailKind))
		add("response_code_set", codeSet, s.FailSince, finding.Host, "")
		if s.FailKind == SignIn {
			add("failing_step", "sign_in", s.FailSince, finding.Host, "")
		} else {
			add("failing_step", "authorisation", s.FailSince, finding.Host, "")
		}
	}
	if s.Unsent > 0 {
		add("offline_sales", "waiting", s.ContactAt, finding.TMS, "")
	}
	if s.Failures == 0 && s.Adverse.IsZero() && s.SaleAt.After(s.StoppedSince) && !s.SaleAt.IsZero() && now.Sub(s.SaleAt) < r.ProofAge {
		add("sales_possible", "all", s.SaleAt, finding.Host, s.SaleRRN)
	}
	return out
}

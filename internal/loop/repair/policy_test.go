package repair_test

import (
	"testing"

	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/pack"
)

func TestPolicyRule(t *testing.T) {
	t.Parallel()
	restart := &pack.Step{ID: "restart_app", Kind: pack.Repair, By: "remote", Command: "restart_app",
		Breaks: []string{"do_not_restart", "check_fleet_notice_before_restart"}}
	config := &pack.Step{ID: "restore_config", Kind: pack.Repair, By: "remote", Command: "restore_config",
		Breaks: []string{"do_not_reset", "keep_unsent_sales"}}
	replace := &pack.Step{ID: "handover.depot", Kind: pack.Handover, By: "depot"}
	visit := &pack.Step{ID: "handover.field_engineer", Kind: pack.Handover, By: "field_engineer"}
	office := &pack.Step{ID: "handover.acquirer_backoffice", Kind: pack.Handover, By: "acquirer_backoffice"}
	unsure := diagnose.Diagnosis{Ranked: []diagnose.Ranked{{Fault: "net_router_hung", P: 0.5}}}
	hung := diagnose.Diagnosis{Ranked: []diagnose.Ranked{{Fault: "sw_hang", P: 0.9}}}
	maybeExpired := diagnose.Diagnosis{Ranked: []diagnose.Ranked{
		{Fault: "sw_hang", P: 0.9}, {Fault: "sw_cert_expired", P: 0.05, Hazards: []string{"do_not_restart"}},
	}}
	unlikelyExpired := diagnose.Diagnosis{Ranked: []diagnose.Ranked{
		{Fault: "sw_hang", P: 0.9}, {Fault: "sw_cert_expired", P: 0.01, Hazards: []string{"do_not_restart"}},
	}}

	tests := map[string]struct {
		step *pack.Step
		s    repair.Situation
		want repair.Ruling
	}{
		"a hung app is restarted without asking": {restart, repair.Situation{Diagnosis: hung}, repair.Ruling{Allowed: true, Auto: true}},
		"no restart while an expired certificate is possible": {
			restart, repair.Situation{Diagnosis: maybeExpired}, repair.Ruling{Why: "hazard", Hazard: "do_not_restart"},
		},
		"a restart when that is as good as excluded": {
			restart, repair.Situation{Diagnosis: unlikelyExpired}, repair.Ruling{Allowed: true, Auto: true},
		},
		"no restart while many fail together": {
			restart, repair.Situation{Diagnosis: hung, Shared: true},
			repair.Ruling{Why: "shared_cause", Hazard: "check_fleet_notice_before_restart"},
		},
		"nobody is sent while many fail together": {
			visit, repair.Situation{Diagnosis: unsure, Shared: true}, repair.Ruling{Why: "shared_cause"},
		},
		"an engineer comes for what is broken all the same": {
			visit, repair.Situation{Diagnosis: hung, Shared: true}, repair.Ruling{Allowed: true, Auto: true},
		},
		"an engineer comes when it is this terminal alone": {
			visit, repair.Situation{Diagnosis: unsure}, repair.Ruling{Allowed: true, Auto: true},
		},
		"the back office may always be told": {
			office, repair.Situation{Diagnosis: unsure, Shared: true}, repair.Ruling{Allowed: true, Auto: true},
		},
		"a tampered terminal is fetched whatever else fails": {
			replace, repair.Situation{Diagnosis: unsure, Shared: true, Tampered: true}, repair.Ruling{Allowed: true, Auto: true},
		},
		"nothing but a replacement for a tampered terminal": {
			restart, repair.Situation{Diagnosis: hung, Tampered: true}, repair.Ruling{Why: "tampered", Hazard: "do_not_open"},
		},
		"a tampered terminal may be handed over": {
			replace, repair.Situation{Diagnosis: hung, Tampered: true}, repair.Ruling{Allowed: true, Auto: true},
		},
		"stored sales are sent first": {
			config, repair.Situation{Diagnosis: hung, State: observe.State{Unsent: 2}},
			repair.Ruling{Why: "unsent_sales", Hazard: "keep_unsent_sales", First: "send_unsent"},
		},
		"stored sales that are safe hold nothing up": {
			config, repair.Situation{Diagnosis: hung, State: observe.State{Unsent: 2}, SentKept: true}, repair.Ruling{Allowed: true},
		},
		"a person decides after too many attempts": {
			restart, repair.Situation{Diagnosis: hung, Attempts: 4}, repair.Ruling{Allowed: true, Why: "attempts"},
		},
		"a person decides while the cause is unsure": {
			restart, repair.Situation{Diagnosis: diagnose.Diagnosis{Ranked: []diagnose.Ranked{{Fault: "sw_hang", P: 0.3}}}},
			repair.Ruling{Allowed: true},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := repair.DefaultPolicy().Rule(tt.step, tt.s); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAttemptsMoveOnlyAsTheTableSays(t *testing.T) {
	t.Parallel()
	all := []repair.State{repair.Planned, repair.Queued, repair.Running, repair.Done, repair.Failed, repair.Refused, repair.Expired, repair.Cancelled}
	reached := map[repair.State]bool{repair.Planned: true, repair.Queued: true}
	for _, from := range all {
		for _, to := range all {
			if from.May(to) {
				reached[to] = true
			}
			if from.Final() && from.May(to) {
				t.Errorf("%s is final and may become %s", from, to)
			}
		}
	}
	for _, s := range all {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
	a := repair.Attempt{ID: "a", State: repair.Done}
	if err := a.Move(repair.Running, a.EndedAt); err == nil {
		t.Error("a finished attempt was started again")
	}
}

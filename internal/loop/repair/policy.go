package repair

import (
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/pack"
)

// Policy is what the operator allows.
type Policy struct {
	Auto        []string      // commands that run without a person's word
	MinP        float64       // the leading fault must be at least this probable before a command runs by itself
	MaxAttempts int           // remote attempts a case, over all steps; then a person decides
	CommandTTL  time.Duration // a command not fetched by then is dropped
	GuidedTTL   time.Duration
	RetestTTL   time.Duration // how long a sign-in after a repair waits for the agent
}

// DefaultPolicy lets the harmless, reversible commands run by themselves.
func DefaultPolicy() Policy {
	return Policy{
		Auto: []string{"run_probes", "fetch_logs", "sign_in", "set_clock", "renew_address", "restart_app", "send_unsent"},
		MinP: 0.5, MaxAttempts: 4, CommandTTL: 2 * time.Minute, GuidedTTL: 24 * time.Hour, RetestTTL: time.Hour,
	}
}

// Ruling is what policy says about a step.
type Ruling struct {
	Allowed bool
	Auto    bool   // may start without a person
	Why     string // code of the reason when not allowed or not automatic: hazard, shared_cause, unsent_sales, tampered, policy, attempts
	Hazard  string
	First   string // command that must run before, e.g. send_unsent
}

// Situation is what a ruling depends on.
type Situation struct {
	Diagnosis diagnose.Diagnosis
	State     observe.State
	Tampered  bool // any tamper evidence, whatever its probability
	Shared    bool // the terminal is part of an open incident, or a shared cause is suspected
	Attempts  int  // remote attempts already made in this case
	SentKept  bool // stored sales were secured in this case

	SentFailed bool // securing them was tried and could not be done: a person must see to it
}

// Rule decides whether a step may be taken. It never trusts the diagnosis to have thought of the hazards.
func (p Policy) Rule(step *pack.Step, s Situation) Ruling {
	if s.Shared && !s.Tampered && visits(step) && !ownFault(s.Diagnosis) {
		return Ruling{Why: "shared_cause"}
	}
	if step.Kind == pack.Handover {
		return Ruling{Allowed: true, Auto: true}
	}
	if s.Tampered {
		return Ruling{Why: "tampered", Hazard: "do_not_open"}
	}
	for _, r := range s.Diagnosis.Ranked {
		if r.P < 0.02 {
			continue
		}
		for _, h := range r.Hazards {
			if hazard, ok := pack.FindHazard(h); ok && hazard.Forbids && slices.Contains(step.Breaks, h) {
				return Ruling{Why: "hazard", Hazard: h}
			}
		}
	}
	if s.Shared && slices.ContainsFunc(step.Breaks, func(h string) bool {
		return h == "do_not_restart" || h == "do_not_reset" || h == "check_fleet_notice_before_restart"
	}) {
		return Ruling{Why: "shared_cause", Hazard: "check_fleet_notice_before_restart"}
	}
	if s.State.Unsent > 0 && slices.Contains(step.Breaks, "keep_unsent_sales") && !s.SentKept {
		r := Ruling{Why: "unsent_sales", Hazard: "keep_unsent_sales"}
		if !s.SentFailed {
			r.First = secureStep
		}
		return r
	}
	auto := step.By == "remote" && slices.Contains(p.Auto, step.Command) &&
		len(s.Diagnosis.Ranked) > 0 && s.Diagnosis.Ranked[0].P >= p.MinP && !step.Irreversible
	if auto && s.Attempts >= p.MaxAttempts {
		return Ruling{Allowed: true, Why: "attempts"}
	}
	return Ruling{Allowed: true, Auto: auto}
}

// visits reports whether somebody travels for a step, or the terminal does.
func visits(step *pack.Step) bool { return step.By == "field_engineer" || step.By == "depot" }

// veryLikely is the probability from which a fault is taken for the terminal's own although many fail together. What the
// shared cause itself explains never comes here: the case is left to the incident.
const veryLikely = 0.8

func ownFault(d diagnose.Diagnosis) bool { return len(d.Ranked) > 0 && d.Ranked[0].P >= veryLikely }

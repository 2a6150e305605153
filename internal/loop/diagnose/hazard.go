package diagnose

import (
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/pack"
)

// A hazard is a hard rule. A step that breaks a forbidding hazard is withheld when the faults that carry it are together more
// probable than Policy.HazardMass, or when a sign of the danger itself is among the findings, however improbable its faults.

// sign is evidence of a danger itself.
type sign struct {
	variable string
	states   []string
	forbids  []string // hazards in force while the sign holds
	lockdown bool     // nothing may be done to the terminal any more: it is replaced
}

// signs is the table of dangers that need no probability.
func signs() []sign {
	everything := []string{"do_not_restart", "do_not_reset", "do_not_open"}
	shared := []string{"do_not_restart", "do_not_reset"}
	wet := []string{"unplug_and_do_not_power_on", "do_not_open"}
	return []sign{
		{"tamper_flag", []string{"set"}, everything, true},
		{screenMessageID, []string{"tamper_alert"}, everything, true},
		{"terminal_scope", []string{"everybody", "same_model"}, shared, false},
		{"status_page", []string{"outage_reported", "maintenance"}, shared, false},
		{"notice_received", []string{"maintenance"}, shared, false},
		{"certificate_status", []string{"expired"}, shared, false},
		{"offline_sales", []string{"waiting", "waiting_over_3_days", "no_longer_accepted"}, []string{"do_not_reset", "keep_unsent_sales"}, false},
		{"dirt_or_liquid", []string{"wet"}, wet, false},
		{"after", []string{"liquid_damp_or_wet_cleaning", "cold_to_warm"}, wet, false},
		{"registered_binding", []string{"differs"}, []string{"do_not_swap_sim_without_rebinding"}, false},
	}
}

// dangers are the hazards in force in one diagnosis.
type dangers struct {
	signed   map[string]bool    // hazards whose sign is among the findings
	mass     map[string]float64 // hazard → probability of the faults that carry it
	carrier  map[string]string  // hazard → its most probable fault
	limit    float64
	lockdown bool
}

func (e *Engine) dangers(ev *evidence, p []float64, order []int) dangers {
	d := dangers{signed: map[string]bool{}, mass: map[string]float64{}, carrier: map[string]string{}, limit: e.policy.HazardMass}
	for _, f := range order {
		for _, h := range e.pack.Faults[f].Hazards {
			d.mass[h] += p[f]
			if d.carrier[h] == "" {
				d.carrier[h] = e.pack.Faults[f].ID
			}
		}
	}
	for _, s := range signs() {
		if ev.set.Is(s.variable, s.states...) {
			d.lockdown = d.lockdown || s.lockdown
			for _, h := range s.forbids {
				d.signed[h] = true
			}
		}
	}
	for _, f := range ev.set {
		if f.Source == finding.Incident { // many terminals at once: this one is not the one to restart
			d.signed["do_not_restart"], d.signed["do_not_reset"] = true, true
		}
	}
	return d
}

// forbids returns the hazard because of which a step is withheld, or "".
func (d dangers) forbids(s step) string {
	if s.Kind == pack.Handover {
		return ""
	}
	for _, h := range s.Breaks {
		if forbidding(h) && d.inForce(h) {
			return h
		}
	}
	if d.lockdown && s.By != "depot" {
		return "do_not_open"
	}
	return ""
}

func (d dangers) inForce(hazard string) bool { return d.signed[hazard] || d.mass[hazard] > d.limit }

// A word of caution costs nearly nothing, so what is only to be checked or secured before a step is said at a tenth of the
// probability from which on a step is withheld.
const caution = 0.1

func (d dangers) worthSaying(hazard string) bool {
	return d.signed[hazard] || d.mass[hazard] > caution*d.limit
}

// first are the hazards of the "check or secure this first" kind that apply to a step: those it breaks or those its
// faults carry, while they are worth saying, strongest claim first.
func (d dangers) first(s step, carried []string) []string {
	var out []string
	for _, list := range [][]string{s.Breaks, carried} {
		for _, h := range list {
			if !forbidding(h) && d.worthSaying(h) && !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	if d.signed["keep_unsent_sales"] && s.Kind == pack.Repair && !slices.Contains(out, "keep_unsent_sales") {
		out = append(out, "keep_unsent_sales")
	}
	return out
}

// forbidding tells a hazard that rules a step out from one that only wants something done before it. A hazard the table
// does not know is read by its name, and rules out when in doubt.
func forbidding(hazard string) bool {
	if h, ok := pack.FindHazard(hazard); ok {
		return h.Forbids
	}
	return !strings.HasPrefix(hazard, "check_") && !strings.HasPrefix(hazard, "keep_") && !strings.HasPrefix(hazard, "power_off_")
}

// AskBreaks names the hazards that finding a variable out may break: some things are only found out by doing something, so
// asking "does a restart help?" is advice to restart.
func AskBreaks(variable string) []string {
	switch variable {
	case "restart_helps", "app_restart_helps":
		return []string{"do_not_restart", "unplug_and_do_not_power_on"}
	case "sim_swap_test", "sim_in_phone":
		return []string{"do_not_swap_sim_without_rebinding"}
	case "inside_inspection", "backup_battery":
		return []string{"do_not_open"}
	case "retry_helps":
		return []string{"do_not_retry_repeatedly"}
	case "runs_without_battery", "power_swap_test", "charging_helps":
		return []string{"unplug_and_do_not_power_on", "do_not_use_swollen_battery"}
	default:
		return nil
	}
}

// mayFindOut says whether finding a variable out breaks no forbidding hazard in force, nor undoes a lockdown.
func (d dangers) mayFindOut(variable string) bool {
	for _, h := range AskBreaks(variable) {
		if d.inForce(h) {
			return false
		}
	}
	return true
}

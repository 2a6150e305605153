package diagnose

import (
	"cmp"
	"slices"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// situation is everything about one diagnosis that the choice of the next step needs.
type situation struct {
	in      Input
	ev      *evidence
	p       []float64 // probability of each hypothesis as the one cause
	belief  belief
	order   []int // faults, most probable first
	dangers dangers
	unseen  []candidate // variables still open, most telling first
}

func (s *situation) leader() int { return s.order[0] }

// Diagnose ranks the faults and finds the best next step.
func (e *Engine) Diagnose(in Input) Diagnosis {
	ev := e.gather(in)
	d := Diagnosis{At: in.Now, Pack: e.pack.Ref, Evidence: ev.used, Conflicts: ev.conflicts}
	if e.healthy(ev) {
		d.Verdict = Healthy
		return d
	}
	if e.faults == 0 {
		d.Verdict = Over
		return d
	}
	s := e.situation(in, ev)
	d.Ranked = e.rank(ev, s.belief, s.order)
	d.Together = e.together(s.belief)
	d.Surprise = s.p[e.faults] >= surprise
	d.Unlooked = e.unlooked(s)
	d.Next = e.next(s)
	d.Withheld = e.withheld(s)
	d.Verdict = e.verdict(s, d.Next)
	return d
}

func (e *Engine) situation(in Input, ev *evidence) *situation {
	b := e.believe(ev)
	s := &situation{in: in, ev: ev, p: b.cause, belief: b, order: e.order(b.cause)}
	s.dangers = e.dangers(ev, b.present, s.order)
	s.unseen = e.byInformation(s)
	return s
}

// healthy needs a proof of sale from a machine that saw it, and nothing that looks wrong.
func (e *Engine) healthy(ev *evidence) bool {
	proof, ok := ev.set["sales_possible"]
	if !ok || proof.State != "all" || (proof.Source != finding.Host && proof.Source != finding.Probe) {
		return false
	}
	for _, f := range ev.used {
		if e.abnormal(f) {
			return false
		}
	}
	return true
}

// abnormal is a state that a healthy terminal is not in. Variables none of whose states is normal say how a terminal is
// built or used, and nothing is abnormal there.
func (e *Engine) abnormal(f finding.Finding) bool {
	v, known := e.variables[f.Variable]
	if !known {
		return false
	}
	s, known := v.states[f.State]
	if !known || v.States[s].Normal {
		return false
	}
	for _, state := range v.States {
		if state.Normal {
			return true
		}
	}
	return false
}

func (e *Engine) verdict(s *situation, next *Next) Verdict {
	switch {
	case s.dangers.lockdown, s.p[s.leader()] >= e.policy.Act:
		return Clear
	case next == nil || next.Kind == Handover:
		return Over
	default:
		return Open
	}
}

const (
	maxUnlooked  = 6
	leastUnlooks = 0.02 // nats
)

// unlooked names what nobody has looked at and would tell the ranked faults apart, whoever could look.
func (e *Engine) unlooked(s *situation) []string {
	var out []string
	for _, c := range s.unseen {
		if len(out) == maxUnlooked || c.nats < leastUnlooks {
			break
		}
		out = append(out, c.v.ID)
	}
	return out
}

// open says whether a variable is still to be found out: nobody has, and nobody said that he does not know.
func (s *situation) open(v *variable) bool {
	_, known := s.ev.set[v.ID]
	return v.row >= 0 && !known && !slices.Contains(s.in.Unknown, v.ID)
}

// candidate is a variable that could be looked at.
type candidate struct {
	v    *variable
	nats float64 // mutual information with the fault
}

// byInformation lists the open variables, most telling first.
func (e *Engine) byInformation(s *situation) []candidate {
	var out []candidate
	for i := range e.pack.Variables {
		if v := e.variables[e.pack.Variables[i].ID]; s.open(v) {
			out = append(out, candidate{v, e.information(s, v)})
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(b.nats, a.nats) })
	return out
}

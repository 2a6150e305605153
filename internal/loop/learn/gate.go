package learn

import (
	"slices"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Report is what the gate found.
type Report struct {
	Golden [2]Score `json:"golden"` // before, after
	Held   [2]Score `json:"held"`
	Passed bool     `json:"passed"`
	Why    string   `json:"why"` // harmful_advice, ranks_worse, calibrates_worse, held_out_worse, untested, passed
}

// Gate judges candidates.
type Gate struct {
	Golden func(p *pack.Pack) Score // back-test on the coded cases
	Policy diagnose.Policy
}

// Tolerances of the gate: what may get worse by chance on a small set without being worse. Coded cases are one of each kind
// and not as common as in the field, so their calibration may suffer a little from learning how common things really are;
// it may not leave the interval that resampling gave it before.
const (
	top1Tolerance  = 0.005
	lossTolerance  = 0.01
	brierTolerance = 0.01
)

// Judge compares a pack before and after a candidate. Harm decides first and has no tolerance.
func (g Gate) Judge(before, after *pack.Pack, held []Record) Report {
	r := Report{
		Golden: [2]Score{g.Golden(before), g.Golden(after)},
		Held:   [2]Score{g.replay(before, held), g.replay(after, held)},
	}
	switch {
	case r.Golden[1].Harmful+r.Held[1].Harmful > 0:
		r.Why = "harmful_advice"
	case r.Golden[1].Top1 < r.Golden[0].Top1-top1Tolerance:
		r.Why = "ranks_worse"
	case miscalibrated(r.Golden):
		r.Why = "calibrates_worse"
	case r.Held[1].LogLoss > r.Held[0].LogLoss+lossTolerance, miscalibrated(r.Held):
		r.Why = "held_out_worse"
	case r.Golden[1].Cases+r.Held[1].Cases == 0:
		r.Why = "untested" // a pack of one's own without a single case to try it on
	default:
		r.Why, r.Passed = "passed", true
	}
	return r
}

// miscalibrated asks all three measures: log loss for confident mistakes, Brier for the whole, and the calibration error
// where it left the interval of what it was and is more than chance.
func miscalibrated(s [2]Score) bool {
	before, after := s[0], s[1]
	return after.LogLoss > before.LogLoss+lossTolerance || after.Brier > before.Brier+brierTolerance ||
		(after.ECE > before.ECEHigh && after.ECE > 2*after.Floor)
}

// replay diagnoses closed cases again from what was known before the step that helped, and scores what they proved to be.
func (g Gate) replay(p *pack.Pack, records []Record) Score {
	engine := diagnose.New(p, g.Policy)
	var t tally
	for _, r := range records {
		if r.Truth() != "" {
			t.add(stand(engine, r))
		}
	}
	return t.score()
}

func attributeFindings(r Record) []finding.Finding {
	var out []finding.Finding
	for id, value := range r.Attributes {
		if attributeWords[id].EN != "" {
			out = append(out, finding.Finding{Variable: id, State: value, At: r.OpenedAt, Source: finding.TMS})
		}
	}
	return finding.Collect(out...).List()
}

// harms reports whether the advised step breaks a forbidding hazard of the true fault.
func harms(p *pack.Pack, d diagnose.Diagnosis, truth string) bool {
	fault, ok := p.Fault(truth)
	if !ok || d.Next == nil {
		return false
	}
	step, ok := p.Step(d.Next.ID)
	if !ok {
		return false
	}
	return slices.ContainsFunc(step.Breaks, func(broken string) bool {
		h, known := pack.FindHazard(broken)
		return known && h.Forbids && slices.Contains(fault.Hazards, broken)
	})
}

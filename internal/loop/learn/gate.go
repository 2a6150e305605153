package learn

import (
	"math"

	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Score is how well a pack does on a set of cases.
type Score struct {
	Cases   int     `json:"cases"`
	Top1    float64 `json:"top1"`
	LogLoss float64 `json:"log_loss"` // mean, natural log, of the true fault
	Harmful int     `json:"harmful"`  // cases in which a step would be advised that breaks a hazard of the true fault
}

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

// Tolerances of the gate: what may get worse by chance on a small set without being worse.
const (
	top1Tolerance = 0.005
	lossTolerance = 0.01
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
	case r.Golden[1].LogLoss > r.Golden[0].LogLoss+lossTolerance:
		r.Why = "calibrates_worse"
	case r.Held[1].LogLoss > r.Held[0].LogLoss+lossTolerance:
		r.Why = "held_out_worse"
	case r.Golden[1].Cases+r.Held[1].Cases == 0:
		r.Why = "untested" // a pack of one's own without a single case to try it on
	default:
		r.Why, r.Passed = "passed", true
	}
	return r
}

// replay diagnoses closed cases again from their evidence and scores the credited faults.
func (g Gate) replay(p *pack.Pack, records []Record) Score {
	engine := diagnose.New(p, g.Policy)
	s := Score{}
	for _, rec := range records {
		truth, best := "", 0.0
		for f, c := range rec.Credit {
			if c > best || c == best && f < truth {
				truth, best = f, c
			}
		}
		if truth == "" {
			continue
		}
		d := engine.Diagnose(diagnose.Input{Now: rec.ClosedAt, Findings: rec.Evidence, Audience: diagnose.Audience{Merchant: true, Remote: true, Desk: true}})
		s.add(p, d, truth)
	}
	s.finish()
	return s
}

// floor is the probability counted for a true fault that was not ranked at all.
const floor = 1e-4

func (s *Score) add(p *pack.Pack, d diagnose.Diagnosis, truth string) {
	s.Cases++
	prob := floor
	for i, r := range d.Ranked {
		if r.Fault != truth {
			continue
		}
		prob = max(r.P, floor)
		if i == 0 {
			s.Top1++
		}
	}
	s.LogLoss -= math.Log(prob)
	if harms(p, d, truth) {
		s.Harmful++
	}
}

func (s *Score) finish() {
	if s.Cases > 0 {
		s.Top1 /= float64(s.Cases)
		s.LogLoss /= float64(s.Cases)
	}
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
	for _, broken := range step.Breaks {
		h, known := pack.FindHazard(broken)
		if !known || !h.Forbids {
			continue
		}
		for _, carried := range fault.Hazards {
			if carried == broken {
				return true
			}
		}
	}
	return false
}

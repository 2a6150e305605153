package learn

import (
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Report is what the gate found.
type Report struct {
	Golden [2]Score `json:"golden"` // before, after
	Held   [2]Score `json:"held"`
	Gain   Gain     `json:"gain"` // on the cases held out
	Passed bool     `json:"passed"`
	Why    string   `json:"why"` // harmful_advice, ranks_worse, calibrates_worse, held_out_worse, untested, passed
}

// Gain is how much log loss a candidate saves on the same cases.
type Gain struct {
	Mean  float64 `json:"mean"`
	Error float64 `json:"error"` // standard error of the mean, case by case; 0 where there are fewer than two
}

// Gate judges candidates.
type Gate struct {
	Golden func(p *pack.Pack) Score // back-test on the coded cases
	Policy diagnose.Policy
}

// tolerance is what may get worse by chance on a small set without being worse.
type tolerance struct{ top1, loss, brier float64 }

// The coded cases are one of each kind, written by the authors of the numbers, and not as common as in the field. So a
// candidate that brings nothing proven must leave them as they are; one that the field proves right may cost a few of
// them their clearness.
const (
	provenGain    = 2   // standard errors above 0
	doubtfulLoss  = 0.5 // standard errors below 0 from which on a loss is rather real than not
	lossTolerance = 0.01
)

func strict() tolerance  { return tolerance{top1: 0.005, loss: lossTolerance, brier: 0.01} }
func lenient() tolerance { return tolerance{top1: 0.03, loss: 0.06, brier: 0.04} }

// Judge compares a pack before and after a candidate. Harm decides first and has no tolerance.
func (g Gate) Judge(before, after *pack.Pack, held []Record) Report {
	was, wasLosses := g.replay(before, held)
	is, isLosses := g.replay(after, held)
	r := Report{Golden: [2]Score{g.Golden(before), g.Golden(after)}, Held: [2]Score{was, is}, Gain: gain(wasLosses, isLosses)}
	allowed := strict()
	if r.Gain.Error > 0 && r.Gain.Mean >= provenGain*r.Gain.Error {
		allowed = lenient()
	}
	switch {
	case r.Golden[1].Harmful+r.Held[1].Harmful > 0:
		r.Why = "harmful_advice"
	case r.Golden[1].Top1 < r.Golden[0].Top1-allowed.top1, r.Golden[1].Top3 < r.Golden[0].Top3-allowed.top1:
		r.Why = "ranks_worse"
	case r.Golden[1].LogLoss > r.Golden[0].LogLoss+allowed.loss, r.Golden[1].Brier > r.Golden[0].Brier+allowed.brier, uncalibrated(r.Golden):
		r.Why = "calibrates_worse"
	case -r.Gain.Mean > max(lossTolerance, doubtfulLoss*r.Gain.Error), uncalibrated(r.Held):
		r.Why = "held_out_worse"
	case r.Golden[1].Cases+r.Held[1].Cases == 0:
		r.Why = "untested" // a pack of one's own without a single case to try it on
	default:
		r.Why, r.Passed = "passed", true
	}
	return r
}

// uncalibrated says that the calibration error left the interval of what it was, and is more than chance would show.
func uncalibrated(s [2]Score) bool {
	before, after := s[0], s[1]
	return after.ECE > before.ECEHigh && after.ECE > 2*after.Floor
}

// gain compares case by case: what makes a case hard is in both and drops out.
func gain(was, is []float64) Gain {
	n := float64(len(was))
	if n == 0 {
		return Gain{}
	}
	sum, square := 0.0, 0.0
	for i := range was {
		d := was[i] - is[i]
		sum += d
		square += d * d
	}
	g := Gain{Mean: sum / n}
	if n > 1 {
		g.Error = math.Sqrt(max(square/n-g.Mean*g.Mean, 0) / (n - 1))
	}
	return g
}

// replay diagnoses closed cases again from what was known before the step that helped, and scores what they proved to be.
func (g Gate) replay(p *pack.Pack, records []Record) (Score, []float64) {
	engine := diagnose.New(p, g.Policy)
	var t tally
	for _, r := range records {
		if r.Truth() != "" {
			t.add(stand(engine, r))
		}
	}
	return t.score(), t.losses()
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

package casebook

import (
	"github.com/posmedic/posmedic/internal/bayes/learning"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// Proof is how well a pack does on coded cases with all their evidence known.
type Proof struct {
	Cases   int     // whose cause the pack knows; the others say nothing of it
	Top1    float64 // share of cases whose true cause is ranked first
	Top3    float64 // or among the first three
	LogLoss float64 // mean, natural log, of the true cause
	Brier   float64 // mean squared distance between the distribution and what was
	ECE     float64 // calibration error of the leading cause, bins of equal size
	ECELow  float64 // its bootstrap interval of 95 %
	ECEHigh float64
	Floor   float64 // the calibration error that perfect calibration would show on so many cases
	Harmful int     // cases in which any step advised breaks a hazard of the true cause
}

// How calibration is measured.
const (
	bins      = 10
	resamples = 200
)

// Backtest tries the engine on the cases.
func Backtest(engine *diagnose.Engine, cases []Case) Proof {
	run := newRunner(engine)
	var p Proof
	var readings []learning.Reading
	for i := range cases {
		c := &cases[i]
		if _, known := run.faults[c.Cause]; !known {
			continue
		}
		p.Cases++
		rank, leads, truth := place(engine.Diagnose(run.input(c.Evidence)), c.Cause)
		p.Top1 += one(rank == 1)
		p.Top3 += one(rank >= 1 && rank <= 3)
		readings = append(readings, learning.Short(leads, truth, rank == 1))
		if run.play(c, Full).Harmful {
			p.Harmful++
		}
	}
	if p.Cases == 0 {
		return p
	}
	p.Top1 /= float64(p.Cases)
	p.Top3 /= float64(p.Cases)
	sum := learning.Summarise(readings, bins, resamples)
	p.LogLoss, p.Brier, p.Floor = sum.LogLoss, sum.Brier, sum.Floor
	p.ECE, p.ECELow, p.ECEHigh = sum.ECE.Value, sum.ECE.Low, sum.ECE.High
	return p
}

// place finds a cause in a diagnosis: its rank from 1, 0 where it was not ranked, the probability of the leading cause and
// its own.
func place(d diagnose.Diagnosis, cause string) (rank int, leads, truth float64) {
	for i, r := range d.Ranked {
		if i == 0 {
			leads = r.P
		}
		if r.Fault == cause {
			rank, truth = i+1, r.P
		}
	}
	return rank, leads, truth
}

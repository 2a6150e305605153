package casebook

import (
	"math"

	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// Proof is how well a pack does on coded cases with all their evidence known.
type Proof struct {
	Cases   int     // whose cause the pack knows; the others say nothing of it
	Top1    float64 // share of cases whose true cause is ranked first
	LogLoss float64 // mean, natural log, of the true cause
	Harmful int     // cases in which any step advised breaks a hazard of the true cause
}

// floor is the probability counted for a true cause that was not ranked at all.
const floor = 1e-4

// Backtest tries the engine on the cases.
func Backtest(engine *diagnose.Engine, cases []Case) Proof {
	run := newRunner(engine)
	var p Proof
	for i := range cases {
		c := &cases[i]
		if _, known := run.faults[c.Cause]; !known {
			continue
		}
		p.Cases++
		prob := floor
		for at, ranked := range engine.Diagnose(run.input(c.Evidence)).Ranked {
			if ranked.Fault != c.Cause {
				continue
			}
			prob = max(ranked.P, floor)
			if at == 0 {
				p.Top1++
			}
		}
		p.LogLoss -= math.Log(prob)
		if run.play(c, Full).Harmful {
			p.Harmful++
		}
	}
	if p.Cases > 0 {
		p.Top1 /= float64(p.Cases)
		p.LogLoss /= float64(p.Cases)
	}
	return p
}

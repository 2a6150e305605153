package diagnose

import (
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes"
)

// belief is what the evidence makes of the faults.
type belief struct {
	present []float64   // chance that each hypothesis is true, alone or beside others
	cause   []float64   // the same collapsed to one cause at a time, summing to one: what planning goes by
	sets    []bayes.Set // the most probable explanations, of one fault or more
}

// second is the chance that a terminal with one fault has another one that has nothing to do with it. At a hundred stops a
// thousand terminals a year and days until a small fault is repaired, one stop in fifty finds something else broken too.
const second = 0.02

// combined bounds how many faults are weighed in pairs and threes: a set that holds a fault which neither leads nor explains
// any finding best adds nothing.
const (
	combined = 12
	leading  = 7
	bestSets = 3
	justOne  = 2 // findings from which on two faults can be worth a thought
)

// believe is the posterior over the faults and over what they may be together.
func (e *Engine) believe(ev *evidence) belief {
	log := make([]float64, e.faults+1)
	evidence := make([]bayes.Evidence, 0, len(ev.items))
	for i := range ev.items {
		for f, l := range ev.items[i].log {
			log[f] += l
		}
		if ev.items[i].together != nil || ev.items[i].added != nil {
			evidence = append(evidence, &ev.items[i])
		}
	}
	several := bayes.Several{}
	if len(evidence) >= justOne {
		several.Second = second
	}
	candidates := e.candidates(ev, log)
	if err := several.Weigh(e.prior, log, evidence, candidates); err != nil { // cannot happen: trust leaves every state possible
		clear(log)
		_ = several.Weigh(e.prior, log, nil, nil) // the rates alone are then the honest answer, and rates do not contradict
	}
	b := belief{present: slices.Clone(several.Marginals()), cause: make([]float64, e.faults+1), sets: several.Best(bestSets)}
	several.Collapse(b.cause)
	return b
}

// candidates are the faults worth combining: those that lead, and for each finding the one that explains it best.
func (e *Engine) candidates(ev *evidence, log []float64) []int {
	weight := make([]float64, e.faults)
	for f := range weight {
		weight[f] = math.Log(e.prior[f]) + log[f]
	}
	out := strongest(weight, leading)
	for i := range ev.items {
		if ev.items[i].together == nil || len(out) >= combined {
			continue
		}
		for f := range weight {
			weight[f] = math.Log(e.prior[f]) + ev.items[i].log[f]
		}
		if best := strongest(weight, 1)[0]; !slices.Contains(out, best) {
			out = append(out, best)
		}
	}
	return out
}

// strongest gives the n greatest, in order; ties to the smaller index.
func strongest(weight []float64, n int) []int {
	var out []int
	for range min(n, len(weight)) {
		best := -1
		for f, w := range weight {
			if !slices.Contains(out, f) && (best < 0 || w > weight[best]) {
				best = f
			}
		}
		out = append(out, best)
	}
	return out
}

package bayes_test

import (
	"math"

	"github.com/posmedic/posmedic/internal/bayes"
)

// reference is the cost of the best strategy by plain dynamic programming over all states, from the definition and with no
// code of the planner: what every item (action or question) has brought so far is a digit, zero for untried.
type reference struct {
	problem bayes.Problem
	items   []item
	memo    []float64
	layers  [][]float64 // weights, one slice for each item done
}

// item is an action or a question. outcomes[o][f] is the chance, under cause f, that the terminal is still down
// afterwards and o was seen.
type item struct {
	cost     float64
	home     int
	cures    bool
	outcomes [][]float64
	stride   int
}

func optimum(w []float64, problem bayes.Problem) float64 {
	r := &reference{problem: problem}
	for _, a := range problem.Actions {
		r.items = append(r.items, item{cost: a.Cost, home: a.Cluster, cures: true, outcomes: afterAction(len(w), a)})
	}
	for _, q := range problem.Questions {
		r.items = append(r.items, item{cost: q.Cost, home: q.Cluster, outcomes: afterQuestion(len(w), q)})
	}
	states := 1
	for i := range r.items {
		r.items[i].stride = states
		states *= 1 + len(r.items[i].outcomes)
	}
	r.memo = make([]float64, states)
	for i := range r.memo {
		r.memo[i] = -1
	}
	for range len(r.items) + 1 {
		r.layers = append(r.layers, make([]float64, len(w)))
	}
	return r.value(w, 0, 0)
}

// afterAction lists what may come of an action that does not cure: what it tells, and that it could not be carried out.
func afterAction(causes int, a bayes.Action) [][]float64 {
	fails := filled(causes, 1-a.Undone)
	for _, fix := range a.Fixes {
		fails[fix.Cause] *= 1 - fix.P
	}
	var out [][]float64
	for _, told := range a.Tells {
		out = append(out, times(make([]float64, causes), fails, told))
	}
	if a.Tells == nil {
		out = append(out, fails)
	}
	if a.Undone > 0 {
		out = append(out, filled(causes, a.Undone))
	}
	return out
}

func afterQuestion(causes int, q bayes.Question) [][]float64 {
	var out [][]float64
	for _, answer := range q.Answers {
		out = append(out, times(make([]float64, causes), filled(causes, 1-q.Unknown), answer))
	}
	if q.Unknown > 0 {
		out = append(out, filled(causes, q.Unknown))
	}
	return out
}

func filled(n int, x float64) []float64 {
	out := make([]float64, n)
	for f := range out {
		out[f] = x
	}
	return out
}

func (r *reference) value(w []float64, state, depth int) float64 {
	mass := mass(w)
	best, curable := math.Inf(1), false
	if r.problem.Service > 0 {
		best = r.problem.Service * mass
	}
	for _, i := range r.items {
		if state/i.stride%(1+len(i.outcomes)) != 0 {
			continue
		}
		cost := (i.cost + r.opening(i.home, state)) * mass
		for o, chances := range i.outcomes {
			child := state + (1+o)*i.stride
			if r.memo[child] < 0 {
				r.memo[child] = r.value(times(r.layers[depth], w, chances), child, depth+1)
			}
			cost += r.memo[child]
		}
		curable = curable || r.problem.Service == 0 && i.cures && left(w, i.outcomes) < mass-1e-14
		best = min(best, cost)
	}
	if r.problem.Service == 0 && !curable {
		return 0
	}
	return best
}

// opening adds up the clusters around an item in which, and inside which, nothing has been done yet.
func (r *reference) opening(home, state int) float64 {
	cost := 0.0
	for k := home; k > 0; k = r.problem.Clusters[k-1].Within {
		open := false
		for _, i := range r.items {
			open = open || state/i.stride%(1+len(i.outcomes)) != 0 && r.within(i.home, k)
		}
		if !open {
			cost += r.problem.Clusters[k-1].Cost
		}
	}
	return cost
}

func (r *reference) within(home, cluster int) bool {
	for ; home > 0; home = r.problem.Clusters[home-1].Within {
		if home == cluster {
			return true
		}
	}
	return false
}

func times(dst, w, chances []float64) []float64 {
	for f := range w {
		dst[f] = w[f] * chances[f]
	}
	return dst
}

// left is the probability that an item cures nothing.
func left(w []float64, outcomes [][]float64) float64 {
	total := 0.0
	for _, chances := range outcomes {
		for f := range w {
			total += w[f] * chances[f]
		}
	}
	return total
}

func mass(w []float64) float64 {
	total := 0.0
	for _, x := range w {
		total += x
	}
	return total
}

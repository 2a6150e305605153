package bayes_test

import (
	"github.com/posmedic/posmedic/internal/bayes"
)

// follower adds up what a planner's own strategy costs, over everything that may come of each step. What is reached on
// several ways is planned once. It changes the weights by the definition and not by the planner's methods.
type follower struct {
	planner *bayes.Planner
	problem bayes.Problem
	state   []byte // for each action, then each question: 0 untried, else 1 + what came of it
	open    []bool
	known   map[string]float64
}

func strategy(p *bayes.Planner, problem bayes.Problem, w []float64) float64 {
	f := &follower{
		planner: p, problem: problem, known: map[string]float64{}, open: make([]bool, len(problem.Clusters)),
		state: make([]byte, len(problem.Actions)+len(problem.Questions)),
	}
	return f.from(w)
}

func (f *follower) from(w []float64) float64 {
	m := mass(w)
	if m < 1e-15 {
		return 0
	}
	key := string(f.state)
	if v, ok := f.known[key]; ok {
		return v
	}
	next, cost := f.planner.Next(w), 0.0
	switch next.Kind {
	case bayes.Act:
		a := f.problem.Actions[next.Index]
		f.planner.Tried(next.Index, true)
		cost = f.after(w, next.Index, a.Cost, a.Cluster, afterAction(len(w), a))
		f.planner.Tried(next.Index, false)
	case bayes.Ask:
		q := f.problem.Questions[next.Index]
		f.planner.Asked(next.Index, true)
		cost = f.after(w, len(f.problem.Actions)+next.Index, q.Cost, q.Cluster, afterQuestion(len(w), q))
		f.planner.Asked(next.Index, false)
	case bayes.Serve:
		cost = f.problem.Service * m
	}
	f.known[key] = cost
	return cost
}

func (f *follower) after(w []float64, at int, cost float64, home int, outcomes [][]float64) float64 {
	var opened []int
	for k := home; k > 0; k = f.problem.Clusters[k-1].Within {
		if !f.open[k-1] {
			cost += f.problem.Clusters[k-1].Cost
			opened = append(opened, k-1)
		}
	}
	f.turn(opened, true)
	total := cost * mass(w)
	for o, chances := range outcomes {
		f.state[at] = byte(1 + o)
		total += f.from(times(make([]float64, len(w)), w, chances))
	}
	f.state[at] = 0
	f.turn(opened, false)
	return total
}

func (f *follower) turn(clusters []int, open bool) {
	for _, k := range clusters {
		f.open[k] = open
		f.planner.Opened(k, open)
	}
}

package diagnose

import (
	"cmp"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes"
)

const (
	planFaults    = 24 // faults that the plan tells apart; the others are one remainder that nobody present cures
	planSteps     = 20
	planQuestions = 20
	planDoors     = 6    // faults a hand-over may name
	rightDoor     = 0.5  // what a hand-over is worth that finds the right party and names the wrong fault
	sureOfDoor    = 0.9  // whoever may repair it does, given the time
	negligible    = 1e-4 // faults below are in the remainder
)

// plan sets up the troubleshooting problem of this moment and lets the planner choose.
type plan struct {
	faults    []int       // cause of the problem → fault
	cause     map[int]int // fault → cause of the problem
	weights   []float64   // the last one is the remainder
	problem   bayes.Problem
	steps     []int // action → step
	clusters  []string
	questions []*variable
}

func (e *Engine) plan(s *situation) *Next {
	pl := e.draw(s)
	if len(pl.problem.Actions) == 0 && len(pl.questions) == 0 {
		return nil
	}
	planner := e.planners.Get().(*bayes.Planner)
	defer e.planners.Put(planner)
	planner.Reset(len(pl.weights), pl.problem)
	for cluster := range pl.problem.Clusters {
		planner.Opened(cluster, e.opened(s, pl.clusters[cluster]))
	}
	choice := planner.Next(pl.weights)
	switch choice.Kind {
	case bayes.Ask:
		return e.ask(s, pl.questions[choice.Index], choice.ECR)
	case bayes.Act:
		return e.do(s, pl.steps[choice.Index], choice.ECR)
	default:
		return nil
	}
}

func (e *Engine) draw(s *situation) *plan {
	pl := &plan{cause: map[int]int{}}
	for _, f := range s.order {
		if len(pl.faults) == planFaults || s.p[f] < negligible {
			break
		}
		pl.cause[f] = len(pl.faults)
		pl.faults = append(pl.faults, f)
		pl.weights = append(pl.weights, s.p[f])
	}
	rest := 1.0
	for _, w := range pl.weights {
		rest -= w
	}
	pl.weights = append(pl.weights, max(rest, 0))
	e.drawSteps(s, pl)
	dearest := e.drawDoors(s, pl)
	e.drawQuestions(s, pl)
	// Calling somebody to start over costs the call and, at the worst, the dearest door after it.
	pl.problem.Service = e.policy.Weights.minutes(e.pack.CallCost) + dearest
	return pl
}

// drawSteps takes the steps with the best chance per cost; one far down the list would not be reached before somebody else
// takes over, and every step drawn makes every sequence the planner costs dearer.
func (e *Engine) drawSteps(s *situation, pl *plan) {
	var best []int
	for i := range e.steps {
		if e.doable(s, i) && !e.offChance(s, i) && s.dangers.forbids(e.steps[i]) == "" && e.gain(s, i) > negligible {
			best = append(best, i)
		}
	}
	slices.SortStableFunc(best, func(a, b int) int {
		return cmp.Compare(e.gain(s, b)/e.steps[b].minutes, e.gain(s, a)/e.steps[a].minutes)
	})
	for _, i := range best[:min(len(best), planSteps)] {
		pl.steps = append(pl.steps, i)
		action := bayes.Action{Cost: e.steps[i].minutes, Fixes: pl.reduce(e.steps[i].fixes), Cluster: pl.cluster(&e.steps[i])}
		if e.steps[i].By != "remote" {
			action.Undone = undone
		}
		pl.problem.Actions = append(pl.problem.Actions, action)
	}
}

// undone is how often a person does not carry out what is asked: no time, no ladder, no wish to.
const undone = 0.1

// cluster gives the number by which the problem knows a step's cluster, 0 for none.
func (pl *plan) cluster(s *step) int {
	if s.Cluster == "" {
		return 0
	}
	at := slices.Index(pl.clusters, s.Cluster)
	if at < 0 {
		at = len(pl.clusters)
		pl.clusters = append(pl.clusters, s.Cluster)
		pl.problem.Clusters = append(pl.problem.Clusters, bayes.Cluster{})
	}
	pl.problem.Clusters[at].Cost = max(pl.problem.Clusters[at].Cost, s.opening)
	return at + 1
}

// onSite is the cluster of what an engineer does in the shop: one visit opens it.
const onSite = "on_site"

// opened says whether a cluster's cost has been paid: the engineer is there, or a step of it was carried out.
func (e *Engine) opened(s *situation, cluster string) bool {
	return (cluster == onSite && s.in.Audience.Engineer) || slices.ContainsFunc(s.in.Tried, func(a Attempt) bool {
		i, known := e.stepAt[a.Step]
		return known && !a.Undone && e.steps[i].Cluster == cluster
	})
}

func (pl *plan) reduce(fixes []bayes.Fix) []bayes.Fix {
	var out []bayes.Fix
	for _, fix := range fixes {
		if c, ok := pl.cause[fix.Cause]; ok {
			out = append(out, bayes.Fix{Cause: c, P: fix.P})
		}
	}
	return out
}

// drawDoors adds hand-overs. A hand-over that names the right fault is worth more than one that only finds the right
// party, which then has to find the fault itself; that is why a question may be worth asking although every answer leads to
// the same door. It returns the cost of the dearest door.
func (e *Engine) drawDoors(s *situation, pl *plan) float64 {
	dearest := 0.0
	for c, f := range pl.faults[:min(len(pl.faults), planDoors)] {
		fault := &e.pack.Faults[f]
		i, ok := e.handover[fault.Who]
		if !ok || s.in.Audience.performs(fault.Who) || e.handedOver(s, fault.Who) {
			continue
		}
		fixes := []bayes.Fix{{Cause: c, P: sureOfDoor}}
		for other, g := range pl.faults {
			if other != c && e.pack.Faults[g].Who == fault.Who {
				fixes = append(fixes, bayes.Fix{Cause: other, P: sureOfDoor * rightDoor})
			}
		}
		pl.steps = append(pl.steps, i)
		pl.problem.Actions = append(pl.problem.Actions, bayes.Action{Cost: e.steps[i].minutes + e.steps[i].opening, Fixes: fixes})
		dearest = max(dearest, e.steps[i].minutes+e.steps[i].opening)
	}
	return dearest
}

func (e *Engine) drawQuestions(s *situation, pl *plan) {
	tired := e.tired(s)
	for _, c := range s.unseen {
		if len(pl.questions) == planQuestions || c.nats < leastTold {
			break
		}
		if !e.askable(s, c.v) {
			continue
		}
		q := bayes.Question{Cost: (e.policy.Weights.minutes(askCost(s, c.v)) + e.policy.Weights.Question) * tired}
		for _, row := range e.answers(c.v, true) {
			q.Answers = append(q.Answers, pl.fold(s, row))
		}
		pl.questions = append(pl.questions, c.v)
		pl.problem.Questions = append(pl.problem.Questions, q)
	}
}

// fold is P(answer | cause) for the causes of the plan; the remainder answers as its faults do on average.
func (pl *plan) fold(s *situation, like []float64) []float64 {
	out := make([]float64, len(pl.weights))
	rest, mass := 0.0, 0.0
	for f, l := range like {
		if c, ok := pl.cause[f]; ok {
			out[c] = l
			continue
		}
		rest += s.p[f] * l
		mass += s.p[f]
	}
	if mass > 0 {
		out[len(out)-1] = rest / mass
	}
	return out
}

package bayes

import (
	"fmt"
	"math"
)

// Fix says that an action cures a cause with probability P.
type Fix struct {
	Cause int
	P     float64
}

// Action is something that may cure. One that may be taken again (waiting for a fault that passes by itself, a second
// restart) stands in Problem.Actions as often as it may be taken.
type Action struct {
	Cost    float64 // ≥ 0, weighed: minutes, money, risk and lost sales are the caller's to add up
	Cluster int     // what must be open to do it: 1 + its place in Problem.Clusters; 0: nothing
	Fixes   []Fix
	// Undone is the chance, under every cause, that the action cannot be carried out. It costs the same and tells nothing.
	Undone float64
	// Tells makes the action a test step: Tells[o][f] = P(o | f), what is seen when it was carried out and did not cure.
	// Nil: only that it did not cure.
	Tells [][]float64
}

// Question is something that tells causes apart.
type Question struct {
	Cost    float64     // ≥ 0, weighed
	Cluster int         // as an action's
	Answers [][]float64 // Answers[a][f] = P(a | f, there is an answer)
	// Unknown is the chance, under every cause, that whoever is asked does not know. That is an answer of its own, the one
	// after the last of Answers; the question is not asked again.
	Unknown float64
}

// Cluster is something to open before the actions and questions in it can be done: a visit, the case of a device, a
// spare at hand. Opening is paid once; what is open stays open. Clusters may stand in others, as a tree.
type Cluster struct {
	Cost   float64 // ≥ 0, of opening it when what it stands in is open
	Within int     // 1 + the place of the cluster it stands in, which is before its own; 0: none
}

// Problem is a troubleshooting problem with one cause at a time.
type Problem struct {
	Actions   []Action
	Questions []Question
	Clusters  []Cluster
	// Service is the cost of calling somebody who always succeeds. Zero means that nobody can be called: the cost is then that
	// of the sequence, and what no action cures costs nothing more (SACSO's convention).
	Service float64
}

// rounding is how far the answers to a question, written with few digits, may miss a sum of one.
const rounding = 1e-4

// Check refuses a problem whose numbers are no costs or no probabilities.
func (p *Problem) Check(causes int) error {
	if !cost(p.Service) {
		return fmt.Errorf("call-service costs %v", p.Service)
	}
	for k, c := range p.Clusters {
		if !cost(c.Cost) || c.Within < 0 || c.Within > k {
			return fmt.Errorf("cluster %d costs %v and stands in %d", k, c.Cost, c.Within)
		}
	}
	for a := range p.Actions {
		if err := p.Actions[a].check(causes, len(p.Clusters)); err != nil {
			return fmt.Errorf("action %d: %w", a, err)
		}
	}
	for q := range p.Questions {
		if err := p.Questions[q].check(causes, len(p.Clusters)); err != nil {
			return fmt.Errorf("question %d: %w", q, err)
		}
	}
	return nil
}

func (a *Action) check(causes, clusters int) error {
	switch {
	case !cost(a.Cost):
		return fmt.Errorf("its cost is %v", a.Cost)
	case a.Cluster < 0 || a.Cluster > clusters:
		return fmt.Errorf("it stands in cluster %d of %d", a.Cluster, clusters)
	case !probability(a.Undone):
		return fmt.Errorf("it cannot be carried out with probability %v", a.Undone)
	}
	for _, fix := range a.Fixes {
		if fix.Cause < 0 || fix.Cause >= causes {
			return fmt.Errorf("it fixes cause %d of %d", fix.Cause, causes)
		}
		if !probability(fix.P) {
			return fmt.Errorf("it fixes cause %d with probability %v", fix.Cause, fix.P)
		}
	}
	if a.Tells == nil {
		return nil
	}
	return partition(a.Tells, causes)
}

func (q *Question) check(causes, clusters int) error {
	switch {
	case !cost(q.Cost):
		return fmt.Errorf("its cost is %v", q.Cost)
	case q.Cluster < 0 || q.Cluster > clusters:
		return fmt.Errorf("it stands in cluster %d of %d", q.Cluster, clusters)
	case !probability(q.Unknown):
		return fmt.Errorf("nobody knows with probability %v", q.Unknown)
	}
	return partition(q.Answers, causes)
}

// partition refuses answers that do not share out every cause.
func partition(answers [][]float64, causes int) error {
	for a, answer := range answers {
		if len(answer) != causes {
			return fmt.Errorf("answer %d has %d entries for %d causes", a, len(answer), causes)
		}
	}
	for f := range causes {
		total := 0.0
		for a, answer := range answers {
			if !probability(answer[f]) {
				return fmt.Errorf("answer %d under cause %d has probability %v", a, f, answer[f])
			}
			total += answer[f]
		}
		if math.Abs(total-1) > rounding {
			return fmt.Errorf("the answers under cause %d sum to %v, not 1", f, total)
		}
	}
	return nil
}

func cost(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

func probability(x float64) bool { return x >= 0 && x <= 1 }

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
	Cost  float64 // ≥ 0, weighed: minutes, money, risk and lost sales are the caller's to add up
	Fixes []Fix
}

// Question is something that tells causes apart.
type Question struct {
	Cost    float64     // ≥ 0, weighed
	Answers [][]float64 // Answers[a][f] = P(a | f)
}

// Problem is a troubleshooting problem with one cause at a time.
type Problem struct {
	Actions   []Action
	Questions []Question
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
	for a := range p.Actions {
		if err := p.Actions[a].check(causes); err != nil {
			return fmt.Errorf("action %d: %w", a, err)
		}
	}
	for q := range p.Questions {
		if err := p.Questions[q].check(causes); err != nil {
			return fmt.Errorf("question %d: %w", q, err)
		}
	}
	return nil
}

func (a *Action) check(causes int) error {
	if !cost(a.Cost) {
		return fmt.Errorf("its cost is %v", a.Cost)
	}
	for _, fix := range a.Fixes {
		if fix.Cause < 0 || fix.Cause >= causes {
			return fmt.Errorf("it fixes cause %d of %d", fix.Cause, causes)
		}
		if !probability(fix.P) {
			return fmt.Errorf("it fixes cause %d with probability %v", fix.Cause, fix.P)
		}
	}
	return nil
}

func (q *Question) check(causes int) error {
	if !cost(q.Cost) {
		return fmt.Errorf("its cost is %v", q.Cost)
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

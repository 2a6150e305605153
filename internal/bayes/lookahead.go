package bayes

import (
	"cmp"
	"math"
	"slices"
)

// Kind says what a planner proposes.
type Kind int

// The kinds of proposal.
const (
	Serve Kind = iota // call service
	Act
	Ask
)

// Proposal is the next step with the expected cost of repair when it is taken.
type Proposal struct {
	Kind  Kind
	Index int
	ECR   float64 // conditional: for weights that sum to one
}

// Next proposes the cheapest next step. A question is proposed only when asking now beats never asking and beats
// asking after the best action failed (SACSO, equation 5): the second matters because a question that looks worthless
// before a cheap action may be the right thing after it. Questions and actions are compared two steps deep as far as the limits
// allow; beyond them, by one step.
func (p *Planner) Next(w []float64) Proposal {
	p.effort = 0
	mass := sum(w)
	if mass <= 0 {
		return Proposal{Kind: Serve, ECR: p.problem.Service}
	}
	questions := p.candidates(w)
	best := Proposal{Kind: Serve, ECR: math.Inf(1)}
	if p.problem.Service > 0 {
		best.ECR = p.problem.Service * mass
	}
	for _, a := range p.topActions(w) {
		if v := p.actThen(w, a, questions, 1); v < best.ECR {
			best = Proposal{Kind: Act, Index: a, ECR: v}
		}
	}
	for _, q := range questions {
		if v := p.askThen(w, q, questions, 1); v < best.ECR-1e-12*mass {
			best = Proposal{Kind: Ask, Index: q, ECR: v}
		}
	}
	best.ECR /= mass
	if math.IsInf(best.ECR, 1) {
		best.ECR = 0
	}
	return best
}

// Effort is how many sequences the last Next costed.
func (p *Planner) Effort() int { return p.effort }

// candidates are the questions worth a second look, best one-step value first.
func (p *Planner) candidates(w []float64) []int {
	p.order = p.order[:0]
	for q := range p.problem.Questions {
		if !p.asked[q] {
			p.order = append(p.order, ranked{q, p.askThen(w, q, nil, 0)})
		}
	}
	slices.SortFunc(p.order, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.index, b.index))
	})
	p.best = p.best[:0]
	for _, r := range p.order[:min(len(p.order), p.limits.Questions)] {
		p.best = append(p.best, r.index)
	}
	return p.best
}

// topActions are the untried actions with the greatest chance per cost.
func (p *Planner) topActions(w []float64) []int {
	p.begin(w)
	p.top = p.top[:0]
	for len(p.top) < p.limits.Actions {
		a := p.steepest()
		if a < 0 {
			break
		}
		p.used[a] = true
		p.top = append(p.top, a)
	}
	return p.top
}

// askThen is the cost of asking q and then going on as well as `depth` more steps of lookahead can see.
func (p *Planner) askThen(w []float64, q int, questions []int, depth int) float64 {
	cost := p.problem.Questions[q].Cost * sum(w)
	layer := p.layers[depth]
	p.asked[q] = true
	for a := range p.problem.Questions[q].Answers {
		p.Answer(layer, w, q, a)
		if sum(layer) > 0 {
			cost += p.value(layer, questions, depth)
		}
	}
	p.asked[q] = false
	return cost
}

// actThen is the cost of taking action a and, where it fails, of going on.
func (p *Planner) actThen(w []float64, a int, questions []int, depth int) float64 {
	layer := p.layers[depth+3]
	p.Fail(layer, w, a)
	p.tried[a] = true
	cost := p.problem.Actions[a].Cost*sum(w) + p.value(layer, questions, depth)
	p.tried[a] = false
	return cost
}

// value is the best cost from weights w: acting by p/c, or one more question or action where depth and effort allow.
func (p *Planner) value(w []float64, questions []int, depth int) float64 {
	best := p.ECR(w)
	if depth == 0 || p.effort > p.limits.Effort {
		return best
	}
	for _, q := range questions[:min(len(questions), p.limits.Second)] {
		if !p.asked[q] {
			best = min(best, p.askThen(w, q, questions, depth-1))
		}
	}
	return best
}

func sum(w []float64) float64 {
	total := 0.0
	for _, x := range w {
		total += x
	}
	return total
}

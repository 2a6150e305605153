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
	ECR   float64 // conditional: for weights that sum to one; a strategy of this cost is known
}

// same is the share of a cost below which two costs differ by rounding only.
const same = 1e-12

// consider keeps the cheaper of two steps. Where they cost the same, service goes before acting, acting before
// asking, and the smaller index before the greater.
func (b *Proposal) consider(kind Kind, index int, value float64) {
	tie := math.Abs(value-b.ECR) <= same*value
	switch {
	case !tie && value < b.ECR, tie && (kind < b.Kind || kind == b.Kind && index < b.Index):
		*b = Proposal{Kind: kind, Index: index, ECR: value}
	}
}

// Next proposes the cheapest next step for the weights, and what repair is then expected to cost.
//
// What is left is solved exactly where it is small enough. Where it is not, the best strategy over the best actions and
// questions is found, which then goes on through the other actions in a fixed order; after every step it is found anew,
// over what is best then. A question that looks worthless before a cheap action may be the right one after it, and two
// may tell only together: a plan many steps deep sees both, where SACSO's test (equation 5: better than never and than after
// the next action) sees two steps. Looking ahead from such plans to others was tried and made strategies worse:
// it compares bounds of unequal quality.
//
// The effort is bounded by counts, so the answer depends on nothing but the input.
func (p *Planner) Next(w []float64) Proposal {
	p.effort = 0
	mass := sum(w)
	if mass <= 0 {
		return Proposal{Kind: Serve, ECR: p.problem.Service}
	}
	best := p.best(w, mass)
	if best.ECR /= mass; math.IsInf(best.ECR, 1) {
		best.ECR = 0
	}
	return best
}

func (p *Planner) best(w []float64, mass float64) Proposal {
	p.sequence(w)
	p.rank(w)
	limit := p.limits.Plan
	if states, actions, tests := p.choose(p.limits.Exact); p.all(actions, tests) {
		limit = states
	}
	complete := p.solve(w, limit)
	best := p.read(mass)
	if !complete && len(p.order) > 0 {
		best.consider(Act, p.order[0], p.ECR(w))
	}
	return best
}

// all reports whether so many actions and tests are all there are.
func (p *Planner) all(actions, tests int) bool {
	for _, a := range p.order {
		if p.plain(a) {
			actions--
		}
	}
	return actions == 0 && tests == len(p.ranking) && !p.partial
}

// Effort is how many elementary operations the last Next took, roughly a nanosecond each.
func (p *Planner) Effort() int { return p.effort }

// rank orders the questions and test steps that tell anything by the cost of taking them and then acting by p/c;
// the later ones are not looked at when that takes half of the effort allowed.
func (p *Planner) rank(w []float64) {
	p.ranking, p.partial = p.ranking[:0], false
	for i := range p.tests {
		if p.partial = p.effort > p.limits.Effort/2; p.partial {
			break
		}
		p.rate(w, i)
	}
	slices.SortFunc(p.ranking, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.index, b.index))
	})
}

func (p *Planner) rate(w []float64, i int) {
	kind, index := p.step(i)
	if p.tests[i] == nil || kind == Ask && p.asked[index] || kind == Act && p.tried[index] || !p.tells(w, i) {
		return
	}
	t := p.test(i)
	p.hold(kind, index, true)
	p.ranking = append(p.ranking, ranked{i, (t.cost+p.OpeningCost(t.home))*sum(w) + p.afterAll(w, t.rows)})
	p.hold(kind, index, false)
}

// hold takes a step out of the choice, or puts it back.
func (p *Planner) hold(kind Kind, index int, out bool) {
	if kind == Ask {
		p.asked[index] = out
	} else {
		p.tried[index] = out
	}
}

func (p *Planner) afterAll(w []float64, rows [][]float64) float64 {
	cost := 0.0
	for _, row := range rows {
		multiply(p.layer, w, row)
		cost += p.ECR(p.layer)
	}
	return cost
}

func multiply(dst, w, row []float64) {
	for f, l := range row {
		dst[f] = w[f] * l
	}
}

// tells reports whether what comes of a test differs between the causes that are possible, or it may cure.
func (p *Planner) tells(w []float64, i int) bool {
	if kind, a := p.step(i); kind == Act {
		for _, fix := range p.fixes[a] {
			if w[fix.Cause] > 0 {
				return true
			}
		}
	}
	p.effort += len(p.tests[i]) * len(w)
	for _, row := range p.tests[i] {
		least, greatest := math.Inf(1), math.Inf(-1)
		for f, l := range row {
			if w[f] > 0 {
				least, greatest = min(least, l), max(greatest, l)
			}
		}
		if greatest-least > same {
			return true
		}
	}
	return false
}

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
// What is left is solved exactly where it is small enough. Where it is not, three bounds of what can be reached are
// compared, each of them the cost of a strategy that exists: acting by p/c; the best strategy over the best actions
// and questions, which then goes on in a fixed order; and, for each of the best candidates, such a strategy after each of
// its outcomes, over the actions and questions that are best then. A question that looks worthless before a cheap action
// may be the right one after it, and two may tell only together; plans several steps deep see both (SACSO's
// equation 5 is the plan of two steps).
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
	p.rankAll(w)
	limit := p.limits.Root
	if states, actions, tests := p.choose(p.limits.Exact); p.all(actions, tests) {
		limit = states
	}
	complete := p.solve(w, limit)
	best := p.read(mass)
	if complete {
		return best
	}
	if v := p.ECR(w); len(p.order) > 0 {
		best.consider(Act, p.order[0], v)
	}
	p.lookAhead(w, mass, &best)
	return best
}

// all reports whether nothing is left out.
func (p *Planner) all(actions, tests int) bool {
	for _, a := range p.order {
		if p.plain(a) {
			actions--
		}
	}
	return actions == 0 && tests == len(p.ranking)
}

// Effort is how many elementary operations the last Next took, roughly a nanosecond each.
func (p *Planner) Effort() int { return p.effort }

// rankAll orders the questions and test steps that tell anything by the cost of taking them and then acting by p/c.
func (p *Planner) rankAll(w []float64) {
	p.ranking = p.ranking[:0]
	for i := range p.tests {
		if p.effort > p.limits.Effort/2 {
			break
		}
		p.rate(w, i)
	}
	p.sortRanking()
}

// rank is rankAll for the candidates only.
func (p *Planner) rank(w []float64) {
	p.ranking = p.ranking[:0]
	for _, i := range p.steps {
		p.rate(w, i)
	}
	p.sortRanking()
}

func (p *Planner) sortRanking() {
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
		multiply(p.layers[1], w, row)
		cost += p.ECR(p.layers[1])
	}
	return cost
}

func multiply(dst, w, row []float64) {
	for f, l := range row {
		dst[f] = w[f] * l
	}
}

// tells reports whether what comes of a test differs between the causes that are possible.
func (p *Planner) tells(w []float64, i int) bool {
	if i >= len(p.problem.Questions) {
		return true // it may cure
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

// lookAhead plans anew after each outcome of the best candidates.
func (p *Planner) lookAhead(w []float64, mass float64, best *Proposal) {
	p.steps = p.steps[:0]
	for _, r := range p.ranking[:min(len(p.ranking), p.limits.Questions)] {
		p.steps = append(p.steps, r.index)
	}
	p.acts = p.acts[:0]
	for _, a := range p.order {
		if p.plain(a) && len(p.acts) < p.limits.Actions {
			p.acts = append(p.acts, a)
		}
	}
	for _, a := range p.acts {
		p.afterAction(w, mass, a, best)
	}
	for _, i := range p.steps {
		if p.effort > p.limits.Effort {
			return
		}
		p.afterTest(w, mass, i, best)
	}
}

func (p *Planner) afterAction(w []float64, mass float64, a int, best *Proposal) {
	action := &p.problem.Actions[a]
	copy(p.layers[0], w)
	p.miss(p.layers[0], a)
	v := (action.Cost + p.OpeningCost(action.Cluster)) * mass
	p.tried[a] = true
	v += p.leaf(action.Cluster)
	p.tried[a] = false
	best.consider(Act, a, v)
}

func (p *Planner) afterTest(w []float64, mass float64, i int, best *Proposal) {
	t := p.test(i)
	kind, index := p.step(i)
	v := (t.cost + p.OpeningCost(t.home)) * mass
	p.hold(kind, index, true)
	for _, row := range t.rows {
		multiply(p.layers[0], w, row)
		v += p.leaf(t.home)
	}
	p.hold(kind, index, false)
	best.consider(kind, index, v)
}

// leaf is what the weights in the first layer cost by a small plan or by p/c, with a cluster open.
func (p *Planner) leaf(home int) float64 {
	w := p.layers[0]
	if sum(w) <= 0 {
		return 0
	}
	if home > 0 && !p.opened[home-1] {
		p.before = append(p.before[:0], p.opened...)
		p.enter(p.opened, home)
		defer copy(p.opened, p.before)
	}
	p.sequence(w)
	p.rank(w)
	p.solve(w, p.limits.Leaf)
	return min(p.table.value[0], p.ECR(w))
}

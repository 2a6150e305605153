package bayes

import "math"

// most is the number of actions beyond which no table is tried.
const most = 24

// solve fills the table for the weights with as many of the best actions and questions as the limit allows, and reports
// whether these were all, which makes the table's value the optimum. p.order and p.ranking are set for the weights.
func (p *Planner) solve(w []float64, limit int) (complete bool) {
	states, actions, tests := p.choose(limit)
	t := &p.table
	t.acts, t.cost, t.home, t.tests = t.acts[:0], t.cost[:0], t.home[:0], t.tests[:0]
	t.service, t.free = p.problem.Service, p.problem.Service == 0
	t.clusters, t.open = p.problem.Clusters, p.opened
	for a := range p.bit {
		p.bit[a] = -1
	}
	clear(p.taken)
	for _, a := range p.order {
		if !p.plain(a) || len(t.acts) == actions {
			continue
		}
		p.bit[a], p.taken[a] = len(t.acts), true
		t.acts, t.cost, t.home = append(t.acts, a), append(t.cost, p.problem.Actions[a].Cost), append(t.home, p.problem.Actions[a].Cluster)
	}
	for _, r := range p.ranking[:tests] {
		t.tests = append(t.tests, p.test(r.index))
		if a := r.index - len(p.problem.Questions); a >= 0 {
			p.taken[a] = true
		}
	}
	p.tail(w)
	t.expand(w, p.touches, p.bit)
	t.solve(w)
	p.effort += states * (2 + (len(t.acts)+len(t.tests))/2)
	return tests == len(p.ranking) && !t.tailed
}

// plain reports whether nothing comes of an action but cure or failure.
func (p *Planner) plain(a int) bool { return p.tests[len(p.problem.Questions)+a] == nil }

func (p *Planner) test(step int) test {
	t := test{step: step, rows: p.tests[step]}
	if a := step - len(p.problem.Questions); a >= 0 {
		t.cost, t.home, t.cures = p.problem.Actions[a].Cost, p.problem.Actions[a].Cluster, true
	} else {
		t.cost, t.home = p.problem.Questions[step].Cost, p.problem.Questions[step].Cluster
	}
	return t
}

// choose says how many of the best actions and of the best questions fit into a number of states. Seven actions to five
// questions is what came nearest to the optimum on drawn problems; from four to ten makes little difference.
func (p *Planner) choose(limit int) (states, actions, tests int) {
	plain := 0
	for _, a := range p.order {
		if p.plain(a) {
			plain++
		}
	}
	states = 1
	for {
		act := actions < plain && actions < most && (tests == len(p.ranking) || 5*actions < 7*(tests+1))
		radix := 2
		switch {
		case act:
			actions++
		case tests < len(p.ranking):
			radix += len(p.tests[p.ranking[tests].index]) - 1
			tests++
		default:
			return states, actions, tests
		}
		if states*radix > limit {
			if act {
				return states, actions - 1, tests
			}
			return states, actions, tests - 1
		}
		states *= radix
	}
}

// tail prepares the fixed order in which the table's plan ends: the actions that were not chosen, best ratio first, up to
// where calling service is cheaper.
func (p *Planner) tail(w []float64) {
	t := &p.table
	t.rest = zero(t.rest, p.causes)
	alive, left := p.weights, p.layers[1]
	copy(left, w)
	for _, a := range p.order {
		if p.taken[a] {
			p.miss(left, a)
		}
	}
	for f := range alive {
		alive[f] = 1
	}
	copy(p.open, p.opened)
	spent, best := 0.0, p.problem.Service*sum(left)
	if t.free {
		best = math.Inf(1)
	}
	t.tailed = false
	for _, a := range p.order {
		if p.taken[a] {
			continue
		}
		cost := p.pay(a)
		spent += cost * sum(left)
		p.miss(left, a)
		for f, x := range alive {
			t.rest[f] += cost * x
		}
		p.miss(alive, a)
		if v := spent + p.problem.Service*sum(left); v < best || t.free {
			best, t.tailed = v, true
			p.keepTail(alive)
		}
	}
	if t.tailed {
		copy(t.rest, p.kept)
	}
}

// keepTail notes the order up to here, with service after it.
func (p *Planner) keepTail(alive []float64) {
	p.kept = grow(p.kept, p.causes)
	for f, x := range alive {
		p.kept[f] = p.table.rest[f] + p.problem.Service*x
	}
}

// miss takes from the weights what an action cures; whether it was carried out is not looked at.
func (p *Planner) miss(w []float64, a int) {
	for _, fix := range p.fixes[a] {
		w[fix.Cause] *= 1 - fix.P
	}
}

// read is the best first step by the solved table; ECR is not normalised.
func (p *Planner) read(mass float64) Proposal {
	t := &p.table
	best := Proposal{Kind: Serve, ECR: math.Inf(1)}
	switch {
	case !t.free:
		best.ECR = t.service * mass
	case len(p.order) == 0:
		best.ECR = 0
	}
	for i, a := range t.acts {
		best.consider(Act, a, (t.cost[i]+p.OpeningCost(t.home[i]))*mass+t.value[1<<i])
	}
	for i := range t.tests {
		q := &t.tests[i]
		v := (q.cost + p.OpeningCost(q.home)) * mass
		for a := 1; a <= len(q.rows); a++ {
			v += t.value[a*q.stride<<len(t.acts)]
		}
		kind, index := p.step(q.step)
		best.consider(kind, index, v)
	}
	return best
}

// step tells a question from a test step, which are numbered after the questions.
func (p *Planner) step(i int) (Kind, int) {
	if a := i - len(p.problem.Questions); a >= 0 {
		return Act, a
	}
	return Ask, i
}

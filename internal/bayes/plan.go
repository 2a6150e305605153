package bayes

import "math"

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
	p.effort += states*(2+(len(t.acts)+len(t.tests))/2) + t.answers()*len(t.terms)
	return p.all(actions, tests)
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

// choose says how many of the best actions and of the best questions fit into a number of states, in turn: on drawn
// problems more questions than actions changed little, and fewer made strategies dearer.
func (p *Planner) choose(limit int) (states, actions, tests int) {
	states = 1
	terms, answered := p.causes, 1
	p.parts = grow(p.parts, p.causes)
	for f := range p.parts {
		p.parts[f] = 1
	}
	for next := 0; ; {
		for next < len(p.order) && !p.plain(p.order[next]) {
			next++
		}
		act := next < len(p.order) && (actions <= tests || tests == len(p.ranking))
		switch {
		case act:
			if terms += p.multiplied(p.order[next]); 2*states > limit || terms*answered > termsPerState*limit {
				return states, actions, tests
			}
			states, actions, next = 2*states, actions+1, next+1
		case tests < len(p.ranking):
			rows := len(p.tests[p.ranking[tests].index])
			if answered *= rows; states*(1+rows) > limit || terms*answered > termsPerState*limit {
				return states, actions, tests
			}
			states, tests = states*(1+rows), tests+1
		default:
			return states, actions, tests
		}
	}
}

// termsPerState bounds the work on masses where actions touch many causes; it is far from reached where they touch a few.
const termsPerState = 8

// multiplied is by how many terms multiplying an action out makes the products of the causes longer.
func (p *Planner) multiplied(a int) int {
	more := 0
	for _, fix := range p.fixes[a] {
		more += p.parts[fix.Cause]
		p.parts[fix.Cause] *= 2
	}
	return more
}

// tail prepares the fixed order in which the table's plan ends: the actions that were not chosen, best ratio first, up to
// where calling service is cheaper.
func (p *Planner) tail(w []float64) {
	t := &p.table
	t.rest = zero(t.rest, p.causes)
	alive, left := p.weights, p.layer
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
		best.consider(Act, a, p.tableAct(i, mass))
	}
	for i := range t.tests {
		kind, index := p.step(t.tests[i].step)
		best.consider(kind, index, p.tableTest(i, mass))
	}
	return best
}

// tableAct is the cost of beginning with a chosen action, by the solved table.
func (p *Planner) tableAct(i int, mass float64) float64 {
	t := &p.table
	return (t.cost[i]+p.OpeningCost(t.home[i]))*mass + t.value[1<<i]
}

// tableTest is the cost of beginning with a chosen question or test step, by the solved table.
func (p *Planner) tableTest(i int, mass float64) float64 {
	t := &p.table
	q := &t.tests[i]
	v := (q.cost + p.OpeningCost(q.home)) * mass
	for a := 1; a <= len(q.rows); a++ {
		v += t.value[a*q.stride<<len(t.acts)]
	}
	return v
}

// step tells a question from a test step, which are numbered after the questions.
func (p *Planner) step(i int) (Kind, int) {
	if a := i - len(p.problem.Questions); a >= 0 {
		return Act, a
	}
	return Ask, i
}

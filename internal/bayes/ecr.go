package bayes

// ECR is the expected cost of repair by actions alone, in the order of updating p/c (the action with the greatest
// chance per cost first, chances brought up to date after each failure), stopped for call-service where that is
// cheapest. It is optimal when each action touches one cause (Jensen 2001, proposition 2). The weights need not sum
// to one: the cost is then that of the whole mass, Σw times the conditional cost.
//
// An action in a closed cluster counts with those it is best done with: the greatest chance per cost of opening the
// cluster and taking the best actions in it.
func (p *Planner) ECR(w []float64) float64 {
	mass := p.begin(w)
	cost, best := 0.0, mass*p.problem.Service
	serviced := p.problem.Service > 0
	least := mass * vanished
	for mass > least {
		a := p.steepest()
		if a < 0 || !serviced && p.gain[a] <= least {
			break
		}
		cost += p.pay(a) * mass
		mass -= p.apply(a)
		if serviced {
			best = min(best, cost+max(mass, 0)*p.problem.Service)
			if cost >= best {
				break
			}
		}
	}
	if serviced {
		return best
	}
	return cost
}

// begin loads the weights and returns their mass.
func (p *Planner) begin(w []float64) float64 {
	p.effort += len(w) + 2*len(p.gain)
	copy(p.weights, w)
	copy(p.used, p.tried)
	copy(p.open, p.opened)
	for a, fixes := range p.fixes {
		gain := 0.0
		for _, fix := range fixes {
			gain += w[fix.Cause] * fix.P
		}
		p.gain[a] = gain
	}
	return sum(w)
}

// steepest is the unused action with the greatest chance per cost, or -1.
func (p *Planner) steepest() int {
	p.effort += len(p.gain)
	if len(p.open) > 0 {
		return p.steepestInClusters()
	}
	found, ratio := -1, 0.0
	for a, gain := range p.gain {
		if r := gain * p.cheap[a]; r > ratio && !p.used[a] {
			found, ratio = a, r
		}
	}
	return found
}

func (p *Planner) steepestInClusters() int {
	found, ratio := -1, 0.0
	for a, gain := range p.gain {
		if p.used[a] || gain <= 0 {
			continue
		}
		r := gain * p.cheap[a]
		if extra := p.opening(p.open, p.problem.Actions[a].Cluster); extra > 0 {
			r = p.bundle(a, extra)
		}
		if r > ratio {
			found, ratio = a, r
		}
	}
	return found
}

// bundle is the chance per cost of opening a cluster for action a and then taking the actions of the same cluster that make
// the ratio better. What they have in common counts twice, which only matters to the order.
func (p *Planner) bundle(a int, opening float64) float64 {
	p.effort += len(p.gain)
	gain, cost := p.gain[a], p.problem.Actions[a].Cost+opening
	for other, g := range p.gain {
		if other != a && !p.used[other] && p.problem.Actions[other].Cluster == p.problem.Actions[a].Cluster && g*p.cheap[other] > gain/cost {
			gain, cost = gain+g, cost+p.problem.Actions[other].Cost
		}
	}
	return gain / max(cost, free)
}

// pay is what an action costs now, in the sequence being costed; its cluster is open afterwards.
func (p *Planner) pay(a int) float64 {
	action := &p.problem.Actions[a]
	if action.Cluster == 0 {
		return action.Cost
	}
	cost := action.Cost + p.opening(p.open, action.Cluster)
	p.enter(p.open, action.Cluster)
	return cost
}

// apply lets an action fail, refreshes the chances of those that share a cause with it, and returns what it cured.
func (p *Planner) apply(a int) float64 {
	cured := 0.0
	p.used[a] = true
	for _, fix := range p.fixes[a] {
		lost := p.weights[fix.Cause] * fix.P
		if lost == 0 {
			continue
		}
		p.weights[fix.Cause] -= lost
		cured += lost
		p.effort += len(p.touches[fix.Cause])
		for _, other := range p.touches[fix.Cause] {
			p.gain[other.action] -= lost * other.p
		}
	}
	return cured
}

// Sequence lists the actions in the order ECR would take them, ignoring call-service. It allocates.
func (p *Planner) Sequence(w []float64) []int {
	return append([]int(nil), p.order[:p.sequence(w)]...)
}

// sequence writes the actions that can cure anything into p.order, as ECR would take them, and returns how many of them
// still cure something when those before them have failed.
func (p *Planner) sequence(w []float64) int {
	least := p.begin(w) * vanished
	p.order = p.order[:0]
	clear(p.taken)
	for a := p.steepest(); a >= 0 && p.gain[a] > least; a = p.steepest() {
		p.order = append(p.order, a)
		p.taken[a] = true
		p.pay(a)
		p.apply(a)
	}
	useful := len(p.order)
	p.begin(w)
	for a, gain := range p.gain {
		if gain > least && !p.used[a] && !p.taken[a] {
			p.order = append(p.order, a) // worthless after the others, not before them
		}
	}
	return useful
}

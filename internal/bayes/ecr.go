package bayes

// Limits bound the planner's effort by counts, never by time, so that the same input gives the same answer.
type Limits struct {
	Questions int // how many questions the two-step lookahead considers
	Second    int // how many of them it considers again as the second step
	Actions   int // how many actions it considers, best ratio first
	Effort    int // how many sequences may be costed before the lookahead goes no deeper
}

// DefaultLimits keep a problem of 100 causes, 60 actions and 80 questions within a few milliseconds.
func DefaultLimits() Limits { return Limits{Questions: 12, Second: 5, Actions: 3, Effort: 3000} }

// Planner weighs actions and questions. It owns its workspace: one goroutine at a time.
type Planner struct {
	problem Problem
	limits  Limits
	causes  int
	touches [][]int // cause → actions that fix it
	tried   []bool
	asked   []bool
	effort  int

	weights []float64 // of the sequence being costed
	gain    []float64 // of each action: Σ weight·fix
	used    []bool
	cheap   []float64   // one over the cost of each action
	layers  [][]float64 // weights of the lookahead, one slice a depth
	order   []ranked
	best    []int
	top     []int
}

// free stands for a cost of nothing, where a chance is divided by its cost.
const free = 1e-12

type ranked struct {
	index int
	value float64
}

// NewPlanner prepares a planner for a problem over the given number of causes.
func NewPlanner(causes int, problem Problem, limits Limits) *Planner {
	p := &Planner{
		problem: problem, limits: limits, causes: causes,
		touches: make([][]int, causes),
		tried:   make([]bool, len(problem.Actions)), asked: make([]bool, len(problem.Questions)),
		weights: make([]float64, causes), gain: make([]float64, len(problem.Actions)), used: make([]bool, len(problem.Actions)),
		layers: make([][]float64, 6),
		order:  make([]ranked, 0, len(problem.Questions)),
		best:   make([]int, 0, limits.Questions), top: make([]int, 0, limits.Actions),
	}
	p.cheap = make([]float64, len(problem.Actions))
	for a := range problem.Actions {
		p.cheap[a] = 1 / max(problem.Actions[a].Cost, free)
		for _, fix := range problem.Actions[a].Fixes {
			p.touches[fix.Cause] = append(p.touches[fix.Cause], a)
		}
	}
	for i := range p.layers {
		p.layers[i] = make([]float64, causes)
	}
	return p
}

// Tried tells the planner that an action was taken and did not cure; it is not proposed again.
func (p *Planner) Tried(action int, done bool) { p.tried[action] = done }

// Asked tells the planner that a question needs no asking (again).
func (p *Planner) Asked(question int, done bool) { p.asked[question] = done }

// Fail writes the weights that remain when an action was taken and did not cure.
func (p *Planner) Fail(dst, w []float64, action int) {
	copy(dst, w)
	for _, fix := range p.problem.Actions[action].Fixes {
		dst[fix.Cause] *= 1 - fix.P
	}
}

// Answer writes the weights that remain when a question was answered with a.
func (p *Planner) Answer(dst, w []float64, question, a int) {
	for f, l := range p.problem.Questions[question].Answers[a] {
		dst[f] = w[f] * l
	}
}

// ECR is the expected cost of repair by actions alone, in the order of updating p/c (the action with the greatest
// chance per cost first, chances brought up to date after each failure), stopped for call-service where that is
// cheapest. It is optimal when each action touches one cause (Jensen 2001, proposition 2). The weights need not sum
// to one: the cost is then that of the whole mass, Σw times the conditional cost.
func (p *Planner) ECR(w []float64) float64 {
	p.effort++
	mass := p.begin(w)
	cost, best := 0.0, mass*p.problem.Service
	serviced := p.problem.Service > 0
	for mass > 0 {
		a := p.steepest()
		if a < 0 {
			break
		}
		cost += p.problem.Actions[a].Cost * mass
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
	copy(p.weights, w)
	copy(p.used, p.tried)
	mass := 0.0
	for _, x := range w {
		mass += x
	}
	for a := range p.problem.Actions {
		p.gain[a] = p.cures(a)
	}
	return mass
}

func (p *Planner) cures(a int) float64 {
	sum := 0.0
	for _, fix := range p.problem.Actions[a].Fixes {
		sum += p.weights[fix.Cause] * fix.P
	}
	return sum
}

// steepest is the unused action with the greatest chance per cost, or -1.
func (p *Planner) steepest() int {
	found, ratio := -1, 0.0
	for a, gain := range p.gain {
		if r := gain * p.cheap[a]; r > ratio && !p.used[a] {
			found, ratio = a, r
		}
	}
	return found
}

// apply lets an action fail, refreshes the chances of those that share a cause with it, and returns what it cured.
func (p *Planner) apply(a int) float64 {
	cured := p.gain[a]
	p.used[a] = true
	for _, fix := range p.problem.Actions[a].Fixes {
		lost := p.weights[fix.Cause] * fix.P
		if lost == 0 {
			continue
		}
		p.weights[fix.Cause] -= lost
		for _, other := range p.touches[fix.Cause] {
			if !p.used[other] {
				p.gain[other] = p.cures(other)
			}
		}
	}
	return cured
}

// Sequence lists the actions in the order ECR would take them, ignoring call-service. It allocates.
func (p *Planner) Sequence(w []float64) []int {
	p.begin(w)
	var out []int
	for a := p.steepest(); a >= 0; a = p.steepest() {
		out = append(out, a)
		p.apply(a)
	}
	return out
}

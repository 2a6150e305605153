package bayes

// Limits bound the planner's effort by counts, never by time, so that the same input gives the same answer on every
// machine. The defaults were set by the time that the counts take.
type Limits struct {
	Exact  int // states up to which what is left is solved exactly
	Plan   int // states of the plan over the best actions and questions, where it is not
	Effort int // elementary operations, half of which may go into finding the best questions
}

// DefaultLimits plan a step in a few milliseconds: exactly up to 12 actions and 3 questions or 8 and 6, and in no more time
// for 100 causes, 60 actions and 80 questions.
func DefaultLimits() Limits { return Limits{Exact: 1 << 18, Plan: 1 << 16, Effort: 12_000_000} }

// Planner weighs actions and questions. It owns its workspace: one goroutine at a time.
type Planner struct {
	problem Problem
	limits  Limits
	causes  int
	fixes   [][]Fix       // of each action: the chance that it is carried out and cures, one entry a cause
	tests   [][][]float64 // what comes of each question, then of each action that does more than cure or fail: chances under each cause
	touches [][]touch     // cause → actions that fix it

	tried, asked, opened []bool
	effort               int

	weights []float64 // of the sequence being costed
	gain    []float64 // of each action: Σ weight·fix
	used    []bool
	open    []bool // clusters, in the sequence being costed
	cheap   []float64
	order   []int // actions that can cure anything, as ECR takes them
	taken   []bool
	bit     []int    // of each action in the table, or -1
	ranking []ranked // questions and test steps, best first
	partial bool     // not all of them were ranked
	kept    []float64
	parts   []int     // terms of each cause's product
	layer   []float64 // weights after a step
	table   table
}

// touch says that an action fixes the cause it is listed under.
type touch struct {
	action int
	p      float64
}

// ranked is a question, or a test step numbered after the questions.
type ranked struct {
	index int
	value float64
}

// free stands for a cost of nothing, where a chance is divided by its cost.
const free = 1e-12

// NewPlanner prepares a planner for a problem over the given number of causes, which the problem must pass Check for.
func NewPlanner(causes int, problem Problem, limits Limits) *Planner {
	p := &Planner{limits: limits}
	p.Reset(causes, problem)
	return p
}

// Reset takes up another problem, with nothing tried, asked or opened. The memory of the old one is used again.
func (p *Planner) Reset(causes int, problem Problem) {
	actions, questions := len(problem.Actions), len(problem.Questions)
	p.problem, p.causes = problem, causes
	p.tried, p.asked, p.opened = zero(p.tried, actions), zero(p.asked, questions), zero(p.opened, len(problem.Clusters))
	p.used, p.taken, p.open = zero(p.used, actions), zero(p.taken, actions), zero(p.open, len(problem.Clusters))
	p.weights, p.gain, p.cheap, p.bit = zero(p.weights, causes), zero(p.gain, actions), zero(p.cheap, actions), zero(p.bit, actions)
	p.order, p.ranking = grow(p.order, actions)[:0], grow(p.ranking, actions+questions)[:0]
	p.layer = zero(p.layer, causes)
	p.compile()
}

// Tried tells the planner that an action was taken and did not cure, or could not be carried out; it is not proposed again.
func (p *Planner) Tried(action int, done bool) { p.tried[action] = done }

// Asked tells the planner that a question needs no asking (again).
func (p *Planner) Asked(question int, done bool) { p.asked[question] = done }

// Opened tells the planner that a cluster (its place in Problem.Clusters) is open. Doing what stands in one opens it.
func (p *Planner) Opened(cluster int, open bool) { p.opened[cluster] = open }

// Fail writes the weights that remain when an action was carried out and did not cure.
func (p *Planner) Fail(dst, w []float64, action int) {
	copy(dst, w)
	for _, fix := range p.problem.Actions[action].Fixes {
		dst[fix.Cause] *= 1 - fix.P
	}
}

// Told writes the weights that remain when a test step was carried out, did not cure, and outcome o of its Tells was seen.
func (p *Planner) Told(dst, w []float64, action, o int) {
	p.Fail(dst, w, action)
	for f, l := range p.problem.Actions[action].Tells[o] {
		dst[f] *= l
	}
}

// Answer writes the weights that remain when a question was answered with a; the answer after the last is "don't know".
func (p *Planner) Answer(dst, w []float64, question, a int) {
	for f, l := range p.tests[question][a] {
		dst[f] = w[f] * l
	}
}

// OpeningCost is what must be paid beside an action's or a question's own cost for the cluster it stands in (its Cluster).
func (p *Planner) OpeningCost(cluster int) float64 { return p.opening(p.opened, cluster) }

func (p *Planner) opening(open []bool, cluster int) float64 {
	cost := 0.0
	for ; cluster > 0 && !open[cluster-1]; cluster = p.problem.Clusters[cluster-1].Within {
		cost += p.problem.Clusters[cluster-1].Cost
	}
	return cost
}

// enter opens a cluster and those it stands in.
func (p *Planner) enter(open []bool, cluster int) {
	for ; cluster > 0 && !open[cluster-1]; cluster = p.problem.Clusters[cluster-1].Within {
		open[cluster-1] = true
	}
}

func sum(w []float64) float64 {
	total := 0.0
	for _, x := range w {
		total += x
	}
	return total
}

// grow gives a slice of n entries with the old one's memory where that is enough.
func grow[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// zero is grow with nothing left in it.
func zero[T any](x []T, n int) []T {
	x = grow(x, n)
	clear(x)
	return x
}

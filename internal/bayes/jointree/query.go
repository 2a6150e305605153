package jointree

import (
	"errors"
	"math"
)

// ErrContradiction is what Propagate answers, wrapped in a *Contradiction, when the evidence has probability zero.
var ErrContradiction = errors.New("jointree: the evidence contradicts itself or the network")

// ErrUnderflow says that the evidence is possible but its likelihoods are so far apart that floating-point numbers
// cannot hold their products (one part in 10^300).
var ErrUnderflow = errors.New("jointree: the likelihoods of the evidence are too far apart to be multiplied")

// ErrEvidence says that something was observed that cannot be: a state or a likelihood out of range.
var ErrEvidence = errors.New("jointree: no such state, or no likelihood")

// Contradiction is evidence of probability zero. Query.Conflict finds which parts of it cannot be true together.
type Contradiction struct{}

func (*Contradiction) Error() string { return ErrContradiction.Error() }

// Unwrap makes errors.Is find ErrContradiction.
func (*Contradiction) Unwrap() error { return ErrContradiction }

// messages are the results of going up: for each node the product of what it knows with what came from below, and for
// each table the message that goes up from there.
type messages struct {
	product  [][]float64 // of nodes
	raw      [][]float64 // of tables, before their own evidence
	exponent []int       // of tables: all powers of two that were taken out there and below
}

// observation is the evidence on one variable.
type observation struct {
	given    bool
	bad      bool // cannot be; Propagate says so
	exponent int  // the power of two that was taken out of the likelihoods
}

// Query is the workspace of one goroutine over a tree: evidence in, posteriors out. Variables are indices into
// network.Network.Variables; an index that is none panics, as with a slice.
type Query struct {
	t *Tree

	wanted, applied         []observation // what was observed, and what the messages hold
	wantedLike, appliedLike []float64     // by Tree.offsets
	touched                 []int         // variables whose observation may differ between the two
	isTouched               []bool

	stale []bool // nodes whose product must be computed again
	again []bool // tables whose own evidence changed
	count []int  // of observed variables at a table
	live  []bool // nodes with evidence at their private table or below
	below []bool // tables with evidence at them or below

	up         messages    // the current ones: the query's own, or the tree's where there is no evidence
	own        messages    // memory
	weighted   [][]float64 // memory: raw messages times the evidence at the table
	message    [][]float64 // of tables: what goes up
	exponents  []int       // of tables: the powers of two in message and in all below
	belief     [][]float64 // of tables, while their node is reached
	down       [][]float64 // of nodes
	reached    []int       // the epoch in which a node's beliefs were computed
	read       []int       // the epoch in which a variable's posterior was read
	epoch      int
	posterior  []float64 // by Tree.offsets
	path       []int
	active     []factorIn
	exponent   int     // of the probability of the evidence
	mass       float64 // the rest of it
	failure    error
	conflict   conflict
	propagated bool
	collected  int    // nodes whose messages the last Propagate computed
	logical    bool   // only what is possible counts, not how probable it is
	inner      *Query // a logical one, for conflicts
}

// NewQuery makes a workspace. Without evidence, its posteriors are the priors once it is propagated.
func (t *Tree) NewQuery() *Query {
	q := newQuery(t)
	copy(q.up.product, t.prior.product)
	copy(q.up.raw, t.prior.raw)
	copy(q.up.exponent, t.prior.exponent)
	copy(q.message, t.prior.raw)
	copy(q.exponents, t.prior.exponent)
	return q
}

func newQuery(t *Tree) *Query {
	variables, nodes, tables := len(t.states), len(t.nodes), len(t.tables)
	q := &Query{t: t,
		wanted: make([]observation, variables), applied: make([]observation, variables),
		wantedLike: make([]float64, t.offsets[variables]), appliedLike: make([]float64, t.offsets[variables]),
		touched: make([]int, 0, variables), isTouched: make([]bool, variables),
		stale: make([]bool, nodes), again: make([]bool, tables), count: make([]int, tables),
		live: make([]bool, nodes), below: make([]bool, tables), exponents: make([]int, tables),
		up: newMessages(nodes, tables), own: newMessages(nodes, tables), weighted: make([][]float64, tables),
		message: make([][]float64, tables), belief: make([][]float64, tables), down: make([][]float64, nodes),
		reached: make([]int, nodes), read: make([]int, variables), posterior: make([]float64, t.offsets[variables]),
		path: make([]int, 0, nodes),
	}
	q.allocate()
	return q
}

func newMessages(nodes, tables int) messages {
	return messages{product: make([][]float64, nodes), raw: make([][]float64, tables), exponent: make([]int, tables)}
}

// allocate cuts the tables out of one piece of memory, in the order in which they are used.
func (q *Query) allocate() {
	cells, links := 0, 0
	for i := range q.t.nodes {
		cells += len(q.t.nodes[i].psi)
		links = max(links, len(q.t.nodes[i].links))
	}
	for i := range q.t.tables {
		cells += 4 * q.t.tables[i].cells
	}
	memory := make([]float64, cells)
	cut := func(n int) []float64 {
		piece := memory[:n:n]
		memory = memory[n:]
		return piece
	}
	for i := range q.t.tables {
		n := q.t.tables[i].cells
		q.own.raw[i], q.weighted[i], q.belief[i] = cut(n), cut(n), cut(n)
		if i < len(q.t.nodes) {
			q.own.product[i], q.down[i] = cut(len(q.t.nodes[i].psi)), cut(n)
		}
	}
	q.active = make([]factorIn, 0, links)
}

// Observe says that a variable is in a state. It replaces what was said of the variable before.
func (q *Query) Observe(v, state int) {
	like := q.like(v)
	clear(like)
	q.wanted[v] = observation{given: true, bad: state < 0 || state >= len(like)}
	if !q.wanted[v].bad {
		like[state] = 1
	}
	q.touch(v)
}

// Likelihood gives the probability of what was seen under each state of a variable, up to a common factor that
// Evidence keeps. It replaces what was said of the variable before. The slice is copied.
func (q *Query) Likelihood(v int, l []float64) {
	like := q.like(v)
	o := observation{given: true, bad: len(l) != len(like)}
	largest := 0.0
	for _, x := range l {
		o.bad = o.bad || !(x >= 0 && x <= math.MaxFloat64)
		largest = max(largest, x)
	}
	clear(like)
	if !o.bad && largest > 0 {
		_, o.exponent = math.Frexp(largest)
		for s, x := range l {
			like[s] = math.Ldexp(x, -o.exponent)
		}
	}
	q.wanted[v] = o
	q.touch(v)
}

// Forget takes back what was said of a variable.
func (q *Query) Forget(v int) {
	clear(q.like(v))
	q.wanted[v] = observation{}
	q.touch(v)
}

// Clear takes everything back.
func (q *Query) Clear() {
	for v := range q.wanted {
		if q.wanted[v].given {
			q.Forget(v)
		}
	}
}

func (q *Query) like(v int) []float64 { return q.wantedLike[q.t.offsets[v]:q.t.offsets[v+1]] }

func (q *Query) touch(v int) {
	q.propagated = false
	if !q.isTouched[v] {
		q.isTouched[v] = true
		q.touched = append(q.touched, v)
	}
}

// Posterior is the distribution of a variable given the evidence of the last Propagate. The slice belongs to the query
// and is valid until the next Propagate. It is nil when that failed, or when the evidence has changed since.
func (q *Query) Posterior(v int) []float64 {
	if !q.propagated || q.failure != nil {
		return nil
	}
	out := q.posterior[q.t.offsets[v]:q.t.offsets[v+1]]
	if q.read[v] == q.epoch {
		return out
	}
	q.read[v] = q.epoch
	at := q.t.homes[v]
	table := &q.t.tables[at.table]
	q.reach(table.node)
	clear(out)
	states := table.at[at.member].states
	for k, b := range q.belief[at.table] {
		out[states[k]] += b
	}
	sum := 0.0
	for _, p := range out {
		sum += p
	}
	for s := range out {
		out[s] /= sum
	}
	return out
}

// LogEvidence is the natural logarithm of the probability of the evidence (for likelihoods: of their expected product),
// minus infinity after a contradiction.
func (q *Query) LogEvidence() float64 {
	if !q.propagated || q.failure != nil {
		return math.Inf(-1)
	}
	return math.Log(q.mass) + float64(q.exponent)*math.Ln2
}

// Evidence is the probability of the evidence. It is zero after a contradiction, and where it is below 10^-308.
func (q *Query) Evidence() float64 {
	if !q.propagated || q.failure != nil {
		return 0
	}
	return math.Ldexp(q.mass, q.exponent)
}

package jointree

import (
	"errors"
	"slices"
)

// MaxJoint bounds the cells of a joint distribution that is asked for.
const MaxJoint = 1 << 14

// ErrJoint says that a joint distribution was asked for of variables that are no set, or of too many states.
var ErrJoint = errors.New("jointree: no joint distribution of these variables, or too large a one")

// Joint is the distribution of several variables together given the evidence of the last Propagate, the last variable
// fastest. A variable with its parents costs one look at a clique, and so do all that stand in one clique. Others are
// asked once for every configuration of as many of the first of them as it takes; that is for a few variables. It
// answers what Propagate answered when that was an error.
func (q *Query) Joint(vars []int) ([]float64, error) {
	if err := q.Propagate(); err != nil {
		return nil, err
	}
	cells := 1
	for i, v := range vars {
		if v < 0 || v >= len(q.t.states) || slices.Contains(vars[:i], v) {
			return nil, ErrJoint
		}
		if cells *= q.t.states[v]; cells > MaxJoint {
			return nil, ErrJoint
		}
	}
	out := make([]float64, cells)
	if at := q.t.clique(vars); at >= 0 {
		q.together(out, vars, at, 1)
		return out, nil
	}
	return out, q.fork().spread(out, vars, 1)
}

// clique is the smallest node that has all the variables, or -1.
func (t *Tree) clique(vars []int) int {
	best := -1
	for i := range t.nodes {
		if best >= 0 && len(t.nodes[i].psi) >= len(t.nodes[best].psi) {
			continue
		}
		if !slices.ContainsFunc(vars, func(v int) bool { return !slices.Contains(t.nodes[i].vars, v) }) {
			best = i
		}
	}
	return best
}

// together writes mass times the joint distribution of variables that stand in one node.
func (q *Query) together(out []float64, vars []int, at int, mass float64) {
	q.reach(at)
	n := &q.t.nodes[at]
	strides := make([]uint32, len(vars)) // of each variable among the node's cells
	size := uint32(1)
	for j := len(n.vars) - 1; j >= 0; j-- {
		if i := slices.Index(vars, n.vars[j]); i >= 0 {
			strides[i] = size
		}
		size *= uint32(q.t.all[n.vars[j]])
	}
	sum := 0.0
	for s, d := range q.down[at] {
		for k := n.runs[s]; k < n.runs[s+1]; k++ {
			cell := 0
			for i, v := range vars {
				cell = cell*q.t.states[v] + int(n.cells[k]/strides[i])%q.t.states[v]
			}
			p := q.up.product[at][k] * d
			out[cell] += p
			sum += p
		}
	}
	for i := range out {
		out[i] *= mass / sum
	}
}

// fork is a new query with the same evidence.
func (q *Query) fork() *Query {
	ask := q.t.NewQuery()
	copy(ask.wantedLike, q.appliedLike)
	for v := range q.applied {
		if q.applied[v].given {
			ask.wanted[v] = q.applied[v]
			ask.touch(v)
		}
	}
	return ask
}

// spread writes mass times the joint distribution by the chain rule: the first variable, then the others given each
// state of it, until the rest stands in one clique.
func (q *Query) spread(out []float64, vars []int, mass float64) error {
	if err := q.Propagate(); err != nil {
		return err
	}
	if at := q.t.clique(vars); at >= 0 {
		q.together(out, vars, at, mass)
		return nil
	}
	v := vars[0]
	first, like := slices.Clone(q.Posterior(v)), slices.Clone(q.like(v))
	before, block := q.wanted[v], len(out)/len(first)
	for s, p := range first {
		if p == 0 {
			continue
		}
		q.Observe(v, s)
		if err := q.spread(out[s*block:(s+1)*block], vars[1:], mass*p); err != nil {
			return err
		}
	}
	q.wanted[v] = before
	copy(q.like(v), like)
	q.touch(v)
	return nil
}

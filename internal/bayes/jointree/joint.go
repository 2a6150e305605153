package jointree

import (
	"errors"
	"slices"
)

// MaxJoint bounds the cells of a joint distribution that is asked for.
const MaxJoint = 1 << 16

// ErrJoint says that a joint distribution was asked for of variables that are no set, or of too many states.
var ErrJoint = errors.New("jointree: no joint distribution of these variables, or too large a one")

// Joint is the distribution of several variables together given the evidence of the last Propagate, the last variable
// fastest. It is for a few variables: the others are asked once for every configuration of all but the last. It answers
// what Propagate answered when that was an error.
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
	if len(vars) == 0 {
		out[0] = 1
		return out, nil
	}
	ask := q.fork()
	ask.spread(out, vars, 1)
	return out, nil
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
// state of it.
func (q *Query) spread(out []float64, vars []int, mass float64) {
	if q.Propagate() != nil {
		return // impossible, so its cells stay zero
	}
	first := slices.Clone(q.Posterior(vars[0]))
	if len(vars) == 1 {
		for s, p := range first {
			out[s] = mass * p
		}
		return
	}
	v, block := vars[0], len(out)/len(first)
	before, like := q.wanted[v], slices.Clone(q.like(v))
	for s, p := range first {
		if p > 0 {
			q.Observe(v, s)
			q.spread(out[s*block:(s+1)*block], vars[1:], mass*p)
		}
	}
	q.wanted[v] = before
	copy(q.like(v), like)
	q.touch(v)
}

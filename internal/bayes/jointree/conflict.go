package jointree

import (
	"errors"
	"slices"
)

// The bounds of a search for a smallest conflict: propagations, and cells visited by them, well below a second.
const (
	searchLimit = 5000
	searchCells = 1 << 27
)

// conflict is a set of observed variables that cannot be true together.
type conflict struct {
	known    bool
	vars     []int
	smallest bool
}

// impossible tells a contradiction from numbers that ran out of range.
func (q *Query) impossible() error {
	if !q.logical && q.search().possible(q.observed()) {
		return ErrUnderflow
	}
	return &Contradiction{}
}

// observed lists the variables with evidence.
func (q *Query) observed() []int {
	var vars []int
	for v := range q.applied {
		if q.applied[v].given {
			vars = append(vars, v)
		}
	}
	return vars
}

// Conflict names observed variables that are impossible together, in ascending order, after Propagate answered a
// contradiction; otherwise it is nil. No member can be left out. The set has the fewest possible members when Smallest
// says so: smaller ones are all tried, unless there are too many.
func (q *Query) Conflict() []int {
	if !q.propagated || !errors.Is(q.failure, ErrContradiction) {
		return nil
	}
	if !q.conflict.known {
		q.conflict = q.findConflict()
	}
	return q.conflict.vars
}

// Smallest reports whether no contradiction has fewer members than Conflict.
func (q *Query) Smallest() bool {
	q.Conflict()
	return q.conflict.smallest
}

func (q *Query) findConflict() conflict {
	observed := q.observed()
	s := q.search()
	vars := s.reduce(observed)
	smaller, all := s.smaller(observed, len(vars))
	if smaller != nil {
		vars = smaller
	}
	return conflict{known: true, vars: vars, smallest: all}
}

// search asks a second query, which only knows what is possible, about parts of the evidence.
type search struct {
	from, ask *Query
	left      int // propagations
}

func (q *Query) search() *search {
	if q.inner == nil {
		q.inner = q.t.NewQuery()
		q.inner.logical = true
	}
	return &search{from: q, ask: q.inner, left: min(searchLimit, searchCells/q.t.Cells())}
}

func (s *search) possible(vars []int) bool {
	s.left--
	s.ask.Clear()
	for _, v := range vars {
		s.observe(v)
	}
	return s.ask.Propagate() == nil
}

// observe repeats an observation as what it leaves possible.
func (s *search) observe(v int) {
	from, to := s.from.t.offsets[v], s.from.t.offsets[v+1]
	s.ask.Likelihood(v, s.from.appliedLike[from:to])
	possible(s.ask.like(v))
}

// reduce leaves out members, the last first, until none can be left out.
func (s *search) reduce(vars []int) []int {
	vars = slices.Clone(vars)
	for i := len(vars) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(vars), i, i+1)
		if !s.possible(fewer) {
			vars = fewer
		}
	}
	return vars
}

// smaller looks for an impossible set with fewer than size members, the smallest sets first, in lexical order. It
// reports whether it got through all that are smaller than what it found. What is possible together with all members
// but the last says at once of every last member whether the set is impossible.
func (s *search) smaller(observed []int, size int) (found []int, all bool) {
	for n := 1; n < size; n++ {
		pick := make([]int, n-1)
		for i := range pick {
			pick[i] = i
		}
		for more := true; more; more = next(pick, len(observed)) {
			if s.left <= 0 {
				return nil, false
			}
			vars := make([]int, 0, n)
			last := -1
			for _, last = range pick {
				vars = append(vars, observed[last])
			}
			if !s.possible(vars) {
				continue // not without a smaller set, and there is none
			}
			for _, v := range observed[last+1:] {
				if s.excludes(v) {
					return append(vars, v), true
				}
			}
		}
	}
	return nil, true
}

// excludes reports whether what the second query was last asked about leaves nothing of an observation possible.
func (s *search) excludes(v int) bool {
	like := s.from.appliedLike[s.from.t.offsets[v]:s.from.t.offsets[v+1]]
	for state, p := range s.ask.Posterior(v) {
		if p > 0 && like[state] > 0 {
			return false
		}
	}
	return true
}

// next steps to the next combination out of n in lexical order.
func next(pick []int, n int) bool {
	for i := len(pick) - 1; i >= 0; i-- {
		if pick[i] < n-len(pick)+i {
			pick[i]++
			for j := i + 1; j < len(pick); j++ {
				pick[j] = pick[j-1] + 1
			}
			return true
		}
	}
	return false
}

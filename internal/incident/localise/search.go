package localise

import (
	"cmp"
	"math"
	"slices"
)

// cell is a combination of values on the way of the search.
type cell struct {
	pairs  []Pair
	leaves []int32
	bound  float64 // what its leaves could gain at most, in this cell or any narrower one
}

// found is the best combination for one level.
type found struct {
	pairs []Pair
	gain  float64
	cost  float64
}

func (f found) score() float64 { return f.gain - f.cost }

// seeker looks for the combination whose leaves gain the most. It is used again and again, for its buffers.
type seeker struct {
	*cube
	opts      Options
	gain      []float64 // per leaf, for the level at hand
	precision float64   // of a level that one leaf shows, in nats

	sum, pos []float64 // per value of the column at hand
	n        []int32
	next     []int32
}

func newSeeker(c *cube, o Options) *seeker {
	widest := 0
	for _, s := range c.starts {
		widest = max(widest, len(s))
	}
	return &seeker{
		cube: c, opts: o, gain: make([]float64, len(c.leaves)),
		sum: make([]float64, widest), pos: make([]float64, widest), n: make([]int32, widest), next: make([]int32, widest),
	}
}

// best searches layer by layer. Whatever is narrower than a cell gains at most the sum of the cell's positive gains, so a
// cell whose sum does not reach the best score so far is left out with everything below it: nothing is lost by that.
func (s *seeker) best(floor float64) (found, bool) {
	top, ok := found{gain: floor}, false
	all := make([]int32, len(s.leaves))
	for i := range all {
		all[i] = int32(i)
	}
	layer := []cell{{leaves: all, bound: math.Inf(1)}}
	for depth := 1; depth <= min(s.opts.Depth, len(s.codes)) && len(layer) > 0; depth++ {
		var below []cell
		for _, c := range layer {
			if c.bound <= top.score() {
				continue
			}
			first := 0
			if depth > 1 {
				first = c.pairs[depth-2].Column + 1
			}
			for column := first; column < len(s.codes); column++ {
				below = s.split(c, column, &top, &ok, below)
			}
		}
		layer = s.keep(below, top.score())
	}
	return top, ok
}

// split divides a cell by the values of a column, remembers the best part, and adds the parts worth dividing further.
func (s *seeker) split(c cell, column int, top *found, ok *bool, below []cell) []cell {
	codes, values := s.codes[column], len(s.starts[column])-1
	clear(s.sum[:values])
	clear(s.pos[:values])
	clear(s.n[:values])
	for _, i := range c.leaves {
		v := codes[i]
		if v < 0 {
			continue
		}
		g := s.gain[i]
		s.sum[v] += g
		s.n[v]++
		if g > 0 {
			s.pos[v] += g
		}
	}
	deeper := len(c.pairs)+1 < s.opts.Depth && column+1 < len(s.codes)
	wanted := 0
	for v := range values {
		s.next[v] = -1
		if s.pos[v] <= top.score() || int(s.n[v]) < s.opts.MinLeaves {
			continue
		}
		pairs := append(slices.Clip(c.pairs), Pair{column, int32(v)})
		f := found{pairs: pairs, gain: s.sum[v], cost: s.cost(pairs, int(s.n[v]))}
		if !*ok && f.score() > top.score() || *ok && better(f, *top) {
			*top, *ok = f, true
		}
		if deeper && s.n[v] > 1 {
			s.next[v] = int32(len(below))
			below = append(below, cell{pairs: pairs, leaves: make([]int32, 0, s.n[v]), bound: s.pos[v]})
			wanted++
		}
	}
	if wanted == 0 {
		return below
	}
	for _, i := range c.leaves {
		if v := codes[i]; v >= 0 && s.next[v] >= 0 {
			below[s.next[v]].leaves = append(below[s.next[v]].leaves, i)
		}
	}
	return below
}

// keep drops what cannot become the best any more, and the least hopeful where there are too many.
func (s *seeker) keep(cells []cell, score float64) []cell {
	cells = slices.DeleteFunc(cells, func(c cell) bool { return c.bound <= score })
	slices.SortStableFunc(cells, func(a, b cell) int { return cmp.Compare(b.bound, a.bound) })
	return cells[:min(len(cells), s.opts.Width)]
}

// better prefers the higher score; among equal ones the shorter, then the earlier combination.
func better(a, b found) bool {
	const same = 1e-9
	if d := a.score() - b.score(); math.Abs(d) > same*(1+math.Abs(a.score())) {
		return d > 0
	}
	return cmp.Or(cmp.Compare(len(a.pairs), len(b.pairs)), compare(a.pairs, b.pairs)) < 0
}

func compare(a, b []Pair) int {
	return slices.CompareFunc(a, b, func(x, y Pair) int {
		return cmp.Or(cmp.Compare(x.Column, y.Column), cmp.Compare(x.Value, y.Value))
	})
}

// cost is what it takes to write the combination down: how many attributes and which, the value of each, and the level to
// the precision that its leaves allow.
func (s *seeker) cost(pairs []Pair, leaves int) float64 {
	out := math.Log(float64(min(s.opts.Depth, len(s.codes)))) + logChoose(len(s.codes), len(pairs)) + s.precision + 0.5*math.Log(float64(leaves))
	for _, p := range pairs {
		out += math.Log(float64(max(1, s.sizes[p.Column])))
	}
	return out
}

func logChoose(n, k int) float64 {
	out := 0.0
	for i := range k {
		out += math.Log(float64(n-i)) - math.Log(float64(i+1))
	}
	return out
}

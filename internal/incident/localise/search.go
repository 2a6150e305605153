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
	bound  float64 // what this cell or any narrower one could score at most
	least  float64 // what it costs at least to name it
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

	sentence float64   // what any combination costs: its length, and the level that one leaf shows
	word     []float64 // what each column adds, with its value

	sum, pos []float64 // per value of the column at hand
	n        []int32
	next     []int32

	top   float64 // best score so far
	close []found // what is or was close to it
}

func newSeeker(c *cube, o Options, precision float64) *seeker {
	widest, columns := 0, float64(len(c.codes))
	for _, s := range c.starts {
		widest = max(widest, len(s))
	}
	var word []float64
	for _, values := range c.sizes {
		word = append(word, math.Log(columns)+math.Log(float64(max(1, values))))
	}
	return &seeker{
		sentence: math.Log(1+min(float64(o.Depth), columns)) + precision, word: word,
		cube: c, opts: o, gain: make([]float64, len(c.leaves)),
		sum: make([]float64, widest), pos: make([]float64, widest), n: make([]int32, widest), next: make([]int32, widest),
	}
}

// best searches layer by layer. Whatever is narrower than a cell gains at most the sum of the cell's positive gains and costs
// at least what the cell does, so a cell that cannot reach the best score so far is left out with everything below it: nothing
// is lost by that.
func (s *seeker) best(floor float64) (found, bool) {
	s.top, s.close = max(floor, s.opts.MinScore), s.close[:0]
	layer := []cell{s.everything()}
	for depth := 1; depth <= min(s.opts.Depth, len(s.codes)) && len(layer) > 0; depth++ {
		var below []cell
		for _, c := range layer {
			first := 0
			if depth > 1 {
				first = c.pairs[depth-2].Column + 1
			}
			for column := first; column < len(s.codes) && c.bound > s.bar(); column++ {
				below = s.split(c, column, below)
			}
		}
		layer = s.keep(below)
	}
	return s.choose()
}

// everything is the cell of all leaves; it is an explanation where the options say so.
func (s *seeker) everything() cell {
	c := cell{leaves: make([]int32, len(s.leaves)), bound: math.Inf(1), least: s.sentence}
	sum := 0.0
	for i := range c.leaves {
		c.leaves[i] = int32(i)
		sum += s.gain[i]
	}
	if s.opts.Everything && len(c.leaves) >= s.opts.MinLeaves {
		s.consider(found{gain: sum, cost: s.cost(nil, len(c.leaves))})
	}
	return c
}

// bar is the score that is close enough to the best so far.
func (s *seeker) bar() float64 { return s.top - s.opts.Close*math.Abs(s.top) }

// consider remembers a combination that is the best so far or close to it.
func (s *seeker) consider(f found) {
	score := f.score()
	if score <= s.bar() || score <= s.opts.MinScore {
		return
	}
	s.top = max(s.top, score)
	s.close = append(s.close, f)
}

// choose takes, among those close to the best, the shortest, then the earliest combination. That everything is to blame is
// only said when it is the best itself.
func (s *seeker) choose() (found, bool) {
	var best found
	ok := false
	for _, f := range s.close {
		if f.score() < s.bar() || len(f.pairs) == 0 && f.score() < s.top {
			continue
		}
		if !ok || cmp.Or(cmp.Compare(len(f.pairs), len(best.pairs)), compare(f.pairs, best.pairs)) < 0 {
			best, ok = f, true
		}
	}
	return best, ok
}

// split divides a cell by the values of a column, remembers the best part, and adds the parts worth dividing further.
func (s *seeker) split(c cell, column int, below []cell) []cell {
	codes, values := s.codes[column], len(s.starts[column])-1
	s.tally(c.leaves, codes, values)
	deeper := len(c.pairs)+1 < s.opts.Depth && column+1 < len(s.codes)
	wanted := false
	for v := range values {
		s.next[v] = -1
		if s.n[v] == 0 || s.pos[v]-c.least-s.word[column] <= s.bar() || int(s.n[v]) < s.opts.MinLeaves {
			continue
		}
		pairs := append(slices.Clip(c.pairs), Pair{column, int32(v)})
		s.consider(found{pairs: pairs, gain: s.sum[v], cost: s.cost(pairs, int(s.n[v]))})
		if deeper && s.n[v] > 1 {
			s.next[v], wanted = int32(len(below)), true
			below = append(below, cell{pairs: pairs, leaves: make([]int32, 0, s.n[v]), bound: s.pos[v] - c.least - s.word[column], least: c.least + s.word[column]})
		}
	}
	if !wanted {
		return below
	}
	for _, i := range c.leaves {
		if v := codes[i]; v >= 0 && s.next[v] >= 0 {
			below[s.next[v]].leaves = append(below[s.next[v]].leaves, i)
		}
	}
	return below
}

// tally sums the gains of leaves by value.
func (s *seeker) tally(leaves, codes []int32, values int) {
	clear(s.sum[:values])
	clear(s.pos[:values])
	clear(s.n[:values])
	for _, i := range leaves {
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
}

// keep drops what cannot become the best any more, and the least hopeful where there are too many.
func (s *seeker) keep(cells []cell) []cell {
	cells = slices.DeleteFunc(cells, func(c cell) bool { return c.bound <= s.bar() })
	slices.SortFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(b.bound, a.bound), compare(a.pairs, b.pairs))
	})
	return cells[:min(len(cells), s.opts.Width)]
}

func compare(a, b []Pair) int {
	return slices.CompareFunc(a, b, func(x, y Pair) int {
		return cmp.Or(cmp.Compare(x.Column, y.Column), cmp.Compare(x.Value, y.Value))
	})
}

// cost is what it takes to write the combination down: how many attributes, which, the value of each, and the level to the
// precision that its leaves allow. A longer one never costs less.
func (s *seeker) cost(pairs []Pair, leaves int) float64 {
	out := s.sentence + 0.5*math.Log(float64(leaves))
	for _, p := range pairs {
		out += s.word[p.Column]
	}
	return out
}

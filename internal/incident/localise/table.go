package localise

import "slices"

// Column is one attribute: the values it can take, and which of them each leaf has.
type Column struct {
	Name   string
	Values []string
	Codes  []int32 // per leaf, an index into Values; negative where the attribute is not known
}

// Table is what there is to explain. Expected values and totals must not be negative.
type Table struct {
	Columns  []Column
	Actual   []float64 // what was seen, per leaf
	Expected []float64 // what was to be expected
	Of       []float64 // out of how many, when Actual counts failures among Of; nil for plain amounts
}

// Pair is one attribute with one of its values, as indexes into the table.
type Pair struct {
	Column int
	Value  int32
}

// Cause is a combination of values that explains leaves.
type Cause struct {
	Pairs []Pair  // ordered by column
	Level float64 // amounts: actual over expected; failures: the share that fails
	Gain  float64 // how much better the leaves are explained, in nats, beside the other causes
	Cost  float64 // length of this part of the explanation, in nats
}

// Options bound the search.
type Options struct {
	Depth      int     // attributes combined at most
	Most       int     // causes at most
	MinLevel   float64 // failures: a smaller share is never a cause
	MinScore   float64 // what a cause gains beyond its cost, at least
	MinLeaves  int     // leaves a cause must rest on at least
	Close      float64 // scores this near to the best, as a part of it, count as equal: the shorter, then the earlier column wins
	Everything bool    // "all of them" is an explanation too
	Width      int     // combinations kept per layer; a safety for wide tables, far above what is reached in practice
}

// DefaultOptions combine up to three attributes into at most eight causes.
func DefaultOptions() Options {
	return Options{Depth: 3, Most: 8, MinLevel: 0.02, MinLeaves: 1, Close: 1e-9, Width: 4096}
}

// cube is the table as the search needs it: only the leaves that say something, and for each column their order by value.
type cube struct {
	leaves  []int32   // rows of the table
	codes   [][]int32 // per column, per leaf
	sizes   []int     // values per column that occur
	byValue [][]int32 // per column, all leaves grouped by value
	starts  [][]int32 // per column, where the group of each value begins in byValue; one more than there are values
}

func newCube(t Table, informative func(row int) bool) *cube {
	c := &cube{}
	for row := range t.Actual {
		if informative(row) {
			c.leaves = append(c.leaves, int32(row))
		}
	}
	for _, col := range t.Columns {
		codes := make([]int32, len(c.leaves))
		for i, row := range c.leaves {
			codes[i] = col.Codes[row]
		}
		order, starts := group(codes, len(col.Values))
		used := 0
		for v := range col.Values {
			if starts[v+1] > starts[v] {
				used++
			}
		}
		c.codes, c.sizes = append(c.codes, codes), append(c.sizes, used)
		c.byValue, c.starts = append(c.byValue, order), append(c.starts, starts)
	}
	return c
}

// group orders leaves by code; those without one are left out.
func group(codes []int32, values int) (order, starts []int32) {
	starts = make([]int32, values+1)
	for _, v := range codes {
		if v >= 0 {
			starts[v+1]++
		}
	}
	for v := range values {
		starts[v+1] += starts[v]
	}
	order, next := make([]int32, starts[values]), slices.Clone(starts)
	for i, v := range codes {
		if v >= 0 {
			order[next[v]] = int32(i)
			next[v]++
		}
	}
	return order, starts
}

// under gives the leaves that have all these values.
func (c *cube) under(pairs []Pair) []int32 {
	var out []int32
	if len(pairs) == 0 {
		for i := range c.leaves {
			out = append(out, int32(i))
		}
		return out
	}
	first := pairs[0]
	for _, i := range c.byValue[first.Column][c.starts[first.Column][first.Value]:c.starts[first.Column][first.Value+1]] {
		if c.has(i, pairs[1:]) {
			out = append(out, i)
		}
	}
	return out
}

func (c *cube) has(leaf int32, pairs []Pair) bool {
	for _, p := range pairs {
		if c.codes[p.Column][leaf] != p.Value {
			return false
		}
	}
	return true
}

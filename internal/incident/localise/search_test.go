package localise

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// every gives all combinations of up to so many attributes.
func every(t Table, depth int) [][]Pair {
	var out [][]Pair
	var extend func(pairs []Pair, column int)
	extend = func(pairs []Pair, column int) {
		if len(pairs) > 0 {
			out = append(out, append([]Pair(nil), pairs...))
		}
		if len(pairs) == depth {
			return
		}
		for c := column; c < len(t.Columns); c++ {
			for v := range t.Columns[c].Values {
				extend(append(pairs, Pair{c, int32(v)}), c+1)
			}
		}
	}
	extend(nil, 0)
	return out
}

func TestTheBoundedSearchFindsTheBestOfAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var table Table
		leaves := rapid.IntRange(1, 40).Draw(t, "leaves")
		for c := range rapid.IntRange(1, 5).Draw(t, "columns") {
			col := Column{Name: string(rune('a' + c)), Values: make([]string, rapid.IntRange(1, 4).Draw(t, "values"))}
			for range leaves {
				col.Codes = append(col.Codes, int32(rapid.IntRange(-1, len(col.Values)-1).Draw(t, "code")))
			}
			table.Columns = append(table.Columns, col)
		}
		table.Actual = make([]float64, leaves)
		o := DefaultOptions()
		s := newSeeker(newCube(table, func(int) bool { return true }), o, 0)
		for i := range s.gain {
			s.gain[i] = rapid.Float64Range(-10, 10).Draw(t, "gain")
		}
		want := 0.0
		for _, pairs := range every(table, o.Depth) {
			under := s.under(pairs)
			if len(under) == 0 {
				continue
			}
			sum := -s.cost(pairs, len(under))
			for _, i := range under {
				sum += s.gain[i]
			}
			want = max(want, sum)
		}
		got, ok := s.best(0)
		if ok != (want > 0) || ok && math.Abs(got.score()-want) > 1e-6 {
			t.Fatalf("the search finds %.6f (%v), the best is %.6f", got.score(), ok, want)
		}
	})
}

func TestSpreadIgnoresWhatIsFarOff(t *testing.T) {
	t.Parallel()
	var deviations []float64
	for i := range 1000 { // the quantiles of a normal distribution of standard deviation 2
		deviations = append(deviations, 2*math.Sqrt2*math.Erfinv((float64(i)+0.5)/1000))
	}
	for range 400 {
		deviations = append(deviations, 500)
	}
	if got := spread(deviations); math.Abs(got-2) > 0.1 {
		t.Errorf("spread %.3f, want 2", got)
	}
}

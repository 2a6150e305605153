package localise_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/incident/localise"
)

// planted is a table with the causes that were put into it.
type planted struct {
	localise.Table
	truth []string
}

// name writes a combination so that it can be compared.
func name(t localise.Table, pairs []localise.Pair) string {
	var out []string
	for _, p := range pairs {
		out = append(out, t.Columns[p.Column].Name+"="+t.Columns[p.Column].Values[p.Value])
	}
	slices.Sort(out)
	return strings.Join(out, "&")
}

func names(t localise.Table, causes []localise.Cause) []string {
	var out []string
	for _, c := range causes {
		out = append(out, name(t, c.Pairs))
	}
	slices.Sort(out)
	return out
}

// grid makes the leaves of all combinations of values.
func grid(sizes ...int) localise.Table {
	var t localise.Table
	leaves := 1
	for c, n := range sizes {
		col := localise.Column{Name: string(rune('a' + c))}
		for v := range n {
			col.Values = append(col.Values, fmt.Sprint(col.Name, v))
		}
		t.Columns = append(t.Columns, col)
		leaves *= n
	}
	for i := range leaves {
		for c, n := range sizes {
			t.Columns[c].Codes = append(t.Columns[c].Codes, int32(i%n))
			i /= n
		}
	}
	return t
}

// plant chooses different combinations of so many attributes; none holds another.
func plant(r *rand.Rand, t localise.Table, layer, causes int) [][]localise.Pair {
	var out [][]localise.Pair
	for len(out) < causes {
		columns := r.Perm(len(t.Columns))[:layer]
		slices.Sort(columns)
		var pairs []localise.Pair
		for _, c := range columns {
			pairs = append(pairs, localise.Pair{Column: c, Value: int32(r.IntN(len(t.Columns[c].Values)))})
		}
		if !slices.ContainsFunc(out, func(o []localise.Pair) bool { return name(t, o) == name(t, pairs) }) {
			out = append(out, pairs)
		}
	}
	return out
}

func has(t localise.Table, leaf int, pairs []localise.Pair) bool {
	return !slices.ContainsFunc(pairs, func(p localise.Pair) bool { return t.Columns[p.Column].Codes[leaf] != p.Value })
}

// amounts makes sales of sizes from a few to thousands, forecast to a hundredth. Each cause takes a part of its own away from
// all that is under it; where two meet, one of them shows.
func amounts(r *rand.Rand, layer, causes int, noise float64) planted {
	p := planted{Table: grid(5, 12, 6, 6)}
	for range p.Columns[0].Codes {
		sales := math.Floor(math.Exp(r.Float64() * 8))
		if r.Float64() < 0.3 {
			sales = 0
		}
		p.Actual = append(p.Actual, sales*(1+noise*r.NormFloat64()))
		p.Expected = append(p.Expected, sales)
	}
	left := r.Perm(4)
	for n, pairs := range plant(r, p.Table, layer, causes) {
		p.truth = append(p.truth, name(p.Table, pairs))
		for i := range p.Actual {
			if has(p.Table, i, pairs) {
				p.Actual[i] = math.Round(float64(left[n])*0.2*p.Expected[i]) * (1 + noise*r.NormFloat64())
			}
		}
	}
	slices.Sort(p.truth)
	return p
}

// failures makes a fleet: a few terminals in each leaf, of which some fail on any day and many under a cause.
func failures(r *rand.Rand, layer, causes int, base, share float64) planted {
	p := planted{Table: grid(4, 8, 5, 5)}
	roots := plant(r, p.Table, layer, causes)
	for _, pairs := range roots {
		p.truth = append(p.truth, name(p.Table, pairs))
	}
	slices.Sort(p.truth)
	for i := range p.Columns[0].Codes {
		terminals, chance, failing := 2+r.IntN(6), base, 0.0
		for _, pairs := range roots {
			if has(p.Table, i, pairs) {
				chance = max(chance, share)
			}
		}
		for range terminals {
			if r.Float64() < chance {
				failing++
			}
		}
		p.Of, p.Actual, p.Expected = append(p.Of, float64(terminals)), append(p.Actual, failing), append(p.Expected, base*float64(terminals))
	}
	return p
}

// shuffled gives the same table with its leaves in another order and its values under other numbers.
func shuffled(r *rand.Rand, t localise.Table) localise.Table {
	order := r.Perm(len(t.Actual))
	pick := func(from []float64) []float64 {
		if from == nil {
			return nil
		}
		out := make([]float64, len(from))
		for i, o := range order {
			out[i] = from[o]
		}
		return out
	}
	out := localise.Table{Actual: pick(t.Actual), Expected: pick(t.Expected), Of: pick(t.Of)}
	for _, c := range t.Columns {
		codes := make([]int32, len(c.Codes))
		for i, o := range order {
			codes[i] = c.Codes[o]
		}
		out.Columns = append(out.Columns, localise.Column{Name: c.Name, Values: c.Values, Codes: codes})
	}
	return out
}

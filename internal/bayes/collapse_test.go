package bayes_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes"
)

func TestCollapse(t *testing.T) {
	t.Parallel()
	t.Run("it is the probability of each independent cause given that exactly one is present", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			marginals := rapid.SliceOfN(rapid.Float64Range(0.001, 0.98), 1, 8).Draw(t, "marginals")
			got := make([]float64, len(marginals))
			if !bayes.Collapse(got, marginals) {
				t.Fatal("no cause is possible")
			}
			alone, total := make([]float64, len(marginals)), 0.0
			for f := range alone {
				alone[f] = 1
				for g, p := range marginals {
					if g == f {
						alone[f] *= p
					} else {
						alone[f] *= 1 - p
					}
				}
				total += alone[f]
			}
			for f := range got {
				if math.Abs(got[f]-alone[f]/total) > 1e-12 {
					t.Fatalf("cause %d: got %v, want %v", f, got[f], alone[f]/total)
				}
			}
		})
	})
	t.Run("it keeps the order and sums to one, also in place", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			p := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 8).Draw(t, "marginals")
			marginals := append([]float64(nil), p...)
			if !bayes.Collapse(p, p) {
				if mass(marginals) != 0 {
					t.Fatalf("%v has no cause", marginals)
				}
				return
			}
			if math.Abs(mass(p)-1) > 1e-12 {
				t.Fatalf("%v sums to %v", p, mass(p))
			}
			for f := range p {
				for g := range p {
					if marginals[f] < marginals[g] && p[f] > p[g] {
						t.Fatalf("%v became %v", marginals, p)
					}
				}
			}
		})
	})
	for name, c := range map[string]struct{ marginals, want []float64 }{
		"the published car, odds of 0.6, 0.18 and 0.108": {[]float64{0.6, 0.18, 0.108}, []float64{1.5 / 1.84059, 0.2195122 / 1.84059, 0.1210762 / 1.84059}},
		"certain causes share everything":                {[]float64{1, 0.9, 1}, []float64{0.5, 0, 0.5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make([]float64, len(c.want))
			bayes.Collapse(got, c.marginals)
			for f := range got {
				if math.Abs(got[f]-c.want[f]) > 1e-5 {
					t.Fatalf("got %v, want %v", got, c.want)
				}
			}
		})
	}
	t.Run("without any possible cause there is no distribution", func(t *testing.T) {
		t.Parallel()
		got := []float64{7, 7}
		if bayes.Collapse(got, []float64{0, 0}) || got[0] != 0 || got[1] != 0 {
			t.Fatalf("got %v", got)
		}
	})
}

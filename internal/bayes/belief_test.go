package bayes_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes"
)

// world is a random model with a random prior and evidence.
type world struct {
	prior     []float64
	variables []bayes.Variable
	seen      [][2]int // variable, state
	certainty []float64
}

func drawDistribution(t *rapid.T, n int, label string) []float64 {
	out, sum := make([]float64, n), 0.0
	for i := range out {
		out[i] = rapid.Float64Range(0.01, 1).Draw(t, label)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func drawWorld(t *rapid.T) world {
	causes := rapid.IntRange(2, 8).Draw(t, "causes")
	w := world{prior: drawDistribution(t, causes, "prior")}
	for v := range rapid.IntRange(1, 6).Draw(t, "variables") {
		states := rapid.IntRange(2, 5).Draw(t, "states")
		variable := bayes.Variable{Leak: drawDistribution(t, states, "leak")}
		for f := range causes {
			room := 0.95 // what is left to the leak keeps every state possible
			for s := range states {
				p := rapid.Float64Range(0, room).Draw(t, "shows")
				room -= p
				variable.Links = append(variable.Links, bayes.Link{Cause: f, State: s, P: p})
			}
		}
		w.variables = append(w.variables, variable)
		w.seen = append(w.seen, [2]int{v, rapid.IntRange(0, states-1).Draw(t, "seen")})
		w.certainty = append(w.certainty, rapid.Float64Range(0.2, 1).Draw(t, "certainty"))
	}
	return w
}

func (w world) model(t *rapid.T) *bayes.Model {
	m, err := bayes.NewModel(len(w.prior), w.variables)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (w world) posterior(t *rapid.T, order []int) []float64 {
	m, b := w.model(t), bayes.NewBelief(len(w.prior))
	like := make([]float64, len(w.prior))
	b.Reset(w.prior)
	for _, i := range order {
		m.Soft(like, w.seen[i][0], w.seen[i][1], bayes.Reading{Right: w.certainty[i], Incidental: 1})
		b.Multiply(like, 1)
	}
	if _, err := b.Normalise(); err != nil {
		t.Fatal(err)
	}
	return append([]float64(nil), b.P()...)
}

// brute computes the posterior from the definition, without logarithms or tables.
func (w world) brute() []float64 {
	out, total := make([]float64, len(w.prior)), 0.0
	for f := range out {
		out[f] = w.prior[f]
		for i, seen := range w.seen {
			variable := w.variables[seen[0]]
			rest, shown := 1.0, 0.0
			for _, l := range variable.Links {
				if l.Cause != f {
					continue
				}
				rest -= l.P
				if l.State == seen[1] {
					shown += l.P
				}
			}
			p := shown + rest*variable.Leak[seen[1]]
			out[f] *= w.certainty[i]*p + (1-w.certainty[i])/float64(len(variable.Leak))
		}
		total += out[f]
	}
	for f := range out {
		out[f] /= total
	}
	return out
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func assertClose(t *rapid.T, got, want []float64, within float64) {
	for f := range want {
		if math.Abs(got[f]-want[f]) > within {
			t.Fatalf("cause %d: got %v, want %v", f, got, want)
		}
	}
}

func TestPosterior(t *testing.T) {
	t.Parallel()
	t.Run("it sums to one and agrees with the definition", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			got, total := w.posterior(t, upTo(len(w.seen))), 0.0
			for _, p := range got {
				total += p
			}
			if math.Abs(total-1) > 1e-12 {
				t.Fatalf("sums to %v", total)
			}
			assertClose(t, got, w.brute(), 1e-10)
		})
	})
	t.Run("the order of the evidence does not matter", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			order := rapid.Permutation(upTo(len(w.seen))).Draw(t, "order")
			assertClose(t, w.posterior(t, order), w.posterior(t, upTo(len(w.seen))), 1e-12)
		})
	})
	t.Run("evidence nobody can explain is a contradiction and never NaN", func(t *testing.T) {
		t.Parallel()
		b := bayes.NewBelief(2)
		b.Reset([]float64{0.5, 0.5})
		b.Multiply([]float64{0, 1}, 1)
		b.Multiply([]float64{1, 0}, 1)
		if _, err := b.Normalise(); !errors.Is(err, bayes.ErrContradiction) {
			t.Fatalf("got %v", err)
		}
		if b.P()[0] != 0 || b.P()[1] != 0 {
			t.Fatalf("got %v", b.P())
		}
	})
	t.Run("a cause with prior zero stays impossible", func(t *testing.T) {
		t.Parallel()
		b := bayes.NewBelief(2)
		b.Reset([]float64{0, 1})
		b.Multiply([]float64{1, 0.001}, 1)
		if _, err := b.Normalise(); err != nil || b.P()[0] != 0 || b.P()[1] != 1 {
			t.Fatalf("got %v, %v", b.P(), err)
		}
	})
}

func TestModelRefusesWhatIsNoProbability(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]bayes.Variable{
		"a leak that does not sum to one":  {Leak: []float64{0.5, 0.4}},
		"a negative leak":                  {Leak: []float64{-0.5, 1.5}},
		"links that sum to more than one":  {Leak: []float64{0.5, 0.5}, Links: []bayes.Link{{0, 0, 0.7}, {0, 1, 0.7}}},
		"a link to a state that is absent": {Leak: []float64{0.5, 0.5}, Links: []bayes.Link{{0, 2, 0.7}}},
		"a negative link":                  {Leak: []float64{0.5, 0.5}, Links: []bayes.Link{{0, 1, -0.1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := bayes.NewModel(1, []bayes.Variable{v}); err == nil {
				t.Fatal("accepted")
			}
		})
	}
}

func TestWeightOfEvidence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		m, n := w.model(t), len(w.seen)
		like := make([]float64, len(w.prior))
		last := w.seen[n-1]
		m.Soft(like, last[0], last[1], bayes.Reading{Right: w.certainty[n-1], Incidental: 1})
		for f := range like {
			like[f] = math.Log(like[f])
		}
		with, without := w.posterior(t, upTo(n)), w.posterior(t, upTo(n-1))
		for f := range with {
			want := math.Log(with[f]/(1-with[f])) - math.Log(without[f]/(1-without[f]))
			if got := bayes.WeightOfEvidence(with, like, f); math.Abs(want) < 15 && math.Abs(got-want) > 1e-6 {
				t.Fatalf("cause %d: got %v, want the change of the log odds %v", f, got, want)
			}
		}
	})
}

func TestInformation(t *testing.T) {
	t.Parallel()
	even := []float64{0.5, 0.5}
	if got := bayes.Information(even, [][]float64{{1, 0}, {0, 1}}); math.Abs(got-math.Ln2) > 1e-12 {
		t.Errorf("an answer that names the cause tells %v nats, want ln 2", got)
	}
	if got := bayes.Information(even, [][]float64{{0.3, 0.3}, {0.7, 0.7}}); got != 0 {
		t.Errorf("an answer that no cause touches tells %v nats, want 0", got)
	}
}

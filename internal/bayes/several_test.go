package bayes_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes"
)

// drawTogether is a random model whose variables have normal states, with its links by cause and state.
func drawTogether(t *rapid.T) (*bayes.Model, []bayes.Variable, int) {
	causes := rapid.IntRange(3, 5).Draw(t, "causes")
	var variables []bayes.Variable
	for range rapid.IntRange(1, 4).Draw(t, "variables") {
		states := rapid.IntRange(2, 4).Draw(t, "states")
		v := bayes.Variable{Leak: drawDistribution(t, states, "leak")}
		for range states {
			v.Normal = append(v.Normal, rapid.Bool().Draw(t, "normal"))
		}
		for f := range causes {
			room := 1.0
			for s := range states {
				p := rapid.Float64Range(0, room).Draw(t, "shows")
				room -= p
				v.Links = append(v.Links, bayes.Link{Cause: f, State: s, P: p})
			}
		}
		variables = append(variables, v)
	}
	m, err := bayes.NewModel(causes, variables)
	if err != nil {
		t.Fatal(err)
	}
	return m, variables, causes
}

// byHand is P(s | causes) by going through everything that the causes can do, one after the other.
func byHand(v bayes.Variable, causes []int, s int) float64 {
	acts := make([][]float64, len(causes)) // per cause: by state, and last "leaves it alone"
	for i, f := range causes {
		acts[i] = make([]float64, len(v.Leak)+1)
		rest := 1.0
		for _, l := range v.Links {
			if l.Cause == f {
				acts[i][l.State] += l.P
				rest -= l.P
			}
		}
		acts[i][len(v.Leak)] = max(rest, 0)
	}
	total := 0.0
	did := make([]int, len(causes))
	var walk func(i int, p float64)
	walk = func(i int, p float64) {
		if i < len(causes) {
			for a, q := range acts[i] {
				did[i] = a
				walk(i+1, p*q)
			}
			return
		}
		var broken, kept []int
		for _, a := range did {
			switch {
			case a == len(v.Leak):
			case v.Normal[a]:
				kept = append(kept, a)
			default:
				broken = append(broken, a)
			}
		}
		seen := broken
		if len(seen) == 0 {
			seen = kept
		}
		if len(seen) == 0 {
			total += p * v.Leak[s]
			return
		}
		for _, a := range seen {
			if a == s {
				total += p / float64(len(seen))
			}
		}
	}
	walk(0, 1)
	return total
}

func TestSeveralCausesActTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, variables, causes := drawTogether(t)
		n := rapid.IntRange(1, bayes.MaxTogether).Draw(t, "together")
		set := rapid.Permutation(upTo(causes)).Draw(t, "set")[:n]
		for v := range variables {
			sum := 0.0
			for s := range variables[v].Leak {
				got, want := m.Together(v, s, set, exact), byHand(variables[v], set, s)
				if math.Abs(got-want) > 1e-12 {
					t.Fatalf("variable %d, state %d, causes %v: got %v, want %v", v, s, set, got, want)
				}
				if n == 1 && math.Abs(got-m.Likelihood(v, s)[set[0]]) > 1e-12 {
					t.Fatalf("one cause alone: got %v, the table says %v", got, m.Likelihood(v, s)[set[0]])
				}
				sum += got
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Fatalf("variable %d sums to %v", v, sum)
			}
		}
	})
}

// exact is a reading that is always right and names everything.
var exact = bayes.Reading{Right: 1, Incidental: 1}

// seen is the evidence that a variable is in a state.
type seen struct {
	m    *bayes.Model
	v, s int
}

func (e seen) Log(causes []int) float64 { return math.Log(e.m.Together(e.v, e.s, causes, exact)) }

func TestSeveral(t *testing.T) {
	t.Parallel()
	t.Run("it agrees with going through every set", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			m, variables, causes := drawTogether(t)
			prior := drawDistribution(t, causes, "prior")
			second := rapid.Float64Range(0, 0.5).Draw(t, "second")
			var evidence []bayes.Evidence
			log := make([]float64, causes)
			for v := range variables {
				e := seen{m, v, rapid.IntRange(0, m.States(v)-1).Draw(t, "state")}
				evidence = append(evidence, e)
				for f := range log {
					log[f] += e.Log([]int{f})
				}
			}
			want, sum := make([]float64, causes), 0.0
			for bits := 1; bits < 1<<causes; bits++ {
				var set []int
				p := 1.0
				for f := range causes {
					if bits>>f&1 == 1 {
						set = append(set, f)
						p *= prior[f]
					}
				}
				if len(set) > bayes.MaxTogether {
					continue
				}
				p *= math.Pow(second, float64(len(set)-1))
				for _, e := range evidence {
					p *= math.Exp(e.Log(set))
				}
				sum += p
				for _, f := range set {
					want[f] += p
				}
			}
			s := bayes.Several{Second: second}
			err := s.Weigh(prior, log, evidence, upTo(causes))
			if sum < 1e-250 { // next to impossible: only logarithms can tell it from impossible
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for f := range want {
				want[f] /= sum
			}
			assertClose(t, s.Marginals(), want, 1e-9)
			one, present, total := make([]float64, causes), 0.0, 0.0
			s.Collapse(one)
			for f, p := range one {
				total += p
				present += s.Marginals()[f]
			}
			for f, p := range one {
				if math.Abs(p*present-s.Marginals()[f]) > 1e-9 || math.Abs(total-1) > 1e-9 {
					t.Fatalf("collapsed to %v, sum %v, from %v", one, total, s.Marginals())
				}
			}
		})
	})
	t.Run("what no set can explain is a contradiction", func(t *testing.T) {
		t.Parallel()
		m, err := bayes.NewModel(2, []bayes.Variable{{Leak: []float64{1, 0}}})
		if err != nil {
			t.Fatal(err)
		}
		s := bayes.Several{Second: 0.1}
		err = s.Weigh([]float64{0.5, 0.5}, []float64{math.Inf(-1), math.Inf(-1)}, []bayes.Evidence{seen{m, 0, 1}}, upTo(2))
		if !errors.Is(err, bayes.ErrContradiction) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("two findings that no single cause explains name two causes", func(t *testing.T) {
		t.Parallel()
		rare := []float64{0.99, 0.01}
		m, err := bayes.NewModel(3, []bayes.Variable{
			{Leak: rare, Normal: []bool{true, false}, Links: []bayes.Link{{Cause: 0, State: 1, P: 0.9}}},
			{Leak: rare, Normal: []bool{true, false}, Links: []bayes.Link{{Cause: 1, State: 1, P: 0.9}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		evidence := []bayes.Evidence{seen{m, 0, 1}, seen{m, 1, 1}}
		prior, log := []float64{0.3, 0.3, 0.4}, make([]float64, 3)
		for f := range log {
			log[f] = evidence[0].Log([]int{f}) + evidence[1].Log([]int{f})
		}
		s := bayes.Several{Second: 0.05}
		if err := s.Weigh(prior, log, evidence, upTo(3)); err != nil {
			t.Fatal(err)
		}
		if best := s.Best(1)[0]; !slices.Equal(best.Causes, []int{0, 1}) {
			t.Fatalf("got %v", best)
		}
	})
}

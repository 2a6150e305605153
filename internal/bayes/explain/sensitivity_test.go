package explain_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes/explain"
	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

func benchmarked(b *testing.B, n *network.Network) *explain.Explainer {
	b.Helper()
	tree, err := jointree.Compile(n)
	if err != nil {
		b.Fatal(err)
	}
	return explain.New(n, tree)
}

// changed is the network with one number changed and the others of its row in proportion.
func changed(n *network.Network, p explain.Parameter, value float64) *network.Network {
	out := &network.Network{Variables: n.Variables, Nodes: slices.Clone(n.Nodes)}
	node, k := &out.Nodes[p.Node], n.States(p.Node)
	var row []float64
	switch {
	case p.Part == explain.InTable:
		node.Table = slices.Clone(node.Table)
		row = node.Table[p.Row*k : (p.Row+1)*k]
	default:
		gate := &network.Noisy{Leak: slices.Clone(node.Noisy.Leak), Links: slices.Clone(node.Noisy.Links)}
		if row = gate.Leak; p.Part >= 0 {
			row = slices.Clone(gate.Links[p.Part][p.Row])
			gate.Links[p.Part] = slices.Clone(gate.Links[p.Part])
			gate.Links[p.Part][p.Row] = row
		}
		node.Noisy = gate
	}
	before := slices.Clone(row)
	for s := range row {
		if rest := 1 - before[p.State]; rest > 1e-15 {
			row[s] = before[s] * (1 - value) / rest
		} else {
			row[s] = (1 - value) / float64(k-1)
		}
	}
	row[p.State] = value
	return out
}

// answer by compiling the changed network; NaN where the evidence is impossible.
func (w world) answer(t rapid.TB, n *network.Network, target network.Observation) float64 {
	if mass(n, w.evidence, always) == 0 {
		return math.NaN()
	}
	return w.compiled(t, n, target)
}

func (w world) compiled(t rapid.TB, n *network.Network, target network.Observation) float64 {
	tree, err := jointree.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	q := tree.NewQuery()
	for _, f := range w.evidence {
		if f.Likelihood != nil {
			q.Likelihood(f.Variable, f.Likelihood)
		} else {
			q.Observe(f.Variable, f.State)
		}
	}
	if err := q.Propagate(); err != nil {
		t.Fatal(err)
	}
	return q.Posterior(target.Variable)[target.State]
}

func TestSensitivity(t *testing.T) {
	t.Parallel()
	t.Run("it is what the changed network answers, for every number of a node", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			target := drawTarget(t, w.n)
			node := rapid.IntRange(0, len(w.n.Nodes)-1).Draw(t, "node")
			list, err := w.explainer.Sensitivities(w.evidence, target, node)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) != len(w.explainer.Parameters(node)) || len(list) == 0 {
				t.Fatalf("got %d", len(list))
			}
			i := rapid.IntRange(0, len(list)-1).Draw(t, "number")
			s := list[i]
			if s.Parameter != w.explainer.Parameters(node)[i] || !closeTo(s.Answer, w.answer(t, w.n, target), 1e-12) {
				t.Fatalf("got %+v", s)
			}
			if one, err := w.explainer.Sensitivity(w.evidence, target, s.Parameter); err != nil || !closeTo(one.Derivative, s.Derivative, 1e-9) || one.Value != s.Value {
				t.Fatalf("alone it is %+v, %v, among all %+v", one, err, s)
			}
			for _, value := range []float64{0, 0.1, float64(rapid.IntRange(0, 1000).Draw(t, "thousandths")) / 1000, 1} {
				got, want := s.At(value), w.answer(t, changed(w.n, s.Parameter, value), target)
				if possible := mass(changed(w.n, s.Parameter, value), w.evidence, always); possible > 1e-12 && !closeTo(got, want, 1e-10) {
					t.Fatalf("%+v at %v: got %v, want %v", s.Parameter, value, got, want)
				}
			}
		})
	})
	t.Run("its derivative is that of finite differences", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			target := drawTarget(t, w.n)
			node := rapid.IntRange(0, len(w.n.Nodes)-1).Draw(t, "node")
			p := rapid.SampledFrom(w.explainer.Parameters(node)).Draw(t, "number")
			s, err := w.explainer.Sensitivity(w.evidence, target, p)
			if err != nil {
				t.Fatal(err)
			}
			const step = 1e-5
			if s.Value < 10*step || s.Value > 1-10*step || mass(w.n, w.evidence, always) < 1e-3 {
				return // the quotient of differences itself is too coarse here
			}
			up, down := w.answer(t, changed(w.n, p, s.Value+step), target), w.answer(t, changed(w.n, p, s.Value-step), target)
			if want := (up - down) / (2 * step); !closeTo(s.Derivative, want, 1e-4) {
				t.Fatalf("%+v: got %v, want %v", p, s.Derivative, want)
			}
		})
	})
	t.Run("at the value that it names the answer is the threshold", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			target := drawTarget(t, w.n)
			node := rapid.IntRange(0, len(w.n.Nodes)-1).Draw(t, "node")
			p := rapid.SampledFrom(w.explainer.Parameters(node)).Draw(t, "number")
			s, err := w.explainer.Sensitivity(w.evidence, target, p)
			if err != nil {
				t.Fatal(err)
			}
			threshold := rapid.Float64Range(0.01, 0.99).Draw(t, "threshold")
			low, high := s.At(0), s.At(1)
			value, ok := s.Reaching(threshold)
			if ok {
				then := changed(w.n, p, value)
				if got := w.answer(t, then, target); mass(then, w.evidence, always) > 1e-12 && !closeTo(got, threshold, 1e-9) {
					t.Fatalf("%+v at %v: got %v, want %v", p, value, got, threshold)
				}
				return
			}
			// The function is monotone, so between its ends every answer is reached.
			if low < threshold-1e-6 && high > threshold+1e-6 || high < threshold-1e-6 && low > threshold+1e-6 {
				t.Fatalf("%+v goes from %v to %v and never is %v", p, low, high, threshold)
			}
		})
	})
	t.Run("a number that nothing depends on has no say", func(t *testing.T) {
		t.Parallel()
		x, evidence := chest(t)
		s, err := x.Sensitivity(evidence, network.Observation{Variable: 0, State: 1}, explain.Parameter{Node: 3, Part: explain.InTable, State: 1})
		if err != nil || math.Abs(s.Derivative) > 1e-15 || math.Abs(s.At(0.7)-s.Answer) > 1e-15 {
			t.Errorf("got %+v, %v", s, err)
		}
		if value, ok := s.Reaching(0.5); ok {
			t.Errorf("got %v", value)
		}
	})
}

package explain_test

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes/explain"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// all reports whether every fault is present.
func all(faults []network.Observation) func(states []int) bool {
	return func(states []int) bool {
		return !slices.ContainsFunc(faults, func(o network.Observation) bool { return states[o.Variable] != o.State })
	}
}

// logFactor is the generalised Bayes factor by enumeration; ok is false where it is zero or does not exist.
func (w world) logFactor(faults []network.Observation) (log float64, ok bool) {
	not := func(s []int) bool { return !all(faults)(s) }
	prior, priorNot := mass(w.n, nil, all(faults)), mass(w.n, nil, not)
	after, afterNot := mass(w.n, w.evidence, all(faults)), mass(w.n, w.evidence, not)
	if prior == 0 || priorNot == 0 || after == 0 {
		return 0, false
	}
	return math.Log(after) - math.Log(prior) - math.Log(afterNot) + math.Log(priorNot), true
}

// settled reports whether the evidence leaves only one state of a variable.
func (w world) settled(v int) bool {
	for _, f := range w.evidence {
		if f.Variable != v {
			continue
		}
		possible := 0
		for _, l := range f.Likelihood {
			if l > 0 {
				possible++
			}
		}
		return f.Likelihood == nil || possible <= 1
	}
	return false
}

// best tries every explanation of up to three faults.
func (w world) best(faults []network.Observation) (log float64, size int) {
	log = math.Inf(-1)
	var extend func(from int, chosen []network.Observation)
	extend = func(from int, chosen []network.Observation) {
		if got, ok := w.logFactor(chosen); len(chosen) > 0 && ok {
			switch {
			case !closeTo(got, log, 1e-9) && got > log, closeTo(got, log, 1e-9) && len(chosen) < size:
				log, size = got, len(chosen)
			}
		}
		if len(chosen) == explain.LargestExplanation {
			return
		}
		for i := from; i < len(faults); i++ {
			if o := faults[i]; !w.settled(o.Variable) && !slices.ContainsFunc(chosen, func(c network.Observation) bool { return c.Variable == o.Variable }) {
				extend(i+1, append(slices.Clone(chosen), o))
			}
		}
	}
	extend(0, nil)
	return log, size
}

func TestMostRelevant(t *testing.T) {
	t.Parallel()
	t.Run("it is the best of all explanations, by enumeration", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			var targets []explain.Target
			var list []network.Observation
			for v := range w.n.Variables {
				if rapid.IntRange(0, 4).Draw(t, "no target") == 0 {
					continue
				}
				target := explain.Target{Variable: v}
				for s := 1; s < w.n.States(v); s++ {
					target.Abnormal = append(target.Abnormal, s)
					list = append(list, network.Observation{Variable: v, State: s})
				}
				targets = append(targets, target)
			}
			faults, err := w.explainer.Prepare(targets)
			if err != nil {
				t.Fatal(err)
			}
			got, err := faults.MostRelevant(w.evidence)
			if err != nil {
				t.Fatal(err)
			}
			want, size := w.best(list)
			if len(got.Faults) != size || !closeTo(got.LogFactor, want, 1e-9) {
				t.Fatalf("got %+v, want %d faults with %v", got, size, want)
			}
			if size == 0 {
				return
			}
			if own, ok := w.logFactor(got.Faults); !ok || !closeTo(own, got.LogFactor, 1e-9) {
				t.Fatalf("%+v has %v", got, own)
			}
			prior, after := mass(w.n, nil, all(got.Faults)), mass(w.n, w.evidence, all(got.Faults))/mass(w.n, w.evidence, always)
			if !closeTo(got.Prior, prior, 1e-12) || !closeTo(got.Posterior, after, 1e-12) {
				t.Fatalf("got %+v, want %v and %v", got, prior, after)
			}
			if again, err := faults.MostRelevant(w.evidence); err != nil || !reflect.DeepEqual(again, got) {
				t.Fatalf("got %+v, then %+v, %v", got, again, err)
			}
		})
	})
	t.Run("it names no fault that adds nothing", func(t *testing.T) {
		t.Parallel()
		x, evidence := chest(t)
		faults, err := x.Prepare([]explain.Target{{3, []int{1}}, {1, []int{1}}, {0, []int{1}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := faults.MostRelevant(evidence)
		if err != nil || !reflect.DeepEqual(got.Faults, []network.Observation{{Variable: 0, State: 1}}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("what was heard of a fault still counts after the fault was supposed", func(t *testing.T) {
		t.Parallel()
		two := []string{"no", "yes"}
		root := network.Node{Parents: []int{}, Table: []float64{0.9, 0.1}}
		w := world{n: &network.Network{
			Variables: []network.Variable{{Name: "line cut", States: two}, {Name: "modem off", States: two}, {Name: "no SIM", States: two}, {Name: "offline", States: two}},
			Nodes: []network.Node{root, root, root, { // the line alone does it, or the other two together
				Parents: []int{0, 1, 2}, Table: []float64{1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1},
			}},
		}}
		w.evidence = []explain.Finding{{Variable: 3, State: 1}, {Variable: 0, Likelihood: []float64{1, 1e-4}}}
		faults, err := explainer(t, w.n).Prepare([]explain.Target{{0, []int{1}}, {1, []int{1}}, {2, []int{1}}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := faults.MostRelevant(w.evidence)
		want, _ := w.logFactor([]network.Observation{{Variable: 1, State: 1}, {Variable: 2, State: 1}})
		if err != nil || len(got.Faults) != 2 || !closeTo(got.LogFactor, want, 1e-9) {
			t.Errorf("got %+v, %v, want %v", got, err, want)
		}
	})
	t.Run("there is no explanation where everything is settled", func(t *testing.T) {
		t.Parallel()
		x, evidence := chest(t)
		faults, err := x.Prepare([]explain.Target{{2, []int{1}}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := faults.MostRelevant(evidence); err != nil || got.Faults != nil || !math.IsInf(got.LogFactor, -1) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("many may ask at once", func(t *testing.T) {
		t.Parallel()
		x, evidence := chest(t)
		faults, err := x.Prepare([]explain.Target{{0, []int{1}}, {1, []int{1}}, {3, []int{1}}})
		if err != nil {
			t.Fatal(err)
		}
		want, _ := faults.MostRelevant(evidence)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				if got, err := faults.MostRelevant(evidence); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			})
		}
		wait.Wait()
	})
}

// manyFaults is the shape of a product network: causes with and without a common context, symptoms behind gates.
func manyFaults(causes, symptoms int) (*network.Network, []explain.Target, []explain.Finding) {
	n := &network.Network{Variables: []network.Variable{{Name: "context", States: []string{"old", "new"}}}, Nodes: []network.Node{{Table: []float64{0.6, 0.4}}}}
	var targets []explain.Target
	name := func(i int) string { return string(rune('a'+i/26)) + string(rune('a'+i%26)) }
	for c := range causes {
		p := 0.002 + 0.0005*float64(c%17)
		node := network.Node{Table: []float64{1 - p, p}}
		if c%5 == 0 {
			node = network.Node{Parents: []int{0}, Table: []float64{1 - p, p, 1 - 3*p, 3 * p}}
		}
		targets = append(targets, explain.Target{Variable: len(n.Variables), Abnormal: []int{1}})
		n.Variables, n.Nodes = append(n.Variables, network.Variable{Name: "cause " + name(c), States: []string{"no", "yes"}}), append(n.Nodes, node)
	}
	var evidence []explain.Finding
	for s := range symptoms {
		node := network.Node{Noisy: &network.Noisy{Leak: []float64{0.98, 0.02}}}
		for j := range 6 {
			node.Parents = append(node.Parents, 1+s*(causes-6)/symptoms+j)
			strength := 0.2 + 0.13*float64(j)
			node.Noisy.Links = append(node.Noisy.Links, [][]float64{{1, 0}, {1 - strength, strength}})
		}
		if s%7 == 0 {
			evidence = append(evidence, explain.Finding{Variable: len(n.Variables), State: 1})
		} else if s%3 == 0 {
			evidence = append(evidence, explain.Finding{Variable: len(n.Variables), State: 0})
		}
		n.Variables, n.Nodes = append(n.Variables, network.Variable{Name: "symptom " + name(s), States: []string{"no", "yes"}}), append(n.Nodes, node)
	}
	return n, targets, evidence
}

func BenchmarkMostRelevant(b *testing.B) {
	n, targets, evidence := manyFaults(60, 80)
	x := benchmarked(b, n)
	faults, err := x.Prepare(targets)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := faults.MostRelevant(evidence); err != nil {
			b.Fatal(err)
		}
	}
}

package jointree_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

func binary(name string) network.Variable {
	return network.Variable{Name: name, States: []string{"no", "yes"}}
}

// star is one hidden cause with many symptoms, each present with the given probabilities without and with the cause.
func star(symptoms int, prior, without, with float64) *network.Network {
	n := &network.Network{
		Variables: []network.Variable{binary("cause")},
		Nodes:     []network.Node{{Table: []float64{1 - prior, prior}}},
	}
	for i := range symptoms {
		n.Variables = append(n.Variables, binary(fmt.Sprint("symptom ", i)))
		n.Nodes = append(n.Nodes, network.Node{Parents: []int{0}, Table: []float64{1 - without, without, 1 - with, with}})
	}
	return n
}

// gates is a network of independent faults and findings, each a noisy-OR of every fault that step divides.
func gates(faults, findings int) *network.Network {
	n := &network.Network{}
	for i := range faults {
		n.Variables = append(n.Variables, binary(fmt.Sprint("fault ", i)))
		n.Nodes = append(n.Nodes, network.Node{Table: []float64{0.99, 0.01}})
	}
	for i := range findings {
		gate := &network.Noisy{Leak: []float64{0.999, 0.001}}
		var parents []int
		for f := i % 2; f < faults; f += i + 1 {
			parents = append(parents, f)
			strength := 0.1 + 0.8*float64(f)/float64(faults)
			gate.Links = append(gate.Links, [][]float64{{1, 0}, {1 - strength, strength}})
		}
		n.Variables = append(n.Variables, binary(fmt.Sprint("finding ", i)))
		n.Nodes = append(n.Nodes, network.Node{Parents: parents, Noisy: gate})
	}
	return n
}

func TestAProbabilityBelowTheSmallestNumberKeepsItsLogarithm(t *testing.T) {
	t.Parallel()
	const symptoms = 3000
	q := compile(t, star(symptoms, 0.25, 0.001, 0.001)).NewQuery()
	for v := 1; v <= symptoms; v++ {
		q.Observe(v, 1)
	}
	if err := q.Propagate(); err != nil {
		t.Fatal(err)
	}
	if want := symptoms * math.Log(0.001); math.Abs(q.LogEvidence()/want-1) > 1e-13 || q.Evidence() != 0 {
		t.Errorf("log p(evidence) is %v, not %v; p %v", q.LogEvidence(), want, q.Evidence())
	}
	if p := q.Posterior(0); math.Abs(p[1]-0.25) > 1e-12 {
		t.Errorf("evidence that tells nothing moved the cause to %v", p)
	}
}

func TestNumbersOutOfRangeAreNoContradiction(t *testing.T) {
	t.Parallel()
	q := compile(t, star(5, 0.5, 0, 1)).NewQuery()
	for v := 1; v <= 4; v++ {
		q.Likelihood(v, []float64{1, 1e-250})
	}
	q.Observe(5, 1)
	if err := q.Propagate(); !errors.Is(err, jointree.ErrUnderflow) || q.Conflict() != nil || q.Posterior(0) != nil {
		t.Errorf("%v, conflict %v", err, q.Conflict())
	}
	for v := 2; v <= 4; v++ {
		q.Forget(v)
	}
	if err := q.Propagate(); err != nil || q.Posterior(0)[1] != 1 || math.Abs(q.Evidence()/0.5e-250-1) > 1e-12 {
		t.Errorf("%v, p(evidence) %v", err, q.Evidence())
	}
}

func TestWhatCannotBeObservedIsRefused(t *testing.T) {
	t.Parallel()
	q := compile(t, star(1, 0.5, 0.1, 0.9)).NewQuery()
	bad := map[string]func(){
		"a state past the last":       func() { q.Observe(0, 2) },
		"a state before the first":    func() { q.Observe(0, -1) },
		"too few likelihoods":         func() { q.Likelihood(0, []float64{1}) },
		"a negative likelihood":       func() { q.Likelihood(0, []float64{1, -1}) },
		"a likelihood without end":    func() { q.Likelihood(0, []float64{1, math.Inf(1)}) },
		"a likelihood that is no one": func() { q.Likelihood(0, []float64{1, math.NaN()}) },
	}
	for what, observe := range bad {
		observe()
		if err := q.Propagate(); !errors.Is(err, jointree.ErrEvidence) || q.Posterior(1) != nil || q.Conflict() != nil {
			t.Errorf("%s: %v", what, err)
		}
		q.Forget(0)
		if err := q.Propagate(); err != nil || math.Abs(q.Posterior(1)[1]-0.5) > 1e-15 {
			t.Errorf("after %s was taken back: %v, %v", what, err, q.Posterior(1))
		}
	}
}

func TestPosteriorsAreNotReadBeforeTheyAreThere(t *testing.T) {
	t.Parallel()
	q := compile(t, star(1, 0.5, 0.1, 0.9)).NewQuery()
	if q.Posterior(0) != nil {
		t.Error("a posterior before Propagate")
	}
	if err := q.Propagate(); err != nil {
		t.Fatal(err)
	}
	q.Observe(1, 1)
	if q.Posterior(0) != nil || q.Evidence() != 0 {
		t.Error("a posterior of evidence that is not propagated")
	}
}

func TestGatesOfManyParentsStaySmall(t *testing.T) {
	t.Parallel()
	n := gates(100, 1)
	tree := compile(t, n)
	if tree.Cells() > 4000 {
		t.Errorf("a gate of a hundred parents takes %d cells", tree.Cells())
	}
	q := tree.NewQuery()
	q.Observe(100, 1)
	if err := q.Propagate(); err != nil {
		t.Fatal(err)
	}
	normal := 0.999
	for f := range 100 {
		normal *= 0.99 + 0.01*n.Nodes[100].Noisy.Links[f][1][0]
	}
	if math.Abs(q.Evidence()/(1-normal)-1) > 1e-12 {
		t.Errorf("p(finding) is %v, not %v", q.Evidence(), 1-normal)
	}
}

func TestACrowdedNetworkIsRefused(t *testing.T) {
	t.Parallel()
	n := &network.Network{}
	const side = 30 // a grid needs a clique of about as many variables as its side
	for i := range side * side {
		node := network.Node{Table: []float64{0.5, 0.5}}
		if i >= side && i%side > 0 {
			node = network.Node{Parents: []int{i - 1, i - side}, Table: []float64{0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}}
		}
		n.Variables = append(n.Variables, binary(fmt.Sprint("v", i)))
		n.Nodes = append(n.Nodes, node)
	}
	if _, err := jointree.Compile(n); !errors.Is(err, jointree.ErrTooLarge) {
		t.Errorf("a grid of %d by %d: %v", side, side, err)
	}
}

func TestAnInvalidNetworkIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := jointree.Compile(&network.Network{Variables: []network.Variable{binary("a")}}); !errors.Is(err, network.ErrInvalid) {
		t.Errorf("a network without nodes: %v", err)
	}
}

func TestALargeConflictIsIrreducible(t *testing.T) {
	t.Parallel()
	// An OR without leak that is on while all of its forty parents are off: nothing less is impossible.
	n := gates(40, 1)
	n.Nodes[40].Noisy.Leak = nil
	q := compile(t, n).NewQuery()
	want := []int{}
	for v := range 41 {
		q.Observe(v, v/40)
		want = append(want, v)
	}
	if err := q.Propagate(); !errors.Is(err, jointree.ErrContradiction) {
		t.Fatal(err)
	}
	if got := q.Conflict(); !slices.Equal(got, want) || q.Smallest() {
		t.Errorf("the conflict is %v, said to be smallest: %v", got, q.Smallest())
	}
}

func TestAWarmQueryAllocatesNothing(t *testing.T) {
	n := gates(20, 5)
	q := compile(t, n).NewQuery()
	round := 0
	ask := func() {
		round++
		q.Clear()
		q.Observe(20+round%5, 1)
		q.Likelihood(round%20, []float64{0.3, 0.7})
		if q.Propagate() != nil {
			t.Error("impossible")
		}
		for v := range n.Variables {
			q.Posterior(v)
		}
	}
	if allocations := testing.AllocsPerRun(50, ask); allocations != 0 {
		t.Errorf("%v allocations a query", allocations)
	}
}

func TestManyGoroutinesShareATree(t *testing.T) {
	t.Parallel()
	n := gates(20, 5)
	tree := compile(t, n)
	want := answers(tree, n)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if !slices.Equal(answers(tree, n), want) {
					t.Error("another goroutine changes the answer")
				}
			}
		})
	}
	wg.Wait()
}

// answers are the posteriors of all variables given each finding.
func answers(tree *jointree.Tree, n *network.Network) []float64 {
	var out []float64
	q := tree.NewQuery()
	for finding := 20; finding < len(n.Variables); finding++ {
		q.Clear()
		q.Observe(finding, 1)
		if q.Propagate() != nil {
			return nil
		}
		for v := range n.Variables {
			out = append(out, q.Posterior(v)...)
		}
	}
	return out
}

func TestPublicNetworksTakeReasonableMemory(t *testing.T) {
	t.Parallel()
	for _, path := range networks(t) {
		tree := compile(t, load(t, path))
		t.Logf("%s: %d cells", filepath.Base(path), tree.Cells())
		if tree.Cells() > 1<<22 {
			t.Errorf("%s takes %d cells", filepath.Base(path), tree.Cells())
		}
	}
}

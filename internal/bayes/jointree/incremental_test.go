package jointree

import (
	"fmt"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

// chainOf is a chain of binary variables, each like the one before it nine times in ten.
func chainOf(length int) *network.Network {
	n := &network.Network{}
	for i := range length {
		n.Variables = append(n.Variables, network.Variable{Name: fmt.Sprint("v", i), States: []string{"no", "yes"}})
		node := network.Node{Table: []float64{0.5, 0.5}}
		if i > 0 {
			node = network.Node{Parents: []int{i - 1}, Table: []float64{0.9, 0.1, 0.1, 0.9}}
		}
		n.Nodes = append(n.Nodes, node)
	}
	return n
}

func TestOnlyWhatChangedIsComputedAgain(t *testing.T) {
	t.Parallel()
	const length = 101
	tree, err := Compile(chainOf(length))
	if err != nil {
		t.Fatal(err)
	}
	q := tree.NewQuery()
	propagate := func(what string, least, most int) {
		t.Helper()
		if err := q.Propagate(); err != nil {
			t.Fatal(err)
		}
		if q.collected < least || q.collected > most {
			t.Errorf("%s: %d nodes are computed, expected %d to %d", what, q.collected, least, most)
		}
	}
	propagate("no evidence", 0, 0)
	for v := range length {
		q.Observe(v, 1)
	}
	propagate("evidence everywhere", length-2, 2*length)
	q.Observe(length/2, 0)
	propagate("one observation in the middle", 1, length/4)
	q.Observe(0, 0)
	propagate("one observation at the end", length/2-2, length/2+3)
	q.Clear()
	for v := range length {
		q.Observe(v, min(v, 1))
	}
	q.Observe(length/2, 0)
	propagate("the same evidence again", 0, 0)
	q.Forget(0)
	propagate("one observation less", length/2-2, length/2+3)
	epoch := q.epoch
	q.Forget(0)
	propagate("nothing", 0, 0)
	if q.epoch != epoch {
		t.Error("posteriors are computed again though no evidence changed")
	}
}

func TestTheSmallerShapeOfAGateIsTaken(t *testing.T) {
	t.Parallel()
	// A gate over the ends of a chain of its parents: joined in their order, everything stays narrow.
	n := chainOf(40)
	gate := &network.Noisy{}
	parents := make([]int, 40)
	for i := range parents {
		parents[i] = i
		gate.Links = append(gate.Links, [][]float64{{1, 0}, {0.5, 0.5}})
	}
	n.Variables = append(n.Variables, network.Variable{Name: "gate", States: []string{"no", "yes"}})
	n.Nodes = append(n.Nodes, network.Node{Parents: parents, Noisy: gate})
	tree, err := Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	m := unfold(n, chain)
	if other := unfold(n, balanced); len(m.states) != 40+1+38 || len(other.states) != len(m.states) {
		t.Errorf("%d and %d variables for 38 auxiliary ones", len(m.states), len(other.states))
	}
	if tree.Cells() > 40*16 {
		t.Errorf("the tree has %d cells", tree.Cells())
	}
}

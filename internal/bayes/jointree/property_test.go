package jointree_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
	"pgregory.net/rapid"
)

// check draws a few thousand cases, a hundred to each sub-test.
func check(t *testing.T, hundreds int, property func(*rapid.T)) {
	t.Helper()
	t.Parallel()
	for i := range hundreds {
		t.Run(fmt.Sprint("hundred ", i+1), func(t *testing.T) { rapid.Check(t, property) })
	}
}

func observe(q *jointree.Query, likes map[int][]float64) {
	for v, l := range likes {
		q.Likelihood(v, l)
	}
}

func mustCompile(t *rapid.T, n *network.Network) *jointree.Tree {
	tree, err := jointree.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func near(t *rapid.T, what string, got, want []float64) {
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, not %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-12) {
			t.Fatalf("%s is %v, by enumeration %v", what, got, want)
		}
	}
}

func TestSmallNetworksAgreeWithEnumeration(t *testing.T) {
	check(t, 30, func(t *rapid.T) {
		n := smallNetwork(t)
		q := mustCompile(t, n).NewQuery()
		for range 3 {
			likes := drawEvidence(t, n)
			q.Clear()
			observe(q, likes)
			err := q.Propagate()
			all := enumerate(n, likes)
			mass := all.mass()
			if mass == 0 {
				said := errors.Is(err, jointree.ErrContradiction) && math.IsInf(q.LogEvidence(), -1)
				if !said || q.Evidence() != 0 || q.Posterior(0) != nil {
					t.Fatalf("impossible evidence: %v, p(evidence) %v", err, q.Evidence())
				}
				continue
			}
			if err != nil {
				t.Fatalf("possible evidence, p = %v: %v", mass, err)
			}
			if rel := math.Abs(q.Evidence()/mass - 1); !(rel <= 1e-11) {
				t.Fatalf("p(evidence) is %v, by enumeration %v", q.Evidence(), mass)
			}
			if off := math.Abs(q.LogEvidence() - math.Log(mass)); !(off <= 1e-11) {
				t.Fatalf("its logarithm is off by %v", off)
			}
			for v := range n.Variables {
				near(t, n.Variables[v].Name, q.Posterior(v), all.marginal(v))
			}
		}
	})
}

// TestRowsThatDoNotSumToOneAreTakenAsTheyAre changes rows as rounding in a file does, and more.
func TestRowsThatDoNotSumToOneAreTakenAsTheyAre(t *testing.T) {
	check(t, 3, func(t *rapid.T) {
		n := smallNetwork(t)
		for v := range n.Nodes {
			for i := range n.Nodes[v].Table {
				n.Nodes[v].Table[i] *= 1 + float64(rapid.IntRange(-4, 4).Draw(t, "off"))*1e-4
			}
		}
		likes := drawEvidence(t, n)
		q := mustCompile(t, n).NewQuery()
		observe(q, likes)
		all := enumerate(n, likes)
		if q.Propagate() != nil {
			return
		}
		if rel := math.Abs(q.Evidence()/all.mass() - 1); !(rel <= 1e-11) {
			t.Fatalf("p(evidence) is %v, by enumeration %v", q.Evidence(), all.mass())
		}
		for v := range n.Variables {
			near(t, n.Variables[v].Name, q.Posterior(v), all.marginal(v))
		}
	})
}

func TestPosteriorsSumToOne(t *testing.T) {
	check(t, 2, func(t *rapid.T) {
		n := smallNetwork(t)
		q := mustCompile(t, n).NewQuery()
		observe(q, drawEvidence(t, n))
		if q.Propagate() != nil {
			return
		}
		for v := range n.Variables {
			sum := 0.0
			for _, p := range q.Posterior(v) {
				if !(p >= 0) {
					t.Fatalf("%v is no probability", p)
				}
				sum += p
			}
			if math.Abs(sum-1) > 1e-15 {
				t.Fatalf("the sum is %v", sum)
			}
		}
	})
}

// TestTheSameEvidenceGivesTheSameBits puts evidence in one by one in any order, with detours and questions between, and
// compares with a new query that gets it at once.
func TestTheSameEvidenceGivesTheSameBits(t *testing.T) {
	check(t, 10, func(t *rapid.T) {
		n := smallNetwork(t)
		tree := mustCompile(t, n)
		likes := drawEvidence(t, n)
		worn := tree.NewQuery()
		for range rapid.IntRange(0, 12).Draw(t, "detours") {
			detour(t, n, worn)
		}
		for v := range n.Variables {
			if likes[v] == nil {
				worn.Forget(v)
			}
		}
		vars := make([]int, 0, len(likes))
		for v := range n.Variables {
			if likes[v] != nil {
				vars = append(vars, v)
			}
		}
		for _, v := range rapid.Permutation(vars).Draw(t, "order") {
			worn.Likelihood(v, likes[v])
			if rapid.Bool().Draw(t, "propagate between") {
				_ = worn.Propagate()
			}
		}
		fresh := tree.NewQuery()
		observe(fresh, likes)
		sameBits(t, n, worn, fresh)
	})
}

func detour(t *rapid.T, n *network.Network, q *jointree.Query) {
	v := rapid.IntRange(0, len(n.Variables)-1).Draw(t, "variable")
	switch rapid.IntRange(0, 5).Draw(t, "detour") {
	case 0, 1:
		q.Observe(v, rapid.IntRange(0, n.States(v)-1).Draw(t, "state"))
	case 2:
		q.Forget(v)
	case 3:
		_ = q.Propagate()
	case 4:
		_ = q.Propagate()
		q.Posterior(v)
	case 5:
		q.Clear()
	}
}

func sameBits(t *rapid.T, n *network.Network, a, b *jointree.Query) {
	errA, errB := a.Propagate(), b.Propagate()
	if (errA == nil) != (errB == nil) {
		t.Fatalf("one says %v, the other %v", errA, errB)
	}
	if a.Evidence() != b.Evidence() || a.LogEvidence() != b.LogEvidence() {
		t.Fatalf("p(evidence) is %v and %v", a.Evidence(), b.Evidence())
	}
	if !slices.Equal(a.Conflict(), b.Conflict()) {
		t.Fatalf("the conflict is %v and %v", a.Conflict(), b.Conflict())
	}
	for v := len(n.Variables) - 1; v >= 0; v-- {
		b.Posterior(v) // asked in another order than below
	}
	for v := range n.Variables {
		if !slices.Equal(a.Posterior(v), b.Posterior(v)) {
			t.Fatalf("the posterior of %d is %v and %v", v, a.Posterior(v), b.Posterior(v))
		}
	}
}

func TestConflictsAreImpossibleAndNoneIsSmaller(t *testing.T) {
	check(t, 10, func(t *rapid.T) {
		n := smallNetwork(t)
		likes := drawEvidence(t, n)
		q := mustCompile(t, n).NewQuery()
		observe(q, likes)
		err := q.Propagate()
		got := q.Conflict()
		if err == nil {
			if got != nil {
				t.Fatalf("conflict %v without a contradiction", got)
			}
			return
		}
		var typed *jointree.Contradiction
		if !errors.As(err, &typed) || !q.Smallest() {
			t.Fatalf("%v; smallest: %v", err, q.Smallest())
		}
		if enumerate(n, only(likes, got)).mass() != 0 {
			t.Fatalf("%v is possible", got)
		}
		if size := smallestConflict(n, likes); size != len(got) {
			t.Fatalf("%v has %d members, there is one with %d", got, len(got), size)
		}
	})
}

// only is the evidence on some variables.
func only(likes map[int][]float64, vars []int) map[int][]float64 {
	out := map[int][]float64{}
	for _, v := range vars {
		out[v] = likes[v]
	}
	return out
}

// smallestConflict tries every subset of the evidence.
func smallestConflict(n *network.Network, likes map[int][]float64) int {
	smallest := math.MaxInt
	for mask := range uint(1) << len(n.Variables) {
		var vars []int
		for v := range n.Variables {
			if mask>>v&1 != 0 && likes[v] != nil {
				vars = append(vars, v)
			}
		}
		if len(vars) == bits.OnesCount(mask) && len(vars) < smallest && enumerate(n, only(likes, vars)).mass() == 0 {
			smallest = len(vars)
		}
	}
	return smallest
}

func TestJointDistributionsAgreeWithEnumeration(t *testing.T) {
	check(t, 5, func(t *rapid.T) {
		n := smallNetwork(t)
		likes := drawEvidence(t, n)
		q := mustCompile(t, n).NewQuery()
		observe(q, likes)
		var all []int
		for v := range n.Variables {
			all = append(all, v)
		}
		vars := rapid.Permutation(all).Draw(t, "order")[:rapid.IntRange(0, min(4, len(all))).Draw(t, "size")]
		got, err := q.Joint(vars)
		if want := enumerate(n, likes); want.mass() > 0 {
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprint("the joint of ", vars), got, want.marginal(vars...))
		} else if !errors.Is(err, jointree.ErrContradiction) {
			t.Fatalf("impossible evidence: %v", err)
		}
	})
}

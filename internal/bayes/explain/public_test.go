package explain_test

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/explain"
	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// public reads a network that others published.
func public(t *testing.T, name string) *network.Network {
	t.Helper()
	dir := os.Getenv("POSMEDIC_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(dir, "data", "bn", "networks", name+".bif"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the public networks are not on this machine (POSMEDIC_SHARED, data/bn/networks)")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := network.ReadBIF(f)
	if err != nil {
		t.Fatal(err)
	}
	n.Normalise()
	return n
}

// sampled draws a state of affairs and observes some variables of it.
func sampled(r *rand.Rand, n *network.Network, count int) []explain.Finding {
	states := make([]int, len(n.Variables))
	for _, v := range n.Order() {
		row, k := 0, n.States(v)
		for _, p := range n.Nodes[v].Parents {
			row = row*n.States(p) + states[p]
		}
		rest := r.Float64()
		for s, p := range n.Nodes[v].Table[row*k : (row+1)*k] {
			if p > 0 {
				states[v] = s
			}
			if rest -= p; rest < 0 {
				break
			}
		}
	}
	var evidence []explain.Finding
	for _, v := range r.Perm(len(states))[:count] {
		evidence = append(evidence, explain.Finding{Variable: v, State: states[v]})
	}
	return evidence
}

func TestPublicNetworks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"asia", "child", "alarm", "win95pts", "hepar2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := public(t, name)
			tree, err := jointree.Compile(n)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(7, 11))
			for range 6 {
				evidence := sampled(r, n, min(8, len(n.Variables)/4))
				numbersAgree(t, r, n, explain.New(n, tree), evidence)
				explanationAgrees(t, r, n, tree, evidence)
			}
		})
	}
}

// numbersAgree changes numbers of some nodes and compiles the network again.
func numbersAgree(t *testing.T, r *rand.Rand, n *network.Network, x *explain.Explainer, evidence []explain.Finding) {
	t.Helper()
	w := world{n: n, evidence: evidence}
	for range 4 {
		target := network.Observation{Variable: r.IntN(len(n.Variables))}
		list, err := x.Sensitivities(evidence, target, r.IntN(len(n.Nodes)))
		if err != nil {
			t.Fatal(err)
		}
		s, value := list[r.IntN(len(list))], 0.05+0.9*r.Float64()
		if got, want := s.At(value), w.compiled(t, changed(n, s.Parameter, value), target); math.Abs(got-want) > 1e-12 {
			t.Errorf("%+v at %v: got %v, want %v", s.Parameter, value, got, want)
		}
		if got, want := s.Answer, w.compiled(t, n, target); math.Abs(got-want) > 1e-12 {
			t.Errorf("%+v: got %v, want %v", s.Parameter, got, want)
		}
	}
}

// explanationAgrees takes every joint distribution of up to three variables.
func explanationAgrees(t *testing.T, r *rand.Rand, n *network.Network, tree *jointree.Tree, evidence []explain.Finding) {
	t.Helper()
	var targets []explain.Target
	for _, v := range r.Perm(len(n.Variables)) {
		if len(targets) < 7 && !slices.ContainsFunc(evidence, func(f explain.Finding) bool { return f.Variable == v }) {
			targets = append(targets, explain.Target{Variable: v, Abnormal: []int{r.IntN(n.States(v))}})
		}
	}
	faults, err := explain.New(n, tree).Prepare(targets)
	if err != nil {
		t.Fatal(err)
	}
	got, err := faults.MostRelevant(evidence)
	if err != nil {
		t.Fatal(err)
	}
	prior, after := tree.NewQuery(), tree.NewQuery()
	for _, f := range evidence {
		after.Observe(f.Variable, f.State)
	}
	if err := errors.Join(prior.Propagate(), after.Propagate()); err != nil {
		t.Fatal(err)
	}
	best := math.Inf(-1)
	for set := 1; set < 1<<len(targets); set++ {
		var chosen []explain.Target
		for i, target := range targets {
			if set>>i&1 == 1 {
				chosen = append(chosen, target)
			}
		}
		if len(chosen) > explain.LargestExplanation {
			continue
		}
		if odds, before := oddsOf(t, n, after, chosen), oddsOf(t, n, prior, chosen); before > math.Inf(-1) && before < math.Inf(1) {
			best = max(best, odds-before)
		}
	}
	if !closeTo(got.LogFactor, best, 1e-9) {
		t.Errorf("got %+v, the best of all has %v", got, best)
	}
}

// oddsOf is the logarithm of the odds that all are abnormal.
func oddsOf(t *testing.T, n *network.Network, q *jointree.Query, chosen []explain.Target) float64 {
	t.Helper()
	vars, cell := []int{}, 0
	for _, c := range chosen {
		vars = append(vars, c.Variable)
		cell = cell*n.States(c.Variable) + c.Abnormal[0]
	}
	joint, err := q.Joint(vars)
	if err != nil {
		t.Fatal(err)
	}
	others := 0.0
	for i, p := range joint {
		if i != cell {
			others += p
		}
	}
	return math.Log(joint[cell]) - math.Log(others)
}

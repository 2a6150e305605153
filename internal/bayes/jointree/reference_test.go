package jointree_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// references is where the networks and posteriors of other engines are, or skips.
func references(t testing.TB) string {
	t.Helper()
	root := os.Getenv("POSMEDIC_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	dir := filepath.Join(root, "data", "bn")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the reference networks are not here (%s); set POSMEDIC_SHARED", dir)
	}
	return dir
}

func load(t testing.TB, path string) *network.Network {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n, err := network.ReadBIF(file)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	n.Normalise()
	return n
}

func compile(t testing.TB, n *network.Network) *jointree.Tree {
	t.Helper()
	tree, err := jointree.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// reference is a file of posteriors that other engines agree on.
type reference struct {
	States map[string][]string `json:"states"`
	Sets   []struct {
		ID        int                  `json:"id"`
		Evidence  map[string]string    `json:"evidence"`
		Soft      map[string][]float64 `json:"soft"`
		PEvidence float64              `json:"p_evidence"`
		Posterior map[string][]float64 `json:"posterior"`
	} `json:"sets"`
}

// place maps the states of a reference to those of the network.
func place(n *network.Network, v int, states []string) []int {
	at := make([]int, len(states))
	for i, s := range states {
		at[i] = n.State(v, s)
	}
	return at
}

func TestPosteriorsAreThoseOfFourOtherEngines(t *testing.T) {
	t.Parallel()
	dir := references(t)
	files, err := filepath.Glob(filepath.Join(dir, "reference", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reference files: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var ref reference
			if err := json.Unmarshal(body, &ref); err != nil {
				t.Fatal(err)
			}
			compareWith(t, load(t, filepath.Join(dir, "networks", name+".bif")), &ref)
		})
	}
}

func compareWith(t *testing.T, n *network.Network, ref *reference) {
	q := compile(t, n).NewQuery()
	worst, worstEvidence := 0.0, 0.0
	for _, set := range ref.Sets {
		q.Clear()
		for name, state := range set.Evidence {
			v := n.Index(name)
			q.Observe(v, n.State(v, state))
		}
		for name, soft := range set.Soft {
			v := n.Index(name)
			like := make([]float64, len(soft))
			for i, s := range place(n, v, ref.States[name]) {
				like[s] = soft[i]
			}
			q.Likelihood(v, like)
		}
		if err := q.Propagate(); err != nil {
			t.Fatalf("set %d: %v", set.ID, err)
		}
		worstEvidence = max(worstEvidence, math.Abs(q.Evidence()/set.PEvidence-1))
		for name, want := range set.Posterior {
			v := n.Index(name)
			got := q.Posterior(v)
			for i, s := range place(n, v, ref.States[name]) {
				worst = max(worst, math.Abs(got[s]-want[i]))
			}
		}
	}
	t.Logf("posteriors within %.2g, p(evidence) within %.2g", worst, worstEvidence)
	if !(worst <= 1e-12) || !(worstEvidence <= 1e-11) {
		t.Errorf("off by %v, p(evidence) by %v", worst, worstEvidence)
	}
}

// networks are the public networks, smallest file first.
func networks(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(references(t), "networks", "*.bif"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no networks: %v", err)
	}
	slices.Sort(files)
	return files
}

// BenchmarkAllPosteriors takes a new set of evidence, propagates it fully and reads every posterior.
func BenchmarkAllPosteriors(b *testing.B) {
	for _, path := range networks(b) {
		b.Run(strings.TrimSuffix(filepath.Base(path), ".bif"), func(b *testing.B) {
			n := load(b, path)
			tree := compile(b, n)
			q := tree.NewQuery()
			sets := samples(n, 40)
			b.ReportMetric(float64(tree.Cells()), "cells")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				q.Clear()
				for _, o := range sets[i%len(sets)] {
					q.Observe(o[0], o[1])
				}
				if err := q.Propagate(); err != nil {
					b.Fatal(err)
				}
				for v := range n.Variables {
					q.Posterior(v)
				}
			}
		})
	}
}

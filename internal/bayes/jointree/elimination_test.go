package jointree_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

// table is a function of variables, the last one fastest: what variable elimination multiplies and sums.
type table struct {
	vars   []int
	values []float64
}

// eliminate answers, by summing out one variable after the other, the distribution of target times p(evidence). It
// shares nothing with the tree.
func eliminate(n *network.Network, evidence map[int]int, target int) []float64 {
	var tables []table
	for v := range n.Nodes {
		t := table{vars: append(slices.Clone(n.Nodes[v].Parents), v), values: n.Nodes[v].Table}
		tables = append(tables, fix(n, t, evidence))
	}
	left := map[int]bool{}
	for v := range n.Variables {
		if _, seen := evidence[v]; !seen && v != target {
			left[v] = true
		}
	}
	for len(left) > 0 {
		v, size := -1, math.Inf(1)
		for w := range n.Variables {
			if left[w] {
				if s := cells(n, scope(tables, w)); s < size {
					v, size = w, s
				}
			}
		}
		delete(left, v)
		product := multiply(n, tables, scope(tables, v))
		tables = slices.DeleteFunc(tables, func(t table) bool { return slices.Contains(t.vars, v) })
		tables = append(tables, sumOut(n, product, v))
	}
	product := multiply(n, tables, []int{target}).values
	for _, t := range tables {
		if len(t.vars) == 0 {
			for s := range product {
				product[s] *= t.values[0]
			}
		}
	}
	return product
}

// fix keeps the cells that agree with the evidence, without the observed variables, except the target's.
func fix(n *network.Network, t table, evidence map[int]int) table {
	out := table{}
	states := make([]int, len(t.vars))
	for i, v := range t.vars {
		states[i] = n.States(v)
		if _, seen := evidence[v]; !seen {
			out.vars = append(out.vars, v)
		}
	}
	config := make([]int, len(t.vars))
	for _, p := range t.values {
		agrees := true
		for i, v := range t.vars {
			s, seen := evidence[v]
			agrees = agrees && (!seen || s == config[i])
		}
		if agrees {
			out.values = append(out.values, p)
		}
		step(config, states)
	}
	return out
}

// scope lists the variables of all tables that have v, v last.
func scope(tables []table, v int) []int {
	var vars []int
	for _, t := range tables {
		if slices.Contains(t.vars, v) {
			vars = append(vars, t.vars...)
		}
	}
	slices.Sort(vars)
	vars = slices.DeleteFunc(slices.Compact(vars), func(x int) bool { return x == v })
	return append(vars, v)
}

func cells(n *network.Network, vars []int) float64 {
	size := 1.0
	for _, v := range vars {
		size *= float64(n.States(v))
	}
	return size
}

// multiply makes the table over vars, whose last is v, of all tables that have v.
func multiply(n *network.Network, tables []table, vars []int) table {
	v := vars[len(vars)-1]
	out := table{vars: vars, values: make([]float64, int(cells(n, vars)))}
	for i := range out.values {
		out.values[i] = 1
	}
	states := make([]int, len(vars))
	for i, w := range vars {
		states[i] = n.States(w)
	}
	for _, t := range tables {
		if !slices.Contains(t.vars, v) {
			continue
		}
		strides := make([]int, len(vars))
		size := 1
		for i := len(t.vars) - 1; i >= 0; i-- {
			strides[slices.Index(vars, t.vars[i])] = size
			size *= n.States(t.vars[i])
		}
		config := make([]int, len(vars))
		for i := range out.values {
			at := 0
			for j, s := range config {
				at += s * strides[j]
			}
			out.values[i] *= t.values[at]
			step(config, states)
		}
	}
	return out
}

// sumOut sums over the last variable.
func sumOut(n *network.Network, t table, v int) table {
	out := table{vars: t.vars[:len(t.vars)-1]}
	for k := n.States(v); len(t.values) > 0; t.values = t.values[k:] {
		sum := 0.0
		for _, p := range t.values[:k] {
			sum += p
		}
		out.values = append(out.values, sum)
	}
	return out
}

func TestPublicNetworksAgreeWithVariableElimination(t *testing.T) {
	t.Parallel()
	for _, path := range networks(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".bif"), func(t *testing.T) {
			t.Parallel()
			n := load(t, path)
			q := compile(t, n).NewQuery()
			worst, worstEvidence := 0.0, 0.0
			for i, set := range samples(n, 2) {
				q.Clear()
				evidence := map[int]int{}
				for _, o := range set {
					evidence[o[0]] = o[1]
					q.Observe(o[0], o[1])
				}
				if err := q.Propagate(); err != nil {
					t.Fatal(err)
				}
				for target := i; target < len(n.Variables); target += len(n.Variables)/3 + 1 {
					if _, seen := evidence[target]; seen {
						continue
					}
					mass, want := 0.0, eliminate(n, evidence, target)
					for _, p := range want {
						mass += p
					}
					worstEvidence = max(worstEvidence, math.Abs(q.Evidence()/mass-1))
					for s, p := range q.Posterior(target) {
						worst = max(worst, math.Abs(p-want[s]/mass))
					}
				}
			}
			t.Logf("posteriors within %.2g, p(evidence) within %.2g", worst, worstEvidence)
			if !(worst <= 1e-12) || !(worstEvidence <= 1e-11) {
				t.Errorf("off by %v, p(evidence) by %v", worst, worstEvidence)
			}
		})
	}
}

package explain_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes/explain"
	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// world is a small random network, and evidence that is possible in it.
type world struct {
	n         *network.Network
	evidence  []explain.Finding
	explainer *explain.Explainer
}

// drawWorld draws tables and gates, with zeros, and hard and soft evidence.
func drawWorld(t *rapid.T) world {
	w := world{n: drawNetwork(t)}
	seen := drawPossible(t, w.n)
	for v := range w.n.Variables {
		switch rapid.IntRange(0, 5).Draw(t, "seen") {
		case 0, 1:
			w.evidence = append(w.evidence, explain.Finding{Variable: v, State: seen[v]})
		case 2:
			l := make([]float64, w.n.States(v))
			for s := range l {
				l[s] = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.01, 1)).Draw(t, "likelihood")
			}
			l[seen[v]] = 0.5
			w.evidence = append(w.evidence, explain.Finding{Variable: v, Likelihood: l})
		}
	}
	w.explainer = explainer(t, w.n)
	return w
}

func explainer(t rapid.TB, n *network.Network) *explain.Explainer {
	tree, err := jointree.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	return explain.New(n, tree)
}

func drawNetwork(t *rapid.T) *network.Network {
	n := &network.Network{}
	for v := range rapid.IntRange(2, 6).Draw(t, "variables") {
		variable := network.Variable{Name: string(rune('A' + v)), States: []string{"0", "1", "2"}[:rapid.IntRange(2, 3).Draw(t, "states")]}
		n.Variables = append(n.Variables, variable)
		node := network.Node{Parents: []int{}}
		for p := range v {
			if len(node.Parents) < 3 && rapid.IntRange(0, 2).Draw(t, "parent") == 0 {
				node.Parents = append(node.Parents, p)
			}
		}
		n.Nodes = append(n.Nodes, node)
		drawNumbers(t, n, v)
	}
	return n
}

func drawNumbers(t *rapid.T, n *network.Network, v int) {
	k, node := n.States(v), &n.Nodes[v]
	if rapid.IntRange(0, 3).Draw(t, "gate") == 0 {
		node.Noisy = &network.Noisy{Leak: drawRow(t, k), Links: [][][]float64{}}
		for _, p := range node.Parents {
			link := [][]float64{}
			for range n.States(p) {
				link = append(link, drawRow(t, k))
			}
			node.Noisy.Links = append(node.Noisy.Links, link)
		}
		return
	}
	cells, _ := n.TableCells(v)
	for len(node.Table) < cells {
		node.Table = append(node.Table, drawRow(t, k)...)
	}
}

func drawRow(t *rapid.T, k int) []float64 {
	row, sum := make([]float64, k), 0.0
	for s := range row {
		row[s] = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0.001, 1), rapid.Float64Range(0.2, 1)).Draw(t, "p")
		sum += row[s]
	}
	if sum == 0 {
		row[0], sum = 1, 1
	}
	for s := range row {
		row[s] /= sum
	}
	return row
}

// each visits every state of affairs with its probability.
func each(n *network.Network, visit func(states []int, p float64)) {
	tables := make([][]float64, len(n.Nodes))
	for v := range tables {
		tables[v] = n.Tabulate(v)
	}
	states := make([]int, len(n.Nodes))
	var fill func(v int, p float64)
	fill = func(v int, p float64) {
		if v == len(states) { // parents have smaller indices here
			visit(states, p)
			return
		}
		row := 0
		for _, parent := range n.Nodes[v].Parents {
			row = row*n.States(parent) + states[parent]
		}
		for s := range n.States(v) {
			states[v] = s
			fill(v+1, p*tables[v][row*n.States(v)+s])
		}
	}
	fill(0, 1)
}

// drawPossible draws one state of affairs that can be.
func drawPossible(t *rapid.T, n *network.Network) []int {
	var list [][]int
	each(n, func(states []int, p float64) {
		if p > 0 {
			list = append(list, append([]int(nil), states...))
		}
	})
	return rapid.SampledFrom(list).Draw(t, "seen states")
}

// mass is the probability of the evidence together with what is supposed, by enumeration.
func mass(n *network.Network, evidence []explain.Finding, suppose func(states []int) bool) float64 {
	sum := 0.0
	each(n, func(states []int, p float64) {
		for _, f := range evidence {
			switch {
			case f.Likelihood != nil:
				p *= f.Likelihood[states[f.Variable]]
			case states[f.Variable] != f.State:
				p = 0
			}
		}
		if suppose(states) {
			sum += p
		}
	})
	return sum
}

func always([]int) bool { return true }

func is(o network.Observation) func(states []int) bool {
	return func(states []int) bool { return states[o.Variable] == o.State }
}

func drawTarget(t *rapid.T, n *network.Network) network.Observation {
	v := rapid.IntRange(0, len(n.Variables)-1).Draw(t, "target")
	return network.Observation{Variable: v, State: rapid.IntRange(0, n.States(v)-1).Draw(t, "target state")}
}

// closeTo compares with a tolerance relative to the size from one up; infinities are only close to themselves.
func closeTo(a, b, tolerance float64) bool {
	if math.IsInf(a, 0) || math.IsInf(b, 0) {
		return a == b
	}
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}

func TestWeights(t *testing.T) {
	t.Parallel()
	t.Run("each is the change of the log-odds that leaving the finding out makes", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w := drawWorld(t)
			target := drawTarget(t, w.n)
			logOdds := func(evidence []explain.Finding) float64 {
				yes := mass(w.n, evidence, is(target))
				no := mass(w.n, evidence, func(s []int) bool { return !is(target)(s) })
				return math.Log(yes) - math.Log(no)
			}
			answer, weights, err := w.explainer.Weights(w.evidence, target)
			if err != nil {
				t.Fatal(err)
			}
			if want := mass(w.n, w.evidence, is(target)) / mass(w.n, w.evidence, always); !closeTo(answer, want, 1e-12) {
				t.Fatalf("got %v, want %v", answer, want)
			}
			for i, got := range weights {
				rest := append(append([]explain.Finding(nil), w.evidence[:i]...), w.evidence[i+1:]...)
				want := logOdds(w.evidence) - logOdds(rest)
				if math.IsNaN(want) {
					want = 0 // certain with it and without it
				}
				without := mass(w.n, rest, is(target)) / mass(w.n, rest, always)
				if got.Finding != i || !closeTo(got.LogOdds, want, 1e-10) || !closeTo(got.Without, without, 1e-12) {
					t.Fatalf("finding %d: got %+v, want %v and %v", i, got, want, without)
				}
			}
		})
	})
	t.Run("the answer is the same after as before", func(t *testing.T) {
		t.Parallel()
		x, evidence := chest(t)
		first, one, err := x.Weights(evidence, network.Observation{Variable: 0, State: 1})
		second, two, err2 := x.Weights(evidence, network.Observation{Variable: 0, State: 1})
		if err != nil || err2 != nil || first != second || !reflect.DeepEqual(one, two) {
			t.Errorf("got %v %v %v, then %v %v %v", first, one, err, second, two, err2)
		}
		if one[0].LogOdds <= 0 {
			t.Errorf("no paper, so it does not print: got %+v", one[0])
		}
	})
}

// chest has two faults with a common symptom, and a fault that has nothing to do with it.
func chest(t testing.TB) (*explain.Explainer, []explain.Finding) {
	t.Helper()
	two := []string{"no", "yes"}
	n := &network.Network{
		Variables: []network.Variable{{Name: "paper out", States: two}, {Name: "printer broken", States: two}, {Name: "no receipt", States: two}, {Name: "screen cracked", States: two}},
		Nodes: []network.Node{
			{Table: []float64{0.9, 0.1}}, {Table: []float64{0.99, 0.01}},
			{Parents: []int{0, 1}, Noisy: &network.Noisy{Links: [][][]float64{{{1, 0}, {0, 1}}, {{1, 0}, {0.2, 0.8}}}, Leak: []float64{0.98, 0.02}}},
			{Table: []float64{0.95, 0.05}},
		},
	}
	tree, err := jointree.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	return explain.New(n, tree), []explain.Finding{{Variable: 2, State: 1}}
}

func TestQuestionsAboutWhatIsNotThereAreRefused(t *testing.T) {
	t.Parallel()
	x, evidence := chest(t)
	good := network.Observation{Variable: 0, State: 1}
	for name, ask := range map[string]func() error{
		"a variable": func() error { _, _, err := x.Weights([]explain.Finding{{Variable: 4}}, good); return err },
		"a state":    func() error { _, _, err := x.Weights([]explain.Finding{{Variable: 2, State: 2}}, good); return err },
		"a likelihood": func() error {
			_, _, err := x.Weights([]explain.Finding{{Variable: 2, Likelihood: []float64{1}}}, good)
			return err
		},
		"a variable twice": func() error { _, _, err := x.Weights(append(evidence, evidence...), good); return err },
		"a target":         func() error { _, _, err := x.Weights(evidence, network.Observation{Variable: -1}); return err },
		"a fault":          func() error { _, err := x.Prepare([]explain.Target{{Variable: 0, Abnormal: []int{2}}}); return err },
		"a fault twice":    func() error { _, err := x.Prepare([]explain.Target{{Variable: 0, Abnormal: []int{1, 1}}}); return err },
		"a node":           func() error { _, err := x.Sensitivities(evidence, good, 4); return err },
		"a row": func() error {
			_, err := x.Sensitivity(evidence, good, explain.Parameter{Part: explain.InTable, Row: 1})
			return err
		},
		"a table of a gate": func() error {
			_, err := x.Sensitivity(evidence, good, explain.Parameter{Node: 2, Part: explain.InTable})
			return err
		},
		"a link of a table": func() error { _, err := x.Sensitivity(evidence, good, explain.Parameter{Node: 0, Part: 0}); return err },
		"a leak there is not": func() error {
			_, err := x.Sensitivity(evidence, good, explain.Parameter{Node: 0, Part: explain.InLeak})
			return err
		},
		"a parameter in a state": func() error {
			_, err := x.Sensitivity(evidence, good, explain.Parameter{Part: explain.InTable, State: 2})
			return err
		},
	} {
		if err := ask(); !errors.Is(err, explain.ErrQuestion) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	impossible := []explain.Finding{{Variable: 2, Likelihood: []float64{0, 0}}}
	if _, _, err := x.Weights(impossible, good); !errors.Is(err, jointree.ErrContradiction) {
		t.Errorf("impossible evidence: got %v", err)
	}
}

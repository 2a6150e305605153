package network_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/network"
	"pgregory.net/rapid"
)

// printer is a valid network: paper and toner, of which a page needs both, and a gate for complaints.
func printer() *network.Network {
	states := []string{"no", "yes"}
	return &network.Network{
		Variables: []network.Variable{{"paper", states}, {"toner", states}, {"page", states}, {"complaints", []string{"none", "few", "many"}}},
		Nodes: []network.Node{
			{Table: []float64{0.1, 0.9}},
			{Table: []float64{0.2, 0.8}},
			{Parents: []int{0, 1}, Table: []float64{1, 0, 1, 0, 1, 0, 0.01, 0.99}},
			{Parents: []int{2}, Noisy: &network.Noisy{
				Links: [][][]float64{{{0.1, 0.2, 0.7}, {1, 0, 0}}},
				Leak:  []float64{0.9, 0.05, 0.05},
			}},
		},
	}
}

func TestAValidNetworkPasses(t *testing.T) {
	t.Parallel()
	n := printer()
	if err := n.Validate(); err != nil {
		t.Fatal(err)
	}
	n.Nodes[0].Table = []float64{0.1004, 0.9}
	n.Nodes[3].Noisy.Leak = nil
	if err := n.Validate(); err != nil {
		t.Errorf("a row that is off by rounding and a gate without leak: %v", err)
	}
	if n.Index("page") != 2 || n.Index("ink") != -1 || n.State(3, "few") != 1 || n.State(3, "all") != -1 {
		t.Error("names are not found")
	}
}

func TestEveryBrokenRuleIsNamed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(n *network.Network)
		says  string
	}{
		"a node too few":             {func(n *network.Network) { n.Nodes = n.Nodes[:3] }, "4 variables but 3 nodes"},
		"a name twice":               {func(n *network.Network) { n.Variables[1].Name = "paper" }, "taken"},
		"no name":                    {func(n *network.Network) { n.Variables[1].Name = "" }, "empty"},
		"a state twice":              {func(n *network.Network) { n.Variables[1].States = []string{"no", "no"} }, "taken"},
		"no states":                  {func(n *network.Network) { n.Variables[1].States = nil }, "0 states"},
		"a parent that is not there": {func(n *network.Network) { n.Nodes[2].Parents[0] = 4 }, "parent 4"},
		"a parent below zero":        {func(n *network.Network) { n.Nodes[2].Parents[0] = -1 }, "parent -1"},
		"its own parent":             {func(n *network.Network) { n.Nodes[2].Parents[0] = 2 }, "parent 2"},
		"a parent twice":             {func(n *network.Network) { n.Nodes[2].Parents[0] = 1 }, "parent 1"},
		"a cycle": {func(n *network.Network) {
			n.Nodes[0] = network.Node{Parents: []int{2}, Table: []float64{0.1, 0.9, 0.1, 0.9}}
		}, "cycle"},
		"a table too short":         {func(n *network.Network) { n.Nodes[2].Table = n.Nodes[2].Table[:6] }, "6 numbers"},
		"a row that is no one":      {func(n *network.Network) { n.Nodes[2].Table[6] = 0.02 }, "row 3"},
		"a negative number":         {func(n *network.Network) { n.Nodes[0].Table = []float64{-0.5, 1.5} }, "no probability"},
		"a number that is none":     {func(n *network.Network) { n.Nodes[0].Table[0] = math.NaN() }, "no probability"},
		"a table and a gate":        {func(n *network.Network) { n.Nodes[3].Table = []float64{1} }, "table and a noisy gate"},
		"a link too few":            {func(n *network.Network) { n.Nodes[3].Noisy.Links = nil }, "0 links"},
		"a link row too few":        {func(n *network.Network) { n.Nodes[3].Noisy.Links[0] = [][]float64{{1, 0, 0}} }, "1 rows"},
		"a link row of other size":  {func(n *network.Network) { n.Nodes[3].Noisy.Links[0][1] = []float64{1, 0} }, "2 numbers"},
		"a leak that is not one":    {func(n *network.Network) { n.Nodes[3].Noisy.Leak = []float64{0.5, 0, 0} }, "leak"},
		"a table that is too large": {tooLarge, "at most"},
	}
	for what, c := range cases {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			n := printer()
			c.spoil(n)
			err := n.Validate()
			if !errors.Is(err, network.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, expected a word about %q", err, c.says)
			}
		})
	}
}

// tooLarge gives the page thirty parents.
func tooLarge(n *network.Network) {
	for i := range 30 {
		n.Variables = append(n.Variables, network.Variable{Name: fmt.Sprint("part ", i), States: []string{"no", "yes"}})
		n.Nodes = append(n.Nodes, network.Node{Table: []float64{0.5, 0.5}})
		n.Nodes[2].Parents = append(n.Nodes[2].Parents, len(n.Nodes)-1)
	}
}

func TestParentsComeFirstInTheOrder(t *testing.T) {
	t.Parallel()
	n := printer()
	n.Nodes[0] = network.Node{Parents: []int{1}, Table: []float64{0.1, 0.9, 0.1, 0.9}}
	if got := n.Order(); !slices.Equal(got, []int{1, 0, 2, 3}) {
		t.Errorf("the order is %v", got)
	}
}

func TestNormalisingMakesRowsSumToOne(t *testing.T) {
	t.Parallel()
	n := printer()
	n.Nodes[2].Table[6] = 0.0100001
	n.Nodes[3].Noisy.Leak[0] = 0.9000002
	n.Nodes[3].Noisy.Links[0][0][2] = 0.7000003
	n.Normalise()
	for what, row := range map[string][]float64{
		"a row": n.Nodes[2].Table[6:8], "the leak": n.Nodes[3].Noisy.Leak, "a link": n.Nodes[3].Noisy.Links[0][0],
	} {
		sum := 0.0
		for _, p := range row {
			sum += p
		}
		if math.Abs(sum-1) > 2e-16 {
			t.Errorf("%s sums to %.17g", what, sum)
		}
	}
}

func TestATooLargeTableIsNotWrittenOut(t *testing.T) {
	t.Parallel()
	n := printer()
	tooLarge(n)
	if _, ok := n.TableCells(2); ok {
		t.Error("the size passes")
	}
	defer func() {
		if recover() == nil {
			t.Error("it is written out")
		}
	}()
	n.Tabulate(2)
}

func TestTabulatingATableCopiesIt(t *testing.T) {
	t.Parallel()
	n := printer()
	got := n.Tabulate(2)
	if got[0] = 7; n.Nodes[2].Table[0] != 1 {
		t.Error("the copy is the table itself")
	}
}

// TestAGateIsTheHighestOfItsInputs compares with the definition: every parent and the leak draw a severity each, and the
// child is the highest.
func TestAGateIsTheHighestOfItsInputs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		states := rapid.IntRange(1, 4).Draw(t, "states")
		n, inputs := drawGateNetwork(t, states)
		got := n.Tabulate(len(inputs))
		if cells, ok := n.TableCells(len(inputs)); !ok || len(got) != cells {
			t.Fatalf("%d cells, expected %d", len(got), cells)
		}
		config := make([]int, len(inputs))
		for r := 0; r < len(got); r += states {
			rows := [][]float64{n.Nodes[len(inputs)].Noisy.Leak}
			for i, s := range config {
				rows = append(rows, n.Nodes[len(inputs)].Noisy.Links[i][s])
			}
			want := make([]float64, states)
			highest(want, rows, 0, 1)
			for s := range want {
				if math.Abs(got[r+s]-want[s]) > 1e-15 {
					t.Fatalf("configuration %v: %v, by definition %v", config, got[r:r+states], want)
				}
			}
			for i := len(config) - 1; i >= 0; i-- {
				if config[i]++; config[i] < inputs[i] {
					break
				}
				config[i] = 0
			}
		}
	})
}

// highest adds to out the probability of each highest severity, when so far it is from and that has probability p.
func highest(out []float64, rows [][]float64, from int, p float64) {
	if len(rows) == 0 {
		out[from] += p
		return
	}
	for s, x := range rows[0] {
		highest(out, rows[1:], max(from, s), p*x)
	}
}

// drawGateNetwork draws up to four parents and a gate of them, and reports how many states each parent has.
func drawGateNetwork(t *rapid.T, states int) (*network.Network, []int) {
	distribution := func(k int) []float64 {
		out, left := make([]float64, k), 16
		for s := range k - 1 {
			x := rapid.IntRange(0, left).Draw(t, "sixteenths")
			out[s], left = float64(x)/16, left-x
		}
		out[k-1] = float64(left) / 16
		return out
	}
	names := []string{"a", "b", "c", "d"}
	n := &network.Network{}
	gate := network.Node{Noisy: &network.Noisy{Leak: distribution(states)}}
	var inputs []int
	for p := range rapid.IntRange(0, 4).Draw(t, "parents") {
		k := rapid.IntRange(1, 3).Draw(t, "states of a parent")
		inputs = append(inputs, k)
		n.Variables = append(n.Variables, network.Variable{Name: names[p], States: names[:k]})
		n.Nodes = append(n.Nodes, network.Node{Table: distribution(k)})
		var link [][]float64
		for range k {
			link = append(link, distribution(states))
		}
		gate.Parents, gate.Noisy.Links = append(gate.Parents, p), append(gate.Noisy.Links, link)
	}
	n.Variables = append(n.Variables, network.Variable{Name: "gate", States: names[:states]})
	n.Nodes = append(n.Nodes, gate)
	if err := n.Validate(); err != nil {
		t.Fatal(err)
	}
	return n, inputs
}

package network_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

// dialects is one network written with every freedom that the format gives.
const dialects = "\ufeff" + `// the terminal
network "a terminal" { //2 things
  property "position = (73, 165)" ;
  property author = somebody; }
property version 1 ;
probability ( "it prints" | paper-roll.1, Power/V ) {
  property "note; with a semicolon" ;
  (some, <5) 0.25, 7.5e-1; /* a row
  of its own */
  (none ">=5") 1e0 0;
  default .5, 0.5;
}
variable paper-roll.1 { property x; type discrete[2] { "some" none } }
variable Power/V {
  type discrete [ 2 ] { <5, >=5 };
};
variable "it prints" { type discrete [ 2 ] { "no \"ink\"", "\\o/" }; }
variable leaf { type discrete [2] {a, b}; property y = "z"; }
probability (paper-roll.1) { table 0.9 0.1; }
probability (Power/V) { () 0.2, 0.8; }
probability (leaf "it prints" Power/V) {
  table 0.1, 0.2, 0.3, 0.4,
        0.9, 0.8, 0.7, 0.6;
}
`

func read(t *testing.T, text string) *network.Network {
	t.Helper()
	n, err := network.ReadBIF(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReadBIF(t *testing.T) {
	t.Parallel()
	t.Run("it understands every dialect", func(t *testing.T) {
		t.Parallel()
		want := &network.Network{
			Variables: []network.Variable{
				{Name: "paper-roll.1", States: []string{"some", "none"}},
				{Name: "Power/V", States: []string{"<5", ">=5"}},
				{Name: "it prints", States: []string{`no "ink"`, `\o/`}},
				{Name: "leaf", States: []string{"a", "b"}},
			},
			Nodes: []network.Node{
				{Parents: []int{}, Table: []float64{0.9, 0.1}},
				{Parents: []int{}, Table: []float64{0.2, 0.8}},
				{Parents: []int{0, 1}, Table: []float64{0.25, 0.75, 0.5, 0.5, 0.5, 0.5, 1, 0}},
				{Parents: []int{2, 1}, Table: []float64{0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6}},
			},
		}
		got := read(t, dialects)
		if err := got.Validate(); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	})
	t.Run("rows stay as they were written until they are normalised", func(t *testing.T) {
		t.Parallel()
		n := read(t, "variable a { type discrete [ 3 ] { x, y, z }; } probability ( a ) { table 0.3333333, 0.3333333, 0.3333333; }")
		if n.Nodes[0].Table[0] != 0.3333333 {
			t.Errorf("got %v", n.Nodes[0].Table)
		}
		n.Normalise()
		if math.Abs(n.Nodes[0].Table[0]-1.0/3) > 1e-16 {
			t.Errorf("got %v", n.Nodes[0].Table)
		}
	})
}

func TestReadBIFSaysWhereItIsWrong(t *testing.T) {
	t.Parallel()
	const a, b = "variable a { type discrete [ 2 ] { x, y }; }\n", "variable b { type discrete [ 2 ] { x, y }; }\n"
	const pa = "probability ( a ) { table 0.5, 0.5; }\n"
	for name, c := range map[string]struct {
		text         string
		line, column int
		says         string
	}{
		"nothing":                     {"", 1, 1, "no variable"},
		"a word it does not know":     {a + " varible b {", 2, 2, `not "varible"`},
		"a variable twice":            {a + a, 2, 10, `a variable "a" already`},
		"a state twice":               {"variable a { type discrete [ 2 ] {\n x, x }; }", 2, 5, `state "x"`},
		"another number of states":    {"variable a { type discrete [ 3 ] { x, y }; }", 1, 30, "announced"},
		"more states than are held":   {"variable a { type discrete [ 99999999999 ] { x, y }; }", 1, 30, "announced"},
		"no type":                     {"variable a { }", 1, 10, "no type"},
		"two types":                   {"variable a { type discrete [1] {x}; type", 1, 37, "property"},
		"no probabilities":            {a + b + pa, 2, 10, `"b" has no probabilities`},
		"probabilities twice":         {a + pa + pa, 3, 15, "already"},
		"a child there is not":        {a + "probability ( c ) { table 1; }", 2, 15, `no variable "c"`},
		"a parent there is not":       {a + "probability ( a | c ) { table 1; }", 2, 19, `no variable "c"`},
		"a node that is its parent":   {a + "probability ( a | a ) { table 1; }", 2, 19, "twice"},
		"a cycle":                     {a + b + "probability ( a | b ) { default 0.5, 0.5; }\nprobability ( b | a ) { default 1, 0; }", 3, 1, "cycle"},
		"a state there is not":        {a + b + pa + "probability ( b | a ) {\n (x) 1, 0;\n (z) 0.5, 0.5; }", 6, 3, `"a" has no state "z"`},
		"a row with too many states":  {a + b + pa + "probability ( b | a ) {\n (x, y) 1, 0; default 1, 0; }", 5, 2, "1 states of parents"},
		"a row twice":                 {a + b + pa + "probability ( b | a ) {\n (x) 1, 0;\n (x) 1, 0; }", 6, 2, "already"},
		"a missing row":               {a + b + pa + "probability ( b | a ) {\n (x) 1, 0; }", 4, 1, "rows are missing: 2"},
		"a row that is no number":     {a + "probability ( a ) { table 0.5, O.5; }", 2, 32, `not "O.5"`},
		"a number Go alone reads":     {a + "probability ( a ) { table 0x1p-1, 0.5; }", 2, 27, "number"},
		"not a number":                {a + "probability ( a ) { table NaN, 0.5; }", 2, 27, "number"},
		"a row that is too short":     {a + "probability ( a ) { default 1; }", 2, 21, "no distribution"},
		"a negative probability":      {a + "probability ( a ) {\n table -0.5, 1.5; }", 3, 2, "no probability"},
		"a row that is not one":       {a + b + pa + "probability ( b | a ) {\n (x) 1, 0;\n (y) 0.5, 0.4; }", 6, 2, "not 1"},
		"a table of another size":     {a + "probability ( a ) { table 0.2, 0.2, 0.6; }", 2, 21, "needs 2 numbers"},
		"a table and rows":            {a + "probability ( a ) { table 0.5, 0.5; () 1, 0; }", 2, 1, "alone"},
		"an end in the middle":        {a + "probability ( a ) { table 0.5, ", 2, 32, "not the end"},
		"a comment without end":       {a + "/* and so on", 2, 1, "comment"},
		"quotes without end":          {`variable "a`, 1, 10, "quotes"},
		"quotes over two lines":       {"variable \"a\n\"", 1, 10, "line"},
		"a property without end":      {"network x { property a;\n property \"a;", 2, 2, "property"},
		"a control character":         {"variable a\x01", 1, 11, "control"},
		"a mark for a name":           {"variable {", 1, 10, "name"},
		"an empty name":               {`variable "" {`, 1, 10, "name"},
		"columns count in characters": {"variable 打印机 { type 离散", 1, 21, "discrete"},
		"a name that is cut":          {"variable a { " + strings.Repeat("打", 100), 1, 14, strings.Repeat("打", 40) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := network.ReadBIF(strings.NewReader(c.text))
			var wrong *network.FormatError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, %v", n, err)
			}
			if wrong.Line != c.line || wrong.Column != c.column || !strings.Contains(wrong.What.EN, c.says) || wrong.What.ZH == "" {
				t.Errorf("got %v (%s), want %d:%d, %q", wrong, wrong.What.ZH, c.line, c.column, c.says)
			}
		})
	}
}

func TestReadBIFIsBounded(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("variable c { type discrete [ 2 ] { x, y }; } probability ( c | ")
	for i := range 40 {
		text.WriteString(" p" + strconv.Itoa(i))
	}
	text.WriteString(") { default 0.5, 0.5; }\n")
	for i := range 40 {
		name := "p" + strconv.Itoa(i)
		text.WriteString("variable " + name + " { type discrete [ 2 ] { x, y }; } probability ( " + name + " ) { default 0.5, 0.5; }\n")
	}
	if _, err := network.ReadBIF(strings.NewReader(text.String())); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("2^41 numbers: got %v", err)
	}
	if _, err := network.ReadBIF(strings.NewReader(strings.Repeat(" ", network.MaxText+1))); err == nil || !strings.Contains(err.Error(), "MB") {
		t.Errorf("too much text: got %v", err)
	}
}

// anyName draws names that need quotes, and names that do not.
func anyName(t *rapid.T, label string) string {
	return rapid.StringMatching(`[a-zA-Z0-9 ,;{}()|"/\\.*<>=_打印\-\[\]]{1,6}`).Draw(t, label)
}

// anyNetwork draws a small valid network: tables and gates, rows with zeros and awkward numbers.
func anyNetwork(t *rapid.T) *network.Network {
	n := &network.Network{}
	for v := range rapid.IntRange(1, 6).Draw(t, "variables") {
		variable := network.Variable{Name: anyName(t, "name") + string(rune('A'+v))}
		for s := range rapid.IntRange(1, 3).Draw(t, "states") {
			variable.States = append(variable.States, anyName(t, "state")+string(rune('A'+s)))
		}
		n.Variables = append(n.Variables, variable)
		node := network.Node{Parents: []int{}}
		for p := range v {
			if len(node.Parents) < 3 && rapid.Bool().Draw(t, "parent") {
				node.Parents = append(node.Parents, p)
			}
		}
		n.Nodes = append(n.Nodes, node)
		fillNode(t, n, v)
	}
	return n
}

func fillNode(t *rapid.T, n *network.Network, v int) {
	k, node := n.States(v), &n.Nodes[v]
	if rapid.Bool().Draw(t, "gate") {
		node.Noisy = &network.Noisy{Leak: anyRow(t, k), Links: [][][]float64{}}
		for _, p := range node.Parents {
			link := [][]float64{}
			for range n.States(p) {
				link = append(link, anyRow(t, k))
			}
			node.Noisy.Links = append(node.Noisy.Links, link)
		}
		return
	}
	cells, _ := n.TableCells(v)
	for len(node.Table) < cells {
		node.Table = append(node.Table, anyRow(t, k)...)
	}
}

func anyRow(t *rapid.T, k int) []float64 {
	row, sum := make([]float64, k), 0.0
	for s := range row {
		row[s] = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-12, 1)).Draw(t, "p")
		sum += row[s]
	}
	if sum == 0 {
		row[k-1], sum = 1, 1
	}
	for s := range row {
		row[s] /= sum
	}
	return row
}

// tabulated is the network with every gate written out.
func tabulated(n *network.Network) *network.Network {
	out := &network.Network{Variables: n.Variables}
	for v := range n.Nodes {
		out.Nodes = append(out.Nodes, network.Node{Parents: n.Nodes[v].Parents, Table: n.Tabulate(v)})
	}
	return out
}

func TestBIFRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := anyNetwork(t)
		var text bytes.Buffer
		if err := network.WriteBIF(&text, n); err != nil {
			t.Fatal(err)
		}
		again, err := network.ReadBIF(bytes.NewReader(text.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text.String())
		}
		if want := tabulated(n); !reflect.DeepEqual(again, want) {
			t.Fatalf("got %+v\nwant %+v\nfrom\n%s", again, want, text.String())
		}
	})
}

func TestWritersRefuse(t *testing.T) {
	t.Parallel()
	control := read(t, dialects)
	control.Variables[1].States[0] = "a\nb"
	wide := &network.Network{}
	parents, links := []int{}, [][][]float64{}
	for v := range 30 {
		wide.Variables = append(wide.Variables, network.Variable{Name: string(rune('A' + v)), States: []string{"no", "yes"}})
		wide.Nodes = append(wide.Nodes, network.Node{Table: []float64{0.5, 0.5}})
		parents, links = append(parents, v), append(links, [][]float64{{1, 0}, {0.5, 0.5}})
	}
	wide.Variables = append(wide.Variables, network.Variable{Name: "gate", States: []string{"no", "yes"}})
	wide.Nodes = append(wide.Nodes, network.Node{Parents: parents, Noisy: &network.Noisy{Links: links}})
	if err := network.WriteBIF(&bytes.Buffer{}, control); !errors.Is(err, network.ErrInvalid) {
		t.Errorf("a name with a line break: got %v", err)
	}
	for name, write := range map[string]func() error{
		"BIF": func() error { return network.WriteBIF(&bytes.Buffer{}, wide) }, "UAI": func() error { return network.WriteUAI(&bytes.Buffer{}, wide) },
	} {
		if err := write(); !errors.Is(err, network.ErrInvalid) {
			t.Errorf("%s: a gate of 2^31 numbers: got %v", name, err)
		}
	}
}

func FuzzReadBIF(f *testing.F) {
	f.Add([]byte(dialects))
	f.Add([]byte("network x {} variable a { type discrete [ 1 ] { x }; } probability ( a ) { table 1; }"))
	f.Add([]byte("probability(a|b){default 1 0;(x)1,0;}variable a{type discrete[2]{x y}}"))
	f.Add([]byte(`variable "\\\"" { property ";" ; /* */ // `))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := network.ReadBIF(bytes.NewReader(text))
		if err != nil {
			var wrong *network.FormatError
			if !errors.As(err, &wrong) || wrong.Line < 1 || wrong.Column < 1 {
				t.Fatalf("got %v", err)
			}
			return
		}
		var out bytes.Buffer
		if err := network.WriteBIF(&out, n); err != nil {
			t.Fatal(err)
		}
		if again, err := network.ReadBIF(&out); err != nil || !reflect.DeepEqual(again, n) {
			t.Fatalf("got %+v, %v, want %+v", again, err, n)
		}
	})
}

// TestPublicNetworks reads what others wrote.
func TestPublicNetworks(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POSMEDIC_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", "bn", "networks", "*.bif"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the public networks are not on this machine (POSMEDIC_SHARED, data/bn/networks)")
	}
	// Nodes, arcs and free parameters as the public repository states them.
	stated := map[string][3]int{
		"alarm": {37, 46, 509}, "andes": {223, 338, 1157}, "asia": {8, 8, 18}, "child": {20, 25, 230}, "hailfinder": {56, 66, 2656},
		"hepar2": {70, 123, 1453}, "insurance": {27, 52, 1008}, "pathfinder": {109, 195, 72079}, "pigs": {441, 592, 5618},
		"water": {32, 66, 10083}, "win95pts": {76, 112, 574},
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bif")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if errors.Is(err, fs.ErrNotExist) {
				t.Skip("gone")
			}
			n := read(t, string(text))
			arcs, free := 0, 0
			for v := range n.Nodes {
				arcs += len(n.Nodes[v].Parents)
				free += len(n.Nodes[v].Table) / n.States(v) * (n.States(v) - 1)
			}
			if want, known := stated[name]; known && [3]int{len(n.Variables), arcs, free} != want {
				t.Errorf("got %d nodes, %d arcs, %d parameters, want %v", len(n.Variables), arcs, free, want)
			}
			if err := n.Validate(); err != nil {
				t.Error(err)
			}
			var bif, uai bytes.Buffer
			if err := errors.Join(network.WriteBIF(&bif, n), network.WriteUAI(&uai, n)); err != nil {
				t.Fatal(err)
			}
			if again := read(t, bif.String()); !reflect.DeepEqual(again, n) {
				t.Error("BIF does not give the same network")
			}
			if again, err := network.ReadUAI(&uai); err != nil || !reflect.DeepEqual(again.Nodes, n.Nodes) {
				t.Errorf("UAI does not give the same network: %v", err)
			}
		})
	}
}

package network_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes/network"
)

const twoNodes = `BAYES
2
2 3
2
1 0
2 0 1

2
 0.25 0.75
6
 0.5 0.25 0.25
 0 1 0
`

func TestReadUAI(t *testing.T) {
	t.Parallel()
	got, err := network.ReadUAI(strings.NewReader(twoNodes))
	if err != nil {
		t.Fatal(err)
	}
	want := &network.Network{
		Variables: []network.Variable{{Name: "v0", States: []string{"s0", "s1"}}, {Name: "v1", States: []string{"s0", "s1", "s2"}}},
		Nodes: []network.Node{
			{Parents: []int{}, Table: []float64{0.25, 0.75}}, {Parents: []int{0}, Table: []float64{0.5, 0.25, 0.25, 0, 1, 0}},
		},
	}
	if !reflect.DeepEqual(got, want) || got.Validate() != nil {
		t.Errorf("got %+v", got)
	}
}

func TestReadUAISaysWhereItIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text         string
		line, column int
		says         string
	}{
		"nothing":                     {"", 1, 1, "BAYES"},
		"another kind of network":     {"MARKOV 1 2", 1, 1, `not "MARKOV"`},
		"no variables":                {"BAYES\n 0", 2, 2, "no variable"},
		"more than can be":            {"BAYES 99999999999999", 1, 7, "whole number"},
		"too many states":             {"BAYES 1 4097", 1, 9, "4096"},
		"another number of functions": {"BAYES 2 2 2\n\n3", 3, 1, "as many functions"},
		"a function of nothing":       {"BAYES 1 2 1 0", 1, 14, "no variable"},
		"a variable there is not":     {"BAYES 1 2 1 1 1", 1, 15, "from 0 to 0"},
		"a variable twice":            {"BAYES 2 2 2 2 2 1 1", 1, 19, "twice"},
		"a table of another size":     {"BAYES 1 2 1 1 0\n 3", 2, 2, "needs 2"},
		"no number":                   {"BAYES 1 2 1 1 0 2 0.5 x", 1, 23, "number"},
		"a row that is not one":       {"BAYES 1 2 1 1 0 2\n\n 0.5 0.4", 3, 2, "not 1"},
		"an end in the middle":        {"BAYES 1 2 1 1 0 2 0.5", 1, 22, "the end"},
		"more than the end":           {"BAYES 1 2 1 1 0 2 0.5 0.5 7", 1, 27, "the end"},
		"two tables for one":          {"BAYES 2 1 1 2 1 0 1 0\n1 1\n1 1", 3, 1, "already"},
		"a variable without states":   {"BAYES 1 0 1 1 0 0", 1, 18, "no table"},
		"a cycle":                     {"BAYES 2 1 1 2 2 0 1 2 1 0\n1 1\n1 1", 3, 1, "cycle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := network.ReadUAI(strings.NewReader(c.text))
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

func TestUAIRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := anyNetwork(t)
		var text bytes.Buffer
		if err := network.WriteUAI(&text, n); err != nil {
			t.Fatal(err)
		}
		again, err := network.ReadUAI(bytes.NewReader(text.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text.String())
		}
		if want := tabulated(n); !reflect.DeepEqual(again.Nodes, want.Nodes) {
			t.Fatalf("got %+v\nwant %+v\nfrom\n%s", again, want, text.String())
		}
		set := []network.Observation{}
		for v := range n.Variables {
			if rapid.Bool().Draw(t, "seen") {
				set = append(set, network.Observation{Variable: v, State: rapid.IntRange(0, n.States(v)-1).Draw(t, "state")})
			}
		}
		var evidence bytes.Buffer
		if err := network.WriteUAIEvidence(&evidence, set); err != nil {
			t.Fatal(err)
		}
		if sets, err := network.ReadUAIEvidence(&evidence, n); err != nil || !reflect.DeepEqual(sets, [][]network.Observation{set}) {
			t.Fatalf("got %v, %v, want %v", sets, err, set)
		}
	})
}

func TestReadUAIEvidence(t *testing.T) {
	t.Parallel()
	n, err := network.ReadUAI(strings.NewReader(twoNodes))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][][]network.Observation{
		"0":                     {{}},
		"1 1 2":                 {{{1, 2}}},
		"1\n1 1 2":              {{{1, 2}}},
		"2\n1 0 1\n2 1 0 0 1\n": {{{0, 1}}, {{1, 0}, {0, 1}}},
	} {
		if got, err := network.ReadUAIEvidence(strings.NewReader(text), n); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "1 2 0", "1 1 3", "2 0 0 0 1", "-1", "1 0 0 0", "99999999"} {
		var wrong *network.FormatError
		if got, err := network.ReadUAIEvidence(strings.NewReader(text), n); !errors.As(err, &wrong) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func FuzzReadUAI(f *testing.F) {
	f.Add([]byte(twoNodes), []byte("1 0 1"))
	f.Add([]byte("BAYES 1 1 1 1 0 1 1"), []byte("2 1 0 0 0"))
	f.Add([]byte("BAYES 2 1 1 2 2 0 1 2 1 0 1 1 1 1"), []byte("x"))
	f.Add([]byte("BAYES 3 4096 4096 4096 3 3 0 1 2"), []byte(""))
	f.Fuzz(func(t *testing.T, text, evidence []byte) {
		var wrong *network.FormatError
		n, err := network.ReadUAI(bytes.NewReader(text))
		if err != nil {
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v", err)
			}
			return
		}
		var out bytes.Buffer
		if err := network.WriteUAI(&out, n); err != nil {
			t.Fatal(err)
		}
		if again, err := network.ReadUAI(&out); err != nil || !reflect.DeepEqual(again, n) {
			t.Fatalf("got %+v, %v, want %+v", again, err, n)
		}
		if _, err := network.ReadUAIEvidence(bytes.NewReader(evidence), n); err != nil && !errors.As(err, &wrong) {
			t.Fatalf("got %v", err)
		}
	})
}

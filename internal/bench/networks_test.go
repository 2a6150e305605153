package bench

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// rain is two variables; its rows are off from one, as those of public files are.
const rain = `variable rain { type discrete [ 2 ] { no, yes }; }
variable wet { type discrete [ 2 ] { no, yes }; }
probability ( rain ) { table 0.7500001, 0.25; }
probability ( wet | rain ) { (no) 0.9, 0.1; (yes) 0.0, 1.0; }
`

// rainKnown is worked out by hand, with the states of rain the other way round.
const rainKnown = `{"network": "rain", "states": {"rain": ["yes", "no"], "wet": ["no", "yes"]},
"sets": [
 {"id": 0, "evidence": {}, "soft": {}, "p_evidence": 1, "posterior": {"rain": [0.25, 0.75], "wet": [0.675, 0.325]}},
 {"id": 1, "evidence": {"wet": "yes"}, "p_evidence": 0.325, "posterior": {"rain": [0.7692307692307693, 0.23076923076923078]}},
 {"id": 2, "soft": {"rain": [0.5, 1]}, "p_evidence": 0.875, "posterior": {"rain": [0.14285714285714285, 0.8571428571428571]}},
 {"id": 3, "evidence": {"rain": "yes", "wet": "no"}, "p_evidence": 0, "posterior": {}}
]}`

// written makes a folder of files.
func written(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func exactly(rain string) string { return strings.Replace(rain, "0.7500001", "0.75", 1) }

func TestNetworks(t *testing.T) {
	t.Parallel()
	one := func(t *testing.T, text, known string) NetworkResult {
		t.Helper()
		got, err := Networks(t.Context(), NetworksConfig{Networks: written(t, map[string]string{"rain.bif": text}), Reference: written(t, map[string]string{"rain.json": known})})
		if err != nil || len(got.Networks) != 1 || got.Networks[0].Name != "rain" || got.Networks[0].Nodes != 2 {
			t.Fatalf("got %+v, %v", got, err)
		}
		return got.Networks[0]
	}
	t.Run("what is right has no error, whatever the order of the states", func(t *testing.T) {
		t.Parallel()
		got := one(t, exactly(rain), rainKnown)
		if got.Sets != 4 || got.MaxAbsError == nil || *got.MaxAbsError > 1e-15 || *got.MaxRelPEvidence > 1e-15 {
			t.Errorf("got %+v", got)
		}
		if got.MSMin <= 0 || got.MSMedian < got.MSMin || got.Cells == 0 || got.CompileMS <= 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("rows are divided by their sum", func(t *testing.T) {
		t.Parallel()
		if got := one(t, rain, rainKnown); *got.MaxAbsError < 1e-9 || *got.MaxAbsError > 1e-7 {
			t.Errorf("0.75 of 1.0000001 is not 0.75, but nearly: got %v", *got.MaxAbsError)
		}
	})
	t.Run("it finds one wrong number", func(t *testing.T) {
		t.Parallel()
		got := one(t, exactly(rain), strings.Replace(rainKnown, "[0.14285714285714285, 0.8571428571428571]", "[0.14285714285714285, 0.8570428571428571]", 1))
		if math.Abs(*got.MaxAbsError-1e-4) > 1e-12 {
			t.Errorf("got %v", *got.MaxAbsError)
		}
		if got := one(t, exactly(rain), strings.Replace(rainKnown, "0.875", "0.7", 1)); math.Abs(*got.MaxRelPEvidence-0.25) > 1e-12 {
			t.Errorf("got %v", *got.MaxRelPEvidence)
		}
	})
	t.Run("a network that nothing is known about is only timed", func(t *testing.T) {
		t.Parallel()
		uai := "BAYES 2 2 2 2 1 0 2 0 1 2 0.75 0.25 4 0.9 0.1 0 1"
		dir := written(t, map[string]string{"rain.bif": rain, "rain.uai": uai, "drizzle.uai": uai, "notes.txt": ""})
		var seen []string
		got, err := Networks(t.Context(), NetworksConfig{Networks: dir, Progress: func(name string) { seen = append(seen, name) }})
		if err != nil || !reflect.DeepEqual(seen, []string{"drizzle", "rain"}) {
			t.Fatalf("got %v, %v", seen, err)
		}
		for _, n := range got.Networks {
			if n.MaxAbsError != nil || n.MaxRelPEvidence != nil || n.Sets != invented || n.MSMedian <= 0 {
				t.Errorf("got %+v", n)
			}
		}
	})
	t.Run("an ended context ends it", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Networks(ctx, NetworksConfig{Networks: written(t, map[string]string{"rain.bif": rain})}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNetworksFilter(t *testing.T) {
	t.Parallel()
	dir := written(t, map[string]string{"rain.bif": rain, "rail.bif": rain, "[x].bif": rain})
	for filter, want := range map[string]int{"": 3, "rain": 1, "rai?": 2, "*": 3, "[[]x]": 1} {
		if got, err := networkFiles(NetworksConfig{Networks: dir, Filter: filter}); err != nil || len(got) != want {
			t.Errorf("%q: got %v, %v", filter, got, err)
		}
	}
}

func TestNetworksSaysWhatIsUnreadable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, known, filter string
		want                string
	}{
		"a network":                {text: "variable rain {\n type number", want: "rain.bif: line 2, column 7: discrete expected"},
		"a filter":                 {text: rain, filter: "[", want: "--filter"},
		"a filter for nothing":     {text: rain, filter: "snow", want: "no such network"},
		"no JSON":                  {text: rain, known: "{\n\"states\": x", want: "rain.json: line 2: is not such JSON"},
		"an early end":             {text: rain, known: "{\n\"states\": {", want: "rain.json: line 2: it ends too early"},
		"no sets":                  {text: rain, known: "{}", want: "rain.json: line 1: there are no sets"},
		"a list":                   {text: rain, known: "[]", want: "rain.json: line 1: { expected"},
		"other states":             {text: rain, known: strings.Replace(rainKnown, `["no", "yes"]`, `["no", "maybe"]`, 1), want: `line 1: "wet" has other states`},
		"sets before states":       {text: rain, known: "{\"sets\": [],\n\"states\": {}}", want: "line 1: the states have to stand before"},
		"evidence there is not":    {text: rain, known: strings.Replace(rainKnown, `"wet": "yes"`, `"wet": "very"`, 1), want: `line 4: set 1: there is no "wet" in state "very"`},
		"a vector too short":       {text: rain, known: strings.Replace(rainKnown, `[0.5, 1]`, `[0.5]`, 1), want: `line 5: "rain" is not in the network`},
		"no p_evidence":            {text: rain, known: strings.Replace(rainKnown, `"p_evidence": 0.875, `, ``, 1), want: "line 5: there is no p_evidence"},
		"a set that is possible":   {text: rain, known: strings.Replace(rainKnown, `"p_evidence": 0.325`, `"p_evidence": 0`, 1), want: "set 1 is impossible by the reference"},
		"a set that is impossible": {text: rain, known: strings.Replace(rainKnown, `"p_evidence": 0,`, `"p_evidence": 0.5,`, 1), want: "set 3: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := NetworksConfig{Networks: written(t, map[string]string{"rain.bif": c.text}), Filter: c.filter}
			if c.known != "" {
				config.Reference = written(t, map[string]string{"rain.json": c.known})
			}
			_, err := Networks(t.Context(), config)
			var p *problem.Error
			if !errors.As(err, &p) || p.Kind != problem.Invalid || !strings.Contains(p.Text.EN, c.want) || p.Text.ZH == "" || strings.Contains(p.Text.EN, "\n") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	dir := written(t, map[string]string{"rain.bif": rain})
	for _, config := range []NetworksConfig{{Networks: filepath.Join(dir, "none")}, {Networks: dir, Reference: filepath.Join(dir, "none")}, {Networks: t.TempDir()}} {
		var p *problem.Error
		if _, err := Networks(t.Context(), config); !errors.As(err, &p) || p.Kind != problem.Invalid {
			t.Errorf("%+v: got %v", config, err)
		}
	}
}

// TestInventedEvidence says of sets nobody computed what can be said: they are possible, and every time the same.
func TestInventedEvidence(t *testing.T) {
	t.Parallel()
	n, err := network.ReadBIF(strings.NewReader(rain))
	if err != nil {
		t.Fatal(err)
	}
	n.Normalise()
	tree, err := jointree.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	sets, soft := inventEvidence(n), 0
	for i := range sets {
		if err := sets[i].ask(tree.NewQuery(), 2); err != nil || sets[i].empty() {
			t.Errorf("set %d: %+v, %v", i, sets[i], err)
		}
		soft += len(sets[i].soft)
	}
	if soft == 0 || !reflect.DeepEqual(sets, inventEvidence(n)) {
		t.Errorf("%d likelihoods, or other sets the second time", soft)
	}
}

// TestKnownPosteriors holds inference to what four other engines agree on.
func TestKnownPosteriors(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POSMEDIC_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "data", "bn")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		t.Skip("the public networks are not on this machine (POSMEDIC_SHARED, data/bn)")
	}
	files, err := networkFiles(NetworksConfig{Networks: filepath.Join(dir, "networks"), Reference: filepath.Join(dir, "reference")})
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, f := range files {
		if f.reference == "" {
			continue
		}
		n, err := f.network()
		if err != nil {
			t.Fatal(err)
		}
		sets, err := f.evidence(n)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := jointree.Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		result := NetworkResult{Nodes: len(n.Variables)}
		if err := result.compare(tree.NewQuery(), sets); err != nil {
			t.Fatal(err)
		}
		if compared++; *result.MaxAbsError > 1e-12 || *result.MaxRelPEvidence > 1e-11 {
			t.Errorf("%s: %v, %v", f.name, *result.MaxAbsError, *result.MaxRelPEvidence)
		}
	}
	if compared == 0 {
		t.Error("no network was compared")
	}
}

package words_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared is the folder of data that is kept beside the project and not in it.
func shared(t testing.TB, name string) *os.File {
	t.Helper()
	root := os.Getenv("POSMEDIC_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "data", "cases", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here: set POSMEDIC_SHARED to the folder that has data/cases", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func jsonLines[T any](t testing.TB, f *os.File) []T {
	t.Helper()
	var out []T
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		out = append(out, v)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReports measures what is read in the reports of coded cases against what their coders knew. A coder knew more than
// the report says, so that recall has a ceiling far below one; a variable he left out may be right all the same, so that
// only another state of a variable he coded counts as wrong.
func TestReports(t *testing.T) {
	t.Parallel()
	type coded struct {
		ID, Report string
		Merchant   map[string]string `json:"merchant_evidence"`
		First      map[string]string `json:"first_complaint"`
	}
	r := coreReader(t)
	var known, first tally
	beside := 0
	for _, c := range jsonLines[coded](t, shared(t, "dev_norm.jsonl")) {
		read := map[string]string{}
		for _, w := range r.Read(c.Report, noon, "").Findings {
			if w.Variable == "screen_text" || w.Confidence < least {
				continue
			}
			read[w.Variable] = w.State
			if _, ok := c.Merchant[w.Variable]; !ok {
				beside++
			}
		}
		known.add(against(read, c.Merchant))
		first.add(against(read, c.First))
	}
	t.Logf("merchant evidence: agrees %.3f recall %.3f (%d of %d); %d findings that nobody coded", known.precision(), known.recall(), known.met, known.met+known.missed, beside)
	t.Logf("first complaint:   agrees %.3f recall %.3f (%d of %d)", first.precision(), first.recall(), first.met, first.met+first.missed)
	if known.precision() < 0.9 || known.recall() < 0.48 || first.precision() < 0.9 || first.recall() < 0.68 {
		t.Errorf("want 0.90 and 0.48 of the merchant's evidence, 0.90 and 0.68 of the first complaint")
	}
}

func against(read, coded map[string]string) (c tally) {
	for variable, state := range coded {
		if variable == "screen_text" || variable == "country" {
			continue
		}
		got, ok := read[variable]
		switch {
		case !ok:
			c.missed++
		case strings.ReplaceAll(got, " ", "") == strings.ReplaceAll(state, " ", ""):
			c.met, c.right = c.met+1, c.right+1
		default:
			c.missed, c.wrong = c.missed+1, c.wrong+1
		}
	}
	return c
}

package main

import (
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/casebook"
)

const (
	paperCase = `{"id":"C1","cause_id":"con_paper_out","category":"consumables","who_fixes":"merchant","kind":"incident","evidence":{"screen_message":"paper_out","paper_present":"no","main_symptom":"print_problem"},"merchant_evidence":{"main_symptom":"print_problem","paper_present":"no"},"first_complaint":{"main_symptom":"print_problem"}}`
	alienCase = `{"id":"C2","cause_id":"no_such_cause","category":"hardware","who_fixes":"depot","kind":"support_entry","evidence":{"main_symptom":"print_problem","paper_present":"no"},"merchant_evidence":{"main_symptom":"print_problem"},"first_complaint":{"main_symptom":"print_problem"}}`
)

func TestCaseEval(t *testing.T) {
	t.Parallel()
	book := world{files: map[string]string{"cases.jsonl": paperCase + "\n" + alienCase + "\n"}}
	t.Run("--json prints one object with all fields of the measure, and nothing else", func(t *testing.T) {
		t.Parallel()
		got := play(t, book, "case", "eval", "cases.jsonl", "--json")
		if got.code != 0 || got.err != "" || lines(got.out) != 1 {
			t.Fatalf("got %+v", got)
		}
		object := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(got.out), &object); err != nil {
			t.Fatal(err)
		}
		want := []string{"by_kind", "cases", "category_top1", "cause_top1", "cause_top3", "commit", "cpu", "go", "gomaxprocs", "harmful_advice",
			"minutes_median", "n", "questions_median", "unseen", "who_fixes"}
		if fields := slices.Sorted(maps.Keys(object)); !slices.Equal(fields, want) {
			t.Errorf("got the fields %v", fields)
		}
		for field, value := range map[string]string{"n": "2", "cause_top1": "0.5", "harmful_advice": "0", "go": `"` + runtime.Version() + `"`} {
			if string(object[field]) != value {
				t.Errorf("%s is %s, want %s", field, object[field], value)
			}
		}
		var cases []map[string]any
		if err := json.Unmarshal(object["cases"], &cases); err != nil || len(cases) != 2 || cases[0]["id"] != "C1" || cases[0]["who_fixes"] != "merchant" {
			t.Errorf("got %v, %v", cases, err)
		}
	})
	t.Run("in conversation it counts what was asked", func(t *testing.T) {
		t.Parallel()
		got := play(t, book, "case", "eval", "cases.jsonl", "--evidence=interactive", "--json")
		var object struct {
			Median float64 `json:"questions_median"`
			Cases  []struct{ Asked []string }
		}
		if err := json.Unmarshal([]byte(got.out), &object); err != nil || object.Median < 1 || len(object.Cases[0].Asked) == 0 {
			t.Fatalf("%v: %+v", err, got)
		}
	})
	t.Run("without --json it prints a short table in the language of the locale", func(t *testing.T) {
		t.Parallel()
		for locale, says := range map[string]string{"en_GB.UTF-8": "true cause ranked first", "zh_CN.UTF-8": "真正原因排第一"} {
			w := book
			w.env = []string{"LANG=" + locale}
			got := play(t, w, "case", "eval", "cases.jsonl")
			if got.code != 0 || !strings.Contains(got.out, says) || !strings.Contains(got.out, "50.0%") || lines(got.out) > 12 || got.err != "" {
				t.Errorf("%s: got %+v", locale, got)
			}
		}
	})
	t.Run("- reads standard input", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{in: paperCase}, "case", "eval", "-", "--json"); got.code != 0 || !strings.HasPrefix(got.out, `{"n":1,`) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("what a file says cannot steer the screen", func(t *testing.T) {
		t.Parallel()
		evil := strings.Replace(paperCase, `"incident"`, `"\u001b[2J\u0007"`, 1)
		if got := play(t, world{in: evil}, "case", "eval", "-"); got.code != 0 || strings.ContainsAny(got.out, "\033\a") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestCaseEvalRefuses(t *testing.T) {
	t.Parallel()
	files := map[string]string{"bad.jsonl": paperCase + "\n\n{\"id\": 7}\n", "good.jsonl": paperCase, "empty.jsonl": "", "pack/pack.yaml": "nonsense: 1\n"}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a line that is wrong, with file and line": {[]string{"bad.jsonl"}, "bad.jsonl: line 3:"},
		"a file that is not there":                 {[]string{"none.jsonl"}, "none.jsonl: cannot be opened"},
		"a folder":                                 {[]string{"pack"}, "pack: "},
		"an empty file":                            {[]string{"empty.jsonl"}, "no case"},
		"a pack with mistakes, with the place of the first": {[]string{"good.jsonl", "--pack=pack"}, "pack/pack.yaml:1:1:"},
		"a pack that is not there":                          {[]string{"good.jsonl", "--pack=nowhere"}, "nowhere: is not a folder"},
		"another kind of evidence":                          {[]string{"good.jsonl", "--evidence=all"}, "--evidence"},
		"no file at all":                                    {nil, "<file>"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			for _, flag := range []string{"", "--json"} {
				args := append([]string{"case", "eval"}, c.args...)
				if flag != "" {
					args = append(args, flag)
				}
				got := play(t, world{files: files}, args...)
				first, _, _ := strings.Cut(got.err, "\n")
				if got.code != 2 || got.out != "" || !strings.Contains(first, c.says) {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
	t.Run("wrong input is told in one line", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{files: files, env: []string{"LANG=zh_CN.UTF-8"}}, "case", "eval", "bad.jsonl"); lines(got.err) != 1 || !strings.Contains(got.err, "第3行") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestEvalTableShowsHarm(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	table := evalTable{lang: "en", evidence: "full"}
	table.result.N, table.result.HarmfulAdvice = 1, 1
	table.result.Cases = []casebook.CaseResult{{ID: "C8"}, {ID: "C9", Harmful: true}}
	if err := table.print(&out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "harmful advice: C9\n") || !strings.Contains(got, "100.0%") {
		t.Errorf("got %s", got)
	}
}

package casebook_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/casebook"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

const good = `{"id": "C1", "cause_id": "con_paper_out", "category": "consumables", "who_fixes": "merchant", "kind": "incident", "evidence": {"paper_present": "no", "main_symptom": "print_problem"}, "merchant_evidence": {"paper_present": "no"}, "first_complaint": {"main_symptom": "print_problem"}}`

func TestRead(t *testing.T) {
	t.Parallel()
	t.Run("it takes a mark of byte order and empty lines", func(t *testing.T) {
		t.Parallel()
		cases, err := casebook.Read(strings.NewReader("\ufeff" + good + "\n\n" + strings.Replace(good, "C1", "C2", 1) + "\n"))
		if err != nil || len(cases) != 2 || cases[1].ID != "C2" || cases[0].Evidence["paper_present"] != "no" {
			t.Fatalf("got %+v, %v", cases, err)
		}
	})
	for name, wrong := range map[string]struct{ file, says string }{
		"an empty file":           {"", "no case"},
		"no JSON":                 {good + "\n{", "line 2: column 1"},
		"a field of another type": {`{"id": "C1", "cause_id": "x", "evidence": "none"}`, "evidence must be"},
		"no id":                   {`{"cause_id": "x", "evidence": {"a": "b"}}`, "line 1: id is missing"},
		"no cause":                {`{"id": "C1", "evidence": {"a": "b"}}`, "cause_id is missing"},
		"no evidence":             {`{"id": "C1", "cause_id": "x"}`, "evidence is missing"},
		"an id twice":             {good + "\n\n" + good, `line 3: the id "C1" stands on line 1 already`},
		"a line without end":      {strings.Repeat("x", 2<<20), "line 1: the line is longer"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := casebook.Read(strings.NewReader(wrong.file))
			var p *problem.Error
			if !errors.As(err, &p) || p.Code != casebook.CodeUnreadable || !strings.Contains(p.Text.EN, wrong.says) {
				t.Fatalf("got %v, want it to say %q", err, wrong.says)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add("{}")
	f.Add("\xff\x00")
	f.Fuzz(func(t *testing.T, file string) {
		cases, err := casebook.Read(strings.NewReader(file))
		if (err == nil) == (len(cases) == 0) {
			t.Fatalf("%d cases and %v", len(cases), err)
		}
	})
}

// small is a pack whose answers can be worked out by hand: paper and reader, and a host that must not be restarted into.
func small() *pack.Pack {
	number := func(p float64) pack.Number { return pack.Number{Mean: p, Experience: 10} }
	state := func(id string, ask string, states ...string) pack.Variable {
		v := pack.Variable{ID: id, Group: id, Type: pack.State, Ask: []string{ask}, Minutes: 2, Question: pack.Text{ZH: id, EN: id}}
		for i, s := range states {
			v.States = append(v.States, pack.StateWords{ID: s, Normal: i == 0})
			v.Leak = append(v.Leak, 1/float64(len(states)))
		}
		return v
	}
	fault := func(id, group, who, symptom, paper string, hazards ...string) pack.Fault {
		return pack.Fault{ID: id, Group: group, Who: who, Rate: number(10), Hazards: hazards, Shows: map[string]map[string]pack.Number{
			"main_symptom": {symptom: number(0.9)}, "paper_present": {paper: number(0.95)}}}
	}
	return &pack.Pack{
		Faults: []pack.Fault{
			fault("con_paper_out", "consumables", "merchant", "print_problem", "no"),
			fault("host_outage", "acquirer_host", "acquirer_backoffice", "sales_fail", "yes", "do_not_restart"),
			fault("hw_printer_dead", "hardware", "depot", "print_problem", "yes"),
		},
		Variables: []pack.Variable{state("main_symptom", "merchant", "works", "print_problem", "sales_fail"), state("paper_present", "merchant", "yes", "no")},
		Steps: []pack.Step{
			{ID: "cure.con_paper_out", Kind: pack.Repair, By: "merchant", Fixes: map[string]pack.Number{"con_paper_out": number(0.95)}, Cost: pack.Cost{MerchantMin: 20}},
			{ID: "handover.acquirer_backoffice", Kind: pack.Handover, By: "acquirer_backoffice", Fixes: map[string]pack.Number{"host_outage": number(0.9)}, Cost: pack.Cost{DeskMin: 20, DowntimeMin: 60}},
			{ID: "handover.depot", Kind: pack.Handover, By: "depot", Fixes: map[string]pack.Number{"hw_printer_dead": number(0.9)}, Cost: pack.Cost{Truck: 1}},
		},
		CallCost: pack.Cost{DeskMin: 20},
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	book := []casebook.Case{
		{ID: "paper", Cause: "con_paper_out", Category: "consumables", WhoFixes: "merchant", Kind: "incident",
			Evidence:         map[string]string{"main_symptom": "print_problem", "paper_present": "no"},
			MerchantEvidence: map[string]string{"main_symptom": "print_problem", "paper_present": "no"}, FirstComplaint: map[string]string{"main_symptom": "print_problem"}},
		{ID: "printer", Cause: "hw_printer_dead", Category: "hardware", WhoFixes: "field_engineer", Kind: "support_entry",
			Evidence:         map[string]string{"main_symptom": "print_problem", "paper_present": "yes"},
			MerchantEvidence: map[string]string{"main_symptom": "print_problem"}, FirstComplaint: map[string]string{"main_symptom": "print_problem"}},
	}
	run := func(p *pack.Pack, mode casebook.Mode) casebook.Result {
		return casebook.Evaluate(context.Background(), diagnose.New(p, diagnose.Policy{}), book, mode)
	}
	t.Run("shares are of all cases, and of each kind", func(t *testing.T) {
		t.Parallel()
		r := run(small(), casebook.Full)
		if r.N != 2 || r.CauseTop1 != 1 || r.CauseTop3 != 1 || r.CategoryTop1 != 1 || r.WhoFixes != 0.5 || r.HarmfulAdvice != 0 {
			t.Errorf("got %+v", r.Scores)
		}
		if r.ByKind["incident"].WhoFixes != 1 || r.ByKind["support_entry"].WhoFixes != 0 || r.QuestionsMedian != 0 {
			t.Errorf("got %+v", r.ByKind)
		}
	})
	t.Run("what the engine is not told it cannot know", func(t *testing.T) {
		t.Parallel()
		if r := run(small(), casebook.First); r.CauseTop1 != 0.5 || r.CauseTop3 != 1 {
			t.Errorf("got %+v", r.Scores)
		}
	})
	t.Run("in conversation it asks for what it was not told", func(t *testing.T) {
		t.Parallel()
		r := run(small(), casebook.Interactive)
		if r.CauseTop1 != 1 || r.QuestionsMedian != 1 || r.MinutesMedian != 2 || r.Cases[0].Asked[0] != "paper_present" {
			t.Errorf("got %+v, %+v", r.Scores, r.Cases)
		}
	})
	t.Run("advice that breaks a hazard of the true cause is harmful, also where its probability hid it", func(t *testing.T) {
		t.Parallel()
		p := small()
		p.Steps[0].Breaks = []string{"do_not_restart"}
		blind := []casebook.Case{{ID: "host", Cause: "host_outage", Kind: "incident", Evidence: map[string]string{"main_symptom": "print_problem", "paper_present": "no"}}}
		r := casebook.Evaluate(context.Background(), diagnose.New(p, diagnose.Policy{HazardMass: 0.5}), blind, casebook.Full)
		if r.HarmfulAdvice != 1 || !r.Cases[0].Harmful {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("causes without a development example are scored apart", func(t *testing.T) {
		t.Parallel()
		strange := []casebook.Case{book[0], {ID: "new", Cause: "no_such_cause", Evidence: map[string]string{"main_symptom": "works"}}}
		r := casebook.Evaluate(context.Background(), diagnose.New(small(), diagnose.Policy{}), strange, casebook.Full)
		if r.Unseen.N != 1 || r.Unseen.CauseTop1 != 0 || r.CauseTop1 != 0.5 {
			t.Errorf("got %+v of %+v", r.Unseen, r.Scores)
		}
	})
	t.Run("an ended context stops it", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if r := casebook.Evaluate(ctx, diagnose.New(small(), diagnose.Policy{}), book, casebook.Full); r.N != 0 || r.Cases == nil {
			t.Errorf("got %+v", r)
		}
	})
}

// TestDevelopmentCases holds the core pack to what must never get worse; the figures themselves are in the log.
func TestDevelopmentCases(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POSMEDIC_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	file, err := os.Open(filepath.Join(dir, "data", "cases", "dev_norm.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the development cases are not on this machine (POSMEDIC_SHARED, data/cases/dev_norm.jsonl)")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cases, err := casebook.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Load(os.DirFS(filepath.Join("..", "..", "packs", "core")))
	if err != nil {
		t.Fatal(err)
	}
	e := diagnose.New(p, diagnose.Policy{})
	for mode, least := range map[casebook.Mode]float64{casebook.Full: 0.85, casebook.Merchant: 0.80, casebook.First: 0.47, casebook.Interactive: 0.70} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			r := casebook.Evaluate(context.Background(), e, cases, mode)
			t.Logf("top1 %.3f top3 %.3f category %.3f who %.3f harmful %.3f questions %v minutes %v", r.CauseTop1, r.CauseTop3,
				r.CategoryTop1, r.WhoFixes, r.HarmfulAdvice, r.QuestionsMedian, r.MinutesMedian)
			if r.HarmfulAdvice != 0 {
				t.Errorf("harmful advice in %.3f of the cases", r.HarmfulAdvice)
			}
			if r.CauseTop1 < least {
				t.Errorf("the true cause is first in %.3f, want at least %.2f", r.CauseTop1, least)
			}
		})
	}
}

package casebook_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/casebook"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// golden reads the worked examples by the name of their group.
func golden(t *testing.T) map[string][]casebook.Case {
	t.Helper()
	files, err := fs.Glob(packs.Golden(), "*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]casebook.Case{}
	for _, name := range files {
		file, err := packs.Golden().Open(name)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := casebook.Read(file)
		file.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[strings.TrimSuffix(name, ".jsonl")] = cases
	}
	return out
}

func TestWorkedExamplesComeOutRight(t *testing.T) {
	t.Parallel()
	p := corePack(t)
	e := diagnose.New(p, diagnose.Policy{})
	for group, cases := range golden(t) {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			for mode, near := range map[casebook.Mode]bool{casebook.Full: true, casebook.Merchant: false, casebook.First: false, casebook.Interactive: false} {
				r := casebook.Evaluate(context.Background(), e, cases, mode)
				t.Logf("%s: first %.2f, among three %.2f of %d", mode, r.CauseTop1, r.CauseTop3, r.N)
				for i, c := range r.Cases {
					if c.Harmful {
						t.Errorf("%s, %s: the advice is harmful", c.ID, mode)
					}
					if near && !slices.Contains(c.Top3, cases[i].Cause) {
						t.Errorf("%s: %s is not among %v", c.ID, cases[i].Cause, c.Top3)
					}
				}
			}
		})
	}
}

func TestEveryFaultHasAWorkedExample(t *testing.T) {
	t.Parallel()
	p := corePack(t)
	shown, ids := map[string]bool{}, map[string]bool{}
	for group, cases := range golden(t) {
		for _, c := range cases {
			shown[c.Cause] = true
			f, ok := p.Fault(c.Cause)
			if !ok || f.Group != group || c.Category != group || c.WhoFixes != f.Who {
				t.Errorf("%s does not belong to %s", c.ID, group)
			}
			if ids[c.ID] {
				t.Errorf("%s stands twice", c.ID)
			}
			ids[c.ID] = true
			for _, evidence := range []map[string]string{c.Evidence, c.MerchantEvidence, c.FirstComplaint} {
				checkKnown(t, p, c.ID, evidence)
			}
		}
	}
	for _, f := range p.Faults {
		if !shown[f.ID] {
			t.Errorf("%s has no worked example", f.ID)
		}
	}
}

func checkKnown(t *testing.T, p *pack.Pack, id string, evidence map[string]string) {
	t.Helper()
	for variable, state := range evidence {
		v, ok := p.Variable(variable)
		if !ok {
			t.Errorf("%s: the pack has no %s", id, variable)
			continue
		}
		known := v.Type != pack.State
		for _, s := range v.States {
			known = known || s.ID == state
		}
		if !known {
			t.Errorf("%s: %s is never %s", id, variable, state)
		}
	}
}

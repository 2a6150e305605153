package learn_test

import (
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/learning"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/pack"
)

// asking is the small pack with its screen in this group, and with no normal state where it only says how a terminal is built.
func asking(t *testing.T, group string, normal bool) *pack.Pack {
	t.Helper()
	p := *small(t)
	p.Variables = append([]pack.Variable(nil), p.Variables...)
	v := &p.Variables[0]
	v.Group = group
	v.States = append([]pack.StateWords(nil), v.States...)
	v.States[0].Normal = normal
	return &p
}

func TestLearningReadsEvidenceAsTheEngineDoes(t *testing.T) {
	t.Parallel()
	// odds of hung against cable, by the engine and by what learns.
	engine := func(p *pack.Pack, list ...finding.Finding) float64 {
		of := map[string]float64{}
		for _, r := range diagnose.New(p, diagnose.Policy{}).Diagnose(diagnose.Input{Now: noon, Findings: list}).Ranked {
			of[r.Fault] = r.P
		}
		return of["hung"] / of["cable"]
	}
	learner := func(p *pack.Pack, list ...finding.Finding) float64 {
		b := learn.ClosedBook(p)
		c, of := b.Case(learn.Record{Evidence: list}, 1), make([]float64, 2)
		learning.Compile(b.Model()).Read(of, &c)
		if p.Faults[0].ID == "hung" {
			return of[0] / of[1]
		}
		return of[1] / of[0]
	}
	for name, tt := range map[string]struct {
		group  string
		normal bool
		state  string
		by     finding.Source
	}{
		"somebody names what is wrong":               {"app", true, "frozen", finding.Merchant},
		"an agent notes what is wrong":               {"app", true, "frozen", finding.Agent},
		"an engineer names what is wrong":            {"app", true, "frozen", finding.Field},
		"a host reports what is wrong":               {"app", true, "frozen", finding.Host},
		"somebody says what is right":                {"app", true, "fine", finding.Merchant},
		"somebody says how it is built":              {"app", false, "frozen", finding.Merchant},
		"the complaint itself":                       {"report", true, "frozen", finding.Merchant},
		"what the screen shows":                      {"screen", true, "frozen", finding.Merchant},
		"a probe reads what is wrong":                {"app", true, "frozen", finding.Probe},
		"a management system lists what is wrong":    {"app", true, "frozen", finding.TMS},
		"an incident says what terminals have alike": {"app", true, "frozen", finding.Incident},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := asking(t, tt.group, tt.normal)
			f := finding.Finding{Variable: "screen", State: tt.state, At: noon, Source: tt.by}
			want := engine(p, f) / engine(p)
			near(t, "the weight of evidence", learner(p, f)/learner(p), want, 1e-6*want)
		})
	}
}

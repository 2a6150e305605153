package learn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

func TestShadow(t *testing.T) {
	t.Parallel()
	core, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func(*testing.T, *desk){
		"a candidate is tried until enough cases are closed":   triedByCases,
		"its time may run out first":                           triedByTime,
		"one that ranks worse is rejected when it is over":     triedAndWorse,
		"one that would do harm is rejected at once":           triedAndHarmful,
		"closed cases are diagnosed by both, blind to the end": watched,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				d := newDesk(t, db, core)
				d.Trial = learn.ShadowRule{Cases: 3, For: 24 * time.Hour}
				try(t, d)
			})
		})
	}
}

var (
	first  = learn.Standing{Rank: 1, P: 0.9, Leads: "sw_hang", LeadsP: 0.9}
	second = learn.Standing{Rank: 2, P: 0.2, Leads: "set_clock", LeadsP: 0.7}
)

// try stores a trial of a candidate.
func (d *desk) try(t *testing.T, candidate, id string, was, is learn.Standing) {
	t.Helper()
	trial := learn.Trial{Candidate: candidate, Case: id, At: d.Now(), Truth: "sw_hang", InForce: d.core.Ref, Was: was, Is: is}
	if err := d.store.PutTrial(t.Context(), trial); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) shadowed(t *testing.T) learn.Candidate {
	t.Helper()
	d.teach(t, "one")
	c := d.propose(t)
	if c.State != learn.InShadow {
		t.Fatalf("%s: %+v", c.State, c.Report)
	}
	return c
}

func triedByCases(t *testing.T, d *desk) {
	c := d.shadowed(t)
	for i := range 3 {
		_, err := d.Promote(t.Context(), c.ID)
		wants(t, err, learn.ErrShadowed)
		d.try(t, c.ID, fmt.Sprint(i), second, first)
		d.try(t, c.ID, fmt.Sprint(i), second, second) // the same case again says nothing new
	}
	list, err := d.List(t.Context())
	if err != nil || len(list) != 1 || list[0].State != learn.Passed || list[0].Shadowed == nil {
		t.Fatalf("%+v, %v", list, err)
	}
	if s := list[0].Shadowed; s.Cases != 3 || s.Scores[0].Top1 != 0 || s.Scores[1].Top1 != 1 || s.Why != learn.ShadowPassed {
		t.Errorf("%+v", s)
	}
	shown, err := d.Show(t.Context(), c.ID)
	if err != nil || len(shown.Trials) != 3 || shown.Trials[0].Is != first || shown.Moved != len(shown.Changes) {
		t.Errorf("%+v, %v", shown, err)
	}
	if got, err := d.Promote(t.Context(), c.ID); err != nil || got.State != learn.Promoted || d.room.Pack().Ref != c.Result {
		t.Errorf("%+v, %v", got, err)
	}
	if d.state(t, c.ID) != learn.Promoted {
		t.Errorf("stored as %s", d.state(t, c.ID))
	}
}

func triedByTime(t *testing.T, d *desk) {
	c := d.shadowed(t)
	now := d.Now()
	d.Now = func() time.Time { return now.Add(24*time.Hour - time.Second) }
	_, err := d.Promote(t.Context(), c.ID)
	wants(t, err, learn.ErrShadowed)
	d.Now = func() time.Time { return now.Add(24 * time.Hour) }
	if got, err := d.Promote(t.Context(), c.ID); err != nil || got.State != learn.Promoted {
		t.Errorf("%+v, %v", got, err)
	}
}

func triedAndWorse(t *testing.T, d *desk) {
	c := d.shadowed(t)
	for i := range 3 {
		d.try(t, c.ID, fmt.Sprint(i), first, second)
	}
	_, err := d.Promote(t.Context(), c.ID)
	wants(t, err, learn.ErrMove)
	if got, err := d.store.Candidate(t.Context(), c.ID); err != nil || got.State != learn.Rejected || got.Shadowed.Why != learn.ShadowWorse {
		t.Errorf("%+v, %v", got, err)
	}
	if d.room.Pack().Ref != d.core.Ref {
		t.Error("it came into force")
	}
}

func triedAndHarmful(t *testing.T, d *desk) {
	c := d.shadowed(t)
	harmful := first
	harmful.Harmful = true
	d.try(t, c.ID, "one", first, harmful)
	list, err := d.List(t.Context())
	if err != nil || list[0].State != learn.Rejected || list[0].Shadowed.Why != learn.ShadowHarms {
		t.Errorf("%+v, %v", list, err)
	}
}

// watched closes cases through the stage, as the loop does.
func watched(t *testing.T, d *desk) {
	c := d.shadowed(t)
	closed := casefile.Case{ID: "case_live", Terminal: "t", Outcome: casefile.Confirmed, OpenedAt: c.At.Add(time.Minute), ClosedAt: c.At.Add(time.Hour)}
	engine := diagnose.New(d.core, diagnose.Policy{})
	said := engine.Diagnose(diagnose.Input{Now: closed.OpenedAt, Findings: []finding.Finding{
		{Variable: "main_symptom", State: "frozen_or_crashes", At: closed.OpenedAt, Source: finding.Merchant},
	}})
	stage := learn.New(learn.Deps{
		Store: d.store, Pack: d.room.Pack, Shadow: &learn.Shadow{Store: d.store, Knowledge: d.room},
		Case: func(context.Context, string) (casefile.Case, error) { return closed, diagnosed(&closed, said) },
		Attempts: func(context.Context, string) ([]repair.Attempt, error) {
			return []repair.Attempt{{ID: "a", Step: "restart_app", Kind: diagnose.Do, By: "remote", State: repair.Done, CreatedAt: closed.OpenedAt, EndedAt: closed.ClosedAt}}, nil
		},
		Named: func(context.Context, string) (string, string, error) { return "sw_hang", "field_engineer", nil },
	})
	shut := func() {
		t.Helper()
		for range 2 { // events arrive at least once
			if err := stage.OnClosed(t.Context(), event.New(casefile.ClosedEvent, closed.ClosedAt, "t", closed.ID, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	shut()
	trials, err := d.store.Trials(t.Context(), c.ID, 10)
	if err != nil || len(trials) != 1 {
		t.Fatalf("%+v, %v", trials, err)
	}
	if got := trials[0]; got.Truth != "sw_hang" || !got.Named || got.InForce != d.core.Ref || got.Was.P == 0 || got.Is.P == 0 || got.Was.P == got.Is.P {
		t.Errorf("%+v", got)
	}
	records, err := d.store.Records(t.Context(), 10)
	if err != nil || records[0].Cause != "sw_hang" || records[0].Attributes[learn.Season] != "q4" {
		t.Errorf("%+v, %v", records, err)
	}
	closed.ID, closed.OpenedAt = "case_before", c.At.Add(-time.Hour)
	shut()
	closed.ID, closed.OpenedAt, closed.Outcome = "case_unproven", c.At.Add(time.Minute), casefile.Recovered
	shut()
	if trials, err = d.store.Trials(t.Context(), c.ID, 10); err != nil || len(trials) != 1 {
		t.Errorf("cases from before it, or without a proof, were counted: %+v, %v", trials, err)
	}
	if _, err := d.store.Candidate(t.Context(), "cand_none"); !errors.Is(err, learn.ErrNotFound) {
		t.Error(err)
	}
}

func diagnosed(c *casefile.Case, d diagnose.Diagnosis) error {
	raw, err := json.Marshal(d)
	c.Diagnosis = raw
	return err
}

// TestTheGoldenCase fixes what one closed case teaches the core pack, so that a change of the mathematics is seen.
func TestTheGoldenCase(t *testing.T) {
	t.Parallel()
	p, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	at := noon
	seen := func(variable, state string, by finding.Source) finding.Finding {
		return finding.Finding{Variable: variable, State: state, At: at, Source: by}
	}
	r := learn.Record{Case: "golden", Outcome: casefile.Confirmed, OpenedAt: noon, ClosedAt: noon,
		Evidence: []finding.Finding{
			seen("main_symptom", "no_connection", finding.Merchant), seen("other_devices_online", "no", finding.Merchant),
			seen("network_check", "fails", finding.Probe),
		},
		Steps: []learn.Step{{ID: "restart_app", By: "remote"}, {ID: "restart_router", By: "merchant", Helped: true}},
	}
	c, err := learn.Propose(p, []learn.Record{r}, noon)
	if err != nil {
		t.Fatal(err)
	}
	total, leading := 0.0, learn.Change{}
	for _, ch := range c.Changes {
		if ch.What == learn.Rate {
			total += ch.Cases
			if ch.Cases > leading.Cases {
				leading = ch
			}
		}
	}
	if leading.Fault != "net_router_hung" || leading.Cases < 0.5 || total > 1 {
		t.Errorf("the case is credited to %+v, in all %v", leading, total)
	}
	again, err := learn.Propose(p, []learn.Record{r}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Changes, again.Changes); diff != "" {
		t.Errorf("the same case taught something else: %s", diff)
	}
}

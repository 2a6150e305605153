package observesql_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func TestSalesAreCountedByTheHourAndOnceEach(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStage(t, db)
		sells(t, s, "1")
		sells(t, s, "1") // the feed sends again
		sells(t, s, "2")
		refused := observe.Record{ID: "3", At: s.now, Message: &observe.HostMessage{TID: "1", Kind: observe.Sale, Code: "97", STAN: "3"}}
		if _, err := s.Accept(t.Context(), []observe.Record{refused}); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(time.Hour)
		sells(t, s, "4")
		for hour, want := range []map[string]int{{"t-1": 2}, {"t-1": 1}, {}} {
			got, err := s.store.Sales(t.Context(), start.Add(time.Duration(hour)*time.Hour))
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("hour %d: %v (%v), want %v", hour, got, err, want)
			}
		}
		if _, err := s.store.Prune(t.Context(), start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.store.Sales(t.Context(), start); err != nil || len(got) > 0 {
			t.Errorf("%v (%v) outlived its time", got, err)
		}
	})
}

func TestSalesThatCeaseStopATerminalWithoutAnAgent(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStage(t, db)
		sells(t, s, "1")
		since := s.now.Add(time.Minute)
		s.now = s.now.Add(5 * time.Hour)
		quiet := observe.Quiet{Terminal: "t-1", Since: since, Missed: 11.4}
		for range 2 { // it may be told twice
			if err := s.NoSales(t.Context(), quiet); err != nil {
				t.Fatal(err)
			}
		}
		e := s.evidence(t, "t-1")
		if n := s.kinds(t)[observe.StoppedEvent]; n != 1 || e.State.StoppedBy != observe.BySales || e.State.Ability(s.now, observe.DefaultRules()) != observe.CannotSell {
			t.Errorf("told %d times, state %+v", n, e.State)
		}
		set := finding.Collect(e.Findings...)
		if f := set["host_sees_terminal"]; f.State != "silent" || f.Detail != "0/11.4 (5 h)" {
			t.Errorf("evidence %+v", f)
		}
		if _, said := set["agent_contact"]; said {
			t.Error("something is said of an agent that never was")
		}
		s.now = s.now.Add(time.Minute)
		sells(t, s, "2")
		sweep(t, s)
		if e := s.evidence(t, "t-1"); !e.State.StoppedSince.IsZero() || !finding.Collect(e.Findings...).Is("host_sees_terminal", "yes") {
			t.Errorf("it sells again: %+v", e)
		}
	})
}

func TestASaleThatCameMeanwhileIsNoSilence(t *testing.T) {
	t.Parallel()
	s := newStage(t, sqldbtest.SQLite(t))
	since := s.now
	s.now = s.now.Add(5 * time.Hour)
	sells(t, s, "1")
	if err := s.NoSales(t.Context(), observe.Quiet{Terminal: "t-1", Since: since, Missed: 9}); err != nil {
		t.Fatal(err)
	}
	if st := s.evidence(t, "t-1").State; !st.StoppedSince.IsZero() {
		t.Errorf("state %+v", st)
	}
}

func TestATerminalThatTalksAndSellsNothingKeepsBothAsEvidence(t *testing.T) {
	t.Parallel()
	s := newStage(t, sqldbtest.SQLite(t))
	sells(t, s, "1")
	since := s.now.Add(time.Minute)
	s.now = s.now.Add(6 * time.Hour)
	s.report(t, 1)
	if err := s.NoSales(t.Context(), observe.Quiet{Terminal: "t-1", Since: since, Missed: 12}); err != nil {
		t.Fatal(err)
	}
	e := s.evidence(t, "t-1")
	set := finding.Collect(e.Findings...)
	if e.State.StoppedBy != observe.BySales || !set.Is("agent_contact", "current") || !set.Is("host_sees_terminal", "silent") {
		t.Errorf("evidence %+v", e)
	}
}

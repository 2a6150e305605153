package incidentsql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/incident/incidentsql"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

// pushed brings a version to the terminals of these numbers and lets the room look.
func (w *world) pushed(t *testing.T, version string, which func(i int) bool) {
	t.Helper()
	for i := range w.members {
		if which(i) {
			shares := map[incident.Attribute]string{}
			for a, v := range w.members[i].Shares {
				shares[a] = v
			}
			shares[incident.AppVersion] = version
			w.members[i].Shares = shares
		}
	}
	w.fail(t, func(int) bool { return false })
}

func TestRoomNamesThePushBehindIt(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for i := range w.members {
			w.members[i].Shares[incident.Model] = fmt.Sprint("m", i%2)
		}
		w.pushed(t, "3.2.0", func(int) bool { return true })
		first := w.now.Add(time.Second)
		w.pushed(t, "3.2.1", func(i int) bool { return i%4 < 2 }) // half of each model and host, in waves
		w.now = w.now.Add(time.Hour)
		w.pushed(t, "3.2.1", func(i int) bool { return i%4 < 2 || i%5 == 0 })
		bad := func(i int) bool { return (i%4 < 2 || i%5 == 0) && i%2 == 1 }
		for i := range w.members {
			w.members[i].Symptom, w.members[i].Since = incident.SignIn, w.now
		}
		w.fail(t, bad)
		now := w.all(t)
		if len(now) != 1 || now[0].Shared().String() != "app_version=3.2.1&model=m1" || now[0].Symptom != incident.SignIn {
			t.Fatalf("incidents: %+v", now)
		}
		if diff := cmp.Diff(incident.PushOf{Attribute: incident.AppVersion, Value: "3.2.1", At: first}, now[0].Push); diff != "" {
			t.Errorf("push (-want +got):\n%s", diff)
		}
		if s := now[0].Sentence(); !strings.Contains(s.EN, "since the push of ") || !strings.Contains(s.EN, "cannot sign in, others normal") {
			t.Errorf("sentence: %s", s.EN)
		}
		evidence, _, err := w.Evidence(t.Context(), "t01")
		if set := finding.Collect(evidence...); err != nil || !set.Is("terminal_scope", "same_model") || !set.Is("recent_change", "app_update") {
			t.Errorf("evidence: %v (%v)", evidence, err)
		}
		// After a restart the room still knows what was brought to whom.
		again := incident.New(incident.Deps{
			Store: incidentsql.New(db), Memory: incidentsql.New(db), Now: func() time.Time { return w.now },
			Members: func(context.Context) ([]incident.Member, error) { return slices.Clone(w.members), nil },
		}, incident.DefaultRules())
		if err := again.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if evidence, _, err = again.Evidence(t.Context(), "t01"); err != nil || !finding.Collect(evidence...).Is("recent_change", "app_update") {
			t.Errorf("after a restart: %v (%v)", evidence, err)
		}
	})
}

func TestRoomNamesThePushWhenTheVersionAloneIsWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	for i := range w.members {
		w.members[i].Shares[incident.AppVersion] = []string{"3.2.1", "3.2.0"}[i%2]
	}
	w.fail(t, func(int) bool { return false })
	w.pushed(t, "3.2.1", func(i int) bool { return i%4 == 1 }) // others have run it for long
	w.fail(t, func(i int) bool { return i%4 == 1 })
	now := w.all(t)
	if len(now) != 1 || now[0].Shared().String() != "push=app_version 3.2.1" || now[0].Failing != 15 || now[0].Total != 15 {
		t.Fatalf("incidents: %+v", now)
	}
	w.now = w.now.Add(incident.DefaultRules().Recent + time.Hour)
	w.fail(t, func(int) bool { return false })
	if end := w.all(t); end[0].Open() {
		t.Errorf("it has passed: %+v", end)
	}
}

func TestRoomHoldsWhatItExplains(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.fail(t, func(i int) bool { return i < 30 })
	if i, held, err := w.Holds(t.Context(), "t05"); err != nil || !held || i.Value != "h0" {
		t.Errorf("t05: %+v, %v (%v)", i, held, err)
	}
	if _, held, err := w.Holds(t.Context(), "t45"); err != nil || held {
		t.Errorf("t45 is held (%v)", err)
	}
	w.fail(t, func(int) bool { return false })
	if _, held, err := w.Holds(t.Context(), "t05"); err != nil || held {
		t.Errorf("it has passed, and t05 is held (%v)", err)
	}
}

func TestRoomRestsAfterALongLook(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	now, looks, takes := noon, 0, 2*time.Second
	room := incident.New(incident.Deps{
		Store: incidentsql.New(db), Memory: incidentsql.New(db), Now: func() time.Time { return now },
		Members: func(context.Context) ([]incident.Member, error) {
			looks++
			now = now.Add(takes)
			return nil, nil
		},
	}, incident.DefaultRules())
	look := func() {
		t.Helper()
		if err := room.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		look()
	}
	if looks != 1 {
		t.Errorf("%d looks at a fleet that takes seconds", looks)
	}
	now, takes = now.Add(20*time.Second), time.Millisecond
	for range 5 {
		look()
	}
	if looks != 6 {
		t.Errorf("%d looks once they are quick", looks)
	}
}

func TestALookThatFailsIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	broken := incident.New(incident.Deps{
		Store: incidentsql.New(w.db), Memory: incidentsql.New(w.db), Now: func() time.Time { return w.now },
		Members: func(context.Context) ([]incident.Member, error) { return nil, errors.New("no register") },
	}, incident.DefaultRules())
	for range 2 {
		if err := broken.Look(t.Context()); err == nil {
			t.Error("it says nothing of the register")
		}
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := incidentsql.New(db)
		old := incident.Change{Terminal: "t1", Attribute: incident.Params, Value: "p1", At: noon}
		newer := incident.Change{Terminal: "t1", Attribute: incident.Params, Value: "p2", At: noon.Add(time.Hour)}
		other := incident.Change{Terminal: "t0", Attribute: incident.Firmware, Value: "f", At: noon.Add(time.Hour)}
		for _, list := range [][]incident.Change{{old}, {newer, other}} {
			if err := s.KeepChanges(t.Context(), list, noon.Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Changes(t.Context(), noon)
		if diff := cmp.Diff([]incident.Change{other, newer}, got); err != nil || diff != "" {
			t.Errorf("changes (%v):\n%s", err, diff)
		}
		if err := s.KeepChanges(t.Context(), nil, noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, err = s.Changes(t.Context(), time.Time{}); err != nil || len(got) != 0 {
			t.Errorf("old changes stay: %v (%v)", got, err)
		}
		tally := incident.Tally{Hour: 9, Symptom: incident.Silent, Showing: 1.5, Of: 20}
		for range 2 {
			tally.Showing++
			if err := s.KeepOrdinary(t.Context(), []incident.Tally{tally}); err != nil {
				t.Fatal(err)
			}
		}
		tallies, err := s.Ordinary(t.Context())
		if diff := cmp.Diff([]incident.Tally{tally}, tallies); err != nil || diff != "" {
			t.Errorf("ordinary (%v):\n%s", err, diff)
		}
	})
}

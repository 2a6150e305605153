package repairsql_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/repair/repairsql"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// attempt is a remote step that waits for its agent; change makes it something else.
func attempt(id string, change func(*repair.Attempt)) repair.Attempt {
	a := repair.Attempt{
		ID: id, Case: "case-1", Terminal: "t-1", Step: "restart_app", Kind: diagnose.Do, By: "remote", Command: "restart_app",
		State: repair.Queued, CreatedAt: noon, Expires: noon.Add(time.Minute), Who: "system",
	}
	if change != nil {
		change(&a)
	}
	return a
}

func create(t *testing.T, s *repairsql.Store, list ...repair.Attempt) {
	t.Helper()
	for _, a := range list {
		if err := s.Create(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(list []repair.Attempt) []string {
	out := []string{}
	for _, a := range list {
		out = append(out, a.ID)
	}
	return out
}

func wants(t *testing.T, what string, got []repair.Attempt, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{}, want...), ids(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, *repairsql.Store, *sqldb.DB){
		"an attempt comes back as it was stored":                     comesBack,
		"a change and its events stand or fall together":             together,
		"an attempt that nobody knows is not found":                  unknown,
		"an agent is given what waits for it, oldest first":          waiting,
		"what nobody carried out in time is due, the longest first":  due,
		"people are given what waits for them and is no command":     forPeople,
		"a case lists its attempts in the order in which they began": ofCase,
		"an id is stored once":                                       once,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { f(t, repairsql.New(db), db) })
		})
	}
}

func comesBack(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	want := attempt("a", func(a *repair.Attempt) {
		a.StartedAt, a.EndedAt = noon.Add(time.Second), noon.Add(2*time.Second)
		a.State, a.Text, a.Proof = repair.Done, "重启完成", map[string]string{"app": "running"}
	})
	create(t, s, want)
	got, err := s.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempt (-want +got):\n%s", diff)
	}
}

func together(t *testing.T, s *repairsql.Store, db *sqldb.DB) {
	create(t, s, attempt("a", nil))
	end := func(refuse error) (repair.Attempt, error) {
		return s.Change(t.Context(), "a", func(a *repair.Attempt) ([]event.Event, error) {
			if err := a.Move(repair.Done, noon); err != nil {
				return nil, err
			}
			return []event.Event{event.New(repair.DoneEvent, noon, a.Terminal, a.Case, repair.Ended{Attempt: a.ID})}, refuse
		})
	}
	no := errors.New("no")
	if _, err := end(no); !errors.Is(err, no) {
		t.Fatalf("got %v", err)
	}
	if a, err := s.Get(t.Context(), "a"); err != nil || a.State != repair.Queued || len(outboxtest.Waiting(t, db)) != 0 {
		t.Fatalf("a refused change left %s (%v) and %d events", a.State, err, len(outboxtest.Waiting(t, db)))
	}
	changed, err := end(nil)
	if err != nil || changed.State != repair.Done {
		t.Fatalf("%+v, %v", changed, err)
	}
	sent := outboxtest.Waiting(t, db)
	if a, err := s.Get(t.Context(), "a"); err != nil || a.State != repair.Done || len(sent) != 1 || sent[0].Kind != repair.DoneEvent {
		t.Errorf("stored %s (%v), sent %v", a.State, err, sent)
	}
}

func unknown(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	if _, err := s.Get(t.Context(), "nobody"); !errors.Is(err, repair.ErrUnknownAttempt) {
		t.Errorf("get: %v", err)
	}
	_, err := s.Change(t.Context(), "nobody", func(*repair.Attempt) ([]event.Event, error) {
		t.Error("there was something to change")
		return nil, nil
	})
	if !errors.Is(err, repair.ErrUnknownAttempt) {
		t.Errorf("change: %v", err)
	}
}

func waiting(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	create(t, s,
		attempt("late", func(a *repair.Attempt) { a.CreatedAt = noon.Add(time.Second) }),
		attempt("early", nil),
		attempt("another", func(a *repair.Attempt) { a.Terminal = "t-2" }),
		attempt("running", func(a *repair.Attempt) { a.State = repair.Running }),
		attempt("planned", func(a *repair.Attempt) { a.State = repair.Planned }),
		attempt("by hand", func(a *repair.Attempt) { a.Command = "" }),
		attempt("over", func(a *repair.Attempt) { a.Expires = noon }),
	)
	got, err := s.Waiting(t.Context(), "t-1", noon)
	wants(t, "waiting", got, err, "early", "late")
}

func due(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	at := func(d time.Duration, state repair.State) func(*repair.Attempt) {
		return func(a *repair.Attempt) { a.Expires, a.State = noon.Add(d), state }
	}
	create(t, s,
		attempt("now", at(0, repair.Running)), attempt("before", at(-time.Hour, repair.Planned)),
		attempt("queued", at(-time.Minute, repair.Queued)), attempt("later", at(time.Millisecond, repair.Queued)),
		attempt("done", at(-time.Hour, repair.Done)), attempt("cancelled", at(-time.Hour, repair.Cancelled)),
	)
	got, err := s.Due(t.Context(), noon, 10)
	wants(t, "due", got, err, "before", "queued", "now")
	got, err = s.Due(t.Context(), noon, 1)
	wants(t, "the first of those due", got, err, "before")
}

func forPeople(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	byHand := func(d time.Duration, state repair.State) func(*repair.Attempt) {
		return func(a *repair.Attempt) { a.Command, a.CreatedAt, a.State = "", noon.Add(d), state }
	}
	create(t, s,
		attempt("running", byHand(time.Second, repair.Running)), attempt("planned", byHand(0, repair.Planned)),
		attempt("done", byHand(0, repair.Done)), attempt("cancelled", byHand(0, repair.Cancelled)), attempt("command", nil),
	)
	got, err := s.ForPeople(t.Context(), 10)
	wants(t, "for people", got, err, "planned", "running")
	got, err = s.ForPeople(t.Context(), 1)
	wants(t, "the first for people", got, err, "planned")
}

func ofCase(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	var want []string
	for i := range 5 {
		id := fmt.Sprintf("a%d", i)
		want = append(want, id)
		create(t, s, attempt(fmt.Sprintf("a%d", 4-i), func(a *repair.Attempt) { a.CreatedAt = noon.Add(time.Duration(4-i) * time.Second) }))
	}
	create(t, s, attempt("other", func(a *repair.Attempt) { a.Case = "case-2" }))
	got, err := s.OfCase(t.Context(), "case-1")
	wants(t, "of the case", got, err, want...)
}

func once(t *testing.T, s *repairsql.Store, _ *sqldb.DB) {
	create(t, s, attempt("a", nil))
	if err := s.Create(t.Context(), attempt("a", nil)); err == nil {
		t.Error("the same attempt was stored twice")
	}
}

// Package casefiletest is the suite that every store of cases must pass.
package casefiletest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Store is what the suite tries.
type Store interface {
	Open(ctx context.Context, terminal, by string, at time.Time) (casefile.Case, bool, error)
	OpenOf(ctx context.Context, terminal string) (casefile.Case, bool, error)
	Get(ctx context.Context, id string) (casefile.Case, error)
	Move(ctx context.Context, id string, to casefile.State, entry casefile.Entry) error
	MoveAt(ctx context.Context, id string, revision int64, to casefile.State, entry casefile.Entry) error
	Reopen(ctx context.Context, id string, entry casefile.Entry) error
	Close(ctx context.Context, id string, outcome casefile.Outcome, entry casefile.Entry) error
	SetDiagnosis(ctx context.Context, id string, d json.RawMessage, packHash string, at time.Time, entry casefile.Entry) error
	Diagnosed(ctx context.Context, g casefile.Grounds, entry casefile.Entry) error
	Grounds(ctx context.Context, caseID string) ([]casefile.Grounds, error)
	GroundsAt(ctx context.Context, caseID string, seq int64) (casefile.Grounds, error)
	SetIncident(ctx context.Context, id, incident string, entry casefile.Entry) error
	Note(ctx context.Context, entry casefile.Entry) error
	Timeline(ctx context.Context, caseID string, after int64, limit int) ([]casefile.Entry, error)
}

// World is a fresh store and the events that it has sent so far, oldest first.
type World struct {
	Store  Store
	Events func(t *testing.T) []event.Event
}

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func line(caseID, kind string) casefile.Entry {
	return casefile.Entry{
		Case: caseID, At: start.Add(time.Minute), Kind: kind, By: "system", Text: lang.Text{ZH: "一行", EN: "a line"},
		Data: json.RawMessage(`{"n":1}`),
	}
}

func open(t *testing.T, s Store, terminal string) casefile.Case {
	t.Helper()
	c, opened, err := s.Open(t.Context(), terminal, "silence", start)
	if err != nil || !opened {
		t.Fatalf("opened %t, %v", opened, err)
	}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Run tries the suite; world gives a fresh world each time.
func Run(t *testing.T, world func(t *testing.T) World) {
	t.Helper()
	for name, f := range map[string]func(*testing.T, World){
		"a terminal has one open case":                     oneOpenCase,
		"opening at once from many sides makes one case":   openRace,
		"a case goes its way to the end":                   wholeWay,
		"a refused move leaves no trace":                   refusedMove,
		"whoever saw an older revision is told":            stale,
		"what is changed at once is not lost":              noLostChange,
		"events tell every change in order":                events,
		"a diagnosis replaces the one before":              diagnosis,
		"a diagnosis is kept with its grounds":             grounds,
		"a case keeps its first and its newest grounds":    manyGrounds,
		"what cannot be kept is still diagnosed":           unkeepable,
		"the timeline is read in pages":                    timeline,
		"what does not exist is not found":                 notFound,
		"a case is explained by an incident and again not": incident,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, world(t))
		})
	}
}

func oneOpenCase(t *testing.T, w World) {
	first := open(t, w.Store, "t1")
	again, opened, err := w.Store.Open(t.Context(), "t1", "person", start.Add(time.Hour))
	if err != nil || opened || again.ID != first.ID || again.OpenedBy != "silence" {
		t.Fatalf("%+v, opened %t, %v; want the first case", again, opened, err)
	}
	if other := open(t, w.Store, "t2"); other.ID == first.ID {
		t.Fatal("two terminals share a case")
	}
	must(t, w.Store.Close(t.Context(), first.ID, casefile.Unclear, line(first.ID, "closed")))
	if next := open(t, w.Store, "t1"); next.ID == first.ID {
		t.Fatal("a closed case was opened again")
	}
}

func openRace(t *testing.T, w World) {
	ids := make([]string, 8)
	var news sync.Map
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			c, opened, err := w.Store.Open(t.Context(), "t1", "silence", start)
			if err != nil {
				t.Error(err)
			}
			if opened {
				news.Store(i, true)
			}
			ids[i] = c.ID
		})
	}
	wg.Wait()
	if n := len(slices.Compact(slices.Sorted(slices.Values(ids)))); n != 1 {
		t.Errorf("%d different cases", n)
	}
	n := 0
	news.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d callers were told that it is new", n)
	}
}

func wholeWay(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	must(t, w.Store.Move(t.Context(), c.ID, casefile.Repairing, line(c.ID, "step_started")))
	must(t, w.Store.Move(t.Context(), c.ID, casefile.Verifying, line(c.ID, "watching")))
	must(t, w.Store.Reopen(t.Context(), c.ID, line(c.ID, "reopened")))
	must(t, w.Store.Move(t.Context(), c.ID, casefile.HandedOver, line(c.ID, "handed_over")))
	must(t, w.Store.Move(t.Context(), c.ID, casefile.Verifying, line(c.ID, "watching")))
	must(t, w.Store.Close(t.Context(), c.ID, casefile.Confirmed, line(c.ID, "closed")))
	got, err := w.Store.Get(t.Context(), c.ID)
	must(t, err)
	if got.State != casefile.Closed || got.Outcome != casefile.Confirmed || got.Reopened != 1 || got.Revision != 7 ||
		!got.ClosedAt.Equal(start.Add(time.Minute)) || !got.OpenedAt.Equal(start) {
		t.Errorf("%+v", got)
	}
	if _, open, err := w.Store.OpenOf(t.Context(), "t1"); err != nil || open {
		t.Errorf("open %t, %v after the end", open, err)
	}
	must(t, w.Store.Note(t.Context(), line(c.ID, "note"))) // a closed case may still be commented on
}

func refusedMove(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	must(t, w.Store.Close(t.Context(), c.ID, casefile.Recovered, line(c.ID, "closed")))
	before, sent := lines(t, w, c.ID), len(w.Events(t))
	for name, err := range map[string]error{
		"move":     w.Store.Move(t.Context(), c.ID, casefile.Repairing, line(c.ID, "step_started")),
		"reopen":   w.Store.Reopen(t.Context(), c.ID, line(c.ID, "reopened")),
		"close":    w.Store.Close(t.Context(), c.ID, casefile.Confirmed, line(c.ID, "closed")),
		"diagnose": w.Store.SetDiagnosis(t.Context(), c.ID, json.RawMessage(`{}`), "h", start, line(c.ID, "diagnosed")),
	} {
		if !errors.Is(err, casefile.ErrMove) {
			t.Errorf("%s: %v; want ErrMove", name, err)
		}
	}
	if after := lines(t, w, c.ID); len(after) != len(before) || len(w.Events(t)) != sent {
		t.Errorf("a refused move left a line or an event")
	}
}

func lines(t *testing.T, w World, id string) []casefile.Entry {
	t.Helper()
	list, err := w.Store.Timeline(t.Context(), id, 0, 0)
	must(t, err)
	return list
}

func stale(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	must(t, w.Store.Note(t.Context(), line(c.ID, "note")))
	err := w.Store.MoveAt(t.Context(), c.ID, c.Revision, casefile.Repairing, line(c.ID, "step_started"))
	if !errors.Is(err, casefile.ErrStale) {
		t.Fatalf("%v; want ErrStale", err)
	}
	must(t, w.Store.MoveAt(t.Context(), c.ID, c.Revision+1, casefile.Repairing, line(c.ID, "step_started")))
}

func noLostChange(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if err := w.Store.Note(t.Context(), line(c.ID, "note")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := w.Store.Get(t.Context(), c.ID)
	must(t, err)
	if n := len(lines(t, w, c.ID)); n != 21 || got.Revision != 21 {
		t.Fatalf("%d lines, revision %d; want 21 and 21", n, got.Revision)
	}
}

func events(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	must(t, w.Store.SetDiagnosis(t.Context(), c.ID, json.RawMessage(`{}`), "h", start, line(c.ID, "diagnosed")))
	must(t, w.Store.Move(t.Context(), c.ID, casefile.Repairing, line(c.ID, "step_started")))
	must(t, w.Store.Close(t.Context(), c.ID, casefile.Unclear, line(c.ID, "closed")))
	want := []struct {
		kind event.Kind
		data casefile.Changed
	}{
		{casefile.OpenedEvent, casefile.Changed{Revision: 1, State: casefile.Diagnosing, Entry: "opened", By: "system"}},
		{casefile.DiagnosedEvent, casefile.Changed{Revision: 2, State: casefile.Diagnosing, Entry: "diagnosed", By: "system"}},
		{casefile.ChangedEvent, casefile.Changed{
			Revision: 3, State: casefile.Repairing, Was: casefile.Diagnosing, Entry: "step_started", By: "system",
		}},
		{casefile.ClosedEvent, casefile.Changed{
			Revision: 4, State: casefile.Closed, Was: casefile.Repairing, Entry: "closed", By: "system", Outcome: casefile.Unclear,
		}},
	}
	got := w.Events(t)
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i, e := range got {
		var data casefile.Changed
		must(t, e.Into(&data))
		if e.Kind != want[i].kind || data != want[i].data || e.Terminal != "t1" || e.Case != c.ID {
			t.Errorf("event %d: %s %+v of %s %s; want %+v", i, e.Kind, data, e.Terminal, e.Case, want[i])
		}
	}
}

func diagnosis(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	must(t, w.Store.SetDiagnosis(t.Context(), c.ID, json.RawMessage(`{"a":1}`), "h1", start, line(c.ID, "diagnosed")))
	must(t, w.Store.SetDiagnosis(t.Context(), c.ID, json.RawMessage(`{"a":2}`), "h2", start, line(c.ID, "diagnosed")))
	got, open, err := w.Store.OpenOf(t.Context(), "t1")
	if err != nil || !open || string(got.Diagnosis) != `{"a":2}` || got.PackHash != "h2" {
		t.Fatalf("%+v, open %t, %v", got, open, err)
	}
	if err := w.Store.SetDiagnosis(t.Context(), c.ID, json.RawMessage(`{`), "", start, line(c.ID, "diagnosed")); !errors.Is(err, casefile.ErrInvalid) {
		t.Fatalf("broken JSON: %v", err)
	}
}

func timeline(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	for range 4 {
		must(t, w.Store.Note(t.Context(), line(c.ID, "note")))
	}
	page, err := w.Store.Timeline(t.Context(), c.ID, 2, 2)
	must(t, err)
	if len(page) != 2 || page[0].Seq != 3 || page[1].Seq != 4 {
		t.Fatalf("%+v", page)
	}
	got, want := page[0], line(c.ID, "note")
	if got.Kind != want.Kind || got.By != want.By || got.Text != want.Text || string(got.Data) != string(want.Data) || !got.At.Equal(want.At) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	if first := lines(t, w, c.ID)[0]; first.Kind != "opened" || first.Text.ZH == "" || first.Text.EN == "" {
		t.Fatalf("first line %+v", first)
	}
}

func notFound(t *testing.T, w World) {
	if _, err := w.Store.Get(t.Context(), "case_x"); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	if err := w.Store.Note(t.Context(), line("case_x", "note")); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("Note: %v", err)
	}
	if _, open, err := w.Store.OpenOf(t.Context(), "t9"); err != nil || open {
		t.Errorf("OpenOf: %t, %v", open, err)
	}
	if _, _, err := w.Store.Open(t.Context(), "", "silence", start); !errors.Is(err, casefile.ErrInvalid) {
		t.Errorf("Open without a terminal: %v", err)
	}
}

func incident(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	for _, id := range []string{"inc_1", ""} {
		must(t, w.Store.SetIncident(t.Context(), c.ID, id, line(c.ID, "incident")))
		if got, err := w.Store.Get(t.Context(), c.ID); err != nil || got.Incident != id {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

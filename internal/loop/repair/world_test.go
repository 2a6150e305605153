package repair_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/repair/repairsql"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// core is the built-in pack: reading it takes longer than a test.
var core = sync.OnceValues(func() (*pack.Pack, error) { return pack.Load(packs.Core()) })

const terminal = "t-1"

// world is the stage on real stores, with one open case and a clock that the test moves.
type world struct {
	*repair.Stage
	pack     *pack.Pack
	cases    *casefilesql.Store
	attempts *repairsql.Store
	db       *sqldb.DB
	now      time.Time
	evidence observe.Evidence
	shared   []incident.Incident
	nudged   []string
	id       string // of the case
}

func newWorld(t *testing.T) *world {
	t.Helper()
	knowledge, err := core()
	if err != nil {
		t.Fatal(err)
	}
	db := sqldbtest.SQLite(t)
	w := &world{pack: knowledge, db: db, cases: casefilesql.New(db), attempts: repairsql.New(db), now: time.Date(2026, 3, 2, 12, 0, 0, 123456, time.UTC)}
	w.Stage = repair.New(repair.Deps{
		Store: w.attempts, Cases: w.cases, Pack: func() *pack.Pack { return knowledge },
		Evidence: func(context.Context, string) (observe.Evidence, error) { return w.evidence, nil },
		Shared:   func(context.Context, string) ([]incident.Incident, error) { return w.shared, nil },
		Nudge:    func(terminal string) { w.nudged = append(w.nudged, terminal) },
		Now:      func() time.Time { return w.now },
	}, repair.DefaultPolicy())
	c, _, err := w.cases.Open(t.Context(), terminal, "findings", w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.id = c.ID
	return w
}

// cause is a leading fault of which nothing is to be feared.
func cause(p float64, hazards ...string) diagnose.Ranked {
	return diagnose.Ranked{Fault: "sw_hang", P: p, Hazards: hazards}
}

func do(p *pack.Pack, step string) diagnose.Next {
	s, _ := p.Step(step)
	kind := diagnose.Do
	if s.Kind == pack.Handover {
		kind = diagnose.Handover
	}
	return diagnose.Next{Kind: kind, ID: step, By: s.By, Command: s.Command}
}

func probe(variable string) diagnose.Next {
	return diagnose.Next{Kind: diagnose.Probe, ID: variable, By: "remote"}
}

// believe stores a new diagnosis and lets the stage see it.
func (w *world) believe(t *testing.T, next diagnose.Next, ranked ...diagnose.Ranked) {
	t.Helper()
	w.store(t, next, ranked...)
	w.look(t)
}

func (w *world) store(t *testing.T, next diagnose.Next, ranked ...diagnose.Ranked) {
	t.Helper()
	w.now = w.now.Add(time.Second)
	raw, err := json.Marshal(diagnose.Diagnosis{At: w.now, Ranked: ranked, Next: &next})
	if err != nil {
		t.Fatal(err)
	}
	entry := casefile.Entry{Kind: "diagnosed", By: "system", Text: lang.Text{ZH: "判断", EN: "diagnosed"}}
	if err := w.cases.SetDiagnosis(t.Context(), w.id, raw, "hash", w.now, entry); err != nil {
		t.Fatal(err)
	}
}

// look is what the loop does when there is a new diagnosis or an attempt has ended.
func (w *world) look(t *testing.T) {
	t.Helper()
	if err := w.OnDiagnosed(t.Context(), w.id); err != nil {
		t.Fatal(err)
	}
}

func (w *world) list(t *testing.T) []repair.Attempt {
	t.Helper()
	list, err := w.attempts.OfCase(t.Context(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// one gives the only attempt of the case.
func (w *world) one(t *testing.T) repair.Attempt {
	t.Helper()
	list := w.list(t)
	if len(list) != 1 {
		t.Fatalf("there are %d attempts, not one: %+v", len(list), list)
	}
	return list[0]
}

// last gives the newest attempt of the case.
func (w *world) last(t *testing.T) repair.Attempt {
	t.Helper()
	list := w.list(t)
	if len(list) == 0 {
		t.Fatal("there is no attempt")
	}
	return list[len(list)-1]
}

func (w *world) wantCase(t *testing.T, want casefile.State) {
	t.Helper()
	c, err := w.cases.Get(t.Context(), w.id)
	if err != nil || c.State != want {
		t.Fatalf("the case is %s, not %s (%v)", c.State, want, err)
	}
}

func (w *world) wantState(t *testing.T, id string, want repair.State) {
	t.Helper()
	a, err := w.attempts.Get(t.Context(), id)
	if err != nil || a.State != want {
		t.Fatalf("the attempt at %s is %s, not %s (%v)", a.Step, a.State, want, err)
	}
}

// move puts the case where another stage would have put it.
func (w *world) move(t *testing.T, to casefile.State) {
	t.Helper()
	entry := casefile.Entry{At: w.now, Kind: "moved", By: "system", Text: lang.Text{ZH: "移动", EN: "moved"}}
	if err := w.cases.Move(t.Context(), w.id, to, entry); err != nil {
		t.Fatal(err)
	}
}

func (w *world) close(t *testing.T) {
	t.Helper()
	entry := casefile.Entry{At: w.now, Kind: "closed", By: "system", Text: lang.Text{ZH: "关闭", EN: "closed"}}
	if err := w.cases.Close(t.Context(), w.id, casefile.Recovered, entry); err != nil {
		t.Fatal(err)
	}
}

// lines counts the lines of a kind in the case's timeline.
func (w *world) lines(t *testing.T, kind string) int {
	t.Helper()
	all, err := w.cases.Timeline(t.Context(), w.id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range all {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// ended gives what the events of a kind say.
func (w *world) ended(t *testing.T, kind event.Kind) []repair.Ended {
	t.Helper()
	var out []repair.Ended
	for _, ev := range outboxtest.Waiting(t, w.db) {
		if ev.Kind != kind {
			continue
		}
		var e repair.Ended
		if err := ev.Into(&e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func mustStep(t *testing.T, w *world, id string) *pack.Step {
	t.Helper()
	s, ok := w.pack.Step(id)
	if !ok {
		t.Fatalf("the pack has no step %s", id)
	}
	return s
}

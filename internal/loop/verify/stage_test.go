package verify_test

import (
	"context"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/verify"
	"github.com/posmedic/posmedic/internal/loop/verify/verifysql"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

// world is the stage on real stores with one open case; the test is the terminal and the clock.
type world struct {
	*verify.Stage
	cases *casefilesql.Store
	db    *sqldb.DB
	state observe.State
	now   time.Time
	id    string
	heard int // outcomes that were handled
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := sqldbtest.SQLite(t)
	w := &world{cases: casefilesql.New(db), db: db, now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	w.Stage = verify.New(verify.Deps{
		Store: verifysql.New(db), Cases: w.cases, Now: func() time.Time { return w.now },
		State: func(context.Context, string) (observe.State, error) { return w.state, nil },
	}, verify.DefaultRules())
	c, _, err := w.cases.Open(t.Context(), "t-1", "findings", w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.id = c.ID
	return w
}

// pass lets time pass and the stage look, and hands it the outcomes, each twice as the bus may.
func (w *world) pass(t *testing.T, d time.Duration) {
	t.Helper()
	w.now = w.now.Add(d)
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var outcomes []event.Event
	for _, ev := range outboxtest.Waiting(t, w.db) {
		if ev.Kind == verify.OutcomeEvent {
			outcomes = append(outcomes, ev)
		}
	}
	for _, ev := range outcomes[w.heard:] {
		for range 2 {
			if err := w.OnOutcome(t.Context(), ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.heard = len(outcomes)
}

func (w *world) move(t *testing.T, to casefile.State) {
	t.Helper()
	entry := casefile.Entry{At: w.now, Kind: "moved", By: "system", Text: lang.Text{ZH: "移动", EN: "moved"}}
	if err := w.cases.Move(t.Context(), w.id, to, entry); err != nil {
		t.Fatal(err)
	}
}

// repaired says that an attempt is done, and gives the event for saying so once more.
func (w *world) repaired(t *testing.T, attempt string) event.Event {
	t.Helper()
	ev := event.New(repair.DoneEvent, w.now, "t-1", w.id, repair.Ended{
		Attempt: attempt, Case: w.id, Step: "restart_app", State: repair.Done, Changes: true, At: w.now,
	})
	w.tell(t, w.OnRepaired, ev)
	return ev
}

func (w *world) tell(t *testing.T, handle func(context.Context, event.Event) error, ev event.Event) {
	t.Helper()
	if err := handle(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

func (w *world) signsIn() { w.state.SignInAt = w.now }

// sells lets a sale go through, and tells of it.
func (w *world) sells(t *testing.T) {
	t.Helper()
	w.state.SaleAt, w.state.SaleRRN, w.state.Failures = w.now, "000123", 0
	w.tell(t, w.OnProof, event.New(observe.ProofEvent, w.now, "t-1", "", observe.Proof{Terminal: "t-1", Kind: observe.Sale, At: w.now}))
}

func (w *world) fails() {
	w.state.Failures++
	w.state.FailAt = w.now
}

func (w *world) want(t *testing.T, state casefile.State, outcome casefile.Outcome) casefile.Case {
	t.Helper()
	c, err := w.cases.Get(t.Context(), w.id)
	if err != nil || c.State != state || c.Outcome != outcome {
		t.Fatalf("the case is %s %q, not %s %q (%v)", c.State, c.Outcome, state, outcome, err)
	}
	return c
}

func TestARepairIsProvenByASale(t *testing.T) {
	t.Parallel()
	t.Run("a sign-in, a sale and a quiet window confirm it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.move(t, casefile.Repairing)
		done := w.repaired(t, "a")
		w.want(t, casefile.Verifying, "")
		w.tell(t, w.OnRepaired, done) // twice
		w.now = w.now.Add(time.Minute)
		w.signsIn()
		w.pass(t, time.Minute)
		w.want(t, casefile.Verifying, "")
		w.sells(t)
		for range 9 { // a busy shop: a sale a minute
			w.pass(t, time.Minute)
			w.want(t, casefile.Verifying, "")
			w.sells(t)
		}
		w.pass(t, time.Minute)
		w.want(t, casefile.Closed, casefile.Confirmed)
		w.tell(t, w.OnRepaired, done)
		w.pass(t, time.Hour)
		w.want(t, casefile.Closed, casefile.Confirmed)
	})
	t.Run("a failure in between begins the quiet window anew", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.repaired(t, "a")
		w.now = w.now.Add(time.Second)
		w.signsIn()
		w.sells(t)
		w.pass(t, time.Second)
		w.fails() // while old failures may still arrive
		w.pass(t, 9*time.Minute)
		w.sells(t)
		w.pass(t, 9*time.Minute)
		w.want(t, casefile.Verifying, "")
		w.pass(t, 2*time.Minute)
		w.want(t, casefile.Closed, casefile.Confirmed)
	})
	t.Run("a failure again reopens it, and an old event does not bring the watch back", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.move(t, casefile.Repairing)
		done := w.repaired(t, "a")
		w.now = w.now.Add(time.Minute)
		w.fails()
		w.pass(t, time.Second)
		if c := w.want(t, casefile.Diagnosing, ""); c.Reopened != 1 {
			t.Errorf("reopened %d times", c.Reopened)
		}
		w.tell(t, w.OnRepaired, done)
		w.want(t, casefile.Diagnosing, "")
	})
	t.Run("no proof in time reopens it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.repaired(t, "a")
		w.signsIn()
		w.pass(t, 11*time.Hour)
		w.want(t, casefile.Verifying, "")
		w.pass(t, 2*time.Hour)
		w.want(t, casefile.Diagnosing, "")
	})
	t.Run("a person who moved the case on is not overruled by a refusal", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.repaired(t, "a")
		w.now = w.now.Add(time.Minute)
		w.fails()
		w.move(t, casefile.HandedOver)
		w.pass(t, time.Second)
		w.want(t, casefile.HandedOver, "")
	})
	t.Run("what only found something out is no repair", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.tell(t, w.OnRepaired, event.New(repair.DoneEvent, w.now, "t-1", w.id, repair.Ended{Attempt: "p", Case: w.id, At: w.now}))
		w.want(t, casefile.Diagnosing, "")
	})
}

func TestATerminalThatRecoversByItself(t *testing.T) {
	t.Parallel()
	t.Run("is closed as recovered once that is proven", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.now = w.now.Add(time.Minute)
		w.sells(t)
		w.pass(t, time.Hour)
		w.want(t, casefile.Diagnosing, "") // a sale alone is no proof
		w.signsIn()
		w.sells(t)
		w.pass(t, 11*time.Minute)
		w.want(t, casefile.Closed, casefile.Recovered)
	})
	t.Run("is left in diagnosis when it fails again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.now = w.now.Add(time.Minute)
		w.signsIn()
		w.sells(t)
		w.now = w.now.Add(time.Minute)
		w.fails()
		w.pass(t, 24*time.Hour)
		w.want(t, casefile.Diagnosing, "")
	})
	t.Run("waits for the word of whoever was asked to repair it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.move(t, casefile.HandedOver)
		w.now = w.now.Add(time.Minute)
		w.signsIn()
		w.sells(t)
		for range 29 { // selling on, a sale a minute
			w.pass(t, time.Minute)
			w.sells(t)
		}
		w.want(t, casefile.HandedOver, "")
		w.pass(t, 2*time.Minute)
		w.want(t, casefile.Closed, casefile.Recovered)
	})
	t.Run("a sale of before the case proves nothing", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.now = w.now.Add(-time.Minute)
		w.sells(t)
		w.now = w.now.Add(2 * time.Minute)
		w.signsIn()
		w.pass(t, time.Hour)
		w.want(t, casefile.Diagnosing, "")
	})
}

func TestAStepThatCouldNotBeDoneSendsTheCaseBack(t *testing.T) {
	t.Parallel()
	failed := func(w *world, changes bool) event.Event {
		return event.New(repair.FailedEvent, w.now, "t-1", w.id, repair.Ended{Attempt: "a", Case: w.id, State: repair.Failed, Changes: changes, At: w.now})
	}
	for _, from := range []casefile.State{casefile.Repairing, casefile.HandedOver} {
		t.Run(string(from), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.move(t, from)
			w.tell(t, w.OnFailed, failed(w, false))
			w.want(t, from, "")
			w.tell(t, w.OnFailed, failed(w, true))
			w.want(t, casefile.Diagnosing, "")
			w.tell(t, w.OnFailed, failed(w, true))
			w.want(t, casefile.Diagnosing, "")
		})
	}
	t.Run("but not a case that waits for its proof", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.repaired(t, "a")
		w.tell(t, w.OnFailed, failed(w, true))
		w.want(t, casefile.Verifying, "")
	})
}

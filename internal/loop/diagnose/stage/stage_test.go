package stage_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// engine decides with the built-in pack: reading it takes longer than a test.
var engine = sync.OnceValues(func() (*diagnose.Engine, error) {
	p, err := pack.Load(packs.Core())
	if err != nil {
		return nil, err
	}
	return diagnose.New(p, diagnose.Policy{}), nil
})

const terminal = "t-1"

// world is the stage on a real case file; the test says what is known.
type world struct {
	*stage.Stage
	cases    *casefilesql.Store
	packs    *knowledgesql.Store
	now      time.Time
	evidence observe.Evidence
	history  stage.History
}

func newWorld(t *testing.T) *world {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return newWorldOn(t, sqldbtest.SQLite(t), e)
}

func newWorldOn(t *testing.T, db *sqldb.DB, e *diagnose.Engine) *world {
	t.Helper()
	w := &world{cases: casefilesql.New(db), packs: knowledgesql.New(db), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	w.Stage = stage.New(stage.Deps{
		Cases: w.cases, Engine: func() *diagnose.Engine { return e }, Keep: w.packs.Keep, Now: func() time.Time { return w.now },
		Evidence: func(context.Context, string) (observe.Evidence, error) { return w.evidence, nil },
		History:  func(context.Context, string) (stage.History, error) { return w.history, nil },
		Audience: func(context.Context, string, observe.Evidence) diagnose.Audience {
			return diagnose.Audience{Merchant: true, Desk: true, Remote: true}
		},
	})
	return w
}

// hangs makes the terminal one whose application hangs, noticed by an agent that is heard.
func (w *world) hangs() {
	w.evidence.State = observe.State{
		Terminal: terminal, ContactAt: w.now, StoppedSince: w.now.Add(-time.Second), StoppedBy: observe.ByFindings, Adverse: w.now, AdverseAt: w.now,
	}
	w.know("screen_state", "frozen_picture", finding.TMS)
	w.know("app_state", "hung", finding.TMS)
}

func (w *world) know(variable, state string, source finding.Source) {
	w.evidence.Findings = append(w.evidence.Findings, finding.Finding{Variable: variable, State: state, At: w.now, Source: source})
}

func (w *world) stops(t *testing.T) {
	t.Helper()
	stopped := observe.Stopped{Terminal: terminal, Since: w.now, By: observe.ByFindings}
	if err := w.OnStopped(t.Context(), event.New(observe.StoppedEvent, w.now, terminal, "", stopped)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) hears(t *testing.T) {
	t.Helper()
	w.now = w.now.Add(time.Second)
	if err := w.OnEvidence(t.Context(), event.New(observe.ChangedEvent, w.now, terminal, "", nil)); err != nil {
		t.Fatal(err)
	}
}

// open gives the open case with its diagnosis.
func (w *world) open(t *testing.T) (casefile.Case, diagnose.Diagnosis) {
	t.Helper()
	c, open, err := w.cases.OpenOf(t.Context(), terminal)
	if err != nil || !open {
		t.Fatalf("there is no open case (%v)", err)
	}
	var d diagnose.Diagnosis
	if err := json.Unmarshal(c.Diagnosis, &d); err != nil {
		t.Fatal(err)
	}
	return c, d
}

func TestAStoppedTerminalGetsOneDiagnosedCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hangs()
	w.stops(t)
	first, d := w.open(t)
	if d.Ranked[0].Fault != "sw_hang" || d.Pack.Hash != first.PackHash || first.PackHash == "" || first.OpenedBy != "findings" {
		t.Errorf("case %+v, leading %+v", first, d.Ranked[0])
	}
	w.stops(t)
	if again, _ := w.open(t); again.ID != first.ID || again.Revision != first.Revision {
		t.Errorf("the event came twice: first %+v, then %+v", first, again)
	}
}

func TestNewEvidenceIsThoughtOver(t *testing.T) {
	t.Parallel()
	t.Run("and written down when it says something new", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.hangs()
		w.stops(t)
		before, _ := w.open(t)
		w.hears(t)
		if same, _ := w.open(t); same.Revision != before.Revision {
			t.Error("nothing was new, and something was written")
		}
		w.now = w.now.Add(time.Second)
		w.know("tamper_flag", "set", finding.TMS)
		w.hears(t)
		after, d := w.open(t)
		if after.Revision == before.Revision || d.Next == nil || d.Next.By != "depot" {
			t.Errorf("revision %d after %d, next %+v", after.Revision, before.Revision, d.Next)
		}
	})
	t.Run("a step that was tried is not advised again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.hangs()
		w.stops(t)
		_, before := w.open(t)
		for before.Next.Kind != diagnose.Do {
			w.history.Unknown = append(w.history.Unknown, before.Next.ID)
			w.hears(t)
			if _, before = w.open(t); before.Next == nil || len(w.history.Unknown) > 50 {
				t.Fatalf("it never comes to a step: %+v", before.Next)
			}
		}
		w.now = w.now.Add(time.Minute)
		w.history.Tried = []diagnose.Attempt{{Step: before.Next.ID, At: w.now}}
		w.evidence.Findings = nil
		w.hangs() // it still does
		w.hears(t)
		if _, after := w.open(t); after.Next == nil || after.Next.ID == before.Next.ID {
			t.Errorf("next was %+v and is %+v", before.Next, after.Next)
		}
	})
	t.Run("what nobody knew is not asked again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.evidence.State = observe.State{Terminal: terminal, ContactAt: w.now, StoppedSince: w.now, StoppedBy: observe.ByPerson}
		w.know("main_symptom", "other", finding.Merchant)
		w.stops(t)
		asked := map[string]bool{}
		for range 4 {
			_, d := w.open(t)
			if d.Next == nil || asked[d.Next.ID] {
				t.Fatalf("after %v comes %+v", asked, d.Next)
			}
			asked[d.Next.ID] = true
			w.history.Unknown = append(w.history.Unknown, d.Next.ID)
			w.hears(t)
		}
	})
	t.Run("without an open case there is nothing to think over", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.hangs()
		w.hears(t)
		if _, open, err := w.cases.OpenOf(t.Context(), terminal); err != nil || open {
			t.Errorf("open %v (%v)", open, err)
		}
	})
	t.Run("a proof from before the stop does not count", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.hangs()
		w.evidence.Findings = nil
		w.evidence.Findings = append(w.evidence.Findings, finding.Finding{
			Variable: "sales_possible", State: "all", At: w.now.Add(-time.Hour), Source: finding.Host,
		})
		w.stops(t)
		if _, d := w.open(t); d.Verdict == diagnose.Healthy {
			t.Error("a stopped terminal was called healthy")
		}
	})
}

func TestWhatWasBelievedIsKept(t *testing.T) {
	t.Parallel()
	for name, calm := range map[string]observe.State{
		"once nothing speaks against it any more": {Terminal: terminal, StoppedBy: observe.ByFindings},
		"also of a terminal without an agent":     {Terminal: terminal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.hangs()
			w.stops(t)
			before, _ := w.open(t)
			w.now = w.now.Add(time.Minute)
			w.evidence.State, w.evidence.Findings = calm, nil
			if calm.StoppedBy != "" {
				w.evidence.State.StoppedSince, w.evidence.State.ContactAt = w.now.Add(-time.Minute), w.now
			}
			w.know("sales_possible", "all", finding.Host)
			w.hears(t)
			if after, d := w.open(t); after.Revision != before.Revision || len(d.Ranked) == 0 {
				t.Errorf("it is forgotten: %+v", d)
			}
		})
	}
	t.Run("but what a person reported is looked into although nothing is to be seen", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.evidence.State = observe.State{Terminal: terminal, ContactAt: w.now, StoppedSince: w.now.Add(-time.Second), StoppedBy: observe.ByPerson}
		w.know("main_symptom", "other", finding.Merchant)
		w.stops(t)
		before, _ := w.open(t)
		w.now = w.now.Add(time.Second)
		w.know("paper_present", "no", finding.Merchant)
		w.hears(t)
		if after, _ := w.open(t); after.Revision == before.Revision {
			t.Error("the answer was not heard")
		}
	})
	for _, busy := range []casefile.State{casefile.Repairing, casefile.Verifying, casefile.HandedOver} {
		t.Run("while a case is "+string(busy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.hangs()
			w.stops(t)
			c, _ := w.open(t)
			entry := casefile.Entry{At: w.now, Kind: "moved", By: "system", Text: lang.Text{ZH: "移动", EN: "moved"}}
			if err := w.cases.Move(t.Context(), c.ID, busy, entry); err != nil {
				t.Fatal(err)
			}
			before, _ := w.open(t)
			w.now = w.now.Add(time.Minute)
			w.evidence.Findings = nil
			w.know("paper_present", "no", finding.TMS)
			w.stops(t)
			w.hears(t)
			if after, _ := w.open(t); after.Revision != before.Revision {
				t.Error("the diagnosis was changed under somebody's hands")
			}
		})
	}
}

package loop

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/incident/incidentsql"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/observe/observesql"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/repair/repairsql"
	"github.com/posmedic/posmedic/internal/loop/verify"
	"github.com/posmedic/posmedic/internal/loop/verify/verifysql"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
	"github.com/posmedic/posmedic/wire"
)

// unheard are the events that a stage or a room under it sends and no line of the table waits for, each with who else
// does.
var unheard = map[event.Kind]string{
	casefile.OpenedEvent: "live pages",
}

// TestEveryEventHasAListener reads the names of all events from the stages' sources.
func TestEveryEventHasAListener(t *testing.T) {
	t.Parallel()
	heard := map[event.Kind]bool{}
	names := map[string]bool{}
	for _, h := range (Stages{Verify: &verify.Stage{}}).table() {
		if names[h.consumer] {
			t.Errorf("two lines of the table share the consumer %s: each would miss what the other gets", h.consumer)
		}
		names[h.consumer] = true
		for _, k := range h.kinds {
			heard[k] = true
		}
	}
	sent := 0
	declared := regexp.MustCompile(`Event\s+(?:event\.Kind\s*)?=\s*"([a-z_.]+)"`)
	kind := regexp.MustCompile(`event\.Kind`)
	for _, folder := range []string{"observe", "repair", "verify", "learn", "diagnose", "../casefile", "../incident"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", folder, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") || !kind.Match(text) {
				continue
			}
			for _, m := range declared.FindAllSubmatch(text, -1) {
				sent++
				k := event.Kind(m[1])
				if _, named := unheard[k]; heard[k] == named {
					t.Errorf("%s: heard in the table %v, named as unheard %v", k, heard[k], named)
				}
			}
		}
	}
	if sent < len(heard) {
		t.Errorf("%d events were found in the sources, but the table waits for %d", sent, len(heard))
	}
}

var core = sync.OnceValues(func() (*pack.Pack, error) { return pack.Load(packs.Core()) })

const terminal = "t-1"

// world is the whole loop on real stores, with a clock that the test moves and a bus that delivers everything twice.
type world struct {
	Stages
	t        *testing.T
	db       *sqldb.DB
	cases    *casefilesql.Store
	attempts *repairsql.Store
	learned  *learnsql.Store
	now      time.Time
	seq      uint64
	stan     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	knowledge, err := core()
	if err != nil {
		t.Fatal(err)
	}
	db := sqldbtest.SQLite(t)
	w := &world{
		t: t, db: db, cases: casefilesql.New(db), attempts: repairsql.New(db), learned: learnsql.New(db),
		now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
	}
	now, known := func() time.Time { return w.now }, func() *pack.Pack { return knowledge }
	engine := diagnose.New(knowledge, diagnose.Policy{})
	w.Incident = incident.New(incident.Deps{
		Store: incidentsql.New(db), Memory: incidentsql.New(db), Now: now, Members: func(context.Context) ([]incident.Member, error) { return nil, nil },
	}, incident.DefaultRules())
	w.Observe = observe.New(observe.Deps{
		Store: observesql.New(db), Now: now, FaultCode: func(code string) bool { return code != "51" },
		Find:    func(context.Context, string) (string, bool) { return terminal, true },
		Trading: func(string, time.Time) bool { return true },
	}, observe.Config{Rules: observe.DefaultRules(), ReportEvery: 30 * time.Second})
	evidence := func(ctx context.Context, terminal string) (observe.Evidence, error) {
		return w.Observe.Evidence(ctx, terminal, "unionpay")
	}
	w.Repair = repair.New(repair.Deps{
		Store: w.attempts, Cases: w.cases, Pack: known, Evidence: evidence, Nudge: func(string) {}, Now: now,
		Shared: func(context.Context, string) ([]incident.Incident, error) { return nil, nil },
	}, repair.DefaultPolicy())
	w.Diagnose = stage.New(stage.Deps{
		Cases: w.cases, Engine: func() *diagnose.Engine { return engine }, Keep: knowledgesql.New(db).Keep, Evidence: evidence, Now: now, History: w.history,
		Audience: func(context.Context, string, observe.Evidence) diagnose.Audience {
			return diagnose.Audience{Merchant: true, Desk: true, Remote: true}
		},
	})
	w.Verify = verify.New(verify.Deps{Store: verifysql.New(db), Cases: w.cases, State: w.Observe.State, Now: now}, verify.DefaultRules())
	w.Learn = learn.New(learn.Deps{Store: w.learned, Case: w.cases.Get, Attempts: w.attempts.OfCase, Pack: known})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Observe.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) history(ctx context.Context, caseID string) (stage.History, error) {
	tried, unknown, err := w.Repair.Tried(ctx, caseID)
	return stage.History{Tried: tried, Unknown: unknown}, err
}

// PublishEvents delivers to the table, as the bus does: at least once.
func (w *world) PublishEvents(ctx context.Context, events []event.Event) error {
	for _, ev := range events {
		for _, h := range w.table() {
			if !slices.Contains(h.kinds, ev.Kind) {
				continue
			}
			for range 2 {
				if err := h.handle(ctx, ev); err != nil {
					w.t.Errorf("%s: %s: %v", h.consumer, ev.Kind, err)
				}
			}
		}
	}
	return nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass and every stage look, until nothing is left to be told.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	ctx := w.t.Context()
	w.must(w.Observe.Sweep(ctx))
	w.must(w.Verify.Sweep(ctx))
	w.must(w.Repair.Expire(ctx))
	relay := outbox.NewRelay(w.db, w, slog.New(slog.DiscardHandler))
	for {
		n, err := relay.Move(ctx)
		w.must(err)
		if n == 0 {
			return
		}
	}
}

// report has the terminal's agent say how it is.
func (w *world) report(findings ...finding.Finding) {
	w.t.Helper()
	w.seq++
	for i := range findings {
		findings[i].At, findings[i].Source = w.now, finding.TMS
	}
	_, err := w.Observe.Submit(w.t.Context(), terminal, "dev", wire.Batch{
		SentAt: w.now, Reports: []wire.Report{{Boot: "b", Seq: w.seq, At: w.now, Findings: findings}},
	})
	w.must(err)
}

func (w *world) hung() {
	w.t.Helper()
	w.looks("screen_state", "frozen_picture", "key_response", "none", "app_state", "runs", "paper_present", "yes", "chip_reading", "ok",
		"host_connect_test", "ok", "key_status", "loaded", "tamper_flag", "clear")
}

func (w *world) fine() {
	w.t.Helper()
	w.looks("screen_state", "normal", "key_response", "all", "app_state", "runs", "paper_present", "yes", "chip_reading", "ok",
		"host_connect_test", "ok", "key_status", "loaded", "tamper_flag", "clear")
}

// looks has the agent report states of variables.
func (w *world) looks(pairs ...string) {
	w.t.Helper()
	var out []finding.Finding
	for pair := range slices.Chunk(pairs, 2) {
		out = append(out, finding.Finding{Variable: pair[0], State: pair[1]})
	}
	w.report(out...)
}

func (w *world) answers(kind observe.AnswerKind, code string) {
	w.t.Helper()
	w.stan++
	stan := time.Duration(w.stan).String()
	_, err := w.Observe.Accept(w.t.Context(), []observe.Record{{ID: stan, At: w.now, Message: &observe.HostMessage{
		TID: "1", Kind: kind, Code: code, STAN: stan, RRN: "rrn" + stan,
	}}})
	w.must(err)
}

// obey has the agent carry out what it is told, until it is told to do what the test waits for.
func (w *world) obey(until string) wire.Command {
	w.t.Helper()
	for range 20 {
		commands, err := w.Repair.Waiting(w.t.Context(), terminal)
		w.must(err)
		if len(commands) == 0 {
			break
		}
		c := commands[0]
		if c.Name == until {
			return c
		}
		w.must(w.Repair.Report(w.t.Context(), terminal, wire.Progress{ID: c.ID, State: "done", At: w.now}))
		w.pass(time.Second)
	}
	w.t.Fatalf("the agent was never told to %s: %+v", until, w.list())
	return wire.Command{}
}

func (w *world) done(c wire.Command) {
	w.t.Helper()
	w.must(w.Repair.Report(w.t.Context(), terminal, wire.Progress{ID: c.ID, State: "done", At: w.now}))
}

func (w *world) theCase() casefile.Case {
	w.t.Helper()
	all, _, err := w.cases.List(w.t.Context(), casefilesql.Filter{Terminal: terminal}, "", 10)
	w.must(err)
	if len(all) != 1 {
		w.t.Fatalf("there are %d cases, not one", len(all))
	}
	return all[0]
}

func (w *world) want(state casefile.State, outcome casefile.Outcome) {
	w.t.Helper()
	if c := w.theCase(); c.State != state || c.Outcome != outcome {
		w.t.Fatalf("the case is %s %q, not %s %q; attempts %+v", c.State, c.Outcome, state, outcome, w.list())
	}
}

func (w *world) list() []repair.Attempt {
	list, err := w.attempts.OfCase(w.t.Context(), w.theCase().ID)
	w.must(err)
	return list
}

// hangs begins a bad day: the terminal works, then hangs, and the agent is told to restart the application.
func (w *world) hangs() wire.Command {
	w.fine()
	w.answers(observe.SignIn, "00")
	w.answers(observe.Sale, "00")
	w.pass(time.Minute)
	w.hung()
	w.pass(time.Second)
	if all, _, err := w.cases.List(w.t.Context(), casefilesql.Filter{}, "", 1); err != nil || len(all) != 0 {
		w.t.Fatalf("it was not debounced: %v (%v)", all, err)
	}
	w.hung()
	w.pass(25 * time.Second)
	return w.obey("restart_app")
}

func TestABadDayEndsWithASale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	restart := w.hangs()
	w.want(casefile.Repairing, "")
	w.done(restart)
	w.pass(time.Second)
	w.fine()
	w.want(casefile.Verifying, "")
	w.obey("sign_in")
	w.answers(observe.SignIn, "00")
	w.pass(24 * time.Minute)
	w.want(casefile.Verifying, "") // no sale, no end
	w.fine()
	w.answers(observe.Sale, "00")
	w.pass(time.Second)
	for begun := w.now; w.now.Sub(begun) < verify.DefaultRules().Quiet; w.pass(time.Minute) {
		w.want(casefile.Verifying, "")
		w.fine()
	}
	w.want(casefile.Closed, casefile.Confirmed)
	records, err := w.learned.Records(t.Context(), 10)
	w.must(err)
	if len(records) != 1 || records[0].Credit["sw_hang"] < 0.5 || len(records[0].Steps) != 1 || !records[0].Steps[0].Helped {
		t.Errorf("learned %+v", records)
	}
	if s, err := w.Observe.State(t.Context(), terminal); err != nil || !s.StoppedSince.IsZero() {
		t.Errorf("it still counts as stopped: %+v (%v)", s, err)
	}
}

func TestARepairThatDoesNotHelpIsTriedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	restart := w.hangs()
	w.done(restart)
	w.pass(time.Second)
	w.want(casefile.Verifying, "")
	w.now = w.now.Add(time.Minute)
	w.hung() // it still does
	w.pass(time.Second)
	c := w.theCase()
	if c.State == casefile.Verifying || c.Reopened != 1 {
		t.Fatalf("the case is %s and was reopened %d times", c.State, c.Reopened)
	}
	restarts := 0
	for _, a := range w.list() {
		if a.Step == "restart_app" {
			restarts++
		}
	}
	if tried, _, err := w.Repair.Tried(t.Context(), c.ID); err != nil || len(tried) != 1 || tried[0].Step != "restart_app" || restarts != 1 {
		t.Errorf("tried %+v (%v), %d restarts", tried, err, restarts)
	}
	if c.State == casefile.Diagnosing && len(c.Diagnosis) == 0 {
		t.Error("it was not diagnosed again")
	}
}

func TestATerminalThatComesBackByItselfIsNobodysMerit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fine()
	w.pass(time.Second)
	for range 2 {
		w.answers(observe.SignIn, "96")
		w.pass(time.Second)
	}
	if w.theCase().OpenedBy != string(observe.ByAnswers) {
		t.Fatalf("case %+v", w.theCase())
	}
	w.now = w.now.Add(time.Second)
	w.answers(observe.SignIn, "00")
	w.answers(observe.Sale, "00")
	w.pass(time.Second)
	w.fine()
	w.pass(2 * time.Hour)
	w.want(casefile.Closed, casefile.Recovered)
	for _, a := range w.list() {
		if a.State == repair.Planned || a.State == repair.Queued {
			t.Errorf("it is over, and %s still waits", a.Step)
		}
	}
	records, err := w.learned.Records(t.Context(), 10)
	w.must(err)
	if len(records) != 1 || len(records[0].Credit) != 0 {
		t.Errorf("learned %+v", records)
	}
}

package observesql_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/observe/observesql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/wire"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// stage is the observe stage on a real database, with a clock the test moves.
type stage struct {
	*observe.Observe
	store *observesql.Store
	db    *sqldb.DB
	now   time.Time
}

func newStage(t *testing.T, db *sqldb.DB) *stage {
	t.Helper()
	s := &stage{store: observesql.New(db), db: db, now: start}
	s.Observe = observe.New(observe.Deps{
		Store:     s.store,
		FaultCode: func(code string) bool { return code == "97" || code == "96" },
		Now:       func() time.Time { return s.now },
		Find:      func(_ context.Context, tid string) (string, bool) { return "t-" + tid, tid != "unknown" },
		Sharing:   func(context.Context, string, string) ([]string, error) { return []string{"t-1", "t-2"}, nil },
		Trading:   func(string, time.Time) bool { return true },
	}, observe.Config{Rules: observe.DefaultRules(), ReportEvery: 30 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func (s *stage) report(t *testing.T, seq uint64, findings ...finding.Finding) wire.Receipt {
	t.Helper()
	receipt, err := s.Submit(t.Context(), "t-1", "device-1", wire.Batch{SentAt: s.now, Reports: []wire.Report{
		{Boot: "b", Seq: seq, At: s.now, Findings: findings, Readings: []wire.Reading{{Name: "battery_percent", Value: 80, At: s.now}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func (s *stage) evidence(t *testing.T, terminal string) observe.Evidence {
	t.Helper()
	e, err := s.Evidence(t.Context(), terminal, "unionpay")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (s *stage) kinds(t *testing.T) map[event.Kind]int {
	t.Helper()
	rows, err := s.db.Read().QueryContext(t.Context(), `SELECT body FROM outbox_events`)
	if err != nil {
		t.Fatal(err)
	}
	out := map[event.Kind]int{}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		var e event.Event
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		out[e.Kind]++
	}
	return out
}

func TestObserve(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("a report sent twice is stored once", func(t *testing.T) {
			s := newStage(t, db)
			first, again := s.report(t, 1), s.report(t, 1)
			if first.Accepted != 1 || again.Duplicate != 1 || again.Accepted != 0 {
				t.Errorf("first %+v, again %+v", first, again)
			}
		})
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("findings that stay stop the terminal once", func(t *testing.T) {
			s := newStage(t, db)
			hung := finding.Finding{Variable: "screen_state", State: "frozen_picture", At: s.now, Source: finding.Probe}
			s.report(t, 1, hung)
			sweep(t, s)
			if n := s.kinds(t)[observe.StoppedEvent]; n != 0 {
				t.Fatal("it was not debounced")
			}
			s.now = s.now.Add(25 * time.Second)
			sweep(t, s)
			sweep(t, s)
			if n := s.kinds(t)[observe.StoppedEvent]; n != 1 {
				t.Errorf("observe.stopped left %d times", n)
			}
			if got := s.evidence(t, "t-1").State.StoppedBy; got != observe.ByFindings {
				t.Errorf("noticed by %q", got)
			}
		})
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("answers of the host stop it and a sale starts it again", func(t *testing.T) { hostAnswers(t, newStage(t, db)) })
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("silence stops it", func(t *testing.T) {
			s := newStage(t, db)
			s.report(t, 1)
			s.now = s.now.Add(5 * time.Minute)
			sweep(t, s)
			e := s.evidence(t, "t-1")
			if e.State.StoppedBy != observe.BySilence || !finding.Collect(e.Findings...).Is("agent_contact", "silent") {
				t.Errorf("state %+v, findings %v", e.State, e.Findings)
			}
		})
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("what people said is forgotten with its case", func(t *testing.T) { forgets(t, newStage(t, db)) })
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("a feed's record is taken once and a notice reaches all it covers", func(t *testing.T) { feeds(t, newStage(t, db)) })
	})
}

func sweep(t *testing.T, s *stage) {
	t.Helper()
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func hostAnswers(t *testing.T, s *stage) {
	accept := func(id, code string, kind observe.AnswerKind) {
		t.Helper()
		s.now = s.now.Add(time.Second)
		if _, err := s.Accept(t.Context(), []observe.Record{{ID: id, At: s.now,
			Message: &observe.HostMessage{TID: "1", Kind: kind, Code: code, STAN: id, RRN: "r" + id}}}); err != nil {
			t.Fatal(err)
		}
	}
	accept("1", "51", observe.Sale) // not enough money: the card's trouble
	accept("2", "97", observe.SignIn)
	sweep(t, s)
	if st := s.evidence(t, "t-1").State; st.Failures != 1 || !st.StoppedSince.IsZero() {
		t.Fatalf("one refusal must not stop it: %+v", st)
	}
	accept("3", "97", observe.SignIn)
	sweep(t, s)
	e := s.evidence(t, "t-1")
	set := finding.Collect(e.Findings...)
	if e.State.StoppedBy != observe.ByAnswers || !set.Is("response_code", "97") || !set.Is("failing_step", "sign_in") {
		t.Fatalf("state %+v, findings %v", e.State, e.Findings)
	}
	accept("4", "00", observe.SignIn)
	accept("5", "00", observe.Sale)
	sweep(t, s)
	e = s.evidence(t, "t-1")
	if !e.State.StoppedSince.IsZero() || e.State.SaleRRN != "r5" || !finding.Collect(e.Findings...).Is("sales_possible", "all") {
		t.Errorf("it sells again: %+v, %v", e.State, e.Findings)
	}
	if n := s.kinds(t)[observe.ProofEvent]; n != 2 {
		t.Errorf("%d proofs left, want the sign-in and the sale", n)
	}
}

func forgets(t *testing.T, s *stage) {
	say := finding.Finding{Variable: "powers_on", State: "no", At: s.now, Source: finding.Merchant}
	if err := s.Say(t.Context(), "t-1", []finding.Finding{say}); err != nil {
		t.Fatal(err)
	}
	s.report(t, 1, finding.Finding{Variable: "link_type", State: "wifi", At: s.now, Source: finding.Probe})
	if s.evidence(t, "t-1").State.Adverse.IsZero() {
		t.Fatal("what the merchant says counts")
	}
	if err := s.Forget(t.Context(), "t-1"); err != nil {
		t.Fatal(err)
	}
	e := s.evidence(t, "t-1")
	set := finding.Collect(e.Findings...)
	if _, there := set["powers_on"]; there || !set.Is("link_type", "wifi") || !e.State.Adverse.IsZero() {
		t.Errorf("left %v, adverse since %v", e.Findings, e.State.Adverse)
	}
}

func feeds(t *testing.T, s *stage) {
	records := []observe.Record{
		{ID: "n1", At: s.now, Notice: &observe.Notice{ID: "n1", Kind: "maintenance", Scope: "host", Value: "h", From: s.now}},
		{ID: "x", At: s.now, SIM: &observe.SIMStatus{TID: "unknown", State: "active"}},
		{ID: "p", At: s.now, Power: &observe.AreaPower{Area: "a", On: false}},
	}
	first, err := s.Accept(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Accept(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	want := observe.Taken{Accepted: 4, Unknown: 1}
	if first != want || again != (observe.Taken{Duplicate: 4, Unknown: 1}) {
		t.Errorf("first %+v, again %+v", first, again)
	}
	set := finding.Collect(s.evidence(t, "t-2").Findings...)
	if !set.Is("status_page", "maintenance") || !set.Is("area_power", "off") {
		t.Errorf("evidence of t-2: %v", set)
	}
	notices, err := s.store.Notices(t.Context(), s.now)
	if err != nil {
		t.Fatal(err)
	}
	wantNotices := []observe.Notice{{ID: "n1", Kind: "maintenance", Scope: "host", Value: "h", From: s.now}}
	if diff := cmp.Diff(wantNotices, notices, cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestPruneKeepsWhatIsNew(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStage(t, db)
		s.report(t, 1)
		s.now = s.now.Add(48 * time.Hour)
		s.report(t, 2)
		n, err := s.store.Prune(t.Context(), s.now.Add(-24*time.Hour))
		if err != nil || n != 1 {
			t.Fatalf("pruned %d, %v", n, err)
		}
		if receipt := s.report(t, 2); receipt.Duplicate != 1 {
			t.Errorf("the new report was pruned too: %+v", receipt)
		}
	})
}

func TestSubmitWaitsForTheCommitAndIsRefusedAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		commits := make(chan struct{})
		o := observe.New(observe.Deps{Store: slowStore{commits: commits}, Now: time.Now}, observe.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.Run(ctx) }()
		acked := make(chan error, 1)
		go func() {
			_, err := o.Submit(t.Context(), "t", "d", wire.Batch{Reports: []wire.Report{{Boot: "b", Seq: 1}}})
			acked <- err
		}()
		synctest.Wait()
		select {
		case <-acked:
			t.Fatal("acknowledged before the commit")
		default:
		}
		cancel()
		synctest.Wait()
		close(commits)
		if err := <-acked; err != nil {
			t.Errorf("what was waiting at the end must be committed: %v", err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := o.Submit(t.Context(), "t", "d", wire.Batch{}); !errors.Is(err, observe.ErrBusy) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// slowStore commits when it is told to.
type slowStore struct {
	observe.Store
	commits chan struct{}
}

func (s slowStore) Commit(_ context.Context, arrivals []observe.Arrival, _ observe.Fold) ([]observe.Landed, error) {
	<-s.commits
	return make([]observe.Landed, len(arrivals)), nil
}

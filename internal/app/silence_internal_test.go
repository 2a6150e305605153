package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/observe/observesql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/internal/silence"
)

// street is the rooms that the host's feed passes through, with a clock that the test moves, over shops that sell from nine
// to six.
type street struct {
	*rooms
	at   time.Time
	shut map[string]time.Time // from when on a shop sells nothing
	stan int
}

func newStreet(t *testing.T, db *sqldb.DB) *street {
	t.Helper()
	s := &street{at: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), shut: map[string]time.Time{}}
	s.rooms = &rooms{now: func() time.Time { return s.at }, db: db, observed: observesql.New(db)}
	cfg := silence.DefaultConfig()
	cfg.Location = time.UTC
	s.silence = s.quiet(cfg)
	s.stages.Observe = observe.New(observe.Deps{
		Store: s.observed, Now: s.now, FaultCode: func(string) bool { return false }, Trading: s.trading, Watched: s.watched,
		Find: func(_ context.Context, tid string) (string, bool) { return tid, true },
	}, observe.Config{Rules: observe.DefaultRules(), ReportEvery: 30 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.stages.Observe.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// until lets days pass: the feed brings them, and the hours are taken in.
func (s *street) until(t *testing.T, end time.Time) {
	t.Helper()
	for s.at.Before(end) {
		from := s.at
		s.at = from.Add(min(24*time.Hour, end.Sub(from)))
		var records []observe.Record
		for at := from; at.Before(s.at); at = at.Add(20 * time.Minute) {
			records = append(records, s.sales(at)...)
		}
		if _, err := s.stages.Observe.Accept(t.Context(), records); err != nil {
			t.Fatal(err)
		}
		if err := s.silence.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *street) sales(at time.Time) (out []observe.Record) {
	for i := range 8 {
		id := fmt.Sprint("t-", i)
		since, shut := s.shut[id]
		if at.Hour() < 9 || at.Hour() >= 18 || (shut && !at.Before(since)) {
			continue
		}
		s.stan++
		out = append(out, observe.Record{ID: fmt.Sprint(s.stan), At: at, Message: &observe.HostMessage{
			TID: id, Kind: observe.Sale, Code: "00", STAN: fmt.Sprint(s.stan), RRN: fmt.Sprint("r", s.stan),
		}})
	}
	return out
}

func TestATerminalIsStoppedByItsSalesAlone(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStreet(t, db)
		noon := s.at.Add(23*24*time.Hour + 12*time.Hour)
		s.until(t, noon)
		s.shut["t-3"] = noon
		s.until(t, noon.Add(5*time.Hour)) // five o'clock
		e, err := s.stages.Observe.Evidence(t.Context(), "t-3", "unionpay")
		if err != nil {
			t.Fatal(err)
		}
		if e.State.StoppedBy != observe.BySales || !finding.Collect(e.Findings...).Is("host_sees_terminal", "silent") {
			t.Errorf("the shop that sells nothing: %+v", e)
		}
		for _, id := range []string{"t-2", "t-4"} {
			if st, err := s.stages.Observe.State(t.Context(), id); err != nil || !st.StoppedSince.IsZero() {
				t.Errorf("%s sells, and is stopped by %q (%v)", id, st.StoppedBy, err)
			}
		}
		if s.trading("t-2", noon.Add(13*time.Hour)) || !s.trading("t-2", noon) || !s.watched("t-2") || s.watched("stranger") {
			t.Error("the shop's hours are not what it has shown")
		}
	})
}

package outbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

// shelf is a publisher that keeps what it gets and may be told to fail.
type shelf struct {
	mu   sync.Mutex
	got  map[string][]string // ids by terminal
	n    chan int            // how many it got in each call
	fail error
}

func newShelf() *shelf { return &shelf{got: map[string][]string{}, n: make(chan int, 1000)} }

func (s *shelf) PublishEvents(_ context.Context, events []event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		s.got[e.Terminal] = append(s.got[e.Terminal], e.ID)
	}
	s.n <- len(events)
	return s.fail
}

func (s *shelf) of(terminal string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got[terminal])
}

func (s *shelf) wait(t *testing.T, n int) {
	t.Helper()
	for n > 0 {
		select {
		case k := <-s.n:
			n -= k
		case <-time.After(20 * time.Second):
			t.Fatalf("%d events never came", n)
		}
	}
}

func write(t *testing.T, db *sqldb.DB, events ...event.Event) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *sql.Tx) error { return outbox.Append(t.Context(), tx, events...) })
	if err != nil {
		t.Error(err)
	}
}

func made(terminal string) event.Event {
	return event.New("a.happened", time.Unix(1, 0), terminal, "", nil)
}

func waiting(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), `SELECT count(*) FROM outbox_events`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func relay(db *sqldb.DB, to outbox.Publisher) *outbox.Relay {
	return outbox.NewRelay(db, to, slog.New(slog.DiscardHandler))
}

func TestACommitReachesThePublisherInOrder(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		to := newShelf()
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { relay(db, to).Run(ctx) })

		want := make([][]string, 4)
		var writers sync.WaitGroup
		for i := range want {
			writers.Go(func() {
				for range 20 {
					a, b := made(fmt.Sprint("t", i)), made(fmt.Sprint("t", i))
					want[i] = append(want[i], a.ID, b.ID)
					write(t, db, a, made("crowd"), b)
				}
			})
		}
		writers.Wait()
		to.wait(t, 4*20*3)
		stop()
		done.Wait()
		for i := range want {
			if got := to.of(fmt.Sprint("t", i)); !slices.Equal(got, want[i]) {
				t.Errorf("terminal %d: got %v, want %v", i, got, want[i])
			}
		}
	})
}

func TestARolledBackTransactionSaysNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		err := db.Write(t.Context(), func(tx *sql.Tx) error {
			return errors.Join(outbox.Append(t.Context(), tx, made("t")), errors.New("no"))
		})
		if err == nil || waiting(t, db) != 0 {
			t.Fatalf("err %v, %d waiting", err, waiting(t, db))
		}
	})
}

// A process that is killed between publish and delete leaves exactly what a failed delete leaves.
func TestKilledBetweenPublishAndDeleteNothingIsLost(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		first, second := made("t"), made("t")
		write(t, db, first)
		to := newShelf()
		ctx, kill := context.WithCancel(t.Context())
		killer := publisherFunc(func(c context.Context, events []event.Event) error {
			err := to.PublishEvents(c, events)
			kill()
			return err
		})
		if _, err := relay(db, killer).Move(ctx); err == nil {
			t.Fatal("the delete succeeded after the kill")
		}
		write(t, db, second)
		if n, err := relay(db, to).Move(t.Context()); err != nil || n != 2 {
			t.Fatalf("moved %d, %v; want both", n, err)
		}
		if got := to.of("t"); !slices.Equal(got, []string{first.ID, first.ID, second.ID}) {
			t.Fatalf("got %v", got)
		}
		if waiting(t, db) != 0 {
			t.Fatal("something is left")
		}
	})
}

type publisherFunc func(context.Context, []event.Event) error

func (f publisherFunc) PublishEvents(ctx context.Context, e []event.Event) error { return f(ctx, e) }

func TestWhatCannotBePublishedStays(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	write(t, db, made("t"))
	to := newShelf()
	to.fail = errors.New("bus down")
	if _, err := relay(db, to).Move(t.Context()); !errors.Is(err, to.fail) || waiting(t, db) != 1 {
		t.Fatalf("err %v, %d waiting; want the error and the event kept", err, waiting(t, db))
	}
}

func TestManyEventsInOneTransaction(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var events []event.Event
		for range 1234 {
			events = append(events, made("t"))
		}
		write(t, db, events...)
		to := newShelf()
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { relay(db, to).Run(ctx) })
		to.wait(t, len(events))
		stop()
		done.Wait()
		for i, id := range to.of("t")[:len(events)] {
			if id != events[i].ID {
				t.Fatalf("event %d is out of order", i)
			}
		}
	})
}

func TestTwoProcessesRelayOneAfterTheOther(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Postgres(t)
	one, two := newShelf(), newShelf()
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { relay(db, one).Run(ctx) })
	write(t, db, made("t"))
	one.wait(t, 1)
	late, stopLate := context.WithCancel(t.Context())
	var lateDone sync.WaitGroup
	nudged := make(chan struct{}, 100)
	second := relay(db, two)
	second.Nudge = func() { nudged <- struct{}{} }
	lateDone.Go(func() { second.Run(late) })
	for range 20 {
		write(t, db, made("t"))
	}
	one.wait(t, 20)
	if got := two.of("t"); len(got) != 0 {
		t.Fatalf("the second relayed too: %v", got)
	}
	<-nudged
	stop()
	done.Wait()
	write(t, db, made("t"))
	two.wait(t, 1)
	stopLate()
	lateDone.Wait()
}

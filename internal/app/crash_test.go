package app_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/bus"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/wire"
)

const (
	kills       = 20
	crashFleet  = 5
	perLife     = 20 // acknowledgements between two kills
	crashBoot   = "crashboot"
	largestSend = 25 // reports in a batch
)

// TestNothingAcknowledgedIsLost kills the real server under load, again and again, and then compares what devices
// were told with what is there.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	w := crashWorld(t)
	s := w.start(t)
	if err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	devices, err := w.estate.Enrol(t.Context(), w.agents, bench.Anywhere)
	if err != nil {
		t.Fatal(err)
	}
	senders := make([]*sender, len(devices))
	var load sync.WaitGroup
	enough := make(chan struct{})
	for i, d := range devices {
		senders[i] = &sender{Enrolled: d, dice: rand.New(rand.NewPCG(w.seed, uint64(i))), acks: &w.acks}
		load.Go(func() { senders[i].run(t, enough) })
	}
	for life := range kills {
		w.live(t, s, life)
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		s = w.start(t)
	}
	if err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.await(t, s, w.acks.Load()+perLife) // it takes reports as before
	close(enough)
	load.Wait()
	w.drained(t)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	w.compare(t, senders)
	w.delivered(t, senders)
}

// crash is the folder and the addresses that all lives of the server share.
type crash struct {
	binary, dir, page, agents string
	estate                    bench.Estate
	seed                      uint64
	dice                      *rand.Rand
	acks                      atomic.Int64 // acknowledged batches of all devices
}

func crashWorld(t *testing.T) *crash {
	t.Helper()
	w := &crash{binary: program(t), dir: t.TempDir(), seed: rand.Uint64()}
	t.Logf("seed %d", w.seed)
	w.dice = rand.New(rand.NewPCG(w.seed, 1<<32))
	for _, address := range []*string{&w.page, &w.agents} {
		free, err := bench.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		*address = free
	}
	var err error
	if w.estate, err = bench.Furnish(t.Context(), w.dir, "", crashFleet); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *crash) start(t *testing.T) *bench.Server {
	t.Helper()
	s, err := bench.StartServer(t.Context(), bench.ServerConfig{Binary: w.binary, Dir: w.dir, Page: w.page, Agents: w.agents})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// live lets a server work for a life that ends at no moment in particular. Every fifth is killed while it starts, when it
// mends what the kill before has left.
func (w *crash) live(t *testing.T, s *bench.Server, life int) {
	t.Helper()
	if life%5 != 4 {
		w.await(t, s, w.acks.Load()+perLife)
	}
	<-time.After(time.Duration(w.dice.IntN(150)) * time.Millisecond)
}

// await waits until so many batches are acknowledged.
func (w *crash) await(t *testing.T, s *bench.Server, acks int64) {
	t.Helper()
	until(t, fmt.Sprintf("%d acknowledgements: %s", acks, s.Said()), func() bool { return w.acks.Load() >= acks })
}

// until waits for something that must happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}

// sender is a device that behaves as agents do: what is not acknowledged is sent again, as it was.
type sender struct {
	bench.Enrolled
	dice  *rand.Rand
	acks  *atomic.Int64
	acked uint64   // reports 1 to this are acknowledged
	sales []string // RRN of the last sale of each acknowledged batch
	cut   int      // batches whose answer a kill has cut off
	twice int      // reports that were stored all the same, and came again
}

func (s *sender) run(t *testing.T, enough <-chan struct{}) {
	defer s.Close()
	for {
		batch := s.batch()
		if !s.deliver(t, batch) {
			return
		}
		s.acked += uint64(len(batch))
		s.sales = append(s.sales, batch[len(batch)-1].Host[0].RRN)
		s.acks.Add(1)
		select {
		case <-enough:
			return
		default:
		}
	}
}

// batch makes the next reports; each tells of a sale that no other does.
func (s *sender) batch() []wire.Report {
	out := make([]wire.Report, 1+s.dice.IntN(largestSend))
	now := time.Now()
	for i := range out {
		seq := s.acked + uint64(i) + 1
		at := now.Add(time.Duration(i-len(out)) * time.Microsecond)
		out[i] = bench.StatusReport(crashBoot, seq, at)
		out[i].Host = []wire.HostAnswer{{At: at, MTI: "0200", Kind: "sale", Code: "00", STAN: fmt.Sprintf("%06d", seq), RRN: fmt.Sprintf("R%011d", seq)}}
	}
	return out
}

// deliver sends a batch until it is acknowledged.
func (s *sender) deliver(t *testing.T, batch []wire.Report) bool {
	for t.Context().Err() == nil {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		receipt, err := s.Send(ctx, batch...)
		cancel()
		var no *bench.Refused
		var broken *net.OpError
		switch {
		case err == nil && receipt.Accepted+receipt.Duplicate == len(batch) && len(receipt.Refused) == 0:
			s.twice += receipt.Duplicate
			return true
		case err == nil:
			t.Errorf("a batch of %d was answered with %+v", len(batch), receipt)
			return false
		case errors.As(err, &no) && no.Status < 500 && no.Status != 429:
			t.Errorf("a batch was refused: %v", err)
			return false
		case !errors.As(err, &no) && !(errors.As(err, &broken) && broken.Op == "dial"):
			s.cut++
		}
		<-time.After(10 * time.Millisecond) // the server is away, or asks for calm
	}
	return false
}

// drained waits until the outbox is empty: everything committed has gone out to the bus.
func (w *crash) drained(t *testing.T) {
	t.Helper()
	db := w.open(t)
	defer db.Close()
	until(t, "an empty outbox", func() bool { return count(t, db, `SELECT COUNT(*) FROM outbox_events`) == 0 })
}

func (w *crash) open(t *testing.T) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), filepath.Join(w.dir, "posmedic.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func count(t *testing.T, db *sqldb.DB, query string, args ...any) (n uint64) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// compare holds what devices were told against the tables.
func (w *crash) compare(t *testing.T, senders []*sender) {
	t.Helper()
	db := w.open(t)
	defer db.Close()
	total, cut, twice := uint64(0), 0, 0
	for _, s := range senders {
		there := seqs(t, db, s.ID)
		for want := uint64(1); want <= s.acked; want++ {
			if _, found := slices.BinarySearch(there, want); !found {
				t.Errorf("device %s: report %d was acknowledged and is lost", s.ID, want)
			}
		}
		if uint64(len(there)) != s.acked {
			t.Errorf("device %s: %d reports are stored, %d were acknowledged and none was left open", s.ID, len(there), s.acked)
		}
		// What followed from a report must have followed once, also from those that were sent twice.
		if sales := count(t, db, `SELECT COUNT(*) FROM observe_answers WHERE terminal = $1 AND kind = 'sale'`, s.Terminal); sales != s.acked {
			t.Errorf("terminal %s: %d sales are stored, %d were told", s.Terminal, sales, s.acked)
		}
		total += s.acked
		cut += s.cut
		twice += s.twice
	}
	t.Logf("%d kills cut off %d batches; %d reports were acknowledged, %d had been stored without", kills, cut, total, twice)
	if cut < kills/2 {
		t.Error("hardly a kill has hit a batch: this test proves nothing")
	}
}

func seqs(t *testing.T, db *sqldb.DB, device string) []uint64 {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), `SELECT seq FROM observe_reports WHERE device = $1 AND boot = $2 ORDER BY seq`, device, crashBoot)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sqldb.Collect(rows, func(r *sql.Rows) (n uint64, err error) { return n, r.Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// delivered listens to the bus from its beginning: whoever begins now must hear of the last sale of every batch that
// was acknowledged, in order.
func (w *crash) delivered(t *testing.T, senders []*sender) {
	t.Helper()
	b, err := bus.Start(t.Context(), bus.Config{Dir: filepath.Join(w.dir, "events"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var mu sync.Mutex
	heard := map[string][]string{} // terminal → RRNs, each where it was heard first
	go func() {
		_ = b.Handle(t.Context(), "crash-test", []event.Kind{observe.ProofEvent}, func(_ context.Context, e event.Event) error {
			var p observe.Proof
			if err := e.Into(&p); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Contains(heard[e.Terminal], p.RRN) {
				heard[e.Terminal] = append(heard[e.Terminal], p.RRN)
			}
			return nil
		})
	}()
	for _, s := range senders {
		until(t, fmt.Sprintf("the %d sales of terminal %s on the bus", len(s.sales), s.Terminal), func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(heard[s.Terminal]) >= len(s.sales)
		})
		mu.Lock()
		if !slices.Equal(heard[s.Terminal], s.sales) {
			t.Errorf("terminal %s: the bus told of %v, the batches were %v", s.Terminal, heard[s.Terminal], s.sales)
		}
		mu.Unlock()
	}
}

package agent_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/queue"
	"github.com/posmedic/posmedic/internal/agent/store"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// TestMain wants that neither agents nor doors leave anything running behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWrongClock(t *testing.T) {
	t.Parallel()
	t.Run("reports queued under a wrong clock keep their age when the clock is set before they are sent", func(t *testing.T) {
		w := setup(t)
		var behind atomic.Int64
		behind.Store(int64(20 * 365 * 24 * time.Hour))
		w.now = func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }
		w.door.Rooms.Before = func(_ agentdoor.From, b wire.Batch) error {
			if time.Since(b.SentAt).Abs() > time.Minute { // the gateway is away until the clock is right
				return problem.New(problem.Unavailable, "busy", lang.Text{ZH: "忙", EN: "busy"})
			}
			return nil
		}
		w.start()
		w.door.Rooms.Until(t, "a queue", func() bool { return w.queue.Len() >= 10 })
		behind.Store(0)
		w.reports(10)
		for _, r := range w.door.Rooms.Reports("t1")[:10] {
			if age := time.Since(r.At).Abs(); age > time.Minute || time.Since(r.Readings[0].At).Abs() > time.Minute {
				t.Fatalf("report %d is said to be %v old", r.Seq, age)
			}
		}
	})
}

func TestPoison(t *testing.T) {
	t.Parallel()
	t.Run("one report that the gateway cannot read is given up and declared, and the others arrive", func(t *testing.T) {
		w := setup(t)
		var away atomic.Bool
		away.Store(true)
		w.door.Rooms.Before = func(_ agentdoor.From, b wire.Batch) error {
			if away.Load() {
				return problem.New(problem.Unavailable, "busy", lang.Text{ZH: "忙", EN: "busy"})
			}
			for _, r := range b.Reports {
				if r.Seq == 7 {
					return problem.New(problem.Invalid, "body.malformed", lang.Text{ZH: "坏", EN: "bad"})
				}
			}
			return nil
		}
		w.start()
		w.door.Rooms.Until(t, "a queue", func() bool { return w.queue.Len() >= 20 })
		away.Store(false)
		w.reports(30)
		w.stop()
		lost, last := 0, uint64(0)
		for _, r := range w.door.Rooms.Reports("t1") {
			if lost += r.Lost; r.Seq != last+1 && (r.Seq != 8 || last != 6) {
				t.Fatalf("after %d came %d", last, r.Seq)
			}
			last = r.Seq
		}
		if lost != 1 {
			t.Fatalf("declared %d lost", lost)
		}
	})
}

func TestManyAgents(t *testing.T) {
	t.Parallel()
	t.Run("hundreds of agents in one process are few goroutines each", func(t *testing.T) {
		t.Parallel()
		const agents = 200
		rooms := doortest.NewRooms()
		door := doortest.Start(t, rooms, agentdoor.Config{ReportEvery: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, agents)
		for i := range agents {
			name := fmt.Sprintf("t%d", i)
			rooms.Allow(name, name, time.Now().Add(time.Hour))
			a, err := agent.New(agent.Config{Server: door.Address, Enrolment: wire.FormatEnrolment(name, door.Fingerprint)},
				agent.Deps{Store: &store.Memory{}, Queue: queue.InMemory(queue.Limits{}), Terminal: &terminal{},
					Status: func(context.Context) agent.Status { return agent.Status{} }})
			if err != nil {
				t.Fatal(err)
			}
			go func() { ended <- a.Run(ctx) }()
		}
		rooms.Until(t, "all live and heard", func() bool {
			for i := range agents {
				if len(rooms.Reports(fmt.Sprintf("t%d", i))) == 0 {
					return false
				}
			}
			return door.Live() == agents
		})
		// Both ends are in this process: the agent has 2, its idle connection 2; the door has 1 for that, 2 for the live one.
		if each := float64(runtime.NumGoroutine()) / agents; each > 14 {
			t.Errorf("%.1f goroutines an agent", each)
		}
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		t.Logf("%.1f goroutines and %d KiB an agent, with its end at the door", float64(runtime.NumGoroutine())/agents, (memory.HeapInuse+memory.StackInuse)/agents/1024)
		cancel()
		for range agents {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

package agent_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/queue"
	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/agent/store"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// brisk makes a door that lets its test agents come as often as they like.
var brisk = agentdoor.Config{ReportEvery: 20 * time.Millisecond, DeviceBurst: 100_000, DeviceEvery: time.Microsecond, EnrolBurst: 1000}

// terminal is one that counts what it is told to do.
type terminal struct {
	restarts atomic.Int32
	clock    atomic.Pointer[time.Time]
	during   chan struct{} // closed by the test to let a restart end; nil: at once
	begun    chan struct{} // one word a restart begun; nil: none
}

func (t *terminal) RestartApp(ctx context.Context) (remote.Result, error) {
	t.restarts.Add(1)
	if t.begun != nil {
		t.begun <- struct{}{}
	}
	if t.during != nil {
		select {
		case <-t.during:
		case <-ctx.Done():
			return remote.Result{}, ctx.Err()
		}
	}
	return remote.Result{Proof: map[string]string{"app_pid_before": "1", "app_pid_after": "2"},
		Findings: []finding.Finding{{Variable: "app_state", State: "ok", Source: finding.Probe}}}, nil
}

func (t *terminal) SignIn(context.Context) (remote.Result, error) {
	return remote.Result{}, errors.New("the host said nothing to " + "4111" + strings.Repeat("1", 12))
}

func (t *terminal) SetClock(_ context.Context, now remote.Clock) (remote.Result, error) {
	at := now()
	t.clock.Store(&at)
	return remote.Result{}, nil
}

func (t *terminal) RenewAddress(context.Context) (remote.Result, error) {
	return remote.Result{}, remote.Refuse("no DHCP client here")
}

func (t *terminal) FetchLogs(_ context.Context, args remote.FetchLogs) (remote.Result, error) {
	return remote.Result{Logs: strings.Repeat("x", args.Bytes) + " the end"}, nil
}

func (t *terminal) RestoreConfig(context.Context) (remote.Result, error) { return remote.Result{}, nil }
func (t *terminal) SendUnsent(context.Context) (remote.Result, error)    { return remote.Result{}, nil }
func (t *terminal) RunProbes(context.Context, remote.RunProbes) (remote.Result, error) {
	return remote.Result{}, nil
}

// world is an agent and what it lives in.
type world struct {
	t        *testing.T
	door     *doortest.Open
	store    agent.Store
	queue    *queue.Queue
	terminal *terminal
	cfg      agent.Config
	now      func() time.Time
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	stop     func() // the running agent
}

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, door: doortest.Start(t, doortest.NewRooms(), brisk), store: &store.Memory{}, queue: queue.InMemory(queue.Limits{}), terminal: &terminal{}}
	w.door.Rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
	w.cfg = agent.Config{Server: w.door.Address, Enrolment: wire.FormatEnrolment("CODE", w.door.Fingerprint), Serial: "S1", Model: "M1", App: "1",
		ReportEvery: 20 * time.Millisecond, RetryMin: 10 * time.Millisecond, RetryMax: 50 * time.Millisecond}
	return w
}

func (w *world) make() *agent.Agent {
	w.t.Helper()
	a, err := agent.New(w.cfg, agent.Deps{Store: w.store, Queue: w.queue, Terminal: w.terminal, Now: w.now, Dial: w.dial,
		Status: func(context.Context) agent.Status {
			return agent.Status{Readings: []wire.Reading{{Name: "battery_percent", Value: 80}},
				Findings: []finding.Finding{{Variable: "app_state", State: "ok", Source: finding.Probe}}}
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// start runs an agent until stop or the end of the test.
func (w *world) start() {
	w.t.Helper()
	a := w.make()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the agent failed: %v", err)
		}
	})
	w.t.Cleanup(w.stop)
}

// fails runs an agent and wants it to give up with this code.
func (w *world) fails(code string) {
	w.t.Helper()
	err := w.make().Run(w.t.Context())
	if p := problem.Of(err); err == nil || p.Code != code {
		w.t.Fatalf("got %v, want %s", err, code)
	}
}

func (w *world) reports(n int) {
	w.t.Helper()
	w.door.Rooms.Until(w.t, "reports", func() bool { return len(w.door.Rooms.Reports("t1")) >= n })
}

func (w *world) order(id, name, args string, expires time.Time) {
	w.door.Rooms.Order("t1", wire.Command{ID: id, Name: name, Args: []byte(args), Expires: expires})
}

func (w *world) ended(id string) wire.Progress {
	w.t.Helper()
	var p wire.Progress
	w.door.Rooms.Until(w.t, "the end of "+id, func() (ok bool) { p, ok = w.door.Rooms.Ended("t1", id); return ok })
	return p
}

func hour() time.Time { return time.Now().Add(time.Hour) }

func TestEnrolment(t *testing.T) {
	t.Parallel()
	t.Run("an agent enrols, reports, and knows itself again after a restart without the code", func(t *testing.T) {
		w := setup(t)
		w.start()
		w.reports(2)
		w.stop()
		w.cfg.Enrolment = ""
		before := len(w.door.Rooms.Reports("t1"))
		w.start()
		w.reports(before + 2)
		list := w.door.Rooms.Reports("t1")
		if list[0].Boot == list[len(list)-1].Boot || list[0].Seq != 1 || list[0].Readings[0].Value != 80 {
			t.Fatalf("got %+v", list)
		}
	})
	t.Run("a server with another fingerprint is not spoken to", func(t *testing.T) {
		w := setup(t)
		w.cfg.Enrolment = wire.FormatEnrolment("CODE", strings.Repeat("00", 32))
		w.fails("agent.wrong_server")
		if len(w.door.Counts()) != 0 {
			t.Fatalf("something was said: %v", w.door.Counts())
		}
	})
	t.Run("a refused code ends the agent with the gateway's words", func(t *testing.T) {
		w := setup(t)
		w.cfg.Enrolment = wire.FormatEnrolment("WRONG", w.door.Fingerprint)
		w.fails("enrol.code")
	})
	t.Run("an expired code ends the agent", func(t *testing.T) {
		w := setup(t)
		w.door.Rooms.Allow("CODE", "t1", time.Now().Add(-time.Second))
		w.fails("enrol.expired")
	})
	t.Run("a used code ends the agent", func(t *testing.T) {
		w := setup(t)
		w.start()
		w.reports(1)
		other := *w
		other.store = &store.Memory{}
		other.fails("enrol.used")
	})
	t.Run("without a code there is no start", func(t *testing.T) {
		w := setup(t)
		w.cfg.Enrolment = ""
		w.fails("agent.not_enrolled")
	})
	t.Run("a damaged key stops the start", func(t *testing.T) {
		w := setup(t)
		if err := w.store.Save("device.key", []byte("x")); err != nil {
			t.Fatal(err)
		}
		w.fails("agent.key")
	})
	t.Run("a store that fails stops the start", func(t *testing.T) {
		w := setup(t)
		w.store = broken{}
		if err := w.make().Run(t.Context()); !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("a server address without a port is refused", func(t *testing.T) {
		t.Parallel()
		if _, err := agent.New(agent.Config{Server: "example"}, agent.Deps{}); problem.Of(err).Kind != problem.Config {
			t.Fatalf("got %v", err)
		}
	})
}

type broken struct{}

func (broken) Load(string) ([]byte, error) { return nil, fs.ErrPermission }
func (broken) Save(string, []byte) error   { return fs.ErrPermission }

func TestCommands(t *testing.T) {
	t.Parallel()
	for name, poll := range map[string]bool{"over a live connection": false, "by polling": true} {
		t.Run("a command is carried out once and proven, "+name, func(t *testing.T) {
			w := setup(t)
			w.cfg.Poll = poll
			w.order("c1", remote.RestartApp, "", hour())
			w.start()
			p := w.ended("c1")
			if p.State != "done" || p.Proof["app_pid_after"] != "2" || len(p.Findings) != 1 {
				t.Fatalf("got %+v", p)
			}
			w.reports(len(w.door.Rooms.Reports("t1")) + 3)
			if n := w.terminal.restarts.Load(); n != 1 {
				t.Fatalf("carried out %d times", n)
			}
		})
	}
	t.Run("a command given while an agent is live arrives at once", func(t *testing.T) {
		t.Parallel()
		rooms := doortest.NewRooms()
		slow := brisk
		slow.ReportEvery = time.Hour // a receipt will not bring it
		w := &world{t: t, door: doortest.Start(t, rooms, slow), store: &store.Memory{}, queue: queue.InMemory(queue.Limits{}), terminal: &terminal{}}
		rooms.Allow("CODE", "t1", hour())
		w.cfg = agent.Config{Server: w.door.Address, Enrolment: wire.FormatEnrolment("CODE", w.door.Fingerprint), ReportEvery: time.Hour, RetryMin: 10 * time.Millisecond}
		w.start()
		rooms.Until(t, "a live connection", func() bool { return w.door.Live() == 1 })
		w.order("c1", remote.Logs, `{"bytes":100000}`, hour())
		if p := w.ended("c1"); len(p.Logs) != 64<<10 || !strings.HasSuffix(p.Logs, "the end") {
			t.Fatalf("got %d bytes of logs", len(p.Logs))
		}
	})
	t.Run("what cannot be done is refused with the reason, what fails says why, and no card number goes along", func(t *testing.T) {
		w := setup(t)
		w.start()
		w.order("c1", remote.RenewAddress, "", hour())
		w.order("c2", remote.SignIn, "", hour())
		w.order("c3", "format_disk", "", hour())
		w.order("c4", remote.Logs, "[]", hour())
		w.order("c5", remote.RestartApp, "", time.Now().Add(-time.Minute))
		if p := w.ended("c1"); p.State != "refused" || p.Text != "no DHCP client here" {
			t.Fatalf("got %+v", p)
		}
		if p := w.ended("c2"); p.State != "failed" || strings.Contains(p.Text, strings.Repeat("1", 12)) || !strings.Contains(p.Text, "said nothing") {
			t.Fatalf("got %+v", p)
		}
		for _, id := range []string{"c3", "c4", "c5"} {
			if p := w.ended(id); p.State != "refused" || p.Text == "" {
				t.Fatalf("got %+v", p)
			}
		}
		if n := w.terminal.restarts.Load(); n != 0 {
			t.Fatal("an expired command was carried out")
		}
	})
	t.Run("a terminal with a wrong clock judges expiry and sets its clock by the gateway's time", func(t *testing.T) {
		w := setup(t)
		w.now = func() time.Time { return time.Now().Add(10 * 365 * 24 * time.Hour) }
		w.start()
		w.order("c1", remote.SetClock, "", time.Now().Add(time.Minute))
		if p := w.ended("c1"); p.State != "done" {
			t.Fatalf("got %+v", p)
		}
		if off := time.Since(*w.terminal.clock.Load()); off.Abs() > 5*time.Second {
			t.Fatalf("off by %v", off)
		}
	})
	t.Run("a command cut off by a crash is not begun again, and that is told", func(t *testing.T) {
		w := setup(t)
		w.terminal.begun, w.terminal.during = make(chan struct{}, 1), make(chan struct{})
		defer close(w.terminal.during)
		w.order("c1", remote.RestartApp, "", hour())
		w.start()
		<-w.terminal.begun
		begun, err := w.store.Load("commands.json") // what a crash would leave now
		if err != nil {
			t.Fatal(err)
		}
		w.stop()
		if err := w.store.Save("commands.json", begun); err != nil {
			t.Fatal(err)
		}
		w.terminal = &terminal{}
		w.start()
		if p := w.ended("c1"); p.State != "failed" || w.terminal.restarts.Load() != 0 {
			t.Fatalf("got %+v, %d restarts", p, w.terminal.restarts.Load())
		}
	})
	t.Run("a command that cannot be recorded is not begun", func(t *testing.T) {
		w := setup(t)
		full := &full{Store: w.store}
		w.store = full
		w.start()
		w.reports(1)
		full.is.Store(true)
		w.order("c1", remote.RestartApp, "", hour())
		w.reports(len(w.door.Rooms.Reports("t1")) + 3)
		if w.terminal.restarts.Load() != 0 {
			t.Fatal("it was begun")
		}
		full.is.Store(false)
		w.ended("c1")
	})
}

// full is a store whose disk may be full.
type full struct {
	agent.Store
	is atomic.Bool
}

func (f *full) Save(name string, value []byte) error {
	if f.is.Load() {
		return fs.ErrInvalid
	}
	return f.Store.Save(name, value)
}

func TestReports(t *testing.T) {
	t.Parallel()
	t.Run("while the gateway is away reports are queued on disk, and come in order when it is back", func(t *testing.T) {
		t.Parallel()
		rooms := doortest.NewRooms()
		identity, err := agentdoor.LoadIdentity(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		door := doortest.StartAt(t, rooms, brisk, identity, "127.0.0.1:0")
		disk, err := queue.Open(filepath.Join(t.TempDir(), "queue"), queue.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, door: door, store: &store.Memory{}, queue: disk, terminal: &terminal{}}
		rooms.Allow("CODE", "t1", hour())
		w.cfg = agent.Config{Server: door.Address, Enrolment: wire.FormatEnrolment("CODE", door.Fingerprint),
			ReportEvery: 5 * time.Millisecond, RetryMin: 10 * time.Millisecond, RetryMax: 20 * time.Millisecond}
		w.start()
		w.reports(1)
		door.Close()
		rooms.Until(t, "a queue", func() bool { return disk.Len() >= 20 })
		again := doortest.StartAt(t, rooms, brisk, identity, door.Address)
		w.reports(30)
		w.stop()
		again.Close()
		unbroken(t, rooms.Reports("t1"), 1)
	})
	t.Run("connections cut in the middle lose nothing that was acknowledged and double nothing", func(t *testing.T) {
		w := setup(t)
		cutter := &cutter{}
		w.dial = cutter.dial
		var n atomic.Int32
		w.door.Rooms.After = func(agentdoor.From, wire.Batch) error {
			if n.Add(1)%3 == 0 {
				cutter.cut() // committed, but the receipt does not arrive
			}
			return nil
		}
		w.start()
		w.reports(60)
		w.stop()
		if w.door.Rooms.Resent() == 0 {
			t.Fatal("no receipt was lost: the test shows nothing")
		}
		unbroken(t, w.door.Rooms.Reports("t1"), 1)
	})
	t.Run("a store that refuses for a while costs nothing", func(t *testing.T) {
		w := setup(t)
		var n atomic.Int32
		w.door.Rooms.Before = func(agentdoor.From, wire.Batch) error {
			if n.Add(1) < 5 {
				return errors.New("busy")
			}
			return nil
		}
		w.start()
		w.reports(10)
		w.stop()
		unbroken(t, w.door.Rooms.Reports("t1"), 1)
	})
	t.Run("a revoked device stops being heard, and does not hammer", func(t *testing.T) {
		w := setup(t)
		w.cfg.RetryMax = time.Hour
		w.start()
		w.reports(1)
		w.door.Rooms.Revoke("t1")
		w.door.Rooms.Until(t, "a refusal", func() bool { return w.door.Counts()["device.revoked"] >= 1 })
		heard := len(w.door.Rooms.Reports("t1"))
		w.door.Rooms.Until(t, "more reports queued", func() bool { return w.queue.Len() >= 20 })
		if n := w.door.Counts()["device.revoked"]; n > 4 || len(w.door.Rooms.Reports("t1")) != heard {
			t.Fatalf("it came %d times", n)
		}
	})
}

// unbroken wants the reports of one boot to be 1, 2, 3 … in order.
func unbroken(t *testing.T, reports []wire.Report, from uint64) {
	t.Helper()
	for i, r := range reports {
		if r.Seq != from+uint64(i) || r.Lost != 0 {
			t.Fatalf("report %d stands at %d, lost %d", r.Seq, i, r.Lost)
		}
	}
}

// cutter dials and can cut every connection it made.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

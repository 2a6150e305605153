// Package doortest opens a real agent door on loopback in front of rooms kept in memory, for the tests of the door, of
// the agent and of whatever drives agents.
package doortest

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Rooms is what stands behind the door, in memory. It keeps the contracts of the door's interfaces.
type Rooms struct {
	mu        sync.Mutex
	reports   map[From][]wire.Report
	stored    map[From]map[string]bool
	resent    int
	codes     map[string]*code
	keys      map[string]agentdoor.From
	revoked   map[string]bool
	commands  map[string][]wire.Command
	progress  map[string][]wire.Progress
	listeners map[string]map[int]func([]byte)
	next      int
	changed   chan struct{}

	// Before is called, when set, before a batch is stored; an error refuses it.
	Before func(from From, b wire.Batch) error
	// After is called, when set, after a batch is stored and before it is acknowledged; an error hides the
	// acknowledgement.
	After func(from From, b wire.Batch) error
	// Every is what the rooms ask agents to report at.
	Every time.Duration
}

// From is the door's.
type From = agentdoor.From

type code struct {
	enrolled wire.Enrolled
	expires  time.Time
	usedBy   string
}

// NewRooms makes empty rooms.
func NewRooms() *Rooms {
	return &Rooms{
		reports: map[From][]wire.Report{}, stored: map[From]map[string]bool{}, codes: map[string]*code{},
		keys: map[string]From{}, revoked: map[string]bool{}, commands: map[string][]wire.Command{},
		progress: map[string][]wire.Progress{}, listeners: map[string]map[int]func([]byte){}, changed: make(chan struct{}),
	}
}

// change wakes whoever waits in Until. The lock must be held.
func (r *Rooms) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Until waits until ok holds, looking again after each change of the rooms, and fails the test after a minute.
func (r *Rooms) Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // not all that ok looks at is in the rooms
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// Allow makes a code that enrols a terminal until expires.
func (r *Rooms) Allow(oneTime, terminal string, expires time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.codes[oneTime] = &code{expires: expires, enrolled: wire.Enrolled{
		Terminal: terminal, Device: "dev_" + terminal, TID: "T" + terminal, MID: "M" + terminal,
	}}
}

// Bind binds a key to a terminal, as a redeemed code does.
func (r *Rooms) Bind(fingerprint, terminal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys[fingerprint] = From{Terminal: terminal, Device: "dev_" + terminal}
}

// Revoke takes a terminal's keys out of use.
func (r *Rooms) Revoke(terminal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, from := range r.keys {
		if from.Terminal == terminal {
			r.revoked[key] = true
		}
	}
}

// Reports gives what was stored of a terminal, in the order in which it came.
func (r *Rooms) Reports(terminal string) []wire.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reports[From{Terminal: terminal, Device: "dev_" + terminal}])
}

// Resent counts the reports that came again and were not stored twice.
func (r *Rooms) Resent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resent
}

// Order gives a terminal a command and nudges its connection.
func (r *Rooms) Order(terminal string, c wire.Command) {
	r.mu.Lock()
	r.commands[terminal] = append(r.commands[terminal], c)
	listeners := slices.Collect(maps.Values(r.listeners[agentdoor.Subject(terminal)]))
	r.change()
	r.mu.Unlock()
	for _, f := range listeners {
		f(nil)
	}
}

// Progress gives what was said of a terminal's commands.
func (r *Rooms) Progress(terminal string) []wire.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.progress[terminal])
}

// Ended gives the last word on a command, if there is one.
func (r *Rooms) Ended(terminal, id string) (wire.Progress, bool) {
	for _, p := range r.Progress(terminal) {
		if p.ID == id && p.State != "running" {
			return p, true
		}
	}
	return wire.Progress{}, false
}

// Submit is Intake.
func (r *Rooms) Submit(_ context.Context, from From, b wire.Batch) (wire.Receipt, error) {
	if r.Before != nil {
		if err := r.Before(from, b); err != nil {
			return wire.Receipt{}, err
		}
	}
	receipt := r.store(from, b)
	if r.After != nil {
		if err := r.After(from, b); err != nil {
			return wire.Receipt{}, err
		}
	}
	return receipt, nil
}

func (r *Rooms) store(from From, b wire.Batch) wire.Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	receipt := wire.Receipt{ReportEvery: r.Every}
	if r.stored[from] == nil {
		r.stored[from] = map[string]bool{}
	}
	for _, report := range b.Reports {
		name := report.Boot + "/" + time.Duration(report.Seq).String()
		if r.stored[from][name] {
			receipt.Duplicate++
			r.resent++
			continue
		}
		r.stored[from][name] = true
		r.reports[from] = append(r.reports[from], report)
		receipt.Accepted++
	}
	r.change()
	return receipt
}

// Waiting is Commands.
func (r *Rooms) Waiting(_ context.Context, terminal string) ([]wire.Command, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []wire.Command
	for _, c := range r.commands[terminal] {
		ended := slices.ContainsFunc(r.progress[terminal], func(p wire.Progress) bool { return p.ID == c.ID && p.State != "running" })
		if !ended {
			out = append(out, c)
		}
	}
	return out, nil
}

// Report is Commands.
func (r *Rooms) Report(_ context.Context, terminal string, p wire.Progress) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.commands[terminal], func(c wire.Command) bool { return c.ID == p.ID }) {
		return problem.New(problem.NotFound, "command.unknown", lang.Text{ZH: "没有这条命令", EN: "no such command"})
	}
	r.progress[terminal] = append(r.progress[terminal], p)
	r.change()
	return nil
}

// ByKey is Devices.
func (r *Rooms) ByKey(_ context.Context, fingerprint string) (From, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from, ok := r.keys[fingerprint]
	switch {
	case !ok:
		return From{}, problem.New(problem.NotFound, "device.not_found", lang.Text{ZH: "没有这台设备", EN: "no such device"})
	case r.revoked[fingerprint]:
		return From{}, problem.New(problem.Forbidden, "device.revoked", lang.Text{ZH: "设备已停用", EN: "the device was revoked"})
	}
	return from, nil
}

// Redeem is Devices.
func (r *Rooms) Redeem(_ context.Context, e wire.Enrol, fingerprint string) (wire.Enrolled, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.codes[e.Code]
	switch {
	case !ok:
		return wire.Enrolled{}, problem.New(problem.Unauthorized, "enrol.code", lang.Text{ZH: "接入码不对", EN: "wrong enrolment code"})
	case c.usedBy != "" && c.usedBy != fingerprint:
		return wire.Enrolled{}, problem.New(problem.Conflict, "enrol.used", lang.Text{ZH: "接入码已被使用", EN: "the code was used"})
	case time.Now().After(c.expires):
		return wire.Enrolled{}, problem.New(problem.Unauthorized, "enrol.expired", lang.Text{ZH: "接入码已过期", EN: "the code has expired"})
	}
	c.usedBy = fingerprint
	r.keys[fingerprint] = From{Terminal: c.enrolled.Terminal, Device: c.enrolled.Device}
	r.change()
	return c.enrolled, nil
}

// Listen is Nudges.
func (r *Rooms) Listen(subject string, f func([]byte)) (func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listeners[subject] == nil {
		r.listeners[subject] = map[int]func([]byte){}
	}
	r.next++
	id := r.next
	r.listeners[subject][id] = f
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.listeners[subject], id)
	}, nil
}

// Open is a door that is open on loopback.
type Open struct {
	*agentdoor.Door
	Rooms       *Rooms
	Address     string
	Fingerprint string
	Close       func() // idempotent; also called when the test ends
}

// Start opens a door for the test. It knows the variables app_state (ok, hung), battery_level (any) and note (any).
func Start(t testing.TB, rooms *Rooms, cfg agentdoor.Config) *Open {
	t.Helper()
	identity, err := agentdoor.LoadIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return StartAt(t, rooms, cfg, identity, "127.0.0.1:0")
}

// StartAt opens a door with an identity at an address, so that one that was closed can open again.
func StartAt(t testing.TB, rooms *Rooms, cfg agentdoor.Config, identity agentdoor.Identity, address string) *Open {
	t.Helper()
	door, err := agentdoor.New(cfg, agentdoor.Deps{
		Identity: identity, Intake: rooms, Commands: rooms, Devices: rooms, Nudges: rooms, Known: Known,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- door.Serve(ctx, l) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the door failed: %v", err)
		}
	})
	t.Cleanup(stop)
	return &Open{Door: door, Rooms: rooms, Address: l.Addr().String(), Fingerprint: identity.Fingerprint, Close: stop}
}

// Known is the vocabulary of the test door.
func Known(variable, state string) bool {
	switch variable {
	case "app_state":
		return state == "ok" || state == "hung"
	case "battery_level", "note":
		return true
	default:
		return false
	}
}

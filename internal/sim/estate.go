package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Config describes an estate. Only Terminals is required.
type Config struct {
	Seed        uint64
	Terminals   int
	Hosts       int           // 0: one
	Speed       float64       // how much customers, people and hardware hurry; 0: they do not
	AlwaysOpen  bool          // shops trade around the clock
	Customers   float64       // factor on the number of customers; 0: 1
	Server      string        // host:port of the agent door as agents are configured with it; empty: there are no agents
	ReportEvery time.Duration // of agents; 0: what the wire says
	Poll        bool          // agents keep no live connection
	FeedURL     string        // where the hosts' feed goes; empty: nowhere
	FeedToken   string
	// Enrol gives the enrolment string of a terminal for a device with this serial number. Without it there are no agents.
	Enrol    func(ctx context.Context, tid, serial string) (string, error)
	Rates    map[string]float64 // faults that happen by themselves: stops per 1,000 terminals and year; empty: none
	Desk     Desk               // nil: nobody does what the server asks
	Inquiry  Inquiry            // nil: nobody answers its questions
	Log      *slog.Logger
	AgentLog *slog.Logger // nil: agents say nothing
}

// Estate is a virtual estate. Make it with New, then Start it; everything ends with the context of Start, and Wait
// returns when it has.
type Estate struct {
	cfg    Config
	log    *slog.Logger
	world  *world
	agenda *agenda
	feed   *feed
	agents *agents
	parts  sync.WaitGroup
	failed chan error
}

// agendaWidth is how many customers and people may be waiting for a network at once.
const agendaWidth = 512

// leastPatience is what even the most hurried device grants a loopback connection on a loaded machine.
const leastPatience = 2 * time.Second

// New lays the estate out and does nothing yet.
func New(cfg Config) (*Estate, error) {
	if cfg.Terminals <= 0 || cfg.Terminals > 900_000 || cfg.Hosts < 0 || cfg.Speed < 0 || cfg.Customers < 0 {
		return nil, problem.New(problem.Config, "config.simulation", lang.Text{
			ZH: "模拟的规模设置不对", EN: "the simulation needs 1 to 900000 terminals and no negative settings"})
	}
	if cfg.Hosts == 0 {
		cfg.Hosts = 1
	}
	if cfg.Speed == 0 {
		cfg.Speed = 1
	}
	if cfg.Customers == 0 {
		cfg.Customers = 1
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Estate{cfg: cfg, log: cfg.Log, agenda: newAgenda(agendaWidth), failed: make(chan error, 1)}
	e.agents = &agents{estate: e}
	w := &world{
		now: time.Now, speed: cfg.Speed, always: cfg.AlwaysOpen, least: leastPatience,
		byTID: map[string]*Terminal{}, names: map[string]string{nowhere: "127.0.0.1:1"},
	}
	if cfg.FeedURL != "" {
		e.feed = newFeed(cfg.FeedURL, cfg.FeedToken, cfg.Log)
	}
	w.tell = func(r record) {
		r.at = w.now()
		e.feed.put(r)
	}
	e.world = w
	return e, e.build()
}

func (e *Estate) build() error {
	w := e.world
	authority, err := newAuthority(w.now())
	if err != nil {
		return err
	}
	w.authority = authority
	for n := range e.cfg.Hosts {
		h := newHost(w, n+1, e.cfg.Seed)
		h.seen = func(s seen) { e.feed.put(record{at: s.at, message: &s}) }
		w.hosts = append(w.hosts, h)
	}
	if err := w.populate(e.cfg.Seed, e.cfg.Terminals); err != nil {
		return err
	}
	for _, t := range w.terminals {
		t.host.enter(t)
	}
	if e.cfg.Server != "" {
		w.names[e.cfg.Server] = e.cfg.Server
	}
	return nil
}

// Start opens the hosts, lets the operators sign in and the customers come, and returns. Everything runs until ctx ends.
func (e *Estate) Start(ctx context.Context) error {
	for _, h := range e.world.hosts {
		if err := e.openHost(ctx, h); err != nil {
			return err
		}
	}
	if e.feed != nil {
		e.parts.Go(func() { e.feed.run(ctx) })
	}
	if err := e.enrolAll(ctx); err != nil {
		return err
	}
	e.parts.Go(func() { e.agenda.run(ctx) })
	e.parts.Go(func() { e.tick(ctx) })
	if e.cfg.Desk != nil || e.cfg.Inquiry != nil {
		p := &people{estate: e, desk: e.cfg.Desk, asked: e.cfg.Inquiry, acts: acts(), taken: map[string]bool{}}
		e.parts.Go(func() { p.run(ctx) })
	}
	for _, t := range e.world.terminals {
		e.openShop(t)
	}
	newTrouble(e, e.cfg.Rates).next()
	return nil
}

// Wait returns when everything has ended, with the first thing that failed for good.
func (e *Estate) Wait() error {
	e.parts.Wait()
	e.agents.running.Wait()
	select {
	case err := <-e.failed:
		return err
	default:
		return nil
	}
}

func (e *Estate) openHost(ctx context.Context, h *host) error {
	plain, secure, err := h.listen()
	if err != nil {
		return err
	}
	for _, l := range []net.Listener{plain, secure} {
		e.parts.Go(func() {
			if err := acquirer.Serve(ctx, l, h.handle, acquirer.Limits{Connections: 4096}); err != nil {
				select {
				case e.failed <- err:
				default: // one is enough
				}
			}
		})
	}
	return nil
}

// enrolAll asks for the enrolment of every terminal.
func (e *Estate) enrolAll(ctx context.Context) error {
	if e.cfg.Enrol == nil || e.cfg.Server == "" {
		return nil
	}
	for _, t := range e.world.terminals {
		enrolment, err := e.cfg.Enrol(ctx, t.tid, t.serial)
		if err != nil {
			return fmt.Errorf("enrol terminal %s: %w", t.tid, err)
		}
		e.world.mu.Lock()
		t.equip(enrolment)
		e.world.mu.Unlock()
	}
	return nil
}

// tickEvery is how often the batteries are looked at.
const tickEvery = 200 * time.Millisecond

// tick lets time pass for batteries and starts and stops agents with the power.
func (e *Estate) tick(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		e.agents.settle(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		e.world.mu.Lock()
		now := e.world.now()
		for _, t := range e.world.terminals {
			t.meter(now)
		}
		e.world.mu.Unlock()
	}
}

// openShop has the operator sign in, spread over a moment so that not all come at once, and the customers come.
func (e *Estate) openShop(t *Terminal) {
	spread := time.Duration(len(e.world.terminals)) * 2 * time.Millisecond
	start := e.world.now().Add(time.Duration(float64(spread) * t.draw()))
	e.agenda.at(start, func(ctx context.Context) {
		if err := t.signIn(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("the first sign-in failed", slog.String("tid", t.tid), slog.Any("err", err))
		}
		e.nextCustomer(t)
	})
}

// draw gives a number in [0, 1) from the terminal's own stream.
func (t *Terminal) draw() float64 {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	return t.rng.Float64()
}

// nextCustomer puts the next customer on the agenda: times between them are exponential, with the demand of the hour.
func (e *Estate) nextCustomer(t *Terminal) {
	w := e.world
	now := w.now()
	hourly := w.demand(t.shop, now) * e.cfg.Customers * w.speed
	if hourly <= 0 {
		e.agenda.at(now.Add(time.Minute), func(context.Context) { e.nextCustomer(t) }) // the shop is closed
		return
	}
	gap := time.Duration(-math.Log(1-t.draw()) / hourly * float64(time.Hour))
	e.agenda.at(now.Add(gap), func(ctx context.Context) {
		cents, by := t.purchase()
		e.served(ctx, t, t.sell(ctx, cents, by))
		e.nextCustomer(t)
	})
}

// purchase draws what a customer buys and how they pay.
func (t *Terminal) purchase() (cents int64, by card) {
	const chips = 0.6
	if t.draw() < chips {
		by = byChip
	} else {
		by = byTap
	}
	return int64(300 + 20_000*math.Pow(t.draw(), 3)), by
}

// served notes sales that failed in an unforeseen way. Everything a fault of the table brings about is foreseen.
func (e *Estate) served(ctx context.Context, t *Terminal, err error) {
	var host *acquirer.Error
	var ready errNotReady
	var declined errDeclined
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, errAppDown), errors.As(err, &ready), errors.As(err, &host), errors.As(err, &declined):
	default:
		e.log.Warn("a sale failed", slog.String("tid", t.tid), slog.Any("err", err))
	}
}

// Register lists the terminals as the acquirer's register knows them.
func (e *Estate) Register() []Entry { return e.world.register() }

// Inject makes a fault of the core pack happen. The target is a terminal number; for what hits many, the host, area or
// parameter set, or any terminal of it.
func (e *Estate) Inject(fault, target string) error {
	t, err := e.world.inject(fault, target)
	if err != nil {
		return err
	}
	e.log.Info("injected", slog.String("fault", fault), slog.String("target", target), slog.String("tid", t.tid))
	return nil
}

// Truth gives the faults that a terminal has, read off the state of the world.
func (e *Estate) Truth(tid string) []string { return e.world.truth(tid) }

// HostAddress says how to reach a host.
type HostAddress struct {
	ID, Plain, Secure string // addresses on loopback
	ServerName        string
}

// Hosts gives the hosts' addresses; they are known once Start has returned.
func (e *Estate) Hosts() []HostAddress {
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []HostAddress
	for _, h := range w.hosts {
		out = append(out, HostAddress{h.id, w.names[h.plain], w.names[h.secure], h.server})
	}
	return out
}

// Enter puts a terminal that is not part of the estate into a host's books, without keys: a real agent beside the
// simulated ones can sign in and sell with it.
func (e *Estate) Enter(tid, mid string) {
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hosts[0]
	h.terminals[tid] = &registration{tid: tid, mid: mid, active: true, keyless: true}
	h.merchants[mid] = accountActive
}

// Sales counts approved sales and attempts of a terminal.
func (e *Estate) Sales(tid string) (sold, attempted int) {
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, ok := w.byTID[tid]; ok {
		return t.sold, t.attempted
	}
	return 0, 0
}

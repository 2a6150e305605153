package agent

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/agent/queue"
	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Config says who the agent is and where its gateway stands.
type Config struct {
	Server      string        // host:port of the agent door
	Enrolment   string        // CODE@fingerprint; needed until it has been used once
	Serial      string        // of the device
	Model       string        //
	App         string        // version of the payment app
	ReportEvery time.Duration // 0: wire.HeartbeatInterval; the gateway may change it
	Poll        bool          // no live connection: commands come with the receipts
	RetryMin    time.Duration // first wait after a failure; 0: 1 s
	RetryMax    time.Duration // longest wait; 0: 5 min
}

func (c Config) withDefaults() Config {
	c.ReportEvery = cmp.Or(c.ReportEvery, wire.HeartbeatInterval)
	c.RetryMin = cmp.Or(c.RetryMin, time.Second)
	c.RetryMax = max(cmp.Or(c.RetryMax, 5*time.Minute), c.RetryMin)
	return c
}

func (c Config) validate() error {
	if _, _, err := net.SplitHostPort(c.Server); err != nil {
		return problem.New(problem.Config, "config.agent_server", lang.Text{
			ZH: "服务器地址应写成“主机:端口”", EN: "the server must be given as host:port",
		}).Because(err)
	}
	return nil
}

// Status is how the terminal is right now. Host holds the answers since the last time.
type Status struct {
	Readings []wire.Reading
	Findings []finding.Finding
	Host     []wire.HostAnswer
	Unsent   int
}

// Store keeps small values durably; see package store.
type Store interface {
	Load(name string) ([]byte, error) // fs.ErrNotExist when there is none
	Save(name string, value []byte) error
}

// Queue keeps reports until they are acknowledged; see package queue.
type Queue interface {
	Put(r wire.Report) error
	Peek(count, bytes int) ([]wire.Report, queue.Mark, error)
	Release(m queue.Mark) error
}

// Deps is what an agent needs. Dial, Now and Log may be nil.
type Deps struct {
	Store    Store
	Queue    Queue
	Terminal remote.Terminal
	Status   func(ctx context.Context) Status // asked once a report; ctx bounds it
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Now      func() time.Time // the terminal's clock, which may be wrong
	Log      *slog.Logger
}

// Agent is one agent. Make it with New.
type Agent struct {
	cfg  Config
	deps Deps
	link *link

	boot  string // random id of this start
	seq   uint64 // of the last report
	lost  int    // given up since the last report, to be declared
	every time.Duration
	drift drift

	hurry   chan struct{} // a report is wanted now
	changed chan struct{} // a command has ended: tell
	work    *work

	mu      sync.Mutex
	who     wire.Enrolled
	answers []wire.HostAnswer // that commands brought about, for the next report
}

// New makes an agent that does nothing yet.
func New(cfg Config, deps Deps) (*Agent, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Dial == nil {
		deps.Dial = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{
		cfg: cfg, deps: deps, boot: ident.New("boot"), every: cfg.ReportEvery, drift: newDrift(deps.Now()),
		hurry: make(chan struct{}, 1), changed: make(chan struct{}, 1),
	}
	return a, nil
}

// Report asks for a report now instead of at the next turn. It does not wait.
func (a *Agent) Report() { poke(a.hurry) }

// Who says whom the agent speaks for; false until it is enrolled.
func (a *Agent) Who() (wire.Enrolled, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.who, a.who.Terminal != ""
}

// Run enrols if need be and then reports and obeys until ctx ends. It returns an error only for what waiting cannot
// heal: no enrolment, a refused code, another server, a store that fails.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.begin(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer a.link.close()
	var others sync.WaitGroup
	defer others.Wait()
	defer a.work.wait()
	if !a.cfg.Poll {
		others.Go(func() { a.stayLive(ctx) })
	}
	a.turn(ctx)
	return nil
}

// begin makes the agent itself: its key, who it is, and what it remembers of commands.
func (a *Agent) begin(ctx context.Context) error {
	key, err := loadKey(a.deps.Store)
	if err != nil {
		return err
	}
	if err := a.become(ctx, key); err != nil {
		return err
	}
	a.work, err = newWork(a)
	return err
}

// turn is the agent's day: wait, report, send, again.
func (a *Agent) turn(ctx context.Context) {
	retry := backoff{min: a.cfg.RetryMin, max: a.cfg.RetryMax}
	timer := time.NewTimer(0)
	defer timer.Stop()
	report, send := time.Now(), time.Now() // when each is due next
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-a.hurry:
			report = time.Now()
		case <-a.changed:
			send = time.Now()
		}
		if now := time.Now(); !now.Before(report) {
			a.queueReport(ctx)
			report = now.Add(jitter(a.every))
			if !retry.waiting() {
				send = now
			}
		}
		if !time.Now().Before(send) {
			send = a.sendAll(ctx, &retry)
			report = sooner(report, time.Now().Add(a.every+a.every/10)) // the gateway may have asked for another pace
		}
		timer.Reset(time.Until(sooner(report, send)))
	}
}

// never is later than any turn.
const never = 1000 * time.Hour

// sendAll sends what waits and says when to try next.
func (a *Agent) sendAll(ctx context.Context, retry *backoff) time.Time {
	err := a.work.tell(ctx)
	if err == nil {
		err = a.sendReports(ctx)
	}
	if err == nil {
		retry.reset()
		return time.Now().Add(never)
	}
	wait := retry.next(err)
	if ctx.Err() == nil {
		a.deps.Log.Warn("the gateway was not reached", "again_in", wait.Round(time.Millisecond), "err", err)
	}
	return time.Now().Add(wait)
}

func sooner(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// jitter spreads agents that were started together.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(max(d/5, 1))
}

// poke leaves a word that somebody will find; one is enough.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// backoff doubles the wait from failure to failure, each drawn from its upper half.
type backoff struct {
	min, max time.Duration
	wait     time.Duration
}

func (b *backoff) waiting() bool { return b.wait > 0 }

func (b *backoff) reset() { b.wait = 0 }

// next gives the wait after an error: at least what the gateway asked for, and the longest when it does not want us.
func (b *backoff) next(err error) time.Duration {
	b.wait = min(max(b.wait*2, b.min), b.max)
	asked, unwanted := advice(err)
	if unwanted {
		b.wait = b.max
	}
	return max(b.wait/2+rand.N(b.wait/2+1), min(asked, b.max))
}

package observe

import (
	"context"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// ErrBusy is answered while more waits to be stored than the machine can take; the sender keeps what it has.
var ErrBusy = problem.New(problem.Unavailable, "observe.busy",
	lang.Text{ZH: "系统正忙，请稍后重发", EN: "too busy to store this now"}).
	WithHint(lang.Text{ZH: "保留数据，按提示的间隔重发", EN: "keep the data and send it again after the pause"})

// Limits of one group commit.
const (
	groupArrivals = 256
	groupPause    = 2 * time.Millisecond
	waitingMax    = 4096
)

// Config of the stage.
type Config struct {
	Rules       Rules
	ReportEvery time.Duration // what agents are asked for
}

// Deps are what the stage needs from others.
type Deps struct {
	Store     Store
	FaultCode func(code string) bool // does this response code speak of the terminal, not of the card?
	Now       func() time.Time       // written down with everything that arrives
	Find      func(ctx context.Context, tid string) (terminal string, ok bool)
	Sharing   func(ctx context.Context, scope, value string) ([]string, error) // terminals with a shared attribute
	Trading   func(terminal string, at time.Time) bool
	// Watched reports whether the terminal's sales are known so well that their absence is told by itself; nil: of none.
	Watched func(terminal string) bool
}

// Observe is the first stage.
type Observe struct {
	deps  Deps
	cfg   Config
	fold  Fold
	queue chan waiting
	done  chan struct{}

	mu     sync.Mutex
	closed bool
}

type waiting struct {
	arrival Arrival
	reply   chan landing
}

type landing struct {
	landed Landed
	err    error
}

// New makes the stage. Run must be running for anything to be stored.
func New(deps Deps, cfg Config) *Observe {
	return &Observe{
		deps: deps, cfg: cfg, fold: folder(deps.FaultCode),
		queue: make(chan waiting, waitingMax), done: make(chan struct{}),
	}
}

// Run commits what is submitted, in groups, until ctx ends; then it commits what is still waiting and returns.
func (o *Observe) Run(ctx context.Context) error {
	defer close(o.done)
	for {
		select {
		case w := <-o.queue:
			o.commit(context.WithoutCancel(ctx), o.gather(w))
		case <-ctx.Done():
			o.refuseNew()
			o.drain(context.WithoutCancel(ctx))
			return nil
		}
	}
}

func (o *Observe) refuseNew() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
}

func (o *Observe) drain(ctx context.Context) {
	for {
		select {
		case w := <-o.queue:
			o.commit(ctx, o.gather(w))
		default:
			return
		}
	}
}

// gather waits a moment for company: one fsync then serves many senders.
func (o *Observe) gather(first waiting) []waiting {
	group := []waiting{first}
	timer := time.NewTimer(groupPause)
	defer timer.Stop()
	for len(group) < groupArrivals {
		select {
		case w := <-o.queue:
			group = append(group, w)
		case <-timer.C:
			return group
		}
	}
	return group
}

func (o *Observe) commit(ctx context.Context, group []waiting) {
	arrivals := make([]Arrival, len(group))
	for i, w := range group {
		arrivals[i] = w.arrival
	}
	landed, err := o.deps.Store.Commit(ctx, arrivals, o.fold)
	for i, w := range group {
		l := landing{err: err}
		if err == nil {
			l.landed = landed[i]
		}
		w.reply <- l
	}
}

// submit hands an arrival to the writer and waits until it is durable.
func (o *Observe) submit(ctx context.Context, a Arrival) (Landed, error) {
	w := waiting{arrival: a, reply: make(chan landing, 1)}
	if err := o.enqueue(w); err != nil {
		return Landed{}, err
	}
	select {
	case l := <-w.reply:
		return l.landed, l.err
	case <-ctx.Done():
		// It may still be committed; not acknowledging that is allowed, for the sender will send again.
		return Landed{}, ctx.Err()
	}
}

func (o *Observe) enqueue(w waiting) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrBusy
	}
	select {
	case o.queue <- w:
		return nil
	default:
		return ErrBusy
	}
}

// Submit stores the reports of an agent. When it returns without an error, they survive a crash.
func (o *Observe) Submit(ctx context.Context, terminal, device string, b wire.Batch) (wire.Receipt, error) {
	landed, err := o.submit(ctx, Arrival{
		Terminal: terminal, Device: device, At: o.deps.Now(), SentAt: b.SentAt, Expects: o.cfg.ReportEvery, Reports: b.Reports,
	})
	if err != nil {
		return wire.Receipt{}, err
	}
	return wire.Receipt{Accepted: landed.Accepted, Duplicate: landed.Duplicate, ReportEvery: o.cfg.ReportEvery}, nil
}

// Say takes what a person or another system says about a terminal.
func (o *Observe) Say(ctx context.Context, terminal string, findings []finding.Finding) error {
	_, err := o.submit(ctx, Arrival{Terminal: terminal, At: o.deps.Now(), Findings: findings})
	return err
}

// Evidence is everything known about a terminal now, with what follows from it.
func (o *Observe) Evidence(ctx context.Context, terminal, codeSet string) (Evidence, error) {
	e, err := o.deps.Store.Evidence(ctx, terminal)
	if err != nil {
		return Evidence{}, err
	}
	e.Findings = append(e.Findings, detailed(o.cfg.Rules.Derived(e.State, o.deps.Now(), codeSet), e.Findings)...)
	return e, nil
}

// Forget drops what people said about a terminal: it belonged to a case that is over.
func (o *Observe) Forget(ctx context.Context, terminal string) error {
	_, err := o.submit(ctx, Arrival{
		Terminal: terminal, At: o.deps.Now(), Forget: []finding.Source{finding.Merchant, finding.Agent, finding.Field},
	})
	return err
}

// State is what is known of one terminal's ability to take money.
func (o *Observe) State(ctx context.Context, terminal string) (State, error) {
	states, err := o.deps.Store.States(ctx, []string{terminal})
	return states[terminal], err
}

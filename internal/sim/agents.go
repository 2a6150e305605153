package sim

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/queue"
	"github.com/posmedic/posmedic/internal/agent/store"
)

// agentSlot is the agent on a device: what it keeps in the device's flash, and the run of it while the device is on.
type agentSlot struct {
	flash     *store.Memory
	queue     *queue.Queue
	enrolment string
	stop      context.CancelFunc // nil: it does not run
	ended     chan struct{}
}

// replacementSerials is where the serial numbers of replacements begin, downwards.
const replacementSerials = 1_000_000_000

// agentQueue bounds the reports that a simulated agent keeps in memory while it cannot send them.
const agentQueue = 64 << 10

// agents starts an agent when its device comes on and stops it when the device goes off.
type agents struct {
	estate  *Estate
	running sync.WaitGroup
}

// equip puts a fresh agent on a device: nothing in its flash but the enrolment it is to use.
func (t *Terminal) equip(enrolment string) {
	t.agent = agentSlot{
		flash: &store.Memory{}, queue: queue.InMemory(queue.Limits{Bytes: agentQueue}), enrolment: enrolment,
		stop: t.agent.stop, ended: t.agent.ended,
	}
}

// settle makes the agents of all terminals agree with the power. It must not be called from two goroutines at once.
func (a *agents) settle(ctx context.Context) {
	w := a.estate.world
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	for _, t := range w.terminals {
		switch up := t.running(now) && t.agent.enrolment != ""; {
		case up && t.agent.stop == nil:
			a.start(ctx, t)
		case !up && t.agent.stop != nil:
			t.agent.stop()
			t.agent.stop = nil
		}
	}
}

// start runs the agent in a goroutine of its own, after the run before it has ended. The world's lock must be held.
func (a *agents) start(ctx context.Context, t *Terminal) {
	ctx, cancel := context.WithCancel(ctx)
	before, ended := t.agent.ended, make(chan struct{})
	t.agent.stop, t.agent.ended = cancel, ended
	slot, serial, app, name := t.agent, t.serial, t.appVersion, t.model.name
	a.running.Go(func() {
		defer close(ended)
		defer cancel()
		if before != nil {
			<-before
		}
		if err := a.run(ctx, t, slot, serial, app, name); err != nil && ctx.Err() == nil {
			a.estate.log.Warn("an agent has given up", slog.String("tid", t.tid), slog.Any("err", err))
		}
	})
}

func (a *agents) run(ctx context.Context, t *Terminal, slot agentSlot, serial, app, name string) error {
	cfg := a.estate.cfg
	runner, err := agent.New(agent.Config{
		Server: cfg.Server, Enrolment: slot.enrolment, Serial: serial, Model: name, App: app, ReportEvery: cfg.ReportEvery,
		Poll: cfg.Poll, RetryMin: 500 * time.Millisecond, RetryMax: max(a.estate.world.pace(5*time.Minute), 5*time.Second),
	}, agent.Deps{
		Store: slot.flash, Queue: slot.queue, Terminal: t, Dial: t.Dial, Now: t.readClock, Log: cfg.AgentLog,
		Status: func(context.Context) agent.Status { return t.Status() },
	})
	if err != nil {
		return err
	}
	return runner.Run(ctx)
}

// replaceNow puts a new device in the place of the old one: another serial number, fresh keys and certificate, enrolled
// anew. The SIM moves over.
func (e *Estate) replaceNow(ctx context.Context, t *Terminal) error {
	if e.cfg.Enrol == nil {
		return errors.New("there is nobody to enrol the new device with")
	}
	w := e.world
	w.mu.Lock()
	w.repairs++
	serial := newSerial(replacementSerials - w.repairs)
	w.mu.Unlock()
	enrolment, err := e.cfg.Enrol(ctx, t.tid, serial)
	if err != nil {
		return err
	}
	t.app.Lock()
	w.mu.Lock()
	if t.agent.stop != nil {
		t.agent.stop()
		t.agent.stop = nil
	}
	t.sever()
	t.install(serial)
	t.plugged, t.bootedAt = true, w.now().Add(w.pace(bootTime))
	t.appBack = t.bootedAt
	loadKeys(w, t)
	t.mustCertify(w.now().AddDate(certificateYears, 0, 0))
	t.equip(enrolment)
	w.mu.Unlock()
	t.app.Unlock()
	if err := wait(ctx, w.pace(bootTime)+10*time.Millisecond); err != nil {
		return err
	}
	return t.signIn(ctx)
}

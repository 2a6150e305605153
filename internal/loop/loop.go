// Package loop joins the five stages. Read it as the way of a case:
//
//	observe → diagnose → repair → verify → learn
//
// The stages do not know the ones after them; they tell what happened by events, and the table below says who
// listens. Events of one terminal arrive in order, at least once.
package loop

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/verify"
)

// Stages are the five, and the room that explains many cases at once.
type Stages struct {
	Observe  *observe.Observe
	Incident *incident.Room
	Diagnose *stage.Stage
	Repair   *repair.Stage
	Verify   *verify.Stage
	Learn    *learn.Stage
}

// Bus delivers events to a named consumer: in order per terminal, at least once, acknowledged when h returns nil.
type Bus interface {
	Handle(ctx context.Context, consumer string, kinds []event.Kind, h func(context.Context, event.Event) error) error
}

// Pace says how often the stages look at what time alone brings about.
type Pace struct {
	Sweep    time.Duration // silence and settled findings; watches; expired attempts
	Incident time.Duration
}

// handler is one line of the table: who listens to what.
type handler struct {
	consumer string
	kinds    []event.Kind
	handle   func(context.Context, event.Event) error
}

// table is the way of the data.
func (s Stages) table() []handler {
	return []handler{
		{"diagnose-stopped", []event.Kind{observe.StoppedEvent}, s.stopped},
		{"diagnose-evidence", []event.Kind{
			observe.ChangedEvent, incident.JoinedEvent, incident.LeftEvent, repair.FailedEvent, repair.DoneEvent,
		}, s.evidence},
		{"diagnose-skipped", []event.Kind{casefile.ChangedEvent}, s.skipped},
		{"repair", []event.Kind{casefile.DiagnosedEvent, repair.DoneEvent, repair.FailedEvent}, s.diagnosed},
		{"verify-repaired", []event.Kind{repair.DoneEvent}, s.repaired},
		{"verify-proof", []event.Kind{observe.ProofEvent}, s.Verify.OnProof},
		{"verify-outcome", []event.Kind{verify.OutcomeEvent}, s.outcome},
		{"learn", []event.Kind{casefile.ClosedEvent}, s.closed},
	}
}

// stopped looks for a shared cause before it opens a case: what stops everybody is not diagnosed one by one.
func (s Stages) stopped(ctx context.Context, ev event.Event) error {
	if err := s.Incident.Look(ctx); err != nil {
		return err
	}
	return s.Diagnose.OnStopped(ctx, ev)
}

func (s Stages) evidence(ctx context.Context, ev event.Event) error {
	if ev.Kind == repair.FailedEvent {
		if err := s.Verify.OnFailed(ctx, ev); err != nil {
			return err
		}
	}
	if ev.Kind == incident.LeftEvent {
		if err := s.Repair.OnLeft(ctx, ev); err != nil {
			return err
		}
	}
	return s.Diagnose.OnEvidence(ctx, ev)
}

// skipped thinks again when a person did not know an answer: the next best question is another one.
func (s Stages) skipped(ctx context.Context, ev event.Event) error {
	var c casefile.Changed
	if err := ev.Into(&c); err != nil || c.Entry != casefile.SkippedEntry {
		return err
	}
	return s.Diagnose.OnEvidence(ctx, ev)
}

// diagnosed has the next step of a case taken. It looks again when an attempt has ended, for that may have made ready for
// the step that still stands.
func (s Stages) diagnosed(ctx context.Context, ev event.Event) error {
	return s.Repair.OnDiagnosed(ctx, ev.Case)
}

// repaired waits for the proof and sees to it that there can be one.
func (s Stages) repaired(ctx context.Context, ev event.Event) error {
	if err := s.Verify.OnRepaired(ctx, ev); err != nil {
		return err
	}
	var ended repair.Ended
	if err := ev.Into(&ended); err != nil {
		return err
	}
	return s.Repair.Retest(ctx, ended)
}

func (s Stages) outcome(ctx context.Context, ev event.Event) error {
	if err := s.Verify.OnOutcome(ctx, ev); err != nil {
		return err
	}
	return s.Diagnose.OnEvidence(ctx, ev)
}

func (s Stages) closed(ctx context.Context, ev event.Event) error {
	if err := s.Repair.OnClosed(ctx, ev); err != nil {
		return err
	}
	if err := s.Learn.OnClosed(ctx, ev); err != nil {
		return err
	}
	return s.Observe.Forget(ctx, ev.Terminal)
}

// Run keeps the loop going until ctx ends or a part of it fails for good.
func (s Stages) Run(ctx context.Context, bus Bus, pace Pace, log *slog.Logger) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Observe.Run(ctx) })
	g.Go(func() error { return every(ctx, pace.Sweep, log, "observe sweep", s.Observe.Sweep) })
	g.Go(func() error { return every(ctx, pace.Sweep, log, "verify sweep", s.Verify.Sweep) })
	g.Go(func() error { return every(ctx, pace.Sweep, log, "repair expiry", s.Repair.Expire) })
	g.Go(func() error { return every(ctx, pace.Incident, log, "incident look", s.Incident.Look) })
	for _, h := range s.table() {
		g.Go(func() error { return bus.Handle(ctx, h.consumer, h.kinds, h.handle) })
	}
	return g.Wait()
}

// every calls f until ctx ends; a failure is logged and tried again next time.
func every(ctx context.Context, d time.Duration, log *slog.Logger, what string, f func(context.Context) error) error {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := f(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, what, "error", err)
			}
		}
	}
}

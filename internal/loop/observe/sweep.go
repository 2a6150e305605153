package observe

import (
	"context"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
)

// sweepPage is how many states one look takes.
const sweepPage = 500

// Sweep applies the rules to every terminal in doubt once: it marks the ones that have stopped, which sends
// observe.stopped, and clears the ones that sell again.
func (o *Observe) Sweep(ctx context.Context) error {
	after := ""
	for {
		states, err := o.deps.Store.Doubtful(ctx, o.deps.Now().Add(-o.cfg.Rules.MinSilence), after, sweepPage)
		if err != nil {
			return err
		}
		for _, s := range states {
			if err := o.judge(ctx, s); err != nil {
				return err
			}
			after = s.Terminal
		}
		if len(states) < sweepPage {
			return nil
		}
	}
}

func (o *Observe) judge(ctx context.Context, s State) error {
	now, was := o.deps.Now(), s.StoppedSince
	if !was.IsZero() {
		if !o.cfg.Rules.Started(s) {
			return nil
		}
		s.StoppedSince, s.StoppedBy = time.Time{}, ""
		_, err := o.deps.Store.Mark(ctx, s, was, []event.Event{
			event.New(ChangedEvent, now, s.Terminal, "", Changed{Terminal: s.Terminal}),
		})
		return err
	}
	road, stopped := o.cfg.Rules.Stopped(s, now, o.silenceCounts(s, now))
	if !stopped {
		return nil
	}
	s.StoppedSince, s.StoppedBy = now, road
	_, err := o.deps.Store.Mark(ctx, s, was, []event.Event{stoppedEvent(s, now)})
	return err
}

// silenceCounts reports whether the silence of an agent may be the terminal's: outside the shop's hours it means nothing,
// and a terminal that went on selling without its agent is judged by its sales.
func (o *Observe) silenceCounts(s State, now time.Time) bool {
	if !o.cfg.Rules.Silent(s, now) {
		return true
	}
	lost := o.cfg.Rules.AgentLost(s, now) && o.deps.Watched != nil && o.deps.Watched(s.Terminal)
	return !lost && o.deps.Trading(s.Terminal, now)
}

func stoppedEvent(s State, now time.Time) event.Event {
	return event.New(StoppedEvent, now, s.Terminal, "", Stopped{Terminal: s.Terminal, Since: s.StoppedSince, By: s.StoppedBy})
}

// Call marks a terminal as stopped because a person says so. When it is marked already, it says so once more: its case may
// have been closed meanwhile.
func (o *Observe) Call(ctx context.Context, terminal string) error {
	states, err := o.deps.Store.States(ctx, []string{terminal})
	if err != nil {
		return err
	}
	s := states[terminal]
	was := s.StoppedSince
	if was.IsZero() {
		s.Terminal, s.StoppedSince, s.StoppedBy = terminal, o.deps.Now(), ByPerson
	}
	_, err = o.deps.Store.Mark(ctx, s, was, []event.Event{stoppedEvent(s, o.deps.Now())})
	return err
}

package observe_test

import (
	"context"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/observe"
)

// doubtful holds one state that the rules are to look at.
type doubtful struct {
	observe.Store
	state  observe.State
	marked int
}

func (d *doubtful) Doubtful(_ context.Context, _ time.Time, after string, _ int) ([]observe.State, error) {
	if after != "" {
		return nil, nil
	}
	return []observe.State{d.state}, nil
}

func (d *doubtful) Mark(_ context.Context, s observe.State, _ time.Time, _ []event.Event) (bool, error) {
	d.state = s
	d.marked++
	return true, nil
}

func TestASilentAgentStopsATerminalOnlyWhereItsSilenceMeansSomething(t *testing.T) {
	t.Parallel()
	lost := ten.Add(-2 * time.Hour) // the agent's last word
	sold := ten.Add(-30 * time.Minute)
	tests := map[string]struct {
		host          time.Time
		open, watched bool
		stopped       bool
	}{
		"both silent in the shop's hours":                         {lost, true, true, true},
		"both silent at night":                                    {lost, false, true, false},
		"it went on selling, and its sales are watched":           {sold, true, true, false},
		"it went on selling, but its sales are not watched yet":   {sold, true, false, true},
		"it sold a moment ago, and its sales are not watched":     {ten.Add(-time.Minute), true, false, false},
		"both silent, and nothing is known of the shop's trade":   {lost, true, false, true},
		"it sells, its sales are watched, and the shop is closed": {sold, false, true, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &doubtful{state: observe.State{Terminal: "t-1", ContactAt: lost, Expects: 30 * time.Second, HostAt: tt.host, SaleAt: tt.host}}
			o := observe.New(observe.Deps{
				Store: store, Now: func() time.Time { return ten },
				Trading: func(string, time.Time) bool { return tt.open }, Watched: func(string) bool { return tt.watched },
			}, observe.Config{Rules: observe.DefaultRules()})
			if err := o.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := store.marked > 0; got != tt.stopped || (got && store.state.StoppedBy != observe.BySilence) {
				t.Errorf("stopped %v by %q, want %v", got, store.state.StoppedBy, tt.stopped)
			}
		})
	}
}

func TestATerminalThatSellsWithoutItsAgentIsNeitherWellNorStopped(t *testing.T) {
	t.Parallel()
	s := observe.State{
		ContactAt: ten.Add(-2 * time.Hour), Expects: 30 * time.Second, HostAt: ten.Add(-time.Minute), SaleAt: ten.Add(-time.Minute),
	}
	if got := s.Ability(ten, observe.DefaultRules()); got != observe.Restricted {
		t.Errorf("ability %s", got)
	}
	s.ContactAt = ten.Add(-time.Minute)
	if got := s.Ability(ten, observe.DefaultRules()); got != observe.CanSell {
		t.Errorf("with its agent heard, ability %s", got)
	}
}

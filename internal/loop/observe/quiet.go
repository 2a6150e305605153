package observe

import (
	"context"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// Quiet says that a terminal sells nothing although it should.
type Quiet struct {
	Terminal string
	Since    time.Time // the end of its last hour with a sale
	Missed   float64   // sales that were expected since
}

// NoSales marks a terminal as stopped because its sales have ceased, unless one has come meanwhile. Whether its agent is heard
// or not stays evidence of its own: a terminal that talks and sells nothing has other faults than one that does neither.
func (o *Observe) NoSales(ctx context.Context, q Quiet) error {
	states, err := o.deps.Store.States(ctx, []string{q.Terminal})
	if err != nil {
		return err
	}
	s, now := states[q.Terminal], o.deps.Now()
	if s.SaleAt.After(q.Since) || !s.StoppedSince.IsZero() {
		return nil
	}
	if now.Sub(s.HostAt) > o.cfg.Rules.MinSilence {
		if err := o.Say(ctx, q.Terminal, []finding.Finding{q.evidence(now)}); err != nil {
			return err
		}
	}
	s.Terminal, s.StoppedSince, s.StoppedBy = q.Terminal, now, BySales
	_, err = o.deps.Store.Mark(ctx, s, time.Time{}, []event.Event{stoppedEvent(s, now)})
	return err
}

// evidence tells what was expected and what came.
func (q Quiet) evidence(now time.Time) finding.Finding {
	return finding.Finding{
		Variable: "host_sees_terminal", State: "silent", At: now, Source: finding.Host,
		Detail: fmt.Sprintf("0/%.1f (%.0f h)", q.Missed, now.Sub(q.Since).Hours()),
	}
}

// detailed gives derived findings the details of stored ones that say the same.
func detailed(derived, stored []finding.Finding) []finding.Finding {
	set := finding.Collect(stored...)
	for i, f := range derived {
		if held, ok := set[f.Variable]; ok && f.Detail == "" && held.State == f.State {
			derived[i].Detail = held.Detail
		}
	}
	return derived
}

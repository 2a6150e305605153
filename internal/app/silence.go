package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/silence"
	"github.com/posmedic/posmedic/internal/silence/silencesql"
)

// quiet makes the room that finds silent terminals from what the host's feed counts.
func (r *rooms) quiet(cfg silence.Config) *silence.Room {
	return silence.New(silence.Deps{
		Store: silencesql.New(r.db), Sales: r.observed.Sales, Down: r.down, Tell: r.noSales, Now: r.now,
	}, cfg)
}

// down gives the terminals that are stopped for a reason that somebody or something has named.
func (r *rooms) down(ctx context.Context, terminals []string) (map[string]bool, error) {
	states, err := r.observed.States(ctx, terminals)
	out := make(map[string]bool, len(states))
	for id, s := range states {
		out[id] = !s.StoppedSince.IsZero() && s.StoppedBy != observe.BySales
	}
	return out, err
}

func (r *rooms) noSales(ctx context.Context, alarms []silence.Alarm) error {
	for _, a := range alarms {
		if err := r.stages.Observe.NoSales(ctx, observe.Quiet{Terminal: a.Terminal, Since: a.Since, Missed: a.Missed}); err != nil {
			return err
		}
	}
	return nil
}

// hoursAsked bounds how long a sweep waits for a shop's hours.
const hoursAsked = time.Second

// trading reports whether a shop is open, as its sales have taught. Who cannot be asked is taken for open: a terminal looked
// at in vain costs less than one that nobody looks at.
func (r *rooms) trading(terminal string, at time.Time) bool {
	ctx, cancel := context.WithTimeout(context.Background(), hoursAsked)
	defer cancel()
	open, err := r.silence.Trading(ctx, terminal, at)
	return err != nil || open
}

func (r *rooms) watched(terminal string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), hoursAsked)
	defer cancel()
	watched, err := r.silence.Watched(ctx, terminal)
	return err == nil && watched
}

// silenceEvery is how often somebody looks whether an hour is complete.
const silenceEvery = time.Minute

// watchSilence takes in the hours, in one process of all that share the database.
func (r *rooms) watchSilence(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(silenceEvery)
	defer tick.Stop()
	var lead *sqldb.Lead
	defer func() {
		if lead != nil {
			_ = lead.Release() // the database is closing: the lead ends with it in any case
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var err error
		if lead != nil && !lead.Held(ctx) {
			_ = lead.Release() // its connection is gone, and the lead with it
			lead = nil
		}
		if lead == nil {
			lead, err = r.db.TryLead(ctx, "silence")
		}
		if err == nil && lead != nil {
			err = r.silence.Look(ctx)
		}
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "silence", "error", err)
		}
	}
}

package app

import (
	"context"

	"github.com/posmedic/posmedic/internal/console"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/kernel/event"
)

// register is the fleet's register as people change it.
type register struct {
	*fleetsql.Store
	acquirer string
}

// Acquirer is whose terminals they are when nobody says.
func (r register) Acquirer() string { return r.acquirer }

// ImportSheet enters a sheet; the lines that are wrong stay out.
func (r register) ImportSheet(ctx context.Context, s fleet.Sheet, dry bool) (console.ImportView, error) {
	view := console.ImportView{Checked: dry, Errors: []console.SheetError{}, Ignored: append([]string{}, s.Ignored...)}
	good := make([]fleet.Registration, 0, len(s.Rows))
	for _, row := range s.Rows {
		if row.Err == nil {
			good = append(good, row.Registration)
		}
	}
	done, err := r.Import(ctx, good, dry)
	if err != nil {
		return view, err
	}
	for _, row := range s.Rows {
		result := fleetsql.Imported{Err: row.Err}
		if row.Err == nil {
			result, done = done[0], done[1:]
		}
		switch {
		case result.Err != nil:
			view.Refuse(row.Line, row.TID, result.Err)
		case result.Change == fleet.Created:
			view.Created++
		case result.Change == fleet.Updated:
			view.Updated++
		default:
			view.Unchanged++
		}
	}
	return view, nil
}

// cutLines wakes the live connection of a terminal whose device was revoked or replaced, wherever that happened: the
// door then looks at the key again and ends it.
func (r *rooms) cutLines(ctx context.Context) error {
	return r.bus.Handle(ctx, "cut-lines", []event.Kind{fleet.RevokedEvent, fleet.ReboundEvent},
		func(_ context.Context, ev event.Event) error {
			if ev.Terminal != "" {
				r.nudge(ev.Terminal)
			}
			return nil
		})
}

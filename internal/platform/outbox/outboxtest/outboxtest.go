// Package outboxtest shows tests what waits in the outbox.
package outboxtest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Waiting gives the events in the outbox in the order of the relay (of one terminal: as written), and leaves them
// there. It shows at most one batch of the relay.
func Waiting(t testing.TB, db *sqldb.DB) []event.Event {
	t.Helper()
	look := &onlooker{}
	if _, err := outbox.NewRelay(db, look, slog.New(slog.DiscardHandler)).Move(t.Context()); err != nil && !look.looked {
		t.Fatal(err)
	}
	return look.events
}

// onlooker takes a look and refuses the events.
type onlooker struct {
	events []event.Event
	looked bool
}

func (o *onlooker) PublishEvents(_ context.Context, events []event.Event) error {
	o.events, o.looked = events, true
	return context.Canceled
}

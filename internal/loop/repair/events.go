package repair

import (
	"context"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
)

// The events that leave this stage.
const (
	DoneEvent   event.Kind = "repair.done"   // data: Ended
	FailedEvent event.Kind = "repair.failed" // data: Ended
)

// Ended says how an attempt ended.
type Ended struct {
	Attempt string    `json:"attempt"`
	Case    string    `json:"case"`
	Step    string    `json:"step"`
	State   State     `json:"state"`
	Changes bool      `json:"changes"` // it can have cured something
	At      time.Time `json:"at"`
}

// endedEvent is the event of an attempt in a final state.
func endedEvent(a Attempt) event.Event {
	kind := FailedEvent
	if a.State == Done {
		kind = DoneEvent
	}
	return event.New(kind, a.EndedAt, a.Terminal, a.Case, Ended{
		Attempt: a.ID, Case: a.Case, Step: a.Step, State: a.State, Changes: a.Changes(), At: a.EndedAt,
	})
}

// Store keeps attempts.
type Store interface {
	Create(ctx context.Context, a Attempt) error
	// Change loads an attempt, lets f change it, and stores it with the events f returns, all in one transaction.
	// problem.NotFound when there is none; whatever f returns as an error is returned and nothing is stored.
	Change(ctx context.Context, id string, f func(a *Attempt) ([]event.Event, error)) (Attempt, error)
	Get(ctx context.Context, id string) (Attempt, error)
	OfCase(ctx context.Context, caseID string) ([]Attempt, error) // oldest first
	Waiting(ctx context.Context, terminal string, now time.Time) ([]Attempt, error)
	Due(ctx context.Context, now time.Time, limit int) ([]Attempt, error) // not final and expired
}

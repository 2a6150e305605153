// Package event is the envelope in which rooms tell each other what has happened. An event is written to the outbox
// in the same transaction as the change it tells of, and delivered at least once: whoever handles it must be able to
// see it twice.
package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/ident"
)

// Kind names what happened, room first: "observe.stopped". A version follows when its data changes shape:
// "observe.stopped.v2".
type Kind string

// Event is one thing that happened.
type Event struct {
	ID       string          `json:"id"`
	Kind     Kind            `json:"kind"`
	At       time.Time       `json:"at"`
	Terminal string          `json:"terminal,omitempty"` // fleet id; also what events are kept in order by
	Case     string          `json:"case,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// New makes an event. It panics when data cannot be written as JSON: that is a mistake in our own types.
func New(kind Kind, at time.Time, terminal, caseID string, data any) Event {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("event %s: %v", kind, err))
	}
	return Event{ID: ident.New("ev"), Kind: kind, At: at, Terminal: terminal, Case: caseID, Data: raw}
}

// Into reads the event's data.
func (e Event) Into(data any) error {
	if err := json.Unmarshal(e.Data, data); err != nil {
		return fmt.Errorf("event %s %s: %w", e.Kind, e.ID, err)
	}
	return nil
}

package verify

import (
	"context"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
)

// OutcomeEvent leaves when a watch has come to a result.
const OutcomeEvent event.Kind = "verify.outcome" // data: Ended

// Ended is what a watch has come to.
type Ended struct {
	Case    string    `json:"case"`
	Attempt string    `json:"attempt,omitempty"`
	Result  Result    `json:"result"`
	Proof   Proof     `json:"proof"`
	At      time.Time `json:"at"`
}

// Store keeps the watches.
type Store interface {
	// Start begins to wait, and reports whether the case now waits for this watch. An earlier watch is replaced; one for the
	// same attempt, or for a later one, is not begun again.
	Start(ctx context.Context, w Watch) (bool, error)
	// Sold stores the watch's SoldAt while it waits.
	Sold(ctx context.Context, w Watch) error
	// End stores the result if the watch is still waiting since the same time, together with the event.
	End(ctx context.Context, w Watch, r Result, p Proof, at time.Time) (bool, error)
	Of(ctx context.Context, caseID string) (Watch, bool, error) // only a waiting one
	Waiting(ctx context.Context, after string, limit int) ([]Watch, error)
	Drop(ctx context.Context, caseID string) error
}

// Package casefile keeps the case: one diagnosis of one terminal from the first finding to the outcome. Every stage of
// the loop writes its part here, and nothing else does; a terminal has at most one case that is not closed.
package casefile

import (
	"encoding/json"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// State is where a case stands.
type State string

// The states of a case and how they are entered and left; the table of moves is in state.go.
const (
	Diagnosing State = "diagnosing" // evidence is gathered, questions are asked
	Repairing  State = "repairing"  // a step is being carried out (by us, the merchant, or who took over)
	Verifying  State = "verifying"  // a step says it worked: waiting for a sign-in, a sale and a quiet window
	HandedOver State = "handed_over"
	Closed     State = "closed" // with an Outcome
)

// Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Confirmed Outcome = "confirmed" // a sign-in and a sale at the host after the repair, and a quiet window
	Recovered Outcome = "recovered" // it takes money again, proven the same way, but no step of ours was taken
	Unclear   Outcome = "unclear"   // given up or replaced without proof
)

// Case is one case.
type Case struct {
	ID        string          `json:"id"`
	Tenant    string          `json:"-"`
	Terminal  string          `json:"terminal"`
	State     State           `json:"state"`
	OpenedAt  time.Time       `json:"opened_at"`
	OpenedBy  string          `json:"opened_by"` // silence · findings · host_answers · person · sales
	ClosedAt  time.Time       `json:"closed_at,omitzero"`
	Outcome   Outcome         `json:"outcome,omitempty"`
	Incident  string          `json:"incident,omitempty"`
	PackHash  string          `json:"pack_hash,omitempty"`
	Diagnosis json.RawMessage `json:"diagnosis,omitempty"` // diagnose.Diagnosis, newest
	Reopened  int             `json:"reopened"`
	Revision  int64           `json:"revision"` // grows with every change: optimistic lock and cache key
}

// Entry is one line of a case's timeline, append-only.
type Entry struct {
	Case string          `json:"case"`
	Seq  int64           `json:"seq"`
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"` // opened, evidence, diagnosed, asked, answered, step_planned, step_started, step_done, step_failed, withheld, handed_over, watching, proof, reopened, closed, incident, note
	By   string          `json:"by"`   // system, agent, or a user's name
	Text lang.Text       `json:"text"`
	Data json.RawMessage `json:"data,omitempty"`
}

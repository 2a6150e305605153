package observe

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
)

// The events that leave this stage.
const (
	ChangedEvent event.Kind = "observe.changed" // data: Changed
	StoppedEvent event.Kind = "observe.stopped" // data: Stopped
	ProofEvent   event.Kind = "observe.proof"   // data: Proof
)

// Changed says that there is new evidence about a terminal. It carries none: whoever needs it reads the newest.
type Changed struct {
	Terminal string `json:"terminal"`
}

// Stopped says that a terminal cannot take money, since when, and how it was noticed.
type Stopped struct {
	Terminal string    `json:"terminal"`
	Since    time.Time `json:"since"`
	By       Road      `json:"by"`
}

// Proof says that the host accepted a sign-in or approved a sale of this terminal.
type Proof struct {
	Terminal string     `json:"terminal"`
	Kind     AnswerKind `json:"kind"`
	At       time.Time  `json:"at"`
	RRN      string     `json:"rrn,omitempty"`
	By       string     `json:"by"` // host: the acquirer's own feed said it; terminal: the terminal did
}

package repair

import (
	"fmt"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// State is where an attempt stands.
type State string

// The states of an attempt.
const (
	Planned   State = "planned"   // shown to whoever is to do it
	Queued    State = "queued"    // a command waits for the agent
	Running   State = "running"   // the agent, or a person, is at it
	Done      State = "done"      // whoever did it says that it is done; verify decides whether it helped
	Failed    State = "failed"    // could not be carried out
	Refused   State = "refused"   // the agent or the person would not
	Expired   State = "expired"   // nobody came
	Cancelled State = "cancelled" // the diagnosis moved on
)

// moves is the table of what may follow what; what is not in it cannot happen.
var moves = map[State][]State{
	Planned: {Queued, Running, Done, Failed, Refused, Expired, Cancelled},
	Queued:  {Running, Done, Failed, Refused, Expired, Cancelled},
	Running: {Done, Failed, Refused, Expired, Cancelled},
}

// Final reports whether nothing follows.
func (s State) Final() bool { return len(moves[s]) == 0 }

// May reports whether an attempt may move from s to next.
func (s State) May(next State) bool { return slices.Contains(moves[s], next) }

// Move changes the state or says that it is not allowed.
func (a *Attempt) Move(next State, at time.Time) error {
	if !a.State.May(next) {
		return fmt.Errorf("attempt %s: %s may not become %s", a.ID, a.State, next)
	}
	a.State = next
	switch {
	case next == Running:
		a.StartedAt = at
	case next.Final():
		a.EndedAt = at
	}
	return nil
}

// Attempt is one step of one case, carried out or to be carried out. For a remote step its ID is the command's.
type Attempt struct {
	ID        string            `json:"id"`
	Case      string            `json:"case"`
	Terminal  string            `json:"terminal"`
	Step      string            `json:"step"` // step id, or probe:<name>
	Kind      diagnose.NextKind `json:"kind"`
	By        string            `json:"by"`
	Command   string            `json:"command,omitempty"`
	State     State             `json:"state"`
	CreatedAt time.Time         `json:"created_at"`
	StartedAt time.Time         `json:"started_at,omitzero"`
	EndedAt   time.Time         `json:"ended_at,omitzero"`
	Expires   time.Time         `json:"expires"`
	Who       string            `json:"who,omitempty"` // person or "system" who started it
	Text      string            `json:"text,omitempty"`
	Proof     map[string]string `json:"proof,omitempty"`
}

// Changes reports whether the attempt can have cured something, as opposed to only finding something out.
func (a Attempt) Changes() bool { return a.Kind == diagnose.Do || a.Kind == diagnose.Handover }

// secureStep is the step, and the command, that sends stored sales before something that could lose them.
const secureStep = "send_unsent"

// prepares reports whether the attempt only makes ready for a step: it is no cure, and nothing waits for its proof.
func (a Attempt) prepares() bool { return a.Kind == diagnose.Probe && a.Step == secureStep }

// since reports whether the attempt was made at a time or later; stored times have milliseconds.
func (a Attempt) since(at time.Time) bool { return !a.CreatedAt.Before(at.Truncate(time.Millisecond)) }

// stands reports whether the attempt is what a diagnosis asks for: it is still to be done, it makes ready for it, or it was
// made for this very diagnosis and has ended.
func (a Attempt) stands(d diagnose.Diagnosis) bool {
	switch {
	case d.Next == nil || a.State == Cancelled:
		return false
	case a.prepares():
		return d.Next.Kind == diagnose.Do && !a.State.Final()
	case a.Step != d.Next.ID || a.Kind != d.Next.Kind:
		return false
	default:
		return !a.State.Final() || a.since(d.At)
	}
}

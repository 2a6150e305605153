package incident

import (
	"context"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// The events that leave this room. Terminal is the member concerned.
const (
	JoinedEvent event.Kind = "incident.joined" // data: Membership
	LeftEvent   event.Kind = "incident.left"   // data: Membership
)

// Membership says that a terminal is, or is no longer, explained by an incident.
type Membership struct {
	Incident string `json:"incident"`
	Terminal string `json:"terminal"`
}

// Incident is one shared cause with all the terminals that it stops.
type Incident struct {
	ID        string    `json:"id"`
	Attribute Attribute `json:"attribute"`
	Value     string    `json:"value"`
	Also      []Pair    `json:"also,omitempty"` // what else its terminals share, when it takes more than one attribute to say
	Symptom   Symptom   `json:"symptom,omitempty"`
	OpenedAt  time.Time `json:"opened_at"`
	BeganAt   time.Time `json:"began_at,omitzero"` // when its terminals began to fail
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Push      PushOf    `json:"push,omitzero"` // what was brought to its terminals just before, if that explains it
	Failing   int       `json:"failing"`
	Total     int       `json:"total"`
	Others    int       `json:"others"` // failing elsewhere, unexplained, when it was seen last
	OthersOf  int       `json:"others_of"`
	Peak      int       `json:"peak"`  // most that failed at once
	Ratio     float64   `json:"ratio"` // how much better it explains the failures than chance, in nats
	Notice    string    `json:"notice,omitempty"`
}

// Open reports whether it is still going on.
func (i Incident) Open() bool { return i.EndedAt.IsZero() }

// Shared is what its terminals have in common; empty for everybody.
func (i Incident) Shared() Shared {
	if i.Attribute == Everybody {
		return nil
	}
	return append(Shared{{i.Attribute, i.Value}}, i.Also...)
}

// about makes the incident one of these attributes.
func (i Incident) about(s Shared) Incident {
	if len(s) == 0 {
		i.Attribute, i.Value, i.Also = Everybody, "", nil
		return i
	}
	i.Attribute, i.Value, i.Also = s[0].Attribute, s[0].Value, s[1:]
	if len(i.Also) == 0 {
		i.Also = nil
	}
	return i
}

func (i Incident) covers(m Member) bool { return i.Shared().Covers(m) }

// explains reports whether every terminal that fails in a narrower incident is covered by this one.
func (i Incident) explains(narrow Incident, fleet []Member) bool {
	wide, small := i.Shared(), narrow.Shared()
	for _, m := range fleet {
		if m.Failing && small.Covers(m) && !wide.Covers(m) {
			return false
		}
	}
	return true
}

// Evidence is what an incident says about one of its terminals.
func (i Incident) Evidence(at time.Time) finding.Finding {
	return finding.Finding{
		Variable: "terminal_scope", State: i.Shared().Scope(), At: at, Source: finding.Incident,
		Confidence: certainty(i.Ratio), Detail: i.Shared().String(),
	}
}

// changeState is the vocabulary's recent_change for what was brought to a terminal.
func (p PushOf) changeState() string {
	switch p.Attribute {
	case Params:
		return "parameter_push"
	case Certificate:
		return "certificate_change"
	default:
		return "app_update"
	}
}

// Store keeps incidents and who belongs to them.
type Store interface {
	Open(ctx context.Context) ([]Incident, error)
	List(ctx context.Context, limit int) ([]Incident, error) // newest first
	// Save stores an incident and sets its members; it sends the events with it.
	Save(ctx context.Context, i Incident, members []string, events []event.Event) error
	Members(ctx context.Context, incident string) ([]string, error)
	Of(ctx context.Context, terminal string) ([]Incident, error) // open ones the terminal belongs to
}

// Memory keeps what the room has learnt over a restart.
type Memory interface {
	Changes(ctx context.Context, since time.Time) ([]Change, error)
	// KeepChanges stores changes, and drops those before a time.
	KeepChanges(ctx context.Context, list []Change, before time.Time) error
	Ordinary(ctx context.Context) ([]Tally, error)
	KeepOrdinary(ctx context.Context, list []Tally) error
}

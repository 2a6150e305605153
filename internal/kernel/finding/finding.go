// Package finding holds the word for evidence: a named state of affairs, with its age and who says so.
//
// Variables and states are those of the knowledge pack (`docs/glossary.md`). "Unknown" is never a state: what nobody
// knows is simply not in the set.
package finding

import (
	"slices"
	"strings"
	"time"
)

// Source says who supplied a finding; the words are those of the pack's vocabulary.
type Source string

// Who can supply a finding.
const (
	Merchant Source = "merchant" // said by a person in the shop
	Agent    Source = "agent"    // the help desk or a local service partner
	TMS      Source = "tms"      // read from the terminal or a management system
	Host     Source = "host"     // seen by the acquirer's host
	Acquirer Source = "acquirer" // the acquirer's back office
	Field    Source = "field"    // an engineer on site
	Probe    Source = "probe"    // measured by a probe of ours
	Incident Source = "incident" // follows from a shared cause we already know
)

// Finding is one piece of evidence: Variable is in State.
type Finding struct {
	Variable   string    `json:"variable"`
	State      string    `json:"state"`                // a state of the variable, or the free value of a string variable
	At         time.Time `json:"at"`                   // when it was true, by our clock
	Source     Source    `json:"source"`               // who says so
	Confidence float64   `json:"confidence,omitempty"` // 0 < c ≤ 1; 0 means 1
	Detail     string    `json:"detail,omitempty"`     // the raw value or the words that led here; scrubbed of card data
}

// Certainty is Confidence with its default.
func (f Finding) Certainty() float64 {
	if f.Confidence <= 0 || f.Confidence > 1 {
		return 1
	}
	return f.Confidence
}

// Set holds at most one finding a variable, the newest.
type Set map[string]Finding

// Collect keeps the newest finding of each variable. Of two with the same time the more certain one stays, and of
// two as certain the later in the list, so the result does not depend on map order.
func Collect(list ...Finding) Set {
	s := make(Set, len(list))
	for _, f := range list {
		old, ok := s[f.Variable]
		if !ok || f.At.After(old.At) || (f.At.Equal(old.At) && f.Certainty() >= old.Certainty()) {
			s[f.Variable] = f
		}
	}
	return s
}

// Is reports whether the variable is known to be in one of the states.
func (s Set) Is(variable string, states ...string) bool {
	f, ok := s[variable]
	return ok && slices.Contains(states, f.State)
}

// List gives the findings ordered by variable.
func (s Set) List() []Finding {
	out := make([]Finding, 0, len(s))
	for _, f := range s {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Variable, b.Variable) })
	return out
}

package observe

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// AnswerKind is what the terminal asked the host for.
type AnswerKind string

// What terminals ask hosts for.
const (
	SignIn   AnswerKind = "sign_in"
	Echo     AnswerKind = "echo"
	Sale     AnswerKind = "sale"
	Reversal AnswerKind = "reversal"
)

// Answer is one answer of the acquirer's host to a terminal, or its absence. It holds no amount and no card.
type Answer struct {
	At   time.Time
	Kind AnswerKind
	Code string // field 39; empty: no answer came
	STAN string
	RRN  string
	By   string // host or terminal: whose record this is
}

// Approved reports whether the host said yes.
func (a Answer) Approved() bool { return a.Code == "00" }

// State is what is known about one terminal's ability to take money, folded from everything observed so far.
type State struct {
	Terminal     string
	ContactAt    time.Time // last word of its agent, by our clock
	Expects      time.Duration
	ClockOffset  time.Duration // terminal's clock minus ours at the last batch
	HostAt       time.Time     // last message of this terminal at the host
	SignInAt     time.Time     // last accepted sign-in
	SaleAt       time.Time     // last approved sale: the last proof that it can take money
	SaleRRN      string
	Failures     int    // answers in a row that say the terminal cannot sell
	FailCode     string // of the newest of these; empty: no answer
	FailKind     AnswerKind
	FailSince    time.Time
	FailAt       time.Time // when the newest of these was
	FailSTAN     string    // and which
	Unsent       int       // stored sales that the host has not had yet
	StoppedSince time.Time // zero: not stopped
	StoppedBy    Road
	Adverse      time.Time // since when findings have said, without a break, that it cannot sell; zero: they do not
	AdverseAt    time.Time // when one of them was seen last
}

// Ability is the headline a person reads: can it take money?
type Ability string

// The four abilities.
const (
	CanSell    Ability = "can_sell"
	Restricted Ability = "restricted" // something is wrong, sales still go through
	CannotSell Ability = "cannot_sell"
	Unknown    Ability = "unknown" // no proof and no complaint: never shown as well
)

// Ability judges the state at a time: stopped beats everything, and a proof older than the rules' ProofAge is no proof.
func (s State) Ability(now time.Time, r Rules) Ability {
	switch {
	case !s.StoppedSince.IsZero():
		return CannotSell
	case s.Failures > 0 || !s.Adverse.IsZero() || r.AgentLost(s, now):
		return Restricted
	case !s.SaleAt.IsZero() && now.Sub(s.SaleAt) <= r.ProofAge:
		return CanSell
	default:
		return Unknown
	}
}

// Fold takes one answer of the host into the state. Answers may come late and out of order: a proof only moves
// forward, and a failure older than the newest proof changes nothing.
func (s *State) Fold(a Answer, fault func(code string) bool) {
	if a.At.After(s.HostAt) && (a.By == ByHost || a.Code != "") {
		s.HostAt = a.At
	}
	switch {
	case a.Approved():
		s.foldProof(a)
	case a.Kind == Echo && a.Code != "":
		// The host is there; that says nothing about selling.
	case a.Code != "" && !fault(a.Code):
		// Declined because of the card: the terminal did its work.
	default:
		s.foldFailure(a)
	}
}

func (s *State) foldProof(a Answer) {
	switch a.Kind {
	case SignIn:
		if a.At.After(s.SignInAt) {
			s.SignInAt = a.At
		}
	case Sale:
		if a.At.After(s.SaleAt) {
			s.SaleAt, s.SaleRRN = a.At, a.RRN
		}
	}
	// A sign-in that is accepted after sales failed does not prove that sales work; one after failed sign-ins does.
	if s.Failures > 0 && !a.At.Before(s.FailSince) && (a.Kind == Sale || (a.Kind == SignIn && s.FailKind != Sale)) {
		s.Failures, s.FailCode, s.FailKind, s.FailSTAN, s.FailSince, s.FailAt = 0, "", "", "", time.Time{}, time.Time{}
	}
}

// foldFailure counts a failure once, also when both the host and the terminal tell of it.
func (s *State) foldFailure(a Answer) {
	if !a.At.After(s.SaleAt) {
		return
	}
	again := a.STAN != "" && a.STAN == s.FailSTAN && a.Kind == s.FailKind
	if s.Failures > 0 && (again || !a.At.After(s.FailAt)) {
		return
	}
	if s.Failures == 0 {
		s.FailSince = a.At
	}
	s.Failures++
	s.FailCode, s.FailKind, s.FailSTAN, s.FailAt = a.Code, a.Kind, a.STAN, a.At
}

// Whose record an answer is.
const (
	ByHost     = "host"
	ByTerminal = "terminal"
)

// Evidence is everything known about a terminal that a diagnosis may use.
type Evidence struct {
	State    State
	Findings []finding.Finding
	Answers  []Answer // newest first, bounded
}

package observe

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/wire"
)

// Arrival is what came in about one terminal, from whichever door, and is committed as one.
type Arrival struct {
	Terminal string
	Device   string // empty when it was not the terminal's agent who spoke
	At       time.Time
	SentAt   time.Time // the sender's clock; zero when it has none
	Expects  time.Duration
	Reports  []wire.Report
	Answers  []Answer
	Findings []finding.Finding
	Forget   []finding.Source // findings of these sources are dropped: they belonged to a case that is over
	Record   string           // id of a feed's record; taken once
}

// Landed says what became of an arrival.
type Landed struct {
	Accepted  int
	Duplicate int
}

// Store keeps what was observed. Commit is atomic for all arrivals and durable when it returns; it calls fold once
// for each arrival that holds something new, with the state and findings as they stand, and stores what fold leaves in
// them together with the events it returns. fold may be called again when the transaction has to be repeated.
type Store interface {
	Commit(ctx context.Context, arrivals []Arrival, fold Fold) ([]Landed, error)
	// Doubtful gives up to limit states after a terminal id that the rules should look at: failing, adverse, stopped,
	// or without contact since the given time.
	Doubtful(ctx context.Context, silentSince time.Time, after string, limit int) ([]State, error)
	// Mark stores StoppedSince and StoppedBy of a state if they still are what `was` says, with its events.
	Mark(ctx context.Context, s State, was time.Time, events []event.Event) (bool, error)
	Evidence(ctx context.Context, terminal string) (Evidence, error)
	States(ctx context.Context, terminals []string) (map[string]State, error)
	PutNotice(ctx context.Context, n Notice) error
	Notices(ctx context.Context, at time.Time) ([]Notice, error)
	Prune(ctx context.Context, before time.Time) (int64, error)
}

// Fresh is the part of an arrival that was not stored before.
type Fresh struct {
	Terminal string
	Agent    bool // its agent spoke
	At       time.Time
	SentAt   time.Time
	Expects  time.Duration
	Reports  []wire.Report
	Answers  []Answer
	Findings []finding.Finding
	Forget   []finding.Source
}

// Fold changes a state and its findings by what is fresh and says which events leave.
type Fold func(s *State, findings map[string]Held, fresh Fresh) []event.Event

// Held is a finding with the time since when it has been in this state.
type Held struct {
	finding.Finding
	Since time.Time
}

// Notice is what an operator, a carrier or an acquirer has announced.
type Notice struct {
	ID    string
	Kind  string // maintenance, outage
	Scope string // host, carrier, area; empty: everybody
	Value string
	From  time.Time
	Until time.Time // zero: until further notice
	Text  lang.Text
}

// Covers reports whether the notice speaks of a terminal with these attributes at a time.
func (n Notice) Covers(shares map[string]string, at time.Time) bool {
	if at.Before(n.From) || (!n.Until.IsZero() && at.After(n.Until)) {
		return false
	}
	return n.Scope == "" || shares[n.Scope] == n.Value
}

// Evidence is the finding that follows from a notice for a terminal it covers.
func (n Notice) Evidence(at time.Time) finding.Finding {
	state := "outage_reported"
	if n.Kind == "maintenance" {
		state = "maintenance"
	}
	return finding.Finding{Variable: "status_page", State: state, At: at, Source: finding.Acquirer, Detail: n.ID}
}

// folder is the domain's fold: pure, apart from the rules it closes over.
func folder(faultCode func(code string) bool) Fold {
	return func(s *State, findings map[string]Held, fresh Fresh) []event.Event {
		s.Terminal = fresh.Terminal
		was, held := *s, maps.Clone(findings)
		if fresh.Agent {
			foldContact(s, fresh)
		}
		for _, a := range AnswersOf(fresh) {
			s.Fold(a, faultCode)
		}
		maps.DeleteFunc(findings, func(_ string, h Held) bool { return slices.Contains(fresh.Forget, h.Source) })
		for _, f := range findingsOf(fresh) {
			hold(findings, f)
		}
		maps.DeleteFunc(findings, func(_ string, h Held) bool { return disproven(h, *s) })
		foldAdverse(s, findings)
		var events []event.Event
		if news(was, *s) || !maps.EqualFunc(held, findings, func(a, b Held) bool { return a.State == b.State }) {
			events = append(events, event.New(ChangedEvent, fresh.At, fresh.Terminal, "", Changed{Terminal: fresh.Terminal}))
		}
		if s.SignInAt.After(was.SignInAt) {
			events = append(events, proofEvent(fresh, SignIn, s.SignInAt, ""))
		}
		if s.SaleAt.After(was.SaleAt) {
			events = append(events, proofEvent(fresh, Sale, s.SaleAt, s.SaleRRN))
		}
		return events
	}
}

// news reports whether a diagnosis could come out differently after a change of the state. That everything is as it was
// is no news: most reports of most terminals say just that.
func news(was, is State) bool {
	back := is.ContactAt.Sub(was.ContactAt) > 2*is.Expects // the agent had not been heard for a while
	return back || was.Failures != is.Failures || was.FailCode != is.FailCode || was.FailKind != is.FailKind ||
		was.Adverse.IsZero() != is.Adverse.IsZero() || (was.Unsent > 0) != (is.Unsent > 0) || !was.SaleAt.Equal(is.SaleAt)
}

func proofEvent(fresh Fresh, kind AnswerKind, at time.Time, rrn string) event.Event {
	by := ByHost
	if fresh.Agent {
		by = ByTerminal
	}
	return event.New(ProofEvent, fresh.At, fresh.Terminal, "", Proof{Terminal: fresh.Terminal, Kind: kind, At: at, RRN: rrn, By: by})
}

func foldContact(s *State, fresh Fresh) {
	if fresh.At.After(s.ContactAt) {
		s.ContactAt = fresh.At
	}
	if fresh.Expects > 0 {
		s.Expects = fresh.Expects
	}
	if !fresh.SentAt.IsZero() {
		s.ClockOffset = fresh.SentAt.Sub(fresh.At)
	}
	for _, r := range fresh.Reports {
		s.Unsent = r.Unsent
	}
}

// AnswersOf joins what the host's feed said with what the terminal recorded, the latter put on our clock.
func AnswersOf(fresh Fresh) []Answer {
	out := slices.Clone(fresh.Answers)
	for _, r := range fresh.Reports {
		for _, h := range r.Host {
			out = append(out, Answer{
				At: ourClock(h.At, fresh), Kind: AnswerKind(h.Kind), Code: h.Code, STAN: h.STAN, RRN: h.RRN, By: ByTerminal,
			})
		}
	}
	return out
}

func findingsOf(fresh Fresh) []finding.Finding {
	var out []finding.Finding
	for _, f := range fresh.Findings {
		f.At = ourClock(f.At, Fresh{At: fresh.At}) // who says this has our clock
		out = append(out, f)
	}
	for _, r := range fresh.Reports {
		for _, f := range r.Findings {
			f.At = ourClock(f.At, fresh)
			out = append(out, f)
		}
	}
	return out
}

// ourClock moves a time of the terminal's clock to ours by the offset at sending, and never into the future: a
// terminal with a wrong clock must not be able to make evidence that never ages.
func ourClock(at time.Time, fresh Fresh) time.Time {
	if !fresh.SentAt.IsZero() {
		at = at.Add(fresh.At.Sub(fresh.SentAt))
	}
	if at.IsZero() || at.After(fresh.At) {
		return fresh.At
	}
	return at
}

func hold(findings map[string]Held, f finding.Finding) {
	old, ok := findings[f.Variable]
	switch {
	case ok && f.At.Before(old.At):
		return
	case ok && old.State == f.State:
		findings[f.Variable] = Held{Finding: f, Since: old.Since}
	default:
		findings[f.Variable] = Held{Finding: f, Since: f.At}
	}
}

// disproven reports whether the terminal has sold since a finding said that it cannot, and nobody has said so again for three
// reports: one look of a probe must not outlive the trouble it saw. Signs of tampering and what people say stand.
func disproven(h Held, s State) bool {
	switch h.Source {
	case finding.Merchant, finding.Agent, finding.Field:
		return false
	}
	return IsAdverse(h.Finding) && h.Variable != "tamper_flag" && s.SaleAt.After(h.At.Add(3*s.Expects))
}

func foldAdverse(s *State, findings map[string]Held) {
	s.AdverseAt = time.Time{}
	since := time.Time{}
	for _, h := range findings {
		if !IsAdverse(h.Finding) {
			continue
		}
		if since.IsZero() || h.Since.Before(since) {
			since = h.Since
		}
		if h.At.After(s.AdverseAt) {
			s.AdverseAt = h.At
		}
	}
	if since.IsZero() || s.Adverse.IsZero() {
		s.Adverse = since
	}
}

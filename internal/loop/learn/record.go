package learn

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/pack"
)

// Record is what one closed case teaches.
type Record struct {
	Case       string             `json:"case"`
	Terminal   string             `json:"terminal"`
	Outcome    casefile.Outcome   `json:"outcome"`
	Pack       pack.Ref           `json:"pack"`
	OpenedAt   time.Time          `json:"opened_at"`
	ClosedAt   time.Time          `json:"closed_at"`
	Evidence   []finding.Finding  `json:"evidence"`
	Steps      []Step             `json:"steps"` // in the order they ended
	Questions  []Question         `json:"questions,omitempty"`
	Cause      string             `json:"cause,omitempty"`      // the fault that somebody who saw it named; empty: latent
	NamedBy    string             `json:"named_by,omitempty"`   // the party who named it, as in a step's By
	Attributes map[string]string  `json:"attributes,omitempty"` // of the terminal when the case was closed
	Credit     map[string]float64 `json:"credit"`               // fault → how much the knowledge of that day says that it was the one; sums to at most 1
	Reopened   int                `json:"reopened"`
}

// Step is one step that was carried out.
type Step struct {
	ID     string        `json:"id"`
	By     string        `json:"by"`
	At     time.Time     `json:"at,omitzero"` // when it ended
	Helped bool          `json:"helped"`      // it was the last one before the proof
	Took   time.Duration `json:"took"`
}

// Question is one question that a person answered.
type Question struct {
	Variable string        `json:"variable"`
	Took     time.Duration `json:"took"`
}

// Truth is the fault that a closed case is held to have been, as far as anybody can say: the one that was named, else the
// most credited.
func (r Record) Truth() string {
	if r.Cause != "" {
		return r.Cause
	}
	truth, best := "", 0.0
	for f, c := range r.Credit {
		if c > best || c == best && f < truth {
			truth, best = f, c
		}
	}
	return truth
}

// Store keeps records and candidates.
type Store interface {
	PutRecord(ctx context.Context, r Record) error            // once a case; again changes nothing
	Records(ctx context.Context, limit int) ([]Record, error) // newest first
	PutCandidate(ctx context.Context, c Candidate) error
	MoveCandidate(ctx context.Context, c Candidate, from CandidateState) error // ErrMove when it is not in this state (any more)
	Candidate(ctx context.Context, id string) (Candidate, error)               // ErrNotFound
	Candidates(ctx context.Context, limit int) ([]Candidate, error)            // newest first
	InState(ctx context.Context, state CandidateState) ([]Candidate, error)    // newest first
	PutTrial(ctx context.Context, t Trial) error                               // once a candidate and case; again changes nothing
	Trials(ctx context.Context, candidate string, limit int) ([]Trial, error)  // newest first
}

// Deps are what the stage needs from others.
type Deps struct {
	Store    Store
	Case     func(ctx context.Context, id string) (casefile.Case, error)
	Attempts func(ctx context.Context, caseID string) ([]repair.Attempt, error)
	Pack     func() *pack.Pack
	// The others may be nil; less is learned then.
	Timeline   func(ctx context.Context, caseID string) ([]casefile.Entry, error)     // tells how long answers took
	Attributes func(ctx context.Context, terminal string) (map[string]string, error)  // by the ids in this package
	Named      func(ctx context.Context, caseID string) (cause, by string, err error) // empty where nobody named a cause
	Shadow     *Shadow                                                                // tries candidates beside the knowledge in force
}

// Stage is the fifth stage of the loop.
type Stage struct{ deps Deps }

// New makes the stage.
func New(deps Deps) *Stage { return &Stage{deps: deps} }

// OnClosed records what a closed case teaches. A case without a proof is recorded too, with no credit for anything:
// how it ended is worth knowing, but it must not move a number.
func (s *Stage) OnClosed(ctx context.Context, ev event.Event) error {
	c, err := s.deps.Case(ctx, ev.Case)
	if err != nil {
		return err
	}
	attempts, err := s.deps.Attempts(ctx, c.ID)
	if err != nil {
		return err
	}
	var d diagnose.Diagnosis
	if len(c.Diagnosis) > 0 {
		if err := json.Unmarshal(c.Diagnosis, &d); err != nil {
			return err
		}
	}
	r := s.record(c, attempts, d)
	if err := s.surround(ctx, &r); err != nil {
		return err
	}
	if err := s.deps.Store.PutRecord(ctx, r); err != nil || s.deps.Shadow == nil {
		return err
	}
	return s.deps.Shadow.watch(ctx, r)
}

// surround adds what other rooms know of the case.
func (s *Stage) surround(ctx context.Context, r *Record) error {
	if s.deps.Attributes != nil {
		attributes, err := s.deps.Attributes(ctx, r.Terminal)
		if err != nil {
			return err
		}
		r.Attributes = maps.Clone(attributes)
	}
	if r.Attributes == nil {
		r.Attributes = map[string]string{}
	}
	r.Attributes[Season] = SeasonOf(r.OpenedAt)
	if s.deps.Timeline != nil {
		entries, err := s.deps.Timeline(ctx, r.Case)
		if err != nil {
			return err
		}
		r.Questions = questions(entries, r.Evidence)
	}
	if s.deps.Named == nil || r.Outcome != casefile.Confirmed {
		return nil
	}
	var err error
	r.Cause, r.NamedBy, err = s.deps.Named(ctx, r.Case)
	return err
}

// questions finds out how long answers took: from the diagnosis that asked to the answer. Which question it was is seen by
// the finding that came with the answer.
func questions(entries []casefile.Entry, evidence []finding.Finding) []Question {
	const together = 2 * time.Second // between the finding and the line that tells of it
	var out []Question
	var asked time.Time
	for _, e := range entries {
		switch e.Kind {
		case "diagnosed":
			asked = e.At
		case "answered":
			i := slices.IndexFunc(evidence, func(f finding.Finding) bool {
				return (f.Source == finding.Merchant || f.Source == finding.Agent) && f.At.Sub(e.At).Abs() <= together
			})
			if i >= 0 && !asked.IsZero() {
				out = append(out, Question{Variable: evidence[i].Variable, Took: e.At.Sub(asked)})
			}
		}
	}
	return out
}

func (s *Stage) record(c casefile.Case, attempts []repair.Attempt, d diagnose.Diagnosis) Record {
	r := Record{
		Case: c.ID, Terminal: c.Terminal, Outcome: c.Outcome, Pack: d.Pack, OpenedAt: c.OpenedAt, ClosedAt: c.ClosedAt,
		Evidence: d.Evidence, Reopened: c.Reopened,
	}
	for _, a := range slices.SortedStableFunc(slices.Values(attempts), func(a, b repair.Attempt) int { return a.EndedAt.Compare(b.EndedAt) }) {
		if a.State == repair.Done && a.Changes() {
			r.Steps = append(r.Steps, Step{ID: a.Step, By: a.By, At: a.EndedAt, Took: taken(a)})
		}
	}
	if c.Outcome == casefile.Confirmed && len(r.Steps) > 0 {
		r.Steps[len(r.Steps)-1].Helped = true
		r.Credit = credit(d, r.Steps, s.deps.Pack())
	}
	return r
}

// taken is how long the work took: from when somebody began, or where nobody said so, from when it was asked for.
func taken(a repair.Attempt) time.Duration {
	if a.StartedAt.IsZero() {
		return a.EndedAt.Sub(a.CreatedAt)
	}
	return a.EndedAt.Sub(a.StartedAt)
}

// credit is the posterior over the ranked faults given that the last step cured it. The diagnosis already holds the
// steps that failed before it; what nobody ranked gets nothing.
func credit(d diagnose.Diagnosis, steps []Step, p *pack.Pack) map[string]float64 {
	step, ok := p.Step(steps[len(steps)-1].ID)
	if !ok {
		return nil
	}
	out, total := map[string]float64{}, 0.0
	for _, r := range d.Ranked {
		if w := r.P * step.Fixes[r.Fault].Mean; w > 0 {
			out[r.Fault] = w
			total += w
		}
	}
	for f := range out {
		out[f] /= total
	}
	return out
}

package learn

import (
	"context"
	"encoding/json"
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
	Case     string             `json:"case"`
	Terminal string             `json:"terminal"`
	Outcome  casefile.Outcome   `json:"outcome"`
	Pack     pack.Ref           `json:"pack"`
	OpenedAt time.Time          `json:"opened_at"`
	ClosedAt time.Time          `json:"closed_at"`
	Evidence []finding.Finding  `json:"evidence"`
	Steps    []Step             `json:"steps"`  // in the order they ended
	Credit   map[string]float64 `json:"credit"` // fault → how much this case says that it was the one; sums to at most 1
	Reopened int                `json:"reopened"`
}

// Step is one step that was carried out.
type Step struct {
	ID     string        `json:"id"`
	By     string        `json:"by"`
	Helped bool          `json:"helped"` // it was the last one before the proof
	Took   time.Duration `json:"took"`
}

// Store keeps records and candidates.
type Store interface {
	PutRecord(ctx context.Context, r Record) error            // once a case; again changes nothing
	Records(ctx context.Context, limit int) ([]Record, error) // newest first
	PutCandidate(ctx context.Context, c Candidate) error
	MoveCandidate(ctx context.Context, c Candidate, from CandidateState) error // ErrMove when it is not in this state (any more)
	Candidate(ctx context.Context, id string) (Candidate, error)               // ErrNotFound
	Candidates(ctx context.Context, limit int) ([]Candidate, error)            // newest first
}

// Deps are what the stage needs from others.
type Deps struct {
	Store    Store
	Case     func(ctx context.Context, id string) (casefile.Case, error)
	Attempts func(ctx context.Context, caseID string) ([]repair.Attempt, error)
	Pack     func() *pack.Pack
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
	return s.deps.Store.PutRecord(ctx, s.record(c, attempts, d))
}

func (s *Stage) record(c casefile.Case, attempts []repair.Attempt, d diagnose.Diagnosis) Record {
	r := Record{
		Case: c.ID, Terminal: c.Terminal, Outcome: c.Outcome, Pack: d.Pack, OpenedAt: c.OpenedAt, ClosedAt: c.ClosedAt,
		Evidence: d.Evidence, Reopened: c.Reopened,
	}
	for _, a := range slices.SortedStableFunc(slices.Values(attempts), func(a, b repair.Attempt) int { return a.EndedAt.Compare(b.EndedAt) }) {
		if a.State == repair.Done && a.Changes() {
			r.Steps = append(r.Steps, Step{ID: a.Step, By: a.By, Took: a.EndedAt.Sub(a.CreatedAt)})
		}
	}
	if c.Outcome == casefile.Confirmed && len(r.Steps) > 0 {
		r.Steps[len(r.Steps)-1].Helped = true
		r.Credit = credit(d, r.Steps, s.deps.Pack())
	}
	return r
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

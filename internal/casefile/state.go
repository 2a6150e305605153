package casefile

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// The errors of this room.
var (
	ErrNotFound = problem.New(problem.NotFound, "casefile.not_found",
		lang.Text{ZH: "没有这个案例", EN: "there is no such case"})
	ErrMove = problem.New(problem.Conflict, "casefile.move",
		lang.Text{ZH: "案例现在的状态不允许这样做", EN: "the case does not allow this in its present state"}).
		WithHint(lang.Text{ZH: "请刷新页面看最新情况", EN: "reload to see where the case stands"})
	ErrStale = problem.New(problem.Conflict, "casefile.stale",
		lang.Text{ZH: "案例刚刚被别人改动", EN: "somebody else has just changed the case"}).
		WithHint(lang.Text{ZH: "请刷新页面后再试", EN: "reload and try again"})
	ErrInvalid = problem.New(problem.Invalid, "casefile.invalid",
		lang.Text{ZH: "案例内容不合规定", EN: "what is to be written into the case breaks a rule"})
)

// moves is the table of moves. A step may follow a step, and one who took over may hand on; what is verified and
// fails goes back to diagnosis. Closed is the end: a relapse is a new case.
var moves = map[State][]State{
	Diagnosing: {Repairing, Verifying, HandedOver, Closed},
	Repairing:  {Repairing, Diagnosing, Verifying, HandedOver, Closed},
	Verifying:  {Diagnosing, HandedOver, Closed},
	HandedOver: {HandedOver, Diagnosing, Repairing, Verifying, Closed},
	Closed:     {},
}

// May reports whether a case in this state may be moved to another.
func (s State) May(to State) bool { return slices.Contains(moves[s], to) }

// Valid reports whether the outcome is one of those declared.
func (o Outcome) Valid() bool { return o == Confirmed || o == Recovered || o == Unclear }

// Open reports whether the case still goes on.
func (c Case) Open() bool { return c.State != Closed }

// Move puts the case into another open state; Close is the way to Closed.
func (c *Case) Move(to State) error {
	if to == Closed || !c.State.May(to) {
		return ErrMove
	}
	c.State = to
	return nil
}

// Reopen sends a case whose repair was not proven back to diagnosis, and counts it.
func (c *Case) Reopen() error {
	if err := c.Move(Diagnosing); err != nil {
		return err
	}
	c.Reopened++
	return nil
}

// Close ends the case.
func (c *Case) Close(outcome Outcome, at time.Time) error {
	if !outcome.Valid() || at.IsZero() {
		return ErrInvalid
	}
	if !c.State.May(Closed) {
		return ErrMove
	}
	c.State, c.Outcome, c.ClosedAt = Closed, outcome, at
	return nil
}

// Bounds of what a case takes.
const (
	MaxDiagnosis = 256 << 10
	MaxText      = 4 << 10
	MaxData      = 64 << 10
	maxWord      = 128
)

// SetDiagnosis replaces the diagnosis of a case that goes on.
func (c *Case) SetDiagnosis(raw json.RawMessage, packHash string) error {
	if len(raw) > MaxDiagnosis || len(packHash) > maxWord || !json.Valid(raw) {
		return ErrInvalid
	}
	if !c.Open() {
		return ErrMove
	}
	c.Diagnosis, c.PackHash = raw, packHash
	return nil
}

// Check says whether the entry may be written.
func (e Entry) Check() error {
	words := e.Kind != "" && e.By != "" && len(e.Kind) <= maxWord && len(e.By) <= maxWord && !e.At.IsZero()
	text := !e.Text.Empty() && len(e.Text.ZH) <= MaxText && len(e.Text.EN) <= MaxText
	data := len(e.Data) == 0 || (len(e.Data) <= MaxData && json.Valid(e.Data))
	if !words || !text || !data {
		return ErrInvalid
	}
	return nil
}

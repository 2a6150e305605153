package learn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// CandidateState is where a candidate stands.
type CandidateState string

// The states of a candidate.
const (
	Rejected   CandidateState = "rejected"    // the gate said no, or its trial did
	InShadow   CandidateState = "shadow"      // passed the gate and is tried beside the knowledge in force
	Passed     CandidateState = "passed"      // may be promoted
	Promoted   CandidateState = "promoted"    // brought into force
	RolledBack CandidateState = "rolled_back" // was in force and is no longer: taken back, or replaced by a newer one
)

// moves is the table of moves. What was rejected or taken back stays so: a better one is a new candidate.
var moves = map[CandidateState][]CandidateState{
	Rejected:   {},
	InShadow:   {Passed, Rejected},
	Passed:     {Promoted},
	Promoted:   {RolledBack},
	RolledBack: {},
}

// May reports whether a candidate in this state may be moved to another.
func (s CandidateState) May(to CandidateState) bool { return slices.Contains(moves[s], to) }

// The errors of a review.
var (
	ErrNotFound = problem.New(problem.NotFound, "learn.not_found",
		lang.Text{ZH: "没有这个候选版本", EN: "there is no such candidate"})
	ErrMove = problem.New(problem.Conflict, "learn.move",
		lang.Text{ZH: "这个候选版本现在不能启用", EN: "this candidate cannot be promoted now"}).
		WithHint(lang.Text{ZH: "只有通过检验、还没启用过的可以启用", EN: "only one that passed the gate and was never in force can be"})
	ErrOutdated = problem.New(problem.Conflict, "learn.outdated",
		lang.Text{ZH: "检验之后知识已经变了", EN: "the knowledge has changed since the gate judged this candidate"}).
		WithHint(lang.Text{ZH: "请重新学习，得到新的候选版本", EN: "learn again for a new candidate"})
	ErrBuiltIn = problem.New(problem.Conflict, "learn.built_in",
		lang.Text{ZH: "现在用的就是自带的知识，没有可以撤回的", EN: "the built-in knowledge is in force; there is nothing to roll back"})
)

// Knowledge is the room that says what is in force.
type Knowledge interface {
	BuiltIn() *pack.Pack
	Pack() *pack.Pack // in force
	Promote(ctx context.Context, p *pack.Pack, at time.Time) error
	RollBack(ctx context.Context) error
}

// Review is where people look at candidates and decide. Nothing here happens by itself.
type Review struct {
	Store     Store
	Knowledge Knowledge
	Gate      Gate
	Trial     ShadowRule // how long a candidate is tried before it may be promoted; zero: not at all
	Now       func() time.Time
}

// Bounds of what a review reads.
const (
	maxRecords = 5000
	maxListed  = 20  // candidates in a list
	maxChanges = 100 // of each candidate in a list
	maxTrials  = 5000
)

// Propose computes a candidate from the stored records, has the gate judge it, and stores it with the report. It always
// starts from the built-in numbers: all records are read each time, and none may count twice.
func (r Review) Propose(ctx context.Context) (Candidate, error) {
	records, err := r.Store.Records(ctx, maxRecords)
	if err != nil {
		return Candidate{}, err
	}
	base, inForce := r.Knowledge.BuiltIn(), r.Knowledge.Pack()
	taught, held := split(records)
	c, err := Propose(base, taught, r.Now())
	if err != nil {
		return c, err
	}
	after, err := Apply(base, c)
	if err != nil {
		return c, err
	}
	c.Against, c.Result = inForce.Ref, after.Ref
	c.Report = r.Gate.Judge(inForce, after, held)
	switch {
	case !c.Report.Passed:
		c.State = Rejected
	case r.Trial.none():
		c.State = Passed
	default:
		c.State = InShadow
	}
	return c, r.Store.PutCandidate(ctx, c)
}

// List gives the newest candidates, each with how its trial stands and with the changes that moved most; Show has them all.
// Trials that are over are decided on the way.
func (r Review) List(ctx context.Context) ([]Candidate, error) {
	list, err := r.Store.Candidates(ctx, maxListed)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = r.settle(ctx, list[i]); err != nil {
			return nil, err
		}
		list[i].Changes = list[i].Most(maxChanges)
	}
	return list, nil
}

// Candidates is List under the name that the people's door knows.
func (r Review) Candidates(ctx context.Context) ([]Candidate, error) { return r.List(ctx) }

// Details is all there is to know of a candidate.
type Details struct {
	Candidate
	Trials []Trial `json:"trials"` // newest first
}

// Show gives one candidate with the cases it was tried on.
func (r Review) Show(ctx context.Context, id string) (Details, error) {
	c, err := r.Store.Candidate(ctx, id)
	if err != nil {
		return Details{}, err
	}
	if c, err = r.settle(ctx, c); err != nil {
		return Details{}, err
	}
	trials, err := r.Store.Trials(ctx, id, maxTrials)
	return Details{Candidate: c, Trials: trials}, err
}

// settle sums up the trial of a candidate in the shadow, and lets it pass or rejects it when the trial is over. Two that do
// so at once come to the same end, since the trials say it.
func (r Review) settle(ctx context.Context, c Candidate) (Candidate, error) {
	if c.State != InShadow {
		return c, nil
	}
	trials, err := r.Store.Trials(ctx, c.ID, maxTrials)
	if err != nil {
		return c, err
	}
	sum := judgeTrials(c, r.Trial, trials, r.Now())
	c.Shadowed = &sum
	switch sum.Why {
	case Trying:
		return c, nil
	case ShadowPassed:
		c.State = Passed
	default:
		c.State = Rejected
	}
	if err := r.Store.MoveCandidate(ctx, c, InShadow); err != nil && !errors.Is(err, ErrMove) {
		return c, err
	}
	return c, nil
}

// Promote brings a candidate that passed into force. What was in force before it is then rolled back.
//
// The knowledge changes first and the candidate's state after it: a crash in between leaves a candidate that can be
// promoted once more, which changes nothing but its state.
func (r Review) Promote(ctx context.Context, id string) (Candidate, error) {
	c, err := r.Store.Candidate(ctx, id)
	if err != nil {
		return c, err
	}
	if c, err = r.settle(ctx, c); err != nil {
		return c, err
	}
	switch {
	case c.State == InShadow:
		return c, ErrShadowed
	case !c.State.May(Promoted):
		return c, ErrMove
	}
	base, inForce := r.Knowledge.BuiltIn(), r.Knowledge.Pack()
	if c.Base != base.Ref || (c.Against != inForce.Ref && c.Result != inForce.Ref) {
		return c, ErrOutdated
	}
	after, err := Apply(base, c)
	if err != nil {
		return c, err
	}
	if after.Ref != c.Result {
		return c, fmt.Errorf("candidate %s makes revision %s, not %s that was judged", c.ID, after.Ref.Hash, c.Result.Hash)
	}
	if err := r.Knowledge.Promote(ctx, after, r.Now()); err != nil {
		return c, err
	}
	if err := r.retire(ctx); err != nil {
		return c, err
	}
	c.State = Promoted
	return c, r.Store.MoveCandidate(ctx, c, Passed)
}

// RollBack goes back to the built-in knowledge.
func (r Review) RollBack(ctx context.Context) error {
	if r.Knowledge.Pack().Ref == r.Knowledge.BuiltIn().Ref {
		return ErrBuiltIn
	}
	if err := r.Knowledge.RollBack(ctx); err != nil {
		return err
	}
	return r.retire(ctx)
}

// retire moves every candidate that was promoted to its end.
func (r Review) retire(ctx context.Context) error {
	list, err := r.Store.InState(ctx, Promoted)
	if err != nil {
		return err
	}
	for _, c := range list {
		c.State = RolledBack
		if err := r.Store.MoveCandidate(ctx, c, Promoted); err != nil {
			return err
		}
	}
	return nil
}

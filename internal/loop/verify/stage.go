package verify

import (
	"context"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
)

// Cases is what this stage needs of the case file.
type Cases interface {
	Get(ctx context.Context, id string) (casefile.Case, error)
	OpenOf(ctx context.Context, terminal string) (casefile.Case, bool, error)
	Move(ctx context.Context, id string, to casefile.State, entry casefile.Entry) error
	Reopen(ctx context.Context, id string, entry casefile.Entry) error
	Close(ctx context.Context, id string, outcome casefile.Outcome, entry casefile.Entry) error
}

// Deps are what the stage needs from others.
type Deps struct {
	Store Store
	Cases Cases
	State func(ctx context.Context, terminal string) (observe.State, error)
	Now   func() time.Time
}

// Stage is the fourth stage of the loop.
type Stage struct {
	deps  Deps
	rules Rules
}

// New makes the stage.
func New(deps Deps, rules Rules) *Stage { return &Stage{deps: deps, rules: rules} }

// OnRepaired begins to wait for the proof of a repair that says it is done.
func (s *Stage) OnRepaired(ctx context.Context, ev event.Event) error {
	var ended repair.Ended
	if err := ev.Into(&ended); err != nil || !ended.Changes {
		return err
	}
	c, err := s.deps.Cases.Get(ctx, ended.Case)
	if err != nil || c.State == casefile.Closed {
		return err
	}
	// A remote step may have proven itself before its end was reported: count from its beginning would be too early
	// (the sale before it), so the end is what counts, less the moment the report took.
	waits, err := s.deps.Store.Start(ctx, Watch{Case: c.ID, Terminal: c.Terminal, Attempt: ended.Attempt, Since: ended.At})
	if err != nil || !waits {
		return err // the event came again, after its watch had ended
	}
	if c.State == casefile.Verifying {
		return nil
	}
	return s.deps.Cases.Move(ctx, c.ID, casefile.Verifying, entry(c.ID, ended.At, "watching", lang.Text{
		ZH: "等待验证：签到成功、成交一笔，并平稳一段时间", EN: "waiting for proof: a sign-in, a sale, and a quiet while",
	}))
}

// OnFailed sends a case back to diagnosis when a step that was to change something could not be carried out.
func (s *Stage) OnFailed(ctx context.Context, ev event.Event) error {
	var ended repair.Ended
	if err := ev.Into(&ended); err != nil || !ended.Changes {
		return err
	}
	c, err := s.deps.Cases.Get(ctx, ended.Case)
	if err != nil || (c.State != casefile.Repairing && c.State != casefile.HandedOver) {
		return err
	}
	return s.deps.Cases.Move(ctx, c.ID, casefile.Diagnosing, entry(c.ID, ended.At, "step_failed", lang.Text{
		ZH: "这一步没做成，换个办法", EN: "that step could not be done; looking for another way",
	}))
}

// OnProof begins to watch a case that nobody repaired as soon as its terminal sells again.
func (s *Stage) OnProof(ctx context.Context, ev event.Event) error {
	var proof observe.Proof
	if err := ev.Into(&proof); err != nil || proof.Kind != observe.Sale {
		return err
	}
	c, open, err := s.deps.Cases.OpenOf(ctx, proof.Terminal)
	if err != nil || !open || !proof.At.After(c.OpenedAt) {
		return err
	}
	if _, waiting, err := s.deps.Store.Of(ctx, c.ID); err != nil || waiting {
		return err
	}
	_, err = s.deps.Store.Start(ctx, Watch{Case: c.ID, Terminal: c.Terminal, Since: c.OpenedAt})
	return err
}

// Sweep judges every waiting watch once.
func (s *Stage) Sweep(ctx context.Context) error {
	const page = 200
	after := ""
	for {
		watches, err := s.deps.Store.Waiting(ctx, after, page)
		if err != nil {
			return err
		}
		for _, w := range watches {
			if err := s.judge(ctx, w); err != nil {
				return err
			}
			after = w.Case
		}
		if len(watches) < page {
			return nil
		}
	}
}

func (s *Stage) judge(ctx context.Context, w Watch) error {
	state, err := s.deps.State(ctx, w.Terminal)
	if err != nil {
		return err
	}
	now := s.deps.Now()
	result, proof := Judge(w, state, now, s.rules)
	if result == Waiting {
		return s.remember(ctx, w, proof)
	}
	if w.Attempt == "" {
		wait, err := s.unasked(ctx, w, result, proof, now)
		if err != nil || wait {
			return err
		}
	}
	_, err = s.deps.Store.End(ctx, w, result, proof, now)
	return err
}

// unasked deals with a watch that no repair has begun: one without a proof is dropped, and one of a case that somebody
// was asked to repair waits a while for his word, so that a repair is not taken for a recovery.
func (s *Stage) unasked(ctx context.Context, w Watch, result Result, proof Proof, now time.Time) (wait bool, err error) {
	if result != Confirmed {
		return true, s.deps.Store.Drop(ctx, w.Case)
	}
	c, err := s.deps.Cases.Get(ctx, w.Case)
	if err != nil {
		return false, err
	}
	asked := c.Incident == "" && (c.State == casefile.Repairing || c.State == casefile.HandedOver)
	return asked && now.Sub(proof.sold(w)) < s.rules.Word, nil
}

// remember keeps the sale that the quiet window counts from, or forgets it when something has spoken against it.
func (s *Stage) remember(ctx context.Context, w Watch, p Proof) error {
	sold := p.sold(w)
	if sold.Equal(w.SoldAt) {
		return nil
	}
	w.SoldAt = sold
	return s.deps.Store.Sold(ctx, w)
}

// OnOutcome writes the result into the case: a proof closes it, anything else reopens it. A case that a person moved
// on meanwhile keeps its place.
func (s *Stage) OnOutcome(ctx context.Context, ev event.Event) error {
	var e Ended
	if err := ev.Into(&e); err != nil {
		return err
	}
	err := s.settle(ctx, e)
	if err != nil && problem.Of(err).Kind == problem.Conflict {
		return nil
	}
	return err
}

func (s *Stage) settle(ctx context.Context, e Ended) error {
	if e.Result != Confirmed {
		c, err := s.deps.Cases.Get(ctx, e.Case)
		if err != nil || c.State != casefile.Verifying {
			return err
		}
		return s.deps.Cases.Reopen(ctx, e.Case, entry(e.Case, e.At, "reopened", lang.Text{
			ZH: "没有得到验证，自动重新打开", EN: "not proven: reopened by itself",
		}))
	}
	outcome := casefile.Confirmed
	if e.Attempt == "" {
		outcome = casefile.Recovered
	}
	return s.deps.Cases.Close(ctx, e.Case, outcome, entry(e.Case, e.At, "closed", lang.Text{
		ZH: "已验证：签到成功，成交一笔（参考号 " + e.Proof.SaleRRN + "），之后一直正常",
		EN: "proven: signed in, a sale went through (reference " + e.Proof.SaleRRN + "), quiet since",
	}))
}

func entry(caseID string, at time.Time, kind string, text lang.Text) casefile.Entry {
	return casefile.Entry{Case: caseID, At: at, Kind: kind, By: "system", Text: text}
}

package repair

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/pack"
)

// Cases is what this stage needs of the case file.
type Cases interface {
	Get(ctx context.Context, id string) (casefile.Case, error)
	OpenOf(ctx context.Context, terminal string) (casefile.Case, bool, error)
	Move(ctx context.Context, id string, to casefile.State, entry casefile.Entry) error
	Note(ctx context.Context, entry casefile.Entry) error
	SetIncident(ctx context.Context, id, incident string, entry casefile.Entry) error
}

// Deps are what the stage needs from others.
type Deps struct {
	Store    Store
	Cases    Cases
	Pack     func() *pack.Pack // the knowledge in force
	Evidence func(ctx context.Context, terminal string) (observe.Evidence, error)
	Shared   func(ctx context.Context, terminal string) ([]incident.Incident, error) // open incidents the terminal is part of
	Nudge    func(terminal string)                                                   // commands wait: wake the terminal's connection
	Now      func() time.Time
}

// Stage is the third stage of the loop.
type Stage struct {
	deps   Deps
	policy Policy
}

// New makes the stage.
func New(deps Deps, policy Policy) *Stage { return &Stage{deps: deps, policy: policy} }

// The errors of this stage.
var (
	ErrForbidden = problem.New(problem.Forbidden, "repair.forbidden",
		lang.Text{ZH: "这一步现在不允许做", EN: "this step is not allowed now"})
	ErrMoved = problem.New(problem.Conflict, "repair.moved_on",
		lang.Text{ZH: "这一步已经处理过了", EN: "this step has already been dealt with"}).
		WithHint(lang.Text{ZH: "请刷新页面看最新情况", EN: "reload to see where the case stands"})
	ErrUnknownStep = problem.New(problem.NotFound, "repair.unknown_step",
		lang.Text{ZH: "知识包里没有这一步", EN: "the knowledge pack has no such step"})
	ErrUnknownAttempt = problem.New(problem.NotFound, "repair.unknown_attempt",
		lang.Text{ZH: "没有这个处理步骤", EN: "there is no such repair attempt"})
)

// OnDiagnosed turns the next step of a case's newest diagnosis into an attempt. Seeing the same diagnosis twice
// changes nothing.
func (s *Stage) OnDiagnosed(ctx context.Context, caseID string) error {
	c, err := s.deps.Cases.Get(ctx, caseID)
	if err != nil || c.State != casefile.Diagnosing || len(c.Diagnosis) == 0 {
		return err
	}
	var d diagnose.Diagnosis
	if err := json.Unmarshal(c.Diagnosis, &d); err != nil {
		return err
	}
	if waits, err := s.leaveToIncident(ctx, c, d); err != nil || waits || d.Next == nil {
		return err
	}
	standing, err := s.clearWay(ctx, c, d)
	if err != nil || standing != nil {
		return errors.Join(err, s.resume(ctx, c, standing))
	}
	if d.Next.Kind == diagnose.Ask {
		return nil
	}
	if d.Next.Kind == diagnose.Probe {
		return s.queue(ctx, s.attempt(c, *d.Next, probeCommand, "system"))
	}
	return s.plan(ctx, c, d)
}

// leaveToIncident stands back when a shared cause explains the terminal: there is nothing to do at it, and the case waits
// until the incident ends or the terminal sells again. A fault of the terminal's own is dealt with all the same.
func (s *Stage) leaveToIncident(ctx context.Context, c casefile.Case, d diagnose.Diagnosis) (bool, error) {
	if len(d.Ranked) == 0 {
		return false, nil
	}
	if f, ok := s.deps.Pack().Fault(d.Ranked[0].Fault); !ok || !f.Shared {
		return false, nil
	}
	incidents, err := s.deps.Shared(ctx, c.Terminal)
	if err != nil || len(incidents) == 0 {
		return false, err
	}
	if _, err := s.clearWay(ctx, c, diagnose.Diagnosis{At: d.At}); err != nil {
		return false, err
	}
	what := incidents[0].Sentence()
	if err := s.deps.Cases.SetIncident(ctx, c.ID, incidents[0].ID, s.entry(c.ID, "incident", "system", what)); err != nil {
		return false, err
	}
	return true, s.deps.Cases.Move(ctx, c.ID, casefile.HandedOver, s.entry(c.ID, "handed_over", "system", lang.Text{
		ZH: "共同原因，由事件统一处理；这台终端什么都不用做", EN: "a shared cause, dealt with once for all; nothing is to be done at this terminal",
	}))
}

// OnLeft takes a case back that waited for an incident which has ended without it.
func (s *Stage) OnLeft(ctx context.Context, ev event.Event) error {
	c, open, err := s.deps.Cases.OpenOf(ctx, ev.Terminal)
	if err != nil || !open || c.State != casefile.HandedOver || c.Incident == "" {
		return err
	}
	attempts, err := s.deps.Store.OfCase(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if !a.State.Final() {
			return nil // somebody else has taken over since
		}
	}
	return s.deps.Cases.Move(ctx, c.ID, casefile.Diagnosing, s.entry(c.ID, "incident", "system", lang.Text{
		ZH: "共同原因已过去", EN: "the shared cause has passed",
	}))
}

// clearWay cancels attempts that the diagnosis has moved on from. It gives the one that stands for the next step: under
// way, or one that this very diagnosis has led to and that has ended since, so that an event seen twice repeats nothing.
func (s *Stage) clearWay(ctx context.Context, c casefile.Case, d diagnose.Diagnosis) (standing *Attempt, err error) {
	attempts, err := s.deps.Store.OfCase(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		switch {
		case a.State == Running, a.stands(d):
			// What is under way is not pulled from under anybody's hands; its end brings the next diagnosis.
			standing = &a
		case a.State.Final():
		default:
			if err := s.end(ctx, a.ID, Cancelled, "", nil); err != nil {
				return standing, err
			}
		}
	}
	return standing, nil
}

// resume finishes what a crash between an attempt and the move of its case has left undone.
func (s *Stage) resume(ctx context.Context, c casefile.Case, a *Attempt) error {
	switch {
	case a == nil || a.State.Final() || !a.Changes():
		return nil
	case a.Kind == diagnose.Handover && a.State == Planned:
		return s.deps.Cases.Move(ctx, c.ID, casefile.HandedOver, s.entry(c.ID, "handed_over", "system", s.stepName(*a)))
	case a.State == Queued:
		return s.begun(ctx, *a)
	default:
		return nil
	}
}

// plan makes the attempt for a step and starts it if policy lets it run by itself.
func (s *Stage) plan(ctx context.Context, c casefile.Case, d diagnose.Diagnosis) error {
	step, ok := s.deps.Pack().Step(d.Next.ID)
	if !ok {
		return ErrUnknownStep
	}
	ruling, err := s.rule(ctx, c, d, step)
	if err != nil {
		return err
	}
	switch {
	case ruling.First != "":
		return s.queue(ctx, s.attempt(c, diagnose.Next{Kind: diagnose.Probe, ID: ruling.First, By: "remote"}, ruling.First, "system"))
	case !ruling.Allowed:
		return s.deps.Cases.Note(ctx, s.entry(c.ID, "withheld", "system", withheld(step, ruling)))
	case step.Kind == pack.Handover:
		return s.handOver(ctx, c, d, step)
	}
	if ruling.Auto {
		return s.queue(ctx, s.attempt(c, *d.Next, step.Command, "system"))
	}
	if err := s.deps.Store.Create(ctx, s.attempt(c, *d.Next, step.Command, "")); err != nil {
		return err
	}
	return s.deps.Cases.Note(ctx, s.entry(c.ID, "step_planned", "system", lang.Text{
		ZH: "下一步：" + step.Name.ZH, EN: "next step: " + step.Name.EN,
	}))
}

// probeCommand has the agent run its whole ladder of probes.
const probeCommand = "run_probes"

// retestStep names the attempt that asks the terminal to sign in after a repair, so that there is something to prove it
// with. It changes nothing and is not a cure.
const retestStep = "retest"

// Retest has the terminal's agent sign in at the host once a repair is done. The command waits for an agent that is not
// heard: a repair of its network or power brings it back. After a sign-in there is nothing to ask for.
func (s *Stage) Retest(ctx context.Context, ended Ended) error {
	if !ended.Changes || ended.Step == "sign_in" {
		return nil
	}
	c, err := s.deps.Cases.Get(ctx, ended.Case)
	if err != nil || c.State != casefile.Verifying {
		return err
	}
	attempts, err := s.deps.Store.OfCase(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if a.Step == retestStep && a.since(ended.At) {
			return nil // the event came twice
		}
	}
	a := s.attempt(c, diagnose.Next{Kind: diagnose.Probe, ID: retestStep, By: "remote"}, "sign_in", "system")
	a.Expires = a.CreatedAt.Add(s.policy.RetestTTL)
	return s.queue(ctx, a)
}

// OnClosed takes back what nobody has begun: the case is over. What is under way is left to whoever is at it.
func (s *Stage) OnClosed(ctx context.Context, ev event.Event) error {
	attempts, err := s.deps.Store.OfCase(ctx, ev.Case)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if a.State != Planned && a.State != Queued {
			continue
		}
		if err := s.end(ctx, a.ID, Cancelled, "", nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) handOver(ctx context.Context, c casefile.Case, d diagnose.Diagnosis, step *pack.Step) error {
	a := s.attempt(c, *d.Next, "", "system")
	if err := s.deps.Store.Create(ctx, a); err != nil {
		return err
	}
	return s.deps.Cases.Move(ctx, c.ID, casefile.HandedOver, s.entry(c.ID, "handed_over", "system", step.Name))
}

func (s *Stage) rule(ctx context.Context, c casefile.Case, d diagnose.Diagnosis, step *pack.Step) (Ruling, error) {
	e, err := s.deps.Evidence(ctx, c.Terminal)
	if err != nil {
		return Ruling{}, err
	}
	shared, err := s.deps.Shared(ctx, c.Terminal)
	if err != nil {
		return Ruling{}, err
	}
	attempts, err := s.deps.Store.OfCase(ctx, c.ID)
	if err != nil {
		return Ruling{}, err
	}
	sit := Situation{Diagnosis: d, State: e.State, Shared: len(shared) > 0}
	for _, f := range e.Findings {
		sit.Tampered = sit.Tampered || f.Variable == "tamper_flag" && f.State == "set" ||
			f.Variable == "screen_message" && f.State == "tamper_alert"
	}
	for _, a := range attempts {
		if a.Command != "" && a.Kind == diagnose.Do && a.State != Planned && a.State != Cancelled {
			sit.Attempts++
		}
		sit.SentKept = sit.SentKept || a.Command == secureStep && a.State == Done
		sit.SentFailed = sit.SentFailed || a.prepares() && a.State.Final() && a.State != Done && a.State != Cancelled
	}
	return s.policy.Rule(step, sit), nil
}

// attempt makes an attempt that waits: a command of somebody for its agent, anything else for a person.
func (s *Stage) attempt(c casefile.Case, next diagnose.Next, command, who string) Attempt {
	now := s.deps.Now()
	a := Attempt{
		ID: ident.New("att"), Case: c.ID, Terminal: c.Terminal, Step: next.ID, Kind: next.Kind, By: next.By, Command: command,
		State: Planned, CreatedAt: now, Expires: now.Add(s.policy.GuidedTTL), Who: who,
	}
	if command != "" && who != "" {
		a.Expires = now.Add(s.policy.CommandTTL)
	}
	return a
}

// queue stores a command for the agent and wakes its connection. A case stays in diagnosis while probes run.
func (s *Stage) queue(ctx context.Context, a Attempt) error {
	a.State = Queued
	if err := s.deps.Store.Create(ctx, a); err != nil {
		return err
	}
	if err := s.enter(ctx, a); err != nil {
		return err
	}
	s.deps.Nudge(a.Terminal)
	return nil
}

// enter moves the case on to a new attempt. When the case has gone elsewhere meanwhile, the attempt is taken back before
// an agent fetches it.
func (s *Stage) enter(ctx context.Context, a Attempt) error {
	err := s.begun(ctx, a)
	if err == nil {
		return nil
	}
	return errors.Join(err, s.end(ctx, a.ID, Cancelled, "", nil))
}

// begun moves the case to repairing when the attempt can change something.
func (s *Stage) begun(ctx context.Context, a Attempt) error {
	entry := s.entry(a.Case, "step_started", a.Who, s.stepName(a))
	if !a.Changes() {
		return s.deps.Cases.Note(ctx, entry)
	}
	return s.deps.Cases.Move(ctx, a.Case, casefile.Repairing, entry)
}

func (s *Stage) stepName(a Attempt) lang.Text {
	if step, ok := s.deps.Pack().Step(a.Step); ok {
		return step.Name
	}
	if v, ok := s.deps.Pack().Variable(a.Step); ok {
		return lang.Text{ZH: "检测：" + v.Name.ZH, EN: "probe: " + v.Name.EN}
	}
	if a.Step == retestStep {
		return lang.Text{ZH: "让终端重新签到，以便验证", EN: "have the terminal sign in, to prove the repair"}
	}
	return lang.Text{ZH: a.Step, EN: a.Step}
}

func (s *Stage) entry(caseID, kind, by string, text lang.Text) casefile.Entry {
	return casefile.Entry{Case: caseID, At: s.deps.Now(), Kind: kind, By: by, Text: text}
}

func withheld(step *pack.Step, r Ruling) lang.Text {
	return lang.Text{
		ZH: "不做：" + step.Name.ZH + "（" + r.Why + "）", EN: "withheld: " + step.Name.EN + " (" + r.Why + ")",
	}
}

// end brings an attempt to a final state once; whoever comes later changes nothing.
func (s *Stage) end(ctx context.Context, id string, state State, text string, proof map[string]string) error {
	_, err := s.deps.Store.Change(ctx, id, func(a *Attempt) ([]event.Event, error) {
		if a.State.Final() {
			return nil, nil
		}
		if err := a.Move(state, s.deps.Now()); err != nil {
			return nil, ErrMoved.Because(err)
		}
		a.Text, a.Proof = text, proof
		if state == Cancelled {
			return nil, nil
		}
		return []event.Event{endedEvent(*a)}, nil
	})
	return err
}

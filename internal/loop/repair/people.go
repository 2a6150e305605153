package repair

import (
	"context"
	"encoding/json"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/wire"
)

// Start carries out a step of a case because a person says so: a remote step goes to the agent, any other is marked
// as under way. What policy or hazards forbid stays forbidden, whoever asks.
func (s *Stage) Start(ctx context.Context, caseID, stepID, who string) (Attempt, error) {
	c, err := s.deps.Cases.Get(ctx, caseID)
	if err != nil {
		return Attempt{}, err
	}
	if !c.State.May(casefile.Repairing) {
		return Attempt{}, casefile.ErrMove
	}
	step, ok := s.deps.Pack().Step(stepID)
	if !ok {
		return Attempt{}, ErrUnknownStep
	}
	var d diagnose.Diagnosis
	if len(c.Diagnosis) > 0 {
		if err := json.Unmarshal(c.Diagnosis, &d); err != nil {
			return Attempt{}, err
		}
	}
	ruling, err := s.rule(ctx, c, d, step)
	if err != nil {
		return Attempt{}, err
	}
	if !ruling.Allowed {
		if h, ok := pack.FindHazard(ruling.Hazard); ok {
			return Attempt{}, ErrForbidden.WithHint(h.Words)
		}
		return Attempt{}, ErrForbidden
	}
	a, err := s.adopt(ctx, c, step, who)
	if err != nil {
		return Attempt{}, err
	}
	if a.Command != "" {
		s.deps.Nudge(a.Terminal)
	}
	return a, nil
}

// adopt takes the planned attempt of a step, or makes one, and starts it. Other steps that were only planned are off.
func (s *Stage) adopt(ctx context.Context, c casefile.Case, step *pack.Step, who string) (Attempt, error) {
	attempts, err := s.deps.Store.OfCase(ctx, c.ID)
	if err != nil {
		return Attempt{}, err
	}
	var planned *Attempt
	for _, a := range attempts {
		switch {
		case a.Step == step.ID && a.State == Planned:
			planned = &a
		case a.Step == step.ID && !a.State.Final():
			return a, ErrMoved
		}
	}
	a, err := s.takeOrMake(ctx, c, step, who, planned)
	if err != nil {
		return a, err
	}
	if err := s.enter(ctx, a); err != nil {
		return a, err
	}
	return a, s.callOff(ctx, a, attempts)
}

func (s *Stage) takeOrMake(ctx context.Context, c casefile.Case, step *pack.Step, who string, planned *Attempt) (Attempt, error) {
	if planned != nil {
		return s.take(ctx, planned.ID, who)
	}
	kind := diagnose.Do
	if step.Kind == pack.Handover {
		kind = diagnose.Handover
	}
	a := s.attempt(c, diagnose.Next{Kind: kind, ID: step.ID, By: step.By}, step.Command, who)
	a.State = Queued
	if a.Command == "" {
		a.State, a.StartedAt = Running, s.deps.Now()
	}
	return a, s.deps.Store.Create(ctx, a)
}

// callOff cancels the other steps that were only planned.
func (s *Stage) callOff(ctx context.Context, begun Attempt, attempts []Attempt) error {
	for _, a := range attempts {
		if a.ID == begun.ID || a.State != Planned || a.Kind != diagnose.Do {
			continue
		}
		if err := s.end(ctx, a.ID, Cancelled, "", nil); err != nil {
			return err
		}
	}
	return nil
}

// take starts a planned attempt.
func (s *Stage) take(ctx context.Context, id, who string) (Attempt, error) {
	return s.deps.Store.Change(ctx, id, func(a *Attempt) ([]event.Event, error) {
		if a.State != Planned {
			return nil, ErrMoved
		}
		a.Who = who
		if a.Command == "" {
			return nil, a.Move(Running, s.deps.Now())
		}
		a.Expires = s.deps.Now().Add(s.policy.CommandTTL)
		return nil, a.Move(Queued, s.deps.Now())
	})
}

// Finish says that a person has done a step, or could not.
func (s *Stage) Finish(ctx context.Context, attemptID, who string, done bool, text string) error {
	a, err := s.deps.Store.Get(ctx, attemptID)
	if err != nil {
		return err
	}
	if a.State.Final() {
		return ErrMoved
	}
	if a.State == Planned && a.Changes() {
		// Somebody did it before saying that he would: the case must pass through repairing all the same.
		a.Who = who
		if err := s.begun(ctx, a); err != nil && problem.Of(err).Kind != problem.Conflict {
			return err
		}
	}
	state := Failed
	if done {
		state = Done
	}
	return s.end(ctx, attemptID, state, text, map[string]string{"by": who})
}

// Waiting gives the commands that a terminal's agent should carry out now.
func (s *Stage) Waiting(ctx context.Context, terminal string) ([]wire.Command, error) {
	attempts, err := s.deps.Store.Waiting(ctx, terminal, s.deps.Now())
	if err != nil {
		return nil, err
	}
	out := make([]wire.Command, 0, len(attempts))
	for _, a := range attempts {
		out = append(out, wire.Command{ID: a.ID, Name: a.Command, Expires: a.Expires})
	}
	return out, nil
}

// Report takes what an agent says of a command. A command of another terminal is not found.
func (s *Stage) Report(ctx context.Context, terminal string, p wire.Progress) error {
	a, err := s.deps.Store.Get(ctx, p.ID)
	if err != nil {
		return err
	}
	if a.Terminal != terminal {
		return ErrUnknownAttempt
	}
	switch State(p.State) {
	case Running:
		_, err := s.deps.Store.Change(ctx, p.ID, func(a *Attempt) ([]event.Event, error) {
			if a.State != Queued {
				return nil, nil
			}
			a.Expires = s.deps.Now().Add(s.policy.CommandTTL) // it was fetched in time; now it may take as long again
			return nil, a.Move(Running, s.deps.Now())
		})
		return err
	case Done, Failed, Refused:
		return s.end(ctx, p.ID, State(p.State), p.Text, p.Proof)
	default:
		return ErrMoved
	}
}

// Expire ends attempts that nobody carried out in time.
func (s *Stage) Expire(ctx context.Context) error {
	due, err := s.deps.Store.Due(ctx, s.deps.Now(), 200)
	if err != nil {
		return err
	}
	for _, a := range due {
		if err := s.end(ctx, a.ID, Expired, "", nil); err != nil {
			return err
		}
	}
	return nil
}

// Tried gives what a case has behind it, for the next diagnosis: attempts that were carried out and ended without a proof did not
// help, those that were not carried out tell nothing, and what a probe could not tell is not probed again.
func (s *Stage) Tried(ctx context.Context, caseID string) (tried []diagnose.Attempt, unknown []string, err error) {
	attempts, err := s.deps.Store.OfCase(ctx, caseID)
	if err != nil {
		return nil, nil, err
	}
	probed := false
	for _, a := range attempts {
		switch {
		case !a.State.Final() || a.State == Cancelled:
		case a.Kind == diagnose.Probe:
			probed = probed || a.Command == probeCommand
		default:
			tried = append(tried, diagnose.Attempt{Step: a.Step, At: a.EndedAt, Undone: a.State != Done})
		}
	}
	if probed {
		unknown = s.probeable()
	}
	return tried, unknown, nil
}

// probeable gives all variables that probes read: an agent runs the whole ladder at once, so what it could not tell
// then is not worth another run.
func (s *Stage) probeable() []string {
	var out []string
	for _, v := range s.deps.Pack().Variables {
		if v.Probe != "" {
			out = append(out, v.ID)
		}
	}
	return out
}

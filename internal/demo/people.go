package demo

import (
	"context"
	"encoding/json"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/sim"
)

// people are the simulated people's end of the server: what they are asked to do and to say.
type people struct{ demo *Demo }

// atOnce bounds how many tasks and questions are looked at together.
const atOnce = 200

// Tasks gives the steps that wait for a person.
func (p *people) Tasks(ctx context.Context) ([]sim.Task, error) {
	attempts, err := p.demo.keys.Attempts.ForPeople(ctx, atOnce)
	if err != nil {
		return nil, err
	}
	var out []sim.Task
	for _, a := range attempts {
		tid, err := p.tid(ctx, a.Terminal)
		if err != nil {
			return nil, err
		}
		out = append(out, sim.Task{Attempt: a.ID, Case: a.Case, Terminal: tid, Step: a.Step, By: a.By})
	}
	return out, nil
}

// Done says that somebody did a step, or could not.
func (p *people) Done(ctx context.Context, attempt string, done bool, text string) error {
	return p.demo.keys.Stages.Repair.Finish(ctx, attempt, "simulated", done, text)
}

// Questions gives what open cases ask.
func (p *people) Questions(ctx context.Context) ([]sim.Question, error) {
	cases, _, err := p.demo.keys.Cases.List(ctx, casefilesql.Filter{State: casefile.Diagnosing}, "", atOnce)
	if err != nil {
		return nil, err
	}
	var out []sim.Question
	for _, c := range cases {
		var d diagnose.Diagnosis
		if len(c.Diagnosis) == 0 || json.Unmarshal(c.Diagnosis, &d) != nil || d.Next == nil || d.Next.Kind != diagnose.Ask {
			continue
		}
		tid, err := p.tid(ctx, c.Terminal)
		if err != nil {
			return nil, err
		}
		out = append(out, sim.Question{Case: c.ID, Terminal: tid, Variable: d.Next.ID})
	}
	return out, nil
}

// Answer says what somebody sees; an empty state means that he does not know.
func (p *people) Answer(ctx context.Context, q sim.Question, state string) error {
	c, err := p.demo.keys.Cases.Get(ctx, q.Case)
	if err != nil || !c.Open() {
		return err
	}
	if state == "" {
		return p.demo.keys.Skip(ctx, q.Case, q.Variable, "simulated")
	}
	return p.demo.keys.Stages.Observe.Say(ctx, c.Terminal, []finding.Finding{
		{Variable: q.Variable, State: state, Source: finding.Merchant},
	})
}

func (p *people) tid(ctx context.Context, terminal string) (string, error) {
	l, err := p.demo.keys.Fleet.Get(ctx, terminal)
	return l.TID, err
}

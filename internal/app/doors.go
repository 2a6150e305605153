package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/posmedic/posmedic/internal/access/accesssql"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/console"
	"github.com/posmedic/posmedic/internal/console/consolesql"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/feed"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/web"
	"github.com/posmedic/posmedic/wire"
)

// intake hands an agent's reports to the observe stage.
type intake struct{ *rooms }

func (i intake) Submit(ctx context.Context, from agentdoor.From, b wire.Batch) (wire.Receipt, error) {
	return i.stages.Observe.Submit(ctx, from.Terminal, from.Device, b)
}

// commands hands commands down and progress up.
type commands struct{ *rooms }

func (c commands) Waiting(ctx context.Context, terminal string) ([]wire.Command, error) {
	return c.stages.Repair.Waiting(ctx, terminal)
}

// Report also hands what the agent has seen after a command to the observe stage, before the command's end moves the
// case on.
func (c commands) Report(ctx context.Context, terminal string, p wire.Progress) error {
	if len(p.Findings) > 0 {
		if err := c.stages.Observe.Say(ctx, terminal, p.Findings); err != nil {
			return err
		}
	}
	return c.stages.Repair.Report(ctx, terminal, p)
}

// devices asks the register who a key belongs to.
type devices struct{ *rooms }

func (d devices) ByKey(ctx context.Context, fingerprint string) (agentdoor.From, error) {
	b, err := d.fleet.ByKey(ctx, fingerprint)
	return agentdoor.From{Terminal: b.Terminal, Device: b.Device}, err
}

func (d devices) Redeem(ctx context.Context, e wire.Enrol, fingerprint string) (wire.Enrolled, error) {
	l, err := d.fleet.Redeem(ctx, e.Code, fingerprint, e.Serial, e.Model)
	if err != nil {
		return wire.Enrolled{}, err
	}
	if e.App != "" {
		if err := d.fleet.Learn(ctx, l.ID, map[fleet.Attribute]string{fleet.AppVersion: e.App}); err != nil {
			return wire.Enrolled{}, err
		}
	}
	return wire.Enrolled{Terminal: l.ID, Device: l.Device.ID, TID: l.TID, MID: l.MID}, nil
}

// knows says whether a finding is in the vocabulary of the knowledge in force.
func (r *rooms) knows(variable, state string) bool {
	v, ok := r.knowledge.Pack().Variable(variable)
	if !ok {
		return false
	}
	if v.Type != pack.State {
		return len(state) <= wire.MaxTextBytes
	}
	for _, s := range v.States {
		if s.ID == state {
			return true
		}
	}
	return false
}

// openConsole hangs the console behind the people's door.
func (a *App) openConsole(ctx context.Context) error {
	need, err := a.access.NeedsSetup(ctx)
	if err != nil {
		return err
	}
	if need {
		if a.setup, err = a.access.SetupLink(ctx); err != nil {
			return err
		}
	}
	r := a.rooms
	learning, err := newLearning(r.learned, r.knowledge, a.cfg.Diagnose, a.cfg.Learn, r.now)
	if err != nil {
		return err
	}
	door := console.New(console.Deps{
		Access: a.access, Fleet: r.fleet, Cases: cases{r.cases}, Loop: people{r}, Incidents: r.incidents, Explain: r.explain, News: r.bus,
		Register: register{r.fleet, a.cfg.Acquirer}, Shops: r.fleet, Staff: a.access, Knowledge: learning,
		List: consolesql.New(r.db, a.cfg.Observe, r.now), Pack: r.knowledge.Pack, Rules: a.cfg.Observe, Pages: web.Files(),
		Enrol: a.enrolment, Feed: a.feedDoor(), Refused: a.refused, Version: a.version, Now: r.now, Log: a.log,
	})
	handler := door.Handler()
	a.front.handler.Store(&handler)
	return nil
}

// refused counts what the agents' door has refused or put right since the start.
func (a *App) refused() map[string]uint64 {
	out := map[string]uint64{}
	for code, n := range a.door.Counts() {
		out[string(code)] = n
	}
	return out
}

// enrolment is how a code is handed to a technician: with the door's fingerprint, and as a command to type.
func (a *App) enrolment(code string) (text, command string) {
	host := a.Agents()
	if a.cfg.Host != "" {
		host = a.cfg.Host
	}
	return enrolment(code, a.identity.Fingerprint, host)
}

func (a *App) feedDoor() http.Handler {
	return feed.Handler(feed.Deps{
		Tokens: tokens{a.access}, Sink: a.rooms.stages.Observe, Known: a.rooms.knows, Log: a.log, Now: a.rooms.now,
	})
}

// tokens asks the access room what an integration token is good for.
type tokens struct{ *accesssql.Store }

func (t tokens) Scope(ctx context.Context, secret string) (string, error) {
	token, err := t.Token(ctx, secret)
	return string(token.Scope), err
}

// cases gives the console what it reads of the case file.
type cases struct{ *casefilesql.Store }

func (c cases) Past(ctx context.Context, terminal string, limit int) ([]casefile.Case, error) {
	list, _, err := c.List(ctx, casefilesql.Filter{Terminal: terminal, State: casefile.Closed}, "", limit)
	return list, err
}

// people hands what a person does to the stages.
type people struct{ *rooms }

func (p people) Evidence(ctx context.Context, terminal string) (observe.Evidence, error) {
	return p.evidence(ctx, terminal)
}

func (p people) Say(ctx context.Context, terminal string, findings []finding.Finding) error {
	return p.stages.Observe.Say(ctx, terminal, findings)
}

func (p people) Call(ctx context.Context, terminal string) error {
	return p.stages.Observe.Call(ctx, terminal)
}

// Skip writes down that nobody knows; the case then asks something else.
func (p people) Skip(ctx context.Context, caseID, variable, who string) error {
	data, err := json.Marshal(casefile.Skipped{Variable: variable})
	if err != nil {
		return err
	}
	text := lang.Text{ZH: "没人知道：" + variable, EN: "nobody knows: " + variable}
	if v, ok := p.knowledge.Pack().Variable(variable); ok {
		text = lang.Text{ZH: "没人知道：" + v.Name.ZH, EN: "nobody knows: " + v.Name.EN}
	}
	return p.cases.Note(ctx, casefile.Entry{
		Case: caseID, At: p.now(), Kind: casefile.SkippedEntry, By: who, Text: text, Data: data,
	})
}

func (p people) Start(ctx context.Context, caseID, step, who string) (repair.Attempt, error) {
	return p.stages.Repair.Start(ctx, caseID, step, who)
}

func (p people) Finish(ctx context.Context, attempt, who string, done bool, text string) error {
	return p.stages.Repair.Finish(ctx, attempt, who, done, text)
}

func (p people) Attempt(ctx context.Context, id string) (repair.Attempt, error) {
	return p.attempts.Get(ctx, id)
}

func (p people) Attempts(ctx context.Context, caseID string) ([]repair.Attempt, error) {
	return p.attempts.OfCase(ctx, caseID)
}

func (p people) Read(text string, at time.Time) (findings []finding.Finding, notUnderstood []string) {
	reading := p.mind.Load().reader.Read(text, at, finding.Merchant)
	return reading.Findings, reading.NotUnderstood
}

// tellPages passes on to live pages that something has changed.
func (r *rooms) tellPages(ctx context.Context) error {
	kinds := []event.Kind{
		observe.StoppedEvent, observe.ProofEvent, casefile.OpenedEvent, casefile.DiagnosedEvent, casefile.ChangedEvent,
		casefile.ClosedEvent, repair.DoneEvent, repair.FailedEvent, incident.JoinedEvent, incident.LeftEvent,
	}
	return r.bus.Handle(ctx, "console-news", kinds, func(_ context.Context, ev event.Event) error {
		return r.bus.Notify(console.NewsSubject, console.MarshalLine(console.Line{
			Kind: string(ev.Kind), Terminal: ev.Terminal, Case: ev.Case,
		}))
	})
}

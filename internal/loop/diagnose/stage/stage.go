// Package stage runs the diagnosis on the server: a stopped terminal gets its case, and every piece of new evidence
// makes the engine think again. The engine itself is pure and knows nothing of cases; this is where it meets them.
package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/pack"
)

// Cases is what this stage needs of the case file.
type Cases interface {
	Open(ctx context.Context, terminal, by string, at time.Time) (casefile.Case, bool, error)
	OpenOf(ctx context.Context, terminal string) (casefile.Case, bool, error)
	Diagnosed(ctx context.Context, g casefile.Grounds, entry casefile.Entry) error
}

// History is what has been tried and asked in a case.
type History struct {
	Tried   []diagnose.Attempt
	Unknown []string // variables that probes or people could not tell
}

// Deps are what the stage needs from others.
type Deps struct {
	Cases    Cases
	Engine   func() *diagnose.Engine                       // the knowledge in force
	Keep     func(ctx context.Context, p *pack.Pack) error // for whoever wants to make the diagnosis again
	Evidence func(ctx context.Context, terminal string) (observe.Evidence, error)
	History  func(ctx context.Context, caseID string) (History, error)
	Audience func(ctx context.Context, terminal string, e observe.Evidence) diagnose.Audience
	Now      func() time.Time
}

// Stage is the second stage of the loop.
type Stage struct{ deps Deps }

// New makes the stage.
func New(deps Deps) *Stage { return &Stage{deps: deps} }

// OnStopped opens the terminal's case, if it has none, and diagnoses it.
func (s *Stage) OnStopped(ctx context.Context, ev event.Event) error {
	var stopped observe.Stopped
	if err := ev.Into(&stopped); err != nil {
		return err
	}
	c, _, err := s.deps.Cases.Open(ctx, stopped.Terminal, string(stopped.By), stopped.Since)
	if err != nil || c.State != casefile.Diagnosing {
		return err // somebody is at it, and what was believed when he began must stand
	}
	return s.think(ctx, c)
}

// OnEvidence thinks again when a terminal with an open case has new evidence, whoever brought it. An event without an
// open case changes nothing.
func (s *Stage) OnEvidence(ctx context.Context, ev event.Event) error {
	c, open, err := s.deps.Cases.OpenOf(ctx, ev.Terminal)
	if err != nil || !open || c.State != casefile.Diagnosing {
		return err
	}
	return s.think(ctx, c)
}

// think asks the engine and stores the answer if it says something new.
func (s *Stage) think(ctx context.Context, c casefile.Case) error {
	e, err := s.deps.Evidence(ctx, c.Terminal)
	if err != nil || (len(c.Diagnosis) > 0 && calm(e.State)) {
		return err
	}
	g, d, err := s.diagnose(ctx, c, e)
	if err != nil {
		return err
	}
	if len(c.Diagnosis) > 0 {
		var before diagnose.Diagnosis
		if err := json.Unmarshal(c.Diagnosis, &before); err == nil && same(before, d) {
			return nil
		}
	}
	return s.deps.Cases.Diagnosed(ctx, g, casefile.Entry{Case: c.ID, At: d.At, Kind: "diagnosed", By: "system", Text: summary(d)})
}

// calm reports whether nothing speaks against the terminal any more: then the cause is what was believed while it was
// down, and only the proof is waited for. What a person reported stays until it is dealt with.
func calm(s observe.State) bool {
	// A terminal without an agent, or whose agent has not reported yet, is only seen to sell.
	back := s.StoppedSince.IsZero() || s.ContactAt.After(s.StoppedSince) || s.SaleAt.After(s.StoppedSince)
	return s.Failures == 0 && s.Adverse.IsZero() && s.StoppedBy != observe.ByPerson && back
}

// diagnose is what the engine says of a case now, with all that it goes by: that alone, as it is kept, is what the engine
// is given.
func (s *Stage) diagnose(ctx context.Context, c casefile.Case, e observe.Evidence) (casefile.Grounds, diagnose.Diagnosis, error) {
	var d diagnose.Diagnosis
	h, err := s.deps.History(ctx, c.ID)
	if err != nil {
		return casefile.Grounds{}, d, err
	}
	engine := s.deps.Engine()
	kept := s.deps.Keep(ctx, engine.Pack())
	if kept != nil && !errors.Is(kept, knowledge.ErrDamaged) {
		return casefile.Grounds{}, d, kept
	}
	raw, basis, err := engine.Write(diagnose.Input{
		Now: s.deps.Now(), Findings: withoutCards(withoutProof(e, c)), Tried: h.Tried, Unknown: h.Unknown,
		Audience: s.deps.Audience(ctx, c.Terminal, e),
	})
	if err != nil {
		return casefile.Grounds{}, d, err
	}
	d = engine.Diagnose(basis.Input)
	answer, err := json.Marshal(d)
	g := casefile.Grounds{Case: c.ID, At: d.At, PackHash: d.Pack.Hash, Engine: basis.Engine, Basis: raw, Answer: answer}
	if kept != nil {
		g.Basis = nil // a pack that is not what it says would not answer the same again; the shop needs its diagnosis all the same
	}
	return g, d, err
}

// withoutCards takes out what looks like card data. The doors did so already; what is kept for years is looked at twice.
func withoutCards(list []finding.Finding) []finding.Finding {
	for i := range list {
		list[i].State, _ = carddata.Scrub(list[i].State)
		list[i].Detail, _ = carddata.Scrub(list[i].Detail)
	}
	return list
}

// withoutProof leaves out a proof of selling from before the stop: it does not speak of what is wrong now.
func withoutProof(e observe.Evidence, c casefile.Case) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(e.Findings), func(f finding.Finding) bool {
		return f.Variable == "sales_possible" && f.State == "all" && f.At.Before(c.OpenedAt)
	})
}

// same reports whether two diagnoses would tell a person the same: the ranking to the percent, the evidence, and what
// to do next. Ages differ all the time and do not count.
func same(a, b diagnose.Diagnosis) bool {
	return bytes.Equal(gist(a), gist(b))
}

func gist(d diagnose.Diagnosis) []byte {
	var b bytes.Buffer
	b.WriteString(d.Pack.Hash + string(d.Verdict))
	for _, r := range d.Ranked {
		b.WriteString("|" + r.Fault + strconv.Itoa(int(r.P*100+0.5)))
	}
	for _, f := range d.Evidence {
		b.WriteString("|" + f.Variable + "=" + f.State)
	}
	if d.Next != nil {
		b.WriteString("|" + string(d.Next.Kind) + d.Next.ID + d.Next.By)
	}
	for _, w := range d.Withheld {
		b.WriteString("|-" + w.Step)
	}
	return b.Bytes()
}

// summary is the line of the timeline. What is too unlikely to be named to anybody is not named here either.
func summary(d diagnose.Diagnosis) lang.Text {
	if len(d.Ranked) == 0 || diagnose.WordFor(d.Ranked[0].P) == diagnose.Unnamed {
		return lang.Text{ZH: "还看不出原因", EN: "no cause can be named yet"}
	}
	top := d.Ranked[0]
	p := strconv.Itoa(int(top.P*100+0.5)) + "%"
	return lang.Text{ZH: "判断：" + top.Name.ZH + "（" + p + "）", EN: "diagnosed: " + top.Name.EN + " (" + p + ")"}
}

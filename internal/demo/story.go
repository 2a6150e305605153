package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/sim"
)

// Report is how a story went.
type Report struct {
	Story      string     `json:"story"`
	Injected   string     `json:"injected_fault"`
	Terminal   string     `json:"terminal"`
	Diagnosis  []Believed `json:"diagnosis"` // as it stood when the step that helped was chosen
	Rank       int        `json:"rank_of_truth"`
	Steps      []Taken    `json:"steps"`
	VerifiedBy string     `json:"verified_by"`
	Outcome    string     `json:"outcome"`
	Incidents  []string   `json:"incidents,omitempty"`
	Hit        int        `json:"terminals_hit"`
	Seconds    Seconds    `json:"seconds"`
	Verdict    string     `json:"verdict"` // passed, or what was wrong
}

// Believed is a fault with its probability.
type Believed struct {
	Fault string  `json:"fault"`
	P     float64 `json:"p"`
}

// Taken is a step that was taken.
type Taken struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	By     string `json:"by"`
	Result string `json:"result"`
}

// Seconds are the times of a story in the demo's clock, counted from the injection.
type Seconds struct {
	ToFinding   float64 `json:"to_finding"`
	ToDiagnosis float64 `json:"to_diagnosis"`
	ToRepair    float64 `json:"to_repair"`
	ToVerified  float64 `json:"to_verified"`
}

// passed is the verdict of a story that went as it must.
const passed = "passed"

// Passed reports whether the story went as it must.
func (r Report) Passed() bool { return r.Verdict == passed }

// lookEvery is how often the story's case is looked at.
const lookEvery = 100 * time.Millisecond

// Play plays one story and waits until its case is closed. tell is called with what happens, for whoever watches.
func (d *Demo) Play(ctx context.Context, name string, tell func(string)) (Report, error) {
	if err := d.settle(ctx); err != nil {
		return Report{}, err
	}
	story, err := sim.FindStory(name)
	if err != nil {
		return Report{}, err
	}
	begun := time.Now()
	played, err := d.Estate.Play(name)
	if err != nil {
		return Report{}, err
	}
	tell(fmt.Sprintf("%s: %s at terminal %s (%d hit)", name, story.Fault, played.Terminal, len(played.Hit)))
	r := Report{Story: name, Injected: story.Fault, Terminal: played.Terminal, Hit: len(played.Hit)}
	c, err := d.follow(ctx, d.ids[played.Terminal], begun, &r, tell)
	if err != nil {
		return r, err
	}
	if err := d.judge(ctx, story, played, c, begun, &r); err != nil {
		return r, err
	}
	return r, nil
}

// settleWithin is how long the last few terminals are waited for until they have sold something.
const settleWithin = 20 * time.Second

// settle waits until every terminal is heard, none has stopped, and all, or after a while most, have sold something: a
// story begins on a working estate.
func (d *Demo) settle(ctx context.Context) error {
	enough := time.Now().Add(settleWithin)
	for {
		sold, waiting, entries := 0, 0, d.Estate.Register()
		for _, e := range entries {
			state, err := d.keys.Stages.Observe.State(ctx, d.ids[e.TID])
			if err != nil {
				return err
			}
			if !state.SaleAt.IsZero() {
				sold++
			}
			if state.ContactAt.IsZero() || !state.StoppedSince.IsZero() {
				waiting++
			}
		}
		if waiting == 0 && (sold == len(entries) || (sold*4 >= len(entries)*3 && time.Now().After(enough))) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context) error {
	t := time.NewTimer(lookEvery)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// follow watches the terminal's case until it is closed and writes down when it passed which stage.
func (d *Demo) follow(ctx context.Context, terminal string, begun time.Time, r *Report, tell func(string)) (casefile.Case, error) {
	seen, acted := int64(0), casefile.Case{}
	for {
		c, found, err := d.caseSince(ctx, terminal, begun)
		if err != nil {
			return c, err
		}
		if found {
			if seen, err = d.retell(ctx, c, seen, begun, r, tell); err != nil {
				return c, err
			}
			switch c.State {
			case casefile.Closed:
				c.Diagnosis = believed(acted.Diagnosis, c.Diagnosis)
				return c, nil
			case casefile.Diagnosing:
			default:
				acted = c
			}
		}
		if err := pause(ctx); err != nil {
			return c, fmt.Errorf("the case of terminal %s did not close: it is %s: %w", terminal, c.State, err)
		}
	}
}

// believed is what was believed when somebody acted, or at the end if nobody did: what is believed about a terminal
// that comes back says nothing of why it was down.
func believed(acted, last json.RawMessage) json.RawMessage {
	if len(acted) > 0 {
		return acted
	}
	return last
}

func (d *Demo) caseSince(ctx context.Context, terminal string, begun time.Time) (casefile.Case, bool, error) {
	list, _, err := d.keys.Cases.List(ctx, casefilesql.Filter{Terminal: terminal}, "", 1)
	if err != nil || len(list) == 0 || list[0].OpenedAt.Before(begun.Truncate(time.Millisecond)) {
		return casefile.Case{}, false, err
	}
	return list[0], true, nil
}

// retell passes on new lines of the timeline and takes the times from them. What led to the step that helped is the
// diagnosis before it, so a later one replaces it only while the case is in diagnosis.
func (d *Demo) retell(ctx context.Context, c casefile.Case, seen int64, begun time.Time, r *Report, tell func(string)) (int64, error) {
	lines, err := d.keys.Cases.Timeline(ctx, c.ID, seen, 200)
	if err != nil {
		return seen, err
	}
	for _, l := range lines {
		seen = l.Seq
		after := seconds(l.At.Sub(begun))
		tell(fmt.Sprintf("%6.1fs  %s", after, l.Text.In(d.cfg.Lang)))
		switch l.Kind {
		case "opened":
			r.Seconds.ToFinding = after
		case "diagnosed":
			r.Seconds.ToDiagnosis = cmp.Or(r.Seconds.ToDiagnosis, after)
		case "watching":
			r.Seconds.ToRepair = after
		case "closed":
			r.Seconds.ToVerified = after
		}
	}
	return seen, nil
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*10) / 10 }

// judge fills in what was believed and done, and says whether the story went as it must.
func (d *Demo) judge(ctx context.Context, story sim.Story, played sim.Played, c casefile.Case, begun time.Time, r *Report) error {
	var diagnosis diagnose.Diagnosis
	if len(c.Diagnosis) > 0 {
		if err := json.Unmarshal(c.Diagnosis, &diagnosis); err != nil {
			return err
		}
	}
	for i, f := range diagnosis.Ranked {
		r.Diagnosis = append(r.Diagnosis, Believed{Fault: f.Fault, P: math.Round(f.P*1e4) / 1e4})
		if f.Fault == story.Fault {
			r.Rank = i + 1
		}
	}
	attempts, err := d.keys.Attempts.OfCase(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		r.Steps = append(r.Steps, Taken{Kind: string(a.Kind), ID: a.Step, By: a.By, Result: string(a.State)})
	}
	r.Outcome = string(c.Outcome)
	state, err := d.keys.Stages.Observe.State(ctx, c.Terminal)
	if err != nil {
		return err
	}
	if state.SaleAt.After(c.OpenedAt) {
		r.VerifiedBy = "sale " + state.SaleRRN
	}
	incidents, err := d.keys.Incidents.List(ctx, 20)
	if err != nil {
		return err
	}
	for _, i := range incidents {
		if !i.OpenedAt.Before(begun.Truncate(time.Millisecond)) {
			r.Incidents = append(r.Incidents, i.Sentence().EN)
		}
	}
	hits, err := d.attemptsOn(ctx, played.Hit, begun)
	if err != nil {
		return err
	}
	r.Verdict = verdict(story, *r, attempts, hits, d.breaks)
	return nil
}

// attemptsOn gives every attempt of every terminal that was hit, since the story began.
func (d *Demo) attemptsOn(ctx context.Context, tids []string, begun time.Time) ([]repair.Attempt, error) {
	var out []repair.Attempt
	for _, tid := range tids {
		c, found, err := d.caseSince(ctx, d.ids[tid], begun)
		if err != nil || !found {
			if err != nil {
				return nil, err
			}
			continue
		}
		attempts, err := d.keys.Attempts.OfCase(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, attempts...)
	}
	return out, nil
}

// breaks gives the hazards that a step breaks.
func (d *Demo) breaks(step string) []string {
	s, ok := d.keys.Knowledge.Pack().Step(step)
	if !ok {
		return nil
	}
	return s.Breaks
}

// verdict applies what every story demands, and what its own ending does.
func verdict(story sim.Story, r Report, attempts, hits []repair.Attempt, breaks func(string) []string) string {
	switch {
	case r.Rank != 1:
		return fmt.Sprintf("the true fault was ranked %d, not first", r.Rank)
	case r.VerifiedBy == "":
		return "no sale proves the end"
	case r.Outcome != string(casefile.Confirmed) && r.Outcome != string(casefile.Recovered):
		return "the outcome is " + r.Outcome
	case story.Shared && len(r.Incidents) != 1:
		return fmt.Sprintf("%d incidents were opened, not one", len(r.Incidents))
	}
	for _, a := range hits {
		if story.Shared && slices.Contains(breaks(a.Step), "do_not_restart") {
			return "a restart was advised during a shared cause: " + a.Step
		}
		if story.Ends == sim.ByReplacement && a.Changes() && a.By != story.Who {
			return "something else than a replacement was advised: " + a.Step
		}
	}
	if story.Ends == sim.ByRemoteStep || story.Ends == sim.ByPerson {
		if !slices.ContainsFunc(attempts, func(a repair.Attempt) bool {
			return a.Changes() && a.State == repair.Done && a.By == story.Who
		}) {
			return "nobody of " + story.Who + " was asked to do the step that helps"
		}
	}
	return passed
}

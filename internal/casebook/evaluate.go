package casebook

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Mode says how much of a case the engine is told.
type Mode string

// The modes.
const (
	Full        Mode = "full"        // all evidence
	Merchant    Mode = "merchant"    // what the shop can know
	First       Mode = "first"       // the first complaint only
	Interactive Mode = "interactive" // the first complaint, then what the engine asks for
)

// Modes are all modes.
func Modes() []Mode { return []Mode{Full, Merchant, First, Interactive} }

// Scores are shares from 0 to 1 over N cases.
type Scores struct {
	N             int     `json:"n"`
	CauseTop1     float64 `json:"cause_top1"`
	CauseTop3     float64 `json:"cause_top3"`
	CategoryTop1  float64 `json:"category_top1"`
	WhoFixes      float64 `json:"who_fixes"`
	HarmfulAdvice float64 `json:"harmful_advice"` // cases in which any step advised breaks a hazard of the true cause
}

// Result is the whole measurement.
type Result struct {
	Scores
	ByKind          map[string]Scores `json:"by_kind"`
	Unseen          Scores            `json:"unseen"` // cases whose cause has no example among the development cases
	QuestionsMedian float64           `json:"questions_median"`
	MinutesMedian   float64           `json:"minutes_median"`
	Cases           []CaseResult      `json:"cases"`
}

// CaseResult is what came out for one case.
type CaseResult struct {
	ID       string   `json:"id"`
	Top3     []string `json:"top3"`
	P        float64  `json:"p"` // of the first
	Category string   `json:"category"`
	WhoFixes string   `json:"who_fixes"`
	Harmful  bool     `json:"harmful"`
	Asked    []string `json:"asked"`
	Proposed []string `json:"proposed,omitempty"` // steps advised on the way whose result is not in the case

	minutes float64
}

// Evaluate runs the engine over the cases. It stops early with what it has when ctx ends.
func Evaluate(ctx context.Context, engine *diagnose.Engine, cases []Case, mode Mode) Result {
	result := Result{ByKind: map[string]Scores{}, Cases: []CaseResult{}}
	run := newRunner(engine)
	for i := range cases {
		if ctx.Err() != nil {
			break
		}
		result.Cases = append(result.Cases, run.play(&cases[i], mode))
	}
	cases = cases[:len(result.Cases)]
	everything := func(*Case) bool { return true }
	result.Scores = score(cases, result.Cases, everything)
	for _, c := range cases {
		if _, done := result.ByKind[c.Kind]; !done {
			result.ByKind[c.Kind] = score(cases, result.Cases, func(other *Case) bool { return other.Kind == c.Kind })
		}
	}
	seen := exampled()
	result.Unseen = score(cases, result.Cases, func(c *Case) bool { return !seen[c.Cause] })
	result.QuestionsMedian = median(result.Cases, func(r CaseResult) float64 { return float64(len(r.Asked)) })
	result.MinutesMedian = median(result.Cases, func(r CaseResult) float64 { return r.minutes })
	return result
}

// runner plays cases against one engine.
type runner struct {
	engine    *diagnose.Engine
	variables map[string]*pack.Variable
	faults    map[string]*pack.Fault
	steps     map[string]*pack.Step
}

func newRunner(engine *diagnose.Engine) runner {
	p := engine.Pack()
	r := runner{engine: engine, variables: map[string]*pack.Variable{}, faults: map[string]*pack.Fault{}, steps: map[string]*pack.Step{}}
	for i := range p.Variables {
		r.variables[p.Variables[i].ID] = &p.Variables[i]
	}
	for i := range p.Faults {
		r.faults[p.Faults[i].ID] = &p.Faults[i]
	}
	for i := range p.Steps {
		r.steps[p.Steps[i].ID] = &p.Steps[i]
	}
	return r
}

// moment is the time of everything in a coded case; any fixed time will do, since nothing ages in it.
func moment() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

// people are present in an interactive run, so that every question in the vocabulary may be asked; a case on paper has no
// terminal that a machine could probe.
func people() diagnose.Audience {
	return diagnose.Audience{Merchant: true, Desk: true, Engineer: true}
}

// companies are the audiences for which advice is examined.
func companies() []diagnose.Audience {
	return []diagnose.Audience{{Merchant: true}, {Remote: true}, {Merchant: true, Remote: true, Desk: true},
		{Merchant: true, Remote: true, Desk: true, Engineer: true}}
}

func (r runner) play(c *Case, mode Mode) CaseResult {
	if mode == Interactive {
		return r.converse(c)
	}
	known := map[Mode]map[string]string{Full: c.Evidence, Merchant: c.MerchantEvidence, First: c.FirstComplaint}[mode]
	in := r.input(known)
	out := r.outcome(c, r.engine.Diagnose(in))
	// With nothing left to ask the engine must advise something, and that is what harm is looked for in.
	in.Unknown = sorted(r.variables)
	for _, audience := range companies() {
		in.Audience = audience
		out.Harmful = out.Harmful || r.harms(c, r.engine.Diagnose(in).Next)
	}
	return out
}

func (r runner) input(known map[string]string) diagnose.Input {
	in := diagnose.Input{Now: moment(), Audience: people()}
	for _, variable := range sorted(known) {
		in.Findings = append(in.Findings, r.finding(variable, known[variable]))
	}
	return in
}

// finding words a coded fact as said by whoever can usually supply it. What a management system knows was looked up and told by
// the help desk: a case on paper holds only what somebody found worth writing down, and no list of all that a machine reads.
func (r runner) finding(variable, state string) finding.Finding {
	source := finding.Agent
	if v, ok := r.variables[variable]; ok && len(v.Ask) > 0 && v.Ask[0] != string(finding.TMS) {
		source = finding.Source(v.Ask[0])
	}
	return finding.Finding{Variable: variable, State: state, At: moment(), Source: source}
}

// rounds bounds a conversation; an engine that asks on for ever would be wrong, not thorough.
const rounds = 60

// converse starts from the first complaint and answers what the engine asks from the evidence of the case. A step whose result
// is not in the case counts as not carried out, and the conversation goes on. It ends when the engine is clear and acts,
// or has nothing left to propose.
func (r runner) converse(c *Case) CaseResult {
	in := r.input(c.FirstComplaint)
	asked, minutes, harmful := []string{}, 0.0, false
	var proposed []string
	for range rounds {
		d := r.engine.Diagnose(in)
		harmful = harmful || r.harms(c, d.Next)
		variable := r.finds(in, d.Next)
		if variable == "" {
			if d.Next == nil || d.Next.Kind != diagnose.Do || d.Verdict == diagnose.Clear {
				break
			}
			proposed, minutes = append(proposed, d.Next.ID), minutes+d.Next.Minutes
			in.Tried = append(in.Tried, diagnose.Attempt{Step: d.Next.ID, At: moment(), Undone: true})
			continue
		}
		asked, minutes = append(asked, variable), minutes+d.Next.Minutes
		switch state, known := c.Evidence[variable]; {
		case known:
			in.Findings = append(in.Findings, r.finding(variable, state))
		case d.Next.Kind == diagnose.Do:
			in.Tried = append(in.Tried, diagnose.Attempt{Step: d.Next.ID, At: moment(), Undone: true})
		default:
			in.Unknown = append(in.Unknown, variable)
		}
	}
	out := r.outcome(c, r.engine.Diagnose(in))
	out.Asked, out.Proposed, out.minutes, out.Harmful = asked, proposed, minutes, harmful
	return out
}

// finds is the variable that the next step finds out, "" where it finds none out. A step that was tried in the case itself is
// one: its result is in the evidence. It is taken once.
func (r runner) finds(in diagnose.Input, next *diagnose.Next) string {
	switch {
	case next == nil:
		return ""
	case next.Kind == diagnose.Ask, next.Kind == diagnose.Probe:
		return next.ID
	}
	variable := r.steps[next.ID].Learns
	if slices.ContainsFunc(in.Findings, func(f finding.Finding) bool { return f.Variable == variable }) {
		return ""
	}
	return variable
}

func (r runner) outcome(c *Case, d diagnose.Diagnosis) CaseResult {
	out := CaseResult{ID: c.ID, Top3: []string{}, Asked: []string{}}
	for _, ranked := range d.Ranked[:min(3, len(d.Ranked))] {
		out.Top3 = append(out.Top3, ranked.Fault)
	}
	if len(d.Ranked) > 0 {
		out.P, out.Category, out.WhoFixes = d.Ranked[0].P, d.Ranked[0].Group, d.Ranked[0].Who
	}
	return out
}

// harms says whether advice breaks a hazard of the true cause. A hazard of the "check first" kind is kept when the advice says so.
func (r runner) harms(c *Case, next *diagnose.Next) bool {
	fault, known := r.faults[c.Cause]
	if next == nil || !known {
		return false
	}
	breaks := diagnose.AskBreaks(next.ID)
	if step, ok := r.steps[next.ID]; ok {
		breaks = step.Breaks
	}
	for _, h := range breaks {
		if slices.Contains(fault.Hazards, h) && !slices.Contains(next.First, h) {
			return true
		}
	}
	return false
}

func score(cases []Case, results []CaseResult, counts func(*Case) bool) Scores {
	var s Scores
	for i := range cases {
		c, r := &cases[i], &results[i]
		if !counts(c) {
			continue
		}
		s.N++
		s.CauseTop1 += one(len(r.Top3) > 0 && r.Top3[0] == c.Cause)
		s.CauseTop3 += one(slices.Contains(r.Top3, c.Cause))
		s.CategoryTop1 += one(r.Category == c.Category)
		s.WhoFixes += one(r.WhoFixes == c.WhoFixes)
		s.HarmfulAdvice += one(r.Harmful)
	}
	if s.N == 0 {
		return s
	}
	for _, share := range []*float64{&s.CauseTop1, &s.CauseTop3, &s.CategoryTop1, &s.WhoFixes, &s.HarmfulAdvice} {
		*share /= float64(s.N)
	}
	return s
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func median(results []CaseResult, of func(CaseResult) float64) float64 {
	if len(results) == 0 {
		return 0
	}
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

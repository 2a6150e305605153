package diagnose

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/pack"
)

// evidence is what the engine goes by in one diagnosis.
type evidence struct {
	set       finding.Set // what counts, with the class that a text on the screen stands for
	used      []finding.Finding
	conflicts []string // variables whose findings contradict each other
	named     bool     // somebody gave the class of the message on the screen, apart from its text
	items     []item
}

// item is one piece of evidence with what it does to each hypothesis.
type item struct {
	finding finding.Finding
	group   string    // findings of one group may repeat each other
	log     []float64 // log-likelihood of each hypothesis, tempered
}

// Trust bounds how sure a finding can make us: a machine may be wrong, a person more often.
const (
	trustMachine = 0.99
	trustPerson  = 0.97
)

// disputed is what a finding is still worth that another one contradicts.
const disputed = 0.6

func (ev *evidence) trust(f finding.Finding) float64 {
	most := trustPerson
	switch f.Source {
	case finding.TMS, finding.Host, finding.Probe, finding.Incident, finding.Acquirer:
		most = trustMachine
	}
	if slices.Contains(ev.conflicts, f.Variable) {
		most *= disputed
	}
	return min(f.Certainty(), most)
}

// gather selects the findings that still hold and turns each into an item.
func (e *Engine) gather(in Input) *evidence {
	current := e.current(in)
	ev := &evidence{set: finding.Collect(current...), conflicts: conflicts(current)}
	ev.used = ev.set.List()
	learnt := e.learntBy(in.Tried)
	text, class := e.readScreen(ev)
	for _, f := range ev.used {
		v, known := e.variables[f.Variable]
		if !known {
			continue
		}
		it := item{finding: f, group: v.Group, log: make([]float64, e.faults+1)}
		if !learnt[f.Variable] {
			if like := e.likelihood(f, v, ev, text, class); like != nil {
				logs(it.log, like)
			}
		}
		ev.items = append(ev.items, it)
	}
	temper(ev.items)
	e.condition(ev)
	e.attempts(ev, in.Tried)
	return ev
}

// current leaves out what a repair may have changed since it was seen.
func (e *Engine) current(in Input) []finding.Finding {
	var changed time.Time
	for _, a := range in.Tried {
		if i, ok := e.stepAt[a.Step]; ok && e.steps[i].Kind == pack.Repair && a.At.After(changed) {
			changed = a.At
		}
	}
	var out []finding.Finding
	for _, f := range in.Findings {
		v, known := e.variables[f.Variable]
		if f.At.Before(changed) && !(known && v.Lasting) {
			continue
		}
		out = append(out, f)
	}
	return out
}

// apart is how far in time two findings may lie and still contradict each other; later ones are news.
const apart = 10 * time.Minute

func conflicts(list []finding.Finding) []string {
	var out []string
	newest := finding.Collect(list...)
	for _, f := range list {
		n := newest[f.Variable]
		if f.State != n.State && n.At.Sub(f.At) <= apart && !slices.Contains(out, f.Variable) {
			out = append(out, f.Variable)
		}
	}
	slices.Sort(out)
	return out
}

// readScreen reads the text on the screen, and writes the class it stands for into the set where nobody gave one, so that
// the hazard rules see it.
func (e *Engine) readScreen(ev *evidence) (like []float64, class string) {
	f, ok := ev.set[screenTextID]
	if !ok {
		return nil, ""
	}
	like, class = textLikelihood(e.read(cmp.Or(f.State, f.Detail)), e.faults+1)
	if _, ev.named = ev.set[screenMessageID]; !ev.named && class != "" {
		ev.set[screenMessageID] = finding.Finding{Variable: screenMessageID, State: class, At: f.At, Source: f.Source, Confidence: f.Confidence}
	}
	return like, class
}

// likelihood is P(finding | hypothesis), nil where the finding says nothing more than another one.
func (e *Engine) likelihood(f finding.Finding, v *variable, ev *evidence, text []float64, class string) []float64 {
	switch f.Variable {
	case screenTextID:
		if text == nil && !ev.named { // the text only says which class of message it is
			return e.state(ev.set[screenMessageID], e.variables[screenMessageID], ev)
		}
		return soften(text, ev.trust(f))
	case codeID:
		set := ""
		if s, ok := ev.set[codeSetID]; ok {
			set = s.State
		}
		return soften(e.codeLikelihood(f.State, set), ev.trust(f))
	case codeSetID:
		return nil // says how to read the code, nothing about the fault
	case screenMessageID:
		if _, coded := ev.set[codeID]; coded && f.State == codeClass {
			return nil
		}
		if text != nil && f.State == class {
			return nil
		}
	}
	return e.state(f, v, ev)
}

func (e *Engine) state(f finding.Finding, v *variable, ev *evidence) []float64 {
	if v == nil || v.row < 0 {
		return nil
	}
	s, known := v.states[f.State]
	if !known {
		return nil
	}
	like := make([]float64, e.faults+1)
	e.model.Soft(like, v.row, s, ev.trust(f))
	return like
}

// soften mixes in that the report of a free value is wrong; any of about a hundred values might then be read.
func soften(like []float64, c float64) []float64 {
	if like == nil {
		return nil
	}
	out := make([]float64, len(like))
	for f, p := range like {
		out[f] = c*p + (1-c)/100
	}
	return out
}

func logs(dst, like []float64) {
	for f, l := range like {
		dst[f] = math.Log(l)
	}
}

// repeats is what each further finding of a group still counts, relative to the one before.
const repeats = 0.85

// temper weighs down findings that repeat each other. Naive Bayes multiplies likelihoods as if findings were
// independent given the fault. Within one group of variables they are not: a person who misjudges the screen misjudges
// all of it, and one fault has variants whose signs come together. So in each group the finding that separates the
// hypotheses most counts in full, the next 0.85 of that, and so on. Strongest first makes the result independent of order,
// and a weak finding can never take weight from a strong one.
func temper(items []item) {
	order := make([]int, len(items))
	spread := make([]float64, len(items))
	for i := range items {
		order[i] = i
		spread[i] = slices.Max(items[i].log) - slices.Min(items[i].log)
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(spread[b], spread[a]), strings.Compare(items[a].finding.Variable, items[b].finding.Variable))
	})
	weight := map[string]float64{}
	for _, i := range order {
		if spread[i] == 0 {
			continue
		}
		w, seen := weight[items[i].group]
		if !seen {
			w = 1
		}
		for f := range items[i].log {
			items[i].log[f] *= w
		}
		weight[items[i].group] = w * repeats
	}
}

// condition applies only_if and the contexts, which multiply rates and are not tempered.
func (e *Engine) condition(ev *evidence) {
	at := map[string]int{}
	for i := range ev.items {
		at[ev.items[i].finding.Variable] = i
	}
	for _, c := range e.onlyIf {
		if i, known := at[c.variable]; known && !slices.Contains(c.states, ev.items[i].finding.State) {
			ev.items[i].log[c.fault] += math.Log(notOnly)
		}
	}
	for _, c := range e.contexts {
		i, holds := -1, len(c.when) > 0
		for _, when := range c.when {
			j, known := at[when.variable]
			holds = holds && known && slices.Contains(when.states, ev.items[j].finding.State)
			i = j
		}
		if !holds {
			continue
		}
		for f, factor := range c.factor {
			ev.items[i].log[f] += math.Log(factor)
		}
	}
}

// cured is the chance that a step seems to help although it does not cure the fault.
const cured = 0.02

// attempts takes in what was tried: a repair that did not help speaks against the faults it cures. The same step
// counts once, since it fails twice for the same reason.
func (e *Engine) attempts(ev *evidence, tried []Attempt) {
	for i, a := range tried {
		at, known := e.stepAt[a.Step]
		if !known || e.steps[at].Kind == pack.Handover || slices.ContainsFunc(tried[i+1:], func(b Attempt) bool { return b.Step == a.Step }) {
			continue
		}
		s := e.steps[at]
		log := make([]float64, e.faults+1)
		if a.Helped {
			for f := range log {
				log[f] = math.Log(cured)
			}
		}
		for _, fix := range s.fixes {
			if a.Helped {
				log[fix.Cause] = math.Log(max(fix.P, cured))
			} else {
				log[fix.Cause] = math.Log(max(1-fix.P, cured))
			}
		}
		state := "no"
		if a.Helped {
			state = "yes"
		}
		ev.items = append(ev.items, item{
			finding: finding.Finding{Variable: cmp.Or(s.Learns, s.ID), State: state, At: a.At, Source: finding.Agent},
			log:     log,
		})
	}
}

// learntBy are the variables whose findings come from the attempts themselves and must not count twice.
func (e *Engine) learntBy(tried []Attempt) map[string]bool {
	out := map[string]bool{}
	for _, a := range tried {
		if i, ok := e.stepAt[a.Step]; ok && e.steps[i].Learns != "" {
			out[e.steps[i].Learns] = true
		}
	}
	return out
}

// believe is the posterior over the hypotheses.
func (e *Engine) believe(ev *evidence) ([]float64, float64) {
	b := bayes.NewBelief(e.faults + 1)
	b.Reset(e.prior)
	for i := range ev.items {
		b.Add(ev.items[i].log)
	}
	total, err := b.Normalise()
	if err != nil { // cannot happen: trust leaves every state possible; the rates alone are then the honest answer
		b.Reset(e.prior)
		total, _ = b.Normalise()
	}
	return b.P(), total
}

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
	finding  finding.Finding
	group    string                     // findings of one group may repeat each other
	log      []float64                  // log-likelihood of each hypothesis, tempered, with what contexts add
	added    []float64                  // what contexts add, part of log; nil for nothing
	weight   float64                    // what tempering leaves of it
	together func(causes []int) float64 // likelihood under several faults at once; nil where the finding says nothing
}

// Log is the log-likelihood under several faults at once.
func (it *item) Log(causes []int) float64 {
	sum := 0.0
	if it.together != nil {
		sum = it.weight * math.Log(it.together(causes))
	}
	if it.added != nil {
		for _, f := range causes {
			sum += it.added[f]
		}
	}
	return sum
}

// Trust bounds how sure a finding can make us: a machine may be wrong, a person more often.
const (
	trustMachine = 0.99
	trustPerson  = 0.97
)

// incidental is how readily people name something that is wrong but has nothing to do with the stop. They tell what
// they think matters, so an old app version or a wet counter that comes up was mostly worth mentioning. A machine reads
// everything and selects nothing. What everybody is asked first (the complaint itself, the screen) is told anyway.
const incidental = 0.25

func (e *Engine) reading(f finding.Finding, v *variable, ev *evidence) bayes.Reading {
	r := bayes.Reading{Right: ev.trust(f), Incidental: 1}
	if !byMachine(f.Source) && v.Group != "report" && v.Group != "screen" && e.abnormal(f) {
		r.Incidental = incidental
	}
	return r
}

func byMachine(s finding.Source) bool {
	return s == finding.Probe || s == finding.TMS || s == finding.Incident
}

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
		it := item{finding: f, group: v.Group, log: make([]float64, e.faults+1), weight: 1}
		if !learnt[f.Variable] {
			if l := e.likelihood(f, v, ev, text, class); l.single != nil {
				logs(it.log, l.single)
				it.together = l.together
			}
		}
		ev.items = append(ev.items, it)
	}
	e.unanswered(ev, in)
	temper(ev.items)
	e.condition(ev)
	e.attempts(ev, in.Tried)
	return ev
}

// current leaves out what a repair may have changed since it was seen.
func (e *Engine) current(in Input) []finding.Finding {
	var changed time.Time
	for _, a := range in.Tried {
		if i, ok := e.stepAt[a.Step]; ok && !a.Undone && e.steps[i].Kind == pack.Repair && a.At.After(changed) {
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
	text, certain := cmp.Or(f.State, f.Detail), 1.0
	like, class = textLikelihood(e.read(text), e.faults+1)
	said, named := ev.set[screenMessageID]
	if class == "" {
		if r, ok := e.resembles(text); ok && (!named || said.State == r.class) {
			like, class, certain = r.like, r.class, r.certain
		}
	}
	if ev.named = named; !named && class != "" {
		ev.set[screenMessageID] = finding.Finding{Variable: screenMessageID, State: class, At: f.At, Source: f.Source, Confidence: f.Certainty() * certain}
	}
	return like, class
}

// likelihood is what a finding says about one fault alone, and about several at once. The zero value says nothing.
type likelihood struct {
	single   []float64
	together func(causes []int) float64
}

// likelihood is P(finding | hypothesis), nothing where the finding says no more than another one.
func (e *Engine) likelihood(f finding.Finding, v *variable, ev *evidence, text []float64, class string) likelihood {
	switch f.Variable {
	case screenTextID:
		if text == nil && !ev.named { // the text only says which class of message it is
			return e.state(ev.set[screenMessageID], e.variables[screenMessageID], ev)
		}
		return either(soften(text, ev.trust(f)))
	case codeID:
		set := ""
		if s, ok := ev.set[codeSetID]; ok {
			set = s.State
		}
		return either(soften(e.codeLikelihood(f.State, set), ev.trust(f)))
	case codeSetID:
		return likelihood{} // says how to read the code, nothing about the fault
	case screenMessageID:
		if _, coded := ev.set[codeID]; coded && f.State == codeClass {
			return likelihood{}
		}
		if text != nil && f.State == class {
			return likelihood{}
		}
	}
	return e.state(f, v, ev)
}

func (e *Engine) state(f finding.Finding, v *variable, ev *evidence) likelihood {
	if v == nil || v.row < 0 {
		return likelihood{}
	}
	s, known := v.states[f.State]
	if !known {
		return likelihood{}
	}
	like, r := make([]float64, e.faults+1), e.reading(f, v, ev)
	e.model.Soft(like, v.row, s, r)
	return likelihood{like, func(causes []int) float64 { return e.model.Together(v.row, s, causes, r) }}
}

// either is the likelihood of a free value, a text or a code: one of very many, so several faults show it when any of them
// does.
func either(like []float64) likelihood {
	if like == nil {
		return likelihood{}
	}
	return likelihood{like, func(causes []int) float64 {
		none := 1.0
		for _, f := range causes {
			none *= 1 - like[f]
		}
		return 1 - none
	}}
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
		items[i].weight = w
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
			ev.items[i].add(c.fault, math.Log(notOnly))
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
			ev.items[i].add(f, math.Log(factor))
		}
	}
}

func (it *item) add(fault int, log float64) {
	if it.added == nil {
		it.added = make([]float64, len(it.log))
	}
	it.added[fault] += log
	it.log[fault] += log
}

// cured is the chance that a step seems to help although it does not cure the fault.
const cured = 0.02

// attempts takes in what was tried: a repair that did not help speaks against the faults it cures. The same step
// counts once, since it fails twice for the same reason.
func (e *Engine) attempts(ev *evidence, tried []Attempt) {
	for i, a := range tried {
		at, known := e.stepAt[a.Step]
		if !known || a.Undone || e.steps[at].Kind == pack.Handover || slices.ContainsFunc(tried[i+1:], func(b Attempt) bool { return b.Step == a.Step }) {
			continue
		}
		s := e.steps[at]
		like := e.outcome(s, a.Helped)
		it := item{finding: finding.Finding{Variable: cmp.Or(s.Learns, s.ID), State: outcomeState(a.Helped), At: a.At, Source: finding.Agent},
			log: make([]float64, e.faults+1), weight: 1, together: func(causes []int) float64 { return cures(like, causes, a.Helped) }}
		logs(it.log, like)
		ev.items = append(ev.items, it)
	}
}

func outcomeState(helped bool) string {
	if helped {
		return "yes"
	}
	return "no"
}

// outcome is P(the step helped, or did not | fault).
func (e *Engine) outcome(s step, helped bool) []float64 {
	like := make([]float64, e.faults+1)
	for f := range like {
		if like[f] = 1; helped {
			like[f] = cured
		}
	}
	for _, fix := range s.fixes {
		if like[fix.Cause] = max(1-fix.P, cured); helped {
			like[fix.Cause] = max(fix.P, cured)
		}
	}
	return like
}

// cures is the same under several faults: a step helps when it cures them all.
func cures(like []float64, causes []int, helped bool) float64 {
	all := 1.0
	for _, f := range causes {
		if helped {
			all *= like[f]
		} else {
			all *= 1 - like[f]
		}
	}
	if helped {
		return max(all, cured)
	}
	return max(1-all, cured)
}

// learntBy are the variables whose findings come from the attempts themselves and must not count twice.
func (e *Engine) learntBy(tried []Attempt) map[string]bool {
	out := map[string]bool{}
	for _, a := range tried {
		if i, ok := e.stepAt[a.Step]; ok && !a.Undone && e.steps[i].Learns != "" {
			out[e.steps[i].Learns] = true
		}
	}
	return out
}

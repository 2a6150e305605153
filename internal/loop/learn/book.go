package learn

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"github.com/posmedic/posmedic/internal/bayes/learning"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/pack"
)

// Book is a pack as counts, with the way back from indices to ids. Faults and steps have the pack's own order; variables
// with free values have no counts.
//
// The counts say what the engine reads into the same numbers: a link of mean m worth n cases is m·n counts, and half a case
// more speaks for the fault leaving the variable alone, because a table is never complete.
type Book struct {
	pack      *pack.Pack
	model     *learning.Model
	unknown   bool    // the last cause is "none of the known faults"
	listed    float64 // what it counts, in cases, that an author lists a state at all
	fault     map[string]int
	step      map[string]int
	variable  map[string]int // index in the model
	source    []int          // index in the pack, by index in the model
	state     []map[string]int
	spread    [][]float64 // by index in the model and state: how far it tells faults apart
	codes     map[string][]pointer
	messages  []pointer
	rateCases float64 // what all rates together are worth
	rateTotal float64
}

// pointer is a code or a message with the faults that it speaks for.
type pointer struct {
	set, key string
	to       map[string]pack.Number
}

// Numbers the pack does not carry.
const (
	doubt        = 0.5  // cases that speak for a fault leaving a variable alone, as in the engine
	listing      = 0.5  // the same for a state that an author lists: small numbers are the ones that are off most
	unknownShare = 0.02 // of all rates, for what no pack knows
	seems        = 0.02 // chance that a step seems to help although it cures nothing
	seemsCases   = 25   // what that is worth
	leastFix     = 0.01 // no step cures always or never
	leastRate    = 1e-6
)

// NewBook opens a pack that was checked, to learn.
func NewBook(p *pack.Pack) *Book { return open(p, true, listing) }

// ClosedBook opens a pack to read with its numbers as they are, under the assumption that one of its faults it must be. It
// is for measuring, not for the field.
func ClosedBook(p *pack.Pack) *Book { return open(p, false, 0) }

func open(p *pack.Pack, unknown bool, listed float64) *Book {
	b := &Book{pack: p, unknown: unknown, listed: listed, fault: map[string]int{}, step: map[string]int{}, variable: map[string]int{}, codes: map[string][]pointer{},
		model: &learning.Model{}}
	b.rates()
	for i := range p.Variables {
		if p.Variables[i].Type == pack.State {
			b.addVariable(i)
		}
	}
	for i := range p.Steps {
		b.step[p.Steps[i].ID] = i
		b.model.Actions = append(b.model.Actions, b.fixes(&p.Steps[i]))
	}
	b.spread = spreads(b.model)
	for _, c := range p.Codes {
		b.codes[fold(c.Code)] = append(b.codes[fold(c.Code)], pointer{set: c.Set, to: c.PointsTo})
	}
	for _, m := range p.Messages {
		for _, match := range m.Match {
			if key := fold(match); key != "" && len(m.PointsTo) > 0 {
				b.messages = append(b.messages, pointer{key: key, to: m.PointsTo})
			}
		}
	}
	return b
}

// Model is the pack as counts. It is the book's own; clone it before changing it.
func (b *Book) Model() *learning.Model { return b.model }

func (b *Book) rates() {
	for i := range b.pack.Faults {
		f := &b.pack.Faults[i]
		b.fault[f.ID] = i
		b.rateTotal += max(f.Rate.Mean, leastRate)
		b.rateCases += f.Rate.Experience
	}
	b.rateCases = max(b.rateCases, 1)
	for i := range b.pack.Faults {
		b.model.Rates = append(b.model.Rates, max(b.pack.Faults[i].Rate.Mean, leastRate)/b.rateTotal*b.rateCases)
	}
	if b.unknown {
		b.model.Rates = append(b.model.Rates, unknownShare*b.rateCases)
	}
}

func (b *Book) addVariable(i int) {
	v := &b.pack.Variables[i]
	states := map[string]int{}
	for s := range v.States {
		states[v.States[s].ID] = s
	}
	out := learning.Variable{Leak: v.Leak}
	for f := range b.pack.Faults {
		if row, ok := link(&b.pack.Faults[f], f, v, states, b.listed); ok {
			out.Rows = append(out.Rows, row)
		}
	}
	b.variable[v.ID] = len(b.source)
	b.source, b.state, b.model.Variables = append(b.source, i), append(b.state, states), append(b.model.Variables, out)
}

// link is the row of one fault. States that only_if excludes cannot come by leak either. Every state that is listed at all
// counts so many cases more.
func link(f *pack.Fault, at int, v *pack.Variable, states map[string]int, listed float64) (learning.Row, bool) {
	row := learning.Row{Cause: at, Leak: within(v, f.OnlyIf[v.ID])}
	shows := f.Shows[v.ID]
	if len(shows) == 0 && row.Leak == nil {
		return row, false
	}
	experience, left := 0.0, 1.0
	for _, state := range slices.Sorted(maps.Keys(shows)) {
		row.States = append(row.States, states[state])
		row.Counts = append(row.Counts, shows[state].Mean*shows[state].Experience+listed)
		experience = max(experience, shows[state].Experience)
		left -= shows[state].Mean
	}
	row.Counts = append(row.Counts, max(left, 0)*experience+doubt)
	return row, true
}

// within is the leak restricted to the states that are allowed; nil where all are.
func within(v *pack.Variable, allowed []string) []float64 {
	if len(allowed) == 0 {
		return nil
	}
	out, total := make([]float64, len(v.Leak)), 0.0
	for s, state := range v.States {
		if slices.Contains(allowed, state.ID) {
			out[s] = max(v.Leak[s], 1e-3)
			total += out[s]
		}
	}
	if total == 0 {
		return nil
	}
	for s := range out {
		out[s] = (0.999*out[s])/total + 0.001*v.Leak[s] // people misname what they have
	}
	return out
}

func (b *Book) fixes(s *pack.Step) learning.Action {
	a := learning.Action{Seems: learning.Prior([]float64{seems, 1 - seems}, seemsCases)}
	for _, id := range slices.Sorted(maps.Keys(s.Fixes)) {
		f, known := b.fault[id]
		if n := s.Fixes[id]; known && n.Mean > 0 {
			p := min(max(n.Mean, leastFix), 1-leastFix)
			a.Fixes = append(a.Fixes, learning.Fix{Cause: f, Counts: learning.Prior([]float64{p, 1 - p}, max(n.Experience, 1))})
		}
	}
	return a
}

// Trust in a report, as in the engine: a machine may be wrong, a person more often.
const (
	trustMachine = 0.99
	trustPerson  = 0.97
)

// Case words a record for the model: what was seen, what was tried, who named a cause. What a step tried has taught
// stands in the steps and not again in the evidence.
func (b *Book) Case(r Record, weight float64) learning.Case {
	c := learning.Case{Weight: weight, Cause: learning.Latent}
	if f, known := b.fault[r.Cause]; known {
		c.Cause, c.Sure = f, sureness(r.NamedBy)
	}
	learnt := map[string]bool{}
	for _, s := range r.Steps {
		if i, known := b.step[s.ID]; known && b.pack.Steps[i].Learns != "" {
			learnt[b.pack.Steps[i].Learns] = true
		}
	}
	for _, f := range finding.Collect(r.Evidence...).List() {
		v, known := b.variable[f.Variable]
		if !known || learnt[f.Variable] {
			continue
		}
		if s, known := b.state[v][f.State]; known {
			c.Evidence = append(c.Evidence, learning.Observation{Variable: v, State: s, Trust: trust(f), Unsaid: b.Unsaid(v, s, f.Source)})
		}
	}
	if b.unknown {
		b.temper(c.Evidence)
	}
	for i, s := range r.Steps {
		again := slices.ContainsFunc(r.Steps[i+1:], func(t Step) bool { return t.ID == s.ID })
		if a, known := b.step[s.ID]; known && !again { // the same step fails twice for the same reason
			c.Outcomes = append(c.Outcomes, learning.Outcome{Action: a, Helped: s.Helped})
		}
	}
	c.Lift = b.lift(finding.Collect(r.Evidence...))
	return c
}

// repeats is what each further finding of a group of variables still counts, relative to the one before, as in the engine:
// who misjudges the screen misjudges all of it. The most telling one counts in full.
const repeats = 0.85

func (b *Book) temper(list []learning.Observation) {
	order := make([]int, len(list))
	spread := make([]float64, len(list))
	for i, o := range list {
		order[i], spread[i] = i, b.spread[o.Variable][o.State]
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(spread[j], spread[i]) })
	weight := map[string]float64{}
	for _, i := range order {
		group := b.pack.Variables[b.source[list[i].Variable]].Group
		w, seen := weight[group]
		if !seen {
			w = 1
		}
		list[i].Less, weight[group] = 1-w, w*repeats
	}
}

// spreads are how far a state of a variable tells faults apart at most, as logarithms.
func spreads(m *learning.Model) [][]float64 {
	reader, out := learning.Compile(m), make([][]float64, len(m.Variables))
	for v := range m.Variables {
		for s := range m.Variables[v].Leak {
			p := reader.P(v, s)
			out[v] = append(out[v], math.Log((slices.Max(p)+1e-3)/(slices.Min(p)+1e-3)))
		}
	}
	return out
}

func trust(f finding.Finding) float64 {
	switch f.Source {
	case finding.TMS, finding.Host, finding.Probe, finding.Incident, finding.Acquirer:
		return min(f.Certainty(), trustMachine)
	default:
		return min(f.Certainty(), trustPerson)
	}
}

// incidental is how readily people name something that is wrong but has nothing to do with the stop, as in the engine.
const incidental = 0.25

// Unsaid is the chance that a source keeps a state of a variable of the model to itself although it is so, where the fault has
// not brought it about. Machines list everything, and what everybody is asked first is told anyway.
func (b *Book) Unsaid(variable, state int, by finding.Source) float64 {
	v := &b.pack.Variables[b.source[variable]]
	machine := by == finding.Probe || by == finding.TMS || by == finding.Incident
	if machine || v.Group == "report" || v.Group == "screen" || !abnormal(v, state) {
		return 0
	}
	return 1 - incidental
}

// abnormal is a state that a healthy terminal is not in. Where no state is normal, a variable says how a terminal is built or
// used, and nothing is abnormal there.
func abnormal(v *pack.Variable, state int) bool {
	return !v.States[state].Normal && slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.Normal })
}

// sureness is how often who names a cause is right.
func sureness(by string) float64 {
	switch by {
	case "field_engineer", "depot", "acquirer_backoffice", "telecom":
		return 0.95
	case "helpdesk_remote":
		return 0.9
	default:
		return 0.75
	}
}

// lift is the likelihood of each cause by the free values of the evidence, which the tables cannot hold: response codes
// and texts on the screen that the pack says to point to faults. Nil where there are none.
func (b *Book) lift(set finding.Set) []float64 {
	const elsewhere = 0.01 // how likely a code or text is under a fault that it does not point to
	var out []float64
	apply := func(found []pointer) {
		if len(found) == 0 {
			return
		}
		if out == nil {
			out = make([]float64, len(b.model.Rates))
			for f := range out {
				out[f] = 1
			}
		}
		like := make([]float64, len(out))
		for _, p := range found {
			for f := range like {
				like[f] += elsewhere
			}
			for id, n := range p.to {
				if f, known := b.fault[id]; known {
					like[f] += max(n.Mean-elsewhere, 0)
				}
			}
		}
		for f := range out {
			out[f] *= like[f] / float64(len(found))
		}
	}
	if f, ok := set["response_code"]; ok {
		apply(slices.DeleteFunc(slices.Clone(b.codes[fold(f.State)]), func(p pointer) bool {
			return len(p.to) == 0 || set["response_code_set"].State != "" && set["response_code_set"].State != p.set
		}))
	}
	if f, ok := set["screen_text"]; ok {
		text := fold(cmp.Or(f.State, f.Detail))
		apply(slices.DeleteFunc(slices.Clone(b.messages), func(p pointer) bool { return p.key != text }))
	}
	return out
}

// fold brings a text into the form that messages are compared in: no case, no width, no blanks, no punctuation.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, width.Fold.String(s))
}

// fading keeps old cases from outweighing a changed world: a case's worth halves with this age.
const fading = 180 * 24 * time.Hour

// Worth is what a case still counts: an old one less, one from the future like one of today.
func Worth(r Record, now time.Time) float64 {
	return math.Exp2(-max(float64(now.Sub(r.ClosedAt)), 0) / float64(fading))
}

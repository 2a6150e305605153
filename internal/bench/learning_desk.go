package bench

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/pack"
)

// helpDesk is everybody who deals with a case: it looks, asks, tries and closes by what is recorded and by the numbers it was
// given, never by the cause. So what nobody looked at is missing at random, as it is where records are complete.
type helpDesk struct {
	pack  *pack.Pack
	plain *plainReader
	rng   *rand.Rand

	variable []int // index in the pack, by index in the model
	first    []int // variables of the model that are in the first complaint
	probes   []int
	askable  []int
	tries    []int // steps of the pack that repair something
	restarts []int
	doors    map[string]int // hand-over step by party
}

// Habits of the people in the simulated world.
const (
	saysMessage    = 0.6  // the complaint names what the screen shows
	connected      = 0.35 // terminals with an agent
	probeWorks     = 0.8
	knows          = 0.75 // a question is answered
	mostQuestions  = 14
	patience       = 0.95 // chance to go on after each question
	sureEnough     = 0.85
	restartHabit   = 0.25 // a restart is tried first, whatever is believed
	mostTries      = 4
	mostDoors      = 3
	neverProven    = 0.08 // cases that nobody closes with a sale
	worthExploring = 12   // causes that a question is chosen by
)

func isRestart(step string) bool {
	return strings.Contains(step, "restart") || strings.Contains(step, "reboot")
}

func newDesk(p *pack.Pack, rng *rand.Rand) *helpDesk {
	s := &helpDesk{pack: p, plain: readPlain(p, false), rng: rng, doors: map[string]int{}}
	for i := range p.Variables {
		v := &p.Variables[i]
		if v.Type != pack.State {
			continue
		}
		at := len(s.variable)
		s.variable = append(s.variable, i)
		switch {
		case v.ID == "main_symptom" || v.ID == "screen_message":
			s.first = append(s.first, at)
		case v.Probe != "":
			s.probes = append(s.probes, at)
		}
		if slices.Contains(v.Ask, "merchant") || slices.Contains(v.Ask, "agent") {
			s.askable = append(s.askable, at)
		}
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		switch {
		case step.Kind == pack.Handover:
			s.doors[step.By] = i
		case step.Kind == pack.Repair && len(step.Fixes) > 0 && step.By != "field_engineer" && step.By != "depot":
			s.tries = append(s.tries, i)
			if isRestart(step.ID) {
				s.restarts = append(s.restarts, i)
			}
		}
	}
	return s
}

// attended is one case while it is dealt with.
type attended struct {
	*helpDesk
	record *learn.Record
	look   lookup
	silent []int        // asked in vain
	open   map[int]bool // not looked at, and nobody said that he does not know
	log    []float64    // of the belief
	p      []float64
}

// lookup tells the state of a variable, and whether whoever looks has a word for it.
type lookup func(v int, by finding.Source) (state int, said bool)

// serve deals with a case, and returns what people were asked for in vain.
func (s *helpDesk) serve(r *learn.Record, look lookup, helps func(step int) bool) []int {
	v := &attended{helpDesk: s, record: r, look: look, open: map[int]bool{}, log: make([]float64, len(s.pack.Faults)), p: make([]float64, len(s.pack.Faults))}
	for i := range s.variable {
		v.open[i] = true
	}
	for f, rate := range s.plain.model.Rates.Means() {
		v.log[f] = math.Log(rate)
	}
	for i, first := range s.first {
		if i == 0 || s.rng.Float64() < saysMessage {
			v.see(first, finding.Merchant)
		}
	}
	if s.rng.Float64() < connected {
		for _, probe := range s.probes {
			if s.rng.Float64() < probeWorks {
				v.see(probe, finding.Probe)
			}
		}
	}
	v.ask()
	v.repair(helps)
	return v.silent
}

func (v *attended) see(variable int, by finding.Source) {
	state, said := v.look(variable, by)
	if v.open[variable] = false; !said {
		v.silent = append(v.silent, variable)
		return
	}
	of := &v.pack.Variables[v.variable[variable]]
	v.record.Evidence = append(v.record.Evidence, finding.Finding{Variable: of.ID, State: of.States[state].ID, At: worldEpoch(), Source: by})
	v.weigh(v.plain.reader.P(variable, state), false)
}

// weigh takes a likelihood, or that of the contrary, into the belief. It never quite believes a number.
func (v *attended) weigh(like []float64, contrary bool) {
	for f, p := range like {
		if contrary {
			p = 1 - p
		}
		v.log[f] += math.Log(0.97*p + 0.01)
	}
	top, sum := slices.Max(v.log), 0.0
	for f, l := range v.log {
		v.p[f] = math.Exp(l - top)
		sum += v.p[f]
	}
	for f := range v.p {
		v.p[f] /= sum
	}
}

func (v *attended) ask() {
	for range mostQuestions {
		if slices.Max(v.p) >= sureEnough || v.rng.Float64() >= patience {
			return
		}
		question := v.best()
		if question < 0 {
			return
		}
		if v.rng.Float64() < knows {
			v.see(question, finding.Merchant)
		} else {
			v.open[question], v.silent = false, append(v.silent, question)
		}
	}
}

// best is the question that tells the likely causes apart best, by its minutes.
func (v *attended) best() int {
	likely := leaders(v.p, worthExploring)
	best, most := -1, 0.0
	for _, q := range v.askable {
		if !v.open[q] {
			continue
		}
		minutes := cmp.Or(v.pack.Variables[v.variable[q]].Minutes, 1)
		if told := v.tells(q, likely) / (1 + minutes); told > most {
			best, most = q, told
		}
	}
	return best
}

// tells is the mutual information between a variable and the likely causes.
func (v *attended) tells(q int, likely []int) float64 {
	mass := 0.0
	for _, f := range likely {
		mass += v.p[f]
	}
	sum := 0.0
	for s := range v.plain.model.Variables[q].Leak {
		like, marginal := v.plain.reader.P(q, s), 0.0
		for _, f := range likely {
			marginal += v.p[f] / mass * like[f]
		}
		for _, f := range likely {
			if joint := v.p[f] / mass * like[f]; joint > 0 {
				sum += joint * math.Log(like[f]/marginal)
			}
		}
	}
	return sum
}

func (v *attended) repair(helps func(step int) bool) {
	if len(v.restarts) > 0 && v.rng.Float64() < restartHabit && v.try(v.restarts[v.rng.IntN(len(v.restarts))], helps) {
		return
	}
	for range mostTries {
		step := v.promising()
		if step < 0 {
			break
		}
		if v.try(step, helps) {
			return
		}
	}
	for range mostDoors {
		door, ok := v.door()
		if !ok || v.try(door, helps) {
			return
		}
	}
}

// try carries a step out and reports whether the case is over.
func (v *attended) try(step int, helps func(step int) bool) bool {
	s := &v.pack.Steps[step]
	helped := helps(step)
	v.record.Steps = append(v.record.Steps, learn.Step{ID: s.ID, By: s.By, At: worldEpoch(), Helped: helped, Took: time.Minute})
	if !helped {
		like := make([]float64, len(v.p))
		for f := range v.pack.Faults {
			like[f] = s.Fixes[v.pack.Faults[f].ID].Mean
		}
		v.weigh(like, true)
		return false
	}
	if v.rng.Float64() >= neverProven {
		v.record.Outcome = casefile.Confirmed
	}
	return true
}

// promising is the step with the best chance for its minutes among those not tried, if it has a chance at all.
func (v *attended) promising() int {
	const least = 0.15
	best, most := -1, 0.0
	for _, i := range v.tries {
		s := &v.pack.Steps[i]
		if v.tried(s.ID) {
			continue
		}
		chance := 0.0
		for f := range v.pack.Faults {
			chance += v.p[f] * s.Fixes[v.pack.Faults[f].ID].Mean
		}
		if worth := chance / (5 + s.Cost.DeskMin + s.Cost.MerchantMin); chance >= least && worth > most {
			best, most = i, worth
		}
	}
	return best
}

func (v *attended) tried(step string) bool {
	return slices.ContainsFunc(v.record.Steps, func(s learn.Step) bool { return s.ID == step })
}

// door is the party that most likely can repair it and has not been called.
func (v *attended) door() (int, bool) {
	best, most := -1, 0.0
	for f := range v.pack.Faults {
		if d, ok := v.doors[v.pack.Faults[f].Who]; ok && !v.tried(v.pack.Steps[d].ID) && v.p[f] > most {
			best, most = d, v.p[f]
		}
	}
	return best, best >= 0
}

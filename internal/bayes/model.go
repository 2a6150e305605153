// Package bayes is the mathematics of troubleshooting with one cause at a time. It knows no terminals and no packs,
// only causes, variables, actions and questions by index.
//
// Two halves: Model and Belief give the probability of each cause given what was observed (naive Bayes over one cause
// node, which is what SACSO chose: microseconds an update, so that a planner can afford thousands of them); Planner
// gives the next action or question by the expected cost of repair (ECR) with call-service.
//
// Everything is deterministic, ties go to the smaller index, and nothing here allocates once its workspace is made.
// Evidence that no cause can explain is ErrContradiction, never a NaN.
package bayes

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrContradiction says that the evidence has probability zero under every cause.
var ErrContradiction = errors.New("bayes: the evidence is impossible under every cause")

// tolerance is how far elicited probabilities may exceed one by rounding.
const tolerance = 1e-9

// Link says that a cause brings a variable into a state with probability P.
type Link struct {
	Cause, State int
	P            float64
}

// Variable is one observable. Where a cause leaves a variable alone, with probability one minus the sum of its links,
// the variable follows Leak.
type Variable struct {
	Leak   []float64 // one entry a state, sums to one
	Links  []Link
	Normal []bool // states of a healthy terminal, nil for none; of several causes the one that breaks something is seen
}

// Model is a compiled set of P(state | cause) tables. Read-only, may be shared.
type Model struct {
	causes  int
	tables  [][]float64 // tables[v][s*causes+f]
	states  []int
	effects []effects
}

// effects is what each cause does to one variable, apart from its leak.
type effects struct {
	links  []float64 // links[s*causes+f]
	rest   []float64 // chance that f leaves the variable alone
	breaks []float64 // chance that f brings it into a state that is not normal
	leak   []float64
	normal []bool
}

// NewModel compiles the tables: P(s|f) = links(f,s) + (1 - Σ links(f,·)) · leak(s).
func NewModel(causes int, variables []Variable) (*Model, error) {
	m := &Model{causes: causes, tables: make([][]float64, len(variables)), states: make([]int, len(variables)), effects: make([]effects, len(variables))}
	for v := range variables {
		e, err := compile(causes, &variables[v])
		if err != nil {
			return nil, fmt.Errorf("bayes: variable %d: %w", v, err)
		}
		m.effects[v], m.tables[v], m.states[v] = e, e.table(causes), len(variables[v].Leak)
	}
	return m, nil
}

func compile(causes int, v *Variable) (effects, error) {
	e := effects{links: make([]float64, len(v.Leak)*causes), rest: make([]float64, causes), breaks: make([]float64, causes),
		leak: v.Leak, normal: v.Normal}
	if v.Normal == nil {
		e.normal = make([]bool, len(v.Leak))
	}
	total := 0.0
	for _, l := range v.Leak {
		if !(l >= 0) {
			return effects{}, fmt.Errorf("leak %v is no probability", l)
		}
		total += l
	}
	if math.Abs(total-1) > 1e-6 || len(e.normal) != len(v.Leak) {
		return effects{}, fmt.Errorf("leak sums to %v over %d states, %d of them said to be normal or not", total, len(v.Leak), len(e.normal))
	}
	for f := range e.rest {
		e.rest[f] = 1
	}
	for _, l := range v.Links {
		if l.Cause < 0 || l.Cause >= causes || l.State < 0 || l.State >= len(v.Leak) {
			return effects{}, fmt.Errorf("link to cause %d, state %d is out of range", l.Cause, l.State)
		}
		if e.rest[l.Cause] -= l.P; !(l.P >= 0) || e.rest[l.Cause] < -tolerance {
			return effects{}, fmt.Errorf("links of cause %d sum to more than 1", l.Cause)
		}
		e.links[l.State*causes+l.Cause] += l.P
		if !e.normal[l.State] {
			e.breaks[l.Cause] += l.P
		}
	}
	for f, r := range e.rest {
		e.rest[f] = max(r, 0)
	}
	return e, nil
}

func (e *effects) table(causes int) []float64 {
	table := slices.Clone(e.links)
	for s, leak := range e.leak {
		for f, r := range e.rest {
			table[s*causes+f] += r * leak
		}
	}
	return table
}

// Causes is the number of causes.
func (m *Model) Causes() int { return m.causes }

// States is the number of states of a variable.
func (m *Model) States(v int) int { return m.states[v] }

// Likelihood is P(v = s | f) for every cause f. The slice is the model's own: read only.
func (m *Model) Likelihood(v, s int) []float64 {
	return m.tables[v][s*m.causes : (s+1)*m.causes]
}

// Brought is P(f brings v into s) for every cause f, without what would be so anyway. The slice is the model's own.
func (m *Model) Brought(v, s int) []float64 {
	return m.effects[v].links[s*m.causes : (s+1)*m.causes]
}

// Reading says how a state became known: how far it can be trusted, and how readily it would have been named had it nothing
// to do with the trouble.
type Reading struct {
	Right      float64 // chance that the state is what was read; otherwise any state would have been read as easily
	Incidental float64 // chance that a state that no cause brought about is named at all; 1 for whoever reads everything
}

// Together is P(v is read as s | all of these causes, up to MaxTogether, are present and no other). Each acts on its own.
// Where one or more break the variable, what one of them brings is seen, each with equal chance; where none does, a
// normal state that one of them keeps; where none touches it, the leak.
func (m *Model) Together(v, s int, causes []int, r Reading) float64 {
	e, sum, alone := &m.effects[v], 0.0, 1.0
	for i, f := range causes {
		alone *= e.rest[f]
		p := e.links[s*m.causes+f]
		if p == 0 {
			continue
		}
		var others [MaxTogether - 1]float64
		n, whole := 0, 1.0
		for j, g := range causes {
			switch {
			case i == j:
				continue
			case !e.normal[s]:
				others[n] = e.breaks[g]
			default: // none of the others may break it; whole is that chance, and others the share of it in which g keeps a normal state
				left := max(1-e.breaks[g], 0)
				whole *= left
				if others[n] = 0; left > 0 {
					others[n] = max(left-e.rest[g], 0) / left
				}
			}
			n++
		}
		sum += p * whole * fairShare(others[:n])
	}
	return r.mix(sum, alone*e.leak[s], len(e.leak))
}

// mix joins what the causes brought about with what would be so anyway.
func (r Reading) mix(brought, leaked float64, states int) float64 {
	return r.Right*brought + r.Incidental*(r.Right*leaked+(1-r.Right)/float64(states))
}

// fairShare is E[1/(1+K)], where K counts how many of up to two independent others act as well.
func fairShare(others []float64) float64 {
	switch len(others) {
	case 0:
		return 1
	case 1:
		return 1 - others[0]/2
	default:
		return 1 - (others[0]+others[1])/2 + others[0]*others[1]/3
	}
}

// Soft writes P(v is read as s | f) for every cause f.
func (m *Model) Soft(dst []float64, v, s int, r Reading) {
	e := &m.effects[v]
	for f, brought := range e.links[s*m.causes : (s+1)*m.causes] {
		dst[f] = r.mix(brought, e.rest[f]*e.leak[s], m.states[v])
	}
}

// Information is the mutual information, in nats, between the cause (distributed as p) and an answer: how much asking is
// expected to tell. Answers[a][f] = P(a | f), one row an answer.
func Information(p []float64, answers [][]float64) float64 {
	sum := 0.0
	for _, like := range answers {
		marginal := 0.0
		for f, w := range p {
			marginal += w * like[f]
		}
		if marginal <= 0 {
			continue
		}
		for f, w := range p {
			if joint := w * like[f]; joint > 0 {
				sum += joint * math.Log(like[f]/marginal)
			}
		}
	}
	return max(sum, 0)
}

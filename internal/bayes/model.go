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
	Leak  []float64 // one entry a state, sums to one
	Links []Link
}

// Model is a compiled set of P(state | cause) tables. Read-only, may be shared.
type Model struct {
	causes int
	tables [][]float64 // tables[v][s*causes+f]
	states []int
}

// NewModel compiles the tables: P(s|f) = links(f,s) + (1 - Σ links(f,·)) · leak(s).
func NewModel(causes int, variables []Variable) (*Model, error) {
	m := &Model{causes: causes, tables: make([][]float64, len(variables)), states: make([]int, len(variables))}
	for v := range variables {
		table, err := compile(causes, &variables[v])
		if err != nil {
			return nil, fmt.Errorf("bayes: variable %d: %w", v, err)
		}
		m.tables[v], m.states[v] = table, len(variables[v].Leak)
	}
	return m, nil
}

func compile(causes int, v *Variable) ([]float64, error) {
	total := 0.0
	for _, l := range v.Leak {
		if !(l >= 0) {
			return nil, fmt.Errorf("leak %v is no probability", l)
		}
		total += l
	}
	if math.Abs(total-1) > 1e-6 {
		return nil, fmt.Errorf("leak sums to %v, not 1", total)
	}
	table := make([]float64, len(v.Leak)*causes)
	rest := make([]float64, causes)
	for f := range rest {
		rest[f] = 1
	}
	for _, l := range v.Links {
		if l.Cause < 0 || l.Cause >= causes || l.State < 0 || l.State >= len(v.Leak) {
			return nil, fmt.Errorf("link to cause %d, state %d is out of range", l.Cause, l.State)
		}
		if rest[l.Cause] -= l.P; !(l.P >= 0) || rest[l.Cause] < -tolerance {
			return nil, fmt.Errorf("links of cause %d sum to more than 1", l.Cause)
		}
		table[l.State*causes+l.Cause] += l.P
	}
	for s, leak := range v.Leak {
		for f, r := range rest {
			table[s*causes+f] += max(r, 0) * leak
		}
	}
	return table, nil
}

// Causes is the number of causes.
func (m *Model) Causes() int { return m.causes }

// States is the number of states of a variable.
func (m *Model) States(v int) int { return m.states[v] }

// Likelihood is P(v = s | f) for every cause f. The slice is the model's own: read only.
func (m *Model) Likelihood(v, s int) []float64 {
	return m.tables[v][s*m.causes : (s+1)*m.causes]
}

// Soft writes the likelihood of a report "v is in s" that is right with probability c and otherwise tells nothing:
// c·P(s|f) + (1-c)·(the average of P(·|f) over the states, which is one over their number).
func (m *Model) Soft(dst []float64, v, s int, c float64) {
	average := (1 - c) / float64(m.states[v])
	for f, p := range m.Likelihood(v, s) {
		dst[f] = c*p + average
	}
}

// Information is the mutual information, in nats, between the cause (distributed as p) and the variable: how much
// looking at the variable is expected to tell.
func (m *Model) Information(p []float64, v int) float64 {
	sum := 0.0
	for s := range m.states[v] {
		like := m.Likelihood(v, s)
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

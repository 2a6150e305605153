package learning

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Model is the single-cause model as counts: one cause is at work; it brings a variable into a state by a link, or leaves
// it alone, and the variable then follows its leak. Actions cure causes; an action that does not cure may seem to help.
type Model struct {
	Rates     Counts // over causes
	Variables []Variable
	Actions   []Action
}

// Variable is one observable.
type Variable struct {
	Leak []float64 // how it looks when the cause leaves it alone; sums to one; not learned
	Rows []Row     // at most one a cause; a cause without one always leaves the variable alone
}

// Row is what one cause does to a variable.
type Row struct {
	Cause  int
	States []int     // the states that the cause has links to
	Counts Counts    // parallel to States, and one more at the end: the cause leaves it alone
	Leak   []float64 // instead of the variable's, where the cause excludes states; nil otherwise
}

// Action is something that is done about the cause. Seems counts how often it seemed to help although it cured nothing, and
// how often not: a restart gets the credit for what passes by itself.
type Action struct {
	Fixes []Fix
	Seems Counts
}

// Fix says how often an action cures a cause: counts of cured and not cured.
type Fix struct {
	Cause  int
	Counts Counts
}

// Case is what is known of one closed case.
type Case struct {
	Weight   float64 // what the case is worth: 1, less when it is old
	Cause    int     // the cause that somebody named; Latent when nobody did
	Sure     float64 // probability that the name is right; otherwise it tells nothing
	Evidence []Observation
	Outcomes []Outcome
	Lift     []float64 // likelihood of each cause by evidence outside the tables; nil for none
}

// Latent stands for a cause that nobody named.
const Latent = -1

// Observation is a report that a variable is in a state. It is right with probability Trust and otherwise tells nothing.
// Less is what is taken off its weight because it partly repeats what others said: 0 for nothing. Unsaid is the chance that
// the state would not have been named had the cause not brought it about: 0 for whoever reads everything.
type Observation struct {
	Variable, State int
	Trust           float64
	Less            float64
	Unsaid          float64
}

// Outcome is an action with what seemed to come of it.
type Outcome struct {
	Action int
	Helped bool
}

// ErrShape says that a model or a case is not whole.
var ErrShape = errors.New("learning: the model or a case is not whole")

// Check says what is wrong with a model.
func (m *Model) Check() error {
	if len(m.Rates) == 0 || !positive(m.Rates) {
		return fmt.Errorf("%w: %d rates", ErrShape, len(m.Rates))
	}
	for v, variable := range m.Variables {
		for _, r := range variable.Rows {
			whole := r.Cause >= 0 && r.Cause < len(m.Rates) && len(r.Counts) == len(r.States)+1 && positive(r.Counts) &&
				(r.Leak == nil || len(r.Leak) == len(variable.Leak))
			if !whole || slices.ContainsFunc(r.States, func(s int) bool { return s < 0 || s >= len(variable.Leak) }) {
				return fmt.Errorf("%w: variable %d, cause %d", ErrShape, v, r.Cause)
			}
		}
	}
	for a, action := range m.Actions {
		if len(action.Seems) != 2 || !positive(action.Seems) {
			return fmt.Errorf("%w: action %d", ErrShape, a)
		}
		for _, f := range action.Fixes {
			if f.Cause < 0 || f.Cause >= len(m.Rates) || len(f.Counts) != 2 || !positive(f.Counts) {
				return fmt.Errorf("%w: action %d, cause %d", ErrShape, a, f.Cause)
			}
		}
	}
	return nil
}

// positive also keeps out NaN and infinity.
func positive(c Counts) bool {
	return c.Experience() > 0 && !slices.ContainsFunc(c, func(a float64) bool { return !(a >= 0) || math.IsInf(a, 1) })
}

func (m *Model) checkCase(c *Case) error {
	if !(c.Weight >= 0) || c.Cause < Latent || c.Cause >= len(m.Rates) || c.Cause != Latent && !(c.Sure >= 0 && c.Sure <= 1) {
		return fmt.Errorf("%w: cause %d, weight %v", ErrShape, c.Cause, c.Weight)
	}
	if c.Lift != nil && len(c.Lift) != len(m.Rates) {
		return fmt.Errorf("%w: lift of %d causes", ErrShape, len(c.Lift))
	}
	for _, o := range c.Evidence {
		if o.Variable < 0 || o.Variable >= len(m.Variables) || o.State < 0 || o.State >= len(m.Variables[o.Variable].Leak) || !(o.Trust >= 0 && o.Trust <= 1) || !(o.Less >= 0 && o.Less < 1) || !(o.Unsaid >= 0 && o.Unsaid < 1) {
			return fmt.Errorf("%w: observation %+v", ErrShape, o)
		}
	}
	for _, o := range c.Outcomes {
		if o.Action < 0 || o.Action >= len(m.Actions) {
			return fmt.Errorf("%w: outcome %+v", ErrShape, o)
		}
	}
	return nil
}

// Clone copies the counts; what is not learned is shared.
func (m *Model) Clone() *Model {
	out := &Model{Rates: m.Rates.Clone(), Variables: slices.Clone(m.Variables), Actions: slices.Clone(m.Actions)}
	for v := range out.Variables {
		rows := slices.Clone(out.Variables[v].Rows)
		for r := range rows {
			rows[r].Counts = rows[r].Counts.Clone()
		}
		out.Variables[v].Rows = rows
	}
	for a := range out.Actions {
		fixes := slices.Clone(out.Actions[a].Fixes)
		for f := range fixes {
			fixes[f].Counts = fixes[f].Counts.Clone()
		}
		out.Actions[a].Fixes, out.Actions[a].Seems = fixes, out.Actions[a].Seems.Clone()
	}
	return out
}

// each visits all counts of two models of one structure, in one order.
func (m *Model) each(other *Model, visit func(a, b Counts)) {
	visit(m.Rates, other.Rates)
	for v := range m.Variables {
		for r := range m.Variables[v].Rows {
			visit(m.Variables[v].Rows[r].Counts, other.Variables[v].Rows[r].Counts)
		}
	}
	for a := range m.Actions {
		visit(m.Actions[a].Seems, other.Actions[a].Seems)
		for f := range m.Actions[a].Fixes {
			visit(m.Actions[a].Fixes[f].Counts, other.Actions[a].Fixes[f].Counts)
		}
	}
}

// empty is a model of the same structure with all counts zero.
func (m *Model) empty() *Model {
	out := m.Clone()
	out.each(out, func(a, _ Counts) { clear(a) })
	return out
}

// add adds other's counts.
func (m *Model) add(other *Model) {
	m.each(other, func(a, b Counts) {
		for i := range a {
			a[i] += b[i]
		}
	})
}

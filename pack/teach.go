package pack

import (
	"math"
	"slices"
	"strings"
)

// What cases can teach beside rates and cures. A revision never adds a fault, a step, a state or a link: the structure
// stays the authors'. The one exception are contexts, because which terminals a fleet has no author can know.

// SetShows changes how often a fault brings a variable into the states it already shows there; all of them at once, since
// together they may not exceed one.
func (r *Revision) SetShows(fault, variable string, shows map[string]Number) {
	i, ok := r.pack.fault[fault]
	if !ok {
		r.refuse("shows of %s: no such fault", fault)
		return
	}
	was, sum := r.pack.Faults[i].Shows[variable], 0.0
	for state, n := range shows {
		if _, known := was[state]; !known || !(n.Mean >= 0) || !(n.Experience > 0) {
			r.refuse("shows of %s: %s %s %v", fault, variable, state, n.Mean)
			return
		}
		sum += n.Mean
	}
	if len(was) == 0 || len(shows) != len(was) || sum > 1+sumSlack {
		r.refuse("shows of %s: %s has %d states with a sum of %v", fault, variable, len(shows), sum)
		return
	}
	r.pack.Faults[i].Shows[variable] = shows
}

// SetDowntime changes how many minutes pass until the result of a step is known.
func (r *Revision) SetDowntime(step string, minutes float64) {
	i, ok := r.pack.step[step]
	if !ok || !(minutes > 0) || math.IsInf(minutes, 1) {
		r.refuse("minutes of step %s: %v", step, minutes)
		return
	}
	r.pack.Steps[i].Cost.DowntimeMin = minutes
}

// SetMinutes changes how long it takes to find a variable out.
func (r *Revision) SetMinutes(variable string, minutes float64) {
	i, ok := r.pack.variable[variable]
	if !ok || !(minutes > 0) || math.IsInf(minutes, 1) {
		r.refuse("minutes of %s: %v", variable, minutes)
		return
	}
	r.pack.Variables[i].Minutes = minutes
}

// SetContext adds a context that holds where an attribute of the terminal has a value, or replaces the one of that id. The
// attribute is a variable with free values; a pack that lacks it gains it.
func (r *Revision) SetContext(id string, attribute Variable, value string, multiply map[string]Number) {
	for fault, n := range multiply {
		if _, ok := r.pack.fault[fault]; !ok || !(n.Mean > 0) || math.IsInf(n.Mean, 1) {
			r.refuse("context %s: %s %v", id, fault, n.Mean)
			return
		}
	}
	if i, known := r.pack.variable[attribute.ID]; id == "" || value == "" || attribute.Type != String || (known && r.pack.Variables[i].Type != String) {
		r.refuse("context %s: %s is no variable with free values", id, attribute.ID)
		return
	} else if !known {
		r.pack.Variables = append(r.pack.Variables, attribute)
	}
	r.pack.Contexts = slices.DeleteFunc(r.pack.Contexts, func(c Context) bool { return c.ID == id })
	r.pack.Contexts = append(r.pack.Contexts, Context{ID: id, When: map[string][]string{attribute.ID: {value}}, Multiply: multiply})
	slices.SortFunc(r.pack.Contexts, func(a, b Context) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(r.pack.Variables, func(a, b Variable) int { return strings.Compare(a.ID, b.ID) })
	r.pack.index()
}

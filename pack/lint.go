package pack

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// WarningKind says what is odd in a pack that has no mistakes.
type WarningKind string

// The kinds of warnings.
const (
	Unreachable WarningKind = "unreachable" // a fault that can never be the answer
	Unused      WarningKind = "unused"      // a variable nobody asks, reads or speaks of
	Impossible  WarningKind = "impossible"  // a state that nothing can bring about
	Twins       WarningKind = "twins"       // two faults that look almost the same
	Unguarded   WarningKind = "unguarded"   // a hazard that keeps nobody from anything
	NoCure      WarningKind = "no_cure"     // a fault that only a hand-over repairs
	Overlap     WarningKind = "overlap"     // codes of one set that together are shown more than always
)

// Warning is something the author should look at. About names the ids it is about.
type Warning struct {
	Kind  WarningKind
	About []string
	Text  Text
}

// twinDistance is the largest distance (total variation, 0-1) on any variable at which two faults still count as
// twins: an answer on the most telling variable then moves the odds of the two by little.
const twinDistance = 0.25

// Lint looks for what is allowed and yet probably not meant. The order is the same for the same pack.
func Lint(p *Pack) []Warning {
	var out []Warning
	out = append(out, lintFaults(p)...)
	out = append(out, lintVariables(p)...)
	out = append(out, lintCodes(p)...)
	out = append(out, lintHazards(p)...)
	return append(out, lintTwins(p)...)
}

func warn(kind WarningKind, zh, en string, about ...string) Warning {
	return Warning{Kind: kind, About: about, Text: Text{ZH: zh, EN: en}}
}

func lintFaults(p *Pack) []Warning {
	pointed := pointedAt(p)
	cured := map[string]bool{}
	for _, s := range p.Steps {
		for f := range s.Fixes {
			cured[f] = cured[f] || s.Kind == Repair
		}
	}
	var out []Warning
	for _, f := range p.Faults {
		if f.Rate.Mean == 0 {
			out = append(out, warn(Unreachable, f.ID+" 的发生率为 0，永远不会被判为原因", f.ID+" has the rate 0 and can never be the answer", f.ID))
		}
		if len(f.Shows) == 0 && !pointed[f.ID] {
			out = append(out, warn(Unreachable, "没有任何现象指向 "+f.ID, "nothing shows "+f.ID, f.ID))
		}
		if !cured[f.ID] {
			out = append(out, warn(NoCure, f.ID+" 没有修复步骤，只能转交", f.ID+" has no step that repairs it, only a hand-over", f.ID))
		}
	}
	return out
}

// pointedAt are the faults that a code or message points to.
func pointedAt(p *Pack) map[string]bool {
	out := map[string]bool{}
	for _, c := range p.Codes {
		for f := range c.PointsTo {
			out[f] = true
		}
	}
	for _, m := range p.Messages {
		for f := range m.PointsTo {
			out[f] = true
		}
	}
	return out
}

func lintVariables(p *Pack) []Warning {
	shown := shownStates(p)
	used := usedVariables(p)
	var out []Warning
	for _, v := range p.Variables {
		if !used[v.ID] && len(shown[v.ID]) == 0 {
			out = append(out, warn(Unused, v.ID+" 没有任何故障表现它，也没有人用到它", "no fault shows "+v.ID+" and nothing uses it", v.ID))
		}
		if len(v.Ask) == 0 && v.Probe == "" {
			out = append(out, warn(Unused, v.ID+" 没有人可问，也没有探测能读到", "nobody can be asked for "+v.ID+" and no probe reads it", v.ID))
		}
		for i, s := range v.States {
			if v.Leak[i] == 0 && !shown[v.ID][s.ID] {
				out = append(out, warn(Impossible, v.ID+" 的 "+s.ID+" 永远不会出现", "nothing can bring "+v.ID+" into "+s.ID, v.ID, s.ID))
			}
		}
	}
	return out
}

func shownStates(p *Pack) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, f := range p.Faults {
		for v, row := range f.Shows {
			if out[v] == nil {
				out[v] = map[string]bool{}
			}
			for s, n := range row {
				out[v][s] = out[v][s] || n.Mean > 0
			}
		}
	}
	return out
}

// usedVariables are those that conditions, steps, phrases, codes and messages speak of.
func usedVariables(p *Pack) map[string]bool {
	out := map[string]bool{"response_code": len(p.Codes) > 0, codeSetVariable: len(p.Codes) > 0,
		"screen_text": len(p.Messages) > 0, messageVariable: len(p.Messages) > 0}
	note := func(conditions map[string][]string) {
		for v := range conditions {
			out[v] = true
		}
	}
	for _, f := range p.Faults {
		note(f.OnlyIf)
	}
	for _, c := range p.Contexts {
		note(c.When)
	}
	for _, s := range p.Steps {
		note(s.Needs)
		out[s.Learns] = true
	}
	for _, ph := range p.Phrases {
		out[ph.Variable] = true
	}
	return out
}

func lintCodes(p *Pack) []Warning {
	sums := map[[2]string]float64{}
	for _, c := range p.Codes {
		for f, n := range c.PointsTo {
			sums[[2]string{c.Set, f}] += n.Mean
		}
	}
	var out []Warning
	for k, sum := range sums {
		if sum > 1+sumSlack {
			out = append(out, warn(Overlap, fmt.Sprintf("%s 的代码对 %s 的概率合计为 %s，超过 1", k[0], k[1], plain(roundSum(sum))),
				fmt.Sprintf("the codes of %s are shown with %s more than always: their numbers sum to %s", k[0], k[1], plain(roundSum(sum))), k[0], k[1]))
		}
	}
	slices.SortFunc(out, func(a, b Warning) int { return slices.Compare(a.About, b.About) })
	return out
}

func lintHazards(p *Pack) []Warning {
	carried, broken := map[string]bool{}, map[string]bool{}
	for _, f := range p.Faults {
		for _, h := range f.Hazards {
			carried[h] = true
		}
	}
	for _, s := range p.Steps {
		for _, h := range s.Breaks {
			broken[h] = true
		}
	}
	var out []Warning
	for _, h := range Hazards() {
		if h.Forbids && carried[h.ID] && !broken[h.ID] {
			out = append(out, warn(Unguarded, "有故障带有 "+h.ID+"，但没有任何步骤声明会违反它", "faults carry "+h.ID+", but no step says that it breaks it", h.ID))
		}
	}
	return out
}

// lintTwins finds pairs of faults that no single answer separates.
func lintTwins(p *Pack) []Warning {
	looks := make([]map[string][]float64, len(p.Faults))
	for i := range p.Faults {
		looks[i] = look(p, &p.Faults[i])
	}
	var out []Warning
	for i := range p.Faults {
		for j := i + 1; j < len(p.Faults); j++ {
			if len(p.Faults[i].Shows) == 0 || len(p.Faults[j].Shows) == 0 {
				continue // said already: nothing shows one of them
			}
			if v, d := farthest(p, looks[i], looks[j]); d < twinDistance {
				out = append(out, twins(p.Faults[i].ID, p.Faults[j].ID, v, d))
			}
		}
	}
	return out
}

func twins(a, b, variable string, distance float64) Warning {
	if variable == "" {
		return warn(Twins, fmt.Sprintf("%s 和 %s 的表现完全一样，没有任何问题能区分", a, b), fmt.Sprintf("%s and %s look the same on every variable", a, b), a, b)
	}
	return warn(Twins, fmt.Sprintf("%s 和 %s 几乎一样；最能区分的是 %s（相差 %.2f）", a, b, variable, distance),
		fmt.Sprintf("%s and %s look almost the same; %s separates them most (%.2f)", a, b, variable, distance), a, b, variable)
}

// look is how every variable that a fault touches looks when it is the fault: parallel to the variable's states.
func look(p *Pack, f *Fault) map[string][]float64 {
	out := map[string][]float64{}
	for i := range p.Variables {
		v := &p.Variables[i]
		row, shown := f.Shows[v.ID]
		allowed, limited := f.OnlyIf[v.ID]
		if len(v.States) == 0 || (!shown && !limited) {
			continue
		}
		rest := 1.0
		for _, n := range row {
			rest -= n.Mean
		}
		distribution := make([]float64, len(v.States))
		sum := 0.0
		for k, s := range v.States {
			if limited && !slices.Contains(allowed, s.ID) {
				continue
			}
			distribution[k] = row[s.ID].Mean + max(rest, 0)*v.Leak[k]
			sum += distribution[k]
		}
		for k := range distribution {
			if sum > 0 {
				distribution[k] /= sum
			}
		}
		out[v.ID] = distribution
	}
	return out
}

// farthest gives the variable on which two faults differ most, and by how much.
func farthest(p *Pack, a, b map[string][]float64) (variable string, distance float64) {
	for i := range p.Variables {
		v := &p.Variables[i]
		pa, ina := a[v.ID]
		pb, inb := b[v.ID]
		if !ina && !inb {
			continue
		}
		if !ina {
			pa = v.Leak
		}
		if !inb {
			pb = v.Leak
		}
		if d := totalVariation(pa, pb); d > distance {
			variable, distance = v.ID, d
		}
	}
	return variable, distance
}

func totalVariation(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum / 2
}

// byMean orders the states of a row, most probable first.
func byMean(row map[string]Number) []string {
	states := keysOf(row)
	slices.SortStableFunc(states, func(a, b string) int {
		return cmp.Or(cmp.Compare(row[b].Mean, row[a].Mean), strings.Compare(a, b))
	})
	return states
}

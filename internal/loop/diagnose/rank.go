package diagnose

import (
	"cmp"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes"
)

// WordFor puts a probability into a word.
func WordFor(p float64) Word {
	switch {
	case p >= 0.8:
		return VeryLikely
	case p >= 0.5:
		return Likely
	case p >= 0.3:
		return Unsure
	default:
		return Unnamed
	}
}

const (
	maxReasons  = 6   // for and against, each
	leastReason = 0.1 // nats; what weighs less is noise
	leastRanked = 1e-4
)

// order lists the faults, most probable first; ties by id, which is the order of the pack.
func (e *Engine) order(p []float64) []int {
	out := make([]int, e.faults)
	for f := range out {
		out[f] = f
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	return out
}

func (e *Engine) rank(ev *evidence, b belief, order []int) []Ranked {
	var out []Ranked
	for i, f := range order[:min(len(order), MaxRanked)] {
		p := b.present[f]
		if i > 0 && p < leastRanked {
			break
		}
		fault := &e.pack.Faults[f]
		r := Ranked{Fault: fault.ID, Name: fault.Name, Group: fault.Group, Who: fault.Who, P: p, Word: WordFor(p),
			Hazards: fault.Hazards}
		r.For, r.Against = reasons(ev, b.cause, f)
		out = append(out, r)
	}
	return out
}

// together names the faults of the most probable explanation when it takes more than one.
func (e *Engine) together(b belief) []string {
	if len(b.sets) == 0 || len(b.sets[0].Causes) < 2 {
		return nil
	}
	var out []string
	for _, f := range b.sets[0].Causes {
		if f == e.faults { // one known fault and something unknown: only the known one can be named
			return nil
		}
		out = append(out, e.pack.Faults[f].ID)
	}
	return out
}

func reasons(ev *evidence, p []float64, f int) (pro, contra []Reason) {
	for _, it := range ev.items {
		if it.group == unansweredGroup {
			continue
		}
		w := bayes.WeightOfEvidence(p, it.log, f)
		r := Reason{Variable: it.finding.Variable, State: it.finding.State, Weight: w, At: it.finding.At}
		switch {
		case w >= leastReason:
			pro = append(pro, r)
		case w <= -leastReason:
			contra = append(contra, r)
		}
	}
	strongest := func(a, b Reason) int {
		return cmp.Or(cmp.Compare(abs(b.Weight), abs(a.Weight)), cmp.Compare(a.Variable, b.Variable))
	}
	slices.SortFunc(pro, strongest)
	slices.SortFunc(contra, strongest)
	return pro[:min(len(pro), maxReasons)], contra[:min(len(contra), maxReasons)]
}

func abs(x float64) float64 { return max(x, -x) }

// surprise is the probability of "none of the known faults" from which on the diagnosis says so.
const surprise = 0.5

package bayes

import (
	"cmp"
	"math"
	"slices"
)

// MaxTogether is how many causes a set may hold. Four independent faults at one terminal at one time are rarer than a wrong
// table, so nothing beyond three is worth weighing.
const MaxTogether = 3

// Set is a set of up to MaxTogether causes that are present at the same time, and nothing else is.
type Set struct {
	Causes []int // ascending
	P      float64
}

// Several is a belief over sets of causes. It is exact over all sets of up to MaxTogether of the given candidates, and
// over every single cause; a workspace of one goroutine.
//
// The single-cause belief is its own special case: with Second at zero no set of two has weight, and Marginals are the
// posterior of Belief.
type Several struct {
	// Second is the chance that, given one cause, another independent one is present as well.
	Second float64

	sets      []Set
	marginals []float64
}

// Evidence is one piece of evidence as Several sees it: what it does to single causes, and to several at once.
type Evidence interface {
	// Log is the log-likelihood under a set of causes, with whatever weight the evidence has.
	Log(causes []int) float64
}

// Weigh computes the posterior over sets. Prior holds one weight a cause, log the log-likelihood of all the evidence
// under each single cause (so that single causes cost nothing again), candidates the causes that may be combined.
// It returns ErrContradiction when no set can explain the evidence.
func (s *Several) Weigh(prior, log []float64, evidence []Evidence, candidates []int) error {
	total := 0.0
	for _, w := range prior {
		total += w
	}
	s.sets = s.sets[:0]
	for f, w := range prior {
		s.sets = append(s.sets, Set{Causes: []int{f}, P: math.Log(w/total) + log[f]})
	}
	if s.Second > 0 {
		s.combine(prior, total, evidence, slices.Sorted(slices.Values(candidates)))
	}
	return s.normalise(len(prior))
}

// combine adds the sets of two and three. Each further cause is independent of the others and has the chance Second,
// spread as the priors are.
func (s *Several) combine(prior []float64, total float64, evidence []Evidence, candidates []int) {
	weigh := func(causes ...int) {
		log := math.Log(s.Second) * float64(len(causes)-1)
		for _, f := range causes {
			log += math.Log(prior[f] / total)
		}
		for _, e := range evidence {
			if log += e.Log(causes); math.IsInf(log, -1) {
				return
			}
		}
		s.sets = append(s.sets, Set{Causes: causes, P: log})
	}
	for i, f := range candidates {
		for j, g := range candidates[i+1:] {
			weigh(f, g)
			for _, h := range candidates[i+1+j+1:] {
				weigh(f, g, h)
			}
		}
	}
}

func (s *Several) normalise(causes int) error {
	top, sum := math.Inf(-1), 0.0
	for _, set := range s.sets {
		top = max(top, set.P)
	}
	s.marginals = slices.Grow(s.marginals[:0], causes)[:causes]
	clear(s.marginals)
	if math.IsInf(top, -1) || math.IsNaN(top) {
		s.sets = s.sets[:0]
		return ErrContradiction
	}
	for i := range s.sets {
		s.sets[i].P = math.Exp(s.sets[i].P - top)
		sum += s.sets[i].P
	}
	for i := range s.sets {
		s.sets[i].P /= sum
		for _, f := range s.sets[i].Causes {
			s.marginals[f] += s.sets[i].P
		}
	}
	return nil
}

// Marginals is P(cause is present | evidence) for each cause; they sum to the expected number of causes. The slice is the
// workspace's own.
func (s *Several) Marginals() []float64 { return s.marginals }

// Collapse writes the distribution over one cause at a time that planning needs: each cause in proportion to the chance
// that it is present. (Odds instead of chances are right where causes were independent given the evidence; they are not: evidence that
// one cause explains needs no other, and odds would then exaggerate the leader.)
func (s *Several) Collapse(dst []float64) {
	sum := 0.0
	for _, p := range s.marginals {
		sum += p
	}
	for f, p := range s.marginals {
		dst[f] = p / sum
	}
}

// Best gives the n most probable sets; ties to the smaller set, then to the smaller indices.
func (s *Several) Best(n int) []Set {
	out := slices.Clone(s.sets)
	slices.SortFunc(out, func(a, b Set) int {
		return cmp.Or(cmp.Compare(b.P, a.P), cmp.Compare(len(a.Causes), len(b.Causes)), slices.Compare(a.Causes, b.Causes))
	})
	return out[:min(n, len(out))]
}

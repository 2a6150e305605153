// Package explain says why: which faults together explain the evidence best (most relevant explanation), what each
// piece of evidence did to an answer (weight of evidence), and how far each number of a network would have to be wrong
// for the answer to change (sensitivity).
//
// Everything is computed exactly on a compiled tree and is deterministic. An Explainer and what it prepares are
// immutable and may be shared by goroutines; each call works in queries of its own.
package explain

import (
	"errors"
	"math"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// ErrQuestion says that a question names what is not there: a variable, a state or a number out of range, or two
// findings on one variable.
var ErrQuestion = errors.New("explain: the question names what is not in the network, or names it twice")

// Finding is a piece of evidence: a variable in a state or, where Likelihood is not nil, the probability of what was
// seen under each of its states.
type Finding struct {
	Variable, State int
	Likelihood      []float64
}

// settled reports whether the finding leaves only one state.
func (f Finding) settled() bool {
	possible := 0
	for _, l := range f.Likelihood {
		if l > 0 {
			possible++
		}
	}
	return f.Likelihood == nil || possible <= 1
}

// Explainer explains answers of one network.
type Explainer struct {
	network *network.Network
	tree    *jointree.Tree
}

// New makes an explainer. The tree is the one that the network was compiled to; neither may change afterwards.
func New(n *network.Network, tree *jointree.Tree) *Explainer {
	return &Explainer{network: n, tree: tree}
}

func (x *Explainer) has(o network.Observation) bool {
	return o.Variable >= 0 && o.Variable < len(x.network.Variables) && o.State >= 0 && o.State < x.network.States(o.Variable)
}

// check refuses findings that name what is not there.
func (x *Explainer) check(evidence []Finding) error {
	seen := make(map[int]bool, len(evidence))
	for _, f := range evidence {
		o := network.Observation{Variable: f.Variable, State: f.State}
		if f.Likelihood != nil {
			o.State = 0
		}
		if !x.has(o) || seen[f.Variable] || f.Likelihood != nil && len(f.Likelihood) != x.network.States(f.Variable) {
			return ErrQuestion
		}
		seen[f.Variable] = true
	}
	return nil
}

// observe gives a finding to a query.
func (f Finding) observe(q *jointree.Query) {
	if f.Likelihood != nil {
		q.Likelihood(f.Variable, f.Likelihood)
		return
	}
	q.Observe(f.Variable, f.State)
}

// ask gives a query with the evidence, propagated.
func (x *Explainer) ask(tree *jointree.Tree, evidence []Finding) (*jointree.Query, error) {
	q := tree.NewQuery()
	for _, f := range evidence {
		f.observe(q)
	}
	return q, q.Propagate()
}

// chance is the probability of something, and of its opposite. Both are sums of probabilities: a tiny opposite keeps its
// digits, where one minus the other would lose them.
type chance struct{ is, not float64 }

// chanceOf reads a state of a posterior.
func chanceOf(posterior []float64, state int) chance {
	c := chance{is: posterior[state]}
	for s, p := range posterior {
		if s != state {
			c.not += p
		}
	}
	return c
}

// and is the chance of this and of something whose chance given this is next.
func (c chance) and(next chance) chance {
	return chance{is: c.is * next.is, not: c.not + c.is*next.not}
}

// logOdds may be infinite.
func (c chance) logOdds() float64 { return math.Log(c.is) - math.Log(c.not) }

// Weight is what one finding does to an answer, by leaving it out.
type Weight struct {
	Finding int     // index into the evidence
	Without float64 // the answer without it
	// LogOdds is by how much the finding moves the natural logarithm of the odds of the answer: above zero it speaks for
	// it. It is infinite where the finding alone makes the answer certain or impossible, and never NaN.
	LogOdds float64
}

// Weights gives the answer, P(target | evidence), and for each finding what it does to it.
func (x *Explainer) Weights(evidence []Finding, target network.Observation) (float64, []Weight, error) {
	if err := x.check(evidence); err != nil || !x.has(target) {
		return 0, nil, errors.Join(err, errUnless(x.has(target)))
	}
	q, err := x.ask(x.tree, evidence)
	if err != nil {
		return 0, nil, err
	}
	with := chanceOf(q.Posterior(target.Variable), target.State)
	weights := make([]Weight, len(evidence))
	for i, f := range evidence {
		q.Forget(f.Variable)
		if err := q.Propagate(); err != nil {
			return 0, nil, err // less evidence than something possible is possible; only rounding can fail
		}
		without := chanceOf(q.Posterior(target.Variable), target.State)
		weights[i] = Weight{Finding: i, Without: without.is, LogOdds: difference(with.logOdds(), without.logOdds())}
		f.observe(q)
	}
	return with.is, weights, nil
}

func errUnless(ok bool) error {
	if ok {
		return nil
	}
	return ErrQuestion
}

// difference of two numbers, zero where they are the same infinity.
func difference(a, b float64) float64 {
	if a == b {
		return 0
	}
	return a - b
}

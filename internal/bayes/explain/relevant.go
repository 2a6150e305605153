package explain

import (
	"cmp"
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
)

// Target is a variable that may be at fault, and the states of it that are one.
type Target struct {
	Variable int
	Abnormal []int
}

// MaxFaults bounds the abnormal states of all targets together: time and memory grow with its third power.
const MaxFaults = 256

// LargestExplanation is how many faults an explanation may name.
const LargestExplanation = 3

// Explanation is a set of faults that may be present together, in the order of their variables. Nothing is said of the
// other targets.
type Explanation struct {
	Faults []network.Observation
	// LogFactor is the natural logarithm of the generalised Bayes factor P(e|x)/P(e|not x): how much better the evidence
	// fits when all these faults are present than when not all of them are. It may be infinite.
	LogFactor float64
	Prior     float64 // P(x)
	Posterior float64 // P(x|e)
}

// Faults are targets with what is known about them before any evidence: of each fault, of each two and of each three
// together. It is immutable.
type Faults struct {
	explainer *Explainer
	list      []network.Observation // by variable, then state
	group     []int                 // faults of different groups are independent of each other
	one       []chance
	two       [][]chance   // [a][b-a-1]
	three     [][][]chance // [a][b-a-1][c-b-1]; nil where the groups say it all
}

// Prepare computes what does not depend on evidence, for at most MaxFaults abnormal states. It takes one propagation for each pair of faults that depend on each
// other, and is done once for a network.
func (x *Explainer) Prepare(targets []Target) (*Faults, error) {
	f := &Faults{explainer: x}
	seen := map[network.Observation]bool{}
	for _, t := range targets {
		for _, s := range t.Abnormal {
			o := network.Observation{Variable: t.Variable, State: s}
			if !x.has(o) || seen[o] || len(f.list) == MaxFaults {
				return nil, ErrQuestion
			}
			seen[o] = true
			f.list = append(f.list, o)
		}
	}
	slices.SortFunc(f.list, func(a, b network.Observation) int {
		return cmp.Or(cmp.Compare(a.Variable, b.Variable), cmp.Compare(a.State, b.State))
	})
	f.group = x.groups(f.list)
	q, err := x.ask(x.tree, nil)
	if err != nil {
		return nil, err
	}
	f.one = f.alone(q)
	if f.two, err = f.pairs(q, nil, f.one); err != nil {
		return nil, err
	}
	return f, f.triples(q)
}

// groups puts faults whose variables share an ancestor together. Without evidence, groups are independent of each other,
// because no ancestor of one is an ancestor of another.
func (x *Explainer) groups(list []network.Observation) []int {
	root := make([]int, len(x.network.Nodes))
	for v := range root {
		root[v] = v
	}
	find := func(v int) int {
		for root[v] != v {
			root[v] = root[root[v]]
			v = root[v]
		}
		return v
	}
	reached := make([]bool, len(root))
	var climb func(v int)
	climb = func(v int) {
		reached[v] = true
		for _, p := range x.network.Nodes[v].Parents {
			root[find(p)] = find(v)
			if !reached[p] {
				climb(p)
			}
		}
	}
	group := make([]int, len(list))
	for _, o := range list {
		if !reached[o.Variable] {
			climb(o.Variable)
		}
	}
	for i, o := range list {
		group[i] = find(o.Variable)
	}
	return group
}

// alone reads each fault.
func (f *Faults) alone(q *jointree.Query) []chance {
	out := make([]chance, len(f.list))
	for i, o := range f.list {
		out[i] = chanceOf(q.Posterior(o.Variable), o.State)
	}
	return out
}

// pairs supposes one fault after another and reads the others. Two states of one variable are impossible together.
func (f *Faults) pairs(q *jointree.Query, evidence []Finding, one []chance) ([][]chance, error) {
	out := make([][]chance, len(f.list))
	for a, o := range f.list {
		if out[a] = make([]chance, len(f.list)-a-1); one[a].is == 0 {
			continue
		}
		q.Observe(o.Variable, o.State)
		if err := q.Propagate(); err != nil {
			return nil, err
		}
		f.rest(q, out[a], a, one[a])
		release(q, evidence, o.Variable)
	}
	return out, nil
}

// release takes back what was supposed of a variable: what was found of it stands again.
func release(q *jointree.Query, evidence []Finding, v int) {
	for _, f := range evidence {
		if f.Variable == v {
			f.observe(q)
			return
		}
	}
	q.Forget(v)
}

// rest reads the faults after the last supposed one, together with what is supposed.
func (f *Faults) rest(q *jointree.Query, out []chance, last int, supposed chance) {
	for i := range out {
		if o := f.list[last+1+i]; o.Variable != f.list[last].Variable {
			out[i] = supposed.and(chanceOf(q.Posterior(o.Variable), o.State))
		}
	}
}

// triples supposes each two faults whose groups do not tell what a third one does.
func (f *Faults) triples(q *jointree.Query) error {
	f.three = make([][][]chance, len(f.list))
	for a := range f.list {
		f.three[a] = make([][]chance, len(f.two[a]))
		for i, two := range f.two[a] {
			b := a + 1 + i
			if two.is == 0 || f.group[a] != f.group[b] || !slices.Contains(f.group[b+1:], f.group[b]) {
				continue
			}
			f.three[a][i] = make([]chance, len(f.list)-b-1)
			if err := f.suppose(q, nil, a, b, two, f.three[a][i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// suppose reads every third fault together with two of them.
func (f *Faults) suppose(q *jointree.Query, evidence []Finding, a, b int, two chance, out []chance) error {
	for _, o := range []network.Observation{f.list[a], f.list[b]} {
		q.Observe(o.Variable, o.State)
	}
	if err := q.Propagate(); err != nil {
		return err
	}
	f.rest(q, out, b, two)
	release(q, evidence, f.list[a].Variable)
	release(q, evidence, f.list[b].Variable)
	return nil
}

// prior of three faults of different variables.
func (f *Faults) prior(a, b, c int) chance {
	switch g := f.group; {
	case g[c] != g[a] && g[c] != g[b]:
		return f.two[a][b-a-1].and(f.one[c])
	case g[b] != g[a] && g[b] != g[c]:
		return f.two[a][c-a-1].and(f.one[b])
	case g[a] != g[b]: // and b and c are in one
		return f.two[b][c-b-1].and(f.one[a])
	case f.three[a][b-a-1] == nil: // a and b are impossible together
		return chance{}
	default:
		return f.three[a][b-a-1][c-b-1]
	}
}

// near is how close to the best a factor counts as equal to it: what is left between them is rounding.
const near = 1e-9

// MostRelevant finds the one, two or three faults with the largest generalised Bayes factor (Yuan and Lu). Of equal ones
// it takes the fewest, and then the first by variable and state: a fault that adds nothing is not named. Faults whose
// variable was seen in a state, impossible ones and those that are certain anyway explain nothing and are left out.
// Without any other the explanation is empty.
//
// The search is exhaustive. Three faults are only computed where the two most likely cannot rule them out: with p the
// probability of all three given the evidence, p is not above that of any two of them, and its opposite not below; the
// factor grows with p, and all else about it is known before.
func (f *Faults) MostRelevant(evidence []Finding) (Explanation, error) {
	x := f.explainer
	if err := x.check(evidence); err != nil {
		return Explanation{}, err
	}
	q, err := x.ask(x.tree, evidence)
	if err != nil {
		return Explanation{}, err
	}
	s := &search{Faults: f, evidence: evidence, after: f.alone(q)}
	for i, o := range f.list {
		if slices.ContainsFunc(evidence, func(e Finding) bool { return e.Variable == o.Variable && e.settled() }) {
			s.after[i] = chance{not: 1} // its own observation would explain everything
		}
		s.offer(0, s.after[i], f.one[i], i)
	}
	if s.both, err = f.pairs(q, evidence, s.after); err != nil {
		return Explanation{}, err
	}
	s.offerPairs()
	if err := s.offerTriples(q); err != nil {
		return Explanation{}, err
	}
	return s.answer(), nil
}

// search is one question on the way to its answer.
type search struct {
	*Faults
	evidence []Finding
	after    []chance   // of each fault, given the evidence
	both     [][]chance // of each two
	best     [LargestExplanation]float64
	close    [LargestExplanation][]candidate // by how many faults, less one: the best, and what came close to it then
}

type candidate struct {
	faults       []int
	factor       float64
	prior, after chance
}

// factor is the generalised Bayes factor, zero where there is none.
func factor(after, before chance) float64 {
	if after.is == 0 || before.is == 0 || before.not == 0 {
		return 0
	}
	return after.is / after.not * (before.not / before.is)
}

// offer keeps a candidate that may be the best of its size.
func (s *search) offer(size int, after, before chance, faults ...int) {
	value := factor(after, before)
	if value == 0 || value < s.best[size]*(1-2*near) {
		return
	}
	s.best[size] = max(s.best[size], value)
	s.close[size] = append(s.close[size], candidate{faults: faults, factor: value, prior: before, after: after})
}

func (s *search) offerPairs() {
	for a := range s.both {
		for i, after := range s.both[a] {
			b := a + 1 + i
			if s.list[a].Variable != s.list[b].Variable && s.after[b].is > 0 {
				s.offer(1, after, s.two[a][i], a, b)
			}
		}
	}
}

// bounded is two faults and what three faults that begin with them cannot exceed.
type bounded struct {
	a, b  int
	bound float64
}

func (s *search) offerTriples(q *jointree.Query) error {
	var pairs []bounded
	for a := range s.both {
		for i, after := range s.both[a] {
			if b := a + 1 + i; after.is > 0 && s.after[b].is > 0 {
				if bound := s.bound(a, b); bound > 0 {
					pairs = append(pairs, bounded{a, b, bound})
				}
			}
		}
	}
	slices.SortStableFunc(pairs, func(x, y bounded) int { return cmp.Compare(y.bound, x.bound) })
	third := make([]chance, len(s.list))
	for _, p := range pairs {
		if largest := max(s.best[0], s.best[1], s.best[2]); p.bound < largest*(1-2*near) {
			return nil // and so are all that follow
		}
		out := third[:len(s.list)-p.b-1]
		clear(out)
		if err := s.suppose(q, s.evidence, p.a, p.b, s.both[p.a][p.b-p.a-1], out); err != nil {
			return err
		}
		for i, after := range out {
			if c := p.b + 1 + i; s.third(p.a, p.b, c) {
				s.offer(2, after, s.prior(p.a, p.b, c), p.a, p.b, c)
			}
		}
	}
	return nil
}

// third reports whether c may stand beside a and b.
func (s *search) third(a, b, c int) bool {
	v := s.list[c].Variable
	return v != s.list[a].Variable && v != s.list[b].Variable && s.after[c].is > 0
}

// bound is what the factor of a, b and any later fault cannot exceed.
func (s *search) bound(a, b int) float64 {
	largest, ab := 0.0, s.both[a][b-a-1]
	for c := b + 1; c < len(s.list); c++ {
		if !s.third(a, b, c) {
			continue
		}
		ac, bc := s.both[a][c-a-1], s.both[b][c-b-1]
		most := chance{is: min(ab.is, ac.is, bc.is), not: max(ab.not, ac.not, bc.not)}
		largest = max(largest, factor(most, s.prior(a, b, c)))
	}
	return largest * (1 + near) // the bound is rounded too
}

// answer takes the best of the fewest faults that more faults do not beat.
func (s *search) answer() Explanation {
	var won candidate
	for size, list := range s.close {
		if !(s.best[size]*(1-near) > won.factor) {
			continue
		}
		ties := slices.DeleteFunc(list, func(c candidate) bool { return c.factor < s.best[size]*(1-near) })
		won = slices.MinFunc(ties, func(a, b candidate) int { return slices.Compare(a.faults, b.faults) })
	}
	e := Explanation{LogFactor: math.Inf(-1)}
	for _, i := range won.faults {
		e.Faults = append(e.Faults, s.list[i])
	}
	if won.faults != nil {
		e.LogFactor = won.after.logOdds() - won.prior.logOdds()
		e.Prior, e.Posterior = won.prior.is, won.after.is
	}
	return e
}

package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/bayes/jointree"
	"github.com/posmedic/posmedic/internal/bayes/network"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// NetworksConfig says what Networks measures.
type NetworksConfig struct {
	Networks  string            // folder of *.bif and *.uai; a BIF file goes before a UAI file of the same name
	Reference string            // folder of <network>.json with known posteriors; "": only speed is measured
	Filter    string            // name or glob; "": all
	Progress  func(name string) // called before each network; may be nil
}

// NetworksResult is what Networks measured, by name.
type NetworksResult struct {
	Networks []NetworkResult `json:"networks"`
}

// NetworkResult is one network. Errors are over every state of every variable in every set of evidence; they are null
// where no reference is known. Times are those of all posteriors after a new set of evidence.
type NetworkResult struct {
	Name            string   `json:"name"`
	Nodes           int      `json:"nodes"`
	Sets            int      `json:"sets"`
	MaxAbsError     *float64 `json:"max_abs_error"`
	MaxRelPEvidence *float64 `json:"max_rel_p_evidence"`
	MSMin           float64  `json:"ms_min"`
	MSMedian        float64  `json:"ms_median"`
	Allocs          float64  `json:"allocs"` // a query, once warm
	CompileMS       float64  `json:"compile_ms"`
	Cells           int      `json:"cells"` // of the compiled tree
}

// Networks compares exact inference with known posteriors and times it.
func Networks(ctx context.Context, config NetworksConfig) (NetworksResult, error) {
	files, err := networkFiles(config)
	if err != nil {
		return NetworksResult{}, err
	}
	var result NetworksResult
	for _, f := range files {
		if config.Progress != nil {
			config.Progress(f.name)
		}
		one, err := f.measure(ctx)
		if err != nil {
			return NetworksResult{}, err
		}
		result.Networks = append(result.Networks, one)
	}
	return result, nil
}

// evidenceSet is what is observed at once. Posteriors and probability are what is known about it, if anything is.
type evidenceSet struct {
	id        int
	hard      []network.Observation
	soft      []softObservation
	known     bool
	p, logP   float64
	posterior [][]float64 // by variable; nil where it is not known
}

type softObservation struct {
	variable   int
	likelihood []float64
}

func (s *evidenceSet) empty() bool { return len(s.hard)+len(s.soft) == 0 }

// ask clears, observes, propagates and reads all posteriors, which is what is timed.
func (s *evidenceSet) ask(q *jointree.Query, variables int) error {
	q.Clear()
	for _, o := range s.hard {
		q.Observe(o.Variable, o.State)
	}
	for _, o := range s.soft {
		q.Likelihood(o.variable, o.likelihood)
	}
	if err := q.Propagate(); err != nil {
		return err
	}
	for v := range variables {
		q.Posterior(v)
	}
	return nil
}

func (f networkFile) measure(ctx context.Context) (NetworkResult, error) {
	n, err := f.network()
	if err != nil {
		return NetworkResult{}, err
	}
	began := time.Now()
	tree, err := jointree.Compile(n)
	compiled := time.Since(began)
	if err != nil {
		return NetworkResult{}, unreadableNetwork(f.path, lang.Text{ZH: "不能编译：" + err.Error(), EN: "cannot be compiled: " + err.Error()}, err)
	}
	sets, err := f.evidence(n)
	if err != nil {
		return NetworkResult{}, err
	}
	result := NetworkResult{Name: f.name, Nodes: len(n.Variables), Sets: len(sets), CompileMS: milliseconds(compiled), Cells: tree.Cells()}
	q := tree.NewQuery()
	if err := result.compare(q, sets); err != nil {
		return NetworkResult{}, unreadableNetwork(cmp.Or(f.reference, f.path), lang.Text{ZH: err.Error(), EN: err.Error()}, err)
	}
	return result, result.time(ctx, q, sets)
}

// milliseconds of a time.
func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// compare asks every set once and keeps the largest errors.
func (r *NetworkResult) compare(q *jointree.Query, sets []evidenceSet) error {
	worst, worstP, known := 0.0, 0.0, false
	for i := range sets {
		s := &sets[i]
		err := s.ask(q, r.Nodes)
		if s.known && s.p == 0 && math.IsInf(s.logP, -1) {
			if !errors.Is(err, jointree.ErrContradiction) {
				return fmt.Errorf("set %d is impossible by the reference, and inference says: %v", s.id, err)
			}
			known = true
			continue
		}
		if err != nil {
			return fmt.Errorf("set %d: %w", s.id, err)
		}
		if s.known {
			known = true
			worst, worstP = max(worst, s.error(q)), max(worstP, s.errorP(q))
		}
	}
	if known {
		r.MaxAbsError, r.MaxRelPEvidence = &worst, &worstP
	}
	return nil
}

// error is the largest of the posteriors; one that is no number counts as infinitely wrong.
func (s *evidenceSet) error(q *jointree.Query) float64 {
	worst := 0.0
	for v, want := range s.posterior {
		if want == nil {
			continue
		}
		for state, got := range q.Posterior(v) {
			worst = max(worst, orInfinite(math.Abs(got-want[state])))
		}
	}
	return worst
}

// errorP is that of the probability of the evidence, relative to it; by logarithms where it is too small for a number.
func (s *evidenceSet) errorP(q *jointree.Query) float64 {
	const smallest = 1e-300
	if s.p > smallest {
		return orInfinite(math.Abs(q.Evidence()-s.p) / s.p)
	}
	return orInfinite(math.Abs(math.Expm1(q.LogEvidence() - s.logP)))
}

// orInfinite is a large number for what is none: JSON has no infinity.
func orInfinite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return math.MaxFloat64
	}
	return x
}

// The time that one network is measured for, and bounds on how often each set is asked meanwhile.
const (
	measureFor    = 400 * time.Millisecond
	fewestRounds  = 5
	mostRounds    = 2000
	countedRounds = 3 // for allocations
)

// time asks the sets one after another, round after round. Before each, outside the time taken, all evidence is taken
// back and propagated, so that no query profits from what it has in common with the one before and the order of the sets
// does not matter. Sets without evidence are left out: they cost nothing.
func (r *NetworkResult) time(ctx context.Context, q *jointree.Query, sets []evidenceSet) error {
	sets = slices.DeleteFunc(slices.Clone(sets), func(s evidenceSet) bool { return s.empty() || s.known && s.p == 0 && math.IsInf(s.logP, -1) })
	if len(sets) == 0 {
		return nil
	}
	r.Allocs = math.Inf(1)
	for range countedRounds {
		allocs, err := r.allocations(q, sets)
		if err != nil {
			return err
		}
		r.Allocs = min(r.Allocs, allocs) // others in this process may allocate meanwhile
	}
	times := make([][]float64, len(sets))
	for began, round := time.Now(), 0; round < fewestRounds || round < mostRounds && time.Since(began) < measureFor; round++ {
		for i := range sets {
			q.Clear()
			before := q.Propagate()
			start := time.Now()
			err := sets[i].ask(q, r.Nodes)
			took := time.Since(start)
			if err = cmp.Or(before, err, ctx.Err()); err != nil {
				return err
			}
			times[i] = append(times[i], milliseconds(took))
		}
	}
	r.MSMin = math.Inf(1)
	medians := make([]float64, len(times))
	for i := range times {
		r.MSMin = min(r.MSMin, slices.Min(times[i]))
		medians[i] = percentile(times[i], 0.5)
	}
	r.MSMedian = percentile(medians, 0.5)
	return nil
}

// allocations counts those of one round.
func (r *NetworkResult) allocations(q *jointree.Query, sets []evidenceSet) (float64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range sets {
		if err := sets[i].ask(q, r.Nodes); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(len(sets)), nil
}

// invented is how many sets of evidence a network without a reference is timed with.
const invented = 24

// inventEvidence draws whole states of affairs from the network and observes a part of each, so that no set is
// impossible. Every fourth set has likelihoods too. The seed is fixed: the sets are the same wherever they are drawn.
func inventEvidence(n *network.Network) []evidenceSet {
	r := rand.New(rand.NewPCG(2024, 7))
	order := n.Order()
	sets := make([]evidenceSet, invented)
	for i := range sets {
		states := draw(r, n, order)
		variables := r.Perm(len(states))
		hard := 1 + r.IntN(max(1, len(states)/5))
		for _, v := range variables[:hard] {
			sets[i].hard = append(sets[i].hard, network.Observation{Variable: v, State: states[v]})
		}
		if i%4 != 3 {
			continue
		}
		for _, v := range variables[hard:min(hard+3, len(variables))] {
			likelihood := make([]float64, n.States(v))
			for s := range likelihood {
				likelihood[s] = 0.1 + 0.9*r.Float64()
			}
			sets[i].soft = append(sets[i].soft, softObservation{v, likelihood})
		}
	}
	return sets
}

// draw gives a state to every variable, parents first.
func draw(r *rand.Rand, n *network.Network, order []int) []int {
	states := make([]int, len(order))
	for _, v := range order {
		node, row := &n.Nodes[v], 0
		for _, p := range node.Parents {
			row = row*n.States(p) + states[p]
		}
		k := n.States(v)
		rest := r.Float64()
		for s, p := range node.Table[row*k : (row+1)*k] {
			if p > 0 {
				states[v] = s // the last possible one, where rounding leaves something
			}
			if rest -= p; rest < 0 {
				break
			}
		}
	}
	return states
}

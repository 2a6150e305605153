package bench

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/bayes"
)

// PlannerResult is what Planner measured. A gap is by how much the strategy costs more than the best one, as a share of
// its cost; figures of gaps are over the instances whose optimum is known.
type PlannerResult struct {
	N            int             `json:"n"`
	MeanGap      float64         `json:"mean_gap"`
	MaxGap       float64         `json:"max_gap"`
	OptimalShare float64         `json:"optimal_share"`
	MSPerStepP50 float64         `json:"ms_per_step_p50"`
	MSPerStepP99 float64         `json:"ms_per_step_p99"`
	MSPerStepMax float64         `json:"ms_per_step_max"`
	Steps        int             `json:"steps"`     // that were planned and timed
	Uncosted     int             `json:"uncosted"`  // instances whose strategy has too many branches to be costed
	Unmatched    int             `json:"unmatched"` // instances whose optimum is not known
	Instances    []PlannedResult `json:"instances"`
}

// PlannedResult is one instance of a PlannerResult.
type PlannedResult struct {
	Seed int64    `json:"seed"`
	Name string   `json:"name,omitempty"`
	ECR  *float64 `json:"ecr"` // null: the strategy has too many branches to be costed
	Gap  *float64 `json:"gap"` // null: also where the optimum is not known
}

// PlannerConfig says what Planner measures.
type PlannerConfig struct {
	Instances []Instance
	Limits    bayes.Limits
	Progress  func(done int) // called after each instance; may be nil
}

// equal is a gap that counts as none: instances are written with few digits.
const equal = 1e-9

// Planner follows the planner's own strategy on each instance through all answers and failures, and adds up exactly what
// it is expected to cost. A state that is reached on several ways (the same actions failed, the same answers given) is
// planned once. Where no optimum is known and the strategy has many branches, the likelier ones are followed up to an
// effort, and only timed.
func Planner(ctx context.Context, config PlannerConfig) (PlannerResult, error) {
	result := PlannerResult{N: len(config.Instances), Instances: make([]PlannedResult, 0, len(config.Instances))}
	var times []float64
	planner := bayes.NewPlanner(0, bayes.Problem{}, config.Limits)
	for i := range config.Instances {
		one := &config.Instances[i]
		walk := newWalk(ctx, one, planner)
		ecr, err := walk.ecr()
		times = append(times, walk.times...)
		switch {
		case errors.Is(err, errTooManyBranches):
			result.Instances = append(result.Instances, PlannedResult{Seed: one.Seed, Name: one.Name})
		case err != nil:
			return PlannerResult{}, err
		default:
			result.Instances = append(result.Instances, planned(one, ecr))
		}
		if config.Progress != nil {
			config.Progress(i + 1)
		}
	}
	result.summarise(times)
	return result, nil
}

func planned(one *Instance, ecr float64) PlannedResult {
	r := PlannedResult{Seed: one.Seed, Name: one.Name, ECR: &ecr}
	if !math.IsNaN(one.Optimum) {
		gap := ecr/one.Optimum - 1
		r.Gap = &gap
	}
	return r
}

func (r *PlannerResult) summarise(times []float64) {
	total, optimal, n := 0.0, 0, 0
	r.MaxGap = math.Inf(-1)
	for _, one := range r.Instances {
		switch {
		case one.ECR == nil:
			r.Uncosted++
		case one.Gap == nil:
			r.Unmatched++
		default:
			total, n = total+*one.Gap, n+1
			r.MaxGap = max(r.MaxGap, *one.Gap)
			if *one.Gap <= equal {
				optimal++
			}
		}
	}
	if n == 0 {
		r.MaxGap = 0
	} else {
		r.MeanGap, r.OptimalShare = total/float64(n), float64(optimal)/float64(n)
	}
	r.Steps = len(times)
	r.MSPerStepP50, r.MSPerStepP99 = percentile(times, 0.5), percentile(times, 0.99)
	if r.Steps > 0 {
		r.MSPerStepMax = slices.Max(times)
	}
}

// Operations of the planner after which a strategy is not followed further.
const (
	costed = 1_000_000_000_000 // the optimum is known, so the cost is wanted
	timed  = 1_000_000_000     // it is not; a second or two
)

var errTooManyBranches = errors.New("bench: the strategy has too many branches")

// walk follows the strategy of one instance.
type walk struct {
	ctx     context.Context
	problem *bayes.Problem
	prior   []float64
	planner *bayes.Planner
	state   []byte             // for each action, then each question: 0 untried, else 1 + what came of it
	known   map[string]float64 // state → cost from there, times its probability
	times   []float64          // ms of each step
	effort  int                // of the planner so far
	allowed int
}

func newWalk(ctx context.Context, one *Instance, planner *bayes.Planner) *walk {
	planner.Reset(len(one.Prior), one.Problem)
	w := &walk{
		ctx: ctx, problem: &one.Problem, prior: one.Prior, planner: planner, known: map[string]float64{}, allowed: costed,
		state: make([]byte, len(one.Problem.Actions)+len(one.Problem.Questions)),
	}
	if math.IsNaN(one.Optimum) {
		w.allowed = timed
	}
	return w
}

// nothing is a probability too small to matter to a gap.
const nothing = 1e-16

func (w *walk) ecr() (float64, error) { return w.from(w.prior) }

// from is the cost of going on from here, times the probability of being here, which is the sum of the weights.
func (w *walk) from(weights []float64) (float64, error) {
	mass := total(weights)
	if mass < nothing {
		return 0, nil
	}
	key := string(w.state)
	if cost, ok := w.known[key]; ok {
		return cost, nil
	}
	next, err := w.next(weights)
	if err != nil {
		return 0, err
	}
	cost := 0.0
	switch next.Kind {
	case bayes.Act:
		cost, err = w.act(weights, mass, next.Index)
	case bayes.Ask:
		cost, err = w.ask(weights, mass, next.Index)
	case bayes.Serve:
		cost = w.problem.Service * mass
	}
	if err != nil {
		return 0, err
	}
	w.known[key] = cost
	return cost, nil
}

func (w *walk) next(weights []float64) (bayes.Proposal, error) {
	if w.ctx.Err() != nil {
		return bayes.Proposal{}, w.ctx.Err()
	}
	if w.effort > w.allowed {
		return bayes.Proposal{}, errTooManyBranches
	}
	began := time.Now()
	next := w.planner.Next(weights)
	w.times = append(w.times, float64(time.Since(began).Nanoseconds())/1e6)
	w.effort += w.planner.Effort()
	return next, nil
}

func (w *walk) act(weights []float64, mass float64, a int) (float64, error) {
	after := make([]float64, len(weights))
	w.planner.Fail(after, weights, a)
	w.planner.Tried(a, true)
	w.state[a] = 1
	cost, err := w.from(after)
	w.planner.Tried(a, false)
	w.state[a] = 0
	return cost + w.problem.Actions[a].Cost*mass, err
}

func (w *walk) ask(weights []float64, mass float64, q int) (float64, error) {
	question := &w.problem.Questions[q]
	branches := make([][]float64, len(question.Answers))
	likeliest := make([]int, len(question.Answers))
	for a := range branches {
		branches[a], likeliest[a] = make([]float64, len(weights)), a
		w.planner.Answer(branches[a], weights, q, a)
	}
	slices.SortStableFunc(likeliest, func(a, b int) int { return cmp.Compare(total(branches[b]), total(branches[a])) })
	w.planner.Asked(q, true)
	at := len(w.problem.Actions) + q
	cost := question.Cost * mass
	for _, a := range likeliest {
		w.state[at] = byte(1 + a)
		then, err := w.from(branches[a])
		if err != nil {
			return 0, err
		}
		cost += then
	}
	w.planner.Asked(q, false)
	w.state[at] = 0
	return cost, nil
}

func total(weights []float64) float64 {
	sum := 0.0
	for _, x := range weights {
		sum += x
	}
	return sum
}

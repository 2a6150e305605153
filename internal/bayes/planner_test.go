package bayes_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes"
)

// costOf is the expected cost of one fixed order of actions with call-service at its end, from the definition.
func costOf(w []float64, problem bayes.Problem, order []int) float64 {
	w = slices.Clone(w)
	cost := 0.0
	mass := func() (m float64) {
		for _, x := range w {
			m += x
		}
		return m
	}
	for _, a := range order {
		cost += problem.Actions[a].Cost * mass()
		for _, fix := range problem.Actions[a].Fixes {
			w[fix.Cause] *= 1 - fix.P
		}
	}
	return cost + mass()*problem.Service
}

// cheapest tries every order of every subset.
func cheapest(w []float64, problem bayes.Problem) float64 {
	best := math.Inf(1)
	var try func(order []int)
	try = func(order []int) {
		best = min(best, costOf(w, problem, order))
		for a := range problem.Actions {
			if !slices.Contains(order, a) {
				try(append(slices.Clone(order), a))
			}
		}
	}
	try(nil)
	return best
}

func TestECR(t *testing.T) {
	t.Parallel()
	t.Run("with one action a cause the order of p/c is the optimum", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			causes := rapid.IntRange(1, 5).Draw(t, "causes")
			w := drawDistribution(t, causes, "prior")
			problem := bayes.Problem{Service: rapid.Float64Range(1, 300).Draw(t, "service")}
			for f := range causes {
				problem.Actions = append(problem.Actions, bayes.Action{
					Cost:  rapid.Float64Range(1, 60).Draw(t, "cost"),
					Fixes: []bayes.Fix{{Cause: f, P: rapid.Float64Range(0.05, 1).Draw(t, "fix")}},
				})
			}
			got := bayes.NewPlanner(causes, problem, bayes.DefaultLimits()).ECR(w)
			if want := cheapest(w, problem); math.Abs(got-want) > 1e-9*want {
				t.Fatalf("got %v, optimum %v", got, want)
			}
		})
	})
	t.Run("it is what its own sequence costs, never below the optimum", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			w, problem := drawProblem(t)
			problem.Questions = nil
			planner := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
			got, order := planner.ECR(w), planner.Sequence(w)
			want := math.Inf(1)
			for n := range len(order) + 1 {
				want = min(want, costOf(w, problem, order[:n]))
			}
			if math.Abs(got-want) > 1e-9*want {
				t.Fatalf("got %v, its sequence costs %v", got, want)
			}
			if got < cheapest(w, problem)-1e-9 {
				t.Fatalf("%v is below the optimum", got)
			}
		})
	})
}

func drawProblem(t *rapid.T) ([]float64, bayes.Problem) {
	causes := rapid.IntRange(2, 5).Draw(t, "causes")
	problem := bayes.Problem{Service: rapid.Float64Range(20, 300).Draw(t, "service")}
	for range rapid.IntRange(1, 4).Draw(t, "actions") {
		action := bayes.Action{Cost: rapid.Float64Range(1, 60).Draw(t, "cost")}
		for f := range causes {
			if rapid.Bool().Draw(t, "touches") {
				action.Fixes = append(action.Fixes, bayes.Fix{Cause: f, P: rapid.Float64Range(0.1, 1).Draw(t, "fix")})
			}
		}
		problem.Actions = append(problem.Actions, action)
	}
	for range rapid.IntRange(0, 2).Draw(t, "questions") {
		yes, no := make([]float64, causes), make([]float64, causes)
		for f := range yes {
			yes[f] = rapid.Float64Range(0, 1).Draw(t, "yes")
			no[f] = 1 - yes[f]
		}
		problem.Questions = append(problem.Questions, bayes.Question{Cost: rapid.Float64Range(0.5, 20).Draw(t, "ask"), Answers: [][]float64{yes, no}})
	}
	return drawDistribution(t, causes, "prior"), problem
}

func TestPlannerNeverDoesWorseThanItsPromise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, problem := drawProblem(t)
		p := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
		promise := p.Next(w).ECR
		if promise > p.ECR(w)+1e-9 {
			t.Fatalf("looking ahead promises %v, acting blindly costs %v", promise, p.ECR(w))
		}
		if real := strategy(p, problem, w); real > promise*(1+1e-9) {
			t.Fatalf("promised %v, the strategy costs %v", promise, real)
		}
	})
}

func TestAQuestionIsAskedOnlyWhenItsAnswerCanChangeThePlan(t *testing.T) {
	t.Parallel()
	w := []float64{0.5, 0.5}
	problem := bayes.Problem{
		Service: 500,
		Actions: []bayes.Action{{Cost: 60, Fixes: []bayes.Fix{{Cause: 0, P: 1}}}, {Cost: 60, Fixes: []bayes.Fix{{Cause: 1, P: 1}}}},
		Questions: []bayes.Question{
			{Cost: 1, Answers: [][]float64{{0.5, 0.5}, {0.5, 0.5}}},
			{Cost: 2, Answers: [][]float64{{1, 0}, {0, 1}}},
		},
	}
	p := bayes.NewPlanner(2, problem, bayes.DefaultLimits())
	if got := p.Next(w); got.Kind != bayes.Ask || got.Index != 1 || math.Abs(got.ECR-62) > 1e-9 {
		t.Fatalf("got %+v, want the question that tells the causes apart, 62", got)
	}
	p.Asked(1, true)
	if got := p.Next(w); got.Kind != bayes.Act || math.Abs(got.ECR-90) > 1e-9 {
		t.Fatalf("got %+v, want to act, 90", got)
	}
	problem.Questions[1].Cost = 40
	if got := bayes.NewPlanner(2, problem, bayes.DefaultLimits()).Next(w); got.Kind != bayes.Act {
		t.Fatalf("got %+v: a question dearer than the detour it saves is not asked", got)
	}
}

func TestTwoQuestionsThatTellOnlyTogetherAreAsked(t *testing.T) {
	t.Parallel()
	w := []float64{0.25, 0.25, 0.25, 0.25}
	problem := bayes.Problem{
		Service: 500,
		Actions: []bayes.Action{
			{Cost: 60, Fixes: []bayes.Fix{{Cause: 0, P: 1}, {Cause: 3, P: 1}}},
			{Cost: 60, Fixes: []bayes.Fix{{Cause: 1, P: 1}, {Cause: 2, P: 1}}},
		},
		Questions: []bayes.Question{
			{Cost: 1, Answers: [][]float64{{1, 1, 0, 0}, {0, 0, 1, 1}}},
			{Cost: 1, Answers: [][]float64{{1, 0, 1, 0}, {0, 1, 0, 1}}},
		},
	}
	if got := bayes.NewPlanner(4, problem, bayes.DefaultLimits()).Next(w); got.Kind != bayes.Ask || math.Abs(got.ECR-62) > 1e-9 {
		t.Fatalf("got %+v, want a question, 62: either alone is worthless", got)
	}
}

// instance is one problem of the published collection.
type instance struct {
	Seed           int         `json:"seed"`
	ServiceCost    float64     `json:"call_service_cost"`
	Prior          []float64   `json:"prior"`
	ActionCost     []float64   `json:"action_cost"`
	FixProbability [][]float64 `json:"fix_prob"`
	QuestionCost   []float64   `json:"question_cost"`
	YesProbability [][]float64 `json:"yes_prob"`
	OptimalECR     float64     `json:"optimal_ecr"`
}

func (i instance) problem() bayes.Problem {
	p := bayes.Problem{Service: i.ServiceCost}
	for a, cost := range i.ActionCost {
		action := bayes.Action{Cost: cost}
		for f, fix := range i.FixProbability[a] {
			if fix > 0 {
				action.Fixes = append(action.Fixes, bayes.Fix{Cause: f, P: fix})
			}
		}
		p.Actions = append(p.Actions, action)
	}
	for q, cost := range i.QuestionCost {
		yes := i.YesProbability[q]
		no := make([]float64, len(yes))
		for f := range yes {
			no[f] = 1 - yes[f]
		}
		p.Questions = append(p.Questions, bayes.Question{Cost: cost, Answers: [][]float64{yes, no}})
	}
	return p
}

// TestPublishedInstances measures the planner's whole strategy against optima computed by exhaustive dynamic programming.
func TestPublishedInstances(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("POSMEDIC_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "data", "planner", "instances_small.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the planner instances are not on this machine (POSMEDIC_SHARED, data/planner/instances_small.json)")
	}
	if err != nil {
		t.Fatal(err)
	}
	var instances []instance
	if err := json.Unmarshal(raw, &instances); err != nil {
		t.Fatal(err)
	}
	total, n := 0.0, 0
	for _, i := range instances {
		problem := i.problem()
		ecr := strategy(bayes.NewPlanner(len(i.Prior), problem, bayes.DefaultLimits()), problem, i.Prior)
		gap := ecr/i.OptimalECR - 1
		if gap < -1e-9 || gap > 1e-8 {
			t.Errorf("instance %d: costs %v, optimum %v", i.Seed, ecr, i.OptimalECR)
		}
		total, n = total+gap, n+1
	}
	if n == 0 {
		t.Fatal("there is no instance")
	}
	t.Logf("%d instances, mean gap %.9f %%", n, 100*total/float64(n))
}

func BenchmarkNext(b *testing.B) {
	const causes, actions, questions = 32, 40, 40
	w := make([]float64, causes)
	problem := bayes.Problem{Service: 300}
	for f := range w {
		w[f] = 1 / float64(f+2)
	}
	for a := range actions {
		problem.Actions = append(problem.Actions, bayes.Action{Cost: float64(5 + a%17), Fixes: []bayes.Fix{{Cause: a % causes, P: 0.8}, {Cause: (a * 7) % causes, P: 0.3}}})
	}
	for q := range questions {
		answers := make([][]float64, 3)
		for a := range answers {
			answers[a] = make([]float64, causes)
			for f := range w {
				answers[a][f] = []float64{0.8, 0.15, 0.05}[(f*(q+1)+a)%3]
			}
		}
		problem.Questions = append(problem.Questions, bayes.Question{Cost: 1 + float64(q%3), Answers: answers})
	}
	p := bayes.NewPlanner(causes, problem, bayes.DefaultLimits())
	b.ReportAllocs()
	for b.Loop() {
		p.Next(w)
	}
}

package bayes_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/posmedic/posmedic/internal/bayes"
)

// drawRich draws a small problem with everything a problem may have.
func drawRich(t *rapid.T) ([]float64, bayes.Problem) {
	causes := rapid.IntRange(2, 4).Draw(t, "causes")
	problem := bayes.Problem{}
	if rapid.Bool().Draw(t, "serviced") {
		problem.Service = rapid.Float64Range(20, 300).Draw(t, "service")
	}
	for k := range rapid.IntRange(0, 3).Draw(t, "clusters") {
		problem.Clusters = append(problem.Clusters, bayes.Cluster{
			Cost: rapid.Float64Range(0, 60).Draw(t, "opening"), Within: rapid.IntRange(0, k).Draw(t, "within"),
		})
	}
	home := rapid.IntRange(0, len(problem.Clusters))
	for range rapid.IntRange(1, 4).Draw(t, "actions") {
		action := bayes.Action{Cost: rapid.Float64Range(1, 60).Draw(t, "cost"), Cluster: home.Draw(t, "home")}
		for f := range causes {
			if rapid.Bool().Draw(t, "touches") {
				action.Fixes = append(action.Fixes, bayes.Fix{Cause: f, P: rapid.Float64Range(0.1, 1).Draw(t, "fix")})
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "may not be done") == 0 {
			action.Undone = rapid.Float64Range(0.05, 0.9).Draw(t, "undone")
		}
		if rapid.IntRange(0, 3).Draw(t, "is a test step") == 0 {
			action.Tells = drawAnswers(t, causes)
		}
		problem.Actions = append(problem.Actions, action)
	}
	for range rapid.IntRange(0, 2).Draw(t, "questions") {
		question := bayes.Question{Cost: rapid.Float64Range(0.5, 20).Draw(t, "ask"), Cluster: home.Draw(t, "home"), Answers: drawAnswers(t, causes)}
		if rapid.Bool().Draw(t, "may not be known") {
			question.Unknown = rapid.Float64Range(0.05, 0.9).Draw(t, "unknown")
		}
		problem.Questions = append(problem.Questions, question)
	}
	return drawDistribution(t, causes, "prior"), problem
}

func drawAnswers(t *rapid.T, causes int) [][]float64 {
	answers := make([][]float64, rapid.IntRange(1, 3).Draw(t, "answers"))
	for a := range answers {
		answers[a] = make([]float64, causes)
	}
	for f := range causes {
		for a, p := range drawDistribution(t, len(answers), "answer") {
			answers[a][f] = p
		}
	}
	return answers
}

func TestWhatIsSmallIsSolvedExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, problem := drawRich(t)
		if err := problem.Check(len(w)); err != nil {
			t.Fatal(err)
		}
		want := optimum(w, problem)
		p := bayes.NewPlanner(len(w), problem, bayes.DefaultLimits())
		if got := p.Next(w).ECR; math.Abs(got-want) > 1e-9*(1+want) {
			t.Fatalf("it promises %v, the optimum is %v", got, want)
		}
		if got := strategy(p, problem, w); math.Abs(got-want) > 1e-9*(1+want) {
			t.Fatalf("its strategy costs %v, the optimum is %v", got, want)
		}
	})
}

// narrow are limits so small that hardly anything is solved exactly.
func narrow() bayes.Limits {
	return bayes.Limits{Exact: 1, Plan: 12, Effort: 100_000}
}

func TestAPromiseIsNeverBelowTheOptimumAndNeverAbovePC(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, problem := drawRich(t)
		p := bayes.NewPlanner(len(w), problem, narrow())
		best, promise, blind := optimum(w, problem), p.Next(w).ECR, p.ECR(w)
		if promise < best-1e-9*(1+best) || promise > blind+1e-9*(1+blind) {
			t.Fatalf("it promises %v; the optimum is %v, acting blindly costs %v", promise, best, blind)
		}
		if cost := strategy(p, problem, w); cost < best-1e-9*(1+best) || math.IsInf(cost, 0) {
			t.Fatalf("its strategy costs %v, the optimum is %v", cost, best)
		}
	})
}

func TestTheSameInputGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, problem := drawRich(t)
		other, another := drawRich(t)
		fresh := bayes.NewPlanner(len(w), problem, narrow())
		used := bayes.NewPlanner(len(other), another, narrow())
		used.Next(other)
		used.Reset(len(w), problem)
		if a, b := fresh.Next(w), used.Next(w); a != b || a != fresh.Next(w) || fresh.Effort() != used.Effort() {
			t.Fatalf("got %+v, then %+v", a, b)
		}
	})
}

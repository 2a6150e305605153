package bayes_test

import (
	"math"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes"
)

// cures is an action that certainly cures one cause.
func cures(cost float64, cause int) bayes.Action {
	return bayes.Action{Cost: cost, Fixes: []bayes.Fix{{Cause: cause, P: 1}}}
}

func next(problem bayes.Problem, w ...float64) bayes.Proposal {
	return bayes.NewPlanner(len(w), problem, bayes.DefaultLimits()).Next(w)
}

func want(t *testing.T, got bayes.Proposal, kind bayes.Kind, index int, ecr float64) {
	t.Helper()
	if got.Kind != kind || got.Index != index || math.Abs(got.ECR-ecr) > 1e-9 {
		t.Errorf("got %+v, want kind %v, index %d, cost %v", got, kind, index, ecr)
	}
}

func TestClusters(t *testing.T) {
	t.Parallel()
	visit := []bayes.Cluster{{Cost: 100}, {Cost: 20, Within: 1}}
	t.Run("two repairs that need one visit are worth it together where one alone is not", func(t *testing.T) {
		t.Parallel()
		first, second := cures(10, 0), cures(10, 1)
		first.Cluster, second.Cluster = 1, 1
		problem := bayes.Problem{Service: 150, Clusters: visit, Actions: []bayes.Action{first}}
		want(t, next(problem, 0.5, 0.5), bayes.Serve, 0, 150) // 110 + ½·150
		problem.Actions = append(problem.Actions, second)
		want(t, next(problem, 0.5, 0.5), bayes.Act, 0, 115) // 110 + ½·10
	})
	t.Run("once somebody is there the opening costs nothing more", func(t *testing.T) {
		t.Parallel()
		there, remote := cures(10, 0), cures(30, 0)
		there.Cluster = 1
		p := bayes.NewPlanner(1, bayes.Problem{Service: 500, Clusters: visit, Actions: []bayes.Action{there, remote}}, bayes.DefaultLimits())
		want(t, p.Next([]float64{1}), bayes.Act, 1, 30)
		p.Opened(0, true)
		want(t, p.Next([]float64{1}), bayes.Act, 0, 10)
	})
	t.Run("a cluster inside another opens both", func(t *testing.T) {
		t.Parallel()
		inside := cures(5, 0)
		inside.Cluster = 2
		p := bayes.NewPlanner(1, bayes.Problem{Service: 500, Clusters: visit, Actions: []bayes.Action{inside}}, bayes.DefaultLimits())
		want(t, p.Next([]float64{1}), bayes.Act, 0, 125)
		if got := p.OpeningCost(2); got != 120 {
			t.Errorf("opening costs %v, want 120", got)
		}
	})
}

func TestAQuestionThatFewCanAnswerIsWorthLess(t *testing.T) {
	t.Parallel()
	problem := bayes.Problem{
		Service: 500, Actions: []bayes.Action{cures(60, 0), cures(60, 1)},
		Questions: []bayes.Question{{Cost: 10, Answers: [][]float64{{1, 0}, {0, 1}}, Unknown: 0.5}},
	}
	want(t, next(problem, 0.5, 0.5), bayes.Ask, 0, 10+0.5*60+0.5*90)
	problem.Questions[0].Unknown = 0.9
	want(t, next(problem, 0.5, 0.5), bayes.Act, 0, 90)
	problem.Questions[0].Unknown = 0.5
	p := bayes.NewPlanner(2, problem, bayes.DefaultLimits())
	after := make([]float64, 2)
	p.Answer(after, []float64{0.5, 0.5}, 0, 2)
	if after[0] != 0.25 || after[1] != 0.25 {
		t.Errorf("“don't know” leaves %v, want a quarter each: it tells nothing", after)
	}
	p.Asked(0, true)
	want(t, p.Next(after), bayes.Act, 0, 90)
}

func TestATestStepIsTakenForWhatItTells(t *testing.T) {
	t.Parallel()
	// A restart cures nothing here, but what the screen shows afterwards tells the causes apart.
	restart := bayes.Action{Cost: 3, Tells: [][]float64{{1, 0}, {0, 1}}}
	problem := bayes.Problem{Service: 500, Actions: []bayes.Action{cures(60, 0), cures(60, 1), restart}}
	want(t, next(problem, 0.5, 0.5), bayes.Act, 2, 63)
	p := bayes.NewPlanner(2, problem, bayes.DefaultLimits())
	after := make([]float64, 2)
	p.Told(after, []float64{0.5, 0.5}, 2, 1)
	p.Tried(2, true)
	want(t, p.Next(after), bayes.Act, 1, 60)
}

func TestAnActionThatMayNotBePossibleIsWorthLess(t *testing.T) {
	t.Parallel()
	remote, visit := cures(10, 0), cures(40, 0)
	remote.Undone = 0.5
	problem := bayes.Problem{Service: 500, Actions: []bayes.Action{visit, remote}}
	want(t, next(problem, 1), bayes.Act, 1, 10+0.5*40)
	problem.Actions[1].Undone = 0.8
	want(t, next(problem, 1), bayes.Act, 0, 40)
}

func TestWaitingIsAnActionThatMayBeTakenAgain(t *testing.T) {
	t.Parallel()
	// An hour's wait costs 10 in lost sales and sees half of the outages of the host pass; a visit finds the rest.
	wait := bayes.Action{Cost: 10, Fixes: []bayes.Fix{{Cause: 0, P: 0.5}}}
	problem := bayes.Problem{Service: 100, Actions: []bayes.Action{wait, wait, wait}}
	want(t, next(problem, 1), bayes.Act, 0, 10+5+2.5+12.5)
	want(t, next(problem, 0.1, 0.9), bayes.Serve, 0, 100)
}

func TestTiesGoToTheSmallerIndex(t *testing.T) {
	t.Parallel()
	problem := bayes.Problem{Service: 500, Actions: []bayes.Action{cures(60, 1), cures(60, 0), cures(60, 0)}}
	ask := bayes.Question{Cost: 1, Answers: [][]float64{{1, 0}, {0, 1}}}
	want(t, next(problem, 0.5, 0.5), bayes.Act, 0, 90)
	problem.Questions = []bayes.Question{ask, ask}
	for _, limits := range []bayes.Limits{bayes.DefaultLimits(), narrow()} {
		got := bayes.NewPlanner(2, problem, limits).Next([]float64{0.5, 0.5})
		want(t, got, bayes.Ask, 0, 61)
	}
}

func TestCheckRefusesWhatIsNoProblem(t *testing.T) {
	t.Parallel()
	good := func() bayes.Problem {
		return bayes.Problem{
			Service: 10, Clusters: []bayes.Cluster{{Cost: 1}}, Actions: []bayes.Action{cures(1, 0)},
			Questions: []bayes.Question{{Cost: 1, Answers: [][]float64{{0.5, 0.5}, {0.5, 0.5}}}},
		}
	}
	if p := good(); p.Check(2) != nil {
		t.Fatal(p.Check(2))
	}
	for name, spoil := range map[string]func(*bayes.Problem){
		"service that pays":                    func(p *bayes.Problem) { p.Service = -1 },
		"a cost without end":                   func(p *bayes.Problem) { p.Actions[0].Cost = math.Inf(1) },
		"a cost that is no number":             func(p *bayes.Problem) { p.Questions[0].Cost = math.NaN() },
		"a cause that is not there":            func(p *bayes.Problem) { p.Actions[0].Fixes[0].Cause = 2 },
		"a chance above one":                   func(p *bayes.Problem) { p.Actions[0].Fixes[0].P = 1.1 },
		"an action in no cluster":              func(p *bayes.Problem) { p.Actions[0].Cluster = 2 },
		"a question in no cluster":             func(p *bayes.Problem) { p.Questions[0].Cluster = -1 },
		"a cluster in itself":                  func(p *bayes.Problem) { p.Clusters[0].Within = 1 },
		"an action that is less than possible": func(p *bayes.Problem) { p.Actions[0].Undone = -0.1 },
		"an answer more than unknown":          func(p *bayes.Problem) { p.Questions[0].Unknown = 2 },
		"answers that miss a cause":            func(p *bayes.Problem) { p.Questions[0].Answers[0] = []float64{0.5} },
		"answers that leave something out":     func(p *bayes.Problem) { p.Questions[0].Answers[0][1] = 0.4 },
		"a test step that tells nothing whole": func(p *bayes.Problem) { p.Actions[0].Tells = [][]float64{{0.5, 0.5}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good()
			spoil(&p)
			if p.Check(2) == nil {
				t.Error("taken")
			}
		})
	}
}

package bench

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// twoForms is one problem in either form, with its optimum worked out by hand: the question costs 2 and tells the causes
// apart, after which one action of 60 remains; acting blindly costs 60 + ½·60.
const twoForms = `[
{"seed": 7, "actions": 2, "questions": 1, "causes": 2, "call_service_cost": 500, "prior": [0.5, 0.5],
 "action_cost": [60, 60], "fix_prob": [[1, 0], [0, 1]], "question_cost": [2], "yes_prob": [[1, 0]], "optimal_ecr": 62},
{"name": "hand", "prior": {"cable": 0.5, "paper": 0.5}, "call_service_cost": null,
 "actions": {"plug": {"cost": 60, "fix": {"cable": 1}}, "roll": {"cost": 60, "fix": {"paper": 1}}},
 "questions": {"jam": {"cost": 2, "answers": {"yes": {"cable": 0, "paper": 1}, "no": {"cable": 1, "paper": 0}}}},
 "optimal_ecr": 62}
]`

func TestReadInstances(t *testing.T) {
	t.Parallel()
	t.Run("it takes numbers and names", func(t *testing.T) {
		t.Parallel()
		got, err := ReadInstances(strings.NewReader(twoForms))
		if err != nil || len(got) != 2 {
			t.Fatalf("got %d, %v", len(got), err)
		}
		for _, one := range got {
			if len(one.Prior) != 2 || len(one.Problem.Actions) != 2 || len(one.Problem.Questions) != 1 || one.Optimum != 62 {
				t.Errorf("got %+v", one)
			}
		}
		if got[0].Problem.Service != 500 || got[1].Problem.Service != 0 || got[0].Seed != 7 || got[1].Name != "hand" {
			t.Errorf("got %+v", got)
		}
	})
	const valid = `{"prior": [1], "action_cost": [1], "fix_prob": [[1]], "question_cost": [], "yes_prob": []}`
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                            {"", "line 1: a list"},
		"an object instead of a list":        {"{}", "line 1: a list"},
		"an empty list":                      {"[]", "no instance"},
		"a list that does not end":           {"[" + valid, "does not end"},
		"broken JSON":                        {"[\n" + valid + ",\n{\"prior\": [}]", "line 3: "},
		"a value of the wrong type":          {"[\n{\"prior\":\n [0.5, \"half\"]}]", "line 3: "},
		"no prior":                           {"[\n\n{}]", "line 3: prior"},
		"a prior that misses one":            {"[{\"prior\": [0.5, 0.4]}]", "sums to 0.9"},
		"a prior below nothing":              {"[{\"prior\": [1.5, -0.5]}]", "no probability"},
		"lists of different length":          {`[{"prior": [1], "action_cost": [1]}]`, "one length"},
		"too few chances":                    {`[{"prior": [1], "action_cost": [1], "fix_prob": [[]]}]`, "0 entries for 1 causes"},
		"too few answers":                    {`[{"prior": [1], "question_cost": [1], "yes_prob": [[]]}]`, "0 entries for 1 causes"},
		"an action that pays":                {`[{"prior": [1], "action_cost": [-1], "fix_prob": [[1]]}]`, "action 0: its cost is -1"},
		"a chance above one":                 {`[{"prior": [1], "action_cost": [1], "fix_prob": [[2]]}]`, "probability 2"},
		"an optimum of nothing":              {`[{"prior": [1], "optimal_ecr": 0}]`, "no cost"},
		"a cause that is not there":          {`[{"prior": {"a": 1}, "actions": {"x": {"cost": 1, "fix": {"b": 1}}}}]`, `"b"`},
		"an answer about what is not there":  {`[{"prior": {"a": 1}, "questions": {"q": {"cost": 1, "answers": {"yes": {"b": 1}}}}}]`, `"b"`},
		"answers that do not share a cause":  {`[{"prior": {"a": 1}, "questions": {"q": {"cost": 1, "answers": {"yes": {"a": 0.5}}}}}]`, "sum to 0.5"},
		"a second instance that is a number": {"[" + valid + ",\n7]", "line 2: "},
	} {
		t.Run("it names the line and the mistake: "+name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadInstances(strings.NewReader(c.text))
			p := new(problem.Error)
			if !errors.As(err, &p) || !strings.Contains(p.Text.EN, c.want) || !strings.HasPrefix(p.Text.EN, "line ") || strings.Contains(p.Text.EN, "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestPlanner(t *testing.T) {
	t.Parallel()
	read := func(t *testing.T) []Instance {
		t.Helper()
		got, err := ReadInstances(strings.NewReader(twoForms))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Run("it costs the strategy and compares it with the optimum", func(t *testing.T) {
		t.Parallel()
		instances := read(t)
		instances[1].Optimum = 50
		done := 0
		got, err := Planner(t.Context(), PlannerConfig{Instances: instances, Limits: bayes.DefaultLimits(), Progress: func(n int) { done = n }})
		if err != nil || done != 2 || got.N != 2 || got.Steps < 6 {
			t.Fatalf("got %+v, %v after %d", got, err, done)
		}
		if math.Abs(*got.Instances[0].ECR-62) > 1e-9 || math.Abs(*got.Instances[1].Gap-0.24) > 1e-9 || math.Abs(got.MeanGap-0.12) > 1e-9 ||
			math.Abs(got.MaxGap-0.24) > 1e-9 || got.OptimalShare != 0.5 || got.MSPerStepP99 <= 0 || got.MSPerStepMax < got.MSPerStepP99 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("without an optimum there is a cost and no gap", func(t *testing.T) {
		t.Parallel()
		instances := read(t)[:1]
		instances[0].Optimum = math.NaN()
		got, err := Planner(t.Context(), PlannerConfig{Instances: instances, Limits: bayes.DefaultLimits()})
		if err != nil || got.Unmatched != 1 || got.Instances[0].ECR == nil || got.Instances[0].Gap != nil || got.MaxGap != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a strategy with too many branches is timed and not costed", func(t *testing.T) {
		t.Parallel()
		w := newWalk(t.Context(), &read(t)[0], bayes.NewPlanner(0, bayes.Problem{}, bayes.DefaultLimits()))
		w.allowed = 1
		if _, err := w.ecr(); !errors.Is(err, errTooManyBranches) || len(w.times) != 1 {
			t.Errorf("got %v after %d steps", err, len(w.times))
		}
	})
	t.Run("an ended context ends it", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Planner(ctx, PlannerConfig{Instances: read(t), Limits: bayes.DefaultLimits()}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// TestPublishedProblemsAreSolvedExactly holds the planner against problems rebuilt from papers.
func TestPublishedProblemsAreSolvedExactly(t *testing.T) {
	t.Parallel()
	dir := cmp.Or(os.Getenv("POSMEDIC_SHARED"), filepath.Join("..", "..", "..", "shared"))
	f, err := os.Open(filepath.Join(dir, "data", "planner", "published_instances.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the published problems are not on this machine (POSMEDIC_SHARED, data/planner/published_instances.json)")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	instances, err := ReadInstances(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Planner(t.Context(), PlannerConfig{Instances: instances, Limits: bayes.DefaultLimits()})
	if err != nil || got.N == 0 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, one := range got.Instances {
		if one.ECR == nil || math.Abs(*one.ECR-instances[i].Optimum) > 1e-9 {
			t.Errorf("%s: got %v, the optimum is %v", one.Name, one.ECR, instances[i].Optimum)
		}
	}
}

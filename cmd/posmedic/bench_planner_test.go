package main

import (
	"strings"
	"testing"
)

func TestBenchPlanner(t *testing.T) {
	t.Parallel()
	const instances = `[
{"seed": 7, "call_service_cost": 500, "prior": [0.5, 0.5], "action_cost": [60, 60], "fix_prob": [[1, 0], [0, 1]],
 "question_cost": [2], "yes_prob": [[1, 0]], "optimal_ecr": 62},
{"seed": 8, "call_service_cost": 500, "prior": [0.5, 0.5], "action_cost": [60, 60], "fix_prob": [[1, 0], [0, 1]],
 "question_cost": [2], "yes_prob": [[1, 0]]}
]`
	files := map[string]string{"good.json": instances, "bad.json": "[\n{\"prior\": [0.5]}]"}
	t.Run("it prints one object with the gap of each instance", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{files: files}, "bench", "planner", "--instances", "good.json", "--json")
		if got.code != 0 || got.err != "" || lines(got.out) != 1 {
			t.Fatalf("got %+v", got)
		}
		for _, want := range []string{`"n":2`, `"mean_gap":0,`, `"max_gap":0,`, `"optimal_share":1,`, `"ms_per_step_p99":`, `{"seed":7,"ecr":62,"gap":0}`, `{"seed":8,"ecr":62,"gap":null}`, `"gomaxprocs":`} {
			if !strings.Contains(got.out, want) {
				t.Errorf("no %s in %s", want, got.out)
			}
		}
	})
	t.Run("it prints a table in the reader's language", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{files: files, env: []string{"LANG=zh_CN.UTF-8"}}, "bench", "planner", "--instances", "good.json")
		if got.code != 0 || !strings.Contains(got.out, "达到最优") || !strings.Contains(got.out, "最优值未知") {
			t.Errorf("got %+v", got)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no file":                  {nil, "--instances"},
		"a file that is not there": {[]string{"--instances", "none.json"}, "none.json: cannot be opened"},
		"a file with a mistake":    {[]string{"--instances", "bad.json"}, "bad.json: line 2: the prior sums to 0.5, not 1"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			if got := play(t, world{files: files}, append([]string{"bench", "planner"}, c.args...)...); got.code != 2 || got.out != "" || !strings.Contains(got.err, c.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

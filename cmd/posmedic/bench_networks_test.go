package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBenchNetworks(t *testing.T) {
	t.Parallel()
	const (
		coin = "variable coin { type discrete [ 2 ] { heads, tails }; }\nprobability ( coin ) { table 0.5, 0.5; }\n"
		call = "variable call { type discrete [ 2 ] { right, wrong }; }\nvariable coin { type discrete [ 2 ] { heads, tails }; }\n" +
			"probability ( coin ) { table 0.5, 0.5; }\nprobability ( call | coin ) { (heads) 0.75, 0.25; (tails) 0.5, 0.5; }\n"
		known = `{"states": {"call": ["right", "wrong"], "coin": ["heads", "tails"]}, "sets": [
{"id": 0, "evidence": {"call": "right"}, "p_evidence": 0.625, "posterior": {"coin": [0.6, 0.4], "call": [1, 0]}}]}`
	)
	files := map[string]string{"good/coin.bif": coin, "good/call.bif": call, "known/call.json": known, "bad/coin.bif": coin + "probability ( coin )", "known/empty.txt": ""}
	args := []string{"bench", "networks", "--networks", "good", "--reference", "known"}
	t.Run("it prints one object with the errors of each network", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{files: files}, append(args, "--json")...)
		if got.code != 0 || got.err != "" || lines(got.out) != 1 {
			t.Fatalf("got %+v", got)
		}
		var object struct {
			Networks []map[string]any `json:"networks"`
			Machine  int              `json:"gomaxprocs"`
		}
		if err := json.Unmarshal([]byte(got.out), &object); err != nil || len(object.Networks) != 2 || object.Machine < 1 {
			t.Fatalf("got %s, %v", got.out, err)
		}
		for i, name := range []string{"call", "coin"} {
			n := object.Networks[i]
			for _, field := range []string{"name", "nodes", "sets", "max_abs_error", "max_rel_p_evidence", "ms_min", "ms_median", "allocs"} {
				if _, there := n[field]; !there {
					t.Errorf("%s: no %s", name, field)
				}
			}
			if n["name"] != name || (n["max_abs_error"] == nil) != (name == "coin") || n["ms_min"].(float64) <= 0 {
				t.Errorf("got %v", n)
			}
		}
	})
	t.Run("it prints a table in the reader's language", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{files: files, env: []string{"LANG=zh_CN.UTF-8"}}, args...)
		if got.code != 0 || !strings.Contains(got.out, "与已知后验的最大差") || !strings.Contains(got.out, "只测了速度") {
			t.Errorf("got %+v", got)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no folder":                  {nil, "--networks"},
		"a folder that is not there": {[]string{"--networks", "none"}, "none: cannot be opened"},
		"a network with a mistake":   {[]string{"--networks", "bad"}, "bad/coin.bif: line 3, column 21: "},
		"a filter that fits nothing": {[]string{"--networks", "good", "--filter", "dice*"}, "no such network"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			if got := play(t, world{files: files}, append([]string{"bench", "networks"}, c.args...)...); got.code != 2 || got.out != "" || lines(got.err) > 2 || !strings.Contains(got.err, c.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

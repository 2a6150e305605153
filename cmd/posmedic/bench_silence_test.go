package main

import (
	"strings"
	"testing"
)

func TestBenchSilence(t *testing.T) {
	t.Parallel()
	t.Run("it prints one object", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{}, "bench", "silence", "--seed=2", "--json")
		if got.code != 0 || lines(got.out) != 1 {
			t.Fatalf("got %+v", got)
		}
		for _, want := range []string{
			`"seed":2,`, `"median_delay_hours":`, `"mean_lost_sales":`, `"false_alarms_per_terminal_30d":0.`, `"missed_share":0`, `"gomaxprocs":`,
		} {
			if !strings.Contains(got.out, want) {
				t.Errorf("no %s in %s", want, got.out)
			}
		}
	})
	t.Run("it prints a table in the reader's language", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{env: []string{"LANG=zh_CN.UTF-8"}}, "bench", "silence")
		if got.code != 0 || !strings.Contains(got.out, "从停止到报警，中位数") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("it refuses a seed that is no number", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{}, "bench", "silence", "--seed=x"); got.code != 2 || got.out != "" || !strings.Contains(got.err, "seed") {
			t.Errorf("got %+v", got)
		}
	})
}

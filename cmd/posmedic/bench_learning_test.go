package main

import "testing"

func TestBenchLearning(t *testing.T) {
	t.Parallel()
	t.Run("it learns from simulated cases and measures readers", func(t *testing.T) {
		t.Parallel()
		fields := []string{"seed", "cases", "tests", "proven", "optimal", "plain_before", "plain_after", "engine_true", "engine_true_listed", "engine_true_read", "engine_before", "engine_after", "temperature", "learned"}
		got := measured(t, fields, "bench", "learning", "--cases=60", "--tests=40")
		optimal, ok := got["optimal"].(map[string]any)
		if !ok || optimal["share_top1"] != 1.0 || optimal["ece_floor"].(float64) <= 0 {
			t.Errorf("the optimal reader: %v", got["optimal"])
		}
	})
	for name, args := range map[string][]string{
		"too few cases": {"--cases=1"}, "too few tests": {"--tests=0"}, "noise below none": {"--noise=-1"}, "a seed that is no number": {"--seed=x"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			if got := play(t, world{}, append([]string{"bench", "learning"}, args...)...); got.code != 2 || got.out != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

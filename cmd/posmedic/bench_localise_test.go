package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestBenchLocalise(t *testing.T) {
	t.Parallel()
	var leaves strings.Builder
	leaves.WriteString("real,predict,model,carrier\n")
	for leaf := range 80 {
		lost := 1.0
		if leaf%10 == 3 {
			lost = 0.4
		}
		fmt.Fprintf(&leaves, "%v,%v,m%d,k%d\n", lost*float64(50+leaf), 50+leaf, leaf%10, leaf/10)
	}
	files := map[string]string{
		"one/injection_info.csv": "set,timestamp\nmodel=m3,1\n", "one/1.csv": leaves.String(),
		"bad/injection_info.csv": "set,timestamp\nmodel=m3,1\n", "bad/1.csv": "real,predict,model\n1,x,m3\n",
	}
	t.Run("it prints one object with the figures of each setting", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{files: files}, "bench", "localise", "--dir", "one", "--json")
		if got.code != 0 || got.err != "" || lines(got.out) != 1 {
			t.Fatalf("got %+v", got)
		}
		for _, want := range []string{`"cases":1`, `"f1":1,`, `"precision":1,`, `"recall":1,`, `"seconds_per_case":`, `"by_setting":{"one":{`, `"gomaxprocs":`} {
			if !strings.Contains(got.out, want) {
				t.Errorf("no %s in %s", want, got.out)
			}
		}
	})
	t.Run("it prints a table in the reader's language", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{files: files, env: []string{"LANG=zh_CN.UTF-8"}}, "bench", "localise", "--dir", "one")
		if got.code != 0 || !strings.Contains(got.out, "大面积故障") || !strings.Contains(got.out, "one (1, ") {
			t.Errorf("got %+v", got)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no folder":                  {nil, "--dir"},
		"a folder that is not there": {[]string{"--dir", "none"}, "none: cannot be opened"},
		"leaves with a mistake":      {[]string{"--dir", "bad"}, "1.csv: line 2: real and predict are not both numbers"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			if got := play(t, world{files: files}, append([]string{"bench", "localise"}, c.args...)...); got.code != 2 || got.out != "" || !strings.Contains(got.err, c.want) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

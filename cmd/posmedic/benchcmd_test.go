package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/web"
)

// measured runs a measure with --json and gives its fields, which are to be at least these and none of them 0.
func measured(t *testing.T, fields []string, args ...string) map[string]any {
	t.Helper()
	got := play(t, world{}, append(args, "--json")...)
	if got.code != 0 || got.err != "" || lines(got.out) != 1 {
		t.Fatalf("got %+v", got)
	}
	object := map[string]any{}
	if err := json.Unmarshal([]byte(got.out), &object); err != nil {
		t.Fatal(err)
	}
	for _, field := range append(fields, "go", "cpu", "gomaxprocs", "commit") {
		if value, there := object[field]; !there || value == 0.0 || value == "" {
			t.Errorf("%s is %v", field, value)
		}
	}
	return object
}

func TestBenchStart(t *testing.T) {
	t.Parallel()
	t.Run("it starts the real server and measures it", func(t *testing.T) {
		t.Parallel()
		if !web.Built() {
			if got := play(t, world{}, "bench", "start"); got.code != 2 || !strings.Contains(got.err, "no pages") {
				t.Errorf("got %+v", got)
			}
			return
		}
		measured(t, []string{"first_page_ms", "idle_rss_mb", "binary_mb"}, "bench", "start", "--runs=1")
	})
	t.Run("no runs measure nothing", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{}, "bench", "start", "--runs=0"); got.code != 2 || !strings.Contains(got.err, "--runs") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestBenchIngest(t *testing.T) {
	t.Parallel()
	t.Run("it sends through the real door and finds in the database what was acknowledged", func(t *testing.T) {
		t.Parallel()
		fields := []string{"reports", "reports_per_second", "cpu_us_per_report", "ack_ms_p50", "ack_ms_p99", "bytes_per_report_stored", "rss_mb"}
		got := measured(t, fields, "bench", "ingest", "--terminals=5", "--seconds=1")
		if p50, p99 := got["ack_ms_p50"].(float64), got["ack_ms_p99"].(float64); p50 > p99 {
			t.Errorf("half wait %v ms, and 99 of 100 only %v ms", p50, p99)
		}
	})
	for name, args := range map[string][]string{
		"no terminals": {"--terminals=0"}, "no time": {"--seconds=0"}, "a door there is not": {"--door=none"}, "a store of no kind": {"--store=postgres://%zz"},
	} {
		t.Run("it refuses "+name, func(t *testing.T) {
			t.Parallel()
			if got := play(t, world{}, append([]string{"bench", "ingest"}, args...)...); got.code != 2 || got.out != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

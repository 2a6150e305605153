package observe_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/loop/observe"
)

var ten = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return ten.Add(time.Duration(seconds) * time.Second) }

func TestFailuresAreCountedOnceEach(t *testing.T) {
	t.Parallel()
	fail := func(second int, stan, by string) observe.Answer {
		return observe.Answer{At: at(second), Kind: observe.Sale, Code: "96", STAN: stan, By: by}
	}
	sale := func(second int) observe.Answer {
		return observe.Answer{At: at(second), Kind: observe.Sale, Code: "00", STAN: "ok", RRN: "r", By: observe.ByHost}
	}
	tests := map[string]struct {
		answers []observe.Answer
		want    int
		newest  time.Time
	}{
		"one that host and terminal tell of": {[]observe.Answer{fail(1, "1", observe.ByHost), fail(2, "1", observe.ByTerminal)}, 1, at(1)},
		"two that host and terminal tell of": {[]observe.Answer{
			fail(1, "1", observe.ByHost), fail(5, "2", observe.ByHost), fail(1, "1", observe.ByTerminal), fail(6, "2", observe.ByTerminal),
		}, 2, at(5)},
		"two without a number":              {[]observe.Answer{fail(1, "", observe.ByTerminal), fail(2, "", observe.ByTerminal)}, 2, at(2)},
		"one that comes late, after a sale": {[]observe.Answer{sale(5), fail(1, "1", observe.ByHost)}, 0, time.Time{}},
		"a sale ends the row":               {[]observe.Answer{fail(1, "1", observe.ByHost), sale(2), fail(3, "2", observe.ByHost)}, 1, at(3)},
		"a sale that comes late ends nothing": {
			[]observe.Answer{fail(5, "1", observe.ByHost), sale(2), fail(6, "2", observe.ByHost)}, 2, at(6),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s observe.State
			for _, a := range tt.answers {
				s.Fold(a, func(code string) bool { return code == "96" })
			}
			if s.Failures != tt.want || !s.FailAt.Equal(tt.newest) {
				t.Errorf("%d failures, the newest at %v; want %d and %v", s.Failures, s.FailAt, tt.want, tt.newest)
			}
		})
	}
}

// everything stores whatever it is given.
type everything struct{ observe.Store }

func (everything) Commit(_ context.Context, arrivals []observe.Arrival, _ observe.Fold) ([]observe.Landed, error) {
	out := make([]observe.Landed, len(arrivals))
	for i := range out {
		out[i].Accepted = 1
	}
	return out, nil
}

func TestARecordMaySpeakOfALargeFleet(t *testing.T) {
	t.Parallel()
	const fleet = 10_000
	o := observe.New(observe.Deps{
		Store: everything{}, Now: func() time.Time { return ten },
		Sharing: func(context.Context, string, string) ([]string, error) {
			all := make([]string, fleet)
			for i := range all {
				all[i] = fmt.Sprint("t", i)
			}
			return all, nil
		},
	}, observe.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	taken, err := o.Accept(t.Context(), []observe.Record{{ID: "p", At: ten, Power: &observe.AreaPower{Area: "a"}}})
	if err != nil || taken.Accepted != fleet {
		t.Errorf("taken %+v (%v)", taken, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

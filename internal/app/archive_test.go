package app

import (
	"testing"

	"github.com/posmedic/posmedic/internal/loop/learn"
)

func TestTheTrackRecordCountsProvenCases(t *testing.T) {
	t.Parallel()
	hung := map[string]float64{"sw_hang": 0.9, "net_router": 0.1}
	record := counted([]learn.Record{
		{Credit: hung, Steps: []learn.Step{{ID: "restart_app"}, {ID: "restart_app"}, {ID: "restart_terminal", Helped: true}}},
		{Credit: hung, Steps: []learn.Step{{ID: "restart_app", Helped: true}}},
		{Credit: hung, Cause: "net_router", Steps: []learn.Step{{ID: "restart_app"}}}, // somebody saw it
		{Steps: []learn.Step{{ID: "restart_app"}}},                                    // nobody knows what it was
	})
	for _, want := range []struct {
		step, fault   string
		tried, helped int
	}{
		{"restart_app", "sw_hang", 2, 1}, {"restart_terminal", "sw_hang", 1, 1}, {"restart_app", "net_router", 1, 0},
		{"restart_app", "", 0, 0}, {"restart_app", "other", 0, 0},
	} {
		if tried, helped := record(want.step, want.fault); tried != want.tried || helped != want.helped {
			t.Errorf("%+v: tried %d, helped %d", want, tried, helped)
		}
	}
}

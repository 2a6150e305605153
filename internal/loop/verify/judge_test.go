package verify_test

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/verify"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	rules := verify.Rules{Quiet: 10 * time.Minute, Settle: 30 * time.Second, Patience: 2 * time.Hour}
	repaired := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	after := func(d time.Duration) time.Time { return repaired.Add(d) }
	sold := observe.State{SignInAt: after(time.Minute), SaleAt: after(2 * time.Minute), SaleRRN: "000123"}

	tests := map[string]struct {
		state   observe.State
		now     time.Time
		attempt string
		want    verify.Result
	}{
		"nothing has been seen yet":                    {observe.State{}, after(time.Minute), "a", verify.Waiting},
		"a sign-in alone is no proof":                  {observe.State{SignInAt: after(time.Minute)}, after(time.Hour), "a", verify.Waiting},
		"a sale alone is no proof":                     {observe.State{SaleAt: after(time.Minute)}, after(time.Hour), "a", verify.Waiting},
		"a sign-in and a sale, not yet quiet":          {sold, after(5 * time.Minute), "a", verify.Waiting},
		"a sign-in and a sale and a quiet window":      {sold, after(12 * time.Minute), "a", verify.Confirmed},
		"a sale from before the repair proves nothing": {observe.State{SignInAt: after(time.Minute), SaleAt: after(-time.Minute)}, after(time.Hour), "a", verify.Waiting},
		"it fails again after the repair": {
			observe.State{Failures: 1, FailSince: after(5 * time.Minute)}, after(6 * time.Minute), "a", verify.Refuted,
		},
		"failures of before the repair may still arrive": {
			observe.State{Failures: 2, FailSince: after(10 * time.Second)}, after(20 * time.Second), "a", verify.Waiting,
		},
		"it fails after the sale, within the quiet window": {
			observe.State{SignInAt: sold.SignInAt, SaleAt: sold.SaleAt, Failures: 1, FailSince: after(4 * time.Minute)},
			after(5 * time.Minute), "a", verify.Refuted,
		},
		"findings still say that it cannot sell": {
			observe.State{Adverse: after(-time.Hour), AdverseAt: after(time.Minute)}, after(time.Minute), "a", verify.Refuted,
		},
		"findings of before the repair that nobody has looked at since": {
			observe.State{Adverse: after(-time.Hour), AdverseAt: after(time.Second)}, after(time.Hour), "a", verify.Waiting,
		},
		"no proof comes in time":                {observe.State{}, after(3 * time.Hour), "a", verify.Expired},
		"nobody repaired it and it still fails": {observe.State{Failures: 3, FailSince: after(time.Hour)}, after(90 * time.Minute), "", verify.Waiting},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := verify.Watch{Case: "c", Terminal: "t", Attempt: tt.attempt, Since: repaired}
			got, proof := verify.Judge(w, tt.state, tt.now, rules)
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got == verify.Confirmed && (proof.SaleRRN != "000123" || proof.SignInAt.IsZero()) {
				t.Errorf("the proof is incomplete: %+v", proof)
			}
		})
	}
}

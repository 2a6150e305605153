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
			observe.State{Failures: 1, FailSince: after(5 * time.Minute), FailAt: after(5 * time.Minute)}, after(6 * time.Minute), "a", verify.Refuted,
		},
		"it goes on failing as it did before the repair": {
			observe.State{Failures: 9, FailSince: after(-time.Hour), FailAt: after(5 * time.Minute)}, after(6 * time.Minute), "a", verify.Refuted,
		},
		"it sold at once, failed a moment later, and nobody has tried since": {
			observe.State{SignInAt: after(time.Second), SaleAt: after(2 * time.Second), Failures: 1, FailAt: after(3 * time.Second)},
			after(3 * time.Hour), "a", verify.Expired,
		},
		"failures of before the repair may still arrive": {
			observe.State{Failures: 2, FailSince: after(10 * time.Second), FailAt: after(10 * time.Second)}, after(20 * time.Second), "a", verify.Waiting,
		},
		"it fails after the sale, within the quiet window": {
			observe.State{SignInAt: sold.SignInAt, SaleAt: sold.SaleAt, Failures: 1, FailAt: after(4 * time.Minute)},
			after(5 * time.Minute), "a", verify.Refuted,
		},
		"findings still say that it cannot sell": {
			observe.State{Adverse: after(-time.Hour), AdverseAt: after(time.Minute)}, after(time.Minute), "a", verify.Refuted,
		},
		"findings of before the repair that nobody has looked at since": {
			observe.State{Adverse: after(-time.Hour), AdverseAt: after(time.Second)}, after(time.Hour), "a", verify.Waiting,
		},
		"the proof comes at the last moment, and its quiet window goes beyond": {
			observe.State{SignInAt: after(119 * time.Minute), SaleAt: after(119 * time.Minute)}, after(121 * time.Minute), "a", verify.Waiting,
		},
		"no proof comes in time":                {observe.State{}, after(3 * time.Hour), "a", verify.Expired},
		"nobody repaired it and it still fails": {observe.State{Failures: 3, FailAt: after(time.Hour)}, after(90 * time.Minute), "", verify.Waiting},
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

func TestABusyShopIsConfirmedAllTheSame(t *testing.T) {
	t.Parallel()
	rules := verify.Rules{Quiet: 10 * time.Minute, Settle: 30 * time.Second, Patience: 2 * time.Hour}
	repaired := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	first, now := repaired.Add(time.Minute), repaired.Add(11*time.Minute)
	w := verify.Watch{Case: "c", Terminal: "t", Attempt: "a", Since: repaired, SoldAt: first}
	sold := observe.State{SignInAt: first, SaleAt: now.Add(-time.Second), SaleRRN: "9"}
	if got, p := verify.Judge(w, sold, now, rules); got != verify.Confirmed || !p.QuietAt.Equal(first.Add(rules.Quiet)) {
		t.Errorf("got %s, quiet at %v", got, p.QuietAt)
	}
	if got, _ := verify.Judge(w, sold, now.Add(-time.Minute), rules); got != verify.Waiting {
		t.Errorf("before the window ends: got %s", got)
	}
}

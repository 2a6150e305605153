package bench

import (
	"math/rand/v2"
	"testing"

	"github.com/posmedic/posmedic/internal/silence"
)

func TestSilenceIsToldWithinTheBudgetAndSoonerThanByItsSurpriseAlone(t *testing.T) {
	t.Parallel()
	const seed = 3
	ours, err := Silence(t.Context(), SilenceConfig{Seed: seed, Policy: silence.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	shops, outages := silenceFleet(seed)
	theirs := newSurprise(shops, len(openings())).measure(shops, outages, 0.5)
	t.Logf("ours %+v", ours)
	t.Logf("negative binomial surprise, its threshold taken from the test weeks: %+v", theirs)
	if ours.FalseAlarms > 0.5 || ours.FalseAlarms < 0.3 {
		t.Errorf("%.3f false alarms a terminal and 30 days; the budget is 0.5, and what is not spent of it is delay", ours.FalseAlarms)
	}
	if ours.MedianDelay > 23 || ours.MeanLost > 12.3 {
		t.Errorf("median delay %.1f h, %.2f sales lost", ours.MedianDelay, ours.MeanLost)
	}
	if ours.MedianDelay >= theirs.MedianDelay || ours.MeanLost >= theirs.MeanLost || ours.Missed >= theirs.Missed {
		t.Error("it is not better than the surprise alone")
	}
}

func TestLinesOfBusinessNeedNotBeKnown(t *testing.T) {
	t.Parallel()
	r, err := Silence(t.Context(), SilenceConfig{Seed: 2, Unknown: true, Policy: silence.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.FalseAlarms > 0.5 || r.MedianDelay > 30 || r.MeanLost > 18 || r.Missed > 0.05 {
		t.Errorf("%+v", r)
	}
}

func TestTheReferenceComesOutWhereItsAuthorsSaw(t *testing.T) {
	t.Parallel()
	// They publish a median of 23 h and 12.3 lost sales on a fleet drawn in the same way.
	shops, outages := silenceFleet(1)
	r := newSurprise(shops, len(openings())).measure(shops, outages, 0.5)
	if r.MedianDelay < 21 || r.MedianDelay > 25 || r.MeanLost < 11.3 || r.MeanLost > 13.3 {
		t.Errorf("%+v: the simulated fleet is another one", r)
	}
}

func TestTheSimulatedDrawsHaveTheirMoments(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 50_000
	for _, want := range []float64{0.3, 5, 90} {
		sum, squares := 0.0, 0.0
		for range n {
			x := float64(poisson(rng, want))
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / n
		if variance := squares/n - mean*mean; mean < 0.97*want || mean > 1.03*want || variance < 0.95*want || variance > 1.05*want {
			t.Errorf("poisson %g: mean %g, variance %g", want, mean, variance)
		}
	}
	for _, want := range []float64{2, 5, 20} {
		sum, squares := 0.0, 0.0
		for range n {
			x := gamma(rng, want)
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / n
		if variance := squares/n - mean*mean; mean < 0.97*want || mean > 1.03*want || variance < 0.93*want || variance > 1.07*want {
			t.Errorf("gamma %g: mean %g, variance %g", want, mean, variance)
		}
	}
}

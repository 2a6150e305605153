package learning_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/learning"
)

// drawn makes readings whose truth is drawn from p raised to a power: calibrated at 1.
func drawn(rng *rand.Rand, n int, power float64) []learning.Reading {
	out := make([]learning.Reading, n)
	for i := range out {
		p := make([]float64, 5)
		total := 0.0
		for f := range p {
			p[f] = math.Pow(rng.Float64(), 3) + 1e-3
			total += p[f]
		}
		for f := range p {
			p[f] /= total
		}
		out[i] = learning.Reading{P: p, Truth: learning.Draw(learning.Cool(p, 1/power), rng)}
	}
	return out
}

func TestMeasuresAreAsDefined(t *testing.T) {
	t.Parallel()
	list := []learning.Reading{{P: []float64{0.7, 0.2, 0.1}, Truth: 0}, {P: []float64{0.5, 0.5, 0}, Truth: 2}}
	near(t, "Brier", learning.Brier(list), ((0.09+0.04+0.01)+(0.25+0.25+1))/2, 1e-12)
	near(t, "log loss", learning.LogLoss(list), -(math.Log(0.7)+math.Log(1e-4))/2, 1e-12)
	leading := learning.Forecasts(list, learning.Leading)
	// One bin: said 1.2 hits, got one. Two bins: 0.5 off and 0.3 off.
	near(t, "ECE in one bin", learning.ECE(leading, 1), 0.1, 1e-12)
	near(t, "ECE in two bins", learning.ECE(leading, 2), 0.4, 1e-12)
	if n := len(learning.Forecasts(list, learning.Every)); n != 6 {
		t.Errorf("%d statements", n)
	}
	near(t, "of nothing", learning.ECE(nil, 10)+learning.Brier(nil)+learning.LogLoss(nil)+learning.Floor(nil, learning.Leading, 10, 10, random(1)), 0, 0)
	short := learning.Short(0.6, 0.3, false)
	near(t, "the short form's log loss", learning.LogLoss([]learning.Reading{short}), -math.Log(0.3), 1e-12)
}

func TestTheFloorIsWhatACalibratedReaderShows(t *testing.T) {
	t.Parallel()
	rng := random(31)
	calibrated, sure := drawn(rng, 3000, 1), drawn(rng, 3000, 0.4)
	floor := learning.Floor(calibrated, learning.Leading, 15, 100, rng)
	if e := learning.ECE(learning.Forecasts(calibrated, learning.Leading), 15); e > 2*floor || e < floor/2 {
		t.Errorf("calibrated: %v with a floor of %v", e, floor)
	}
	if e := learning.ECE(learning.Forecasts(sure, learning.Leading), 15); e < 3*floor {
		t.Errorf("over-confident: %v with a floor of %v", e, floor)
	}
	if more := learning.Floor(calibrated[:300], learning.Leading, 15, 100, rng); more < 2*floor {
		t.Errorf("on a tenth of the cases the floor is %v, on all %v", more, floor)
	}
	i := learning.ECEInterval(sure, learning.Leading, 15, 100, rng)
	if !(i.Low < i.Value && i.Value < i.High) {
		t.Errorf("%+v", i)
	}
}

func TestTemperatureFindsOverConfidence(t *testing.T) {
	t.Parallel()
	for _, want := range []float64{0.7, 1, 2.5} {
		list := drawn(random(41), 4000, 1/want)
		told, cooled := make([]learning.Told, len(list)), make([]learning.Reading, len(list))
		for i, r := range list {
			like := make([]float64, len(r.P))
			like[r.Truth] = 1
			told[i] = learning.Told{P: r.P, Like: like}
		}
		near(t, "temperature", learning.Temperature(told)/want, 1, 0.08)
		for i, r := range list {
			cooled[i] = learning.Reading{P: learning.Cool(r.P, want), Truth: r.Truth}
		}
		if learning.LogLoss(cooled) > learning.LogLoss(list)+1e-9 {
			t.Errorf("the right temperature of %v makes it worse", want)
		}
	}
	near(t, "of nothing", learning.Temperature(nil), 1, 0)
}

func TestShrink(t *testing.T) {
	t.Parallel()
	poisson := func(rng *rand.Rand, mean float64) float64 {
		n, at := 0.0, math.Exp(-mean)
		for p := rng.Float64(); p > at; p *= rng.Float64() {
			n++
		}
		return n
	}
	strata := func(factor func(*rand.Rand) float64) ([]learning.Cell, []float64) {
		rng := random(51)
		cells, truth := make([]learning.Cell, 400), make([]float64, 400)
		for i := range cells {
			truth[i] = factor(rng)
			e := 0.5 + 8*rng.Float64()
			cells[i] = learning.Cell{Observed: poisson(rng, truth[i]*e), Expected: e}
		}
		return cells, truth
	}
	t.Run("strata that differ by chance stay at one", func(t *testing.T) {
		t.Parallel()
		cells, _ := strata(func(*rand.Rand) float64 { return 1 })
		s := learning.Shrink(cells)
		for i, f := range s.Factors {
			if f < 0.7 || f > 1.4 {
				t.Errorf("%+v became %v at strength %v", cells[i], f, s.Strength)
			}
		}
	})
	t.Run("strata that differ are nearer to the truth shrunk than raw", func(t *testing.T) {
		t.Parallel()
		cells, truth := strata(func(rng *rand.Rand) float64 { return 0.2 + 2*rng.Float64()*rng.Float64()*2 })
		s := learning.Shrink(cells)
		raw, shrunk := 0.0, 0.0
		for i, c := range cells {
			raw += math.Pow(c.Observed/c.Expected-truth[i], 2)
			shrunk += math.Pow(s.Factors[i]-truth[i], 2)
		}
		if shrunk > 0.8*raw {
			t.Errorf("squared error %v shrunk, %v raw, strength %v", shrunk, raw, s.Strength)
		}
	})
	t.Run("nothing expected gives one", func(t *testing.T) {
		t.Parallel()
		near(t, "factor", learning.Shrink([]learning.Cell{{}}).Factors[0], 1, 1e-9)
	})
}

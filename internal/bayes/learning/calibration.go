package learning

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Reading is a distribution over causes that was given, and the cause that it was.
type Reading struct {
	P     []float64
	Truth int
}

// Brier is the mean squared distance between what was said and what was, over all causes; 0 is perfect, 2 the worst.
func Brier(list []Reading) float64 {
	sum := 0.0
	for _, r := range list {
		for f, p := range r.P {
			if f == r.Truth {
				p = 1 - p
			}
			sum += p * p
		}
	}
	return average(sum, len(list))
}

// leastP bounds what one case can cost in log loss.
const leastP = 1e-4

// LogLoss is the mean of -log of the probability given to the true cause, natural logarithm, with a floor of 1e-4.
func LogLoss(list []Reading) float64 {
	sum := 0.0
	for _, r := range list {
		sum -= math.Log(max(r.P[r.Truth], leastP))
	}
	return average(sum, len(list))
}

func average(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Forecast is one statement that may hold: its probability, and whether it did.
type Forecast struct {
	P   float64
	Hit bool
}

// Kind says which statements of a reading are held against what was.
type Kind int

// The kinds.
const (
	Leading Kind = iota // "the leading cause is the one"
	Every               // "it is this cause", for every cause
)

// Forecasts are the statements that readings make.
func Forecasts(list []Reading, kind Kind) []Forecast {
	var out []Forecast
	for _, r := range list {
		if kind == Leading {
			top := leading(r.P)
			out = append(out, Forecast{r.P[top], top == r.Truth})
			continue
		}
		for f, p := range r.P {
			out = append(out, Forecast{p, f == r.Truth})
		}
	}
	return out
}

func leading(p []float64) int {
	top := 0
	for f := range p {
		if p[f] > p[top] {
			top = f
		}
	}
	return top
}

// ECE is the expected calibration error: statements are sorted by probability into bins of equal size, and in each the
// mean probability is held against the share that held. It is never 0 for finite lists, see Floor.
func ECE(list []Forecast, bins int) float64 {
	if len(list) == 0 || bins < 1 {
		return 0
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Forecast) int { return cmp.Compare(a.P, b.P) })
	sum := 0.0
	for b := range bins {
		gap := 0.0
		for _, f := range list[b*len(list)/bins : (b+1)*len(list)/bins] {
			gap += f.P
			if f.Hit {
				gap--
			}
		}
		sum += math.Abs(gap)
	}
	return sum / float64(len(list))
}

// Interval is a value with its bootstrap interval of 95 %.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// ECEInterval is the calibration error of readings with a bootstrap interval over the cases. Resampling adds noise of its
// own, so the interval is for comparing, not for a test against 0.
func ECEInterval(list []Reading, kind Kind, bins, runs int, rng *rand.Rand) Interval {
	out := Interval{Value: ECE(Forecasts(list, kind), bins)}
	out.Low, out.High = out.Value, out.Value
	if len(list) == 0 || runs < 1 {
		return out
	}
	values := make([]float64, runs)
	sample := make([]Reading, len(list))
	for i := range values {
		for j := range sample {
			sample[j] = list[rng.IntN(len(list))]
		}
		values[i] = ECE(Forecasts(sample, kind), bins)
	}
	slices.Sort(values)
	out.Low, out.High = values[runs/40], values[runs-1-runs/40]
	return out
}

// Floor is the calibration error that a perfectly calibrated reader with these very probabilities would show on so many
// cases by chance: causes are drawn from the probabilities themselves, and the mean over the runs is taken.
func Floor(list []Reading, kind Kind, bins, runs int, rng *rand.Rand) float64 {
	if len(list) == 0 || runs < 1 {
		return 0
	}
	drawn := slices.Clone(list)
	sum := 0.0
	for range runs {
		for i := range drawn {
			drawn[i].Truth = Draw(drawn[i].P, rng)
		}
		sum += ECE(Forecasts(drawn, kind), bins)
	}
	return sum / float64(runs)
}

// Draw draws an index by its weight.
func Draw(weights []float64, rng *rand.Rand) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	at := rng.Float64() * total
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// Told is a distribution that was given, and what was told of the cause afterwards: how likely that was under each cause. A
// cause that was named leaves one entry; a step that helped leaves several.
type Told struct{ P, Like []float64 }

// Temperature is the power 1/T to which final distributions are raised before they are normalised again: above 1 they
// were over-confident. It is the one under which what was told afterwards is most probable, on cases that were not used
// for learning. It never changes which cause leads.
func Temperature(list []Told) float64 {
	if len(list) == 0 {
		return 1
	}
	const least, most = 0.25, 8.0
	return math.Exp(maximise(math.Log(least), math.Log(most), func(x float64) float64 {
		sum := 0.0
		for _, t := range list {
			p := 0.0
			for f, q := range Cool(t.P, math.Exp(x)) {
				p += q * t.Like[f]
			}
			sum += math.Log(max(p, leastP))
		}
		return sum
	}))
}

// Cool raises a distribution to the power 1/temperature.
func Cool(p []float64, temperature float64) []float64 {
	out := make([]float64, len(p))
	for f, x := range p {
		out[f] = math.Log(x) / temperature
	}
	softmax(out)
	return out
}

// Short is one case in short: the probability of the cause that led, that of the true one, and whether they are the
// same. It makes a reading of what matters without the whole distribution.
func Short(leads, truth float64, same bool) Reading {
	if same {
		return Reading{P: []float64{leads, max(0, 1-leads)}}
	}
	return Reading{P: []float64{leads, truth, max(0, 1-leads-truth)}, Truth: 1}
}

// Summary is calibration and loss of a list of readings.
type Summary struct {
	LogLoss float64
	Brier   float64
	ECE     Interval // of the leading cause
	Floor   float64  // of the same
}

// Summarise measures readings with bins of equal size and so many resamplings. The same list gives the same figures.
func Summarise(list []Reading, bins, resamples int) Summary {
	rng := rand.New(rand.NewPCG(uint64(len(list)), uint64(bins))) //nolint:gosec // resampling keeps no secret
	return Summary{
		LogLoss: LogLoss(list), Brier: Brier(list),
		ECE: ECEInterval(list, Leading, bins, resamples, rng), Floor: Floor(list, Leading, bins, resamples, rng),
	}
}

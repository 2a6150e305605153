package localise

import (
	"cmp"
	"math"
	"slices"
)

// Amounts localises why amounts (sales, sign-ins, money) differ from what was expected.
func Amounts(t Table, o Options) []Cause {
	c := newCube(t, func(row int) bool { return t.Expected[row] > 0 })
	if len(c.leaves) == 0 {
		return nil
	}
	return newFinder(c, newAmounts(t, c), o).causes()
}

// amounts is the evidence of amounts: a leaf shows its expected value times the level, with the noise that the table's own
// ordinary leaves have. A small share is anything: that keeps one odd leaf from deciding.
type amounts struct {
	actual, expected []float64
	density, odds    []float64 // of an odd leaf, and its logarithm
	relative         float64   // noise that grows with the value, as a part of it
	counting         float64   // noise of counting: variance per unit
}

const (
	odd  = 1e-3 // share of leaves that follow no rule
	unit = 1.0  // amounts are counts: what is lost is lost in whole units
)

func newAmounts(t Table, c *cube) *amounts {
	a := &amounts{
		actual: make([]float64, len(c.leaves)), expected: make([]float64, len(c.leaves)), density: make([]float64, len(c.leaves)),
		odds: make([]float64, len(c.leaves)),
	}
	for i, row := range c.leaves {
		a.actual[i], a.expected[i] = t.Actual[row], t.Expected[row]
		a.density[i] = odd / (2 * max(a.actual[i], a.expected[i]))
		a.odds[i] = math.Log(a.density[i])
	}
	a.measureNoise()
	return a
}

// measureNoise reads the noise off the leaves that are nearest to what was expected of them: the relative noise off the
// larger half, the noise of counting off what it leaves unexplained in the smaller half.
func (a *amounts) measureNoise() {
	sizes := slices.Clone(a.expected)
	slices.Sort(sizes)
	middle := sizes[len(sizes)/2]
	var large, small []float64
	for i, v := range a.expected {
		if v >= middle {
			large = append(large, math.Abs(a.actual[i]-v)/v)
		} else {
			small = append(small, math.Abs(a.actual[i]-v)/math.Sqrt(v))
		}
	}
	const least = 1e-3 // no forecast is better than this
	a.relative = max(least, spread(large))
	if len(small) == 0 {
		return
	}
	typical := sizes[len(sizes)/4]
	rest := spread(small)
	a.counting = max(0, rest*rest-a.relative*a.relative*typical)
}

// spread is the standard deviation of the ordinary part of absolute deviations, of which others may be far off. It starts
// with the nearest third and takes in what fits.
func spread(deviations []float64) float64 {
	slices.Sort(deviations)
	n := len(deviations)
	const third, half = 0.4307, 0.6745 // quantiles of the absolute standard normal
	s := deviations[n/3] / third
	const rounds = 20
	for range rounds {
		within, _ := slices.BinarySearch(deviations, 3*s)
		next := deviations[max(0, within/2)] / half
		if math.Abs(next-s) <= 1e-9*s {
			break
		}
		s = next
	}
	return s
}

func (a *amounts) ordinary(out []float64) {
	for i := range out {
		out[i] = a.like(i, a.expected[i], a.variance(a.expected[i]))
	}
}

func (a *amounts) variance(mean float64) float64 {
	return a.relative*a.relative*mean*mean + a.counting*mean
}

// like is the log-likelihood of a leaf around a mean.
func (a *amounts) like(i int, mean, variance float64) float64 {
	d := a.actual[i] - mean
	const far = 60 // beyond, the leaf is odd and nothing else
	if d*d >= far*variance {
		return a.odds[i]
	}
	return math.Log(a.density[i] + (1-odd)*math.Exp(-d*d/(2*variance))/math.Sqrt(2*math.Pi*variance))
}

// rounding is the variance that whole units bring: the share that is lost of a few units cannot be met exactly.
const rounding = unit * unit / 4

func (a *amounts) under(leaf int32, level float64) float64 {
	mean := level * a.expected[leaf]
	return a.like(int(leaf), mean, a.variance(mean)+rounding)
}

// change maps a level to -1 (nothing left) .. 0 (as expected) .. 1 (without bounds), where noise is equally wide.
func change(actual, expected float64) float64 { return (actual - expected) / max(actual, expected) }

func level(change float64) float64 {
	if change <= 0 {
		return 1 + change
	}
	return 1 / (1 - min(change, 0.999))
}

// levels are the peaks of the histogram of changes of what is not explained yet.
func (a *amounts) levels(explained []float64, most int) []float64 {
	var h histogram
	for i, v := range a.expected {
		if explained[i] > a.odds[i]+math.Ln2 {
			continue // more likely by its explanation than odd
		}
		// A leaf of few units shows its level only roughly.
		width := 2.0 / bins * v
		h.add(change(a.actual[i], v), width*width/(width*width+rounding))
	}
	return h.peaks(most)
}

// bins divide changes from -1 to 1.
const bins = 200

// histogram counts changes; the two bins beyond each end stay empty.
type histogram struct{ mass, moment [bins + 5]float64 }

func (h *histogram) add(change, mass float64) {
	b := 2 + int(math.Round((change+1)*bins/2))
	h.mass[b] += mass
	h.moment[b] += mass * change
}

// smooth is the mass around a bin; the bin itself counts most, so that a lone one is its own peak.
func (h *histogram) smooth(b int) float64 {
	m := func(b int) float64 {
		if b < 0 || b >= len(h.mass) {
			return 0
		}
		return h.mass[b]
	}
	return m(b-2) + 2*m(b-1) + 3*m(b) + 2*m(b+1) + m(b+2)
}

// peaks gives the levels where changes gather, the heaviest first.
func (h *histogram) peaks(most int) []float64 {
	type peak struct{ level, mass float64 }
	var peaks []peak
	for b := 2; b < bins+3; b++ {
		m := h.smooth(b)
		if m < 1e-9 || m < h.smooth(b-1) || m <= h.smooth(b+1) {
			continue
		}
		mass := h.mass[b-1] + h.mass[b] + h.mass[b+1]
		if mass > 0 {
			peaks = append(peaks, peak{level((h.moment[b-1] + h.moment[b] + h.moment[b+1]) / mass), m})
		}
	}
	slices.SortFunc(peaks, func(x, y peak) int { return cmp.Or(cmp.Compare(y.mass, x.mass), cmp.Compare(x.level, y.level)) })
	var out []float64
	for _, p := range peaks[:min(len(peaks), most)] {
		out = append(out, p.level)
	}
	return out
}

// precision is what it takes to say a level that one leaf alone would show.
func (a *amounts) precision() float64 { return -math.Log(min(a.relative, 1)) }

// compare: what speaks for a level are leaves of its own, so the heaviest may be taken first.
func (a *amounts) compare() int { return 2 }

// step is a part of the noise.
func (a *amounts) step(level float64) float64 { return a.relative * level / 4 }

func (a *amounts) fit(leaves []int32, near float64, weight []float64) float64 {
	top, bottom := 0.0, 0.0
	for _, i := range leaves {
		v := a.expected[i]
		mean := near * v
		variance := a.variance(mean) + rounding
		d := a.actual[i] - mean
		w := weight[i] / variance * v
		w *= math.Exp(-min(d*d/variance, 60) / 8) // far ones belong to something else
		top += w * a.actual[i]
		bottom += w * v
	}
	if bottom <= 0 {
		return near
	}
	return top / bottom
}

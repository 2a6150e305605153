package bench

import (
	"math"
	"slices"

	"github.com/posmedic/posmedic/internal/silence"
)

// surprise is the detector that the measure is compared with: the negative binomial surprise of the silence, summed over
// days, over rates that are shrunk to the class, with one threshold for all terminals. Its threshold is taken from the
// test weeks themselves, which ours may not see.
type surprise struct {
	rates  [][silence.HoursOfWeek]float64
	spread []float64
}

func newSurprise(shops []shop, classes int) surprise {
	const priorWeeks = 2.0
	counts := make([][silence.HoursOfWeek]float64, len(shops))
	totals := make([]float64, len(shops))
	pool := make([][silence.HoursOfWeek]float64, classes)
	for i, s := range shops {
		for h, n := range s.sales[:silenceTraining*silence.HoursOfWeek] {
			counts[i][h%silence.HoursOfWeek] += float64(n)
			totals[i] += float64(n) / silenceTraining
			pool[s.class][h%silence.HoursOfWeek] += float64(n)
		}
	}
	for c := range pool {
		normalise(&pool[c])
	}
	out := surprise{rates: make([][silence.HoursOfWeek]float64, len(shops)), spread: make([]float64, len(shops))}
	inverse := make([][2]float64, len(shops))
	for i, s := range shops {
		for h := range counts[i] {
			out.rates[i][h] = (counts[i][h] + priorWeeks*totals[i]*pool[s.class][h]) / (silenceTraining + priorWeeks)
		}
		inverse[i] = dayMoments(s, out.rates[i])
		out.spread[i] = 1 / max(0.01, min(3, inverse[i][0]/inverse[i][1]))
	}
	return out
}

// dayMoments compares the variance of a shop's days with Poisson's, drawn towards 0.15 by twenty days' worth.
func dayMoments(s shop, rates [silence.HoursOfWeek]float64) [2]float64 {
	var num, den, mean float64
	const days = silenceTraining * silence.DaysOfWeek
	for d := range days {
		var due, n float64
		for h := range silence.HoursOfDay {
			due += rates[(d%silence.DaysOfWeek)*silence.HoursOfDay+h]
			n += float64(s.sales[d*silence.HoursOfDay+h])
		}
		num += (n-due)*(n-due) - due
		den += due * due
		mean += due / days
	}
	return [2]float64{num + 0.15*20*mean*mean, den + 20*mean*mean}
}

// walk goes through a silence that begins at an hour and gives its surprise at the end of each.
func (s surprise) walk(shop, begin, end int, visit func(h int, surprise float64) (more bool)) {
	r, days, today := s.spread[shop], 0.0, 0.0
	for h := begin; h < end; h++ {
		if h%silence.HoursOfDay == 0 && today > 0 {
			days += r * math.Log1p(today/r)
			today = 0
		}
		today += s.rates[shop][h%silence.HoursOfWeek]
		if !visit(h, days+r*math.Log1p(today/r)) {
			return
		}
	}
}

// measure runs the detector over the same shops and the same outages.
func (s surprise) measure(shops []shop, outages []outage, budget float64) SilenceResult {
	var peaks []float64
	first := silenceTraining * silence.HoursOfWeek
	for i, sh := range shops {
		for begin := first; begin < len(sh.sales); begin++ {
			peak := -1.0
			s.walk(i, begin, len(sh.sales), func(h int, v float64) bool {
				if sh.sales[h] > 0 {
					return false
				}
				begin, peak = h, v
				return true
			})
			if peak >= 0 {
				peaks = append(peaks, peak)
			}
		}
	}
	slices.SortFunc(peaks, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
	allowed := int(budget * float64(len(shops)) * silenceTest * silence.DaysOfWeek / 30)
	threshold := peaks[min(allowed, len(peaks)-1)]
	told := slices.Clone(outages)
	for i := range told {
		o := &told[i]
		o.delay = 0
		s.walk(o.shop, o.begin, o.begin+silenceOutage, func(h int, v float64) bool {
			if v > threshold {
				o.delay = h - o.begin + 1
			}
			return o.delay == 0
		})
	}
	r := judge(0, shops, told, &watch{})
	r.FalseAlarms = budget
	return r
}

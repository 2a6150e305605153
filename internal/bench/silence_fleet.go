package bench

import (
	"math"
	"math/rand/v2"

	"github.com/posmedic/posmedic/internal/silence"
)

// shop is one terminal of the simulated fleet. Only its class and its counts are shown to the detector.
type shop struct {
	class  int
	hourly [silence.HoursOfWeek]float64 // true expected sales by hour of week
	spread float64                      // shape of the gamma distribution that its days vary by
	closed float64                      // chance of an unannounced closed day
	sales  []uint16                     // by hour, training weeks first
}

// opening is what the shops of a class have in common.
type opening struct {
	from, to int
	days     [silence.DaysOfWeek]bool
	lunch    float64 // how much busier noon is
	weekend  float64
}

func openings() []opening {
	days := func(from, to int) (out [silence.DaysOfWeek]bool) {
		for d := from; d < to; d++ {
			out[d] = true
		}
		return out
	}
	return []opening{
		{9, 18, days(0, 6), 1, 1}, {8, 22, days(0, 7), 1.5, 1.4}, {11, 23, days(1, 7), 2.5, 1.6},
		{0, 24, days(0, 7), 1, 1}, {10, 19, days(0, 5), 1, 1},
	}
}

// profile is the class's share of the week's sales by hour.
func (o opening) profile() [silence.HoursOfWeek]float64 {
	var p [silence.HoursOfWeek]float64
	for d, open := range o.days {
		for h := o.from; open && h < o.to; h++ {
			v := 1 + (o.lunch-1)*math.Exp(-float64((h-13)*(h-13))/4)
			if d >= 5 {
				v *= o.weekend
			}
			p[d*silence.HoursOfDay+h] = v
		}
	}
	normalise(&p)
	return p
}

func normalise(p *[silence.HoursOfWeek]float64) {
	total := 0.0
	for _, v := range p {
		total += v
	}
	for h := range p {
		p[h] /= total
	}
}

// newShop draws a shop and its sales: levels spread over orders, own habits around the class's profile, busy and slow
// days, and days on which it stays closed without saying so.
func newShop(rng *rand.Rand, classes []opening, weeks int) shop {
	s := shop{class: rng.IntN(len(classes))}
	weekly := math.Exp(math.Log(80) + 1.3*rng.NormFloat64())
	weekly = max(3, min(4000, weekly))
	s.spread = []float64{2, 5, 20}[rng.IntN(3)]
	s.closed = []float64{0, 0.01, 0.03}[rng.IntN(3)]
	s.hourly = classes[s.class].profile()
	for h := range s.hourly {
		s.hourly[h] *= math.Exp(0.35 * rng.NormFloat64())
	}
	normalise(&s.hourly)
	for h := range s.hourly {
		s.hourly[h] *= weekly
	}
	s.sales = make([]uint16, weeks*silence.HoursOfWeek)
	busy := 0.0
	for h := range s.sales {
		if h%silence.HoursOfDay == 0 {
			busy = gamma(rng, s.spread) / s.spread
			if rng.Float64() < s.closed {
				busy = 0
			}
		}
		s.sales[h] = uint16(min(math.MaxUint16, poisson(rng, s.hourly[h%silence.HoursOfWeek]*busy)))
	}
	return s
}

// gamma draws from the gamma distribution of a shape of at least 1 and scale 1, by Marsaglia and Tsang's squeeze.
func gamma(rng *rand.Rand, shape float64) float64 {
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// poisson counts events of a process of rate 1 until the mean, in pieces small enough for exp.
func poisson(rng *rand.Rand, mean float64) int {
	n := 0
	for mean > 0 {
		piece := min(mean, 30)
		mean -= piece
		limit, p := math.Exp(-piece), rng.Float64()
		for p > limit {
			n++
			p *= rng.Float64()
		}
	}
	return n
}

package silence

import "math"

// quiet is the chance that the rest of a day passes without a sale although the terminal works: sold were sold while
// before were expected, and silent have been expected since. What was sold says how busy this day is; a day on which
// nothing was sold yet may be a closed one.
func quiet(r, sold, before, silent, closed float64) float64 {
	if silent <= 0 {
		return 1
	}
	chance := math.Exp(-(r + sold) * math.Log1p(silent/(r+before)))
	if sold > 0 {
		return chance
	}
	return closed + (1-closed)*chance
}

// silence is a way into the future on which no sale comes: chance falls, and what is lost grows.
type path struct {
	t       *Terminal
	c       *Class
	shapes  [len(spreads)]float64
	weights [len(spreads)]float64
	days    [len(spreads)]float64 // chance of the days before the present one
	sold    float64
	before  float64
	silent  float64
	closed  float64
}

func (t *Terminal) path(c *Class, h Hour) path {
	p := path{
		t: t, c: c, shapes: t.shapes(), weights: t.spreadWeights(c), sold: float64(t.TodaySales), before: float64(t.Before),
		silent: float64(t.TodayDue - t.Before), closed: t.closingOn(c, h.Day().ofWeek(), c.today()),
	}
	for k := range p.days {
		p.days[k] = math.Exp(float64(t.DaysSilence[k]))
	}
	return p
}

func (p *path) chance() float64 {
	total := 0.0
	for k, r := range p.shapes {
		total += p.weights[k] * p.days[k] * quiet(r, p.sold, p.before, p.silent, p.closed)
	}
	return total
}

// midnight enters the next day.
func (p *path) midnight(day Day) {
	zero := 0.0
	for k, r := range p.shapes {
		q := quiet(r, p.sold, p.before, p.silent, p.closed)
		p.days[k] *= q
		zero += p.weights[k] * quiet(r, 0, 0, p.silent, 0)
	}
	shut := 0.0
	if p.sold == 0 {
		shut = p.closed / (p.closed + (1-p.closed)*zero)
	}
	p.sold, p.before, p.silent = 0, 0, 0
	p.closed = p.t.closing(p.c, day.ofWeek(), shut)
}

package silence

import "math"

// spreads are the shapes of the gamma distribution that a day's business may vary by: at 1.5 a day may well be a third
// of another, at 60 days are alike. closings are chances that a shop stays closed for a day without saying so.
var (
	spreads  = [...]float64{1.5, 2.5, 4, 7, 14, 40}
	closings = [...]float64{0.0005, 0.004, 0.012, 0.03, 0.1}
)

// Terminal is what is learned of one terminal, and where its present silence stands. It has a fixed size.
type Terminal struct {
	Hour Hour // the newest hour that was taken in; -1 before the first

	Cells  [HoursOfWeek]float32 // sales by hour of week; faded
	Mass   [DaysOfWeek]float32  // what the days of the week should have brought, were they as busy as they were
	Open   [DaysOfWeek]float32  // how many of these days it was open; faded
	Weekly [DaysOfWeek]float32  // log odds that it never opens on this day of the week
	Spread [len(spreads)]float32
	Closed [len(closings)]float32
	Runs   float32 // hours with a sale in 30 days: how often a silence may begin

	TodayDue    float32 // expected today until now
	TodaySales  float32
	ClosedDay   float32               // chance that the day before was a closed one
	Sold        bool                  // it has sold at least once
	Told        bool                  // an alarm was given in this silence
	Silent      int32                 // hours since the last hour with a sale
	Missed      float32               // expected in these hours
	Before      float32               // of today's expected sales, those up to the last sale
	DaysSilence [len(spreads)]float32 // log chance of the silence's days before today, by spread
	Peak        float32               // greatest worth of an alarm in this silence, log
}

const never = -99 // the log worth of an alarm that nobody wants

// NewTerminal knows nothing.
func NewTerminal() *Terminal {
	t := &Terminal{Hour: -1, Peak: never}
	for d := range t.Weekly {
		t.Weekly[d] = weeklyPrior
	}
	return t
}

// How much is assumed before a terminal has shown it.
const (
	weeklyPrior  = -4.0 // log odds of a weekly closing day
	weeklyBound  = 6.0  // so that a change of opening days is learned within weeks
	weeklyClosed = 0.97 // how surely it is closed then
	levelAlike   = 20.0 // sales a week from which terminals count alike in their class's profile
	dayVariance  = 0.03 // between terminals, of a weekday's share of the week
	levelWeight  = 0.5  // terminals' levels differ by orders: the class's level counts for half a sale
)

func (t *Terminal) sales() float64 {
	total := 0.0
	for _, n := range t.Cells {
		total += float64(n)
	}
	return total
}

// rates are a terminal's expected sales, put together once for a look ahead.
type rates struct {
	t     *Terminal
	c     *Class
	level float64
	days  [DaysOfWeek]float64
	mass  [DaysOfWeek]float64
}

func (t *Terminal) rates(c *Class) rates {
	r := rates{t: t, c: c}
	var sold [DaysOfWeek]float64
	total, exposure := 0.0, 0.0
	for h, n := range t.Cells {
		sold[h/HoursOfDay] += float64(n)
	}
	for d := range sold {
		total += sold[d]
		exposure += c.dayShare[d] * float64(t.Open[d])
	}
	prior := levelWeight
	mean := c.Level
	if mean <= 0 {
		mean = 80
	}
	r.level = (total + prior) / (exposure + prior/mean)
	spread := t.meanSpread(c)
	for d := range r.days {
		due := r.level * c.dayShare[d] * float64(t.Open[d])
		r.days[d] = 1
		if due > 0 {
			noise := 1/due + 1/(spread*max(float64(t.Open[d]), 0.1))
			r.days[d] = 1 + (sold[d]/due-1)*dayVariance/(dayVariance+noise)
		}
		r.mass[d] = float64(t.Mass[d]) / max(c.dayShare[d], 1e-9)
	}
	return r
}

// at is the expected number of sales in an hour of the week on an ordinary open day.
func (r *rates) at(w int) float64 {
	d := w / HoursOfDay
	share := r.c.shares[w]
	weight := min(1, share*HoursOfWeek*4) / r.c.Shape
	shape := (float64(r.t.Cells[w]) + weight) / (r.mass[d]*share + weight)
	return r.level * r.days[d] * share * shape
}

// shapes are the spreads as a forecaster has to see them who knows the terminal's level only from so many sales: the
// fewer, the more its days may differ from what is expected.
func (t *Terminal) shapes() [len(spreads)]float64 {
	var out [len(spreads)]float64
	doubt := 1 / (max(0, t.sales()-float64(t.TodaySales)) + levelWeight)
	for k, r := range spreads {
		out[k] = 1 / (1/r + doubt)
	}
	return out
}

func (t *Terminal) spreadWeights(c *Class) [len(spreads)]float64 {
	return posterior(c.Spreads, t.Spread)
}

func (t *Terminal) meanSpread(c *Class) float64 {
	w := t.spreadWeights(c)
	inverse := 0.0
	for k, p := range w {
		inverse += p / spreads[k]
	}
	return 1 / inverse
}

// closing is the chance that it stays closed for a whole day of the week; yesterday is the chance that the day before
// was a closed one, for closed days come in rows.
func (t *Terminal) closing(c *Class, d int, yesterday float64) float64 {
	w := posterior(c.Closing, t.Closed)
	q := 0.0
	for k, p := range w {
		q += p * closings[k]
	}
	q += yesterday * max(0, c.again()-q)
	odds := math.Exp(float64(t.Weekly[d]))
	weekly := odds / (1 + odds)
	return weekly*weeklyClosed + (1-weekly)*q
}

// closingOn is the same for a day that brings so much of an ordinary day's sales to the whole class.
func (t *Terminal) closingOn(c *Class, d int, today float64) float64 {
	all := shut(today)
	return all + (1-all)*t.closing(c, d, float64(t.ClosedDay))
}

func posterior[A [6]float64 | [5]float64, L [6]float32 | [5]float32](prior A, likelihood L) A {
	var out A
	top := float32(math.Inf(-1))
	for k := range len(likelihood) {
		top = max(top, likelihood[k])
	}
	total := 0.0
	for k := range len(out) {
		out[k] = prior[k] * math.Exp(float64(likelihood[k]-top))
		total += out[k]
	}
	for k := range len(out) {
		out[k] /= total
	}
	return out
}

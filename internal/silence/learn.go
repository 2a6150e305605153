package silence

import "math"

// endDay learns from a whole day: how busy it was, whether the shop was open, and carries a silence into the next day.
// It gives the chance that the shop was closed.
func (t *Terminal) endDay(c *Class, day Day, today float64) (closedDay float64) {
	d := day.ofWeek()
	due, n := float64(t.TodayDue), float64(t.TodaySales)
	if due < 0.02 && n == 0 {
		t.TodayDue, t.Before = 0, 0
		return float64(t.ClosedDay)
	}
	if !c.known() {
		t.Mass[d] += t.TodaySales
		t.Open[d]++
		t.TodayDue, t.TodaySales, t.Before = 0, 0, 0
		return 0
	}
	weights := t.spreadWeights(c)
	closed := t.closingOn(c, d, today)
	var zero [len(spreads)]float64 // chance of no sale on an open day
	zeroMean, busy := 0.0, 0.0
	shapes := t.shapes()
	for k, r := range shapes {
		zero[k] = math.Pow(r/(r+due), r)
		zeroMean += weights[k] * zero[k]
		busy += weights[k] * (r + n) / (r + due)
	}
	if n == 0 {
		closedDay = closed / (closed + (1-closed)*zeroMean)
	}
	t.carry(closed)
	if today > dipBound { // a holiday says nothing about other days
		t.learnDays(c, d, due, n, closed, zero, zeroMean)
	}
	t.Mass[d] += float32(due * busy * (1 - closedDay))
	t.Open[d] += float32((1 - closedDay) * today)
	t.TodayDue, t.TodaySales, t.Before = 0, 0, 0
	return closedDay
}

// carry folds a day that ended in silence into the silence's chance.
func (t *Terminal) carry(closed float64) {
	if t.Silent == 0 {
		return
	}
	for k, r := range t.shapes() {
		t.DaysSilence[k] += float32(math.Log(quiet(r, float64(t.TodaySales), float64(t.Before), float64(t.TodayDue-t.Before), closed)))
	}
}

// learnDays weighs how much the terminal's days differ, how often it stays closed, and whether it never opens on this one.
func (t *Terminal) learnDays(c *Class, d int, due, n, closed float64, zero [len(spreads)]float64, zeroMean float64) {
	odds := math.Exp(float64(t.Weekly[d]))
	usual := 1 / (1 + odds)
	q := t.closing(c, d, 0)
	for k, r := range t.shapes() {
		if n == 0 {
			t.Spread[k] += float32(math.Log(closed + (1-closed)*zero[k]))
			continue
		}
		t.Spread[k] += float32(negativeBinomial(n, due, r))
	}
	for k, chance := range closings {
		if n == 0 {
			t.Closed[k] += float32(usual * math.Log(chance+(1-chance)*zeroMean))
			continue
		}
		t.Closed[k] += float32(usual * math.Log(1-chance))
	}
	step := math.Log((1 - weeklyClosed) / (1 - min(q, 0.9)))
	if n == 0 {
		step = math.Log((weeklyClosed + (1-weeklyClosed)*zeroMean) / (q + (1-q)*zeroMean))
	}
	t.Weekly[d] = float32(max(-weeklyBound, min(weeklyBound, float64(t.Weekly[d])+step)))
}

// negativeBinomial is the log chance of n sales where due were expected on a day of spread r.
func negativeBinomial(n, due, r float64) float64 {
	a, _ := math.Lgamma(r + n)
	b, _ := math.Lgamma(r)
	return a - b + r*math.Log(r/(r+due)) + n*math.Log(due/(r+due)) // without n!, which all spreads share
}

// fadeWeek lets what was learned weigh less, so that a shop that changes is followed.
func (t *Terminal) fadeWeek() {
	for h := range t.Cells {
		t.Cells[h] *= fadeWeek
	}
	for d := range t.Mass {
		t.Mass[d] *= fadeWeek
		t.Open[d] *= fadeWeek
	}
	for k := range t.Spread {
		t.Spread[k] *= fadeWeek
	}
	for k := range t.Closed {
		t.Closed[k] *= fadeWeek
	}
}

// report tells the class, once a week, what its terminal is like.
func (t *Terminal) report(c *Class) {
	if !t.Sold {
		return
	}
	r := t.rates(c)
	c.Next.Members++
	c.Next.Levels += r.level
	for w, n := range t.Cells {
		c.Next.Profile[w] += float64(n) / (r.level + levelAlike)
	}
	if c.known() {
		excess, weight := r.shape()
		c.Next.Shapes += excess
		c.Next.Weighted += weight
	}
	for k, p := range t.spreadWeights(c) {
		c.Next.Spreads[k] += p
	}
	for k, p := range posterior(c.Closing, t.Closed) {
		c.Next.Closing[k] += p
	}
}

// countRuns estimates how often a silence may begin.
func (t *Terminal) countRuns(r *rates) {
	hours := 0.0
	for w := range HoursOfWeek {
		hours += 1 - math.Exp(-r.at(w))
	}
	t.Runs = float32(hours * 30 / DaysOfWeek)
}

// shape is how much the terminal's hours differ from its class's, as the variance of their ratio times what that weighs.
func (r *rates) shape() (variance, weight float64) {
	var excess, squares, due float64
	for w, n := range r.t.Cells {
		expected := r.mass[w/HoursOfDay] * r.c.shares[w]
		excess += (float64(n)-expected)*(float64(n)-expected) - expected
		squares += expected * expected
		due += expected
	}
	if due == 0 {
		return 0, 0
	}
	return excess / (squares + due), squares / (squares + due)
}

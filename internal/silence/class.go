package silence

// Class is what terminals of one line of business share: the profile of the week, the spread of their days, how often
// they stay closed, and how today compares with other such days.
type Class struct {
	Hour    Hour                  // the newest that was opened
	Profile [HoursOfWeek]float64  // sales by hour of week, every terminal counting about alike
	Weeks   float64               // that were watched; faded
	Level   float64               // mean sales of a terminal in a week; 0: not known yet
	Members float64               // terminals that said so when the week began
	Spreads [len(spreads)]float64 // how many terminals have days of this spread
	Closing [len(closings)]float64
	Shape   float64    // how much the terminals' hours differ from the class's: variance of their ratio
	Again   [2]float64 // closed days after a closed day, and all days after one

	Active    [HoursOfWeek]float64 // terminals that sold in this hour of week; faded sum
	Present   [HoursOfWeek]float64 // and how many there were to sell; faded sum
	TodaySaw  float64              // active terminal-hours today
	TodayDue  float64              // and how many there should have been
	Factor    float64              // what the calendar expects of today, 1 on an ordinary day
	Yesterday float64              // how much of an ordinary day's sales the day before brought

	Next Census // gathered in the first hour of a week, valid from the second

	shares   [HoursOfWeek]float64
	dayShare [DaysOfWeek]float64
}

// Census is what the terminals of a class say of themselves once a week.
type Census struct {
	Members, Levels  float64
	Shapes, Weighted float64
	Profile          [HoursOfWeek]float64
	Spreads          [len(spreads)]float64
	Closing          [len(closings)]float64
}

// Strengths of what is assumed before anything is known.
const (
	spreadPrior  = 2.0  // terminals
	closingPrior = 2.0  // terminals
	againPrior   = 0.3  // chance that a shop closed yesterday is closed today
	againWeight  = 10.0 // days
	shapePrior   = 0.15 // variance
	shapeWeight  = 2.0  // terminals
	profilePrior = 2.0  // terminal-weeks spread evenly over the week
	todayPrior   = 20.0 // terminal-hours that say today is an ordinary day
	dipBound     = 0.7  // of an ordinary day's sales: what is below is a holiday
	fadeWeek     = 0.97 // what a week leaves of what was known before: half is gone after 23 weeks
)

// NewClass knows nothing yet.
func NewClass() *Class {
	c := &Class{Factor: 1, Yesterday: 1, Shape: shapePrior}
	for k := range c.Spreads {
		c.Spreads[k] = spreadPrior / float64(len(spreads))
	}
	for k := range c.Closing {
		c.Closing[k] = closingPrior / float64(len(closings))
	}
	c.refresh()
	return c
}

// known reports whether there is a profile to expect anything by.
func (c *Class) known() bool { return c.Level > 0 }

// refresh computes what is looked up often.
func (c *Class) refresh() {
	even := profilePrior / HoursOfWeek / 10
	total := 0.0
	for h := range c.Profile {
		c.shares[h] = c.Profile[h] + even
		total += c.shares[h]
	}
	c.dayShare = [DaysOfWeek]float64{}
	for h := range c.shares {
		c.shares[h] /= total
		c.dayShare[h/HoursOfDay] += c.shares[h]
	}
}

// open begins an hour with what it brought to the whole class: how many terminals there are and how many of them sold.
func (c *Class) open(h Hour, active, present int, factor float64) {
	if h.Day() != c.Hour.Day() {
		c.Yesterday = c.today()
		c.TodaySaw, c.TodayDue, c.Factor = 0, 0, factor
	}
	if h.week() != c.Hour.week() {
		c.fade()
	}
	c.Hour = h
	c.takeCensus()
	w := h.OfWeek()
	if c.Present[w] > 0 {
		c.TodayDue += c.due(h, present)
		c.TodaySaw += float64(active)
	}
	c.Weeks += 1.0 / HoursOfWeek
	if today := c.today(); today > dipBound && today < 2-dipBound {
		c.Active[w] += float64(active)
		c.Present[w] += float64(present)
	}
}

// due is how many of so many terminals sell something in such an hour.
func (c *Class) due(h Hour, present int) float64 {
	w := h.OfWeek()
	return c.Active[w] / max(c.Present[w], 1) * float64(present)
}

// today is how much the class sells today against other such days: 1 on an ordinary day, little on a holiday.
func (c *Class) today() float64 {
	weight := todayPrior
	if c.Factor != 1 {
		weight = todayPrior / 4 // the calendar knows that the day is different, hardly by how much
	}
	return min(1.5, (weight*c.Factor+c.TodaySaw)/(weight+c.TodayDue))
}

// shut is the chance that a shop stays closed because the day is what it is: where most of a class sells nothing, the rest
// of it is not broken.
func shut(today float64) float64 { return max(0, 1-today/dipBound) }

func (c *Class) fade() {
	c.Weeks *= fadeWeek
	for h := range HoursOfWeek {
		c.Active[h] *= fadeWeek
		c.Present[h] *= fadeWeek
	}
}

func (c *Class) takeCensus() {
	if c.Next.Members == 0 {
		return
	}
	c.Profile, c.Members = c.Next.Profile, c.Next.Members
	c.Level = c.Next.Levels / c.Next.Members
	c.Shape = max(0.02, (shapePrior*shapeWeight+c.Next.Shapes)/(shapeWeight+c.Next.Weighted))
	for k := range c.Spreads {
		c.Spreads[k] = spreadPrior/float64(len(spreads)) + c.Next.Spreads[k]
	}
	for k := range c.Closing {
		c.Closing[k] = closingPrior/float64(len(closings)) + c.Next.Closing[k]
	}
	c.Next = Census{}
	c.refresh()
}

// learnAgain counts what follows on closed days.
func (c *Class) learnAgain(yesterday, today float64) {
	if yesterday > 0.5 {
		c.Again[0] += today
		c.Again[1]++
	}
}

// again is the chance that a shop which was closed yesterday is closed today.
func (c *Class) again() float64 {
	return (againPrior*againWeight + c.Again[0]) / (againWeight + c.Again[1])
}

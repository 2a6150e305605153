package silence

import (
	"math"
	"unsafe"
)

// Policy is what an operator may set.
type Policy struct {
	Budget     float64 // false alarms per terminal in 30 days
	HourWeight float64 // sales that the first hours of a delay count for, each, beside those that are lost in them
}

// DefaultPolicy gives one false alarm for two terminals a month, and weighs an hour as half a sale.
func DefaultPolicy() Policy { return Policy{Budget: 0.5, HourWeight: 0.5} }

// Verdict is what an hour says of a terminal.
type Verdict struct {
	Alarm  bool    // it is told now, once in a silence
	Worth  float64 // of an alarm, log
	Missed float64 // sales expected since the last hour with one
}

// Fleet is all that is learned of more than one terminal. It has one writer at a time.
type Fleet struct {
	Policy  Policy `json:"-"`
	Classes map[string]*Class
	Ledger  Ledger
	Hour    Hour    // the newest that was taken in
	Days    float64 // terminal-days that were watched in its week
}

// NewFleet knows nothing.
func NewFleet(p Policy) *Fleet {
	return &Fleet{Policy: p, Classes: map[string]*Class{}, Ledger: newLedger()}
}

// Class gives a class, a new one if need be; that begins with what is known in general.
func (f *Fleet) Class(name string) *Class {
	c, ok := f.Classes[name]
	if ok {
		return c
	}
	c = NewClass()
	if general, ok := f.Classes[General]; ok {
		*c = *general
		c.Next, c.Members = Census{}, 0
	}
	f.Classes[name] = c
	return c
}

// Open begins an hour for a class, before its terminals are taken in: how many terminals there are, how many of them sold,
// and what the calendar expects of the day, 1 being an ordinary one.
func (f *Fleet) Open(class string, h Hour, active, present int, factor float64) {
	f.Class(class).open(h, active, present, factor)
}

// Fold takes in what a terminal sold in an hour. Hours come in order; one that is left out is one that
// nothing is known of, and teaches nothing.
func (f *Fleet) Fold(t *Terminal, class string, h Hour, sales int) Verdict {
	return f.fold(t, f.Class(class), h, sales, true)
}

// Probe takes one more silent hour into a copy of a terminal: what would be said if it went on. Nothing is learned about the
// fleet from it.
func (f *Fleet) Probe(t *Terminal, class string, h Hour) Verdict {
	return f.fold(t, f.Class(class), h, 0, false)
}

func (f *Fleet) fold(t *Terminal, c *Class, h Hour, sales int, teach bool) Verdict {
	today := c.today()
	if t.Hour >= 0 && h.Day() != t.Hour.Day() {
		f.turnDay(t, c, h, teach)
	}
	t.Hour = h
	r := t.rates(c)
	due := r.at(h.OfWeek()) * today
	t.TodayDue += float32(due)
	if sales > 0 {
		if teach && t.Sold {
			f.Ledger.ended(t.Peak)
		}
		t.sell(h, sales)
		return Verdict{Worth: never}
	}
	return t.wait(c, h, due, f.Ledger.Price, f.Policy.HourWeight)
}

// turnDay closes the books of a day, and of a week.
func (f *Fleet) turnDay(t *Terminal, c *Class, h Hour, teach bool) {
	closed := t.endDay(c, t.Hour.Day(), c.Yesterday)
	if teach {
		c.learnAgain(float64(t.ClosedDay), closed)
	}
	t.ClosedDay = float32(closed)
	if h.week() != t.Hour.week() {
		t.fadeWeek()
		if teach {
			t.report(c)
			if general, ok := f.Classes[General]; ok && general != c {
				t.report(general)
			}
		}
	}
	r := t.rates(c)
	t.countRuns(&r)
}

// sell ends a silence.
func (t *Terminal) sell(h Hour, sales int) {
	t.Sold, t.Told, t.Peak = true, false, never
	t.TodaySales += float32(sales)
	t.Cells[h.OfWeek()] += float32(sales)
	t.Silent, t.Missed, t.Before = 0, 0, t.TodayDue
	t.DaysSilence = [len(spreads)]float32{}
}

// wait goes on with a silence. Outside its hours a terminal is as silent as it ought to be, and nothing is said.
func (t *Terminal) wait(c *Class, h Hour, due, price, hourWeight float64) Verdict {
	v := Verdict{Worth: never}
	if !t.Sold {
		return v
	}
	t.Silent = min(t.Silent+1, math.MaxInt32-1)
	t.Missed += float32(due)
	v.Missed = float64(t.Missed)
	if due < negligible || !c.known() {
		return v
	}
	if t.Runs == 0 {
		r := t.rates(c)
		t.countRuns(&r)
	}
	v.Worth = t.worth(c, h, c.today(), hourWeight)
	t.Peak = max(t.Peak, float32(v.Worth))
	if v.Worth > price && !t.Told {
		t.Told, v.Alarm = true, true
	}
	return v
}

// negligible is so little business that an hour of it says nothing.
const negligible = 1e-3

// Elapse lets an hour of a fleet of so many terminals go by; with a new week, alarms get the price that the weeks before
// ask for.
func (f *Fleet) Elapse(h Hour, terminals int) {
	if f.Hour > 0 && h.week() != f.Hour.week() {
		f.Ledger.turn(f.Days, f.Policy.Budget)
		f.Days = 0
	}
	f.Hour = h
	f.Days += float64(terminals) / HoursOfDay
}

// Knows reports whether the terminal has been watched for the two weeks that tell its hours.
func (f *Fleet) Knows(t *Terminal, class string) bool {
	return f.Class(class).known() && t.watched() >= watchedLeast
}

// Opens reports whether the terminal sells in an hour of the week: at least a twentieth of what its mean hour brings.
func (f *Fleet) Opens(t *Terminal, class string, w int) bool {
	c := f.Class(class)
	if t.closing(c, w/HoursOfDay, 0) > 0.5 {
		return false
	}
	r := t.rates(c)
	return r.at(w) > r.level/HoursOfWeek/20
}

// watchedLeast is the faded number of weeks after which a shop's hours are known.
const watchedLeast = 1.9

// watched is for how many weeks the terminal has been known, open or not.
func (t *Terminal) watched() float64 {
	open := float32(0)
	for _, days := range t.Open {
		open = max(open, days)
	}
	return float64(open)
}

// StateBytes is what is kept of one terminal.
const StateBytes = int(unsafe.Sizeof(Terminal{}))

package silence

import (
	"math"
	"strings"
)

// General is the class of terminals whose line of business nobody knows yet. Every terminal teaches it.
const General = ""

// What it takes to tell a line of business.
const (
	weeksTelling = 1.9  // faded weeks that a terminal was watched
	salesTelling = 60.0 // sales from which its own hours tell; below, it joins the class that its sales fit best
	salesFitting = 8.0
	membersLeast = 5.0  // of a class that others may join
	shareClosed  = 0.02 // of its sales: what is below is outside its hours
	shareNight   = 0.06
	shareEvening = 0.12
)

// Line names the line of business that a terminal's sales show: those who keep the same hours are one class. It changes
// nothing; the caller hands the name in with the next hour.
func (f *Fleet) Line(t *Terminal) string {
	sales := t.sales()
	switch {
	case t.watched() < weeksTelling || sales < salesFitting:
		return General
	case sales >= salesTelling:
		return t.habits(sales)
	default:
		return f.nearest(t)
	}
}

// habits words the hours a terminal keeps.
func (t *Terminal) habits(sales float64) string {
	var days [DaysOfWeek]float64
	var night, morning, evening float64
	for w, n := range t.Cells {
		share := float64(n) / sales
		days[w/HoursOfDay] += share
		switch h := w % HoursOfDay; {
		case h < 6:
			night += share
		case h < 10:
			morning += share
		case h >= 20:
			evening += share
		}
	}
	words := []string{"every day"}
	switch saturday, sunday := days[5] < shareClosed, days[6] < shareClosed; {
	case saturday && sunday:
		words[0] = "working days"
	case sunday:
		words[0] = "not on Sundays"
	}
	switch {
	case night > shareNight:
		return strings.Join(append(words, "day and night"), ", ")
	case morning < shareClosed:
		words = append(words, "from late morning")
	}
	if evening > shareEvening {
		words = append(words, "into the evening")
	}
	return strings.Join(words, ", ")
}

// nearest gives the class whose week the few sales of a terminal fit best.
func (f *Fleet) nearest(t *Terminal) string {
	best, name := math.Inf(-1), General
	for candidate, c := range f.Classes {
		if candidate == General || c.Members < membersLeast {
			continue
		}
		fit := 0.0
		for w, n := range t.Cells {
			if n > 0 {
				fit += float64(n) * math.Log(c.shares[w])
			}
		}
		if fit > best || (fit == best && candidate < name) {
			best, name = fit, candidate
		}
	}
	return name
}

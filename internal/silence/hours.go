package silence

import "time"

// Hour counts the hours of the shop's own wall clock since a Monday at midnight. Days begin at multiples of 24.
type Hour int32

// The lengths that everything repeats in.
const (
	HoursOfDay  = 24
	DaysOfWeek  = 7
	HoursOfWeek = DaysOfWeek * HoursOfDay
)

// HourOf gives the hour of a time in its own location. Where clocks are put forward an hour is missing, where they are
// put back one counts twice; the learned profile follows the wall clock, as shops do.
func HourOf(at time.Time) Hour {
	y, m, d := at.Date()
	const mondayOffset = 3 // 1 January 1970 was a Thursday
	days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / int64(24*time.Hour/time.Second)
	return Hour((days+mondayOffset)*HoursOfDay + int64(at.Hour()))
}

// OfWeek is the hour's place in its week, Monday midnight being zero.
func (h Hour) OfWeek() int { return int(h % HoursOfWeek) }

// Day is the number of the hour's day.
func (h Hour) Day() Day { return Day(h / HoursOfDay) }

func (h Hour) week() int { return int(h / HoursOfWeek) }

// begins reports whether the hour is the first of its day.
func (h Hour) begins() bool { return h%HoursOfDay == 0 }

// Day counts days since that Monday.
type Day int32

// DayOf gives the day of a time in its own location.
func DayOf(at time.Time) Day { return HourOf(at).Day() }

func (d Day) ofWeek() int { return int(d % DaysOfWeek) }

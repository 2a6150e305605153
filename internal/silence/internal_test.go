package silence

import (
	"testing"
	"testing/quick"
)

func TestASilenceThatLastsIsNeverMoreLikely(t *testing.T) {
	t.Parallel()
	property := func(spread, sold, before uint8, first, second uint16, shut uint8) bool {
		r, closed := 0.5+float64(spread)/4, float64(shut)/256
		a := quiet(r, float64(sold), float64(before), float64(first)/100, closed)
		b := quiet(r, float64(sold), float64(before), float64(first)/100+float64(second)/100, closed)
		return b <= a && b >= 0 && a <= 1
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestWhatWasSoldTodayMakesASilenceTelling(t *testing.T) {
	t.Parallel()
	for _, r := range spreads {
		if busy, unknown := quiet(r, 30, 30, 5, 0), quiet(r, 0, 0, 5, 0); busy >= unknown {
			t.Errorf("spread %g: chance %g after thirty sales, %g before any", r, busy, unknown)
		}
		if slow, usual := quiet(r, 3, 30, 5, 0), quiet(r, 30, 30, 5, 0); slow <= usual {
			t.Errorf("spread %g: a slow day is as telling as a usual one", r)
		}
	}
	if got := quiet(5, 0, 0, 1e6, 0.02); got < 0.02 {
		t.Errorf("a day without any sale has chance %g, although one in fifty is a closed day", got)
	}
}

func TestThePriceKeepsTheBudget(t *testing.T) {
	t.Parallel()
	l := newLedger()
	for range weeksYoung + weeksWeighed {
		for worth := range 1000 {
			l.ended(float32(worth%100)/10 - 5)
		}
		l.turn(100*DaysOfWeek, 0.5)
	}
	above := 0
	for worth := range 1000 {
		if float64(float32(worth%100)/10-5) > l.Price {
			above++
		}
	}
	allowed := 0.5 * 100 * DaysOfWeek / 30
	if float64(above) > allowed || above < 1 {
		t.Errorf("%d alarms a week at price %.2f, %.1f are allowed", above, l.Price, allowed)
	}
	if few := newLedger(); few.Price != startPrice {
		t.Error("a new fleet has no price")
	}
}

// BenchmarkAnHourOfATerminal is what one terminal costs in an hour: at night, with a sale, and in a silence.
func BenchmarkAnHourOfATerminal(b *testing.B) {
	f := NewFleet(DefaultPolicy())
	terminal := NewTerminal()
	h := Hour(0)
	for ; h < 4*HoursOfWeek+12; h++ {
		f.Elapse(h, 1)
		f.Open(General, h, 1, 1, 1)
		sales := 0
		if h%24 >= 9 && h%24 < 18 {
			sales = 3
		}
		f.Fold(terminal, General, h, sales)
	}
	for name, c := range map[string]struct {
		at    Hour
		sales int
	}{"night": {h + 12, 0}, "sale": {h, 3}, "silence": {h, 0}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				t := *terminal
				f.fold(&t, f.Class(General), c.at, c.sales, false)
			}
		})
	}
}

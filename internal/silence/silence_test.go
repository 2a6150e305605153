package silence_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posmedic/posmedic/internal/silence"
)

const shops = "shops"

// town is a fleet of shops that sell about as much in each of their opening hours, from nine to six.
type town struct {
	fleet *silence.Fleet
	rng   *rand.Rand
	shops []*silence.Terminal
	rates []float64
	now   silence.Hour
	told  []int // alarms, by shop
}

func newTown(rates ...float64) *town {
	v := &town{fleet: silence.NewFleet(silence.DefaultPolicy()), rng: rand.New(rand.NewPCG(1, 2)), rates: rates, told: make([]int, len(rates))}
	for range rates {
		v.shops = append(v.shops, silence.NewTerminal())
	}
	return v
}

func open(h silence.Hour) bool { return h%24 >= 9 && h%24 < 18 }

// live lets hours pass; sells says what part of its usual sales a shop makes.
func (v *town) live(hours int, sells func(shop int, h silence.Hour) float64) {
	for range hours {
		sales, active := make([]int, len(v.shops)), 0
		for i, rate := range v.rates {
			if open(v.now) {
				sales[i] = v.poisson(rate * sells(i, v.now))
			}
			if sales[i] > 0 {
				active++
			}
		}
		v.fleet.Elapse(v.now, len(v.shops))
		v.fleet.Open(shops, v.now, active, len(v.shops), 1)
		for i, t := range v.shops {
			if v.fleet.Fold(t, shops, v.now, sales[i]).Alarm {
				v.told[i]++
			}
		}
		v.now++
	}
}

func (v *town) poisson(mean float64) int {
	n, p := 0, v.rng.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= v.rng.Float64()
	}
	return n
}

func (v *town) alarms() int {
	n := 0
	for _, k := range v.told {
		n += k
	}
	return n
}

func always(int, silence.Hour) float64 { return 1 }

func street(n int, rate float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = rate
	}
	return out
}

const week = silence.HoursOfWeek

func TestABusyShopIsToldWithinHoursAndAQuietOneWithinDays(t *testing.T) {
	t.Parallel()
	v := newTown(append(street(30, 1), 20, 0.3)...)
	const busy, slow = 30, 31
	v.live(8*week+14, always) // two o'clock on a Monday
	delay := func(shop int) int {
		copied := *v.shops[shop]
		for d := 1; d <= 2*week; d++ {
			if v.fleet.Probe(&copied, shops, v.now+silence.Hour(d-1)).Alarm {
				return d
			}
		}
		return 2 * week
	}
	if d := delay(busy); d > 2 {
		t.Errorf("a shop with 20 sales an hour is told after %d hours", d)
	}
	if d := delay(slow); d < 12 || d > 6*24 {
		t.Errorf("a shop with 3 sales a day is told after %d hours", d)
	}
}

func TestTheFalseAlarmsStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	rates := make([]float64, 120)
	for i := range rates {
		rates[i] = 0.2 * math.Pow(1.04, float64(i))
	}
	v := newTown(rates...)
	busy := map[int32]float64{}
	moods := func(i int, h silence.Hour) float64 { // days differ, and shops stay closed now and then
		key := int32(h.Day())*1000 + int32(i)
		if _, drawn := busy[key]; !drawn {
			busy[key] = math.Exp(0.4 * v.rng.NormFloat64())
			if v.rng.Float64() < 0.02 {
				busy[key] = 0
			}
		}
		return busy[key]
	}
	v.live(8*week, moods)
	v.told = make([]int, len(rates))
	v.live(6*week, moods)
	if got := float64(v.alarms()) / float64(len(rates)) / 42 * 30; got > 0.55 || got < 0.1 {
		t.Errorf("%.2f false alarms a terminal and 30 days", got)
	}
}

func TestANightIsNoSilence(t *testing.T) {
	t.Parallel()
	v := newTown(street(20, 10)...)
	v.live(4*week, always)
	night := func(shop int) bool { return v.fleet.Opens(v.shops[shop], shops, 3) }
	if night(0) || !v.fleet.Opens(v.shops[0], shops, 12) || !v.fleet.Knows(v.shops[0], shops) {
		t.Error("the hours of a shop that sells from nine to six were not learned")
	}
	v.told = make([]int, len(v.shops))
	v.live(18, always) // until six on Monday
	copied := *v.shops[0]
	v.live(24, always)
	for h := range silence.Hour(14) { // from six to eight in the morning
		if v.fleet.Probe(&copied, shops, v.now-24+h).Alarm {
			t.Fatalf("an alarm %d hours after closing", h)
		}
	}
}

func TestAHolidayOfTheWholeClassIsNoSilence(t *testing.T) {
	t.Parallel()
	for name, calendar := range map[string]float64{"nobody knew of": 1, "the calendar knows of": 0.1} {
		t.Run("one that "+name, func(t *testing.T) {
			t.Parallel()
			v := newTown(street(60, 4)...)
			v.live(6*week, always)
			v.told = make([]int, len(v.shops))
			for range 24 { // one shop in ten opens
				active := 0
				sold := func(i int) int {
					if open(v.now) && i%10 == 0 {
						return 4
					}
					return 0
				}
				for i := range v.shops {
					active += min(1, sold(i))
				}
				v.fleet.Elapse(v.now, len(v.shops))
				v.fleet.Open(shops, v.now, active, len(v.shops), calendar)
				for i, s := range v.shops {
					if v.fleet.Fold(s, shops, v.now, sold(i)).Alarm {
						v.told[i]++
					}
				}
				v.now++
			}
			if n := v.alarms(); n > 3 {
				t.Errorf("%d of 60 shops were told as silent on a holiday", n)
			}
		})
	}
}

func TestAWeeklyClosingDayIsLearned(t *testing.T) {
	t.Parallel()
	v := newTown(street(20, 6)...)
	mondays := func(i int, h silence.Hour) float64 {
		if i == 0 && h.OfWeek() < 24 {
			return 0
		}
		return 1
	}
	v.live(8*week, mondays)
	if v.fleet.Opens(v.shops[0], shops, 12) || !v.fleet.Opens(v.shops[1], shops, 12) {
		t.Error("a shop that never opens on Mondays is said to, or one that does is said not to")
	}
	v.told = make([]int, len(v.shops))
	v.live(2*week, mondays)
	if v.told[0] > 1 {
		t.Errorf("%d alarms on two of its closing days", v.told[0])
	}
}

func TestANewTerminalOfAKnownClassIsJudgedInItsFirstWeek(t *testing.T) {
	t.Parallel()
	v := newTown(street(40, 5)...)
	v.live(6*week, always)
	v.shops, v.rates, v.told = append(v.shops, silence.NewTerminal()), append(v.rates, 5), append(v.told, 0)
	v.live(4*24+15, always)
	if v.told[40] > 0 {
		t.Error("it was told as silent in its first days")
	}
	for d := 1; d <= 30; d++ {
		if v.fleet.Probe(v.shops[40], shops, v.now+silence.Hour(d-1)).Alarm {
			return
		}
	}
	t.Error("four days old, it may be silent for thirty hours, and nobody is told")
}

func TestMoreSilenceNeverMissesLess(t *testing.T) {
	t.Parallel()
	v := newTown(street(20, 3)...)
	v.live(5*week+11, always)
	property := func(shop uint8, wait uint8) bool {
		s := *v.shops[int(shop)%len(v.shops)]
		missed, told := -1.0, false
		for d := range silence.Hour(wait) {
			verdict := v.fleet.Probe(&s, shops, v.now+d)
			if verdict.Missed < missed || (verdict.Alarm && told) || math.IsNaN(verdict.Worth) {
				return false
			}
			missed, told = verdict.Missed, told || verdict.Alarm
		}
		return true
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestALineOfBusinessIsToldFromTheHoursThatAShopKeeps(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from, to silence.Hour
		days     silence.Hour
		rate     int
		want     string
	}{
		"an office":                {9, 18, 5, 5, "working days"},
		"a workshop":               {8, 17, 6, 5, "not on Sundays"},
		"a restaurant":             {11, 23, 7, 5, "every day, from late morning, into the evening"},
		"a filling station":        {0, 24, 7, 5, "every day, day and night"},
		"a shop that hardly sells": {9, 18, 7, 0, silence.General},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := silence.NewFleet(silence.DefaultPolicy()), silence.NewTerminal()
			for h := range silence.Hour(3 * week) {
				sales := 0
				if h%24 >= tt.from && h%24 < tt.to && h.Day()%7 < silence.Day(tt.days) {
					sales = tt.rate
				}
				f.Elapse(h, 1)
				f.Open(silence.General, h, min(1, sales), 1, 1)
				f.Fold(s, silence.General, h, sales)
			}
			if got := f.Line(s); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestAProbeTeachesTheFleetNothing(t *testing.T) {
	t.Parallel()
	v := newTown(street(5, 3)...)
	v.live(3*week, always)
	before, err := silence.ReadFleet(mustJSON(t, v.fleet), v.fleet.Policy)
	if err != nil {
		t.Fatal(err)
	}
	s := *v.shops[0]
	for d := range silence.Hour(3 * week) {
		v.fleet.Probe(&s, shops, v.now+d)
	}
	if diff := cmp.Diff(before, v.fleet, cmpopts.IgnoreUnexported(silence.Class{})); diff != "" {
		t.Errorf("the fleet has changed, or does not survive storage:\n%s", diff)
	}
}

func TestWhatIsLearnedSurvivesStorage(t *testing.T) {
	t.Parallel()
	v := newTown(2, 7)
	v.live(2*week+5, always)
	data, err := v.shops[1].MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got silence.Terminal
	if err := got.UnmarshalBinary(data); err != nil || got != *v.shops[1] {
		t.Errorf("%+v (%v), want %+v", got, err, *v.shops[1])
	}
	for name, bad := range map[string][]byte{"nothing": nil, "another version": append([]byte{0}, data[1:]...), "a part": data[:40]} {
		if err := got.UnmarshalBinary(bad); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestHoursFollowTheWallClock(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("UTC+8", 8*60*60)
	at := time.Date(2026, 3, 2, 0, 30, 0, 0, shanghai) // a Monday
	if h := silence.HourOf(at); h.OfWeek() != 0 {
		t.Errorf("hour of week %d", h.OfWeek())
	}
	if h := silence.HourOf(at.UTC()); h.OfWeek() != 6*24+16 {
		t.Errorf("hour of week %d in UTC", h.OfWeek())
	}
	for n := range 400 {
		if a, b := silence.HourOf(at.Add(time.Duration(n)*time.Hour)), silence.HourOf(at.Add(time.Duration(n+1)*time.Hour)); b != a+1 {
			t.Fatalf("after hour %d comes %d", a, b)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

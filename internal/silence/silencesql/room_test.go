package silencesql_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/internal/silence"
	"github.com/posmedic/posmedic/internal/silence/silencesql"
)

// monday is when the shops begin to sell; they keep the time of the zone.
var (
	zone   = time.FixedZone("UTC+8", 8*60*60)
	monday = time.Date(2026, 3, 2, 0, 0, 0, 0, zone)
)

// market is the room on a real database, with a clock that the test moves, over shops that sell from nine to six.
type market struct {
	*silence.Room
	store  *silencesql.Store
	now    time.Time
	rng    *rand.Rand
	drawn  map[time.Time]map[string]int
	closed map[string]time.Time // from when on a shop sells nothing
	dark   func(time.Time) bool // when the feed brings nothing
	down   map[string]bool
	told   map[string][]silence.Alarm
	refuse error
}

const shopsOpen = 8

func newMarket(t *testing.T, db *sqldb.DB) *market {
	t.Helper()
	m := &market{
		store: silencesql.New(db), now: monday.Add(time.Hour), rng: rand.New(rand.NewPCG(3, 4)), drawn: map[time.Time]map[string]int{},
		closed: map[string]time.Time{}, dark: func(time.Time) bool { return false }, down: map[string]bool{}, told: map[string][]silence.Alarm{},
	}
	m.open()
	return m
}

// open makes the room anew, as a restart does.
func (m *market) open() {
	cfg := silence.DefaultConfig()
	cfg.Location = zone
	m.Room = silence.New(silence.Deps{
		Store: m.store, Sales: m.sales, Now: func() time.Time { return m.now },
		Down: func(context.Context, []string) (map[string]bool, error) { return m.down, nil },
		Tell: func(_ context.Context, alarms []silence.Alarm) error {
			for _, a := range alarms {
				m.told[a.Terminal] = append(m.told[a.Terminal], a)
			}
			return m.refuse
		},
	}, cfg)
}

func (m *market) sales(_ context.Context, from time.Time) (map[string]int, error) {
	if out, ok := m.drawn[from]; ok {
		return out, nil
	}
	out := map[string]int{}
	m.drawn[from] = out
	local := from.In(zone)
	for i := range shopsOpen {
		id := fmt.Sprint("t-", i)
		since, shut := m.closed[id]
		if n := m.poisson(3); local.Hour() >= 9 && local.Hour() < 18 && !m.dark(from) && (!shut || from.Before(since)) && n > 0 {
			out[id] = n
		}
	}
	return out, nil
}

func (m *market) poisson(mean float64) int {
	n, p := 0, m.rng.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= m.rng.Float64()
	}
	return n
}

// until moves the clock to a time, looking once a day, and at its end.
func (m *market) until(t *testing.T, at time.Time) {
	t.Helper()
	for m.now.Before(at) {
		m.now = m.now.Add(min(24*time.Hour, at.Sub(m.now)))
		if err := m.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

const day = 24 * time.Hour

func TestRoom(t *testing.T) {
	t.Parallel()
	late := 6 * time.Minute
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("a terminal whose sales cease is told once, although it has no agent", func(t *testing.T) {
			m := newMarket(t, db)
			noon := monday.Add(35*day + 12*time.Hour)
			m.until(t, noon)
			m.told = map[string][]silence.Alarm{}
			m.closed["t-3"] = noon
			m.until(t, noon.Add(36*time.Hour))
			m.open()
			m.until(t, noon.Add(2*day))
			if len(m.told["t-3"]) != 1 || len(m.told) > 2 {
				t.Fatalf("told %v", m.told)
			}
			if a := m.told["t-3"][0]; !a.Since.Equal(noon) || a.Missed < 5 {
				t.Errorf("since %v with %.1f sales missed; they ceased at %v", a.Since, a.Missed, noon)
			}
		})
		t.Run("a shop's hours are known after weeks, and until then it is said to be open", func(t *testing.T) {
			m := newMarket(t, db)
			night, noon := monday.Add(3*time.Hour), monday.Add(12*time.Hour)
			if open, err := m.Trading(t.Context(), "stranger", night); err != nil || !open {
				t.Errorf("an unknown shop is open %v (%v)", open, err)
			}
			m.until(t, monday.Add(36*day)) // the database knows these shops already
			for at, want := range map[time.Time]bool{night: false, noon: true} {
				if open, err := m.Trading(t.Context(), "t-1", at); err != nil || open != want {
					t.Errorf("at %v open is %v (%v)", at, open, err)
				}
			}
			if watched, err := m.Watched(t.Context(), "t-1"); err != nil || !watched {
				t.Errorf("watched %v (%v)", watched, err)
			}
		})
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("a feed that brings nothing for a day is no silence of the shops", func(t *testing.T) {
			m := newMarket(t, db)
			noon := monday.Add(28*day + 12*time.Hour)
			m.until(t, noon)
			m.told = map[string][]silence.Alarm{}
			m.dark = func(at time.Time) bool { return !at.Before(noon) && at.Before(noon.Add(day)) }
			m.until(t, noon.Add(2*day))
			if len(m.told) > 0 {
				t.Errorf("told %v", m.told)
			}
		})
		t.Run("what could not be told is told again", func(t *testing.T) {
			m := newMarket(t, db)
			noon := monday.Add(35*day + 12*time.Hour)
			m.until(t, noon)
			m.closed["t-5"] = noon
			m.refuse = errors.New("the writer is busy")
			m.now = noon.Add(2 * day)
			if err := m.Look(t.Context()); !errors.Is(err, m.refuse) {
				t.Fatalf("error %v", err)
			}
			m.refuse, m.told = nil, map[string][]silence.Alarm{}
			if err := m.Look(t.Context()); err != nil || len(m.told["t-5"]) != 1 {
				t.Errorf("told %v (%v)", m.told, err)
			}
		})
	})
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Run("an hour is taken in once, and only when it is complete", func(t *testing.T) {
			m := newMarket(t, db)
			m.now = monday.Add(11*time.Hour + late)
			for range 3 {
				if err := m.Look(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			until, err := m.store.Until(t.Context())
			if err != nil || !until.Equal(monday.Add(11*time.Hour)) {
				t.Errorf("until %v (%v)", until, err)
			}
			total := 0
			for _, n := range m.drawn[monday.Add(10*time.Hour)] {
				total += n
			}
			kept, err := m.store.Page(t.Context(), "", 100)
			if err != nil {
				t.Fatal(err)
			}
			sold := float32(0)
			for _, k := range kept {
				sold += k.State.TodaySales
			}
			if int(sold) != total {
				t.Errorf("%g sales were taken in, of %d", sold, total)
			}
		})
		t.Run("holidays are kept until the day is an ordinary one again", func(t *testing.T) {
			m := newMarket(t, db)
			at := monday.Add(30 * time.Hour)
			for _, factor := range []float64{0.2, 0.1, 1} {
				if err := m.Holiday(t.Context(), at, factor); err != nil {
					t.Fatal(err)
				}
				days, err := m.store.Holidays(t.Context())
				got, special := days[silence.DayOf(at)]
				if err != nil || special != (factor != 1) || (special && got != factor) {
					t.Errorf("holidays %v (%v), set %g", days, err, factor)
				}
			}
			for _, factor := range []float64{-0.1, 3.1, math.NaN()} {
				if err := m.Holiday(t.Context(), at, factor); !errors.Is(err, silence.ErrHoliday) {
					t.Errorf("%g: %v", factor, err)
				}
			}
		})
	})
}

func TestATerminalThatIsDownForAKnownReasonTeachesNothing(t *testing.T) {
	t.Parallel()
	m := newMarket(t, sqldbtest.SQLite(t))
	noon := monday.Add(28*day + 12*time.Hour)
	m.until(t, noon.Add(10*time.Minute)) // the hour before noon is complete
	before, _, err := m.store.Get(t.Context(), "t-2")
	if err != nil {
		t.Fatal(err)
	}
	m.told = map[string][]silence.Alarm{}
	m.closed["t-2"], m.down["t-2"] = noon, true
	m.until(t, noon.Add(5*day))
	after, known, err := m.store.Get(t.Context(), "t-2")
	if err != nil || !known || after.State != before.State || len(m.told["t-2"]) > 0 {
		t.Errorf("told %v (%v): what was learned has changed: %v", m.told, err, after.State != before.State)
	}
}

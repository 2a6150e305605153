package bench

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/posmedic/posmedic/internal/silence"
)

// SilenceConfig of the measure.
type SilenceConfig struct {
	Seed uint64
	// Unknown keeps the terminals' lines of business from the detector, which then has to learn them.
	Unknown bool
	Policy  silence.Policy
}

// SilenceResult is what `posmedic bench silence` tells.
type SilenceResult struct {
	Seed         uint64  `json:"seed"`
	Terminals    int     `json:"terminals"`
	MedianDelay  float64 `json:"median_delay_hours"`
	MeanLost     float64 `json:"mean_lost_sales"`
	FalseAlarms  float64 `json:"false_alarms_per_terminal_30d"`
	Missed       float64 `json:"missed_share"`
	MeanDelay    float64 `json:"mean_delay_hours"` // a missed one counts as a week
	WithinADay   float64 `json:"within_a_day_share"`
	BytesOfState int     `json:"bytes_per_terminal"`
}

// The simulated fleet and what happens to it.
const (
	silenceShops    = 600
	silenceTraining = 6 // weeks
	silenceTest     = 6
	silenceRepeats  = 3 // outages of each terminal
	silenceOutage   = silence.HoursOfWeek
)

// outage is one simulated silence: nothing is sold from an hour on, for a week.
type outage struct {
	shop  int
	begin int // hour of the simulation
	state *silence.Terminal
	delay int // hours until the alarm; 0: none
}

// Silence measures how soon a terminal that sells nothing any more is told from one that merely has no customers.
func Silence(ctx context.Context, cfg SilenceConfig) (SilenceResult, error) {
	shops, outages := silenceFleet(cfg.Seed)
	w := newWatch(cfg, shops)
	pending := outages
	for h := range (silenceTraining + silenceTest) * silence.HoursOfWeek {
		if err := ctx.Err(); err != nil {
			return SilenceResult{}, err
		}
		w.hour(h)
		// An outage begins when the hour before it is known.
		for len(pending) > 0 && pending[0].begin == h+1 {
			state := *w.states[pending[0].shop]
			pending[0].state = &state
			pending = pending[1:]
		}
		w.play(outages[:len(outages)-len(pending)], h)
	}
	return judge(cfg.Seed, shops, outages, w), nil
}

// silenceFleet draws the shops and what happens to them.
func silenceFleet(seed uint64) ([]shop, []outage) {
	rng := rand.New(rand.NewPCG(seed, 0x51e9ce))
	classes := openings()
	shops := make([]shop, silenceShops)
	for i := range shops {
		shops[i] = newShop(rng, classes, silenceTraining+silenceTest)
	}
	return shops, drawOutages(rng, shops)
}

// drawOutages lets each terminal fail right after hours with a sale, early enough to be watched for a week.
func drawOutages(rng *rand.Rand, shops []shop) []outage {
	var out []outage
	for i, s := range shops {
		var selling []int
		for h := silenceTraining * silence.HoursOfWeek; h < len(s.sales)-silenceOutage; h++ {
			if s.sales[h] > 0 {
				selling = append(selling, h)
			}
		}
		for range silenceRepeats {
			if len(selling) > 0 {
				out = append(out, outage{shop: i, begin: selling[rng.IntN(len(selling))] + 1})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b outage) int { return a.begin - b.begin })
	return out
}

// watch is the detector at work over the simulated hours.
type watch struct {
	fleet   *silence.Fleet
	shops   []shop
	learn   bool     // the lines of business
	classes []string // of each shop
	states  []*silence.Terminal
	alarms  int // in the test weeks, of terminals that work
}

func newWatch(cfg SilenceConfig, shops []shop) *watch {
	w := &watch{
		fleet: silence.NewFleet(cfg.Policy), shops: shops, learn: cfg.Unknown,
		classes: make([]string, len(shops)), states: make([]*silence.Terminal, len(shops)),
	}
	for i := range shops {
		w.states[i] = silence.NewTerminal()
		if !cfg.Unknown {
			w.classes[i] = strconv.Itoa(shops[i].class)
		}
	}
	return w
}

// hour shows the detector one hour of the whole fleet.
func (w *watch) hour(h int) {
	at := silence.Hour(h)
	w.fleet.Elapse(at, len(w.shops))
	w.open(at, h)
	for i := range w.shops {
		v := w.fleet.Fold(w.states[i], w.classes[i], at, int(w.shops[i].sales[h]))
		if v.Alarm && h >= silenceTraining*silence.HoursOfWeek {
			w.alarms++
		}
		if w.learn && at.OfWeek() == 0 {
			w.classes[i] = w.fleet.Line(w.states[i])
		}
	}
}

// open begins an hour in every class.
func (w *watch) open(at silence.Hour, h int) {
	active, present := map[string]int{}, map[string]int{}
	if w.learn {
		present[silence.General] = 0
	}
	for i, s := range w.shops {
		present[w.classes[i]]++
		if s.sales[h] > 0 {
			active[w.classes[i]]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(present)) { // the general class first: new ones begin with it
		w.fleet.Open(name, at, active[name], present[name], 1)
	}
}

// play lets the terminals that are out be silent for one more hour.
func (w *watch) play(outages []outage, h int) {
	for i := range outages {
		o := &outages[i]
		if h < o.begin || h >= o.begin+silenceOutage || o.delay > 0 {
			continue
		}
		v := w.fleet.Probe(o.state, w.classes[o.shop], silence.Hour(h))
		if v.Alarm {
			o.delay = h - o.begin + 1
		}
	}
}

func judge(seed uint64, shops []shop, outages []outage, w *watch) SilenceResult {
	r := SilenceResult{Seed: seed, Terminals: len(shops), BytesOfState: silence.StateBytes}
	var delays []float64
	for _, o := range outages {
		hours := o.delay
		if hours == 0 {
			hours = silenceOutage
			r.Missed++
			delays = append(delays, math.Inf(1))
		} else {
			delays = append(delays, float64(hours))
		}
		r.MeanDelay += float64(hours)
		if hours <= 24 {
			r.WithinADay++
		}
		for h := o.begin; h < o.begin+hours; h++ {
			r.MeanLost += shops[o.shop].hourly[h%silence.HoursOfWeek]
		}
	}
	n := float64(len(outages))
	slices.Sort(delays)
	r.MedianDelay = (delays[(len(delays)-1)/2] + delays[len(delays)/2]) / 2
	r.MeanDelay, r.WithinADay, r.MeanLost, r.Missed = r.MeanDelay/n, r.WithinADay/n, r.MeanLost/n, r.Missed/n
	r.FalseAlarms = float64(w.alarms) / float64(len(shops)) / (silenceTest * silence.DaysOfWeek) * 30
	return r
}

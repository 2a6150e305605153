package sim

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// year is the time that the rates of the pack are given for.
const year = 365 * 24 * time.Hour

// outageLasts is how long a street stays dark, or a host down, when it happens by itself.
const outageLasts = 45 * time.Minute

// trouble makes faults happen by themselves, each at its own rate.
type trouble struct {
	estate *Estate
	rng    *rand.Rand
	ids    []string  // of faults, in order
	upTo   []float64 // cumulated rates per terminal and year
}

// newTrouble takes rates in stops per 1,000 terminals and year, as the pack gives them; faults that this world does not
// know are left out.
func newTrouble(e *Estate, rates map[string]float64) *trouble {
	t := &trouble{estate: e, rng: rand.New(rand.NewPCG(e.cfg.Seed, 0x7201b1e))}
	total := 0.0
	for _, id := range slices.Sorted(maps.Keys(rates)) {
		if _, err := findFault(id); err != nil || rates[id] <= 0 {
			continue
		}
		total += rates[id] / 1000
		t.ids, t.upTo = append(t.ids, id), append(t.upTo, total)
	}
	return t
}

// next puts the next stop on the agenda.
func (t *trouble) next() {
	if len(t.ids) == 0 {
		return
	}
	w := t.estate.world
	yearly := t.upTo[len(t.upTo)-1] * float64(len(w.terminals)) * w.speed
	gap := -math.Log(1-t.rng.Float64()) / yearly * float64(year)
	if gap > float64(year) {
		return // not in this life
	}
	t.estate.agenda.at(w.now().Add(time.Duration(gap)), func(context.Context) {
		t.strike()
		t.next()
	})
}

// strike lets one fault befall a terminal that it can befall. Faults of hosts and streets have their rate per terminal
// too: that is how the pack counts them.
func (t *trouble) strike() {
	e := t.estate
	at := t.rng.Float64() * t.upTo[len(t.upTo)-1]
	i, _ := slices.BinarySearch(t.upTo, at)
	id := t.ids[min(i, len(t.ids)-1)]
	const tries = 50
	for range tries {
		victim := e.world.terminals[t.rng.IntN(len(e.world.terminals))]
		if len(e.Truth(victim.tid)) > 0 || e.Inject(id, victim.tid) != nil {
			continue // it has its fault already, or cannot have this one
		}
		e.passLater(victim.tid, id, outageLasts)
		return
	}
	e.log.Debug("nobody was left for a fault", slog.String("fault", id))
}

// passLater ends what ends by itself.
func (e *Estate) passLater(tid, id string, after time.Duration) {
	f, err := findFault(id)
	if err != nil || (f.target != oneHost && f.target != oneStreet) {
		return
	}
	e.agenda.at(e.world.now().Add(e.world.pace(after)), func(context.Context) { e.pass(tid) })
}

// Count is how the estate does right now.
type Count struct {
	Terminals int
	Selling   int            // nothing stands in their way
	Sold      int            // approved sales so far
	Attempted int            // customers so far
	Faults    map[string]int // terminals by fault
}

// Count looks at every terminal once.
func (e *Estate) Count() Count {
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	c := Count{Terminals: len(w.terminals), Faults: map[string]int{}}
	list := faults()
	for _, t := range w.terminals {
		c.Sold += t.sold
		c.Attempted += t.attempted
		if t.sells(now) {
			c.Selling++
		}
		for _, f := range list {
			if f.holds(t, now) {
				c.Faults[f.id]++
			}
		}
	}
	return c
}

// InjectSomewhere makes a fault happen at the first terminal that works and that it can befall, and names it.
func (e *Estate) InjectSomewhere(fault string) (tid string, err error) {
	if tid, err = e.cast(Story{Fault: fault}); err != nil {
		return "", err
	}
	return tid, e.Inject(fault, tid)
}

package silence

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Kept is a terminal with what is learned of it.
type Kept struct {
	Terminal string
	Class    string
	State    Terminal
}

// Store keeps what is learned.
type Store interface {
	// Fleet gives what is learned of all, and the end of the newest hour that was taken in; nothing at first.
	Fleet(ctx context.Context, p Policy) (f *Fleet, until time.Time, err error)
	SaveFleet(ctx context.Context, f *Fleet, until time.Time) error
	// Page gives up to limit terminals after an id, in the order of their ids.
	Page(ctx context.Context, after string, limit int) ([]Kept, error)
	Save(ctx context.Context, kept []Kept) error
	Get(ctx context.Context, terminal string) (kept Kept, known bool, err error)
	// Until gives the end of the newest hour that was taken in; zero before the first.
	Until(ctx context.Context) (time.Time, error)
	Holidays(ctx context.Context) (map[Day]float64, error)
	SetHoliday(ctx context.Context, day Day, factor float64) error
}

// Alarm says that a terminal has fallen silent.
type Alarm struct {
	Terminal string
	Since    time.Time // the end of its last hour with a sale
	Missed   float64   // sales that were expected since
}

// Deps are what the room needs from others.
type Deps struct {
	Store Store
	// Sales gives how much each terminal sold in the hour that begins at a time, as the acquirer's host counts.
	Sales func(ctx context.Context, from time.Time) (map[string]int, error)
	// Down gives which of the terminals are known to be out for another reason: their silence teaches nothing.
	Down func(ctx context.Context, terminals []string) (map[string]bool, error)
	// Class names the line of business; nil: it is learned from the hours that a terminal keeps.
	Class func(ctx context.Context, terminal string) string
	// Tell is called with the alarms of an hour before they are stored as told; it may be called again with the same.
	Tell func(ctx context.Context, alarms []Alarm) error
	Now  func() time.Time
}

// Config of the room.
type Config struct {
	Policy   Policy
	Location *time.Location // whose wall clock the shops keep
	Late     time.Duration  // how long after its end the sales of an hour may still come in
}

// DefaultConfig suits feeds that are a few minutes behind.
func DefaultConfig() Config {
	return Config{Policy: DefaultPolicy(), Location: time.Local, Late: 5 * time.Minute}
}

// Room takes in the sales of every hour and tells which terminals have fallen silent.
type Room struct {
	deps Deps
	cfg  Config

	mu    sync.Mutex // over what shops' hours are looked up in
	fleet *Fleet
	hours map[string]opening
	fresh time.Time // the hour that the looked-up hours were read in
}

// opening is what is known of a shop's week.
type opening struct {
	watched bool
	open    [HoursOfWeek]bool
}

// New makes the room.
func New(deps Deps, cfg Config) *Room {
	return &Room{deps: deps, cfg: cfg, hours: map[string]opening{}}
}

// The room's bounds.
const (
	pageSize   = 500
	maxGap     = 14 * 24 * time.Hour // after a longer stop the room goes on with the present
	aloneLimit = 5.0                 // terminals that should have sold: when none did, the feed is out, not the shops
)

// Look takes in every hour that is complete. What was taken in once is not taken in again. One process at a time may look.
func (r *Room) Look(ctx context.Context) error {
	complete := r.deps.Now().Add(-r.cfg.Late).Truncate(time.Hour)
	if until, err := r.deps.Store.Until(ctx); err != nil || !until.Before(complete) {
		return err
	}
	f, until, err := r.deps.Store.Fleet(ctx, r.cfg.Policy)
	if err != nil {
		return err
	}
	if until.IsZero() || complete.Sub(until) > maxGap {
		until = complete.Add(-time.Hour)
	}
	for until.Before(complete) {
		if err := r.hour(ctx, f, until); err != nil {
			return err
		}
		until = until.Add(time.Hour)
		if err := r.deps.Store.SaveFleet(ctx, f, until); err != nil {
			return err
		}
	}
	return nil
}

// pass is one hour on its way through the fleet.
type pass struct {
	fleet *Fleet
	from  time.Time
	hour  Hour
	sales map[string]int
}

func (r *Room) hour(ctx context.Context, f *Fleet, from time.Time) error {
	sales, err := r.deps.Sales(ctx, from)
	if err != nil {
		return err
	}
	p := &pass{fleet: f, from: from, hour: HourOf(from.In(r.cfg.Location)), sales: sales}
	if blind, err := r.open(ctx, p); err != nil || blind {
		return err
	}
	return r.pages(ctx, func(kept []Kept) error { return r.fold(ctx, p, kept) })
}

// pages goes through all terminals.
func (r *Room) pages(ctx context.Context, visit func([]Kept) error) error {
	after := ""
	for {
		kept, err := r.deps.Store.Page(ctx, after, pageSize)
		if err != nil || len(kept) == 0 {
			return err
		}
		after = kept[len(kept)-1].Terminal
		if err := visit(kept); err != nil {
			return err
		}
	}
}

// welcome takes in terminals that have sold for the first time.
func (r *Room) welcome(ctx context.Context, terminals map[string]bool, visit func(Kept)) error {
	fresh := make([]Kept, 0, len(terminals))
	for _, terminal := range slices.Sorted(maps.Keys(terminals)) {
		k := Kept{Terminal: terminal, State: *NewTerminal()}
		if r.deps.Class != nil {
			k.Class = r.deps.Class(ctx, terminal)
		}
		visit(k)
		fresh = append(fresh, k)
	}
	return r.deps.Store.Save(ctx, fresh)
}

// open counts who sold, by class, and begins the hour. It reports blind when nobody at all sold although many should have:
// then nobody is judged by it.
func (r *Room) open(ctx context.Context, p *pass) (blind bool, err error) {
	active, present := map[string]int{}, map[string]int{}
	strangers := make(map[string]bool, len(p.sales))
	for terminal := range p.sales {
		strangers[terminal] = true
	}
	count := func(k Kept) {
		present[k.Class]++
		if p.sales[k.Terminal] > 0 {
			active[k.Class]++
		}
	}
	if err = r.pages(ctx, func(kept []Kept) error {
		for _, k := range kept {
			delete(strangers, k.Terminal)
			count(k)
		}
		return nil
	}); err != nil {
		return false, err
	}
	if err := r.welcome(ctx, strangers, count); err != nil {
		return false, err
	}
	holidays, err := r.deps.Store.Holidays(ctx)
	if err != nil {
		return false, err
	}
	due, total := 0.0, 0
	for name, n := range present {
		due += p.fleet.Class(name).due(p.hour, n)
		total += n
	}
	if len(p.sales) == 0 && due >= aloneLimit {
		return true, nil
	}
	factor, special := holidays[p.hour.Day()]
	if !special {
		factor = 1
	}
	p.fleet.Elapse(p.hour, total)
	if _, ok := present[General]; !ok {
		present[General] = 0 // it has no terminals, and still learns from all
	}
	for _, name := range slices.Sorted(maps.Keys(present)) { // the general class first: new ones begin with it
		p.fleet.Open(name, p.hour, active[name], present[name], factor)
	}
	return false, nil
}

func (r *Room) fold(ctx context.Context, p *pass, kept []Kept) error {
	ids := make([]string, len(kept))
	for i, k := range kept {
		ids[i] = k.Terminal
	}
	down, err := r.deps.Down(ctx, ids)
	if err != nil {
		return err
	}
	var alarms []Alarm
	var changed []Kept
	for _, k := range kept {
		n := p.sales[k.Terminal]
		if p.hour <= k.State.Hour || (n == 0 && down[k.Terminal]) {
			continue
		}
		turned := k.State.Hour.week() != p.hour.week()
		v := p.fleet.Fold(&k.State, k.Class, p.hour, n)
		if turned && r.deps.Class == nil {
			k.Class = p.fleet.Line(&k.State)
		}
		if v.Alarm {
			alarms = append(alarms, Alarm{
				Terminal: k.Terminal, Since: p.from.Add(-time.Duration(k.State.Silent-1) * time.Hour), Missed: math.Round(10*v.Missed) / 10,
			})
		}
		changed = append(changed, k)
	}
	if len(alarms) > 0 {
		if err := r.deps.Tell(ctx, alarms); err != nil {
			return err
		}
	}
	return r.deps.Store.Save(ctx, changed)
}

// Trading reports whether a terminal's shop is open at a time, by what it has sold at such times. A shop that has not
// been watched for long is said to be open.
func (r *Room) Trading(ctx context.Context, terminal string, at time.Time) (bool, error) {
	o, err := r.opening(ctx, terminal)
	return err != nil || !o.watched || o.open[HourOf(at.In(r.cfg.Location)).OfWeek()], err
}

// Watched reports whether enough is known of a terminal's sales to judge its silence by them.
func (r *Room) Watched(ctx context.Context, terminal string) (bool, error) {
	o, err := r.opening(ctx, terminal)
	return o.watched, err
}

// opening looks a shop's week up, once an hour at most.
func (r *Room) opening(ctx context.Context, terminal string) (opening, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if hour := r.deps.Now().Truncate(time.Hour); r.fleet == nil || !hour.Equal(r.fresh) {
		f, _, err := r.deps.Store.Fleet(ctx, r.cfg.Policy)
		if err != nil {
			return opening{}, err
		}
		r.fleet, r.fresh = f, hour
		clear(r.hours)
	}
	if o, ok := r.hours[terminal]; ok {
		return o, nil
	}
	k, known, err := r.deps.Store.Get(ctx, terminal)
	if err != nil {
		return opening{}, err
	}
	var o opening
	if known && r.fleet.Knows(&k.State, k.Class) {
		o.watched = true
		for w := range o.open {
			o.open[w] = r.fleet.Opens(&k.State, k.Class, w)
		}
	}
	r.hours[terminal] = o
	return o, nil
}

// Holiday says what share of an ordinary day's sales the day of a time brings, from 0 to 3; 1 makes it an ordinary day
// again. What the day does bring corrects it within hours.
func (r *Room) Holiday(ctx context.Context, at time.Time, factor float64) error {
	if !(factor >= 0 && factor <= 3) {
		return ErrHoliday
	}
	return r.deps.Store.SetHoliday(ctx, DayOf(at), factor)
}

// ErrHoliday refuses a factor that no day has.
var ErrHoliday = problem.New(problem.Invalid, "silence.holiday", lang.Text{
	ZH: "节假日的营业比例要在0到3之间", EN: "a holiday's share of sales is from 0 to 3",
})

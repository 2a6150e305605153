package sim

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// street is an area with one power supply.
type street struct {
	id    string
	name  lang.Text
	power bool
}

// merchant is who has the contract with the acquirer.
type merchant struct {
	mid  string
	name lang.Text
}

// shop is a site of a merchant, with one router.
type shop struct {
	id       string
	name     lang.Text
	merchant *merchant
	street   *street
	trade    trade

	hung       bool      // the router forwards nothing
	dnsBroken  bool      // the router answers no name look-up
	routerBack time.Time // it is starting until then
}

// routerUp reports whether the router forwards.
func (s *shop) routerUp(now time.Time) bool {
	return s.street.power && !s.hung && !now.Before(s.routerBack)
}

// parameters is a set of settings that many terminals get from the management system.
type parameters struct {
	id       string
	version  int
	address  string // where the payment app looks for its host; empty: where the host really is
	pushed   time.Time
	previous *parameters
}

// world is all that is true. Its lock guards every field of everything in it; nobody holds it while waiting for a
// network.
type world struct {
	mu     sync.Mutex
	now    func() time.Time
	speed  float64
	always bool          // shops never close
	least  time.Duration // patience of a device, at the least

	streets   []*street
	merchants []*merchant
	shops     []*shop
	params    []*parameters
	hosts     []*host
	terminals []*Terminal
	byTID     map[string]*Terminal
	names     map[string]string // what the world's name servers know: address as configured → where it really is
	authority *authority
	repairs   uint64       // devices put in place of others, for their serial numbers
	tell      func(record) // to the feed; does not wait
}

// pace is how long something takes that takes d in a world that does not hurry.
func (w *world) pace(d time.Duration) time.Duration {
	return time.Duration(float64(d) / w.speed)
}

// zone is where the estate lies.
func zone() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

const (
	shopsPerStreet    = 4
	terminalsPerShop  = 3
	parameterSets     = 3
	signInRenewal     = 5 * time.Minute // of a world that does not hurry: see app.renew
	certificateYears  = 3
	paramsAgeAtStart  = 40 * 24 * time.Hour
	bootTime          = time.Minute
	routerStart       = 2 * time.Minute
	fullBattery       = 1.0
	drainPerMinute    = 1.0 / (10 * 60) // ten hours
	chargePerMinute   = 1.0 / (2 * 60)
	lastGaspPerMinute = 0.01
)

// populate lays out streets, shops and terminals; the same seed gives the same world.
func (w *world) populate(seed uint64, terminals int) error {
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	for i := range parameterSets {
		w.params = append(w.params, &parameters{
			id: fmt.Sprintf("P%d", i+1), version: 7, pushed: w.now().Add(-paramsAgeAtStart),
		})
	}
	for len(w.terminals) < terminals {
		s := w.addShop(rng)
		for range 1 + rng.IntN(terminalsPerShop) {
			if len(w.terminals) == terminals {
				break
			}
			if err := w.addTerminal(rng, s, seed); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) addShop(rng *rand.Rand) *shop {
	n := len(w.shops)
	if n%shopsPerStreet == 0 {
		w.addStreet()
	}
	st := w.streets[len(w.streets)-1]
	kind := trades()[rng.IntN(len(trades()))]
	var m *merchant
	if n > 0 && rng.IntN(4) == 0 {
		m = w.shops[rng.IntN(n)].merchant // a chain opens another shop
	} else {
		owner := owners()[rng.IntN(len(owners()))]
		m = &merchant{mid: newMID(len(w.merchants)), name: lang.Text{ZH: owner.ZH + kind.name.ZH, EN: owner.EN + " " + kind.name.EN}}
		w.merchants = append(w.merchants, m)
	}
	number := 8 + n*6
	s := &shop{
		id: fmt.Sprintf("site-%04d", n+1), merchant: m, street: st, trade: kind,
		name: lang.Text{
			ZH: fmt.Sprintf("%s（%s%d号）", m.name.ZH, st.name.ZH, number),
			EN: fmt.Sprintf("%s, %d %s", m.name.EN, number, st.name.EN),
		},
	}
	w.shops = append(w.shops, s)
	return s
}

func (w *world) addStreet() {
	n := len(w.streets)
	name := roads()[n%len(roads())]
	if part := n / len(roads()); part > 0 {
		name = lang.Text{ZH: fmt.Sprintf("%s%d段", name.ZH, part+1), EN: fmt.Sprintf("%s, section %d", name.EN, part+1)}
	}
	w.streets = append(w.streets, &street{id: fmt.Sprintf("area-%03d", n+1), name: name, power: true})
}

// newMID makes a merchant number that no card-data guard mistakes for a card number.
func newMID(n int) string {
	for at := n * 10; ; at++ {
		mid := fmt.Sprintf("898310%09d", 541_100_000+at)
		if _, err := carddata.NewPAN(mid); err != nil {
			return mid
		}
	}
}

func (w *world) addTerminal(rng *rand.Rand, s *shop, seed uint64) error {
	n := len(w.terminals)
	kind := models()[rng.IntN(len(models()))]
	t := &Terminal{
		world: w, index: n, shop: s, model: kind, host: w.hosts[rng.IntN(len(w.hosts))],
		tid: fmt.Sprintf("31%06d", n+1), params: w.params[rng.IntN(len(w.params))],
		link: kind.links[rng.IntN(len(kind.links))], appVersion: []string{"6.2.0", "6.2.0", "6.1.4"}[rng.IntN(3)],
		rng: rand.New(rand.NewPCG(seed, uint64(n)+1)), plugged: !kind.battery || rng.IntN(2) == 0,
	}
	if t.link == Cellular {
		t.carrier = carriers()[rng.IntN(len(carriers()))]
	}
	t.conns, t.waits = map[net.Conn]struct{}{}, map[chan struct{}]struct{}{}
	t.install(newSerial(seed%1000*1_000_000 + uint64(n)))
	t.battery = 0.6 + 0.4*rng.Float64()
	for i := range t.master {
		t.master[i] = byte(rng.UintN(256))
	}
	t.loaded = true
	w.terminals = append(w.terminals, t)
	w.byTID[t.tid] = t
	return t.certify(w.now().AddDate(certificateYears, 0, 0))
}

// newSerial makes a serial number; its letters keep it from looking like a card number.
func newSerial(n uint64) string { return fmt.Sprintf("SN%09d", n%1_000_000_000) }

// Entry is one terminal as the acquirer's register knows it.
type Entry struct {
	TID, MID   string
	Merchant   lang.Text
	Site       string // id
	SiteName   lang.Text
	Area       string // id
	AreaName   lang.Text
	Host       string
	Carrier    string // empty without a SIM
	Model      string
	Serial     string
	AppVersion string
	Params     string
	Link       Link
	Setup      string // setup_kind
	CodeSet    string // response_code_set
	Opens      int    // hour of the day, in UTC+8
	Closes     int    // 24: midnight
}

// register lists the terminals.
func (w *world) register() []Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Entry, 0, len(w.terminals))
	for _, t := range w.terminals {
		opens, closes := w.hours(t.shop)
		out = append(out, Entry{
			TID: t.tid, MID: t.shop.merchant.mid, Merchant: t.shop.merchant.name, Site: t.shop.id, SiteName: t.shop.name,
			Area: t.shop.street.id, AreaName: t.shop.street.name, Host: t.host.id, Carrier: t.carrier, Model: t.model.name,
			Serial: t.serial, AppVersion: t.appVersion, Params: t.params.id, Link: t.link, Setup: "standalone",
			CodeSet: "unionpay", Opens: opens, Closes: closes,
		})
	}
	return out
}

func (w *world) hours(s *shop) (opens, closes int) {
	if w.always {
		return 0, 24
	}
	return s.trade.opens, s.trade.closes
}

// open reports whether a shop trades now.
func (w *world) open(s *shop, now time.Time) bool {
	opens, closes := w.hours(s)
	hour := now.In(zone()).Hour()
	return opens <= hour && hour < closes
}

// demand is how many customers a terminal has in an hour at this time of the day.
func (w *world) demand(s *shop, now time.Time) float64 {
	if w.always {
		return s.trade.busy
	}
	switch hour := now.In(zone()).Hour(); {
	case !w.open(s, now):
		return 0
	case hour == 12, hour == 18, hour == 19:
		return s.trade.busy
	default:
		return s.trade.busy / 2
	}
}

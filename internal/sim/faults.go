package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// kindOfTarget is what a fault hits.
type kindOfTarget string

const (
	oneTerminal kindOfTarget = "terminal"
	oneHost     kindOfTarget = "host"
	oneStreet   kindOfTarget = "area"
	oneSet      kindOfTarget = "params"
)

// fault is one line of the table: what it does to the world, whom it can hit, and how its truth is read off the world.
// All of them run under the world's lock.
type fault struct {
	id     string // of the core pack
	target kindOfTarget
	can    func(t *Terminal) bool                // it can befall this terminal, or what this terminal hangs on; nil: any
	inject func(w *world, t *Terminal)           // t is the target, or a terminal of it
	holds  func(t *Terminal, now time.Time) bool // the terminal has it
}

// faults is the table of everything that can go wrong here.
func faults() []fault {
	return slices.Concat(networkFaults(), hostFaults(), deviceFaults())
}

func networkFaults() []fault {
	byRouter := func(t *Terminal) bool { return t.link != Cellular }
	cellular := func(t *Terminal) bool { return t.link == Cellular }
	return []fault{
		{"net_sim_quota", oneTerminal, cellular,
			func(w *world, t *Terminal) { w.spendData(t) },
			func(t *Terminal, _ time.Time) bool { return t.link == Cellular && t.dataUsedUp }},
		{"net_router_hung", oneTerminal, byRouter,
			func(w *world, t *Terminal) { t.shop.hung = true; w.sever(t.shop) },
			func(t *Terminal, _ time.Time) bool { return byRouter(t) && t.shop.hung }},
		{"net_dns", oneTerminal, byRouter,
			func(_ *world, t *Terminal) { t.shop.dnsBroken = true },
			func(t *Terminal, _ time.Time) bool { return byRouter(t) && t.shop.dnsBroken }},
		{"pow_area_outage", oneStreet, nil,
			func(w *world, t *Terminal) { w.switchStreet(t.shop.street, false) },
			func(t *Terminal, _ time.Time) bool { return !t.shop.street.power && (byRouter(t) || !t.on) }},
	}
}

func hostFaults() []fault {
	return []fault{
		{"host_outage", oneHost, nil,
			func(w *world, t *Terminal) { t.host.down, t.host.announced, t.host.downSince = true, false, w.now() },
			func(t *Terminal, _ time.Time) bool { return t.host.down && !t.host.announced }},
		{"host_maintenance", oneHost, nil,
			func(w *world, t *Terminal) { w.maintain(t.host) },
			func(t *Terminal, _ time.Time) bool { return t.host.down && t.host.announced }},
		{"acc_tid_unregistered", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.host.terminals[t.tid].active = false },
			func(t *Terminal, _ time.Time) bool { r := t.host.terminals[t.tid]; return r == nil || !r.active }},
		// Code 03 speaks of the merchant's contract: the account is closed. A risk hold looks different at the host.
		{"acc_merchant_closed", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.host.merchants[t.shop.merchant.mid] = accountClosed },
			func(t *Terminal, _ time.Time) bool { return t.host.merchants[t.shop.merchant.mid] != accountActive }},
	}
}

func deviceFaults() []fault {
	secure := func(t *Terminal) bool { return t.model.secure }
	const yearsOff = -2
	return []fault{
		{"sw_hang", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.hung = true },
			func(t *Terminal, _ time.Time) bool { return t.hung }},
		{"op_sign_in", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.session = false; t.host.terminals[t.tid].day = "" },
			func(t *Terminal, _ time.Time) bool { return !t.session && t.loaded }},
		{"set_clock", oneTerminal, secure,
			func(w *world, t *Terminal) { t.offset = w.now().AddDate(yearsOff, 0, 0).Sub(w.now()) },
			func(t *Terminal, _ time.Time) bool { return t.offset.Abs() > 5*time.Minute }},
		{"sw_cert_expired", oneTerminal, secure,
			func(w *world, t *Terminal) { t.mustCertify(w.now().AddDate(0, 0, -1)) },
			func(t *Terminal, now time.Time) bool { return now.After(t.certificate.Leaf.NotAfter) }},
		{"sec_work_key", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.working[0] ^= 0x5a; t.working[9] ^= 0xa5 },
			func(t *Terminal, _ time.Time) bool {
				return t.session && t.keyed && !t.host.terminals[t.tid].holds(t.working)
			}},
		{"sec_tamper_impact", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.tamper() },
			func(t *Terminal, _ time.Time) bool { return t.tampered }},
		{"con_paper_out", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.paper = false },
			func(t *Terminal, _ time.Time) bool { return !t.paper }},
		{"hw_chip_dirty", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.reader = readerDirty },
			func(t *Terminal, _ time.Time) bool { return t.reader == readerDirty }},
		{"hw_chip_dead", oneTerminal, nil,
			func(_ *world, t *Terminal) { t.reader = readerDead },
			func(t *Terminal, _ time.Time) bool { return t.reader == readerDead }},
		{"pow_battery_flat", oneTerminal, func(t *Terminal) bool { return t.model.battery },
			func(_ *world, t *Terminal) { t.plugged, t.battery, t.failing = false, 0.12, true },
			func(t *Terminal, _ time.Time) bool {
				return t.model.battery && !t.mains() && (t.failing || t.battery == 0)
			}},
		{"sw_bad_config_pushed", oneSet, nil,
			func(w *world, t *Terminal) { w.push(t.params.id) },
			func(t *Terminal, _ time.Time) bool { return t.params.address != "" }},
	}
}

// tamper is what happens when a fall breaks the mesh around the secure processor: the keys are gone in the same instant.
func (t *Terminal) tamper() {
	t.dropped = true
	t.tampered, t.loaded, t.keyed, t.session, t.master, t.working = true, false, false, false, key{}, key{}
	t.screen = showTamper
}

// mustCertify replaces the certificate. Signing with a key in memory cannot fail.
func (t *Terminal) mustCertify(until time.Time) {
	if err := t.certify(until); err != nil {
		panic(err)
	}
}

// sever cuts what a shop's router no longer carries.
func (w *world) sever(s *shop) {
	for _, t := range w.terminals {
		if t.shop == s {
			t.sever()
		}
	}
}

// switchStreet turns a street's power off or on, and everything that hangs on it.
func (w *world) switchStreet(s *street, power bool) {
	if s.power == power {
		return
	}
	now := w.now()
	for _, t := range w.terminals {
		if t.shop.street == s {
			t.meter(now) // with the power as it was
		}
	}
	s.power = power
	for _, sh := range w.shops {
		if sh.street == s && power {
			sh.hung, sh.routerBack = false, now.Add(w.pace(routerStart))
		}
	}
	for _, t := range w.terminals {
		if t.shop.street == s {
			t.meter(now)
			t.sever()
		}
	}
	w.tell(record{power: &areaPower{s.id, power}})
}

func (w *world) spendData(t *Terminal) {
	t.dataUsedUp = true
	t.sever()
	w.tell(record{sim: &simStatus{t.tid, "data_used_up"}})
}

// maintenanceTime is how long announced maintenance is said to take.
const maintenanceTime = 4 * time.Hour

// maintain takes a host out of service after telling everybody.
func (w *world) maintain(h *host) {
	h.down, h.announced = true, true
	h.notice = &hostNotice{
		id: fmt.Sprintf("%s-maintenance-%d", h.id, w.now().UnixMilli()), kind: "maintenance", host: h.id, from: w.now(), until: w.now().Add(w.pace(maintenanceTime)),
		text: lang.Text{ZH: "收单后台维护中，期间不能收款，请勿重启机器", EN: "the acquirer's host is in maintenance; no payments meanwhile, do not restart terminals"},
	}
	w.tell(record{notice: h.notice})
}

// push sends parameters with a wrong host address to every terminal of a set.
func (w *world) push(set string) {
	for i, p := range w.params {
		if p.id != set {
			continue
		}
		pushed := &parameters{id: p.id, version: p.version + 1, address: nowhere, pushed: w.now(), previous: p}
		w.params[i] = pushed
		for _, t := range w.terminals {
			if t.params == p {
				t.params = pushed
			}
		}
	}
}

// nowhere is an address where nobody listens: port 1 of this machine.
const nowhere = "pos-test.acquirer.example:8583"

// The errors of Inject.
var (
	errFault = problem.New(problem.Invalid, "sim.unknown_fault", lang.Text{
		ZH: "模拟器不认识这种故障", EN: "the simulator knows no such fault"})
	errTarget = problem.New(problem.Invalid, "sim.unknown_target", lang.Text{
		ZH: "没有这个对象", EN: "there is no such target"})
	errUnfit = problem.New(problem.Invalid, "sim.fault_does_not_fit", lang.Text{
		ZH: "这种故障不会发生在这台终端上", EN: "this fault cannot befall this terminal"})
)

// knownFaults lists the ids, for hints.
func knownFaults() string {
	var ids []string
	for _, f := range faults() {
		ids = append(ids, f.id)
	}
	return strings.Join(ids, " ")
}

func findFault(id string) (fault, error) {
	for _, f := range faults() {
		if f.id == id {
			return f, nil
		}
	}
	return fault{}, errFault.WithHint(lang.Text{ZH: "可用：" + knownFaults(), EN: "known are: " + knownFaults()})
}

// resolve finds a terminal by a target's name: of a terminal, host, area or parameter set. A fault of a host, an area or
// a set may name a terminal and hits what that terminal hangs on.
func (w *world) resolve(f fault, target string) (*Terminal, error) {
	for _, t := range w.terminals {
		named := t.tid == target ||
			f.target == oneHost && t.host.id == target ||
			f.target == oneStreet && t.shop.street.id == target ||
			f.target == oneSet && t.params.id == target
		if !named {
			continue
		}
		if f.can != nil && !f.can(t) {
			return nil, errUnfit
		}
		return t, nil
	}
	return nil, errTarget
}

// inject makes a fault happen and says to which terminal, or through which.
func (w *world) inject(id, target string) (*Terminal, error) {
	f, err := findFault(id)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	t, err := w.resolve(f, target)
	if err != nil {
		return nil, err
	}
	f.inject(w, t)
	return t, nil
}

// truth reads off the world what is wrong with a terminal.
func (w *world) truth(tid string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.byTID[tid]
	if !ok {
		return nil
	}
	var out []string
	now := w.now()
	for _, f := range faults() {
		if f.holds(t, now) {
			out = append(out, f.id)
		}
	}
	return out
}

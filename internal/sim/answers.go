package sim

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// Ask gives what a person on the spot, or in the back office, would truthfully say about a terminal; false when nobody
// there could know.
func (e *Estate) Ask(tid, variable string) (state string, known bool) {
	w := e.world
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.byTID[tid]
	if !ok {
		return "", false
	}
	now := w.now()
	if state, known = t.atTheCounter(variable, now); known {
		return state, true
	}
	if state, known = t.inTheShop(variable, now); known {
		return state, true
	}
	if state, known = t.inTheBooks(variable); known {
		return state, true
	}
	if t.running(now) {
		return t.onTheDevice(variable, now)
	}
	return "", false
}

// onTheDevice is what can be read off the device's own menus.
func (t *Terminal) onTheDevice(variable string, now time.Time) (string, bool) {
	for _, f := range finding.Collect(t.findings(now)...) {
		if f.Variable == variable {
			return f.State, true
		}
	}
	return "", false
}

// atTheCounter is what the cashier sees of the terminal.
func (t *Terminal) atTheCounter(variable string, now time.Time) (string, bool) {
	switch variable {
	case "main_symptom":
		return t.symptom(now), true
	case "powers_on":
		return yes(t.on), true
	case "screen_state":
		return pick(!t.on, "blank", pick(t.hung, "frozen_picture", "normal")), true
	case "screen_message":
		return string(t.screen), t.on && !t.hung
	case "key_response":
		return pick(t.hung, "none", "all"), t.on
	case "adapter_light":
		return pick(t.mains(), "on", "off"), t.plugged
	case "power_source":
		return pick(t.plugged, "original_adapter_or_base", "not_plugged_in"), true
	case "battery_level":
		return "empty", t.model.battery && !t.on
	case "chip_reading":
		return pick(t.reader == readerGood, "ok", "fails"), t.on
	case "tap_reading":
		return "ok", t.on && t.sold > 0
	case "card_slot":
		return pick(t.reader == readerDirty, "dirty_or_obstructed", "clear"), true
	case "connection_icon":
		return pick(t.path(now) == pathNone, "not_connected", pick(t.path(now) == pathOpen, "connected", "linked_but_no_server")), t.on
	case "after":
		return pick(t.dropped, "dropped_or_knocked", "nothing_changed"), true
	case "terminal_date":
		return pick(t.offset.Abs() > time.Hour, "wrong", "correct"), t.on
	default:
		return t.asEver(variable)
	}
}

// asEver is what never changes in these shops, or always is the same.
func (t *Terminal) asEver(variable string) (string, bool) {
	states := map[string]string{
		"casing": "intact", "dirt_or_liquid": "clean", "setup_kind": "standalone", "onset": "sudden",
		"accessory_kind": "none", "printer_kind": "thermal", "surroundings": "dry_indoor", "unused_for": "in_daily_use",
		"card_condition": "good", "card_handling": "correct", "nearby_objects": "nothing_special", "wrong_password_count": "none",
		"paper_loading": "right",
	}
	state, known := states[variable]
	return state, known
}

func (t *Terminal) symptom(now time.Time) string {
	switch {
	case !t.on:
		return "will_not_start"
	case t.hung:
		return "frozen_or_crashes"
	case t.screen == showPaper:
		return "print_problem"
	case t.reader != readerGood && t.misreads > 0:
		return "card_or_code_not_read"
	case t.screen == showSignIn:
		return "sign_in_fails"
	case t.path(now) != pathOpen, t.reached == reachNone, t.reached == reachNoName:
		return "no_connection"
	case t.screen == showHost:
		return "sales_fail"
	case t.screen == showNothing:
		return "works_normally"
	default:
		return "error_message"
	}
}

// inTheShop is what the people there see around the terminal.
func (t *Terminal) inTheShop(variable string, now time.Time) (string, bool) {
	switch variable {
	case "area_power":
		return pick(t.shop.street.power, "on", "off"), true
	case "other_devices_online":
		return yes(t.shop.routerUp(now)), true // nobody's phone asks the shop's name server twice
	case "network_lights":
		return pick(t.shop.street.power, "normal", "modem_abnormal"), t.link != Cellular
	case "cable_state":
		return "firm_and_right", t.link == Ethernet
	case "phones_have_service":
		return "yes", true
	case "terminal_scope":
		return t.scope(now), true
	default:
		return "", false
	}
}

// scope is what the shop's people know: whether the other terminals on the counter have stopped too.
func (t *Terminal) scope(now time.Time) string {
	others, stopped := 0, 0
	for _, other := range t.world.terminals {
		if other.shop != t.shop || other == t {
			continue
		}
		others++
		if !other.appUp(now) || other.path(now) != pathOpen || other.screen != showNothing {
			stopped++
		}
	}
	return pick(others > 0 && stopped == others, "whole_shop", "this_terminal_only")
}

// inTheBooks is what the acquirer's back office and the carrier can look up.
func (t *Terminal) inTheBooks(variable string) (string, bool) {
	switch variable {
	case "merchant_status":
		return pick(t.host.merchants[t.shop.merchant.mid] == accountActive, "active", "disabled"), true
	case "terminal_status":
		r := t.host.terminals[t.tid]
		return pick(r != nil && r.active, "active", "not_registered"), true
	case "sim_account":
		return pick(t.dataUsedUp, "data_used_up", "active"), t.link == Cellular
	case "status_page":
		return t.host.page(t.world), true
	case "merchant_terminal_number":
		return "matches", true
	case "carrier_status":
		return "normal", t.link == Cellular
	default:
		return "", false
	}
}

// pageAfter is how long its operators need to put an outage onto the host's status page.
const pageAfter = 5 * time.Minute

// page is what the host's status page says.
func (h *host) page(w *world) string {
	switch {
	case h.down && h.announced:
		return "maintenance"
	case h.down && w.now().Sub(h.downSince) >= w.pace(pageAfter):
		return "outage_reported"
	default:
		return "all_ok"
	}
}

func pick(holds bool, then, otherwise string) string {
	if holds {
		return then
	}
	return otherwise
}

func yes(holds bool) string { return pick(holds, "yes", "no") }

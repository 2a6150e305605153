package sim

import (
	"time"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// sheet collects findings. Their times are left to the agent, which dates them by the terminal's clock.
type sheet []finding.Finding

func (s *sheet) add(variable, state string) {
	*s = append(*s, finding.Finding{Variable: variable, State: state, Source: finding.TMS})
}

// choose adds one of two states.
func (s *sheet) choose(variable string, bad bool, badState, goodState string) {
	if bad {
		s.add(variable, badState)
		return
	}
	s.add(variable, goodState)
}

// Status is what the device can tell about itself now, for its agent: everything in it could be read from hardware, the
// system or the payment app in this state, and nothing else is in it.
func (t *Terminal) Status() agent.Status {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	now := t.world.now()
	answers := t.answers
	t.answers = nil
	return agent.Status{Readings: t.readings(now), Findings: t.findings(now), Host: answers}
}

func (t *Terminal) readings(now time.Time) []wire.Reading {
	const celsius, freeBytes = 34, 2_400_000_000
	out := []wire.Reading{
		{Name: "temperature_c", Value: celsius},
		{Name: "disk_free_bytes", Value: freeBytes},
		{Name: "uptime_s", Value: now.Sub(t.bootedAt).Seconds()},
		{Name: "app_version", Text: t.appVersion},
		{Name: "params", Text: t.params.id},
		{Name: "params_version", Value: float64(t.params.version)},
	}
	if t.model.battery {
		out = append(out, wire.Reading{Name: "battery_percent", Value: float64(int(t.battery * 100))})
	}
	if t.path(now) == pathOpen {
		out = append(out, wire.Reading{Name: "clock_offset_ms", Value: float64(t.offset.Milliseconds())})
	}
	return out
}

// findings lists what the device knows. The world's lock must be held.
func (t *Terminal) findings(now time.Time) []finding.Finding {
	var s sheet
	t.powerFindings(&s)
	t.networkFindings(&s, now)
	t.securityFindings(&s, now)
	t.systemFindings(&s, now)
	if t.appUp(now) {
		t.appFindings(&s, now)
	}
	return s
}

func (t *Terminal) powerFindings(s *sheet) {
	s.choose("charging", !t.mains() && t.plugged, "does_not_charge", "charges")
	if !t.mains() && !t.plugged {
		*s = (*s)[:len(*s)-1] // on battery by choice: nothing can be said about charging
		s.add("power_source", "not_plugged_in")
	}
	if t.mains() {
		s.add("power_source", "original_adapter_or_base")
	}
	switch {
	case !t.model.battery:
	case t.battery > 0.5:
		s.add("battery_level", "over_50")
	case t.battery > 0.2:
		s.add("battery_level", "from_20_to_50")
	default:
		s.add("battery_level", "under_20")
	}
}

func (t *Terminal) networkFindings(s *sheet, now time.Time) {
	path := t.path(now)
	s.add("link_type", string(t.link))
	s.choose("ip_address", path == pathNone, "none", "normal")
	s.choose("network_check", path == pathNone || path == pathDead, "fails", "ok")
	*s = append(*s, finding.Finding{Variable: "host_connect_test", State: string(t.reached), Source: finding.Probe})
	if t.link != Cellular {
		return
	}
	s.add("sim_detected", "yes")
	s.add("signal_bars", "good")
	s.choose("mobile_registration", t.dataUsedUp, "attached_no_data", "data_ok")
}

func (t *Terminal) securityFindings(s *sheet, now time.Time) {
	s.choose("tamper_flag", t.tampered, "set", "clear")
	s.add("backup_battery", "ok") // the secure processor measures its cell; none runs down here
	switch {
	case !t.loaded:
		s.add("key_status", "absent")
	case t.lastCode == codeMAC || !t.keyed && t.screen == showKeyError:
		s.add("key_status", "mismatch")
	default:
		s.add("key_status", "loaded")
	}
	// The date of a certificate is judged by network time where there is one, and by the device's own clock elsewhere.
	judged := t.clock()
	if t.path(now) == pathOpen {
		judged = now
		const noticeable = 2 * time.Minute
		s.choose("terminal_date", t.offset.Abs() > noticeable, "wrong", "correct")
		s.choose("clock_setting", t.offset.Abs() > noticeable, "set_by_hand", "automatic_local")
	}
	if t.model.secure {
		s.choose("certificate_status", judged.After(t.certificate.Leaf.NotAfter), "expired", "valid")
	}
}

func (t *Terminal) systemFindings(s *sheet, now time.Time) {
	s.add("device_temperature", "normal")
	s.add("storage_free", "enough")
	switch up := now.Sub(t.bootedAt); {
	case up > 3*24*time.Hour:
		s.add("running_since", "several_days")
	case up > 12*time.Hour:
		s.add("running_since", "over_12_hours")
	default:
		s.add("running_since", "today")
	}
	const recent = 24 * time.Hour
	s.choose("recent_change", now.Sub(t.params.pushed) < recent, "parameter_push", "none")
	s.add("app_state", "runs")
	// The system sees that the app's window takes no input; it does not need the app for that.
	s.choose("screen_state", t.hung, "frozen_picture", "normal")
	s.choose("key_response", t.hung, "none", "all")
	s.choose("paper_present", !t.paper, "no", "yes")
	const bad = 2
	if t.misreads == 0 || t.misreads >= bad {
		s.choose("chip_reading", t.misreads >= bad, "fails", "ok")
	}
}

// appFindings is what the payment app says when the agent asks it.
func (t *Terminal) appFindings(s *sheet, now time.Time) {
	s.add("screen_message", string(t.screen))
	s.choose("last_sign_in", !t.session, "over_a_day", "today")
	s.choose("printer_output", t.screen == showPaper, "nothing", "normal")
	switch obstacle := t.obstacle(); {
	case obstacle == showTamper, obstacle == showKeyMissing, obstacle == showSignIn, obstacle == showKeyError:
		s.add("sales_possible", "none")
	case obstacle == showPaper:
		// It would sell again as soon as there is paper; whether it can is not known.
	case t.reader != readerGood && t.misreads > 0:
		s.add("sales_possible", "some_kinds")
	case t.screen == showNothing && t.reached == reachOK && (t.lastCode == codeApproved || t.lastCode == codeFunds):
		s.add("sales_possible", "all")
	}
}

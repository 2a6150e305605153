package sim

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// remedy is one thing that can be done about a terminal.
type remedy struct {
	name string
	do   func(ctx context.Context, e *Estate, x *Terminal) error
}

// remedies are the remote steps and what people can do, all of them.
func remedies() []remedy {
	right := func() time.Time { return time.Now() }
	list := []remedy{
		{"restart_app", func(ctx context.Context, _ *Estate, x *Terminal) error { return third(x.RestartApp(ctx)) }},
		{"sign_in", func(ctx context.Context, _ *Estate, x *Terminal) error { return third(x.SignIn(ctx)) }},
		{"set_clock", func(ctx context.Context, _ *Estate, x *Terminal) error { return third(x.SetClock(ctx, right)) }},
		{"renew_address", func(ctx context.Context, _ *Estate, x *Terminal) error { return third(x.RenewAddress(ctx)) }},
		{"restore_config", func(ctx context.Context, _ *Estate, x *Terminal) error { return third(x.RestoreConfig(ctx)) }},
		{"send_unsent", func(ctx context.Context, _ *Estate, x *Terminal) error { return third(x.SendUnsent(ctx)) }},
		{"run_probes", func(ctx context.Context, _ *Estate, x *Terminal) error {
			return third(x.RunProbes(ctx, remote.RunProbes{}))
		}},
	}
	for step, a := range acts() {
		if _, alias := sameAs()[step]; alias || (a.ready != nil && a.does == nil) {
			continue // the same under another name, or mere waiting
		}
		list = append(list, remedy{step, func(ctx context.Context, e *Estate, x *Terminal) error {
			if a.does != nil {
				e.world.mu.Lock()
				a.does(e.world, x)
				e.world.mu.Unlock()
			}
			if a.then != nil {
				return a.then(ctx, e, x)
			}
			return nil
		}})
	}
	return list
}

func third(_ remote.Result, err error) error { return err }

// shown gives the states of the findings that the device reports.
func shown(s agent.Status) map[string]string {
	out := map[string]string{}
	for _, f := range finding.Collect(s.Findings...) {
		out[f.Variable] = f.State
	}
	return out
}

// broken is what is expected of one fault.
type broken struct {
	fault  string
	silent bool              // nobody can be reached anew, so nothing of what follows is heard meanwhile
	hangs  bool              // whoever asks gets no answer and no error
	shows  map[string]string // findings of the device after customers have tried
	code   string            // what the host answers to a sale, if it is reached
	cures  []string          // every remedy that makes it sell again, and no other does
}

func expectations() []broken {
	anySwap := []string{"swap_terminal", "repair_at_depot", "handover.depot", "cure.sec_tamper_impact", "cure.hw_chip_dead"}
	signIns := []string{"sign_in", "sign_in_by_hand", "cure.op_sign_in", "cure.sec_work_key", "resync_host_keys", "register_terminal",
		"reactivate_terminal", "cure.acc_tid_unregistered", "redownload_parameters", "push_keys", "load_master_key"}
	routers := []string{"restart_router", "cure.net_router_hung", "cure.net_dns", "survey_network"}
	plugs := []string{"hold_power_key", "charge_terminal", "use_other_outlet", "cure.pow_battery_flat", "replace_power_parts"}
	return []broken{
		{fault: "sw_hang", shows: map[string]string{"screen_state": "frozen_picture", "key_response": "none", "app_state": "runs"},
			cures: slices.Concat(anySwap, []string{"restart_app", "restart_terminal", "cure.sw_hang"})},
		{fault: "op_sign_in", shows: map[string]string{"screen_message": "not_signed_in", "sales_possible": "none", "last_sign_in": "over_a_day"},
			cures: slices.Concat(anySwap, signIns, []string{"cure.set_clock", "cure.sw_cert_expired"})},
		{fault: "set_clock", shows: map[string]string{"terminal_date": "wrong", "host_connect_test": "secure_handshake_fails", "certificate_status": "valid"},
			cures: slices.Concat(anySwap, []string{"set_clock", "cure.set_clock"})},
		{fault: "sw_cert_expired", shows: map[string]string{"certificate_status": "expired", "host_connect_test": "secure_handshake_fails", "terminal_date": "correct"},
			cures: slices.Concat(anySwap, []string{"cure.sw_cert_expired"})},
		{fault: "sec_work_key", shows: map[string]string{"key_status": "mismatch", "screen_message": "key_error"}, code: codeMAC,
			cures: slices.Concat(anySwap, signIns, []string{"cure.set_clock", "cure.sw_cert_expired"})},
		{fault: "acc_tid_unregistered", shows: map[string]string{"screen_message": "terminal_disabled", "host_connect_test": "ok"}, code: codeUnregistered,
			cures: []string{"register_terminal", "reactivate_terminal", "cure.acc_tid_unregistered"}},
		{fault: "acc_merchant_closed", shows: map[string]string{"screen_message": "merchant_disabled", "host_connect_test": "ok"}, code: codeMerchant,
			cures: []string{"unblock_merchant", "cure.acc_merchant_closed"}},
		{fault: "con_paper_out", shows: map[string]string{"paper_present": "no", "screen_message": "out_of_paper", "printer_output": "nothing"},
			cures: slices.Concat(anySwap, []string{"load_paper", "cure.con_paper_out"})},
		{fault: "hw_chip_dirty", shows: map[string]string{"chip_reading": "fails", "screen_message": "card_read_error", "sales_possible": "some_kinds"},
			cures: slices.Concat(anySwap, []string{"clean_chip_slot", "cure.hw_chip_dirty"})},
		{fault: "hw_chip_dead", shows: map[string]string{"chip_reading": "fails", "screen_message": "card_read_error"}, cures: anySwap},
		{fault: "sec_tamper_impact", shows: map[string]string{"tamper_flag": "set", "key_status": "absent", "screen_message": "tamper_alert", "sales_possible": "none"},
			cures: anySwap},
		{fault: "sw_bad_config_pushed", shows: map[string]string{"recent_change": "parameter_push", "host_connect_test": "no_connection", "network_check": "ok"},
			cures: []string{"restore_config", "withdraw_push", "cure.sw_bad_config_pushed"}},
		{fault: "net_sim_quota", hangs: true, silent: true, shows: map[string]string{"mobile_registration": "attached_no_data", "network_check": "fails", "ip_address": "normal"},
			cures: []string{"add_sim_data", "cure.net_sim_quota", "swap_sim_and_rebind"}},
		{fault: "net_router_hung", hangs: true, silent: true, shows: map[string]string{"network_check": "fails", "host_connect_test": "no_connection"}, cures: routers},
		{fault: "net_dns", silent: true, shows: map[string]string{"network_check": "ok", "host_connect_test": "name_lookup_fails"}, cures: routers},
		{fault: "pow_battery_flat", silent: true, cures: slices.Concat(plugs, anySwap)},
		{fault: "host_outage", hangs: true, shows: map[string]string{"host_connect_test": "connects_no_answer", "screen_message": "host_unavailable", "network_check": "ok"}},
		{fault: "host_maintenance", hangs: true, shows: map[string]string{"host_connect_test": "connects_no_answer", "screen_message": "host_unavailable"}},
		{fault: "pow_area_outage", silent: true},
	}
}

// competent says which parties put a fault right when the whole case is handed to them, the depot aside.
func competent(fault string) []string {
	parties := map[string][]string{
		"pow_battery_flat": {"merchant", "field_engineer"}, "net_dns": {"merchant", "field_engineer"},
		"net_router_hung": {"merchant", "field_engineer"}, "net_sim_quota": {"telecom"}, "sw_bad_config_pushed": {"helpdesk_remote"},
		"sec_tamper_impact": {"field_engineer"}, "hw_chip_dead": {"field_engineer"}, "hw_chip_dirty": {"merchant", "field_engineer"},
		"con_paper_out": {"merchant", "field_engineer"}, "acc_merchant_closed": {"acquirer_backoffice"},
		"acc_tid_unregistered": {"acquirer_backoffice"}, "sec_work_key": {"acquirer_backoffice", "field_engineer", "helpdesk_remote"},
		"sw_cert_expired": {"field_engineer", "helpdesk_remote"}, "set_clock": {"field_engineer", "helpdesk_remote"},
		"op_sign_in": {"acquirer_backoffice", "field_engineer", "helpdesk_remote"}, "sw_hang": {"field_engineer", "helpdesk_remote"},
	}
	var steps []string
	for _, party := range parties[fault] {
		steps = append(steps, "handover."+party)
	}
	return steps
}

func TestEveryFaultIsExpected(t *testing.T) {
	t.Parallel()
	loaded, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults() {
		if !slices.ContainsFunc(expectations(), func(b broken) bool { return b.fault == f.id }) {
			t.Errorf("no expectation for %s", f.id)
		}
		if _, ok := loaded.Fault(f.id); !ok {
			t.Errorf("the core pack knows no fault %s", f.id)
		}
	}
	for step := range acts() {
		if _, ok := loaded.Step(step); !ok {
			t.Errorf("the core pack knows no step %s", step)
		}
	}
}

// afflict makes a world with a terminal that sells, and breaks it.
func afflict(t *testing.T, b broken) (*Estate, *Terminal) {
	t.Helper()
	e := begin(t, Config{Terminals: 25, Seed: 3, Server: "127.0.0.1:9", Enrol: func(context.Context, string, string) (string, error) {
		return "CODE", nil
	}})
	f, err := findFault(b.fault)
	if err != nil {
		t.Fatal(err)
	}
	x := e.find(t, func(x *Terminal) bool {
		return (f.can == nil || f.can(x)) && (f.target != oneStreet || !x.model.battery)
	})
	mustSell(t, x)
	if err := e.Inject(b.fault, x.tid); err != nil {
		t.Fatal(err)
	}
	if b.hangs {
		e.world.least = 150 * time.Millisecond // it is waited for in vain often
	}
	if b.fault == "pow_battery_flat" {
		e.world.mu.Lock()
		x.battery = 0.000001 // it has drained
		x.metered = x.metered.Add(-time.Minute)
		x.meter(e.world.now())
		e.world.mu.Unlock()
	}
	return e, x
}

// attempt lets customers try with a chip until one has bought something, and says whether one has.
func attempt(t *testing.T, e *Estate, x *Terminal, customers int) (sold bool) {
	t.Helper()
	for range customers {
		e.world.mu.Lock()
		before := x.sold
		e.world.mu.Unlock()
		_ = x.sell(t.Context(), 500, byChip) // what it answers is the host's and the device's business
		e.world.mu.Lock()
		sold = x.sold > before || x.lastCode == codeFunds && x.screen == showNothing && x.reached == reachOK
		e.world.mu.Unlock()
		if sold {
			return true
		}
	}
	return false
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, b := range expectations() {
		t.Run(b.fault+" stops the sales, is reported honestly and is the truth", func(t *testing.T) {
			t.Parallel()
			e, x := afflict(t, b)
			if got := e.Truth(x.tid); !slices.Equal(got, []string{b.fault}) {
				t.Fatalf("the truth is %v", got)
			}
			if attempt(t, e, x, 2) {
				t.Fatal("it sells")
			}
			e.world.mu.Lock()
			running := x.running(e.world.now())
			e.world.mu.Unlock()
			if running {
				got := shown(x.Status())
				for variable, want := range b.shows {
					if got[variable] != want {
						t.Errorf("%s is %q, want %q", variable, got[variable], want)
					}
				}
			}
			if b.code != "" && x.lastCode != b.code {
				t.Errorf("the host answered %q, want %q", x.lastCode, b.code)
			}
			if _, err := x.Dial(t.Context(), "tcp", e.world.hosts[0].plain); b.silent == (err == nil) {
				t.Errorf("reaching anybody: %v", err)
			}
		})
		t.Run(b.fault+" yields to its remedies and to no other", func(t *testing.T) {
			t.Parallel()
			for _, r := range remedies() {
				// A remedy that is no cure costs the time of a silent host: the cures of these are the host's own.
				if b.fault == "host_outage" || b.fault == "host_maintenance" {
					continue
				}
				e, x := afflict(t, b)
				_ = r.do(t.Context(), e, x) // a remedy that fails is one that does not cure
				settle(t, e, x, b)
				want, customers := slices.Contains(slices.Concat(b.cures, competent(b.fault)), r.name), 1
				if want {
					customers = 20 // one may be cut off by a machine that is busy
				}
				if got := attempt(t, e, x, customers); got != want {
					t.Errorf("after %s it sells: %v, want %v (screen %s, code %s, %s)", r.name, got, want, x.screen, x.lastCode, x.reached)
				}
				if left := e.Truth(x.tid); slices.Contains(left, b.fault) == want {
					t.Errorf("after %s the truth is %v", r.name, left)
				}
			}
		})
	}
}

// settle waits until what the remedy began has come up: a router, a booting device.
func settle(t *testing.T, e *Estate, x *Terminal, b broken) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		e.world.mu.Lock()
		now := e.world.now()
		x.meter(now)
		starting := now.Before(x.bootedAt) || now.Before(x.appBack) || now.Before(x.shop.routerBack)
		e.world.mu.Unlock()
		if !starting {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: it never came up", b.fault)
		}
		if err := wait(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThingsThatPass(t *testing.T) {
	t.Parallel()
	t.Run("a host that comes back sells again and takes back what it left open", func(t *testing.T) {
		t.Parallel()
		e, x := afflict(t, broken{fault: "host_outage"})
		attempt(t, e, x, 1)
		if x.reversal == nil {
			t.Fatal("a sale without an answer left no reversal")
		}
		e.pass(x.tid)
		if !attempt(t, e, x, 20) || x.reversal != nil || len(e.Truth(x.tid)) > 0 {
			t.Fatalf("screen %s, reversal %v, truth %v", x.screen, x.reversal, e.Truth(x.tid))
		}
	})
	t.Run("a street that has power again sells again", func(t *testing.T) {
		t.Parallel()
		e, x := afflict(t, broken{fault: "pow_area_outage"})
		e.pass(x.tid)
		settle(t, e, x, broken{fault: "pow_area_outage"})
		if !attempt(t, e, x, 20) {
			t.Fatalf("screen %s, truth %v", x.screen, e.Truth(x.tid))
		}
	})
	t.Run("in a dark street a battery on the mobile network goes on selling", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 40, Seed: 3})
		x := e.find(t, func(x *Terminal) bool { return x.model.battery && x.link == Cellular })
		mustSell(t, x)
		if err := e.Inject("pow_area_outage", x.shop.street.id); err != nil {
			t.Fatal(err)
		}
		sellOn(t, x)
		if got := e.Truth(x.tid); len(got) > 0 {
			t.Fatalf("the truth is %v", got)
		}
	})
}

func TestInjectRefuses(t *testing.T) {
	t.Parallel()
	e, err := New(Config{Terminals: 40, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	wired := e.find(t, func(x *Terminal) bool { return x.link == Ethernet })
	for name, c := range map[string]struct {
		fault, target string
		want          error
	}{
		"a fault nobody knows":         {"sun_burnt", wired.tid, errFault},
		"a terminal nobody has":        {"sw_hang", "00000000", errTarget},
		"a SIM on a terminal without":  {"net_sim_quota", wired.tid, errUnfit},
		"a host fault on no such host": {"host_outage", "host-9", errTarget},
		"a terminal fault on an area":  {"sw_hang", wired.shop.street.id, errTarget},
		"a flat battery where none is": {"pow_battery_flat", wired.tid, errUnfit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := e.Inject(c.fault, c.target); !errors.Is(err, c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

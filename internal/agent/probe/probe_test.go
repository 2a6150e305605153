package probe_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/agent/probe/probetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	tid, mid = "88888888", "100000000000001"
	name     = "pos.example"
)

// world is a machine in a test: nothing readable below its root, an address on the network, the given target.
func world(t *testing.T, target probe.Target) probe.Env {
	t.Helper()
	env := probe.ThisMachine(target)
	env.Root = t.TempDir()
	env.Interfaces = func() ([]probe.Interface, error) {
		return []probe.Interface{{Name: "eth0", Up: true, Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.7")}}}, nil
	}
	return env
}

func atHost(address string, a *probetest.Authority) probe.Target {
	t := probe.Target{Address: address, TID: tid, MID: mid, Plain: a == nil}
	if a != nil {
		t.Roots = a.Pool()
	}
	return t
}

func year(t *testing.T, a *probetest.Authority) *probetest.Host {
	t.Helper()
	return &probetest.Host{Cert: a.Issue(t, name, time.Now().AddDate(0, -6, 0), time.Now().AddDate(0, 6, 0))}
}

// seen gives the findings without time and source, as variable=state.
func seen(r probe.Report) map[string]string {
	out := map[string]string{}
	for _, f := range r.Findings {
		out[f.Variable] = f.State
	}
	return out
}

func run(t *testing.T, env probe.Env) probe.Report {
	t.Helper()
	return probe.Run(t.Context(), env, probe.Standard(), nil)
}

func want(t *testing.T, r probe.Report, findings map[string]string, states map[string]probe.State) {
	t.Helper()
	got := seen(r)
	for variable, state := range findings {
		if got[variable] != state {
			t.Errorf("%s is %q, want %q", variable, got[variable], state)
		}
	}
	for id, state := range states {
		if x := r.Result(id); x.State != state {
			t.Errorf("%s is %s (%s; %s), want %s", id, x.State, x.Text.EN, x.Detail, state)
		}
	}
	if t.Failed() {
		for _, x := range r.Results {
			t.Logf("%s %s: %s (%s)", x.ID, x.State, x.Text.EN, x.Detail)
		}
		t.Log(got)
	}
}

func TestHost(t *testing.T) {
	t.Parallel()
	a := probetest.NewAuthority(t)
	t.Run("a good host is climbed to the sign-in, and no sale is claimed", func(t *testing.T) {
		t.Parallel()
		host := year(t, a)
		r := run(t, world(t, atHost(host.Start(t), a)))
		want(t, r, map[string]string{"host_connect_test": "ok", "terminal_date": "correct", "sales_possible": ""},
			map[string]probe.State{"tcp": probe.OK, "tls": probe.OK, "echo": probe.OK, "sign_in": probe.OK, "sale": probe.Skipped, "clock": probe.OK})
		if r.SignIn == nil || r.Sale != nil {
			t.Fatalf("proof: %v %v", r.SignIn, r.Sale)
		}
	})
	t.Run("a test sale that was asked for is made, taken back and proves that sales work", func(t *testing.T) {
		t.Parallel()
		host := year(t, a)
		target := atHost(host.Start(t), a)
		target.TestCents = 1
		r := run(t, world(t, target))
		want(t, r, map[string]string{"sales_possible": "all", "sale_result": "approved"}, map[string]probe.State{"sale": probe.OK})
		asked := slices.DeleteFunc(host.Asked(), func(k acquirer.Kind) bool { return k == acquirer.KindEcho }) // comes when it comes
		if r.Sale == nil || !slices.Equal(asked, []acquirer.Kind{acquirer.KindSignIn, acquirer.KindSale, acquirer.KindReversal}) {
			t.Fatalf("asked %v", asked)
		}
	})
	t.Run("a test sale without an answer is taken back too", func(t *testing.T) {
		t.Parallel()
		host := year(t, a)
		host.Code = func(k acquirer.Kind) string {
			if k == acquirer.KindSale {
				return ""
			}
			return "00"
		}
		target := atHost(host.Start(t), a)
		target.TestCents = 1
		r := run(t, world(t, target))
		want(t, r, map[string]string{"sales_possible": "", "sale_result": "no_answer"}, map[string]probe.State{"sale": probe.Failed})
		if !slices.Contains(host.Asked(), acquirer.KindReversal) || r.Sale != nil {
			t.Fatalf("asked %v", host.Asked())
		}
	})
	t.Run("a host that ignores echoes but signs in is well", func(t *testing.T) {
		t.Parallel()
		host := year(t, a)
		host.Code = func(k acquirer.Kind) string {
			if k == acquirer.KindEcho {
				return ""
			}
			return "00"
		}
		want(t, run(t, world(t, atHost(host.Start(t), a))), map[string]string{"host_connect_test": "ok"},
			map[string]probe.State{"echo": probe.Unknown, "sign_in": probe.OK})
	})
	for code, findings := range map[string]map[string]string{
		"97": {"response_code": "97", "response_code_set": "unionpay", "key_status": "", "host_connect_test": "ok"},
		"A0": {"response_code": "A0", "response_code_set": "unionpay", "key_status": "mismatch", "host_connect_test": "ok"},
	} {
		t.Run("a sign-in refused with "+code+" gives the code and what it means", func(t *testing.T) {
			t.Parallel()
			host := year(t, a)
			host.Code = func(acquirer.Kind) string { return code }
			r := run(t, world(t, atHost(host.Start(t), a)))
			want(t, r, findings, map[string]probe.State{"echo": probe.OK, "sign_in": probe.Failed})
			if r.SignIn != nil {
				t.Fatal("a refusal is no proof")
			}
		})
	}
	broken := map[string]struct {
		target   func(*testing.T) probe.Target
		findings map[string]string
		states   map[string]probe.State
	}{
		"a host that refuses": {func(t *testing.T) probe.Target { return atHost(probetest.Refusing(t), a) },
			map[string]string{"host_connect_test": "no_connection"}, map[string]probe.State{"tcp": probe.Failed, "tls": probe.Skipped, "sign_in": probe.Skipped}},
		"a host that resets during TLS": {func(t *testing.T) probe.Target { return atHost(probetest.Resetting(t), a) },
			map[string]string{"host_connect_test": "secure_handshake_fails"}, map[string]probe.State{"tcp": probe.OK, "tls": probe.Failed}},
		"a host that hangs before TLS": {func(t *testing.T) probe.Target { return atHost(probetest.Hanging(t), a) },
			map[string]string{"host_connect_test": "connects_no_answer"}, map[string]probe.State{"tcp": probe.OK, "tls": probe.Failed}},
		"a host that hangs after connecting": {func(t *testing.T) probe.Target { return atHost(probetest.Hanging(t), nil) },
			map[string]string{"host_connect_test": "connects_no_answer"}, map[string]probe.State{"tcp": probe.OK, "tls": probe.Skipped, "sign_in": probe.Failed}},
		"a host that does not speak TLS": {func(t *testing.T) probe.Target { return atHost(new(probetest.Host).Start(t), a) },
			map[string]string{"host_connect_test": "secure_handshake_fails"}, map[string]probe.State{"tls": probe.Failed}},
	}
	for what, b := range broken {
		t.Run(what+" breaks its rung and skips those above", func(t *testing.T) {
			t.Parallel()
			want(t, run(t, world(t, b.target(t))), b.findings, b.states)
		})
	}
	t.Run("a port that swallows everything is blocked if others answer, and no connection if nobody does", func(t *testing.T) {
		t.Parallel()
		address := probetest.Swallowing(t)
		alone := atHost(address, a)
		want(t, run(t, world(t, alone)), map[string]string{"host_connect_test": "no_connection"}, map[string]probe.State{"tcp": probe.Failed})
		alone.NTP = probetest.TimeServer(t, 0)
		want(t, run(t, world(t, alone)), map[string]string{"host_connect_test": "port_blocked"}, map[string]probe.State{"tcp": probe.Failed})
	})
}

func TestCertificateAndClock(t *testing.T) {
	t.Parallel()
	a, stranger := probetest.NewAuthority(t), probetest.NewAuthority(t)
	now, day := time.Now(), 24*time.Hour
	for what, c := range map[string]struct {
		host     *probetest.Host
		ntp      time.Duration // what the time server adds to our clock
		noServer bool
		findings map[string]string
	}{
		"expired, and the clock is right": {&probetest.Host{Cert: a.Issue(t, name, now.Add(-100*day), now.Add(-day))}, 0, false,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "expired", "terminal_date": "correct"}},
		"good by the right time, but our clock is ahead": {&probetest.Host{Cert: a.Issue(t, name, now.Add(-100*day), now.Add(-day))}, -5 * day, false,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "valid", "terminal_date": "wrong"}},
		"good by the right time, but our clock is behind": {&probetest.Host{Cert: a.Issue(t, name, now.Add(day), now.Add(100*day))}, 5 * day, false,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "valid", "terminal_date": "wrong"}},
		"expired, and the clock is wrong as well": {&probetest.Host{Cert: a.Issue(t, name, now.Add(-100*day), now.Add(-50*day))}, 2 * time.Hour, false,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "expired", "terminal_date": "wrong", "clock_setting": "other_time_zone"}},
		"from the future, and no time server": {&probetest.Host{Cert: a.Issue(t, name, now.Add(day), now.Add(100*day))}, 0, true,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "", "terminal_date": "wrong"}},
		"for another host": {&probetest.Host{Cert: a.Issue(t, "", now.Add(-day), now.Add(day))}, 0, false,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "", "terminal_date": "correct"}},
		"signed by a stranger": {&probetest.Host{Cert: stranger.Issue(t, name, now.Add(-day), now.Add(day))}, 0, false,
			map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "", "terminal_date": "correct"}},
	} {
		t.Run("a certificate "+what, func(t *testing.T) {
			t.Parallel()
			target := atHost(c.host.Start(t), a)
			if !c.noServer {
				target.NTP = probetest.TimeServer(t, c.ntp)
			}
			want(t, run(t, world(t, target)), c.findings, map[string]probe.State{"tcp": probe.OK, "tls": probe.Failed, "sign_in": probe.Skipped})
			if n := len(c.host.Asked()); n != 0 {
				t.Errorf("%d messages were sent to a host nobody vouches for", n)
			}
		})
	}
	t.Run("a clock that time server and host call wrong is wrong, and findings are dated by the right time", func(t *testing.T) {
		t.Parallel()
		off := 90 * time.Minute
		host := year(t, a)
		host.Clock = func() time.Time { return time.Now().Add(off) }
		target := atHost(host.Start(t), a)
		target.NTP = probetest.TimeServer(t, off)
		r := run(t, world(t, target))
		want(t, r, map[string]string{"terminal_date": "wrong", "host_connect_test": "ok"}, map[string]probe.State{"clock": probe.Failed, "sign_in": probe.OK})
		if d := time.Until(r.Findings[0].At) - off; d.Abs() > time.Minute {
			t.Fatalf("dated %v off", d)
		}
	})
	t.Run("a clock that the host alone calls wrong is wrong", func(t *testing.T) {
		t.Parallel()
		host := year(t, a)
		host.Clock = func() time.Time { return time.Now().Add(-26 * time.Hour) }
		want(t, run(t, world(t, atHost(host.Start(t), a))), map[string]string{"terminal_date": "wrong"}, map[string]probe.State{"clock": probe.Failed})
	})
	t.Run("a time server that the host contradicts is not believed", func(t *testing.T) {
		t.Parallel()
		target := atHost(year(t, a).Start(t), a)
		target.NTP = probetest.TimeServer(t, 7*time.Hour)
		want(t, run(t, world(t, target)), map[string]string{"terminal_date": ""}, map[string]probe.State{"clock": probe.Unknown})
	})
	t.Run("a time server that is silent says nothing about the clock", func(t *testing.T) {
		t.Parallel()
		target := probe.Target{NTP: probetest.Silent(t)}
		want(t, run(t, world(t, target)), map[string]string{"terminal_date": ""}, map[string]probe.State{"clock": probe.Unknown})
	})
}

func TestName(t *testing.T) {
	t.Parallel()
	a := probetest.NewAuthority(t)
	named := func(t *testing.T, h *probetest.Host) (probe.Target, string) {
		t.Helper()
		address := h.Start(t)
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		return atHost(net.JoinHostPort(name, port), a), address
	}
	// moved stands for a network in which 203.0.113.x leads to the hosts of the test.
	moved := func(env probe.Env, to string) probe.Env {
		env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if network == "tcp" && strings.HasPrefix(address, "203.0.113.") {
				address = to
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return env
	}
	t.Run("a name that is found leads to the host", func(t *testing.T) {
		t.Parallel()
		target, address := named(t, year(t, a))
		env := moved(world(t, target), address)
		env.Resolver = probe.NameServer(probetest.NameServer(t, "203.0.113.9"))
		want(t, run(t, env), map[string]string{"host_connect_test": "ok", "network_check": "ok"}, map[string]probe.State{"dns": probe.OK, "sign_in": probe.OK})
	})
	for what, server := range map[string]func(*testing.T) string{
		"does not know the name": func(t *testing.T) string { return probetest.NameServer(t) },
		"is silent":              probetest.Silent,
		"gives loopback":         func(t *testing.T) string { return probetest.NameServer(t, "127.0.0.1") },
		"gives 0.0.0.0":          func(t *testing.T) string { return probetest.NameServer(t, "0.0.0.0") },
	} {
		t.Run("a name server that "+what+" breaks the name rung", func(t *testing.T) {
			t.Parallel()
			target, _ := named(t, year(t, a))
			env := world(t, target)
			env.Resolver = probe.NameServer(server(t))
			want(t, run(t, env), map[string]string{"host_connect_test": "name_lookup_fails"}, map[string]probe.State{"dns": probe.Failed, "tcp": probe.Skipped})
		})
	}
	t.Run("a private address against a public one is a lie", func(t *testing.T) {
		t.Parallel()
		target, _ := named(t, year(t, a))
		env := world(t, target)
		env.Resolver, env.Second = probe.NameServer(probetest.NameServer(t, "192.168.1.1")), probe.NameServer(probetest.NameServer(t, "203.0.113.9"))
		want(t, run(t, env), map[string]string{"host_connect_test": "name_lookup_fails"}, map[string]probe.State{"dns": probe.Failed})
	})
	t.Run("a different address with a foreign certificate is a lie", func(t *testing.T) {
		t.Parallel()
		foreign := &probetest.Host{Cert: a.Issue(t, "", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))}
		target, address := named(t, foreign)
		env := moved(world(t, target), address)
		env.Resolver, env.Second = probe.NameServer(probetest.NameServer(t, "203.0.113.66")), probe.NameServer(probetest.NameServer(t, "203.0.113.9"))
		want(t, run(t, env), map[string]string{"host_connect_test": "name_lookup_fails"}, map[string]probe.State{"dns": probe.Failed, "tls": probe.Failed})
	})
	t.Run("a different address with the right certificate is another door of the host", func(t *testing.T) {
		t.Parallel()
		target, address := named(t, year(t, a))
		env := moved(world(t, target), address)
		env.Resolver, env.Second = probe.NameServer(probetest.NameServer(t, "203.0.113.66")), probe.NameServer(probetest.NameServer(t, "203.0.113.9"))
		want(t, run(t, env), map[string]string{"host_connect_test": "ok"}, map[string]probe.State{"dns": probe.Unknown, "sign_in": probe.OK})
	})
}

func TestPortal(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		answer  http.HandlerFunc
		finding string
		state   probe.State
	}{
		"204 with nothing":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "none", probe.OK},
		"a redirect":          {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://login.invalid/", 302) }, "present", probe.Failed},
		"a page of its own":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>welcome") }, "present", probe.Failed},
		"511":                 {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(511) }, "present", probe.Failed},
		"an error of its own": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "", probe.Unknown},
	} {
		t.Run("the page answers "+what, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.answer)
			defer server.Close()
			want(t, run(t, world(t, probe.Target{PortalURL: server.URL})), map[string]string{"captive_portal": c.finding}, map[string]probe.State{"portal": c.state})
		})
	}
}

func TestEverythingFails(t *testing.T) {
	t.Parallel()
	env := probe.Env{
		Target: probe.Target{Address: name + ":1", TID: tid, MID: mid, NTP: "x:1", PortalURL: "http://x/"}, Root: "/nonexistent", Now: time.Now,
		Dial:       func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") },
		Resolver:   probe.NameServer("127.0.0.1:0"),
		Interfaces: func() ([]probe.Interface, error) { panic("a driver gone mad") },
		DiskFree:   func(context.Context, string) (uint64, uint64, error) { return 0, 0, errors.New("no") },
	}
	ended := map[string]int{}
	r := probe.Run(t.Context(), env, probe.Standard(), func(e probe.Event) {
		if e.State != "" {
			ended[e.ID]++
		}
	})
	if len(r.Results) != len(probe.Standard()) || len(ended) != len(r.Results) {
		t.Fatalf("%d results, %d told", len(r.Results), len(ended))
	}
	for _, x := range r.Results {
		if x.State == probe.OK || x.Text.ZH == "" || x.Text.EN == "" || ended[x.ID] != 1 {
			t.Errorf("%+v", x)
		}
	}
	if diff := cmp.Diff(map[string]string{"host_connect_test": "name_lookup_fails"}, seen(r)); diff != "" {
		t.Error(diff)
	}
}

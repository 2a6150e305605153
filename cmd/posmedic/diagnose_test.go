package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/agent/checkup"
	"github.com/posmedic/posmedic/internal/agent/probe/probetest"
)

// patience is how long an unattended run may take.
const patience = 15 * time.Second

// executable is the path of the binary under test.
func executable(t *testing.T) string {
	t.Helper()
	path, err := binary.build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// outcome is what a run of the program left.
type outcome struct {
	code        int
	out, errOut string
}

// start runs a program with nothing in its environment but what the test gives.
func start(t *testing.T, stdin string, env []string, name string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %v\n%s%s", args, errors.Join(err, ctx.Err()), out.String(), errOut.String())
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func runDiagnose(t *testing.T, args ...string) outcome {
	t.Helper()
	return start(t, "", nil, executable(t), append([]string{"diagnose"}, args...)...)
}

// read reads the one JSON object of a run with --json.
func (o outcome) read(t *testing.T) (checkup.Report, map[string]string) {
	t.Helper()
	var r checkup.Report
	decoder := json.NewDecoder(strings.NewReader(o.out))
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		t.Fatalf("not one JSON object: %v\n%s%s", err, o.out, o.errOut)
	}
	seen := map[string]string{}
	for _, f := range r.Diagnosis.Evidence {
		seen[f.Variable] = f.State
	}
	return r, seen
}

func TestDiagnoseBrokenWorlds(t *testing.T) {
	t.Parallel()
	a, stranger := probetest.NewAuthority(t), probetest.NewAuthority(t)
	now, day := time.Now(), 24*time.Hour
	good := func(t *testing.T) *probetest.Host {
		t.Helper()
		return &probetest.Host{Cert: a.Issue(t, "pos.example", now.Add(-day), now.Add(day))}
	}
	const ids = "--tid=88888888 --mid=100000000000001"
	for what, c := range map[string]struct {
		args func(t *testing.T) string
		code int
		seen map[string]string
	}{
		"a good host": {func(t *testing.T) string {
			return "--host=" + good(t).Start(t) + " --ntp=" + probetest.TimeServer(t, 0)
		}, 0,
			map[string]string{"host_connect_test": "ok", "terminal_date": "correct"}},
		"a good host with a test sale": {func(t *testing.T) string { return "--test-sale=1 --host=tls://" + good(t).Start(t) }, 0,
			map[string]string{"sales_possible": "all"}},
		"a good host without TLS": {func(t *testing.T) string { return "--host=tcp://" + new(probetest.Host).Start(t) }, 0,
			map[string]string{"host_connect_test": "ok"}},
		"an expired certificate": {func(t *testing.T) string {
			host := probetest.Host{Cert: a.Issue(t, "pos.example", now.Add(-9*day), now.Add(-day))}
			return "--host=" + host.Start(t) + " --ntp=" + probetest.TimeServer(t, 0)
		}, 1, map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "expired", "terminal_date": "correct"}},
		"a good certificate and a wrong clock": {func(t *testing.T) string {
			host := probetest.Host{Cert: a.Issue(t, "pos.example", now.Add(-9*day), now.Add(-day))}
			return "--host=" + host.Start(t) + " --ntp=" + probetest.TimeServer(t, -50*time.Hour)
		}, 1, map[string]string{"host_connect_test": "secure_handshake_fails", "certificate_status": "valid", "terminal_date": "wrong"}},
		"a certificate for another name": {func(t *testing.T) string { return "--server-name=other.example --host=" + good(t).Start(t) }, 1,
			map[string]string{"host_connect_test": "secure_handshake_fails"}},
		"a certificate of a stranger": {func(t *testing.T) string {
			host := probetest.Host{Cert: stranger.Issue(t, "pos.example", now.Add(-day), now.Add(day))}
			return "--host=" + host.Start(t)
		}, 1, map[string]string{"host_connect_test": "secure_handshake_fails"}},
		"a host that refuses": {func(t *testing.T) string { return "--host=" + probetest.Refusing(t) }, 1, map[string]string{"host_connect_test": "no_connection"}},
		"a host that resets": {func(t *testing.T) string { return "--host=" + probetest.Resetting(t) }, 1,
			map[string]string{"host_connect_test": "secure_handshake_fails"}},
		"a port that is blocked": {func(t *testing.T) string {
			return "--host=" + probetest.Swallowing(t) + " --ntp=" + probetest.TimeServer(t, 0)
		}, 1,
			map[string]string{"host_connect_test": "port_blocked"}},
		"everything hanging": {func(t *testing.T) string {
			return "--host=tcp://" + probetest.Hanging(t) + " --ntp=" + probetest.Silent(t) + " --portal=http://" + probetest.Hanging(t)
		}, 1, map[string]string{"host_connect_test": "connects_no_answer"}},
		"a terminal that is not registered": {func(t *testing.T) string {
			host := good(t)
			host.Code = func(acquirer.Kind) string { return "97" }
			return "--host=" + host.Start(t)
		}, 1, map[string]string{"response_code": "97", "response_code_set": "unionpay"}},
		"keys that do not match": {func(t *testing.T) string {
			host := good(t)
			host.Code = func(acquirer.Kind) string { return "A0" }
			return "--host=" + host.Start(t)
		}, 1, map[string]string{"response_code": "A0", "key_status": "mismatch"}},
		"a login page in between": {func(t *testing.T) string {
			server := httptest.NewServer(http.RedirectHandler("http://login.invalid/", http.StatusFound))
			t.Cleanup(server.Close)
			return "--portal=" + server.URL
		}, 1, map[string]string{"captive_portal": "present"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--json", "--ask=never", "--ca=" + a.File(t), "--state=" + t.TempDir()}, strings.Fields(ids+" "+c.args(t))...)
			o := runDiagnose(t, args...)
			_, seen := o.read(t)
			if o.code != c.code {
				t.Errorf("exit %d, want %d\n%s", o.code, c.code, o.errOut)
			}
			for variable, state := range c.seen {
				if seen[variable] != state {
					t.Errorf("%s is %q, want %q\n%s", variable, seen[variable], state, o.errOut)
				}
			}
		})
	}
}

func TestDiagnoseNames(t *testing.T) {
	t.Parallel()
	for what, server := range map[string]func(*testing.T) string{
		"does not know the host": func(t *testing.T) string { return probetest.NameServer(t) },
		"lies":                   func(t *testing.T) string { return probetest.NameServer(t, "127.0.0.1") },
		"is silent":              probetest.Silent,
	} {
		t.Run("a name server that "+what, func(t *testing.T) {
			t.Parallel()
			o := runDiagnose(t, "--json", "--ask=never", "--state="+t.TempDir(), "--host=pos.example:443", "--dns="+server(t))
			r, seen := o.read(t)
			for _, p := range r.Probes {
				if p.ID == "link" && p.State != "ok" {
					t.Skipf("this machine has no network, so that names are not looked at: %s", p.Text.EN)
				}
			}
			if o.code != 1 || seen["host_connect_test"] != "name_lookup_fails" {
				t.Errorf("exit %d, %v\n%s", o.code, seen, o.errOut)
			}
		})
	}
}

// inNamespace runs the program in a network of its own, in which eth0 is a cable whose other end nobody holds.
func inNamespace(t *testing.T, script string, args ...string) outcome {
	t.Helper()
	const cable = "ip link add eth0 type veth peer name other; ip link set other up"
	if out, err := exec.Command("unshare", "-rn", "sh", "-c", cable).CombinedOutput(); err != nil {
		t.Skipf("this machine allows no network namespaces with cables: %v %s", err, out)
	}
	full := append([]string{"-rn", "sh", "-ec", cable + "; " + script + "\n" + `exec "$0" diagnose --json --ask=never "$@"`, executable(t)}, args...)
	return start(t, "", []string{"HOME=" + t.TempDir()}, "unshare", full...)
}

func TestDiagnoseWithoutNetwork(t *testing.T) {
	t.Parallel()
	const (
		address = "ip addr add 192.168.7.7/24 dev eth0; ip link set eth0 up; "
		router  = "ip route add default via 192.168.7.1; "
		present = "ip neigh add 192.168.7.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent; " // on the wire, and swallows everything
	)
	for what, c := range map[string]struct {
		script string
		seen   map[string]string
	}{
		"no network at all":              {":", map[string]string{"ip_address": "none", "network_check": "fails", "host_connect_test": ""}},
		"an address and no way":          {address, map[string]string{"ip_address": "normal", "network_check": "fails", "host_connect_test": ""}},
		"an address it made up":          {"ip addr add 169.254.7.7/16 dev eth0; ip link set eth0 up", map[string]string{"ip_address": "wrong_range", "network_check": "fails"}},
		"a router that is not there":     {address + router, map[string]string{"ip_address": "normal", "network_check": "fails", "host_connect_test": "no_connection"}},
		"a router that swallows":         {address + router + present, map[string]string{"ip_address": "normal", "link_type": "ethernet", "host_connect_test": "no_connection"}},
		"a firewall that says no itself": {address + router + present + "ip route add prohibit 203.0.113.9", map[string]string{"ip_address": "normal", "host_connect_test": "port_blocked"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := inNamespace(t, c.script, "--host=203.0.113.9:5000", "--tid=88888888", "--mid=100000000000001")
			r, seen := o.read(t)
			if o.code != 1 || r.Money.Can != checkup.No {
				t.Errorf("exit %d, money %s\n%s", o.code, r.Money.Can, o.errOut)
			}
			for variable, state := range c.seen {
				if seen[variable] != state {
					t.Errorf("%s is %q, want %q\n%s", variable, seen[variable], state, o.errOut)
				}
			}
		})
	}
}

func TestDiagnoseUsage(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--host=x"}, {"--host=ftp://x:1"}, {"--host=:1"}, {"--tid=1"}, {"--tid=1", "--mid=1"}, {"--test-sale=5"}, {"--lang=fr"}, {"--ask=maybe"}, {"--nonsense"},
		{"--ca=/nonexistent"}, {"--ca=" + empty}, {"--case=/nonexistent"}, {"--case=" + empty}, {"--pack=/nonexistent"}, {"--portal=ftp://x"}, {"--ntp=a/b"},
		{"--dns=1", "--dns=2", "--dns=3"}, {"surplus"},
	} {
		t.Run(strings.Join(args, " ")+" is wrong usage: one sentence, a hint and nothing else", func(t *testing.T) {
			t.Parallel()
			o := runDiagnose(t, args...)
			if o.code != 2 || o.out != "" || strings.Count(o.errOut, "\n") != 2 || !strings.HasPrefix(o.errOut, "posmedic: ") {
				t.Errorf("exit %d\n%s%s", o.code, o.out, o.errOut)
			}
		})
	}
}

func TestDiagnoseCase(t *testing.T) {
	t.Parallel()
	const outage = `{"id":"x","evidence":{"main_symptom":"sales_fail","terminal_scope":"everybody","status_page":"outage_reported","host_connect_test":"no_connection"}}`
	t.Run("a coded case from standard input is diagnosed without looking at this machine", func(t *testing.T) {
		t.Parallel()
		o := start(t, outage+"\n{}\n", nil, executable(t), "diagnose", "--case=-", "--json")
		r, seen := o.read(t)
		if o.code != 1 || len(r.Probes) != 0 || seen["terminal_scope"] != "everybody" || r.Diagnosis.Ranked[0].Group != "acquirer_host" {
			t.Fatalf("exit %d, %+v", o.code, r.Diagnosis.Ranked)
		}
	})
	t.Run("the locale chooses the language and --lang wins over it", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			env  []string
			lang string
			want string
		}{
			{[]string{"LANG=zh_CN.UTF-8"}, "", "能不能收款"}, {[]string{"LANG=zh_CN.UTF-8", "LC_ALL=C"}, "", "Can it take money"},
			{nil, "", "Can it take money"}, {nil, "--lang=zh", "能不能收款"}, {[]string{"LC_ALL=zh_TW.UTF-8"}, "--lang=en", "Can it take money"},
		} {
			args := []string{"diagnose", "--case=-"}
			if c.lang != "" {
				args = append(args, c.lang)
			}
			if o := start(t, outage, c.env, executable(t), args...); !strings.HasPrefix(o.out, c.want) {
				t.Errorf("%v %s: %s%s", c.env, c.lang, o.out, o.errOut)
			}
		}
	})
	t.Run("what the merchant says is evidence, and a card number in it is never shown", func(t *testing.T) {
		t.Parallel()
		const card = "6250947000000014"
		o := start(t, `{"report":"屏幕显示97，卡号`+card+`","evidence":{}}`, nil, executable(t), "diagnose", "--case=-", "--json", "--say=card "+card+" does not work, 97")
		if _, seen := o.read(t); seen["response_code"] != "97" || strings.Contains(o.out+o.errOut, card) {
			t.Fatalf("%v\n%s%s", seen, o.out, o.errOut)
		}
	})
	t.Run("nothing to go by is not a fault", func(t *testing.T) {
		t.Parallel()
		if o := start(t, `{"evidence":{"country":"CN"}}`, nil, executable(t), "diagnose", "--case=-", "--json"); o.code != 3 {
			t.Fatalf("exit %d\n%s%s", o.code, o.out, o.errOut)
		}
	})
	t.Run("the person is asked when he is there", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "case.json")
		if err := os.WriteFile(path, []byte(`{"evidence":{"main_symptom":"no_connection"}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		o := start(t, "0\n0\nq\n", []string{"LANG=zh_CN.UTF-8"}, executable(t), "diagnose", "--case="+path, "--ask=always")
		if strings.Count(o.errOut, "不知道") != 3 || !strings.HasPrefix(o.out, "能不能收款") {
			t.Fatalf("exit %d\n%s%s", o.code, o.out, o.errOut)
		}
	})
}

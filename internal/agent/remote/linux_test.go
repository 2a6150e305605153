//go:build linux

package remote

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/posmedic/posmedic/wire"
)

func refused(t *testing.T, err error) {
	t.Helper()
	var no *Refusal
	if !errors.As(err, &no) || no.Reason == "" {
		t.Fatalf("not refused: %v", err)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// runChild keeps an app running until the end of the test.
func runChild(t *testing.T, pidFile string, command ...string) *Child {
	t.Helper()
	c := NewChild(command, pidFile, slog.New(slog.DiscardHandler))
	c.patience = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if p := c.Now(t.Context()); p.running() {
			t.Errorf("process %d was left behind", p.PID)
		}
	})
	return c
}

func TestNothingIsConfigured(t *testing.T) {
	t.Parallel()
	for _, name := range []string{RestartApp, SignIn, Logs, RestoreConfig, SendUnsent, Probes} {
		t.Run(name+" is refused with a reason", func(t *testing.T) {
			t.Parallel()
			_, err := Carry(t.Context(), &Linux{}, wire.Command{Name: name}, time.Now)
			refused(t, err)
		})
	}
}

func TestChild(t *testing.T) {
	t.Parallel()
	sleep := func(t *testing.T) (*Child, string) {
		pidFile := filepath.Join(t.TempDir(), "app.pid")
		c := runChild(t, pidFile, "sleep", "1000")
		until(t, "the app", func() bool { return c.Now(t.Context()).running() })
		return c, pidFile
	}
	t.Run("a restart is proven by another process", func(t *testing.T) {
		t.Parallel()
		c, _ := sleep(t)
		r, err := (&Linux{App: c}).RestartApp(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before, _ := strconv.Atoi(r.Proof["app_pid_before"])
		after, _ := strconv.Atoi(r.Proof["app_pid_after"])
		if before == 0 || after == 0 || before == after || startOf(before) != "" || startOf(after) != r.Proof["app_start_after"] {
			t.Fatalf("got %v", r.Proof)
		}
	})
	t.Run("an app that ends by itself is started again", func(t *testing.T) {
		t.Parallel()
		c, _ := sleep(t)
		first := c.Now(t.Context())
		if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		until(t, "another process", func() bool { now := c.Now(t.Context()); return now.running() && now != first })
	})
	t.Run("an app that does not heed the polite signal is stopped all the same", func(t *testing.T) {
		t.Parallel()
		ready := filepath.Join(t.TempDir(), "ready")
		c := runChild(t, filepath.Join(t.TempDir(), "app.pid"), "sh", "-c", "trap '' TERM; touch "+ready+"; while :; do sleep 1000; done")
		until(t, "the app", func() bool { _, err := os.Stat(ready); return err == nil })
		before, after, err := c.Restart(t.Context())
		if err != nil || before.running() || !after.running() {
			t.Fatalf("%v %v %v", before, after, err)
		}
	})
	t.Run("an app that ends at once is no success", func(t *testing.T) {
		t.Parallel()
		mark := filepath.Join(t.TempDir(), "broken")
		c := runChild(t, filepath.Join(t.TempDir(), "app.pid"), "sh", "-c", "[ -e "+mark+" ] && exit 1; exec sleep 1000")
		until(t, "the app", func() bool { return c.Now(t.Context()).running() })
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (&Linux{App: c}).RestartApp(t.Context()); err == nil {
			t.Fatal("it was called a success")
		}
	})
	t.Run("the app of an agent that was killed does not run beside the new one", func(t *testing.T) {
		t.Parallel()
		left := exec.Command("sleep", "1000")
		left.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := left.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- left.Wait() }()
		pidFile := filepath.Join(t.TempDir(), "app.pid")
		line := strconv.Itoa(left.Process.Pid) + " " + startOf(left.Process.Pid)
		if err := os.WriteFile(pidFile, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		c := runChild(t, pidFile, "sleep", "1000")
		until(t, "the new app", func() bool { return c.Now(t.Context()).running() })
		if err := <-ended; err == nil {
			t.Fatal("the old one ended by itself")
		}
	})
	t.Run("a stranger with the same process id is left alone", func(t *testing.T) {
		t.Parallel()
		pidFile := filepath.Join(t.TempDir(), "app.pid")
		if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+" 1"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := runChild(t, pidFile, "sleep", "1000")
		until(t, "the new app", func() bool { return c.Now(t.Context()).running() }) // and this test still lives
	})
}

func TestUnit(t *testing.T) {
	t.Parallel()
	t.Run("without systemd a restart is refused", func(t *testing.T) {
		t.Parallel()
		_, err := (&Linux{App: Unit{Name: "pay.service", Run: missing}}).RestartApp(t.Context())
		refused(t, err)
	})
	t.Run("a unit that keeps its process has not been restarted", func(t *testing.T) {
		t.Parallel()
		same := func(_ context.Context, _ string, args ...string) (string, error) {
			if args[0] == "show" {
				return strconv.Itoa(os.Getpid()) + "\n", nil
			}
			return "", nil
		}
		r, err := (&Linux{App: Unit{Name: "pay.service", Run: same}}).RestartApp(t.Context())
		if err == nil || r.Proof["app_pid_after"] != strconv.Itoa(os.Getpid()) {
			t.Fatalf("%v %v", r, err)
		}
	})
}

func missing(context.Context, string, ...string) (string, error) {
	return "", &exec.Error{Name: "systemctl", Err: exec.ErrNotFound}
}

func TestSetClock(t *testing.T) {
	t.Parallel()
	ahead := func() time.Time { return time.Now().Add(3 * time.Hour) } // so ours is three hours behind
	t.Run("a right clock is left alone", func(t *testing.T) {
		t.Parallel()
		l := &Linux{Settime: func(time.Time) error { t.Error("it was set"); return nil }}
		if r, err := l.SetClock(t.Context(), time.Now); err != nil || r.Proof["clock_offset_ms_before"] == "" {
			t.Fatalf("%v %v", r, err)
		}
	})
	t.Run("a wrong clock is set to the right time, and the offset is told", func(t *testing.T) {
		t.Parallel()
		var set time.Time
		l := &Linux{Settime: func(to time.Time) error { set = to; return nil }}
		r, err := l.SetClock(t.Context(), ahead)
		offset, _ := strconv.Atoi(r.Proof["clock_offset_ms_before"])
		if err != nil || time.Until(set).Round(time.Minute) != 3*time.Hour || offset > -3*3600_000+60_000 || r.Proof["time_source"] != "gateway" {
			t.Fatalf("%v %v %v", set, r, err)
		}
	})
	t.Run("without the right to, it is refused and the offset is still told", func(t *testing.T) {
		t.Parallel()
		l := &Linux{Settime: func(time.Time) error { return syscall.EPERM }}
		r, err := l.SetClock(t.Context(), ahead)
		refused(t, err)
		if r.Proof["clock_offset_ms_before"] == "" {
			t.Fatalf("got %v", r)
		}
	})
	t.Run("a time server is asked first, the gateway when it does not answer", func(t *testing.T) {
		t.Parallel()
		l := &Linux{Settime: func(time.Time) error { return nil }, TrueTime: func(context.Context) (time.Time, error) { return time.Now(), nil }}
		r, err := l.SetClock(t.Context(), ahead)
		if err != nil || r.Proof["time_source"] != "ntp" {
			t.Fatalf("%v %v", r, err)
		}
		l.TrueTime = func(context.Context) (time.Time, error) { return time.Time{}, errors.New("silence") }
		r, err = l.SetClock(t.Context(), ahead)
		if err != nil || r.Proof["time_source"] != "gateway" {
			t.Fatalf("%v %v", r, err)
		}
	})
	t.Run("when nobody knows the time, it is refused", func(t *testing.T) {
		t.Parallel()
		_, err := (&Linux{}).SetClock(t.Context(), func() time.Time { return time.Time{} })
		refused(t, err)
	})
}

func TestRenewAddress(t *testing.T) {
	t.Parallel()
	t.Run("the first program that is here is used", func(t *testing.T) {
		t.Parallel()
		l := &Linux{Interface: "lo", Run: func(_ context.Context, name string, args ...string) (string, error) {
			if name != "dhclient" {
				return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
			}
			if args[len(args)-1] != "lo" {
				t.Errorf("got %q", args)
			}
			return "", nil
		}}
		r, err := l.RenewAddress(t.Context())
		if err != nil || r.Proof["tool"] != "dhclient" || !strings.Contains(r.Proof["addresses_after"], "127.0.0.1") {
			t.Fatalf("%v %v", r, err)
		}
	})
	t.Run("with none of them it is refused", func(t *testing.T) {
		t.Parallel()
		_, err := (&Linux{Interface: "lo", Run: missing}).RenewAddress(t.Context())
		refused(t, err)
	})
	t.Run("a program that fails is a failure, not a refusal", func(t *testing.T) {
		t.Parallel()
		l := &Linux{Interface: "lo", Run: func(context.Context, string, ...string) (string, error) { return "", errors.New("no lease") }}
		_, err := l.RenewAddress(t.Context())
		var no *Refusal
		if err == nil || errors.As(err, &no) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("the interface of the default route is found, and no other", func(t *testing.T) {
		t.Parallel()
		routes := filepath.Join(t.TempDir(), "route")
		table := "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nvpn0\t00000000\t0\t0\t0\t0\t0\t80000000\nwlan0\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000\n"
		if err := os.WriteFile(routes, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := defaultInterface(routes); got != "wlan0" {
			t.Fatalf("got %q", got)
		}
		if got := defaultInterface(routes + ".missing"); got != "" {
			t.Fatalf("got %q", got)
		}
	})
}

func TestFetchLogs(t *testing.T) {
	t.Parallel()
	pan := "4111" + strings.Repeat("1", 12)
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.log": "old " + pan + "\n" + strings.Repeat("filler line\n", 50) + "sale " + pan + " refused\n", "b.log": "\xff\xfe binary\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := &Linux{LogFiles: []string{filepath.Join(dir, "*.log"), filepath.Join(dir, "missing")}}
	t.Run("the ends of the files come, without card numbers", func(t *testing.T) {
		t.Parallel()
		r, err := l.FetchLogs(t.Context(), FetchLogs{})
		if err != nil || strings.Contains(r.Logs, pan) || !strings.Contains(r.Logs, "refused") || !strings.Contains(r.Logs, "binary") || r.Proof["masked"] != "2" {
			t.Fatalf("%v %v", r, err)
		}
	})
	t.Run("no cut shows half a card number", func(t *testing.T) {
		t.Parallel()
		for size := 40; size < 140; size++ {
			r, err := l.FetchLogs(t.Context(), FetchLogs{Bytes: size})
			if err != nil || strings.Contains(r.Logs, strings.Repeat("1", 8)) || len(r.Logs) > size+100 {
				t.Fatalf("%d: %v %v", size, r, err)
			}
		}
	})
}

func TestRestoreConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "pay.conf")
	l := &Linux{Config: []string{config}, GoodCopy: filepath.Join(dir, "good")}
	write := func(content string) {
		if err := os.WriteFile(config, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write("host=right")
	_, err := l.RestoreConfig(t.Context())
	refused(t, err) // no good copy yet
	if err := l.KeepConfig(); err != nil {
		t.Fatal(err)
	}
	write("host=wrong")
	r, err := l.RestoreConfig(t.Context())
	got, readErr := os.ReadFile(config)
	info, statErr := os.Stat(config)
	if err := errors.Join(err, readErr, statErr); err != nil || string(got) != "host=right" || info.Mode() != 0o640 {
		t.Fatalf("%q %v", got, err)
	}
	if r.Proof["sha256_before_1"] == r.Proof["sha256_after_1"] || len(r.Proof["sha256_after_1"]) != 64 {
		t.Fatalf("got %v", r.Proof)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Fatalf("something was left behind: %v %v", files, err)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	host := func(code string, err error) *Linux {
		return &Linux{Host: func(context.Context) (wire.HostAnswer, error) {
			return wire.HostAnswer{MTI: "0800", Kind: "sign_in", Code: code, STAN: "000007", MS: 80}, err
		}}
	}
	t.Run("the host's yes is the proof", func(t *testing.T) {
		t.Parallel()
		r, err := host("00", nil).SignIn(t.Context())
		if err != nil || r.Proof["response_code"] != "00" || r.Proof["stan"] != "000007" || len(r.Host) != 1 {
			t.Fatalf("%v %v", r, err)
		}
	})
	t.Run("the host's no is a failure with its code", func(t *testing.T) {
		t.Parallel()
		if r, err := host("97", nil).SignIn(t.Context()); err == nil || r.Proof["response_code"] != "97" {
			t.Fatalf("%v %v", r, err)
		}
	})
	t.Run("no answer is a failure", func(t *testing.T) {
		t.Parallel()
		if _, err := host("", errors.New("timeout")).SignIn(t.Context()); err == nil {
			t.Fatal("got none")
		}
	})
}

//go:build linux

package daemon_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/agent/daemon"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// host is an acquirer's host on loopback that answers everything with a code.
func host(t *testing.T, code string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- acquirer.Serve(ctx, l, func(_ context.Context, request *acquirer.Message) (*acquirer.Message, error) {
			return acquirer.Reply(request, code, time.Now()), nil
		}, acquirer.Limits{})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// run runs an agent of this machine until the end of the test.
func run(t *testing.T, rooms *doortest.Rooms, flags daemon.Flags) {
	t.Helper()
	door := doortest.Start(t, rooms, agentdoor.Config{ReportEvery: 50 * time.Millisecond, DeviceBurst: 10_000})
	rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
	flags.Server, flags.Enrol = door.Address, wire.FormatEnrolment("CODE", door.Fingerprint)
	flags.Every, flags.Ladder = 50*time.Millisecond, time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(ctx, flags, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func carry(t *testing.T, rooms *doortest.Rooms, name, args string) wire.Progress {
	t.Helper()
	rooms.Order("t1", wire.Command{ID: "c-" + name, Name: name, Args: []byte(args), Expires: time.Now().Add(time.Minute)})
	var end wire.Progress
	rooms.Until(t, "the end of "+name, func() (ok bool) { end, ok = rooms.Ended("t1", "c-"+name); return ok })
	return end
}

func TestThisMachine(t *testing.T) {
	t.Parallel()
	t.Run("it signs in at the host, keeps the configuration that worked, restores it, probes, and hands out its logs", func(t *testing.T) {
		t.Parallel()
		rooms, dir := doortest.NewRooms(), t.TempDir()
		config, logs := filepath.Join(dir, "pay.conf"), filepath.Join(dir, "pay.log")
		write := func(name, content string) {
			t.Helper()
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(config, "right")
		write(logs, "sale with card "+"4111"+strings.Repeat("1", 12)+" refused\n")
		run(t, rooms, daemon.Flags{Data: filepath.Join(dir, "data"), Host: host(t, "00"), HostPlain: true, TID: "10000001", MID: "898310148160568",
			Keep: []string{config}, Log: []string{logs}, AppVersion: "7.1"})
		if p := carry(t, rooms, "sign_in", ""); p.State != "done" || p.Proof["response_code"] != "00" {
			t.Fatalf("got %+v", p)
		}
		write(config, "wrong")
		if p := carry(t, rooms, "restore_config", ""); p.State != "done" {
			t.Fatalf("got %+v", p)
		}
		if got, err := os.ReadFile(config); err != nil || string(got) != "right" {
			t.Fatalf("%q %v", got, err)
		}
		if p := carry(t, rooms, "run_probes", `{"probes":["echo"]}`); p.State != "done" || !strings.HasPrefix(p.Proof["probe_echo"], "ok") {
			t.Fatalf("got %+v", p)
		}
		if p := carry(t, rooms, "fetch_logs", ""); !strings.Contains(p.Logs, "refused") || strings.Contains(p.Logs, strings.Repeat("1", 12)) {
			t.Fatalf("got %+v", p)
		}
		rooms.Until(t, "the host's answer in a report", func() bool {
			for _, r := range rooms.Reports("t1") {
				for _, h := range r.Host {
					if h.Kind == "sign_in" && h.Code == "00" && h.MTI == "0800" {
						return true
					}
				}
			}
			return false
		})
	})
	t.Run("the host's no is told with its code", func(t *testing.T) {
		t.Parallel()
		rooms := doortest.NewRooms()
		run(t, rooms, daemon.Flags{Data: t.TempDir(), Host: host(t, "97"), HostPlain: true, TID: "10000001", MID: "898310148160568"})
		if p := carry(t, rooms, "sign_in", ""); p.State != "failed" || p.Proof["response_code"] != "97" {
			t.Fatalf("got %+v", p)
		}
	})
	t.Run("what it was not told how to do is refused", func(t *testing.T) {
		t.Parallel()
		rooms := doortest.NewRooms()
		run(t, rooms, daemon.Flags{Data: t.TempDir()})
		for _, name := range []string{"restart_app", "sign_in", "fetch_logs", "restore_config", "send_unsent"} {
			if p := carry(t, rooms, name, ""); p.State != "refused" || p.Text == "" {
				t.Fatalf("%s: %+v", name, p)
			}
		}
		if p := carry(t, rooms, "run_probes", `{"probes":["x-ray"]}`); p.State != "refused" {
			t.Fatalf("got %+v", p)
		}
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string]daemon.Flags{
		"a pattern that is none stops the start":     {Log: []string{"["}, Every: 1, Ladder: 1},
		"no pace stops the start":                    {Ladder: 1},
		"a data directory in a file stops the start": {Data: "/dev/null/x", Every: 1, Ladder: 1},
		"a server without a port stops the start":    {Server: "x", Every: 1, Ladder: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if flags.Data == "" {
				flags.Data = t.TempDir()
			}
			if err := daemon.Run(t.Context(), flags, slog.New(slog.DiscardHandler)); problem.Of(err).Kind != problem.Config {
				t.Fatalf("got %v", err)
			}
		})
	}
}

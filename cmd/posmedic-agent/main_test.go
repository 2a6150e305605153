package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/wire"
)

// TestSmall keeps the server out of the program that terminals get.
func TestSmall(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/posmedic/posmedic/"
	banned := []string{"github.com/nats-io/", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/danielgtaylor/huma",
		module + "internal/console", module + "internal/platform", module + "internal/gateway", module + "internal/app",
		module + "internal/loop/observe", module + "internal/loop/repair", module + "internal/loop/verify", module + "internal/loop/learn"}
	for dep := range strings.Lines(string(out)) {
		for _, no := range banned {
			if strings.HasPrefix(dep, no) {
				t.Errorf("the agent contains %s", strings.TrimSpace(dep))
			}
		}
	}
}

// TestBuilds compiles for terminals of other kinds than the one at hand.
func TestBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library for other machines")
	}
	t.Parallel()
	for _, arch := range []string{"arm", "arm64"} {
		t.Run("without cgo for "+arch, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "agent")
			build := exec.CommandContext(t.Context(), "go", "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", program, ".")
			build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			info, err := os.Stat(program)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > 20<<20 {
				t.Fatalf("%d bytes are too many for a terminal", info.Size())
			}
		})
	}
}

// start runs the program to its end.
func start(t *testing.T, language lang.Lang, args ...string) (code int, errs string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err, language)
	return code, err.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("wrong usage is 2 and says which", func(t *testing.T) {
		t.Parallel()
		if code, errs := start(t, lang.EN); code != 2 || !strings.Contains(errs, "--server") {
			t.Fatalf("%d %s", code, errs)
		}
		if code, errs := start(t, lang.EN, "--server=x:1", "--app-unit=a", "--app-command=b"); code != 2 {
			t.Fatalf("%d %s", code, errs)
		}
	})
	t.Run("help is 0", func(t *testing.T) {
		t.Parallel()
		if code, errs := start(t, lang.EN, "--help"); code != 0 || errs != "" {
			t.Fatalf("%d %s", code, errs)
		}
	})
	t.Run("a terminal that is not enrolled is told how, in its language", func(t *testing.T) {
		t.Parallel()
		code, errs := start(t, lang.ZH, "--server=127.0.0.1:1", "--data="+t.TempDir())
		if code != 2 || !strings.Contains(errs, "接入码") {
			t.Fatalf("%d %s", code, errs)
		}
	})
	t.Run("an agent enrols, reports what this machine says of itself, and restarts its payment app on command", func(t *testing.T) {
		t.Parallel()
		rooms := doortest.NewRooms()
		door := doortest.Start(t, rooms, agentdoor.Config{})
		rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
		data := t.TempDir()
		args := []string{"--server=" + door.Address, "--enrol=" + wire.FormatEnrolment("CODE", door.Fingerprint), "--data=" + data, "--app-command=sleep 1000"}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ended := make(chan int, 1)
		var out, errs bytes.Buffer
		go func() { ended <- run(ctx, args, &out, &errs, lang.EN) }()
		rooms.Until(t, "a report", func() bool { return len(rooms.Reports("t1")) > 0 })
		names := map[string]bool{}
		for _, r := range rooms.Reports("t1")[0].Readings {
			names[r.Name] = true
		}
		if !names["uptime_s"] || !names["disk_free_bytes"] {
			t.Errorf("got %v", names)
		}
		if code, second := start(t, lang.EN, args...); code != 2 || !strings.Contains(second, "already runs") {
			t.Errorf("a second agent: %d %s", code, second)
		}
		rooms.Order("t1", wire.Command{ID: "c1", Name: "restart_app", Expires: time.Now().Add(time.Minute)})
		var end wire.Progress
		rooms.Until(t, "the restart", func() (ok bool) { end, ok = rooms.Ended("t1", "c1"); return ok })
		if end.State != "done" || end.Proof["app_pid_after"] == "" || end.Proof["app_pid_after"] == end.Proof["app_pid_before"] {
			t.Errorf("got %+v", end)
		}
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("%d %s", code, errs.String())
		}
		if info, err := os.Stat(filepath.Join(data, "device.key")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info, err)
		}
	})
}

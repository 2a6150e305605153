package app_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	agents "github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/queue"
	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/agent/store"
	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/wire"
)

// settings are those of a server that stands alone in a folder.
func settings(dir string) app.Config {
	cfg := app.DefaultConfig()
	cfg.Dir, cfg.Listen, cfg.Agents = dir, "127.0.0.1:0", "127.0.0.1:0"
	cfg.Pace.Sweep, cfg.Pace.Incident = 20*time.Millisecond, time.Hour
	return cfg
}

func newApp(t *testing.T, cfg app.Config) *app.App {
	t.Helper()
	a, err := app.New(cfg, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func started(t *testing.T, cfg app.Config) *app.App {
	t.Helper()
	a := newApp(t, cfg)
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

// leakless wants that what f starts has ended when it returns. It must run in a test that does not run beside others.
func leakless(t *testing.T, f func()) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	f()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// These two look at all goroutines of the process, so they run alone, before the parallel ones.

func TestStopLeavesNothingBehind(t *testing.T) {
	cfg := settings(t.TempDir())
	leakless(t, func() {
		a := started(t, cfg)
		client := &http.Client{}
		response, err := client.Get(a.URL() + "/api/v1/session")
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%d (%v)", response.StatusCode, err)
		}
		client.CloseIdleConnections()
		begun := time.Now()
		for range 2 { // the second has nothing to do
			if err := a.Stop(); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, err := client.Get(a.URL()); err == nil {
			t.Error("the door is still open")
		}
	})
	again := started(t, cfg) // the folder is free
	if err := again.Stop(); err != nil {
		t.Error(err)
	}
}

func TestAStartThatFailsHalfwayClosesEverything(t *testing.T) {
	taken := loopback(t)
	defer func() { _ = taken.Close() }()
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*app.Config){
		"the people's port is taken":      func(c *app.Config) { c.Listen = taken.Addr().String() },
		"the agents' port is taken":       func(c *app.Config) { c.Agents = taken.Addr().String() },
		"the database cannot be opened":   func(c *app.Config) { c.Store = file + "/posmedic.db" },
		"the events have no folder":       func(c *app.Config) { _ = os.WriteFile(c.Dir+"/events", nil, 0o600) },
		"the agents' identity is damaged": func(c *app.Config) { damage(t, c.Dir) },
	} {
		t.Run(name, func(t *testing.T) {
			free, err := bench.FreeAddress()
			if err != nil {
				t.Fatal(err)
			}
			cfg := settings(t.TempDir())
			cfg.Listen = free
			good := cfg
			spoil(&cfg)
			leakless(t, func() {
				err := newApp(t, cfg).Start(t.Context())
				if err == nil {
					t.Fatal("it has started")
				}
				if problem.Of(err).Text.Empty() {
					t.Errorf("nobody can read %v", err)
				}
			})
			if cfg.Dir != good.Dir || name == "the events have no folder" || name == "the agents' identity is damaged" {
				return // the folder itself is spoilt
			}
			a := started(t, good) // port and folder are free
			if err := a.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// damage makes every key that a first start has left unreadable.
func damage(t *testing.T, dir string) {
	t.Helper()
	a := started(t, settings(dir))
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && (len(name) > 4 && (name[len(name)-4:] == ".pem" || name[len(name)-4:] == ".key")) {
			if err := os.WriteFile(dir+"/"+name, []byte("torn"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTwoAppsKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()
	one, other := newTown(t), newTown(t)
	one.setUp(t)
	one.terminal(t, "10000001")
	if other.app.SetupURL() == "" {
		t.Error("the other has an administrator already")
	}
	if status, answer := one.send(t, one.browser, http.MethodGet, "/api/v1/terminals", "", nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if status, _ := other.call(t, http.MethodGet, "/api/v1/terminals", nil); status != http.StatusUnauthorized {
		t.Errorf("the other's door: %d", status)
	}
	if _, err := other.keys.Fleet.ByTID(t.Context(), app.DefaultConfig().Acquirer, "10000001"); err == nil {
		t.Error("the other knows the terminal")
	}
	if err := other.app.Stop(); err != nil {
		t.Fatal(err)
	}
	if status, _ := one.call(t, http.MethodGet, "/api/v1/terminals", nil); status != http.StatusOK {
		t.Errorf("the end of the one ended the other: %d", status)
	}
}

func TestARestartKeepsCasesAndSessions(t *testing.T) {
	t.Parallel()
	free, err := bench.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	cfg := settings(t.TempDir())
	cfg.Listen = free // a cookie belongs to an address
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{dir: cfg.Dir, said: &record{}, browser: &http.Client{Jar: jar, Transport: &http.Transport{}}}
	t.Cleanup(w.browser.CloseIdleConnections)
	w.app = started(t, cfg)
	w.keys = w.app.Keys()
	w.setUp(t)
	registered, _, _ := w.terminal(t, "10000001")
	caseID := w.openCase(t, registered.ID, "收款应用卡死了，屏幕一直不动")
	before, err := w.keys.Cases.Get(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.Stop(); err != nil {
		t.Fatal(err)
	}

	w.app = started(t, cfg)
	w.keys = w.app.Keys()
	t.Cleanup(func() {
		if err := w.app.Stop(); err != nil {
			t.Error(err)
		}
	})
	if w.app.SetupURL() != "" {
		t.Error("anybody may become administrator again")
	}
	var view struct {
		Live struct {
			ID       string
			Revision int64
		}
	}
	w.ask(t, http.MethodGet, "/api/v1/terminals/"+registered.ID, nil, &view)
	if view.Live.ID != caseID || view.Live.Revision < before.Revision {
		t.Errorf("the case is %+v, was %s %d", view.Live, caseID, before.Revision)
	}
	if status, _ := w.send(t, stranger(t), http.MethodGet, "/api/v1/terminals", "", nil); status != http.StatusUnauthorized {
		t.Errorf("a stranger: %d", status)
	}
}

func TestASecondStartOfTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	cfg := settings(t.TempDir())
	first := started(t, cfg)
	second := newApp(t, cfg)
	if err := second.Start(t.Context()); problem.Of(err).Kind != problem.Config {
		t.Errorf("got %v", err)
	}
	if err := first.Stop(); err != nil {
		t.Error(err)
	}
}

// obedient is a device that can be told to restart its application, and nothing else.
type obedient struct {
	remote.Terminal
	restarted chan struct{}
}

func (o obedient) RestartApp(context.Context) (remote.Result, error) {
	select {
	case o.restarted <- struct{}{}:
	default: // told once more
	}
	return remote.Result{Text: "restarted", Proof: map[string]string{"pid": "1 → 2"}}, nil
}

func (o obedient) SignIn(context.Context) (remote.Result, error) {
	return remote.Result{Proof: map[string]string{"code": "00"}}, nil
}

func (o obedient) RunProbes(context.Context, remote.RunProbes) (remote.Result, error) {
	return remote.Result{}, errors.New("there is nothing to probe with")
}

// TestARealAgentDoesWhatItIsTold lets the agent that runs on terminals come in through the real door.
func TestARealAgentDoesWhatItIsTold(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	registered, code, fingerprint := w.terminal(t, "10000001")
	device := obedient{restarted: make(chan struct{}, 1)}
	runner, err := agents.New(agents.Config{
		Server: w.app.Agents(), Enrolment: wire.FormatEnrolment(code, fingerprint), Serial: "SN1", Model: "A920", App: "3.1",
		ReportEvery: 100 * time.Millisecond, RetryMin: 10 * time.Millisecond,
	}, agents.Deps{
		Store: &store.Memory{}, Queue: queue.InMemory(queue.Limits{Bytes: 1 << 20}), Terminal: device,
		Status: func(context.Context) agents.Status {
			return agents.Status{Unsent: 2, Findings: []finding.Finding{{Variable: "app_state", State: "runs", Source: finding.TMS}}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	until(t, "a report", func() bool {
		e, err := w.keys.Stages.Observe.Evidence(t.Context(), registered.ID, "unionpay")
		if err != nil {
			t.Fatal(err)
		}
		return finding.Collect(e.Findings...).Is("app_state", "runs") && e.State.Unsent == 2
	})
	listed, err := w.keys.Fleet.Get(t.Context(), registered.ID)
	if err != nil || listed.Device == nil || listed.Device.Serial != "SN1" || listed.Shares()["app_version"] != "3.1" {
		t.Errorf("the register says %+v (%v)", listed, err)
	}

	caseID := w.openCase(t, registered.ID, "收款应用卡死了，屏幕一直不动")
	path := "/api/v1/cases/" + caseID + "/steps"
	until(t, "the restart", func() bool {
		if status, answer := w.call(t, http.MethodPost, path, map[string]string{"step": "restart_app"}); status != http.StatusOK && status != http.StatusConflict {
			t.Fatalf("%d %s", status, answer)
		}
		select {
		case <-device.restarted:
			return true
		case <-time.After(20 * time.Millisecond):
			return false
		}
	})
	until(t, "its proof", func() bool {
		list, err := w.keys.Attempts.OfCase(t.Context(), caseID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if a.Step == "restart_app" && a.State == repair.Done {
				return a.Proof["pid"] == "1 → 2" && a.Text == "restarted"
			}
		}
		return false
	})
	until(t, "a case that waits for its sale", func() bool {
		c, err := w.keys.Cases.Get(t.Context(), caseID)
		if err != nil {
			t.Fatal(err)
		}
		return c.State == "verifying"
	})
}

package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/wire"
)

// town is a whole posmedic in this process, with an administrator at the console. What it logs and what its doors
// answer is written down.
type town struct {
	app     *app.App
	keys    app.Keys
	dir     string
	browser *http.Client
	said    *record // logs, and every answer of every door
	agents  int     // so many devices were made; each has an address of its own, for the door counts failures by address
}

// record collects what many goroutines write.
type record struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.Write(p)
}

func (r *record) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.all.Bytes())
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{dir: t.TempDir(), said: &record{}}
	cfg := app.DefaultConfig()
	cfg.Dir, cfg.Listen, cfg.Agents = w.dir, "127.0.0.1:0", "127.0.0.1:0"
	cfg.Pace.Sweep, cfg.Pace.Incident = 20*time.Millisecond, time.Hour
	var err error
	w.app, err = app.New(cfg, "test", slog.New(slog.NewTextHandler(w.said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.app.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.keys = w.app.Keys()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.browser = &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(w.browser.CloseIdleConnections)
	return w
}

const (
	adminName     = "ada"
	adminPassword = "a long enough password"
)

// setUp makes the administrator with the one-time link.
func (w *town) setUp(t *testing.T) {
	t.Helper()
	_, token, _ := strings.Cut(w.app.SetupURL(), "#token=")
	body := map[string]string{"token": token, "name": adminName, "password": adminPassword}
	if status, answer := w.call(t, http.MethodPost, "/api/v1/setup", body); status != http.StatusOK {
		t.Fatalf("set-up: %d %s", status, answer)
	}
}

// call speaks to the people's door as the console's pages do.
func (w *town) call(t *testing.T, method, path string, body any) (int, []byte) {
	t.Helper()
	return w.send(t, w.browser, method, path, "", body)
}

// send sends raw bytes as they are and anything else as JSON.
func (w *town) send(t *testing.T, client *http.Client, method, path, bearer string, body any) (int, []byte) {
	t.Helper()
	raw, isRaw := body.([]byte)
	if body != nil && !isRaw {
		raw = marshal(t, body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, w.app.URL()+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Posmedic", "1")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w.said, "%s: %v %s\n", request.Method, response.Header, answer)
	return response.StatusCode, answer
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// terminal registers a terminal and gives the code that brings a device in.
func (w *town) terminal(t *testing.T, tid string) (registered fleet.Terminal, code, fingerprint string) {
	t.Helper()
	ctx, register := t.Context(), w.keys.Fleet
	merchant, err := register.PutMerchant(ctx, fleet.Merchant{Name: "M " + tid})
	if err != nil {
		t.Fatal(err)
	}
	site, err := register.PutSite(ctx, fleet.Site{Merchant: merchant.ID, Name: "S " + tid, Area: "north"})
	if err != nil {
		t.Fatal(err)
	}
	registered, err = register.PutTerminal(ctx, fleet.Terminal{
		Acquirer: app.DefaultConfig().Acquirer, TID: tid, MID: "898000000000001", Merchant: merchant.ID, Site: site.ID,
	})
	if err != nil {
		t.Fatal(err)
	}
	bare, _, err := register.NewEnrolment(ctx, registered.ID, adminName)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := w.keys.Enrolment(bare)
	if code, fingerprint, err = wire.ParseEnrolment(text); err != nil {
		t.Fatal(err)
	}
	return registered, code, fingerprint
}

// agent is a device at the agents' door.
type agent struct {
	*bench.Device
	town     *town
	terminal string
	device   string
}

// newcomer is a device that nobody knows yet.
func (w *town) newcomer(t *testing.T, fingerprint string) *agent {
	t.Helper()
	w.agents++
	d, err := bench.NewDevice(w.app.Agents(), fingerprint, bench.Scattered(w.agents))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &agent{Device: d, town: w}
}

func (w *town) agent(t *testing.T, tid string) *agent {
	t.Helper()
	_, code, fingerprint := w.terminal(t, tid)
	a := w.newcomer(t, fingerprint)
	who, err := a.Enrol(t.Context(), code, "SN-"+tid)
	if err != nil {
		t.Fatal(err)
	}
	a.terminal, a.device = who.Terminal, who.Device
	return a
}

// post sends anything and gives the status, 200 when it was taken; the answer is written down.
func (a *agent) post(t *testing.T, path string, message any) (status int, answer json.RawMessage) {
	t.Helper()
	var into any = &answer
	if path == "/v1/progress" {
		into = nil // 204
	}
	err := a.Post(t.Context(), path, message, into)
	var no *bench.Refused
	switch {
	case errors.As(err, &no):
		answer, status = marshal(t, no.Problem), no.Status
	case err != nil:
		t.Fatalf("%s: %v", path, err)
	default:
		status = http.StatusOK
	}
	fmt.Fprintf(a.town.said, "agent: %s\n", answer)
	return status, answer
}

// report posts one report and wants it taken.
func (a *agent) report(t *testing.T, r wire.Report) wire.Receipt {
	t.Helper()
	status, answer := a.post(t, "/v1/reports", wire.Batch{Version: wire.Version, SentAt: time.Now(), Reports: []wire.Report{r}})
	var receipt wire.Receipt
	if err := json.Unmarshal(answer, &receipt); status != http.StatusOK || err != nil {
		t.Fatalf("%d %s", status, answer)
	}
	return receipt
}

// openCase has a person say that the terminal's app hangs, and waits for the diagnosis.
func (w *town) openCase(t *testing.T, terminal, words string) (id string) {
	t.Helper()
	if status, answer := w.call(t, http.MethodPost, "/api/v1/terminals/"+terminal+"/report", map[string]string{"text": words}); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	until(t, "a diagnosed case", func() bool {
		c, open, err := w.keys.Cases.OpenOf(t.Context(), terminal)
		if err != nil {
			t.Fatal(err)
		}
		id = c.ID
		return open && len(c.Diagnosis) > 0
	})
	return id
}

// order has a person give a remote step until the agent is told: the diagnosis may think again meanwhile.
func (w *town) order(t *testing.T, a *agent, caseID, step string) (command wire.Command) {
	t.Helper()
	seq := uint64(0)
	until(t, "the agent to be told to "+step, func() bool {
		path := "/api/v1/cases/" + caseID + "/steps"
		if status, answer := w.call(t, http.MethodPost, path, map[string]string{"step": step}); status != http.StatusOK && status != http.StatusConflict {
			t.Fatalf("%d %s", status, answer)
		}
		seq++
		for _, c := range a.report(t, bench.StatusReport("orders", seq, time.Now())).Commands {
			if c.Name == step {
				command = c
			}
		}
		return command.ID != ""
	})
	return command
}

package app_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// TestAgentsAreStrangers lets one agent try to read what another is told and to speak for it, through the whole app.
func TestAgentsAreStrangers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	victim, other := w.agent(t, "10000001"), w.agent(t, "10000002")
	victim.report(t, bench.StatusReport("first", 1, time.Now()))
	caseID := w.openCase(t, victim.terminal, "收款应用卡死了，屏幕一直不动")
	live := listen(t, other)
	command := w.order(t, victim, caseID, "restart_app")

	t.Run("a command is told to its own terminal only", func(t *testing.T) {
		for _, c := range other.report(t, bench.StatusReport("first", 1, time.Now())).Commands {
			t.Errorf("the other agent was told %+v", c)
		}
		// A ping comes back behind whatever was sent before it.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := live.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		if heard := live.heard(); len(heard) > 0 {
			t.Errorf("the other agent heard %s", heard)
		}
	})
	t.Run("the end of another's command is not believed", func(t *testing.T) {
		for _, state := range []string{"running", "done", "failed"} {
			status, _ := other.post(t, "/v1/progress", wire.Progress{ID: command.ID, State: state, At: time.Now(), Text: "forged"})
			if status != http.StatusForbidden && status != http.StatusNotFound {
				t.Errorf("%s: status %d", state, status)
			}
		}
		a, err := w.keys.Attempts.Get(t.Context(), command.ID)
		if err != nil || a.State != "queued" && a.State != "running" || a.Text != "" {
			t.Errorf("%v: the attempt is %+v", err, a)
		}
	})
	t.Run("a report that names another terminal stays the sender's own", func(t *testing.T) {
		forged := map[string]any{"version": wire.Version, "sent_at": time.Now(), "terminal": victim.terminal, "device": victim.device, "reports": []any{
			map[string]any{"boot": "forged", "seq": 1, "at": time.Now(), "terminal": victim.terminal, "device": victim.device,
				"findings": []finding.Finding{{Variable: "tamper_flag", State: "set", At: time.Now(), Source: finding.TMS}}},
		}}
		if status, answer := other.post(t, "/v1/reports", forged); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		states := func(terminal string) string {
			e, err := w.keys.Stages.Observe.Evidence(t.Context(), terminal, "unionpay")
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range e.Findings {
				if f.Variable == "tamper_flag" {
					return f.State
				}
			}
			return ""
		}
		if got := states(victim.terminal); got != "clear" {
			t.Errorf("the victim's tamper flag is %q", got)
		}
		if got := states(other.terminal); got != "set" {
			t.Errorf("the sender's tamper flag is %q", got)
		}
	})
	t.Run("a used code brings nobody else in", func(t *testing.T) {
		_, code, fingerprint := w.terminal(t, "10000003")
		first, second := w.newcomer(t, fingerprint), w.newcomer(t, fingerprint)
		if _, err := first.Enrol(t.Context(), code, "SN3"); err != nil {
			t.Fatal(err)
		}
		var no *bench.Refused
		if _, err := second.Enrol(t.Context(), code, "SN3"); !errors.As(err, &no) || no.Code != "fleet.enrolment_code" {
			t.Errorf("got %v", err)
		}
		for path, message := range map[string]any{
			"/v1/reports":  wire.Batch{Version: wire.Version, SentAt: time.Now(), Reports: []wire.Report{bench.StatusReport("x", 1, time.Now())}},
			"/v1/progress": wire.Progress{ID: command.ID, State: "done", At: time.Now()},
		} {
			if status, answer := second.post(t, path, message); status != http.StatusUnauthorized {
				t.Errorf("%s: an unknown key got %d %s", path, status, answer)
			}
		}
	})
	t.Run("a revoked key says nothing any more", func(t *testing.T) {
		gone := w.agent(t, "10000004")
		if err := w.keys.Fleet.Revoke(t.Context(), gone.device); err != nil {
			t.Fatal(err)
		}
		status, _ := gone.post(t, "/v1/reports", wire.Batch{Version: wire.Version, SentAt: time.Now(), Reports: []wire.Report{bench.StatusReport("x", 1, time.Now())}})
		if status != http.StatusForbidden {
			t.Errorf("status %d", status)
		}
	})
	t.Run("the people's door gives an agent nothing", func(t *testing.T) {
		nobody := &http.Client{}
		defer nobody.CloseIdleConnections()
		for _, path := range []string{"/api/v1/terminals", "/api/v1/terminals/" + victim.terminal, "/api/v1/cases/" + caseID, "/api/v1/live", "/api/v1/incidents"} {
			if status, answer := w.send(t, nobody, http.MethodGet, path, "", nil); status != http.StatusUnauthorized || bytes.Contains(answer, []byte(victim.terminal)) {
				t.Errorf("%s: %d %s", path, status, answer)
			}
		}
		if status, answer := other.post(t, "/v1/terminals", nil); status != http.StatusNotFound {
			t.Errorf("the agents' door: %d %s", status, answer)
		}
	})
	t.Run("its own agent may end the command", func(t *testing.T) {
		if status, answer := victim.post(t, "/v1/progress", wire.Progress{ID: command.ID, State: "done", At: time.Now()}); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		if a, err := w.keys.Attempts.Get(t.Context(), command.ID); err != nil || a.State != "done" {
			t.Errorf("%v: the attempt is %+v", err, a)
		}
	})
}

// ear is a live connection that writes down what it hears.
type ear struct {
	*websocket.Conn
	words *record
}

func (e ear) heard() []byte { return e.words.bytes() }

func listen(t *testing.T, a *agent) ear {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.TLS()}}
	t.Cleanup(client.CloseIdleConnections)
	conn, _, err := websocket.Dial(t.Context(), "https://"+a.town.app.Agents()+"/v1/live", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	e := ear{conn, &record{}}
	go func() {
		for {
			_, raw, err := conn.Read(context.WithoutCancel(t.Context()))
			if err != nil {
				return
			}
			_, _ = e.words.Write(raw)
		}
	}()
	return e
}

package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/problem"
)

func TestTrouble(t *testing.T) {
	t.Parallel()
	t.Run("faults strike terminals that can have them, one each, in the shares of their rates", func(t *testing.T) {
		t.Parallel()
		e, err := New(Config{Terminals: 400, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range e.world.terminals {
			x.session, x.keyed = true, true
			x.host.terminals[x.tid].given = []key{x.working}
		}
		trouble := newTrouble(e, map[string]float64{"con_paper_out": 60, "net_sim_quota": 20, "unknown_here": 1000, "sw_hang": 0})
		for range 100 {
			trouble.strike()
		}
		count := e.Count()
		paper, quota := count.Faults["con_paper_out"], count.Faults["net_sim_quota"]
		if len(count.Faults) != 2 || paper+quota != 100 || paper < 60 || quota < 10 {
			t.Fatalf("%v", count.Faults)
		}
		for _, r := range e.Register() {
			if got := e.Truth(r.TID); len(got) > 1 || (slices.Contains(got, "net_sim_quota") && r.Link != Cellular) {
				t.Fatalf("%s over %s has %v", r.TID, r.Link, got)
			}
		}
	})
	t.Run("without rates nothing happens by itself", func(t *testing.T) {
		t.Parallel()
		e, err := New(Config{Terminals: 10})
		if err != nil {
			t.Fatal(err)
		}
		newTrouble(e, nil).next()
		if len(e.agenda.list) > 0 {
			t.Fatal("something is on the agenda")
		}
	})
	t.Run("a fault injected somewhere strikes a terminal that worked", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 10})
		for _, x := range e.world.terminals {
			mustSell(t, x)
		}
		tid, err := e.InjectSomewhere("sw_hang")
		if err != nil || !slices.Equal(e.Truth(tid), []string{"sw_hang"}) {
			t.Fatalf("%s %v %v", tid, e.Truth(tid), err)
		}
		other, err := e.InjectSomewhere("sw_hang")
		if err != nil || other == tid {
			t.Fatalf("%s again: %v", other, err)
		}
	})
}

func TestCodes(t *testing.T) {
	t.Parallel()
	fingerprint := strings.Repeat("0a", 32)
	t.Run("a code is given once, to its own terminal", func(t *testing.T) {
		t.Parallel()
		codes, err := ReadCodes(strings.NewReader("# made today\n\n31000001 ABCD@" + fingerprint + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if code, err := codes.Enrol(t.Context(), "31000001", "SN"); err != nil || code != "ABCD@"+fingerprint {
			t.Fatalf("%q %v", code, err)
		}
		for _, tid := range []string{"31000001", "31000002"} {
			if _, err := codes.Enrol(t.Context(), tid, "SN"); problem.Of(err).Kind != problem.NotFound {
				t.Fatalf("%s: %v", tid, err)
			}
		}
	})
	for name, text := range map[string]string{"a line with one word": "31000001", "a code without a fingerprint": "\n31000001 ABCD"} {
		t.Run(name+" is refused by its number", func(t *testing.T) {
			t.Parallel()
			_, err := ReadCodes(strings.NewReader(text))
			if p := problem.Of(err); !errors.Is(err, errCodes) || !strings.Contains(p.Hint.EN, "line ") {
				t.Fatalf("%v", err)
			}
		})
	}
}

func TestOperator(t *testing.T) {
	t.Parallel()
	console := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie("session")
		switch {
		case r.Method == http.MethodPost && r.Header.Get("X-Posmedic") == "":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/api/v1/session":
			var login struct{ Name, Password string }
			if json.NewDecoder(r.Body).Decode(&login) != nil || login.Password != "right" {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte(`{"code":"access.login","title":"wrong","text":{"zh":"不对","en":"wrong"}}`))
				return
			}
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s", Path: "/"})
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/api/v1/terminals":
			_, _ = w.Write([]byte(`{"rows":[{"id":"term_9","tid":"310000019"},{"id":"term_1","tid":"31000001"}]}`))
		case r.URL.Path == "/api/v1/terminals/term_1/enrolment":
			_, _ = w.Write([]byte(`{"code":"CODE@print"}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(console.Close)
	if _, err := SignInOperator(t.Context(), console.URL, "wang", "wrong"); problem.Of(err).Code != "access.login" {
		t.Fatalf("a wrong password: %v", err)
	}
	o, err := SignInOperator(t.Context(), console.URL+"/", "wang", "right")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if code, err := o.Enrol(t.Context(), "31000001", "SN"); err != nil || code != "CODE@print" {
		t.Fatalf("%q %v", code, err)
	}
	if _, err := o.Enrol(t.Context(), "31000002", "SN"); problem.Of(err).Code != "sim.not_registered" {
		t.Fatalf("an unregistered terminal: %v", err)
	}
}

func TestACrowdCostsNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	e, err := New(Config{Terminals: 3000, Speed: 60, AlwaysOpen: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for most := 0; e.Count().Sold < 3000; {
		most = max(most, runtime.NumGoroutine()-before)
		if most > 3*agendaWidth {
			t.Errorf("%d goroutines for 3000 terminals without agents", most)
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("only %d sales", e.Count().Sold)
			break
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := e.Wait(); err != nil {
		t.Fatal(err)
	}
}

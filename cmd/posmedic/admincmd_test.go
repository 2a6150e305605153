package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/wire"
)

// hall is a server of one's own: the real binary, started with nothing but a folder and free ports.
type hall struct {
	dir, console, agents string
	stop                 func()
}

func openHall(t *testing.T, dir string) *hall {
	t.Helper()
	path, err := binary.build()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, path, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &hall{dir: dir}
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		_ = cmd.Wait() // it was interrupted
	}
	t.Cleanup(h.stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	found := regexp.MustCompile(`console (\S+), agents' door (\S+)`).FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("%v: the server said %q %s", err, line, errs.String())
	}
	h.console, h.agents = found[1], found[2]
	return h
}

// admin runs posmedic admin on the hall's folder.
func (h *hall) admin(t *testing.T, in string, want int, args ...string) played {
	t.Helper()
	p := play(t, world{folder: h.dir, in: in}, append([]string{"admin", "--dir", h.dir, "--agents", h.agents}, args...)...)
	if p.code != want {
		t.Fatalf("admin %q ended with %d, want %d\n%s%s", args, p.code, want, p.out, p.err)
	}
	return p
}

// see asks the running server as a person who signed in.
func (h *hall) see(t *testing.T, client *http.Client, method, path string, body, into any) int {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, h.console+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Posmedic", "1")
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if into != nil {
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode
}

func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

const longPassword = "a long enough password"

func TestAServerIsRunWithoutABrowser(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())

	t.Run("the set-up link works once, and not beside users", func(t *testing.T) {
		link := strings.TrimSpace(h.admin(t, "", exitOK, "setup-link").out)
		_, token, ok := strings.Cut(link, "/setup#token=")
		if !ok {
			t.Fatalf("%q", link)
		}
		setup := map[string]string{"token": token, "name": "ada", "password": longPassword}
		if status := h.see(t, visitor(t), http.MethodPost, "/api/v1/setup", setup, nil); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		if p := h.admin(t, "", exitError, "setup-link"); !strings.Contains(p.err, "admin user") {
			t.Errorf("%s", p.err)
		}
	})
	t.Run("a user signs in with the password that was piped in", func(t *testing.T) {
		h.admin(t, longPassword+"\n", exitOK, "user", "olga", "--role", "operator")
		h.admin(t, "short\n", exitUsage, "user", "otto", "--role", "operator")
		h.admin(t, longPassword+"\n", exitError, "user", "olga", "--role", "viewer")
		h.admin(t, "another long password\n", exitOK, "password", "olga")
		login := func(password string) int {
			return h.see(t, visitor(t), http.MethodPost, "/api/v1/session", map[string]string{"name": "olga", "password": password}, nil)
		}
		if old, fresh := login(longPassword), login("another long password"); old != http.StatusUnauthorized || fresh != http.StatusOK {
			t.Errorf("the old password: %d, the new one: %d", old, fresh)
		}
	})
	t.Run("a terminal is registered, its device enrols, and is revoked", func(t *testing.T) {
		h.admin(t, "", exitOK, "add-terminal", "10000001", "--mid", "898000000000001", "--merchant", "老王面馆", "--site", "一店", "-a", "host=h1")
		if p := h.admin(t, "", exitError, "add-terminal", "10000001", "--mid", "1", "--merchant", "x", "--site", "y"); !strings.Contains(p.err, "TID") {
			t.Errorf("%s", p.err)
		}
		fields := strings.Fields(h.admin(t, "", exitOK, "enrol", "10000001").out)
		if len(fields) != 6 || fields[3] != h.agents {
			t.Fatalf("%q; the door is at %s", fields, h.agents)
		}
		code, fingerprint, err := wire.ParseEnrolment(fields[5])
		if err != nil {
			t.Fatal(err)
		}
		d, err := bench.NewDevice(h.agents, fingerprint, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		if _, err := d.Enrol(t.Context(), code, "SN1"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Send(t.Context(), bench.StatusReport("x", 1, time.Now())); err != nil {
			t.Fatal(err)
		}
		if p := h.admin(t, "", exitOK, "revoke", "10000001"); !strings.Contains(p.out, "SN1") {
			t.Errorf("%s", p.out)
		}
		if _, err := d.Send(t.Context(), bench.StatusReport("x", 2, time.Now())); err == nil {
			t.Error("a revoked device was heard")
		}
	})
	t.Run("a sheet is checked, imported, and imported again", func(t *testing.T) {
		sheet := "tid,mid,merchant,site\n10000001,898000000000001,老王面馆,一店\n20000001,898000000000002,M,S\nbad tid,1,M,S\n"
		if err := os.WriteFile(filepath.Join(h.dir, "sheet.csv"), []byte(sheet), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, run := range []struct {
			args []string
			want string
		}{
			{[]string{"import", "sheet.csv", "--check"}, "1 created, 0 updated, 1 unchanged, 1 refused"},
			{[]string{"import", "sheet.csv"}, "1 created, 0 updated, 1 unchanged, 1 refused"},
			{[]string{"import", "sheet.csv"}, "0 created, 0 updated, 2 unchanged, 1 refused"},
		} {
			if p := h.admin(t, "", exitError, run.args...); !strings.Contains(p.out, run.want) || !strings.Contains(p.err, "line 4 ") {
				t.Errorf("%q:\n%s%s", run.args, p.out, p.err)
			}
		}
		h.admin(t, sheet[:strings.Index(sheet, "bad")], exitOK, "import", "-")
		h.admin(t, "", exitUsage, "import", "none.csv")
	})
	t.Run("a feed token delivers", func(t *testing.T) {
		secret := strings.TrimSpace(h.admin(t, "", exitOK, "token", "host H1", "--scope", "feed").out)
		line := fmt.Sprintf(`{"id":"h1","at":%q,"message":{"tid":"20000001","kind":"sale","code":"00","stan":"000007"}}`, time.Now().Format(time.RFC3339))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.console+"/v1/feed", strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+secret)
		response, err := visitor(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var answer struct{ Accepted int }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Accepted != 1 {
			t.Errorf("%d %+v %v", response.StatusCode, answer, err)
		}
		h.admin(t, "", exitUsage, "token", "x", "--scope", "everything")
	})
}

func TestWhatIsPromotedByCommandIsTakenUpByTheServer(t *testing.T) {
	t.Parallel()
	h := openHall(t, t.TempDir())
	h.admin(t, longPassword+"\n", exitOK, "user", "ada", "--role", "admin")
	ada := visitor(t)
	if status := h.see(t, ada, http.MethodPost, "/api/v1/session", map[string]string{"name": "ada", "password": longPassword}, nil); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	inForce := func() string {
		var about struct{ Pack struct{ Hash string } }
		h.see(t, ada, http.MethodGet, "/api/v1/about", nil, &about)
		return about.Pack.Hash
	}
	until := func(what string, ok func(hash string) bool) {
		t.Helper()
		tick, deadline := time.NewTicker(50*time.Millisecond), time.After(30*time.Second)
		defer tick.Stop()
		for !ok(inForce()) {
			select {
			case <-deadline:
				t.Fatalf("waited in vain for %s", what)
			case <-tick.C:
			}
		}
	}
	builtin := inForce()
	if p := h.admin(t, "", exitError, "learn"); !strings.Contains(p.err, "no proven case") {
		t.Errorf("%s", p.err)
	}
	prove(t, filepath.Join(h.dir, "posmedic.db"))
	found := regexp.MustCompile(`admin promote (\S+)`).FindStringSubmatch(h.admin(t, "", exitOK, "learn").out)
	if found == nil {
		t.Fatal("learn names no candidate")
	}
	if got := inForce(); got != builtin {
		t.Errorf("learning alone brought %s into force", got)
	}
	if p := h.admin(t, "", exitError, "promote", found[1]); !strings.Contains(p.err, "still being tried") {
		t.Errorf("%s", p.err)
	}
	tried(t, filepath.Join(h.dir, "posmedic.db"), found[1])
	if p := h.admin(t, "", exitOK, "promote", found[1]); strings.Contains(p.out, builtin) {
		t.Errorf("%s", p.out)
	}
	until("the server to follow", func(hash string) bool { return hash != builtin })
	promoted := inForce()
	h.stop()

	// A server that starts afterwards finds it, and what is rolled back while it is down.
	again := openHall(t, h.dir)
	h.console, h.stop = again.console, again.stop
	if got := inForce(); got != promoted {
		t.Errorf("after a restart %s is in force, want %s", got, promoted)
	}
	h.admin(t, "", exitError, "promote", found[1])
	if p := h.admin(t, "", exitOK, "rollback"); !strings.Contains(p.out, builtin) {
		t.Errorf("%s", p.out)
	}
	until("the server to go back", func(hash string) bool { return hash == builtin })
	h.admin(t, "", exitError, "rollback")
}

// prove writes proven cases into a server's database, as closed cases leave them.
func prove(t *testing.T, path string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 10 {
		err := learnsql.New(db).PutRecord(t.Context(), learn.Record{
			Case: fmt.Sprintf("case_%d", i), Terminal: "t", Outcome: casefile.Confirmed, ClosedAt: time.Now(),
			Steps: []learn.Step{{ID: "restart_app", By: "remote", Helped: true}}, Credit: map[string]float64{"sw_hang": 1},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// tried stores the trials that end a candidate's time in the shadow.
func tried(t *testing.T, path, candidate string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range learn.DefaultShadowRule().Cases {
		right := learn.Standing{Rank: 1, P: 0.9, Leads: "sw_hang", LeadsP: 0.9}
		err := learnsql.New(db).PutTrial(t.Context(), learn.Trial{
			Candidate: candidate, Case: fmt.Sprintf("later_%d", i), At: time.Now(), Truth: "sw_hang", Was: right, Is: right,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAdminWantsAServersData(t *testing.T) {
	t.Parallel()
	w := world{folder: t.TempDir()}
	p := play(t, w, "admin", "--dir", "typo", "learn")
	if p.code != exitUsage || !strings.Contains(p.err, "--dir") {
		t.Errorf("%d %s", p.code, p.err)
	}
	if _, err := os.Stat(filepath.Join(w.folder, "typo")); !os.IsNotExist(err) {
		t.Error("a typing error made a folder")
	}
}

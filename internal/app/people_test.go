package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// stranger is a client whom nobody knows.
func stranger(t *testing.T) *http.Client {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// refused reads a problem and wants its code, and that a person can read it.
func refused(t *testing.T, what string, status int, answer []byte, wantStatus int, wantCode string) {
	t.Helper()
	var p struct {
		Type, Title, Code, ID string
		Status                int
		Text                  struct{ ZH, EN string }
	}
	if err := json.Unmarshal(answer, &p); err != nil || status != wantStatus || p.Status != wantStatus || p.Code != wantCode {
		t.Errorf("%s: %d %s (%v); want %d %s", what, status, answer, err, wantStatus, wantCode)
		return
	}
	if p.Type == "" || p.Title == "" || p.ID == "" || p.Text.ZH == "" || p.Text.EN == "" {
		t.Errorf("%s: something is missing: %s", what, answer)
	}
}

func TestWhoMayWorkOnCases(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	a := w.agent(t, "10000001")
	caseID := w.openCase(t, a.terminal, "收款应用卡死了，屏幕一直不动")
	clients := map[access.Role]*http.Client{}
	for _, role := range []access.Role{access.Viewer, access.Agent, access.Operator} {
		clients[role] = w.person(t, role)
	}
	terminal, theCase := "/api/v1/terminals/"+a.terminal, "/api/v1/cases/"+caseID
	for _, op := range []struct {
		method, path string
		body         any
		may          access.Action
	}{
		{"GET", "/api/v1/about", nil, access.SeeFleet},
		{"GET", "/api/v1/terminals", nil, access.SeeFleet},
		{"GET", terminal, nil, access.SeeFleet},
		{"GET", "/api/v1/incidents", nil, access.SeeFleet},
		{"GET", theCase, nil, access.SeeFleet},
		{"POST", terminal + "/report", map[string]string{"text": "打不出小票"}, access.AnswerCase},
		{"POST", theCase + "/answers", map[string]string{"variable": "main_symptom", "state": ""}, access.AnswerCase},
		{"POST", theCase + "/steps", map[string]string{"step": "invented"}, access.RepairTerminal},
		{"POST", "/api/v1/attempts/att_x", map[string]bool{"done": true}, access.RepairTerminal},
		{"POST", terminal + "/enrolment", nil, access.EnrolDevice},
	} {
		for role, client := range clients {
			status, answer := w.send(t, client, op.method, op.path, "", op.body)
			if role.May(op.may) == (status == http.StatusForbidden) || status == http.StatusUnauthorized || status >= 500 {
				t.Errorf("%s %s as %s: %d %s", op.method, op.path, role, status, answer)
			}
		}
		status, answer := w.send(t, stranger(t), op.method, op.path, "", op.body)
		refused(t, op.method+" "+op.path+" as nobody", status, answer, http.StatusUnauthorized, "access.signed_out")
	}
}

func TestWhatPeopleSendIsChecked(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	a := w.agent(t, "10000001")
	caseID := w.openCase(t, a.terminal, "收款应用卡死了，屏幕一直不动")
	report, answers := "/api/v1/terminals/"+a.terminal+"/report", "/api/v1/cases/"+caseID+"/answers"
	for name, op := range map[string]struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		"a body without end":          {"POST", report, []byte(`{"text":"` + strings.Repeat("x", 70<<10) + `"}`), 413, "console.too_large"},
		"a text that is too long":     {"POST", report, map[string]string{"text": strings.Repeat("x", 4001)}, 422, "console.input"},
		"an empty text":               {"POST", report, map[string]string{"text": ""}, 422, "console.input"},
		"a field that does not exist": {"POST", report, map[string]string{"text": "x", "admin": "yes"}, 422, "console.input"},
		"no JSON":                     {"POST", report, []byte(`{"text":`), 400, "console.input"},
		"an ability that is none":     {"GET", "/api/v1/terminals?ability=perfect", nil, 422, "console.input"},
		"a page without end":          {"GET", "/api/v1/terminals?limit=100000", nil, 422, "console.input"},
		"a cursor of our own making":  {"GET", "/api/v1/terminals?cursor=" + url.QueryEscape("nonsense"), nil, 422, "console.filter"},
		"a terminal that is none":     {"GET", "/api/v1/terminals/none", nil, 404, "fleet.not_found"},
		"a case that is none":         {"GET", "/api/v1/cases/none", nil, 404, "casefile.not_found"},
		"a variable that is none":     {"POST", answers, map[string]string{"variable": "none", "state": "x"}, 422, "console.answer"},
		"a state that is none":        {"POST", answers, map[string]string{"variable": "main_symptom", "state": "perfect"}, 422, "console.answer"},
		"an attempt that is none":     {"POST", "/api/v1/attempts/none", map[string]bool{"done": true}, 404, "repair.unknown_attempt"},
		"an operation that is none":   {"GET", "/api/v1/none", nil, 404, "console.no_operation"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := w.call(t, op.method, op.path, op.body)
			refused(t, op.path, status, answer, op.status, op.code)
		})
	}
	t.Run("a write without the header that only our pages send", func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.app.URL()+report, bytes.NewReader([]byte(`{"text":"x"}`)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := w.browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var body bytes.Buffer
		if _, err := body.ReadFrom(response.Body); err != nil {
			t.Fatal(err)
		}
		refused(t, "cross-site", response.StatusCode, body.Bytes(), http.StatusForbidden, "console.cross_site")
		if got := response.Header.Get("Content-Type"); got != "application/problem+json" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", response.Header)
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	link := w.app.SetupURL()
	_, token, found := strings.Cut(link, "#token=") // behind the hash, where no log of a server sees it
	if !found || token == "" {
		t.Fatalf("the link is %q", link)
	}
	body := map[string]string{"token": token, "name": adminName, "password": adminPassword}
	t.Run("the set-up link makes one user", func(t *testing.T) {
		first := stranger(t)
		if status, answer := w.send(t, first, http.MethodPost, "/api/v1/setup", "", map[string]string{"token": "guess", "name": "eve", "password": adminPassword}); status != http.StatusForbidden {
			t.Errorf("a guess: %d %s", status, answer)
		}
		w.setUp(t)
		status, answer := w.send(t, first, http.MethodPost, "/api/v1/setup", "", body)
		refused(t, "the link again", status, answer, http.StatusForbidden, "access.setup")
	})
	t.Run("the cookie is for our pages only", func(t *testing.T) {
		raw := marshal(t, map[string]string{"name": adminName, "password": adminPassword})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.app.URL()+"/api/v1/session", bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Posmedic", "1")
		request.Header.Set("Content-Type", "application/json")
		response, err := stranger(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		cookies := response.Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Path != "/" ||
			cookies[0].Domain != "" || cookies[0].MaxAge != int(access.SessionMax.Seconds()) || len(cookies[0].Value) < 40 {
			t.Errorf("cookies %+v", cookies)
		}
	})
	t.Run("whoever signs out is out", func(t *testing.T) {
		client := w.person(t, access.Viewer)
		if status, _ := w.send(t, client, http.MethodGet, "/api/v1/terminals", "", nil); status != http.StatusOK {
			t.Fatalf("signed in: %d", status)
		}
		place, err := url.Parse(w.app.URL())
		if err != nil {
			t.Fatal(err)
		}
		stolen := client.Jar.Cookies(place)
		if status, answer := w.send(t, client, http.MethodDelete, "/api/v1/session", "", nil); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		if left := client.Jar.Cookies(place); len(left) != 0 {
			t.Errorf("the cookie stays: %v", left)
		}
		client.Jar.SetCookies(place, stolen)
		if status, _ := w.send(t, client, http.MethodGet, "/api/v1/terminals", "", nil); status != http.StatusUnauthorized {
			t.Errorf("the old cookie still opens: %d", status)
		}
	})
	t.Run("a wrong password and an unknown name are one answer", func(t *testing.T) {
		for _, name := range []string{adminName, "nobody"} {
			status, answer := w.send(t, stranger(t), http.MethodPost, "/api/v1/session", "", map[string]string{"name": name, "password": "not the password"})
			refused(t, name, status, answer, http.StatusUnauthorized, "access.login")
		}
	})
}

// nextOf gives what the open case of a terminal asks or advises next.
func (w *town) nextOf(t *testing.T, caseID string) diagnose.Next {
	t.Helper()
	var view struct{ Diagnosis *diagnose.Diagnosis }
	w.ask(t, http.MethodGet, "/api/v1/cases/"+caseID, nil, &view)
	if view.Diagnosis == nil || view.Diagnosis.Next == nil {
		return diagnose.Next{}
	}
	return *view.Diagnosis.Next
}

func TestACallBecomesACase(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	registered, _, _ := w.terminal(t, "10000001")
	path := "/api/v1/terminals/" + registered.ID

	var said struct {
		Findings []struct{ Variable, State string }
	}
	w.ask(t, http.MethodPost, path+"/report", map[string]string{"text": "机器连不上网络，刷不了卡"}, &said)
	if len(said.Findings) == 0 {
		t.Error("nothing was understood")
	}
	caseID := ""
	until(t, "a diagnosed case", func() bool {
		c, open, err := w.keys.Cases.OpenOf(t.Context(), registered.ID)
		if err != nil {
			t.Fatal(err)
		}
		caseID = c.ID
		return open && c.OpenedBy == "person" && len(c.Diagnosis) > 0
	})
	t.Run("who does not know is asked something else", func(t *testing.T) {
		asked := map[string]bool{}
		for range 3 {
			next := w.nextOf(t, caseID)
			if next.Kind != diagnose.Ask || asked[next.ID] {
				t.Fatalf("after %v comes %s %s", asked, next.Kind, next.ID)
			}
			asked[next.ID] = true
			w.ask(t, http.MethodPost, "/api/v1/cases/"+caseID+"/answers", map[string]string{"variable": next.ID, "state": ""}, nil)
			until(t, "something else than "+next.ID, func() bool { return w.nextOf(t, caseID).ID != next.ID })
		}
	})
	t.Run("words that nobody understands are not asked for again", func(t *testing.T) {
		w.ask(t, http.MethodPost, "/api/v1/cases/"+caseID+"/answers", map[string]string{"variable": "screen_text", "state": "Qwx zzzk"}, nil)
		e, err := w.keys.Stages.Observe.Evidence(t.Context(), registered.ID, "unionpay")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range e.Findings {
			if f.Variable == "screen_text" && f.State == "Qwx zzzk" {
				return
			}
		}
		t.Errorf("the words are gone: %+v", e.Findings)
	})
	t.Run("a case that is over takes no more answers", func(t *testing.T) {
		w.end(t, caseID)
		status, answer := w.call(t, http.MethodPost, "/api/v1/cases/"+caseID+"/answers", map[string]string{"variable": "main_symptom", "state": ""})
		refused(t, "an answer", status, answer, http.StatusConflict, "casefile.move")
		status, answer = w.call(t, http.MethodPost, "/api/v1/cases/"+caseID+"/steps", map[string]string{"step": "handover.merchant"})
		refused(t, "a step", status, answer, http.StatusConflict, "casefile.move")
	})
	t.Run("the next call opens a new case", func(t *testing.T) {
		w.ask(t, http.MethodPost, path+"/report", map[string]string{"text": "又连不上网络了"}, nil)
		until(t, "another case", func() bool {
			c, open, err := w.keys.Cases.OpenOf(t.Context(), registered.ID)
			if err != nil {
				t.Fatal(err)
			}
			return open && c.ID != caseID
		})
	})
}

// TestALivePageHearsAndEndsWithItsSession listens as a page does.
func TestALivePageHearsAndEndsWithItsSession(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	a := w.agent(t, "10000001")
	client := w.person(t, access.Viewer)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.app.URL()+"/api/v1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%d %s", response.StatusCode, got)
	}
	lines, ended := make(chan string, 64), make(chan struct{})
	go func() {
		defer close(ended)
		for s := bufio.NewScanner(response.Body); s.Scan(); {
			select {
			case lines <- s.Text():
			default:
			}
		}
	}()
	w.openCase(t, a.terminal, "收款应用卡死了，屏幕一直不动")
	until(t, "news of the case", func() bool {
		select {
		case line := <-lines:
			data, found := strings.CutPrefix(line, "data: ")
			return found && strings.Contains(data, a.terminal) && strings.Contains(data, "casefile.opened")
		default:
			return false
		}
	})
	if status, _ := w.send(t, client, http.MethodDelete, "/api/v1/session", "", nil); status != http.StatusOK {
		t.Fatalf("sign out: %d", status)
	}
	c, _, err := w.keys.Cases.OpenOf(t.Context(), a.terminal)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the stream", func() bool {
		w.note(t, c.ID) // news come in all the time
		select {
		case <-ended:
			return true
		case <-time.After(50 * time.Millisecond):
			return false
		}
	})
}

func entryOf(caseID string) casefile.Entry {
	return casefile.Entry{Case: caseID, At: time.Now(), Kind: "note", By: "test", Text: lang.Text{ZH: "记录", EN: "note"}}
}

func (w *town) note(t *testing.T, caseID string) {
	t.Helper()
	if err := w.keys.Cases.Note(t.Context(), entryOf(caseID)); err != nil {
		t.Fatal(err)
	}
}

// end closes a case as one does whose terminal was replaced.
func (w *town) end(t *testing.T, caseID string) {
	t.Helper()
	if err := w.keys.Cases.Close(t.Context(), caseID, casefile.Unclear, entryOf(caseID)); err != nil {
		t.Fatal(err)
	}
}

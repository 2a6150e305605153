package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/wire"
)

// person signs in somebody with a role.
func (w *town) person(t *testing.T, role access.Role) *http.Client {
	t.Helper()
	name := string(role) + "-person"
	if _, err := w.keys.Access.CreateUser(t.Context(), access.Actor{Name: "test"}, name, adminPassword, role); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	if status, answer := w.send(t, client, http.MethodPost, "/api/v1/session", "", map[string]string{"name": name, "password": adminPassword}); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	return client
}

// ask calls as the administrator, wants 200 and reads the answer.
func (w *town) ask(t *testing.T, method, path string, body, into any) {
	t.Helper()
	status, answer := w.call(t, method, path, body)
	if status != http.StatusOK && status != http.StatusNoContent {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatalf("%s: %v", answer, err)
		}
	}
}

func entry(tid string) map[string]any {
	return map[string]any{"tid": tid, "mid": "898000000000001", "merchant": "老王面馆", "site": "一店", "area": "north", "attributes": map[string]string{"host": "h1"}}
}

// TestWhoMayAdminister lets everybody try everything that only some may.
func TestWhoMayAdminister(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	clients := map[access.Role]*http.Client{}
	for _, role := range []access.Role{access.Viewer, access.Agent, access.Operator, access.Admin} {
		clients[role] = w.person(t, role)
	}
	const nobody = "usr_x"
	for _, op := range []struct {
		method, path string
		body         any
		may          access.Action
	}{
		{"POST", "/api/v1/terminals", entry("1"), access.EditFleet},
		{"PUT", "/api/v1/terminals/term_x/attributes", map[string]any{"attributes": map[string]string{}}, access.EditFleet},
		{"POST", "/api/v1/terminals/import?check=true", []byte("tid,mid,merchant,site\n1,2,3,4\n"), access.EditFleet},
		{"POST", "/api/v1/devices/dev_x/revoke", nil, access.RevokeDevice},
		{"GET", "/api/v1/merchants", nil, access.SeeFleet},
		{"GET", "/api/v1/merchants/mer_x/sites", nil, access.SeeFleet},
		{"PUT", "/api/v1/merchants/mer_x", map[string]string{"name": "x"}, access.EditFleet},
		{"PUT", "/api/v1/merchants/mer_x/sites/site_x", map[string]string{"name": "x"}, access.EditFleet},
		{"GET", "/api/v1/tokens", nil, access.ManageTokens},
		{"POST", "/api/v1/tokens", map[string]string{"label": "x", "scope": "feed"}, access.ManageTokens},
		{"DELETE", "/api/v1/tokens/tok_x", nil, access.ManageTokens},
		{"GET", "/api/v1/users", nil, access.ManageUsers},
		{"POST", "/api/v1/users", map[string]string{"name": "x", "password": "short", "role": "viewer"}, access.ManageUsers},
		{"PUT", "/api/v1/users/" + nobody + "/role", map[string]string{"role": "admin"}, access.ManageUsers},
		{"PUT", "/api/v1/users/" + nobody + "/disabled", map[string]bool{"disabled": true}, access.ManageUsers},
		{"PUT", "/api/v1/users/" + nobody + "/password", map[string]string{"password": adminPassword}, access.ManageUsers},
		{"GET", "/api/v1/audit", nil, access.SeeAudit},
		{"GET", "/api/v1/knowledge", nil, access.SeeFleet},
		{"POST", "/api/v1/knowledge/candidates", nil, access.PromoteKnowledge},
		{"POST", "/api/v1/knowledge/candidates/cand_x/promote", nil, access.PromoteKnowledge},
		{"POST", "/api/v1/knowledge/rollback", nil, access.PromoteKnowledge},
	} {
		for role, client := range clients {
			status, answer := w.send(t, client, op.method, op.path, "", op.body)
			if refused := status == http.StatusForbidden; refused == role.May(op.may) || status >= 500 {
				t.Errorf("%s %s as %s: %d %s", op.method, op.path, role, status, answer)
			}
		}
		if status, answer := w.send(t, http.DefaultClient, op.method, op.path, "", op.body); status != http.StatusUnauthorized {
			t.Errorf("%s %s as nobody: %d %s", op.method, op.path, status, answer)
		}
	}
}

// TestATerminalIsEnteredByHand goes the way of a server of one's own: register, enrol, revoke.
func TestATerminalIsEnteredByHand(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	var row struct{ ID, TID, Merchant, Site, Ability string }
	w.ask(t, http.MethodPost, "/api/v1/terminals", entry("10000001"), &row)
	if row.TID != "10000001" || row.Merchant != "老王面馆" || row.Site != "一店" || row.Ability != "unknown" {
		t.Fatalf("%+v", row)
	}

	t.Run("what is wrong is said in both languages, with a hint", func(t *testing.T) {
		for code, broken := range map[string]map[string]any{
			"fleet.taken": {}, "fleet.tid": {"tid": "no number"}, "fleet.mid": {"tid": "2", "mid": ""}, "fleet.merchant": {"tid": "2", "merchant": " "},
			"fleet.site": {"tid": "2", "site": strings.Repeat("x", 201)}, "fleet.card_data": {"tid": "2", "address": "4111111111111111"},
			"fleet.attributes": {"tid": "2", "attributes": map[string]string{"model": "A920"}}, "console.input": {"tid": 2},
		} {
			body := entry("10000001")
			for k, v := range broken {
				body[k] = v
			}
			status, answer := w.call(t, http.MethodPost, "/api/v1/terminals", body)
			var p struct {
				Code       string
				Text, Hint struct{ ZH, EN string }
			}
			if err := json.Unmarshal(answer, &p); err != nil || status/100 != 4 || p.Code != code || p.Text.ZH == "" || p.Text.EN == "" ||
				(code != "fleet.taken" && (p.Hint.ZH == "" || p.Hint.EN == "")) {
				t.Errorf("%s: %d %s", code, status, answer)
			}
		}
	})

	w.ask(t, http.MethodPut, "/api/v1/terminals/"+row.ID+"/attributes", map[string]any{"attributes": map[string]string{"carrier": "cmcc"}}, nil)
	var view struct {
		Attributes map[string]string
		Device     struct{ ID, Serial, RevokedAt string }
	}
	w.ask(t, http.MethodGet, "/api/v1/terminals/"+row.ID, nil, &view)
	if view.Attributes["carrier"] != "cmcc" || view.Attributes["host"] != "" || view.Attributes["area"] != "north" {
		t.Errorf("%+v", view)
	}

	t.Run("a misspelt shop is put right", func(t *testing.T) {
		type list struct {
			Rows []struct{ ID, Name, Area string }
		}
		var merchants, sites list
		w.ask(t, http.MethodGet, "/api/v1/merchants", nil, &merchants)
		shop := "/api/v1/merchants/" + merchants.Rows[0].ID
		w.ask(t, http.MethodGet, shop+"/sites", nil, &sites)
		w.ask(t, http.MethodPut, shop, map[string]string{"name": "老李面馆"}, nil)
		w.ask(t, http.MethodPut, shop+"/sites/"+sites.Rows[0].ID, map[string]string{"name": "总店", "area": sites.Rows[0].Area}, nil)
		var now struct{ Merchant, Site string }
		w.ask(t, http.MethodGet, "/api/v1/terminals/"+row.ID, nil, &now)
		if now.Merchant != "老李面馆" || now.Site != "总店" {
			t.Errorf("%+v", now)
		}
	})

	var enrolment struct{ Code string }
	w.ask(t, http.MethodPost, "/api/v1/terminals/"+row.ID+"/enrolment", nil, &enrolment)
	code, fingerprint, err := wire.ParseEnrolment(enrolment.Code)
	if err != nil {
		t.Fatal(err)
	}
	a := w.newcomer(t, fingerprint)
	if _, err := a.Enrol(t.Context(), code, "SN1"); err != nil {
		t.Fatal(err)
	}
	a.report(t, bench.StatusReport("first", 1, time.Now()))
	w.ask(t, http.MethodGet, "/api/v1/terminals/"+row.ID, nil, &view)

	t.Run("revoking ends the agent's live connection and its say", func(t *testing.T) {
		live := line(t, a)
		w.ask(t, http.MethodPost, "/api/v1/devices/"+view.Device.ID+"/revoke", nil, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second) // the door's own look comes after 30 s
		defer cancel()
		if _, _, err := live.Read(ctx); websocket.CloseStatus(err) != 4003 {
			t.Errorf("the line ended with %v", err)
		}
		batch := wire.Batch{Version: wire.Version, SentAt: time.Now(), Reports: []wire.Report{bench.StatusReport("first", 2, time.Now())}}
		if status, answer := a.post(t, "/v1/reports", batch); status != http.StatusForbidden {
			t.Errorf("a report: %d %s", status, answer)
		}
	})
	t.Run("every write is in the trail", func(t *testing.T) {
		var trail struct {
			Rows []struct{ Who, What, Target string }
		}
		w.ask(t, http.MethodGet, "/api/v1/audit?limit=50", nil, &trail)
		wrote := map[string]string{}
		for _, r := range trail.Rows {
			if r.Who != adminName {
				t.Errorf("%+v", r)
			}
			wrote[r.What] = r.Target
		}
		for what, target := range map[string]string{
			"fleet.registered": row.ID, "fleet.attributes": row.ID, "fleet.merchant_changed": "", "fleet.site_changed": "", "device.enrolment": row.ID, "device.revoked": view.Device.ID,
		} {
			if got, done := wrote[what]; !done || target != "" && got != target {
				t.Errorf("%s: %q, want %q", what, wrote[what], target)
			}
		}
	})
}

// line opens an agent's live connection.
func line(t *testing.T, a *agent) *websocket.Conn {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.TLS()}}
	t.Cleanup(client.CloseIdleConnections)
	conn, _, err := websocket.Dial(t.Context(), "https://"+a.town.app.Agents()+"/v1/live", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

type imported struct {
	Checked                              bool
	Created, Updated, Unchanged, Refused int
	Errors                               []struct {
		Line int
		Code string
		Text struct{ ZH, EN string }
	}
	Ignored []string
}

func TestASheetIsImported(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	sheet := []byte("tid,mid,merchant,site,area,host,model\n10000001,898000000000001,老王面馆,一店,north,h1,A920\n" +
		"10000002,898000000000001,老王面馆,二店,north,h1,A920\nbad tid,1,a,b,,,\n10000001,1,a,b,,,\n10000003,898000000000001,老王面馆,二店,,,\n")
	count := func() (n int) {
		var page struct{ Total int }
		w.ask(t, http.MethodGet, "/api/v1/terminals", nil, &page)
		return page.Total
	}
	var v imported
	w.ask(t, http.MethodPost, "/api/v1/terminals/import?check=true", sheet, &v)
	if !v.Checked || v.Created != 3 || v.Refused != 2 || count() != 0 {
		t.Fatalf("a check: %+v, and %d terminals", v, count())
	}
	v = imported{}
	w.ask(t, http.MethodPost, "/api/v1/terminals/import", sheet, &v)
	if v.Checked || v.Created != 3 || v.Refused != 2 || len(v.Errors) != 2 || v.Errors[0].Line != 4 || v.Errors[0].Code != "fleet.tid" ||
		v.Errors[1].Line != 5 || v.Errors[1].Code != "fleet.sheet_twice" || v.Errors[1].Text.ZH == "" || len(v.Ignored) != 1 || count() != 3 {
		t.Fatalf("%+v, and %d terminals", v, count())
	}
	v = imported{}
	w.ask(t, http.MethodPost, "/api/v1/terminals/import", sheet, &v)
	if v.Unchanged != 3 || v.Created+v.Updated != 0 || count() != 3 {
		t.Errorf("again: %+v, and %d terminals", v, count())
	}
	var big strings.Builder
	big.WriteString("tid,mid,merchant,site,address\n")
	for i := range 5000 {
		fmt.Fprintf(&big, "2%07d,898000000000001,M%d,S,%s\n", i, i%500, strings.Repeat("路", 20))
	}
	v = imported{}
	w.ask(t, http.MethodPost, "/api/v1/terminals/import", []byte(big.String()), &v)
	if v.Created != 5000 || count() != 5003 {
		t.Errorf("%+v, and %d terminals", v, count())
	}
	if status, answer := w.call(t, http.MethodPost, "/api/v1/terminals/import", []byte(big.String()+"30000001,1,M,S,\n")); status != http.StatusRequestEntityTooLarge {
		t.Errorf("5,001 rows: %d %s", status, answer)
	}
	if status, answer := w.call(t, http.MethodPost, "/api/v1/terminals/import", []byte("tid,mid\n1,2\n")); status != http.StatusUnprocessableEntity {
		t.Errorf("columns missing: %d %s", status, answer)
	}
}

// TestATokenIsGoodForItsScope makes tokens and tries them at both doors.
func TestATokenIsGoodForItsScope(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	w.ask(t, http.MethodPost, "/api/v1/terminals", entry("10000001"), nil)
	type made struct{ ID, Secret, Scope string }
	var feeds, reads made
	w.ask(t, http.MethodPost, "/api/v1/tokens", map[string]string{"label": "host H1", "scope": "feed"}, &feeds)
	w.ask(t, http.MethodPost, "/api/v1/tokens", map[string]string{"label": "report", "scope": "read"}, &reads)
	if _, answer := w.call(t, http.MethodGet, "/api/v1/tokens", nil); !strings.Contains(string(answer), feeds.ID) || strings.Contains(string(answer), feeds.Secret) {
		t.Errorf("%s", answer)
	}
	stranger := &http.Client{}
	defer stranger.CloseIdleConnections()
	sale := fmt.Appendf(nil, `{"id":"h1","at":%q,"message":{"tid":"10000001","kind":"sale","code":"00","stan":"000007"}}`, time.Now().Format(time.RFC3339))
	try := func(what string, token made, method, path string, body any, want int) {
		t.Helper()
		if status, answer := w.send(t, stranger, method, path, token.Secret, body); status != want {
			t.Errorf("%s: %d %s", what, status, answer)
		}
	}
	try("the feed with a feed token", feeds, "POST", "/v1/feed", sale, http.StatusOK)
	try("the feed with a read token", reads, "POST", "/v1/feed", sale, http.StatusForbidden)
	try("the API with a read token", reads, "GET", "/api/v1/terminals", nil, http.StatusOK)
	try("the API with a feed token", feeds, "GET", "/api/v1/terminals", nil, http.StatusUnauthorized)
	try("a write with a read token", reads, "POST", "/api/v1/terminals", entry("2"), http.StatusUnauthorized)
	try("the trail with a read token", reads, "GET", "/api/v1/audit", nil, http.StatusForbidden)
	w.ask(t, http.MethodDelete, "/api/v1/tokens/"+feeds.ID, nil, nil)
	w.ask(t, http.MethodDelete, "/api/v1/tokens/"+reads.ID, nil, nil)
	try("the feed with a revoked token", feeds, "POST", "/v1/feed", sale, http.StatusUnauthorized)
	try("the API with a revoked token", reads, "GET", "/api/v1/terminals", nil, http.StatusUnauthorized)
	if status, _ := w.call(t, http.MethodDelete, "/api/v1/tokens/"+feeds.ID, nil); status != http.StatusNotFound {
		t.Errorf("revoking it again: %d", status)
	}
}

func TestUsersAreManaged(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	desk := w.person(t, access.Agent)
	var users struct {
		Rows []struct{ ID, Name, Role string }
	}
	w.ask(t, http.MethodGet, "/api/v1/users", nil, &users)
	if len(users.Rows) != 2 || users.Rows[0].Name != adminName || users.Rows[1].Role != "agent" {
		t.Fatalf("%+v", users)
	}
	root, other := "/api/v1/users/"+users.Rows[0].ID, "/api/v1/users/"+users.Rows[1].ID
	sees := func(want int) {
		t.Helper()
		if status, answer := w.send(t, desk, http.MethodGet, "/api/v1/users", "", nil); status != want {
			t.Errorf("%d %s", status, answer)
		}
	}
	sees(http.StatusForbidden)
	w.ask(t, http.MethodPut, other+"/role", map[string]string{"role": "admin"}, nil)
	sees(http.StatusOK)
	w.ask(t, http.MethodPut, other+"/role", map[string]string{"role": "agent"}, nil)
	for path, body := range map[string]any{"/role": map[string]string{"role": "viewer"}, "/disabled": map[string]bool{"disabled": true}} {
		if status, answer := w.call(t, http.MethodPut, root+path, body); status != http.StatusConflict {
			t.Errorf("the last administrator: %d %s", status, answer)
		}
	}
	w.ask(t, http.MethodPut, other+"/disabled", map[string]bool{"disabled": true}, nil)
	sees(http.StatusUnauthorized)
	w.ask(t, http.MethodPut, other+"/disabled", map[string]bool{"disabled": false}, nil)
	w.ask(t, http.MethodPut, other+"/password", map[string]string{"password": "another long password"}, nil)
	for password, want := range map[string]int{adminPassword: http.StatusUnauthorized, "another long password": http.StatusOK} {
		if status, answer := w.send(t, desk, http.MethodPost, "/api/v1/session", "", map[string]string{"name": "agent-person", "password": password}); status != want {
			t.Errorf("%d %s", status, answer)
		}
	}
	made := map[string]string{"name": "new", "password": adminPassword, "role": "viewer"}
	w.ask(t, http.MethodPost, "/api/v1/users", made, nil)
	if status, _ := w.call(t, http.MethodPost, "/api/v1/users", made); status != http.StatusConflict {
		t.Errorf("the same name: %d", status)
	}
}

type knowledge struct {
	Active     struct{ Hash string }
	BuiltIn    struct{ Hash string } `json:"built_in"`
	Candidates []struct {
		ID, State string
		May       bool `json:"may_promote"`
		Names     map[string]struct{ ZH, EN string }
		Report    learn.Report
	}
}

// TestWhatWasLearnedIsPromotedByAPerson goes from proven cases over the gate to the engine, and back.
func TestWhatWasLearnedIsPromotedByAPerson(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	look := func() (k knowledge) {
		t.Helper()
		w.ask(t, http.MethodGet, "/api/v1/knowledge", nil, &k)
		return k
	}
	builtin := w.keys.Knowledge.Pack().Ref
	if status, answer := w.call(t, http.MethodPost, "/api/v1/knowledge/candidates", nil); status != http.StatusConflict {
		t.Errorf("without a case: %d %s", status, answer)
	}
	store := learnsql.New(w.keys.DB)
	for i := range 10 {
		err := store.PutRecord(t.Context(), learn.Record{
			Case: fmt.Sprintf("case_%d", i), Terminal: "t", Outcome: casefile.Confirmed, Pack: builtin, ClosedAt: time.Now(),
			Steps: []learn.Step{{ID: "restart_app", By: "remote", Helped: true}}, Credit: map[string]float64{"sw_hang": 1},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if k := look(); len(k.Candidates) != 0 || k.Active.Hash != builtin.Hash {
		t.Fatalf("something moved by itself: %+v", k)
	}
	w.ask(t, http.MethodPost, "/api/v1/knowledge/candidates", nil, nil)
	k := look()
	if len(k.Candidates) != 1 || k.Candidates[0].State != "shadow" || k.Candidates[0].May {
		t.Fatalf("it may be promoted before it was tried: %+v", k)
	}
	tried(t, store, k.Candidates[0].ID)
	k = look()
	if len(k.Candidates) != 1 || k.Candidates[0].State != "passed" || !k.Candidates[0].May || k.Candidates[0].Names["sw_hang"].ZH == "" || k.Active.Hash != builtin.Hash {
		t.Fatalf("%+v", k)
	}
	if r := k.Candidates[0].Report; r.Golden[0].Cases < 100 || r.Golden[0].Top1 < 0.5 || r.Golden[1].Harmful != 0 || r.Golden[0].LogLoss <= 0 {
		t.Errorf("the gate looked at %+v", r)
	}
	promote := "/api/v1/knowledge/candidates/" + k.Candidates[0].ID + "/promote"
	w.ask(t, http.MethodPost, promote, nil, nil)
	k = look()
	if k.Candidates[0].State != "promoted" || k.Active.Hash == builtin.Hash || k.BuiltIn.Hash != builtin.Hash {
		t.Errorf("%+v", k)
	}
	registered, _, _ := w.terminal(t, "10000001")
	if got := w.diagnosedBy(t, registered.ID); got != k.Active.Hash {
		t.Errorf("the engine in force is %s, want %s", got, k.Active.Hash)
	}
	w.ask(t, http.MethodPost, "/api/v1/knowledge/rollback", nil, nil)
	if k = look(); k.Candidates[0].State != "rolled_back" || k.Active.Hash != builtin.Hash {
		t.Errorf("%+v", k)
	}
	registered, _, _ = w.terminal(t, "10000002")
	if got := w.diagnosedBy(t, registered.ID); got != builtin.Hash {
		t.Errorf("the engine in force is %s, want %s", got, builtin.Hash)
	}
	var trail struct{ Rows []struct{ What string } }
	w.ask(t, http.MethodGet, "/api/v1/audit?limit=50", nil, &trail)
	times := map[string]int{}
	for _, r := range trail.Rows {
		times[r.What]++
	}
	for _, what := range []string{"knowledge.proposed", "knowledge.promoted", "knowledge.rolled_back"} {
		if times[what] != 1 {
			t.Errorf("%s stands %d times in the trail", what, times[what])
		}
	}
	for _, path := range []string{promote, "/api/v1/knowledge/rollback"} {
		if status, answer := w.call(t, http.MethodPost, path, nil); status != http.StatusConflict {
			t.Errorf("%s again: %d %s", path, status, answer)
		}
	}
}

// diagnosedBy opens a case and gives the hash of the knowledge that diagnosed it.
func (w *town) diagnosedBy(t *testing.T, terminal string) string {
	t.Helper()
	c, err := w.keys.Cases.Get(t.Context(), w.openCase(t, terminal, "收款应用卡死了"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Pack struct{ Hash string }
	}
	if err := json.Unmarshal(c.Diagnosis, &d); err != nil {
		t.Fatal(err)
	}
	return d.Pack.Hash
}

package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/platform/bus"
	"github.com/posmedic/posmedic/wire"
)

// secret is something that must never be kept or shown: as it is sent, and what to look for afterwards. Where only a
// word fits, a card number gives itself away by its check digit; a PIN without a word for PIN is any number, so that
// bare is empty for it.
type secret struct{ name, sent, needle, bare string }

func number(name, sent, digits string) secret { return secret{name, sent, digits, digits} }

// secrets are card data in the shapes people and machines give them. The numbers are test numbers of the brands.
func secrets() []secret {
	union := withCheckDigit("622202123456789012")
	return []secret{
		number("Visa", "4111111111111111", "4111111111111111"),
		number("Mastercard with dashes", "5500-0055-5555-5559", "5500005555555559"),
		number("Amex in its own groups", "3782 822463 10005", "378282246310005"),
		number("UnionPay with 19 digits", union, union),
		number("JCB in full-width digits", "３５３０１１１３３３３０００００", "3530111333300000"),
		number("Discover with wide blanks", "6011　1111　1111　1117", "6011111111111117"),
		number("Diners inside a sentence", "顾客卡号30569309025904刷不了", "30569309025904"),
		number("Maestro with zero-width gaps", "6759\u200b6498\u200b2643\u200b8453", "6759649826438453"),
		{"track 2", ";6250947000000014=29122011987654321098?", "29122011987654321098", "6250947000000014"},
		{"track 1", "%B5105105105105100^DOE/JOHN^29122011876543210987?", "29122011876543210987", "5105105105105100"},
		{"a PIN block", "PIN block 0412AC89ABCDEF67", "0412ac89abcdef67", ""},
		{"a PIN", "密码是834912605187", "834912605187", ""},
	}
}

// withCheckDigit ends a number as ISO/IEC 7812 wants it.
func withCheckDigit(number string) string {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return fmt.Sprintf("%s%d", number, (10-sum%10)%10)
}

// TestCardDataReachesNothing sends card data everywhere it could come in, and then looks for it in everything the
// program has written, said or answered.
func TestCardDataReachesNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUpWithCards(t)
	a := w.agent(t, "10000001")
	_, token, err := w.keys.Access.NewToken(t.Context(), access.Actor{Name: adminName}, "host", access.Feed)
	if err != nil {
		t.Fatal(err)
	}
	caseID := w.openCase(t, a.terminal, "收款应用卡死了，屏幕一直不动")
	command := w.order(t, a, caseID, "restart_app")
	for i, s := range secrets() {
		b := w.agent(t, fmt.Sprintf("2000%04d", i)) // one each, because the door lets a device say only so much
		b.tellCards(t, s)
		w.feedCards(t, token, i, s)
		w.typeCards(t, a.terminal, caseID, s)
		w.registerCards(t, a.terminal, s)
		a.progressCards(t, b, command.ID, s)
	}
	w.finishWithCards(t, caseID)
	w.readAll(t, a.terminal, caseID)
	if err := w.app.Stop(); err != nil { // everything under way comes to rest
		t.Fatal(err)
	}
	w.search(t)
}

// setUpWithCards tries to make a user who is called like a card before it makes the administrator.
func (w *town) setUpWithCards(t *testing.T) {
	t.Helper()
	_, token, _ := strings.Cut(w.app.SetupURL(), "#token=")
	for _, s := range secrets() {
		for _, name := range []string{s.sent, s.bare} {
			status, _ := w.call(t, http.MethodPost, "/api/v1/setup", map[string]string{"token": token, "name": name, "password": adminPassword})
			if status == http.StatusOK {
				t.Errorf("a user may be called like card data (%d characters)", len(name))
				return // he is the administrator now
			}
		}
	}
	w.setUp(t)
}

// tellCards puts a secret into every field of the messages that an agent sends.
func (a *agent) tellCards(t *testing.T, s secret) {
	t.Helper()
	now := time.Now()
	value, err := strconv.ParseFloat(s.bare, 64)
	if err != nil {
		value = 0 // not a number
	}
	report := map[string]any{
		"boot": "cards", "seq": 1, "at": now, "pan": s.sent, "x" + s.bare: s.sent,
		"readings": []map[string]any{
			{"name": "app_version", "text": s.sent, "at": now}, {"name": "uptime_s", "value": value, "at": now},
			{"name": "n" + s.bare, "value": 1, "at": now}, {"name": "track2", "text": s.sent},
		},
		"findings": []finding.Finding{
			{Variable: "screen_text", State: s.sent, At: now, Source: finding.Merchant, Detail: s.sent},
			{Variable: "screen_message", State: "other_text", At: now, Source: finding.TMS, Detail: "shown: " + s.sent + "!"},
			{Variable: "response_code", State: s.sent, At: now, Source: finding.TMS}, {Variable: "v" + s.bare, State: s.sent, At: now},
			{Variable: "app_state", State: s.sent, At: now, Source: finding.TMS}, {Variable: "app_state", State: "runs", Source: finding.Source(s.sent)},
		},
		"host": []map[string]any{
			{"at": now, "mti": "0200", "kind": "sale", "code": s.bare, "stan": "000001"}, {"at": now, "mti": s.bare, "kind": s.sent},
			{"at": now, "mti": "0200", "kind": "sale", "code": "00", "stan": s.bare, "rrn": s.bare, "pan": s.sent, "track2": s.sent},
		},
	}
	batch := map[string]any{"version": wire.Version, "sent_at": now, "reports": []any{report}, "note": s.sent}
	if status, answer := a.post(t, "/v1/reports", batch); status != http.StatusOK {
		t.Errorf("%s: %d %s", s.name, status, answer)
	}
	for _, broken := range []any{
		s.sent, map[string]any{"version": s.sent}, map[string]any{"version": wire.Version, "reports": s.sent},
		map[string]any{"version": wire.Version, "reports": []any{map[string]any{"boot": s.bare, "seq": 1, "at": s.sent}}},
		map[string]any{"version": wire.Version, "reports": []any{map[string]any{"boot": s.bare, "seq": 1, "at": now}}},
		map[string]any{"version": wire.Version, "reports": []any{map[string]any{"boot": s.sent, "seq": 1, "at": now}}},
	} {
		a.post(t, "/v1/reports", broken)
	}
	a.post(t, "/v1/enrol", wire.Enrol{Version: wire.Version, Code: s.sent, Serial: s.sent, Model: s.sent, App: s.sent})
	a.post(t, "/v1/none/"+s.bare, nil)
}

// progressCards puts a secret into what is said of a command, by its own agent and by another one.
func (a *agent) progressCards(t *testing.T, other *agent, command string, s secret) {
	t.Helper()
	now := time.Now()
	p := wire.Progress{ID: command, State: "running", At: now, Text: "said " + s.sent, Logs: "10:01 sale\n" + s.sent + "\n10:02 done",
		Proof:    map[string]string{"app_pid_after": s.sent, "n" + s.bare: "x", "note": "is " + s.sent},
		Findings: []finding.Finding{{Variable: "screen_text", State: s.sent, At: now, Source: finding.Probe, Detail: s.sent}}}
	if status, answer := a.post(t, "/v1/progress", p); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
	for _, broken := range []wire.Progress{p, {ID: s.sent, State: "done"}, {ID: command, State: s.sent}} {
		other.post(t, "/v1/progress", broken)
	}
}

// feedCards puts a secret into every field of a feed.
func (w *town) feedCards(t *testing.T, token string, i int, s secret) {
	t.Helper()
	now := time.Now()
	fed := fmt.Sprintf("fed%d", i)
	text := map[string]string{"zh": "公告 " + s.sent, "en": "notice " + s.sent}
	var lines [][]byte
	for n, line := range []map[string]any{
		{"message": map[string]any{"tid": s.bare, "kind": "sale", "code": "00", "stan": "000007"}},
		{"message": map[string]any{"tid": "10000001", "mid": s.bare, "kind": "sale", "code": s.bare, "rrn": s.bare, "pan": s.sent, "track2": s.sent, "pin": s.bare}},
		{"message": map[string]any{"tid": "10000001", "kind": s.sent}},
		{"notice": map[string]any{"id": fed, "kind": "outage", "scope": "area", "value": "south", "from": now, "text": text}},
		{"notice": map[string]any{"id": fed + "v", "kind": "outage", "scope": "area", "value": s.sent, "from": now, "text": text}},
		{"notice": map[string]any{"id": s.bare, "kind": "outage", "from": now, "text": text}},
		{"sim": map[string]any{"tid": s.bare, "state": s.sent}}, {"power": map[string]any{"area": s.sent, "on": false}},
	} {
		line["id"], line["at"], line["card"] = fmt.Sprintf("%s-%d", fed, n), now, s.sent
		lines = append(lines, marshal(t, line))
	}
	lines = append(lines, marshal(t, map[string]any{"id": s.bare, "at": now, "power": map[string]any{"area": "south", "on": true}}), []byte("{"+s.sent))
	if status, answer := w.send(t, w.browser, http.MethodPost, "/v1/feed", token, bytes.Join(lines, []byte("\n"))); status != http.StatusOK {
		t.Errorf("feed: %d %s", status, answer)
	}
	w.send(t, w.browser, http.MethodPost, "/v1/feed", s.bare, []byte("{}"))
}

// typeCards puts a secret into everything a person can type.
func (w *town) typeCards(t *testing.T, terminal, caseID string, s secret) {
	t.Helper()
	for _, words := range []string{"刷卡 " + s.sent + " 不成功，屏幕显示 " + s.sent, s.sent, "screen says " + s.sent} {
		if status, answer := w.call(t, http.MethodPost, "/api/v1/terminals/"+terminal+"/report", map[string]string{"text": words}); status != http.StatusOK {
			t.Errorf("report: %d %s", status, answer)
		}
	}
	for _, answer := range []map[string]string{
		{"variable": "screen_text", "state": s.sent}, {"variable": "response_code", "state": s.sent}, {"variable": "country", "state": s.sent},
		{"variable": "app_state", "state": s.sent}, {"variable": s.sent, "state": "yes"},
	} {
		w.call(t, http.MethodPost, "/api/v1/cases/"+caseID+"/answers", answer)
	}
	w.call(t, http.MethodPost, "/api/v1/cases/"+caseID+"/steps", map[string]string{"step": s.sent})
	w.call(t, http.MethodPost, "/api/v1/attempts/"+url.PathEscape(s.bare), map[string]any{"done": true, "text": s.sent})
	long := strings.Repeat("x", 60) + s.sent // more than a name may have: what was wrong must not be repeated
	for _, login := range []map[string]any{
		{"name": s.sent, "password": s.sent}, {"name": s.bare, "password": "wrong password"}, {"name": long, "password": s.sent},
		{"name": adminName, "password": 1, s.bare: s.sent}, {"name": []string{s.sent}, "password": s.sent},
	} {
		w.call(t, http.MethodPost, "/api/v1/session", login)
	}
	w.call(t, http.MethodPost, "/api/v1/session", []byte(`{"name":`+s.sent))
	query := url.QueryEscape(s.sent)
	for _, path := range []string{"terminals?q=" + query, "terminals?cursor=" + query, "terminals?limit=" + query, "terminals/" + url.PathEscape(s.sent),
		"cases/" + url.PathEscape(s.sent), url.PathEscape(s.sent)} {
		w.call(t, http.MethodGet, "/api/v1/"+path, nil)
	}
	w.call(t, http.MethodGet, "/"+url.PathEscape(s.sent), nil)
}

// finishWithCards ends the attempts of the case with words that hold secrets.
func (w *town) finishWithCards(t *testing.T, caseID string) {
	t.Helper()
	var words []string
	for _, s := range secrets() {
		words = append(words, s.sent)
	}
	status, answer := w.call(t, http.MethodPost, "/api/v1/cases/"+caseID+"/steps", map[string]string{"step": "restart_terminal"})
	attempts, err := w.keys.Attempts.OfCase(t.Context(), caseID)
	if err != nil {
		t.Fatal(err)
	}
	finished := 0
	for _, a := range attempts {
		if status, _ := w.call(t, http.MethodPost, "/api/v1/attempts/"+a.ID, map[string]any{"done": false, "text": strings.Join(words, "; ")}); status == http.StatusOK {
			finished++
		}
	}
	if finished == 0 {
		t.Errorf("no attempt took a text: %d %s", status, answer)
	}
}

// readAll asks the people's door for everything it shows.
func (w *town) readAll(t *testing.T, terminal, caseID string) {
	t.Helper()
	for _, path := range []string{"session", "about", "terminals", "terminals/" + terminal, "cases/" + caseID, "incidents", "merchants", "users", "tokens", "audit", "knowledge"} {
		if status, answer := w.call(t, http.MethodGet, "/api/v1/"+path, nil); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}

// search looks for every secret in the data folder, in what was logged and answered, and in what the bus tells whoever
// listens.
func (w *town) search(t *testing.T) {
	t.Helper()
	places := map[string][]byte{"log or answer": w.said.bytes(), "bus": w.told(t)}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		places[strings.TrimPrefix(path, w.dir)] = raw
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"/posmedic.db", "bus", "log or answer"} {
		if len(places[must]) == 0 {
			t.Errorf("%s is empty: this test looked at nothing", must)
		}
	}
	for place, raw := range places {
		text := plain(raw)
		for _, s := range secrets() {
			if at := bytes.Index(text, []byte(s.needle)); at >= 0 {
				t.Errorf("%s is in %s: …%q…", s.name, place, text[max(0, at-160):min(len(text), at+60)])
			}
		}
	}
}

// plain writes full-width digits as ASCII, letters small, and leaves out what may stand between groups of digits.
func plain(raw []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case strings.ContainsRune(" -　\u200b\u00a0", r):
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, raw)
}

// told gives all events on the bus, as a new listener gets them.
func (w *town) told(t *testing.T) []byte {
	t.Helper()
	b, err := bus.Start(t.Context(), bus.Config{Dir: filepath.Join(w.dir, "events"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	all, last := &record{}, make(chan struct{}, 1)
	end := event.New("test.end", time.Now(), "", "", nil)
	err = b.Handle(t.Context(), "secrets-test", []event.Kind{">"}, func(_ context.Context, e event.Event) error {
		_, _ = all.Write(append(marshal(t, e), '\n'))
		if e.ID == end.ID {
			last <- struct{}{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.PublishEvents(t.Context(), []event.Event{end}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-last:
	case <-time.After(20 * time.Second):
		t.Error("the bus does not tell everything")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	return all.bytes()
}

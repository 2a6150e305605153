package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/wire"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// sink keeps records as the stage does: each id once.
type sink struct {
	mu      sync.Mutex
	records []observe.Record
	ids     map[string]bool
	err     error
}

func (s *sink) Accept(_ context.Context, records []observe.Record) (observe.Taken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken observe.Taken
	if s.err != nil {
		return taken, s.err
	}
	for _, r := range records {
		if s.ids[r.ID] {
			taken.Duplicate++
			continue
		}
		s.ids[r.ID] = true
		s.records = append(s.records, r)
		taken.Accepted++
	}
	return taken, nil
}

type tokens map[string]string

func (t tokens) Scope(_ context.Context, token string) (string, error) {
	scope, ok := t[token]
	if !ok {
		return "", problem.New(problem.NotFound, "access.token", lang.Text{ZH: "没有", EN: "none"})
	}
	return scope, nil
}

// door is one with its sink behind it and its log beside it.
type door struct {
	t    *testing.T
	sink *sink
	log  bytes.Buffer
	http http.Handler
}

func setup(t *testing.T) *door {
	t.Helper()
	t.Parallel()
	d := &door{t: t, sink: &sink{ids: map[string]bool{}}}
	d.http = Handler(Deps{Tokens: tokens{"good": "feed", "reader": "read"}, Sink: d.sink, Now: func() time.Time { return noon },
		Log:   slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Known: func(variable, state string) bool { return variable == "sim_account" && state == "data_used_up" }})
	return d
}

func (d *door) post(token, body string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, "/v1/feed", strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	d.http.ServeHTTP(w, r)
	return w
}

// takes posts lines and wants an answer.
func (d *door) takes(body string) Answer {
	d.t.Helper()
	w := d.post("good", body)
	var a Answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		d.t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	return a
}

func (d *door) refuses(w *httptest.ResponseRecorder, status int, code string) {
	d.t.Helper()
	var p wire.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != status || p.Code != code || p.Text.ZH == "" {
		d.t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	if len(d.sink.records) != 0 {
		d.t.Fatalf("something got in: %v", d.sink.records)
	}
}

func message(id, tid string) string {
	return fmt.Sprintf(`{"id":%q,"at":"2026-11-23T11:59:00Z","message":{"tid":%q,"mid":"898310148160568","mti":"0200","kind":"sale","code":"00","stan":"000007","rrn":"123456789012","ms":80}}`, id, tid)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"no token is unauthorized":                {"", 401, "feed.token"},
		"an unknown token is unauthorized":        {"bad", 401, "feed.token"},
		"an endless token is unauthorized":        {strings.Repeat("x", 10_000), 401, "feed.token"},
		"a token for something else is forbidden": {"reader", 403, "feed.scope"},
	} {
		t.Run(name, func(t *testing.T) {
			d := setup(t)
			d.refuses(d.post(c.token, message("a", "10000001")), c.status, c.code)
		})
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	t.Run("every kind of record is taken as it is meant", func(t *testing.T) {
		d := setup(t)
		a := d.takes(strings.Join([]string{message("m", "10000001"),
			`{"id":"n","at":"2026-11-23T11:00:00Z","notice":{"id":"n7","kind":"maintenance","scope":"host","value":"H1","from":"2026-11-23T13:00:00Z","until":"2026-11-23T14:00:00Z","text":{"zh":"维护","en":"maintenance"}}}`,
			`{"id":"e","at":"2026-11-23T11:30:00Z","notice":{"id":"n6","kind":"end"}}`,
			"", `{"id":"s","at":"2026-11-23T11:00:00Z","sim":{"tid":"10000001","state":"data_used_up"}}`,
			`{"id":"p","at":"2026-11-23T11:00:00Z","type":"area_power","power":{"area":"north","on":false}}`}, "\r\n"))
		if a.Accepted != 5 || len(a.Refused) != 0 {
			t.Fatalf("got %+v", a)
		}
		r := d.sink.records
		if *r[0].Message != (observe.HostMessage{TID: "10000001", Kind: observe.Sale, Code: "00", STAN: "000007", RRN: "123456789012"}) {
			t.Errorf("got %+v", r[0].Message)
		}
		if n := r[1].Notice; n.Kind != "maintenance" || n.Scope != "host" || n.Value != "H1" || n.Until.Sub(n.From) != time.Hour || n.Text.ZH != "维护" {
			t.Errorf("got %+v", n)
		}
		if n := r[2].Notice; n.ID != "n6" || n.Covers(nil, noon) || n.Until.IsZero() {
			t.Errorf("got %+v", n)
		}
		if r[3].SIM.State != "data_used_up" || r[4].Power.Area != "north" || r[4].Power.On {
			t.Errorf("got %+v %+v", r[3].SIM, r[4].Power)
		}
	})
	t.Run("a record is taken once, in one post and in two", func(t *testing.T) {
		d := setup(t)
		first := d.takes(message("a", "10000001") + "\n" + message("a", "10000001"))
		second := d.takes(message("a", "10000001") + "\n" + message("b", "10000001"))
		if first.Accepted != 1 || first.Duplicate != 1 || second.Accepted != 1 || second.Duplicate != 1 || len(d.sink.records) != 2 {
			t.Fatalf("got %+v %+v", first, second)
		}
	})
	t.Run("a time from the future is now", func(t *testing.T) {
		d := setup(t)
		d.takes(strings.Replace(message("a", "10000001"), "2026-11-23", "2027-11-23", 1))
		if !d.sink.records[0].At.Equal(noon) {
			t.Fatalf("got %v", d.sink.records[0].At)
		}
	})
	t.Run("messages of other kinds are left aside", func(t *testing.T) {
		d := setup(t)
		if a := d.takes(strings.Replace(message("a", "10000001"), "sale", "settlement", 1)); a.Ignored != 1 || len(d.sink.records) != 0 {
			t.Fatalf("got %+v", a)
		}
	})
	t.Run("a bad line is named and the others are taken", func(t *testing.T) {
		d := setup(t)
		a := d.takes("{\n" + message("a", "10000001") + "\n" + message("b", "not a tid"))
		if a.Accepted != 1 || len(a.Refused) != 2 || a.Refused[0].Line != 1 || a.Refused[1].Line != 3 || a.Refused[1].ID != "b" {
			t.Fatalf("got %+v", a)
		}
	})
	pan := "4111" + strings.Repeat("1", 12)
	for name, c := range map[string]struct{ line, code string }{
		"no id is refused":                     {`{"at":"2026-11-23T11:00:00Z","power":{"area":"a"}}`, codeShape},
		"a card number as id is refused":       {message(pan, "10000001"), codeShape},
		"a card number as terminal is refused": {message("a", pan), codeCard},
		"an old record is refused":             {strings.Replace(message("a", "1"), "2026-11-23", "2026-09-23", 1), codeOld},
		"a record without a time is refused":   {`{"id":"a","power":{"area":"a"}}`, codeOld},
		"a record of nothing is refused":       {`{"id":"a","at":"2026-11-23T11:00:00Z"}`, codeParts},
		"a record of two things is refused":    {`{"id":"a","at":"2026-11-23T11:00:00Z","power":{"area":"a"},"sim":{}}`, codeParts},
		"an unknown SIM state is refused":      {`{"id":"a","at":"2026-11-23T11:00:00Z","sim":{"tid":"1","state":"happy"}}`, codeSIM},
		"an unknown notice is refused":         {`{"id":"a","at":"2026-11-23T11:00:00Z","notice":{"id":"n","kind":"party"}}`, codeNotice},
		"a notice that ends first is refused":  {`{"id":"a","at":"2026-11-23T11:00:00Z","notice":{"id":"n","kind":"outage","from":"2026-11-23T11:00:00Z","until":"2026-11-22T11:00:00Z"}}`, codeNotice},
		"power of nowhere is refused":          {`{"id":"a","at":"2026-11-23T11:00:00Z","power":{"on":true}}`, codePower},
		"an endless line is refused":           {`{"id":"a","x":"` + strings.Repeat("x", maxLine) + `"}`, codeLong},
	} {
		t.Run(name, func(t *testing.T) {
			d := setup(t)
			w := d.post("good", c.line)
			var a Answer
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || len(a.Refused) != 1 || a.Refused[0].Code != c.code || len(d.sink.records) != 0 {
				t.Fatalf("%s %v", w.Body, err)
			}
			if strings.Contains(w.Body.String()+d.log.String(), pan) {
				t.Fatal("the card number comes back")
			}
		})
	}
	t.Run("a card number in a text for people is masked", func(t *testing.T) {
		d := setup(t)
		d.takes(`{"id":"a","at":"2026-11-23T11:00:00Z","notice":{"id":"n","kind":"outage","text":{"zh":"卡` + pan + `","en":"card ` + pan + `"}}}`)
		n := d.sink.records[0].Notice
		if strings.Contains(n.Text.ZH+n.Text.EN, pan) || !strings.HasPrefix(n.Text.EN, "card ") {
			t.Fatalf("got %+v", n.Text)
		}
	})
}

func TestBounds(t *testing.T) {
	t.Parallel()
	t.Run("too many lines are refused whole", func(t *testing.T) {
		d := setup(t)
		d.refuses(d.post("good", strings.Repeat("{}\n", MaxLines+1)), 413, "feed.too_large")
	})
	t.Run("too many bytes are refused whole", func(t *testing.T) {
		d := setup(t)
		d.refuses(d.post("good", strings.Repeat(" ", MaxBytes+1)), 413, "feed.too_large")
	})
	t.Run("refusals are counted beyond those named", func(t *testing.T) {
		d := setup(t)
		if a := d.takes(strings.Repeat("{}\n", maxRefused+7)); len(a.Refused) != maxRefused || a.More != 7 {
			t.Fatalf("got %d and %d", len(a.Refused), a.More)
		}
	})
	t.Run("a store that fails acknowledges nothing and shows nothing of its words", func(t *testing.T) {
		d := setup(t)
		d.sink.err = errors.New("secret path")
		w := d.post("good", message("a", "10000001"))
		d.refuses(w, 500, "internal")
		if strings.Contains(w.Body.String(), "secret") {
			t.Fatal(w.Body)
		}
	})
	t.Run("a store that is busy asks to come again", func(t *testing.T) {
		d := setup(t)
		d.sink.err = observe.ErrBusy
		w := d.post("good", message("a", "10000001"))
		d.refuses(w, 503, "observe.busy")
		if w.Header().Get("Retry-After") == "" {
			t.Fatal("it does not say when")
		}
	})
}

// FuzzLine throws lines at the reader: what is taken has one part, an id, and a time within what we keep.
func FuzzLine(f *testing.F) {
	f.Add([]byte(message("a", "10000001")))
	f.Add([]byte(`{"id":"n","at":"2026-11-23T11:00:00Z","notice":{"id":"n7","kind":"end"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, no := parse(raw, noon, func(string, string) bool { return true })
		if no != nil {
			if no.Code == "" || no.Text == "" {
				t.Fatalf("%+v", no)
			}
			return
		}
		parts := 0
		for _, there := range []bool{r.Message != nil, r.Notice != nil, r.SIM != nil, r.Power != nil} {
			if there {
				parts++
			}
		}
		if parts != 1 || r.ID == "" || r.At.After(noon) || r.At.Before(noon.Add(-wire.MaxReportAge)) {
			t.Fatalf("%+v", r)
		}
	})
}

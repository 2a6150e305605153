// Package feed is the door for what other systems see of terminals: the acquirer's host (sales, sign-ins, response
// codes), a carrier (SIM contracts), a utility (power in an area), and whoever announces maintenance and outages.
//
// Records come as NDJSON over POST, one JSON object a line, with an integration token. Every line has an id of the
// sender's own, under which it is taken once, and exactly one of the parts message, notice, sim and power:
//
//	{"id":"h1-42","at":"2026-11-23T09:00:00Z","message":{"tid":"10000001","kind":"sale","code":"00","stan":"000007"}}
//	{"id":"h1-43","at":"…","notice":{"id":"n7","kind":"maintenance","scope":"host","value":"H1","from":"…","until":"…","text":{"zh":"…","en":"…"}}}
//	{"id":"c1-44","at":"…","sim":{"tid":"10000001","state":"data_used_up"}}
//	{"id":"p1-45","at":"…","power":{"area":"north","on":false}}
//
// The answer comes after everything is durable, and names the lines that were not taken; the others are taken all the
// same. Card data is refused in words and masked in texts. Fields that this version does not know are ignored.
package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/wire"
)

// Bounds of what is taken at once.
const (
	MaxBytes   = 4 << 20
	MaxLines   = 2000
	maxLine    = 8 << 10
	maxRefused = 100 // lines named in one answer; more are only counted
	maxToken   = 256
)

// Scope is what a token must be good for.
const Scope = "feed"

// Tokens knows the integration tokens: Scope answers what a token is good for, and Unauthorized or NotFound for one
// that is unknown or revoked.
type Tokens interface {
	Scope(ctx context.Context, token string) (string, error)
}

// Sink takes the records. It returns without an error only after they are durable; the same record may come again and
// is then a duplicate. observe.Observe is one.
type Sink interface {
	Accept(ctx context.Context, records []observe.Record) (observe.Taken, error)
}

// Deps is what the door needs; Now may be nil.
type Deps struct {
	Tokens Tokens
	Sink   Sink
	Known  func(variable, state string) bool // the pack's vocabulary
	Log    *slog.Logger
	Now    func() time.Time
}

// Answer says what became of a post.
type Answer struct {
	Accepted  int       `json:"accepted"`
	Duplicate int       `json:"duplicate"`
	Unknown   int       `json:"unknown"` // they speak of terminals that are not in the register
	Ignored   int       `json:"ignored"` // messages of kinds that are not observed
	Refused   []Refusal `json:"refused,omitempty"`
	More      int       `json:"more_refused,omitempty"` // refused beside those named
}

// Refusal says which line was not taken and why. The other lines of the post are not touched by it.
type Refusal struct {
	Line int    `json:"line"`
	ID   string `json:"id,omitempty"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// The door's own problems.
var (
	ErrToken = problem.New(problem.Unauthorized, "feed.token", lang.Text{ZH: "接口令牌无效", EN: "the integration token is not valid"}).
			WithHint(lang.Text{ZH: "请在控制台生成接口令牌，放在 Authorization: Bearer 中", EN: "make an integration token in the console and send it as Authorization: Bearer"})
	ErrScope = problem.New(problem.Forbidden, "feed.scope", lang.Text{ZH: "该令牌不能上送数据", EN: "this token may not deliver a feed"})
	ErrLarge = problem.New(problem.TooLarge, "feed.too_large", lang.Text{ZH: "一次上送的内容太多", EN: "too much in one post"}).
			WithHint(lang.Text{ZH: "每次最多2000行、4 MiB", EN: "send at most 2,000 lines and 4 MiB at once"})
	errBody = problem.New(problem.Invalid, "feed.body", lang.Text{ZH: "内容没有完整收到", EN: "the body did not arrive whole"})
)

// Handler makes the door for POST /v1/feed.
func Handler(deps Deps) http.Handler {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := deps.take(w, r)
		if err != nil {
			deps.refuse(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		write(w, answer)
	})
}

// write writes an answer. If the caller is gone there is nobody to tell.
func write(w io.Writer, v any) { _ = json.NewEncoder(w).Encode(v) }

func (d Deps) take(w http.ResponseWriter, r *http.Request) (Answer, error) {
	if err := d.authorize(r); err != nil {
		return Answer{}, err
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return Answer{}, ErrLarge
	case err != nil:
		return Answer{}, errBody.Because(err)
	}
	records, answer, err := d.read(raw)
	if err != nil {
		return Answer{}, err
	}
	if len(records) == 0 {
		return answer, nil
	}
	taken, err := d.Sink.Accept(r.Context(), records)
	if err != nil {
		return Answer{}, err
	}
	answer.Accepted, answer.Unknown = taken.Accepted, taken.Unknown
	answer.Duplicate += taken.Duplicate
	return answer, nil
}

// authorize wants a token that may feed.
func (d Deps) authorize(r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token = strings.TrimSpace(token); !ok || token == "" || len(token) > maxToken {
		return ErrToken
	}
	scope, err := d.Tokens.Scope(r.Context(), token)
	switch {
	case err != nil && problem.Of(err).Kind == problem.Internal:
		return err
	case err != nil:
		return ErrToken.Because(err)
	case scope != Scope:
		return ErrScope
	}
	return nil
}

// read takes the lines apart. An id that comes twice in one post is taken once.
func (d Deps) read(raw []byte) (records []observe.Record, answer Answer, err error) {
	now, seen, number, lines := d.Now(), map[string]bool{}, 0, 0
	for line := range bytes.Lines(raw) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if lines++; lines > MaxLines {
			return nil, Answer{}, ErrLarge
		}
		record, no := parse(line, now, d.Known)
		switch {
		case no != nil:
			no.Line = number
			answer.refuse(*no)
		case !observed(record):
			answer.Ignored++
		case seen[record.ID]:
			answer.Duplicate++
		default:
			seen[record.ID] = true
			records = append(records, record)
		}
	}
	return records, answer, nil
}

func (a *Answer) refuse(no Refusal) {
	if len(a.Refused) == maxRefused {
		a.More++
		return
	}
	a.Refused = append(a.Refused, no)
}

// refuse writes an error as a problem and logs what is our own fault.
func (d Deps) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problem.Of(err)
	id := ident.New("err")
	level := slog.LevelInfo
	if p.Kind == problem.Internal {
		level = slog.LevelError
	}
	d.Log.Log(r.Context(), level, "feed refused", "id", id, "code", p.Code, "err", err)
	w.Header().Set("Content-Type", wire.ProblemType)
	if p.Kind == problem.Unavailable || p.Kind == problem.TooMany {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.Kind.Status())
	write(w, wire.Problem{Type: "urn:posmedic:problem:" + p.Code, Title: string(p.Kind), Status: p.Kind.Status(),
		Detail: id, Code: p.Code, Text: p.Text, Hint: p.Hint})
}

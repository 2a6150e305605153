package console

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// cookieName holds the session. It is a host cookie in all but the prefix, which plain HTTP on loopback forbids.
const cookieName = "posmedic_session"

// writeHeader must be on every write: a page of another origin cannot set it without asking first.
const writeHeader = "X-Posmedic"

// maxBody bounds what people send, but for what an operation asks for itself.
const maxBody = 64 << 10

type callerKey struct{}

// caller is who is calling; the zero User is nobody.
type caller struct {
	user    access.User
	session string
	token   string // of a program that may read
	from    string
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

func (c caller) actor() access.Actor { return access.Actor{Name: c.user.Name, From: c.from} }

// protect finds out who calls, bounds what is sent, and says to browsers what a page may do.
func (d *Door) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		browserRules(w.Header())
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if !readsOnly(r) && r.Header.Get(writeHeader) == "" {
			writeProblem(w, d, errCrossSite)
			return
		}
		c, err := d.identify(r)
		if err != nil {
			writeProblem(w, d, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r, c))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// identify finds out who calls: a person by the session's cookie, or a program by a token. Nobody is no error.
func (d *Door) identify(r *http.Request) (caller, error) {
	c := caller{from: address(r)}
	if cookie, err := r.Cookie(cookieName); err == nil && cookie.Value != "" {
		c.session = cookie.Value
	} else if secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && readsOnly(r) {
		c.token = strings.TrimSpace(secret)
	}
	var err error
	c.user, err = d.who(r.Context(), c)
	if errors.Is(err, access.ErrSignedOut) {
		err = nil
	}
	return c, err
}

// who gives the user of a caller, who is still the same as long as this gives no error. A program with a token that
// may read sees what a viewer sees; other tokens are good for nothing here.
func (d *Door) who(ctx context.Context, c caller) (access.User, error) {
	switch {
	case c.session != "":
		return d.Access.Session(ctx, c.session)
	case c.token != "":
		t, err := d.Staff.Token(ctx, c.token)
		if err != nil {
			return access.User{}, err
		}
		if t.Scope != access.Read {
			return access.User{}, access.ErrSignedOut
		}
		return access.User{ID: t.ID, Name: "token " + t.Label, Role: access.Viewer}, nil
	default:
		return access.User{}, access.ErrSignedOut
	}
}

func readsOnly(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// bodyLimit is how much this caller may send: a sheet only when he is somebody.
func bodyLimit(r *http.Request, c caller) int64 {
	if r.URL.Path == importPath && c.user.Name != "" {
		return fleet.MaxSheetBytes
	}
	return maxBody
}

// browserRules say what a page of ours may do: run our own scripts and talk to us, nothing else.
func browserRules(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "+
		"connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

var errCrossSite = problem.New(problem.Forbidden, "console.cross_site",
	lang.Text{ZH: "请求缺少 X-Posmedic 头", EN: "the request lacks the header X-Posmedic"}).
	WithHint(lang.Text{ZH: "请从本系统的页面操作；程序调用时加上 X-Posmedic: 1", EN: "use this system's own pages; a program adds X-Posmedic: 1"})

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// public marks operations that need no session.
const public access.Action = ""

// register adds an operation whose handler runs only when the caller's role is trusted with the action. Errors become
// problem details here and nowhere else.
func register[I, O any](d *Door, op huma.Operation, action access.Action, handle func(context.Context, *I) (*O, error)) {
	op.DefaultStatus = http.StatusOK
	op.MaxBodyBytes = cmp.Or(op.MaxBodyBytes, maxBody)
	huma.Register(d.api, op, func(ctx context.Context, in *I) (*O, error) {
		if action != public {
			c := callerOf(ctx)
			if c.user.Name == "" {
				return nil, d.refuse(ctx, access.ErrSignedOut)
			}
			if err := c.user.Require(action); err != nil {
				return nil, d.refuse(ctx, err)
			}
		}
		out, err := handle(ctx, in)
		if err != nil {
			return nil, d.refuse(ctx, err)
		}
		return out, nil
	})
}

// Problem is an RFC 9457 problem detail with posmedic's members beside the standard's: a code for programs, the text and
// a hint in both languages, and an id that the log carries too.
type Problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Code   string    `json:"code"`
	Text   lang.Text `json:"text"`
	Hint   lang.Text `json:"hint"`
	ID     string    `json:"id"`
}

func (p *Problem) Error() string { return p.Code }

// GetStatus is what the API library asks for.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is what the API library asks for.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func described(e *problem.Error) *Problem {
	return &Problem{Type: "about:blank", Title: e.Text.EN, Text: e.Text, Status: e.Kind.Status(), Code: e.Code, Hint: e.Hint, ID: ident.New("err")}
}

// refuse turns an error into what the caller may read, and logs what he may not.
func (d *Door) refuse(ctx context.Context, err error) *Problem {
	p := described(problem.Of(err))
	if p.Status >= http.StatusInternalServerError {
		d.Log.ErrorContext(ctx, "console", "id", p.ID, "error", err)
	}
	return p
}

// withoutInput takes what the caller has sent out of the answers to input that breaks a rule: it may be card data or a
// password in the wrong field. Which field and which rule it was stays.
func withoutInput(_ huma.Context, _ string, body any) (any, error) {
	refused, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	for _, detail := range refused.Errors {
		detail.Value = nil
		detail.Location, _ = carddata.Scrub(detail.Location)
		detail.Message, _ = carddata.Scrub(detail.Message)
	}
	return inputProblem(refused), nil
}

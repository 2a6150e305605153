package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

func writeProblem(w http.ResponseWriter, d *Door, err error) {
	write(w, d.refuse(context.Background(), err))
}

// Refuse answers with a problem before there is a door: while the program starts, or where no operation is.
func Refuse(w http.ResponseWriter, err error) { write(w, described(problem.Of(err))) }

func write(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller is gone when this fails
}

// SessionView says who is signed in.
type SessionView struct {
	User  *UserView `json:"user"`
	Setup bool      `json:"setup" doc:"no user exists yet: the one-time link makes the first"`
}

// UserView is a user as he sees himself.
type UserView struct {
	Name string      `json:"name"`
	Role access.Role `json:"role" enum:"viewer,agent,operator,admin"`

	May []access.Action `json:"may" doc:"what the role is trusted with; the rest is refused, so a page need not offer it"`
}

func viewOf(u access.User) *UserView {
	return &UserView{Name: u.Name, Role: u.Role, May: u.Role.Actions()}
}

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      SessionView
}

type loginInput struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

type setupInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"256"`
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

// AboutView says what runs.
type AboutView struct {
	Version string            `json:"version"`
	Pack    pack.Ref          `json:"pack"`
	Refused map[string]uint64 `json:"refused" doc:"what the agents' door has refused or put right since the start, by code"`
}

func (d *Door) sessionRoutes() {
	register(d, huma.Operation{OperationID: "session", Method: http.MethodGet, Path: "/api/v1/session", Summary: "who is signed in"},
		public, d.session)
	register(d, huma.Operation{OperationID: "login", Method: http.MethodPost, Path: "/api/v1/session", Summary: "sign in"},
		public, d.login)
	register(d, huma.Operation{OperationID: "logout", Method: http.MethodDelete, Path: "/api/v1/session", Summary: "sign out"},
		public, d.logout)
	register(d, huma.Operation{OperationID: "setup", Method: http.MethodPost, Path: "/api/v1/setup",
		Summary: "make the first user, with the one-time link"}, public, d.setup)
	register(d, huma.Operation{OperationID: "about", Method: http.MethodGet, Path: "/api/v1/about", Summary: "what runs"},
		access.SeeFleet, func(context.Context, *struct{}) (*struct{ Body AboutView }, error) {
			return &struct{ Body AboutView }{AboutView{
				Version: d.Version, Pack: d.Pack().Ref, Refused: d.Refused(),
			}}, nil
		})
}

func (d *Door) session(ctx context.Context, _ *struct{}) (*struct{ Body SessionView }, error) {
	out := &struct{ Body SessionView }{}
	if c := callerOf(ctx); c.user.Name != "" {
		out.Body.User = viewOf(c.user)
		return out, nil
	}
	var err error
	out.Body.Setup, err = d.Access.NeedsSetup(ctx)
	return out, err
}

func (d *Door) login(ctx context.Context, in *loginInput) (*sessionOutput, error) {
	user, session, err := d.Access.Login(ctx, in.Body.Name, in.Body.Password, callerOf(ctx).from)
	if err != nil {
		return nil, err
	}
	return d.signedIn(session, user), nil
}

func (d *Door) setup(ctx context.Context, in *setupInput) (*sessionOutput, error) {
	user, session, err := d.Access.CompleteSetup(ctx, in.Body.Token, in.Body.Name, in.Body.Password, callerOf(ctx).from)
	if err != nil {
		return nil, err
	}
	return d.signedIn(session, user), nil
}

func (d *Door) signedIn(session string, user access.User) *sessionOutput {
	return &sessionOutput{
		SetCookie: d.cookie(session, access.SessionMax),
		Body:      SessionView{User: viewOf(user)},
	}
}

func (d *Door) logout(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	if c := callerOf(ctx); c.session != "" {
		if err := d.Access.Logout(ctx, c.actor(), c.session); err != nil {
			return nil, err
		}
	}
	return &sessionOutput{SetCookie: d.cookie("", -time.Second)}, nil
}

func (d *Door) cookie(value string, age time.Duration) http.Cookie {
	return http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.Secure,
	}
}

package console

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/posmedic/posmedic/internal/access"
)

// Staff is what the door asks the access room about users, tokens and the audit trail. Each change writes its own line
// into the trail, in the same transaction.
type Staff interface {
	Users(ctx context.Context) ([]access.User, error)
	CreateUser(ctx context.Context, by access.Actor, name, password string, role access.Role) (access.User, error)
	SetRole(ctx context.Context, by access.Actor, id string, role access.Role) error
	Disable(ctx context.Context, by access.Actor, id string) error
	Enable(ctx context.Context, by access.Actor, id string) error
	SetPassword(ctx context.Context, by access.Actor, id, password string) error
	Tokens(ctx context.Context) ([]access.Token, error)
	NewToken(ctx context.Context, by access.Actor, label string, scope access.Scope) (access.Token, string, error)
	Token(ctx context.Context, secret string) (access.Token, error)
	RevokeToken(ctx context.Context, by access.Actor, id string) error
	Trail(ctx context.Context, cursor string, limit int) (page []access.Record, next string, err error)
}

type newUserInput struct {
	Body struct {
		Name     string      `json:"name" maxLength:"256"`
		Password string      `json:"password" maxLength:"1024"`
		Role     access.Role `json:"role" enum:"viewer,agent,operator,admin"`
	}
}

type roleInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Role access.Role `json:"role" enum:"viewer,agent,operator,admin"`
	}
}

type disabledInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Disabled bool `json:"disabled"`
	}
}

type passwordInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

type newTokenInput struct {
	Body struct {
		Label string       `json:"label" maxLength:"256" doc:"who will hold it"`
		Scope access.Scope `json:"scope" enum:"feed,read" doc:"feed: may deliver what other systems see; read: may read this API"`
	}
}

type tokenInput struct {
	ID string `path:"id" maxLength:"64"`
}

type trailInput struct {
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// NewTokenView is a fresh token with its secret, which is never shown again.
type NewTokenView struct {
	access.Token
	Secret string `json:"secret"`
}

// UserPage lists users.
type UserPage struct {
	Rows []access.User `json:"rows"`
}

// TokenPage lists tokens, without their secrets.
type TokenPage struct {
	Rows []access.Token `json:"rows"`
}

// TrailPage is a page of the audit trail, newest first.
type TrailPage struct {
	Rows []access.Record `json:"rows"`
	Next string          `json:"next,omitempty"` // cursor of the next page; empty: the last
}

func (d *Door) peopleRoutes() {
	register(d, huma.Operation{OperationID: "list-users", Method: http.MethodGet, Path: "/api/v1/users",
		Summary: "users by name"}, access.ManageUsers, d.listUsers)
	register(d, huma.Operation{OperationID: "create-user", Method: http.MethodPost, Path: "/api/v1/users",
		Summary: "add a user"}, access.ManageUsers, d.createUser)
	register(d, huma.Operation{OperationID: "set-role", Method: http.MethodPut, Path: "/api/v1/users/{id}/role",
		Summary: "give a user another role"}, access.ManageUsers, d.setRole)
	register(d, huma.Operation{OperationID: "disable-user", Method: http.MethodPut, Path: "/api/v1/users/{id}/disabled",
		Summary: "lock a user out, or let him in again"}, access.ManageUsers, d.disableUser)
	register(d, huma.Operation{OperationID: "set-password", Method: http.MethodPut, Path: "/api/v1/users/{id}/password",
		Summary: "replace a user's password; it ends his sessions"}, access.ManageUsers, d.setPassword)
	register(d, huma.Operation{OperationID: "list-tokens", Method: http.MethodGet, Path: "/api/v1/tokens",
		Summary: "integration tokens, newest first"}, access.ManageTokens, d.listTokens)
	register(d, huma.Operation{OperationID: "create-token", Method: http.MethodPost, Path: "/api/v1/tokens",
		Summary: "make an integration token; its secret is shown this once"}, access.ManageTokens, d.createToken)
	register(d, huma.Operation{OperationID: "revoke-token", Method: http.MethodDelete, Path: "/api/v1/tokens/{id}",
		Summary: "take an integration token out of use"}, access.ManageTokens, d.revokeToken)
	register(d, huma.Operation{OperationID: "audit-trail", Method: http.MethodGet, Path: "/api/v1/audit",
		Summary: "who did what, newest first"}, access.SeeAudit, d.trail)
}

func (d *Door) listUsers(ctx context.Context, _ *struct{}) (*struct{ Body UserPage }, error) {
	list, err := d.Staff.Users(ctx)
	if list == nil {
		list = []access.User{}
	}
	return &struct{ Body UserPage }{UserPage{Rows: list}}, err
}

func (d *Door) createUser(ctx context.Context, in *newUserInput) (*struct{ Body access.User }, error) {
	u, err := d.Staff.CreateUser(ctx, callerOf(ctx).actor(), in.Body.Name, in.Body.Password, in.Body.Role)
	return &struct{ Body access.User }{u}, err
}

func (d *Door) setRole(ctx context.Context, in *roleInput) (*struct{}, error) {
	return &struct{}{}, d.Staff.SetRole(ctx, callerOf(ctx).actor(), in.ID, in.Body.Role)
}

func (d *Door) disableUser(ctx context.Context, in *disabledInput) (*struct{}, error) {
	if in.Body.Disabled {
		return &struct{}{}, d.Staff.Disable(ctx, callerOf(ctx).actor(), in.ID)
	}
	return &struct{}{}, d.Staff.Enable(ctx, callerOf(ctx).actor(), in.ID)
}

func (d *Door) setPassword(ctx context.Context, in *passwordInput) (*struct{}, error) {
	return &struct{}{}, d.Staff.SetPassword(ctx, callerOf(ctx).actor(), in.ID, in.Body.Password)
}

func (d *Door) listTokens(ctx context.Context, _ *struct{}) (*struct{ Body TokenPage }, error) {
	list, err := d.Staff.Tokens(ctx)
	if list == nil {
		list = []access.Token{}
	}
	return &struct{ Body TokenPage }{TokenPage{Rows: list}}, err
}

func (d *Door) createToken(ctx context.Context, in *newTokenInput) (*struct{ Body NewTokenView }, error) {
	t, secret, err := d.Staff.NewToken(ctx, callerOf(ctx).actor(), in.Body.Label, in.Body.Scope)
	return &struct{ Body NewTokenView }{NewTokenView{Token: t, Secret: secret}}, err
}

func (d *Door) revokeToken(ctx context.Context, in *tokenInput) (*struct{}, error) {
	return &struct{}{}, d.Staff.RevokeToken(ctx, callerOf(ctx).actor(), in.ID)
}

func (d *Door) trail(ctx context.Context, in *trailInput) (*struct{ Body TrailPage }, error) {
	page, next, err := d.Staff.Trail(ctx, in.Cursor, in.Limit)
	if page == nil {
		page = []access.Record{}
	}
	return &struct{ Body TrailPage }{TrailPage{Rows: page, Next: next}}, err
}

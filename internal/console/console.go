package console

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/console/consolesql"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/pack"
)

// Access is what the door asks the access room.
type Access interface {
	NeedsSetup(ctx context.Context) (bool, error)
	CompleteSetup(ctx context.Context, token, name, password, from string) (user access.User, session string, err error)
	Login(ctx context.Context, name, password, from string) (user access.User, session string, err error)
	Session(ctx context.Context, session string) (access.User, error)
	Logout(ctx context.Context, by access.Actor, session string) error
	Audit(ctx context.Context, by access.Actor, what, target string) error
}

// Fleet is what the pages read of the register, and the code they may make.
type Fleet interface {
	Get(ctx context.Context, terminal string) (fleet.Listed, error)
	NewEnrolment(ctx context.Context, terminal, by string) (code string, expires time.Time, err error)
}

// Cases is what the pages read of the case file.
type Cases interface {
	Get(ctx context.Context, id string) (casefile.Case, error)
	OpenOf(ctx context.Context, terminal string) (casefile.Case, bool, error)
	Past(ctx context.Context, terminal string, limit int) ([]casefile.Case, error) // closed ones, newest first
	Timeline(ctx context.Context, caseID string, after int64, limit int) ([]casefile.Entry, error)
	Note(ctx context.Context, entry casefile.Entry) error
}

// Loop is what people tell the stages.
type Loop interface {
	Evidence(ctx context.Context, terminal string) (observe.Evidence, error)
	Say(ctx context.Context, terminal string, findings []finding.Finding) error
	Call(ctx context.Context, terminal string) error
	Skip(ctx context.Context, caseID, variable, who string) error // "don't know"
	Start(ctx context.Context, caseID, step, who string) (repair.Attempt, error)
	Finish(ctx context.Context, attempt, who string, done bool, text string) error
	Attempt(ctx context.Context, id string) (repair.Attempt, error)
	Attempts(ctx context.Context, caseID string) ([]repair.Attempt, error)
	// Read turns free text into findings; notUnderstood are the words that led nowhere.
	Read(text string, at time.Time) (findings []finding.Finding, notUnderstood []string)
}

// Incidents is what the pages read of shared causes.
type Incidents interface {
	List(ctx context.Context, limit int) ([]incident.Incident, error)
	Evidence(ctx context.Context, terminal string) ([]finding.Finding, []incident.Incident, error)
}

// News lets live pages hear that something changed.
type News interface {
	Listen(subject string, f func([]byte)) (stop func(), err error)
}

// NewsSubject is where news for live pages goes; the data is a News line as JSON.
const NewsSubject = "console.news"

// Deps is what the door needs; all are required.
type Deps struct {
	Access    Access
	Fleet     Fleet
	Cases     Cases
	Loop      Loop
	Incidents Incidents
	Explain   func(ctx context.Context, caseID string, seq int64) (stage.Explained, error)
	Register  Register
	Shops     Shops
	Staff     Staff
	Knowledge Knowledge
	News      News
	List      *consolesql.Reader
	Pack      func() *pack.Pack
	Rules     observe.Rules
	Pages     fs.FS                                    // the built web faces
	Enrol     func(code string) (text, command string) // how a code is handed to a technician
	Feed      http.Handler                             // the feeds' door; nil in tools that only write the API's document
	Refused   func() map[string]uint64                 // what the agents' door has refused or put right, by code
	Version   string
	Secure    bool // the door speaks TLS, or a proxy before it does
	Now       func() time.Time
	Log       *slog.Logger
}

// Door is the people's door.
type Door struct {
	Deps
	api     huma.API
	handler http.Handler
}

// New makes the door.
func New(deps Deps) *Door {
	d := &Door{Deps: deps}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("posmedic", deps.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/api/openapi", "", ""
	config.CreateHooks = nil // no $schema links in answers
	config.Transformers = []huma.Transformer{withoutInput}
	d.api = humago.New(mux, config)
	d.routes()
	if deps.Feed != nil {
		mux.Handle("POST /v1/feed", deps.Feed)
	}
	mux.HandleFunc("GET /api/v1/live", d.live)
	mux.Handle("GET /", Pages(d.Pages))
	d.handler = d.protect(mux)
	return d
}

// Handler serves the door.
func (d *Door) Handler() http.Handler { return d.handler }

// OpenAPI is the API's document.
func (d *Door) OpenAPI() ([]byte, error) { return d.api.OpenAPI().MarshalJSON() }

func (d *Door) routes() {
	d.sessionRoutes()
	d.terminalRoutes()
	d.caseRoutes()
	d.explanationRoutes()
	d.registerRoutes()
	d.shopRoutes()
	d.peopleRoutes()
	d.knowledgeRoutes()
}

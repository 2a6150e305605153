package app_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

// TestAnOfficeWorksBesideTheServer administers a running server on PostgreSQL from outside; the command line's own
// tests do so on SQLite.
func TestAnOfficeWorksBesideTheServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cfg := app.DefaultConfig()
	cfg.Dir, cfg.Store, cfg.Listen, cfg.Agents = t.TempDir(), sqldbtest.PostgresDSN(t), "127.0.0.1:0", "127.0.0.1:0"
	cfg.Pace.Incident = time.Hour
	server, err := app.New(cfg, "test", slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	keys := server.Keys()
	office, err := app.OpenOffice(ctx, cfg, "tester")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := office.Close(); err != nil {
			t.Error(err)
		}
	})

	l, err := office.AddTerminal(ctx, fleet.Registration{TID: "10000001", MID: "1", Merchant: "M", Site: "S"})
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := keys.Fleet.ByTID(ctx, cfg.Acquirer, "10000001"); err != nil || seen.ID != l.ID {
		t.Errorf("the server sees %+v, %v", seen, err)
	}
	if _, err := office.AddTerminal(ctx, fleet.Registration{TID: "10000001", MID: "1", Merchant: "M", Site: "S"}); !errors.Is(err, fleet.ErrTaken) {
		t.Errorf("the same TID: %v", err)
	}
	if view, err := office.Import(ctx, strings.NewReader("tid,mid,merchant,site\n10000001,1,M,S\n2,1,M,S\n"), false); err != nil || view.Created != 1 || view.Unchanged != 1 {
		t.Errorf("%+v, %v", view, err)
	}
	if _, err := office.Revoke(ctx, "10000001"); !errors.Is(err, fleet.ErrNotFound) {
		t.Errorf("revoking without a device: %v", err)
	}
	_, secret, err := office.NewToken(ctx, "host", access.Feed)
	if err != nil {
		t.Fatal(err)
	}
	if token, err := keys.Access.Token(ctx, secret); err != nil || token.Scope != access.Feed {
		t.Errorf("%+v, %v", token, err)
	}

	store := learnsql.New(keys.DB)
	for i := range 10 {
		err := store.PutRecord(ctx, learn.Record{
			Case: fmt.Sprintf("case_%d", i), Terminal: "t", Outcome: casefile.Confirmed, ClosedAt: time.Now(),
			Steps: []learn.Step{{ID: "restart_app", By: "remote", Helped: true}}, Credit: map[string]float64{"sw_hang": 1},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	builtin := keys.Knowledge.Pack().Ref
	c, err := office.Learn(ctx)
	if err != nil || c.State != learn.InShadow {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := office.Promote(ctx, c.ID); !errors.Is(err, learn.ErrShadowed) {
		t.Errorf("promoted before it was tried: %v", err)
	}
	tried(t, store, c.ID)
	if _, err := office.Promote(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	until(t, "the server to follow", func() bool { return keys.Knowledge.Pack().Ref == c.Result })
	if ref, err := office.RollBack(ctx); err != nil || ref != builtin {
		t.Fatalf("%+v, %v", ref, err)
	}
	until(t, "the server to go back", func() bool { return keys.Knowledge.Pack().Ref == builtin })

	trail, _, err := keys.Access.Trail(ctx, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	wrote := map[string]bool{}
	for _, r := range trail {
		if r.Who != "tester" || r.From != "command line" {
			t.Errorf("%+v", r)
		}
		wrote[r.What] = true
	}
	for _, what := range []string{"fleet.registered", "fleet.imported", "access.token_made", "knowledge.proposed", "knowledge.promoted", "knowledge.rolled_back"} {
		if !wrote[what] {
			t.Errorf("%s is not in the trail", what)
		}
	}
}

// tried stores the trials that end a candidate's time in the shadow.
func tried(t *testing.T, store *learnsql.Store, candidate string) {
	t.Helper()
	for i := range learn.DefaultShadowRule().Cases {
		right := learn.Standing{Rank: 1, P: 0.9, Leads: "sw_hang", LeadsP: 0.9}
		trial := learn.Trial{Candidate: candidate, Case: fmt.Sprintf("later_%d", i), At: time.Now(), Truth: "sw_hang", Was: right, Is: right}
		if err := store.PutTrial(t.Context(), trial); err != nil {
			t.Fatal(err)
		}
	}
}

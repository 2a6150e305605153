package accesssql_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/access/accesssql"
	"github.com/posmedic/posmedic/internal/access/accesstest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func world(t *testing.T, db *sqldb.DB) accesstest.World {
	t.Helper()
	clock := accesstest.NewClock()
	s, err := accesssql.New(db, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return accesstest.World{Store: s, Clock: clock}
}

func TestStoreOnSQLite(t *testing.T) {
	t.Parallel()
	accesstest.Run(t, func(t *testing.T) accesstest.World { return world(t, sqldbtest.SQLite(t)) })
}

func TestStoreOnPostgres(t *testing.T) {
	t.Parallel()
	accesstest.Run(t, func(t *testing.T) accesstest.World { return world(t, sqldbtest.Postgres(t)) })
}

// Whoever steals the database file must not find anything in it that opens a door.
func TestNoSecretIsStored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := sqldb.Open(t.Context(), filepath.Join(dir, "p.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sqldb.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	s := world(t, db).Store
	link, err := s.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, session, err := s.CompleteSetup(t.Context(), link, "root", "correct horse battery", "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := s.NewToken(t.Context(), access.Actor{Name: "root"}, "feed", access.Feed)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	if !strings.Contains(all.String(), access.Digest(session)) {
		t.Fatal("the test does not see what is stored")
	}
	for what, secret := range map[string]string{"link": link, "session": session, "token": token, "password": "correct horse battery"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("the %s is stored", what)
		}
	}
}

// Package sqldbtest gives tests a fresh, migrated database on SQLite and on PostgreSQL. One PostgreSQL cluster is
// started for a test process, from the binaries of the machine, on a Unix socket in a folder of its own; a shell
// watches a pipe from the process and removes all of it when the process ends, however it ends.
package sqldbtest

import (
	"path/filepath"
	"testing"

	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Each runs f as the sub-tests "sqlite" and "postgres", side by side, each on a database of its own.
func Each(t *testing.T, f func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Postgres(t))
	})
}

// SQLite opens a fresh database in a folder of the test.
func SQLite(t testing.TB) *sqldb.DB {
	t.Helper()
	db := open(t, filepath.Join(t.TempDir(), "posmedic.db"))
	if err := sqldb.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

// Postgres opens a fresh database in the cluster of this test process.
func Postgres(t testing.TB) *sqldb.DB {
	t.Helper()
	return open(t, PostgresDSN(t))
}

// PostgresDSN makes a fresh, migrated database that is dropped when the test ends.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	c, err := cluster()
	if err != nil {
		t.Fatal(err)
	}
	dsn, drop, err := c.create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

func open(t testing.TB, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func counter(t *testing.T, db *sqldb.DB) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `CREATE TABLE test_counter (id TEXT PRIMARY KEY, n BIGINT NOT NULL)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	set(t, db, "a", 0)
	set(t, db, "b", 0)
}

func set(t *testing.T, db *sqldb.DB, id string, n int) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO test_counter (id, n) VALUES ($1, $2)`, id, n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, db *sqldb.DB, id string) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), `SELECT n FROM test_counter WHERE id = $1`, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE test_counter SET n = n + 1 WHERE id = $1`, id)
	return err
}

func TestWriteCommitsAllOrNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		counter(t, db)
		told := 0
		stop := db.OnCommit(func() { told++ })
		boom := errors.New("boom")
		err := db.Write(t.Context(), func(tx *sql.Tx) error {
			if err := add(t.Context(), tx, "a"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || read(t, db, "a") != 0 || told != 0 {
			t.Fatalf("err %v, n %d, told %d; want the error, nothing written, nobody told", err, read(t, db, "a"), told)
		}
		func() {
			defer func() { _ = recover() }() // the panic is the test's own
			_ = db.Write(t.Context(), func(tx *sql.Tx) error { panic(add(t.Context(), tx, "a")) })
		}()
		if err := db.Write(t.Context(), func(tx *sql.Tx) error { return add(t.Context(), tx, "a") }); err != nil {
			t.Fatal(err)
		}
		if read(t, db, "a") != 1 || told != 1 {
			t.Fatalf("n %d, told %d; want 1, 1", read(t, db, "a"), told)
		}
		stop()
		if err := db.Write(t.Context(), func(tx *sql.Tx) error { return nil }); err != nil || told != 1 {
			t.Fatalf("err %v, told %d after stop", err, told)
		}
	})
}

// Two transactions that take the same rows in opposite order deadlock on PostgreSQL and one is thrown out.
func TestWriteRepeatsATransactionThatLost(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		counter(t, db)
		var wg sync.WaitGroup
		for i := range 4 {
			first, second := "a", "b"
			if i%2 == 1 {
				first, second = second, first
			}
			wg.Go(func() {
				for range 10 {
					err := db.Write(t.Context(), func(tx *sql.Tx) error {
						return errors.Join(add(t.Context(), tx, first), add(t.Context(), tx, second))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if a, b := read(t, db, "a"), read(t, db, "b"); a != 40 || b != 40 {
			t.Fatalf("a %d, b %d; want 40 and 40", a, b)
		}
	})
}

func TestForUpdateMakesReadThenWriteSafe(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		counter(t, db)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 10 {
					if err := db.Write(t.Context(), func(tx *sql.Tx) error { return readThenWrite(t.Context(), db, tx) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := read(t, db, "a"); n != 40 {
			t.Fatalf("n %d; want 40", n)
		}
	})
}

func readThenWrite(ctx context.Context, db *sqldb.DB, tx *sql.Tx) error {
	var n int
	q := `SELECT n FROM test_counter WHERE id = 'a'` + db.Dialect.ForUpdate()
	if err := tx.QueryRowContext(ctx, q).Scan(&n); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE test_counter SET n = $1 WHERE id = 'a'`, n+1)
	return err
}

func TestErrorsOfBothDatabasesAreUnderstood(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		counter(t, db)
		runs := 0
		err := db.Write(t.Context(), func(tx *sql.Tx) error {
			runs++
			_, err := tx.ExecContext(t.Context(), `INSERT INTO test_counter (id, n) VALUES ('a', 1)`)
			return err
		})
		if !sqldb.IsUnique(err) || runs != 1 {
			t.Fatalf("IsUnique(%v) = %t after %d runs; want true after one", err, sqldb.IsUnique(err), runs)
		}
		_, err = db.Read().ExecContext(t.Context(), `INSERT INTO test_nothing (id) VALUES (1)`)
		if err == nil || sqldb.IsUnique(err) {
			t.Fatalf("a missing table gave %v", err)
		}
	})
}

func TestSQLiteReadersRefuseToWrite(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	if _, err := db.Read().ExecContext(t.Context(), `DELETE FROM outbox_events`); err == nil {
		t.Fatal("a reader wrote")
	}
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if pending, err := sqldb.Pending(t.Context(), db); err != nil || pending {
			t.Fatalf("pending %t, %v; want nothing pending", pending, err)
		}
		if err := sqldb.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	})
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "p.db")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			db, err := sqldb.Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(sqldb.Migrate(t.Context(), db), db.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOneProcessLeads(t *testing.T) {
	t.Parallel()
	dsn := sqldbtest.PostgresDSN(t)
	a, b := mustOpen(t, dsn), mustOpen(t, dsn)
	lead, err := a.TryLead(t.Context(), "relay")
	if err != nil || lead == nil || !lead.Held(t.Context()) {
		t.Fatalf("the first does not lead: %v, %v", lead, err)
	}
	if second, err := b.TryLead(t.Context(), "relay"); err != nil || second != nil {
		t.Fatalf("two lead: %v, %v", second, err)
	}
	if other, err := b.TryLead(t.Context(), "else"); err != nil || other == nil {
		t.Fatalf("another name is taken: %v", err)
	}
	if err := lead.Release(); err != nil {
		t.Fatal(err)
	}
	// The server ends the session a moment after the connection is closed.
	deadline := time.Now().Add(5 * time.Second)
	for {
		second, err := b.TryLead(t.Context(), "relay")
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("nobody took over: %v", err)
		}
		if second != nil {
			return
		}
	}
}

func mustOpen(t *testing.T, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // what is tested is over
	return db
}

func TestOpenRefusesWithAHint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{filepath.Join(file, "p.db"), file, "postgres://u:secret@/x?host=/nowhere", "postgres://%%"} {
		_, err := sqldb.Open(t.Context(), dsn)
		if !errors.Is(err, sqldb.ErrRefused) || problem.Of(err).Hint.Empty() {
			t.Errorf("Open(%q) = %v; want ErrRefused with a hint", dsn, err)
		}
	}
}

func TestAThrowawayDatabaseLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	db := mustOpen(t, "")
	if err := errors.Join(sqldb.Migrate(t.Context(), db), db.Close()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

func TestTimesSurviveStorage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 5e6, time.FixedZone("CST", 8*3600))
	if got := sqldb.Time(sqldb.Millis(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("got %v", got)
	}
	if !sqldb.Time(sqldb.Millis(time.Time{})).IsZero() {
		t.Error("the zero time did not survive")
	}
}

func BenchmarkOpenAndMigrateFreshSQLite(b *testing.B) {
	dir := b.TempDir()
	n := 0
	for b.Loop() {
		n++
		db, err := sqldb.Open(b.Context(), filepath.Join(dir, strconv.Itoa(n)+".db"))
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(sqldb.Migrate(b.Context(), db), db.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

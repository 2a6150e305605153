// Package sqldb opens the database: SQLite in a file by default, PostgreSQL past one machine.
//
// Rooms write one SQL text for both: $1 parameters, ON CONFLICT … DO UPDATE, RETURNING, partial indexes, times as
// BIGINT milliseconds (Millis, Time), JSON and ids as TEXT. What a room reads before it writes it must protect itself:
// with ForUpdate, a revision in the WHERE clause, or a unique index. SQLite has one writer and would forgive;
// PostgreSQL commits transactions side by side and would not.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Dialect says which database stands behind a DB.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// ForUpdate is what a SELECT inside Write ends with when its rows must not change before the commit. SQLite needs
// nothing: its writer is alone.
func (d Dialect) ForUpdate() string {
	if d == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// DB is an open database.
type DB struct {
	Dialect Dialect

	writer *sql.DB
	reader *sql.DB
	throw  string // folder of a throw-away database, removed by Close

	mu        sync.Mutex
	committed map[int]func()
	nextHook  int
}

// Open opens the database of a DSN: "postgres://…", or the path of an SQLite file whose folder is made when missing.
// An empty DSN is a throw-away SQLite database that Close deletes. Open does not migrate.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	if dsn != "" {
		return openSQLite(ctx, dsn)
	}
	dir, err := os.MkdirTemp("", "posmedic-throwaway-")
	if err != nil {
		return nil, refused(err)
	}
	db, err := openSQLite(ctx, filepath.Join(dir, "posmedic.db"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	db.throw = dir
	return db, nil
}

// Read gives the connections for queries outside a transaction. On SQLite they refuse to write.
func (db *DB) Read() *sql.DB { return db.reader }

// attempts bounds how often Write repeats a transaction that lost against another one.
const attempts = 10

// Write runs fn in a transaction and commits it. When the database reports that the transaction lost against another
// one (busy, deadlock, serialisation), fn runs again, so it must have no effect but on tx and on variables it sets
// anew. Inside fn, never call Write again: SQLite has one writer, and it would wait for itself.
func (db *DB) Write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	for n := 1; ; n++ {
		err := db.writeOnce(ctx, fn)
		if err == nil {
			db.tellCommitted()
			return nil
		}
		if n == attempts || !lost(err) {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

func (db *DB) writeOnce(ctx context.Context, fn func(tx *sql.Tx) error) (err error) {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// Also when fn panics; after a commit it does nothing and says so.
		if rb := tx.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) {
			err = errors.Join(err, rb)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// pause waits 1, 2, 4 … 128 ms, each with as much again at random so that two losers do not meet once more.
func pause(ctx context.Context, n int) error {
	base := time.Millisecond << min(n-1, 7)
	t := time.NewTimer(base + rand.N(base))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// OnCommit has f called after every Write of this process that committed, until stop. f must return at once.
func (db *DB) OnCommit(f func()) (stop func()) {
	db.mu.Lock()
	defer db.mu.Unlock()
	id := db.nextHook
	db.nextHook++
	db.committed[id] = f
	return func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		delete(db.committed, id)
	}
}

func (db *DB) tellCommitted() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, f := range db.committed {
		f()
	}
}

// Close waits for what runs and closes the database; a throw-away one is deleted.
func (db *DB) Close() error {
	err := db.reader.Close()
	if db.writer != db.reader {
		err = errors.Join(err, db.writer.Close())
	}
	if db.throw != "" {
		err = errors.Join(err, os.RemoveAll(db.throw))
	}
	return err
}

// Millis is how a time is stored; the zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time reads what Millis stored, in UTC.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// ErrRefused says that the database cannot be opened: the start is refused.
var ErrRefused = problem.New(problem.Config, "sqldb.refused",
	lang.Text{ZH: "打不开数据库", EN: "the database cannot be opened"}).
	WithHint(lang.Text{
		ZH: "检查数据库地址、文件夹权限和磁盘空间",
		EN: "check the database address, the permissions of the folder and the space on the disk",
	})

func refused(cause error) error { return ErrRefused.Because(cause) }

func newDB(d Dialect, writer, reader *sql.DB) *DB {
	return &DB{Dialect: d, writer: writer, reader: reader, committed: map[int]func(){}}
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, refused(err)
	}
	writer, err := sqlitePool(path, "_txlock=immediate", 1)
	if err != nil {
		return nil, refused(err)
	}
	if err := firstContact(ctx, writer); err != nil {
		return nil, refused(errors.Join(err, writer.Close()))
	}
	reader, err := sqlitePool(path, "_pragma=query_only(1)", max(4, runtime.GOMAXPROCS(0)))
	if err != nil {
		return nil, refused(errors.Join(err, writer.Close()))
	}
	return newDB(SQLite, writer, reader), nil
}

// firstContact waits for another process that turns the same new file to WAL: SQLite reports that as busy at once,
// without the busy_timeout.
func firstContact(ctx context.Context, pool *sql.DB) error {
	for n := 1; ; n++ {
		err := pool.PingContext(ctx)
		if err == nil || n == attempts || !lost(err) {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// sqlitePool opens connections to one file. busy_timeout comes first so that the change to WAL, made by whichever
// process is first, is waited for. FULL makes every commit survive a power cut.
func sqlitePool(path, extra string, conns int) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_pragma=wal_autocheckpoint(4000)&" + extra
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxLifetime(0)
	return pool, nil
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, refused(errors.New("the DSN cannot be read")) // pgx's own text may repeat the password
	}
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(20)
	pool.SetMaxIdleConns(10)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, refused(errors.Join(err, pool.Close()))
	}
	return newDB(Postgres, pool, pool), nil
}

// SQLite result codes (sqlite.org/rescode.html); the low byte is the primary one.
const (
	sqliteBusy             = 5
	sqliteLocked           = 6
	sqliteConstraintPK     = 1555
	sqliteConstraintUnique = 2067
)

// PostgreSQL SQLSTATEs.
const (
	pgSerialisation = "40001"
	pgDeadlock      = "40P01"
	pgUnique        = "23505"
)

// lost reports whether a transaction failed only because another one was in its way.
func lost(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := e.Code() & 0xff
		return primary == sqliteBusy || primary == sqliteLocked
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == pgSerialisation || e.Code == pgDeadlock
	}
	return false
}

// IsUnique reports whether err says that a primary key or a unique index already holds the row. On PostgreSQL the
// transaction is over after it: prefer ON CONFLICT DO NOTHING where the transaction must go on.
func IsUnique(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqliteConstraintPK || e.Code() == sqliteConstraintUnique
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == pgUnique
	}
	return false
}

// Lead is the sole right to do something among all processes that share the database.
type Lead struct{ conn *sql.Conn }

// TryLead asks for the lead called name and returns nil when another process has it. SQLite belongs to one process,
// which always leads. A lead is held over one database connection and ends with it.
func (db *DB) TryLead(ctx context.Context, name string) (*Lead, error) {
	if db.Dialect == SQLite {
		return &Lead{}, nil
	}
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lead %s: %w", name, err)
	}
	var got bool
	err = conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&got)
	if err != nil || !got {
		return nil, errors.Join(err, conn.Close())
	}
	return &Lead{conn: conn}, nil
}

// Held reports whether the lead still stands.
func (l *Lead) Held(ctx context.Context) bool {
	return l.conn == nil || l.conn.PingContext(ctx) == nil
}

// Release gives the lead up.
func (l *Lead) Release() error {
	if l.conn == nil {
		return nil
	}
	// The lock belongs to the session: the connection must leave the pool instead of going back with it.
	err := l.conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) {
		err = nil
	}
	return errors.Join(err, ignoreDone(l.conn.Close()))
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

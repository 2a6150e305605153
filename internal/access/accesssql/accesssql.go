// Package accesssql keeps users, sessions, tokens and the audit trail in SQL. Whatever changes who may do what writes
// its line into the audit trail in the same transaction. Who may call what is decided at the door, by User.Require.
package accesssql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Store is the one writer of the access tables.
type Store struct {
	db        *sqldb.DB
	now       func() time.Time
	passwords *access.Passwords
}

// checksAtOnce bounds the memory of password checks to 40 MiB.
const checksAtOnce = 2

// New makes a store on a migrated database; now is written where something happened.
func New(db *sqldb.DB, now func() time.Time) (*Store, error) {
	p, err := access.NewPasswords(checksAtOnce)
	if err != nil {
		return nil, err
	}
	return &Store{db: db, now: now, passwords: p}, nil
}

// write runs f and writes a line into the audit trail with it.
func (s *Store) write(ctx context.Context, by access.Actor, what, target string, f func(tx *sql.Tx) error) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return s.audit(ctx, tx, by, what, target)
	})
}

func (s *Store) audit(ctx context.Context, tx *sql.Tx, by access.Actor, what, target string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO access_audit (id, at, who, what, target, origin) VALUES ($1, $2, $3, $4, $5, $6)`,
		ident.New("aud"), sqldb.Millis(s.now()), clip(by.Name), clip(what), clip(target), clip(by.From))
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// clip bounds what the trail takes from outside.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}

// Audit writes a line about something done elsewhere.
func (s *Store) Audit(ctx context.Context, by access.Actor, what, target string) error {
	return s.write(ctx, by, what, target, func(*sql.Tx) error { return nil })
}

// maxPage bounds a page of the trail.
const maxPage = 500

// Trail gives a page of the audit trail, newest first. An empty cursor is the first page; next is empty after the last.
func (s *Store) Trail(ctx context.Context, cursor string, limit int) (page []access.Record, next string, err error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	where, args := "", []any{limit + 1}
	if cursor != "" {
		at, id, _ := strings.Cut(cursor, ".")
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil || id == "" {
			return nil, "", access.ErrInvalid
		}
		where, args = ` WHERE (at, id) < ($2, $3)`, append(args, ms, id)
	}
	rows, err := s.db.Read().QueryContext(ctx,
		`SELECT id, at, who, what, target, origin FROM access_audit`+where+` ORDER BY at DESC, id DESC LIMIT $1`, args...)
	if err != nil {
		return nil, "", fmt.Errorf("trail: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r access.Record
		var at int64
		if err := rows.Scan(&r.ID, &at, &r.Who, &r.What, &r.Target, &r.From); err != nil {
			return nil, "", fmt.Errorf("trail: %w", err)
		}
		r.At = sqldb.Time(at)
		page = append(page, r)
	}
	if len(page) <= limit {
		return page, "", rows.Err()
	}
	last := page[limit-1]
	return page[:limit], strconv.FormatInt(sqldb.Millis(last.At), 10) + "." + last.ID, rows.Err()
}

// NewToken makes an integration token and gives the secret, which nobody can read again.
func (s *Store) NewToken(ctx context.Context, by access.Actor, label string, scope access.Scope) (access.Token, string, error) {
	t := access.Token{ID: ident.New("tok"), Label: label, Scope: scope, CreatedAt: sqldb.Time(sqldb.Millis(s.now()))}
	if err := access.CheckToken(label, scope); err != nil {
		return t, "", err
	}
	secret, err := access.NewSecret()
	if err != nil {
		return t, "", err
	}
	err = s.write(ctx, by, "access.token_made", t.ID, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO access_tokens (id, tenant, label, scope, token, created_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			t.ID, access.DefaultTenant, label, scope, access.Digest(secret), sqldb.Millis(t.CreatedAt))
		return err
	})
	return t, secret, err
}

// Token says what a secret is good for: ErrSignedOut when it is unknown or revoked.
func (s *Store) Token(ctx context.Context, secret string) (access.Token, error) {
	list, err := s.tokens(ctx, ` WHERE token = $1 AND revoked_at = 0`, access.Digest(secret))
	if err != nil {
		return access.Token{}, err
	}
	if len(list) == 0 {
		return access.Token{}, access.ErrSignedOut
	}
	return list[0], nil
}

// Tokens lists all tokens, newest first.
func (s *Store) Tokens(ctx context.Context) ([]access.Token, error) {
	return s.tokens(ctx, ` ORDER BY created_at DESC, id DESC`)
}

func (s *Store) tokens(ctx context.Context, rest string, args ...any) (list []access.Token, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, label, scope, created_at, revoked_at FROM access_tokens`+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var t access.Token
		var created, revoked int64
		if err := rows.Scan(&t.ID, &t.Label, &t.Scope, &created, &revoked); err != nil {
			return nil, fmt.Errorf("tokens: %w", err)
		}
		t.CreatedAt, t.RevokedAt = sqldb.Time(created), sqldb.Time(revoked)
		list = append(list, t)
	}
	return list, rows.Err()
}

// RevokeToken takes a token out of use.
func (s *Store) RevokeToken(ctx context.Context, by access.Actor, id string) error {
	return s.write(ctx, by, "access.token_revoked", id, func(tx *sql.Tx) error {
		return one(tx.ExecContext(ctx, `UPDATE access_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`,
			sqldb.Millis(s.now()), id))
	})
}

// one gives ErrNotFound when a statement changed no row.
func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, access.ErrNotFound)
	}
	return nil
}

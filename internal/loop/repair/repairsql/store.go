// Package repairsql keeps repair attempts in SQLite or PostgreSQL.
package repairsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Store implements repair.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ repair.Store = (*Store)(nil)

const columns = `id, case_id, terminal, step, kind, done_by, command, state, created_at, started_at, ended_at, expires, who, words, proof`

func scan(row interface{ Scan(...any) error }) (repair.Attempt, error) {
	var a repair.Attempt
	var created, started, ended, expires int64
	var proof string
	err := row.Scan(&a.ID, &a.Case, &a.Terminal, &a.Step, &a.Kind, &a.By, &a.Command, &a.State,
		&created, &started, &ended, &expires, &a.Who, &a.Text, &proof)
	if err != nil {
		return a, err
	}
	a.CreatedAt, a.StartedAt, a.EndedAt, a.Expires = sqldb.Time(created), sqldb.Time(started), sqldb.Time(ended), sqldb.Time(expires)
	return a, json.Unmarshal([]byte(proof), &a.Proof)
}

func values(a repair.Attempt) ([]any, error) {
	proof, err := json.Marshal(a.Proof)
	return []any{
		a.ID, a.Case, a.Terminal, a.Step, string(a.Kind), a.By, a.Command, string(a.State), sqldb.Millis(a.CreatedAt),
		sqldb.Millis(a.StartedAt), sqldb.Millis(a.EndedAt), sqldb.Millis(a.Expires), a.Who, a.Text, string(proof),
	}, err
}

// Create stores a new attempt.
func (s *Store) Create(ctx context.Context, a repair.Attempt) error {
	args, err := values(a)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO repair_attempts (`+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, args...)
		return err
	})
}

// Change changes one attempt in a transaction.
func (s *Store) Change(ctx context.Context, id string, f func(*repair.Attempt) ([]event.Event, error)) (repair.Attempt, error) {
	var changed repair.Attempt
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		a, err := scan(tx.QueryRowContext(ctx, `SELECT `+columns+` FROM repair_attempts WHERE id = $1`+s.db.Dialect.ForUpdate(), id))
		if err != nil {
			return unknown(err)
		}
		events, err := f(&a)
		if err != nil {
			return err
		}
		args, err := values(a)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE repair_attempts SET (`+columns+`) =
			($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) WHERE id = $1`, args...); err != nil {
			return err
		}
		changed = a
		return outbox.Append(ctx, tx, events...)
	})
	return changed, err
}

func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return repair.ErrUnknownAttempt
	}
	return err
}

// Get gives one attempt.
func (s *Store) Get(ctx context.Context, id string) (repair.Attempt, error) {
	a, err := scan(s.db.Read().QueryRowContext(ctx, `SELECT `+columns+` FROM repair_attempts WHERE id = $1`, id))
	return a, unknown(err)
}

func (s *Store) list(ctx context.Context, where string, args ...any) ([]repair.Attempt, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT `+columns+` FROM repair_attempts WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (repair.Attempt, error) { return scan(r) })
}

// OfCase gives the attempts of a case, oldest first.
func (s *Store) OfCase(ctx context.Context, caseID string) ([]repair.Attempt, error) {
	return s.list(ctx, `case_id = $1 ORDER BY created_at, id`, caseID)
}

// Waiting gives the commands that a terminal's agent should carry out.
func (s *Store) Waiting(ctx context.Context, terminal string, now time.Time) ([]repair.Attempt, error) {
	return s.list(ctx, `terminal = $1 AND state = 'queued' AND command <> '' AND expires > $2 ORDER BY created_at, id`,
		terminal, sqldb.Millis(now))
}

// Due gives attempts whose time is over.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]repair.Attempt, error) {
	return s.list(ctx, `state IN ('planned', 'queued', 'running') AND expires <= $1 ORDER BY expires, id LIMIT $2`,
		sqldb.Millis(now), limit)
}

// ForPeople gives the steps that wait for a person, oldest first: whatever is no command to an agent.
func (s *Store) ForPeople(ctx context.Context, limit int) ([]repair.Attempt, error) {
	return s.list(ctx, `state IN ('planned', 'running') AND command = '' ORDER BY created_at, id LIMIT $1`, limit)
}

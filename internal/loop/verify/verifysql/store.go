// Package verifysql keeps the waits for a proof in SQLite or PostgreSQL.
package verifysql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/verify"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Store implements verify.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ verify.Store = (*Store)(nil)

// Start begins to wait. A watch that nobody's repair began (no attempt) may always begin again.
func (s *Store) Start(ctx context.Context, w verify.Watch) (waits bool, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO verify_watches (case_id, terminal, attempt, since, result, ended_at, proof, sold_at)
			VALUES ($1, $2, $3, $4, 'waiting', 0, '{}', 0)
			ON CONFLICT (case_id) DO UPDATE SET attempt = excluded.attempt, since = excluded.since, result = 'waiting',
				ended_at = 0, proof = '{}', sold_at = 0
			WHERE excluded.attempt = '' OR (excluded.attempt <> verify_watches.attempt AND excluded.since >= verify_watches.since)`,
			w.Case, w.Terminal, w.Attempt, sqldb.Millis(w.Since)); err != nil {
			return err
		}
		var attempt, result string
		err := tx.QueryRowContext(ctx, `SELECT attempt, result FROM verify_watches WHERE case_id = $1`, w.Case).Scan(&attempt, &result)
		waits = attempt == w.Attempt && result == string(verify.Waiting)
		return err
	})
	return waits, err
}

// Sold stores the sale that the quiet window counts from.
func (s *Store) Sold(ctx context.Context, w verify.Watch) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE verify_watches SET sold_at = $1 WHERE case_id = $2 AND since = $3 AND result = 'waiting'`,
			sqldb.Millis(w.SoldAt), w.Case, sqldb.Millis(w.Since))
		return err
	})
}

// End stores a result once.
func (s *Store) End(ctx context.Context, w verify.Watch, r verify.Result, p verify.Proof, at time.Time) (bool, error) {
	proof, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	ended := false
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE verify_watches SET result = $1, ended_at = $2, proof = $3
			WHERE case_id = $4 AND since = $5 AND result = 'waiting'`,
			string(r), sqldb.Millis(at), string(proof), w.Case, sqldb.Millis(w.Since))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if ended = n == 1; err != nil || !ended {
			return err
		}
		return outbox.Append(ctx, tx, event.New(verify.OutcomeEvent, at, w.Terminal, w.Case,
			verify.Ended{Case: w.Case, Attempt: w.Attempt, Result: r, Proof: p, At: at}))
	})
	return ended, err
}

const columns = `case_id, terminal, attempt, since, sold_at`

func scan(row interface{ Scan(...any) error }) (verify.Watch, error) {
	var w verify.Watch
	var since, sold int64
	err := row.Scan(&w.Case, &w.Terminal, &w.Attempt, &since, &sold)
	w.Since, w.SoldAt = sqldb.Time(since), sqldb.Time(sold)
	return w, err
}

// Of gives the waiting watch of a case.
func (s *Store) Of(ctx context.Context, caseID string) (verify.Watch, bool, error) {
	w, err := scan(s.db.Read().QueryRowContext(ctx,
		`SELECT `+columns+` FROM verify_watches WHERE case_id = $1 AND result = 'waiting'`, caseID))
	if errors.Is(err, sql.ErrNoRows) {
		return verify.Watch{}, false, nil
	}
	return w, err == nil, err
}

// Waiting gives the waiting watches after a case id.
func (s *Store) Waiting(ctx context.Context, after string, limit int) ([]verify.Watch, error) {
	rows, err := s.db.Read().QueryContext(ctx,
		`SELECT `+columns+` FROM verify_watches WHERE result = 'waiting' AND case_id > $1 ORDER BY case_id LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (verify.Watch, error) { return scan(r) })
}

// Drop stops waiting without a result.
func (s *Store) Drop(ctx context.Context, caseID string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM verify_watches WHERE case_id = $1 AND result = 'waiting'`, caseID)
		return err
	})
}

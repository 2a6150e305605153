// Package learnsql keeps what closed cases taught in SQLite or PostgreSQL.
package learnsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Store implements learn.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ learn.Store = (*Store)(nil)

// PutRecord stores what a case teaches, once.
func (s *Store) PutRecord(ctx context.Context, r learn.Record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO learn_records (case_id, terminal, outcome, pack_hash, closed_at, body)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			r.Case, r.Terminal, string(r.Outcome), r.Pack.Hash, sqldb.Millis(r.ClosedAt), string(body))
		return err
	})
}

// Records gives the newest records.
func (s *Store) Records(ctx context.Context, limit int) ([]learn.Record, error) {
	return bodies[learn.Record](ctx, s.db, `SELECT body FROM learn_records ORDER BY closed_at DESC, case_id LIMIT $1`, limit)
}

// PutCandidate stores a candidate or its new state.
func (s *Store) PutCandidate(ctx context.Context, c learn.Candidate) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO learn_candidates (id, at, base, state, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body`,
			c.ID, sqldb.Millis(c.At), c.Base.Hash, string(c.State), string(body))
		return err
	})
}

// MoveCandidate stores a candidate's new state if it is still in the state from.
func (s *Store) MoveCandidate(ctx context.Context, c learn.Candidate, from learn.CandidateState) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE learn_candidates SET state = $1, body = $2 WHERE id = $3 AND state = $4`,
			string(c.State), string(body), c.ID, string(from))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, learn.ErrMove)
		}
		return nil
	})
}

// Candidate gives one candidate.
func (s *Store) Candidate(ctx context.Context, id string) (learn.Candidate, error) {
	list, err := bodies[learn.Candidate](ctx, s.db, `SELECT body FROM learn_candidates WHERE id = $1`, id)
	if err != nil {
		return learn.Candidate{}, err
	}
	if len(list) == 0 {
		return learn.Candidate{}, learn.ErrNotFound
	}
	return list[0], nil
}

// Candidates gives the newest candidates.
func (s *Store) Candidates(ctx context.Context, limit int) ([]learn.Candidate, error) {
	return bodies[learn.Candidate](ctx, s.db, `SELECT body FROM learn_candidates ORDER BY at DESC, id LIMIT $1`, limit)
}

// InState gives the candidates in a state, newest first.
func (s *Store) InState(ctx context.Context, state learn.CandidateState) ([]learn.Candidate, error) {
	return bodies[learn.Candidate](ctx, s.db, `SELECT body FROM learn_candidates WHERE state = $1 ORDER BY at DESC, id`, string(state))
}

// PutTrial stores how a candidate did on a case, once.
func (s *Store) PutTrial(ctx context.Context, t learn.Trial) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO learn_trials (candidate, case_id, at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			t.Candidate, t.Case, sqldb.Millis(t.At), string(body))
		return err
	})
}

// Trials gives the newest trials of a candidate.
func (s *Store) Trials(ctx context.Context, candidate string, limit int) ([]learn.Trial, error) {
	return bodies[learn.Trial](ctx, s.db, `SELECT body FROM learn_trials WHERE candidate = $1 ORDER BY at DESC, case_id LIMIT $2`, candidate, limit)
}

func bodies[T any](ctx context.Context, db *sqldb.DB, query string, args ...any) ([]T, error) {
	rows, err := db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (T, error) {
		var v T
		var body string
		if err := r.Scan(&body); err != nil {
			return v, err
		}
		return v, json.Unmarshal([]byte(body), &v)
	})
}

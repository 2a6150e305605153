// Package knowledgesql keeps promoted revisions in SQLite or PostgreSQL.
package knowledgesql

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/pack"
)

// Store implements knowledge.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ knowledge.Store = (*Store)(nil)

// Active gives the revision in force.
func (s *Store) Active(ctx context.Context, packID string) (*pack.Pack, bool, error) {
	p, err := s.one(ctx, `pack = $1 AND active`, packID)
	if errors.Is(err, knowledge.ErrUnknown) {
		return nil, false, nil
	}
	return p, err == nil, err
}

// Get gives a revision by its hash.
func (s *Store) Get(ctx context.Context, hash string) (*pack.Pack, error) {
	return s.one(ctx, `hash = $1`, hash)
}

func (s *Store) one(ctx context.Context, where string, arg any) (*pack.Pack, error) {
	var body string
	err := s.db.Read().QueryRowContext(ctx, `SELECT body FROM knowledge_revisions WHERE `+where, arg).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, knowledge.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, err
	}
	return pack.Decode(raw)
}

// Activate stores a revision and brings it into force.
func (s *Store) Activate(ctx context.Context, p *pack.Pack, at time.Time) error {
	raw, err := pack.Encode(p)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE knowledge_revisions SET active = FALSE WHERE pack = $1`, p.Ref.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO knowledge_revisions (hash, pack, version, at, active, body)
			VALUES ($1, $2, $3, $4, TRUE, $5) ON CONFLICT (hash) DO UPDATE SET active = TRUE, at = excluded.at`,
			p.Ref.Hash, p.Ref.ID, p.Ref.Version, sqldb.Millis(at), base64.StdEncoding.EncodeToString(raw))
		return err
	})
}

// Deactivate takes every revision of a pack out of force.
func (s *Store) Deactivate(ctx context.Context, packID string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE knowledge_revisions SET active = FALSE WHERE pack = $1`, packID)
		return err
	})
}

// List gives the revisions, newest first.
func (s *Store) List(ctx context.Context) ([]knowledge.Entry, error) {
	rows, err := s.db.Read().QueryContext(ctx,
		`SELECT hash, pack, version, at, active FROM knowledge_revisions ORDER BY at DESC, hash`)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (knowledge.Entry, error) {
		var e knowledge.Entry
		var at int64
		err := r.Scan(&e.Ref.Hash, &e.Ref.ID, &e.Ref.Version, &at, &e.Active)
		e.At = sqldb.Time(at)
		return e, err
	})
}

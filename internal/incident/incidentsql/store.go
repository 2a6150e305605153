// Package incidentsql keeps incidents in SQLite or PostgreSQL.
package incidentsql

import (
	"context"
	"database/sql"

	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Store implements incident.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ incident.Store = (*Store)(nil)

const columns = `i.id, i.attribute, i.value, i.opened_at, i.ended_at, i.failing, i.total, i.peak, i.notice`

func (s *Store) list(ctx context.Context, rest string, args ...any) ([]incident.Incident, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT `+columns+` FROM incident_incidents i `+rest, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (incident.Incident, error) {
		var i incident.Incident
		var opened, ended int64
		err := r.Scan(&i.ID, &i.Attribute, &i.Value, &opened, &ended, &i.Failing, &i.Total, &i.Peak, &i.Notice)
		i.OpenedAt, i.EndedAt = sqldb.Time(opened), sqldb.Time(ended)
		return i, err
	})
}

// Open gives what is going on.
func (s *Store) Open(ctx context.Context) ([]incident.Incident, error) {
	return s.list(ctx, `WHERE i.ended_at = 0 ORDER BY i.opened_at, i.id`)
}

// List gives the newest incidents.
func (s *Store) List(ctx context.Context, limit int) ([]incident.Incident, error) {
	return s.list(ctx, `ORDER BY i.opened_at DESC, i.id DESC LIMIT $1`, limit)
}

// Of gives the open incidents of a terminal.
func (s *Store) Of(ctx context.Context, terminal string) ([]incident.Incident, error) {
	return s.list(ctx, `JOIN incident_members m ON m.incident = i.id
		WHERE m.terminal = $1 AND i.ended_at = 0 ORDER BY i.opened_at, i.id`, terminal)
}

// Members gives the terminals of an incident.
func (s *Store) Members(ctx context.Context, id string) ([]string, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT terminal FROM incident_members WHERE incident = $1 ORDER BY terminal`, id)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (string, error) {
		var t string
		err := r.Scan(&t)
		return t, err
	})
}

// Save stores an incident with its members and events.
func (s *Store) Save(ctx context.Context, i incident.Incident, members []string, events []event.Event) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO incident_incidents
			(id, attribute, value, opened_at, ended_at, failing, total, peak, notice)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE SET attribute = excluded.attribute, value = excluded.value, ended_at = excluded.ended_at, failing = excluded.failing, total = excluded.total,
				peak = excluded.peak, notice = excluded.notice`,
			i.ID, string(i.Attribute), i.Value, sqldb.Millis(i.OpenedAt), sqldb.Millis(i.EndedAt), i.Failing, i.Total, i.Peak, i.Notice,
		); err != nil {
			return err
		}
		for _, m := range members {
			if _, err := tx.ExecContext(ctx, `INSERT INTO incident_members (incident, terminal, since) VALUES ($1, $2, $3)
				ON CONFLICT DO NOTHING`, i.ID, m, sqldb.Millis(i.OpenedAt)); err != nil {
				return err
			}
		}
		return outbox.Append(ctx, tx, events...)
	})
}

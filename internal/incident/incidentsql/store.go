// Package incidentsql keeps incidents in SQLite or PostgreSQL.
package incidentsql

import (
	"context"
	"database/sql"
	"encoding/json"

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

const columns = `i.id, i.attribute, i.value, i.also, i.symptom, i.opened_at, i.began_at, i.ended_at,
	i.push_attribute, i.push_value, i.push_at, i.failing, i.total, i.others, i.others_of, i.peak, i.ratio, i.notice`

func (s *Store) list(ctx context.Context, rest string, args ...any) ([]incident.Incident, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT `+columns+` FROM incident_incidents i `+rest, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (incident.Incident, error) {
		var i incident.Incident
		var opened, began, ended, pushed int64
		var also []byte
		if err := r.Scan(&i.ID, &i.Attribute, &i.Value, &also, &i.Symptom, &opened, &began, &ended,
			&i.Push.Attribute, &i.Push.Value, &pushed, &i.Failing, &i.Total, &i.Others, &i.OthersOf, &i.Peak, &i.Ratio, &i.Notice); err != nil {
			return i, err
		}
		i.OpenedAt, i.BeganAt, i.EndedAt, i.Push.At = sqldb.Time(opened), sqldb.Time(began), sqldb.Time(ended), sqldb.Time(pushed)
		pairs, err := unpack(also)
		i.Also = pairs
		return i, err
	})
}

// unpack reads the further attributes of an incident; one without any has nil.
func unpack(raw []byte) ([]incident.Pair, error) {
	var pairs []incident.Pair
	if err := json.Unmarshal(raw, &pairs); err != nil || len(pairs) == 0 {
		return nil, err
	}
	return pairs, nil
}

// pack writes them; none is an empty list, so that equal combinations are equal texts.
func pack(pairs []incident.Pair) (string, error) {
	if len(pairs) == 0 {
		return "[]", nil
	}
	raw, err := json.Marshal(pairs)
	return string(raw), err
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

const put = `INSERT INTO incident_incidents (id, attribute, value, also, symptom, opened_at, began_at, ended_at,
	push_attribute, push_value, push_at, failing, total, others, others_of, peak, ratio, notice)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
	ON CONFLICT (id) DO UPDATE SET attribute = excluded.attribute, value = excluded.value, also = excluded.also,
		symptom = excluded.symptom, began_at = excluded.began_at, ended_at = excluded.ended_at,
		push_attribute = excluded.push_attribute, push_value = excluded.push_value, push_at = excluded.push_at,
		failing = excluded.failing, total = excluded.total, others = excluded.others, others_of = excluded.others_of,
		peak = excluded.peak, ratio = excluded.ratio, notice = excluded.notice`

// Save stores an incident with its members and events.
func (s *Store) Save(ctx context.Context, i incident.Incident, members []string, events []event.Event) error {
	also, err := pack(i.Also)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, put,
			i.ID, string(i.Attribute), i.Value, also, string(i.Symptom), sqldb.Millis(i.OpenedAt), sqldb.Millis(i.BeganAt), sqldb.Millis(i.EndedAt),
			string(i.Push.Attribute), i.Push.Value, sqldb.Millis(i.Push.At), i.Failing, i.Total, i.Others, i.OthersOf, i.Peak, i.Ratio, i.Notice,
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

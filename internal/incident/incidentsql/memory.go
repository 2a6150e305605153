package incidentsql

import (
	"context"
	"database/sql"
	"time"

	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

var _ incident.Memory = (*Store)(nil)

// Changes gives what was changed on terminals since a time.
func (s *Store) Changes(ctx context.Context, since time.Time) ([]incident.Change, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT terminal, attribute, value, at FROM incident_changes
		WHERE at >= $1 ORDER BY at, terminal, attribute`, sqldb.Millis(since))
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (incident.Change, error) {
		var c incident.Change
		var at int64
		err := r.Scan(&c.Terminal, &c.Attribute, &c.Value, &at)
		c.At = sqldb.Time(at)
		return c, err
	})
}

// KeepChanges stores changes, and drops those before a time.
func (s *Store) KeepChanges(ctx context.Context, list []incident.Change, before time.Time) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `INSERT INTO incident_changes (terminal, attribute, value, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (terminal, attribute) DO UPDATE SET value = excluded.value, at = excluded.at`)
		if err != nil {
			return err
		}
		defer put.Close()
		for _, c := range list {
			if _, err := put.ExecContext(ctx, c.Terminal, string(c.Attribute), c.Value, sqldb.Millis(c.At)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM incident_changes WHERE at < $1`, sqldb.Millis(before))
		return err
	})
}

// Ordinary gives what was learnt of ordinary days.
func (s *Store) Ordinary(ctx context.Context) ([]incident.Tally, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT hour, symptom, showing, seen FROM incident_ordinary ORDER BY hour, symptom`)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (incident.Tally, error) {
		var t incident.Tally
		err := r.Scan(&t.Hour, &t.Symptom, &t.Showing, &t.Of)
		return t, err
	})
}

// KeepOrdinary stores what was learnt of some hours.
func (s *Store) KeepOrdinary(ctx context.Context, list []incident.Tally) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		for _, t := range list {
			if _, err := tx.ExecContext(ctx, `INSERT INTO incident_ordinary (hour, symptom, showing, seen) VALUES ($1, $2, $3, $4)
				ON CONFLICT (hour, symptom) DO UPDATE SET showing = excluded.showing, seen = excluded.seen`,
				t.Hour, string(t.Symptom), t.Showing, t.Of); err != nil {
				return err
			}
		}
		return nil
	})
}

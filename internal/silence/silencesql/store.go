// Package silencesql keeps what is learned of sales in SQLite or PostgreSQL.
package silencesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/silence"
)

// Store implements silence.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ silence.Store = (*Store)(nil)

const onlyRow = "fleet"

// Fleet gives what is learned of all.
func (s *Store) Fleet(ctx context.Context, p silence.Policy) (*silence.Fleet, time.Time, error) {
	var until int64
	var body string
	err := s.db.Read().QueryRowContext(ctx, `SELECT until_at, body FROM silence_fleet WHERE id = $1`, onlyRow).Scan(&until, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return silence.NewFleet(p), time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	f, err := silence.ReadFleet([]byte(body), p)
	return f, sqldb.Time(until), err
}

// Until gives the end of the newest hour that was taken in; zero before the first.
func (s *Store) Until(ctx context.Context) (time.Time, error) {
	var until int64
	err := s.db.Read().QueryRowContext(ctx, `SELECT until_at FROM silence_fleet WHERE id = $1`, onlyRow).Scan(&until)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return sqldb.Time(until), err
}

// SaveFleet stores what is learned of all.
func (s *Store) SaveFleet(ctx context.Context, f *silence.Fleet, until time.Time) error {
	body, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO silence_fleet (id, until_at, body) VALUES ($1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET until_at = excluded.until_at, body = excluded.body`,
			onlyRow, sqldb.Millis(until), string(body))
		return err
	})
}

func scan(row interface{ Scan(...any) error }) (silence.Kept, error) {
	var k silence.Kept
	var state []byte
	if err := row.Scan(&k.Terminal, &k.Class, &state); err != nil {
		return k, err
	}
	return k, k.State.UnmarshalBinary(state)
}

// Page gives terminals in the order of their ids.
func (s *Store) Page(ctx context.Context, after string, limit int) ([]silence.Kept, error) {
	rows, err := s.db.Read().QueryContext(ctx,
		`SELECT terminal, class, state FROM silence_terminals WHERE terminal > $1 ORDER BY terminal LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (silence.Kept, error) { return scan(r) })
}

// Get gives one terminal.
func (s *Store) Get(ctx context.Context, terminal string) (silence.Kept, bool, error) {
	k, err := scan(s.db.Read().QueryRowContext(ctx, `SELECT terminal, class, state FROM silence_terminals WHERE terminal = $1`, terminal))
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	return k, err == nil, err
}

// saveRows bounds the rows of one statement.
const saveRows = 200

// Save stores terminals.
func (s *Store) Save(ctx context.Context, kept []silence.Kept) error {
	if len(kept) == 0 {
		return nil
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		for begin := 0; begin < len(kept); begin += saveRows {
			part := kept[begin:min(begin+saveRows, len(kept))]
			args := make([]any, 0, 3*len(part))
			for i := range part {
				state, err := part[i].State.MarshalBinary()
				if err != nil {
					return err
				}
				args = append(args, part[i].Terminal, part[i].Class, state)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO silence_terminals (terminal, class, state) VALUES `+sqldb.Values(len(part), 3)+`
				ON CONFLICT (terminal) DO UPDATE SET class = excluded.class, state = excluded.state`, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Holidays gives the days that are known to be different.
func (s *Store) Holidays(ctx context.Context) (map[silence.Day]float64, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT day, factor FROM silence_holidays ORDER BY day`)
	if err != nil {
		return nil, err
	}
	out := map[silence.Day]float64{}
	_, err = sqldb.Collect(rows, func(r *sql.Rows) (silence.Day, error) {
		var d silence.Day
		var factor float64
		err := r.Scan(&d, &factor)
		out[d] = factor
		return d, err
	})
	return out, err
}

// SetHoliday stores what share of an ordinary day's sales a day brings; 1 makes it an ordinary one again.
func (s *Store) SetHoliday(ctx context.Context, day silence.Day, factor float64) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if factor == 1 {
			_, err := tx.ExecContext(ctx, `DELETE FROM silence_holidays WHERE day = $1`, int64(day))
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO silence_holidays (day, factor) VALUES ($1, $2)
			ON CONFLICT (day) DO UPDATE SET factor = excluded.factor`, int64(day), factor)
		return err
	})
}

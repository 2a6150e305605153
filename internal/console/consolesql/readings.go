package consolesql

import (
	"context"
	"database/sql"
	"time"

	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Reading is a raw value as the agent reported it last.
type Reading struct {
	Name  string
	Value float64
	Words string
	At    time.Time
}

// Readings gives the newest raw values of a terminal.
func (r *Reader) Readings(ctx context.Context, terminal string) ([]Reading, error) {
	rows, err := r.db.Read().QueryContext(ctx,
		`SELECT name, value, words, at FROM observe_readings WHERE terminal = $1 ORDER BY name`, terminal)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(rows *sql.Rows) (Reading, error) {
		var v Reading
		var at int64
		err := rows.Scan(&v.Name, &v.Value, &v.Words, &at)
		v.At = sqldb.Time(at)
		return v, err
	})
}

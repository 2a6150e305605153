package bench

import (
	"context"
	"fmt"

	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Claim says what a device was told is stored: its reports 1 to Reports of one boot.
type Claim struct {
	Device  string
	Boot    string
	Reports int64
}

// ledger looks into the database beside the server that uses it, and only reads.
type ledger struct{ db *sqldb.DB }

func openLedger(ctx context.Context, dsn string) (*ledger, error) {
	db, err := sqldb.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	return &ledger{db: db}, nil
}

func (l *ledger) close() { _ = l.db.Close() } // it only read

// size is how much the database holds, in bytes.
func (l *ledger) size(ctx context.Context) (bytes int64, err error) {
	query := `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
	if l.db.Dialect == sqldb.Postgres {
		query = `SELECT pg_database_size(current_database())`
	}
	err = l.db.Read().QueryRowContext(ctx, query).Scan(&bytes)
	return bytes, err
}

// holds compares what was acknowledged with what is there. The key of the table keeps a report from being there twice.
func (l *ledger) holds(ctx context.Context, claims []Claim) error {
	for _, c := range claims {
		var there int64
		err := l.db.Read().QueryRowContext(ctx, `SELECT COUNT(*) FROM observe_reports WHERE device = $1 AND boot = $2 AND seq BETWEEN 1 AND $3`,
			c.Device, c.Boot, c.Reports).Scan(&there)
		if err != nil {
			return err
		}
		if there != c.Reports {
			return ErrLost.Because(fmt.Errorf("device %s boot %s: %d acknowledged, %d there", c.Device, c.Boot, c.Reports, there))
		}
	}
	return nil
}

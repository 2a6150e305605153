package sqldb

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/posmedic/posmedic/schema"
)

// Migrate brings the tables up to what this binary knows. Processes that start together on PostgreSQL wait for each
// other. A room's older migration that arrives later, from another branch, is applied too.
func Migrate(ctx context.Context, db *DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	return up(ctx, db, p)
}

// up runs the migrations. Nothing keeps two processes from migrating one SQLite file at once; every migration is a
// transaction, so whoever comes second fails with a table that is there already, and goes on as long as that other
// one makes progress.
func up(ctx context.Context, db *DB, p *goose.Provider) error {
	const none = -1
	for reached := int64(none); ; {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		now, _, versionErr := p.GetVersions(ctx)
		if db.Dialect != SQLite || versionErr != nil || now == reached {
			return fmt.Errorf("migrate: %w", err)
		}
		reached = now
	}
}

// Pending reports whether Migrate has something to do.
func Pending(ctx context.Context, db *DB) (bool, error) {
	p, err := provider(db)
	if err != nil {
		return false, err
	}
	return p.HasPending(ctx)
}

func provider(db *DB) (*goose.Provider, error) {
	files, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	opts := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true), goose.WithAllowOutofOrder(true), goose.WithTableName("schema_migrations"),
	}
	dialect := goose.DialectSQLite3
	if db.Dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("migrate: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db.writer, files, opts...)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return p, nil
}

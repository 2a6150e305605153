package accesssql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

const userColumns = `u.id, u.tenant, u.name, u.role, u.created_at, u.disabled_at`

// scanUser reads userColumns and whatever columns follow them into more.
func scanUser(row interface{ Scan(...any) error }, more ...any) (access.User, error) {
	var u access.User
	var created, disabled int64
	err := row.Scan(append([]any{&u.ID, &u.Tenant, &u.Name, &u.Role, &created, &disabled}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return access.User{}, access.ErrNotFound
	}
	if err != nil {
		return access.User{}, fmt.Errorf("read user: %w", err)
	}
	u.CreatedAt, u.DisabledAt = sqldb.Time(created), sqldb.Time(disabled)
	return u, nil
}

func (s *Store) byName(ctx context.Context, name string) (u access.User, hash string, err error) {
	u, err = scanUser(s.db.Read().QueryRowContext(ctx,
		`SELECT `+userColumns+`, u.password FROM access_users u WHERE u.tenant = $1 AND u.name = $2`, access.DefaultTenant, name), &hash)
	return u, hash, err
}

func (s *Store) newUser(name string, role access.Role) access.User {
	return access.User{
		ID: ident.New("user"), Tenant: access.DefaultTenant, Name: name, Role: role, CreatedAt: sqldb.Time(sqldb.Millis(s.now())),
	}
}

func insertUser(ctx context.Context, tx *sql.Tx, u access.User, hash string) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO access_users (id, tenant, name, role, password, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, name) DO NOTHING`,
		u.ID, u.Tenant, u.Name, u.Role, hash, sqldb.Millis(u.CreatedAt))
	if err := one(res, err); err != nil {
		if errors.Is(err, access.ErrNotFound) {
			return access.ErrTaken
		}
		return fmt.Errorf("insert user: %w", err)
	}
	return nil
}

// CreateUser adds a user. ErrTaken, ErrInvalid.
func (s *Store) CreateUser(ctx context.Context, by access.Actor, name, password string, role access.Role) (access.User, error) {
	if access.CheckName(name) != nil || access.CheckPassword(name, password) != nil || !role.Valid() {
		return access.User{}, access.ErrInvalid
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return access.User{}, err
	}
	u := s.newUser(name, role)
	err = s.write(ctx, by, "access.user_made", u.ID, func(tx *sql.Tx) error { return insertUser(ctx, tx, u, hash) })
	if err != nil {
		return access.User{}, err
	}
	return u, nil
}

// Users lists all users by name.
func (s *Store) Users(ctx context.Context) (list []access.User, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT `+userColumns+` FROM access_users u ORDER BY u.name`)
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

// SetRole gives a user another role. ErrLastAdmin.
func (s *Store) SetRole(ctx context.Context, by access.Actor, id string, role access.Role) error {
	if !role.Valid() {
		return access.ErrInvalid
	}
	return s.write(ctx, by, "access.role_"+string(role), id, func(tx *sql.Tx) error {
		if err := one(tx.ExecContext(ctx, `UPDATE access_users SET role = $1 WHERE id = $2`, role, id)); err != nil {
			return err
		}
		return s.adminLeft(ctx, tx)
	})
}

// Disable locks a user out and ends his sessions; Enable lets him in again. ErrLastAdmin.
func (s *Store) Disable(ctx context.Context, by access.Actor, id string) error {
	return s.write(ctx, by, "access.user_disabled", id, func(tx *sql.Tx) error {
		if err := one(tx.ExecContext(ctx, `UPDATE access_users SET disabled_at = $1 WHERE id = $2`, sqldb.Millis(s.now()), id)); err != nil {
			return err
		}
		return errors.Join(endSessions(ctx, tx, id), s.adminLeft(ctx, tx))
	})
}

// Enable lets a disabled user in again.
func (s *Store) Enable(ctx context.Context, by access.Actor, id string) error {
	return s.write(ctx, by, "access.user_enabled", id, func(tx *sql.Tx) error {
		return one(tx.ExecContext(ctx, `UPDATE access_users SET disabled_at = 0 WHERE id = $1`, id))
	})
}

// SetPassword replaces a user's password and ends his sessions.
func (s *Store) SetPassword(ctx context.Context, by access.Actor, id, password string) error {
	u, err := scanUser(s.db.Read().QueryRowContext(ctx, `SELECT `+userColumns+` FROM access_users u WHERE u.id = $1`, id))
	if err != nil {
		return err
	}
	if err := access.CheckPassword(u.Name, password); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.write(ctx, by, "access.password_set", id, func(tx *sql.Tx) error {
		if err := one(tx.ExecContext(ctx, `UPDATE access_users SET password = $1 WHERE id = $2`, hash, id)); err != nil {
			return err
		}
		return endSessions(ctx, tx, id)
	})
}

func endSessions(ctx context.Context, tx *sql.Tx, user string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM access_sessions WHERE person = $1`, user)
	return err
}

// adminLeft refuses a change after which nobody could manage users. The tenant's row is locked first, so that two
// administrators cannot disable each other at once.
func (s *Store) adminLeft(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `UPDATE access_tenants SET name = name WHERE id = $1`, access.DefaultTenant); err != nil {
		return fmt.Errorf("lock tenant: %w", err)
	}
	var left bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM access_users WHERE tenant = $1 AND role = $2 AND disabled_at = 0)`,
		access.DefaultTenant, access.Admin).Scan(&left)
	if err != nil {
		return fmt.Errorf("administrators: %w", err)
	}
	if !left {
		return access.ErrLastAdmin
	}
	return nil
}

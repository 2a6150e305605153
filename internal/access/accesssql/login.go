package accesssql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// SetupLink makes the token of the first set-up and ends the one before. It gives "" when there is a user already.
func (s *Store) SetupLink(ctx context.Context) (token string, err error) {
	secret, err := access.NewSecret()
	if err != nil {
		return "", err
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		token = ""
		if some, err := users(ctx, tx); err != nil || some {
			return err
		}
		token = secret
		_, err := tx.ExecContext(ctx, `INSERT INTO access_setups (id, token, expires_at) VALUES ('first', $1, $2)
			ON CONFLICT (id) DO UPDATE SET token = excluded.token, expires_at = excluded.expires_at`,
			access.Digest(secret), sqldb.Millis(s.now().Add(access.SetupTTL)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("set-up link: %w", err)
	}
	return token, nil
}

func users(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (some bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM access_users)`).Scan(&some)
	return some, err
}

// NeedsSetup reports whether there is no user yet.
func (s *Store) NeedsSetup(ctx context.Context) (bool, error) {
	some, err := users(ctx, s.db.Read())
	return !some, err
}

// CompleteSetup makes the first user, an administrator, and signs him in. ErrSetup for a token that is not good (any
// more), ErrInvalid for a name or password that breaks the rules; the token then stays good.
func (s *Store) CompleteSetup(ctx context.Context, token, name, password, from string) (access.User, string, error) {
	if err := errors.Join(access.CheckName(name), access.CheckPassword(name, password)); err != nil {
		return access.User{}, "", access.ErrInvalid
	}
	// Looked at before the password costs anything, decided by the DELETE below.
	var good bool
	err := s.db.Read().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM access_setups WHERE token = $1 AND expires_at > $2)`,
		access.Digest(token), sqldb.Millis(s.now())).Scan(&good)
	if err != nil {
		return access.User{}, "", fmt.Errorf("set-up: %w", err)
	}
	if !good {
		return access.User{}, "", access.ErrSetup
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return access.User{}, "", err
	}
	secret, err := access.NewSecret()
	if err != nil {
		return access.User{}, "", err
	}
	u := s.newUser(name, access.Admin)
	err = s.write(ctx, access.Actor{Name: name, From: from}, "access.setup", u.ID, func(tx *sql.Tx) error {
		return s.firstUser(ctx, tx, token, u, hash, secret)
	})
	if err != nil {
		return access.User{}, "", err
	}
	return u, secret, nil
}

func (s *Store) firstUser(ctx context.Context, tx *sql.Tx, token string, u access.User, hash, secret string) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM access_setups WHERE token = $1 AND expires_at > $2`,
		access.Digest(token), sqldb.Millis(s.now()))
	if err := one(res, err); err != nil {
		if errors.Is(err, access.ErrNotFound) {
			return access.ErrSetup
		}
		return err
	}
	some, err := users(ctx, tx)
	if err != nil {
		return err
	}
	if some {
		return access.ErrSetup
	}
	if err := insertUser(ctx, tx, u, hash); err != nil {
		return err
	}
	return s.putSession(ctx, tx, u.ID, secret)
}

// Login checks a name and a password and gives the secret of a new session. Unknown name, wrong password and disabled
// user get the same ErrLogin after the same work; who fails too often gets ErrThrottled, known or not.
func (s *Store) Login(ctx context.Context, name, password, from string) (access.User, string, error) {
	if access.CheckName(name) != nil || len(password) > 1024 {
		return access.User{}, "", access.ErrLogin
	}
	guards := access.Guards(name, from)
	if err := s.reserve(ctx, guards); err != nil {
		return access.User{}, "", err
	}
	u, hash, err := s.byName(ctx, name)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return access.User{}, "", err
	}
	right, err := s.passwords.Check(ctx, hash, password)
	if err != nil {
		return access.User{}, "", err
	}
	// Not the name that was typed: it may be a password in the wrong field.
	by := access.Actor{Name: cmp.Or(u.Name, "unknown"), From: from}
	if !right || !u.DisabledAt.IsZero() {
		if err := s.Audit(ctx, by, "access.login_failed", u.ID); err != nil {
			return access.User{}, "", err
		}
		return access.User{}, "", access.ErrLogin
	}
	secret, err := access.NewSecret()
	if err != nil {
		return access.User{}, "", err
	}
	err = s.write(ctx, by, "access.login", u.ID, func(tx *sql.Tx) error {
		return errors.Join(s.forgive(ctx, tx, guards), s.putSession(ctx, tx, u.ID, secret))
	})
	if err != nil {
		return access.User{}, "", err
	}
	return u, secret, nil
}

// reserve counts an attempt as a failure before it is made, so that many at once cannot slip through, or refuses it.
func (s *Store) reserve(ctx context.Context, guards []access.Guard) error {
	now := s.now()
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		for _, g := range guards {
			if err := s.pass(ctx, tx, g, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) pass(ctx context.Context, tx *sql.Tx, g access.Guard, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO access_failures (id, count, last) VALUES ($1, 0, 0) ON CONFLICT (id) DO NOTHING`, g.Key)
	if err != nil {
		return fmt.Errorf("throttle: %w", err)
	}
	var count int
	var last int64
	q := `SELECT count, last FROM access_failures WHERE id = $1` + s.db.Dialect.ForUpdate()
	if err := tx.QueryRowContext(ctx, q, g.Key).Scan(&count, &last); err != nil {
		return fmt.Errorf("throttle: %w", err)
	}
	at := sqldb.Time(last)
	if g.Wait(count, at, now) > 0 {
		return access.ErrThrottled
	}
	if now.Sub(at) >= access.ForgetAfter {
		count = 0
	}
	_, err = tx.ExecContext(ctx, `UPDATE access_failures SET count = $1, last = $2 WHERE id = $3`, count+1, sqldb.Millis(now), g.Key)
	if err != nil {
		return fmt.Errorf("throttle: %w", err)
	}
	return nil
}

// forgive takes back what reserve counted for a login that succeeded, and clears what is long ago. Earlier failures of
// the address stay: one known password must not pay for guessing others.
func (s *Store) forgive(ctx context.Context, tx *sql.Tx, guards []access.Guard) error {
	for _, g := range guards {
		_, err := tx.ExecContext(ctx, `UPDATE access_failures SET count = count - 1 WHERE id = $1 AND count > 0`, g.Key)
		if err != nil {
			return fmt.Errorf("throttle: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM access_failures WHERE last < $1`, sqldb.Millis(s.now().Add(-access.ForgetAfter)))
	return err
}

func (s *Store) putSession(ctx context.Context, tx *sql.Tx, user, secret string) error {
	now := s.now()
	if _, err := tx.ExecContext(ctx, `DELETE FROM access_sessions WHERE seen_at < $1`, sqldb.Millis(now.Add(-access.SessionIdle))); err != nil {
		return fmt.Errorf("clear sessions: %w", err)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO access_sessions (token, person, created_at, seen_at) VALUES ($1, $2, $3, $3)`,
		access.Digest(secret), user, sqldb.Millis(now))
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// Session gives the user of a session and lets it slide. ErrSignedOut when it is unknown, ended or too old, or the user
// is disabled.
func (s *Store) Session(ctx context.Context, secret string) (access.User, error) {
	now, token := s.now(), access.Digest(secret)
	var created, seen int64
	u, err := scanUser(s.db.Read().QueryRowContext(ctx, `SELECT `+userColumns+`, s.created_at, s.seen_at
		FROM access_sessions s JOIN access_users u ON u.id = s.person WHERE s.token = $1`, token), &created, &seen)
	if errors.Is(err, access.ErrNotFound) {
		return access.User{}, access.ErrSignedOut
	}
	if err != nil {
		return access.User{}, err
	}
	if !u.DisabledAt.IsZero() || !access.Alive(sqldb.Time(created), sqldb.Time(seen), now) {
		return access.User{}, access.ErrSignedOut
	}
	if now.Sub(sqldb.Time(seen)) < access.SeenEvery {
		return u, nil
	}
	return u, s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE access_sessions SET seen_at = $1 WHERE token = $2 AND seen_at < $1`, sqldb.Millis(now), token)
		return err
	})
}

// Logout ends a session; one that is unknown has ended already.
func (s *Store) Logout(ctx context.Context, by access.Actor, secret string) error {
	return s.write(ctx, by, "access.logout", "", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM access_sessions WHERE token = $1`, access.Digest(secret))
		return err
	})
}

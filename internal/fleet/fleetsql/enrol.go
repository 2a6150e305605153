package fleetsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// NewEnrolment makes a code that brings one device in as the terminal. A code made before and not used dies.
func (s *Store) NewEnrolment(ctx context.Context, terminal, by string) (code string, expires time.Time, err error) {
	expires = s.now().Add(fleet.EnrolmentTTL)
	for range 5 { // another live code may begin with the same characters
		if code, err = fleet.NewCode(); err != nil {
			return "", expires, err
		}
		made, err := s.newEnrolment(ctx, terminal, by, code, expires)
		if err != nil || made {
			return code, expires, err
		}
	}
	return "", expires, errors.New("no free enrolment code")
}

func (s *Store) newEnrolment(ctx context.Context, terminal, by, code string, expires time.Time) (made bool, err error) {
	h, _ := fleet.HashCode(code)
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exists(ctx, tx, `SELECT 1 FROM fleet_terminals WHERE id = $1`, terminal); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM fleet_enrolments WHERE (terminal = $1 AND used_at = 0) OR expires_at < $2`,
			terminal, sqldb.Millis(s.now().Add(-fleet.RedeemAgain-fleet.EnrolmentTTL)))
		if err != nil {
			return fmt.Errorf("clear enrolments: %w", err)
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO fleet_enrolments (selector, code, terminal, who, expires_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (selector) DO NOTHING`, h.Selector, h.Code, terminal, by, sqldb.Millis(expires))
		if err != nil {
			return fmt.Errorf("new enrolment: %w", err)
		}
		n, err := res.RowsAffected()
		made = n == 1
		return err
	})
	return made, err
}

// Redeem uses a code up: the device with this serial and model is registered if it is new, the key becomes its only
// one, and it is bound to the code's terminal. Asked again with the same code and key it gives the same answer.
// ErrCode, ErrRevoked, ErrKeyTaken, ErrInvalid.
func (s *Store) Redeem(ctx context.Context, code, key, serial, model string) (fleet.Listed, error) {
	d := fleet.Device{Serial: serial, Model: model, Key: key}
	if err := d.Check(); err != nil {
		return fleet.Listed{}, err
	}
	h, ok := fleet.HashCode(code)
	if !ok {
		return fleet.Listed{}, fleet.ErrCode
	}
	var terminal string
	var refused error // apart from the transaction's error: a wrong try must be committed
	err := s.db.Write(ctx, func(tx *sql.Tx) (err error) {
		terminal, refused, err = s.redeem(ctx, tx, h, d)
		return err
	})
	if err := errors.Join(err, refused); err != nil {
		return fleet.Listed{}, err
	}
	return s.Get(ctx, terminal)
}

func (s *Store) redeem(ctx context.Context, tx *sql.Tx, h fleet.CodeHash, d fleet.Device) (terminal string, refused, err error) {
	e, err := s.enrolment(ctx, tx, h)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fleet.ErrCode, nil
	}
	if err != nil {
		return "", nil, err
	}
	switch e.Admit(h, d.Key, s.now()) {
	case fleet.Again:
		return e.Terminal, nil, nil
	case fleet.Miscount:
		_, err := tx.ExecContext(ctx, `UPDATE fleet_enrolments SET tries = tries + 1 WHERE selector = $1`, h.Selector)
		return "", fleet.ErrCode, err
	case fleet.Admitted:
		return e.Terminal, nil, s.admit(ctx, tx, h, e, d)
	default:
		return "", fleet.ErrCode, nil
	}
}

func (s *Store) enrolment(ctx context.Context, tx *sql.Tx, h fleet.CodeHash) (e fleet.Enrolment, err error) {
	var expires, used int64
	err = tx.QueryRowContext(ctx, `SELECT terminal, who, code, expires_at, tries, used_at, used_key, device
		FROM fleet_enrolments WHERE selector = $1`+s.db.Dialect.ForUpdate(), h.Selector).
		Scan(&e.Terminal, &e.By, &e.Hash, &expires, &e.Tries, &used, &e.UsedKey, &e.Device)
	e.ExpiresAt, e.UsedAt = sqldb.Time(expires), sqldb.Time(used)
	return e, err
}

func (s *Store) admit(ctx context.Context, tx *sql.Tx, h fleet.CodeHash, e fleet.Enrolment, d fleet.Device) error {
	now := s.now()
	device, err := s.putDevice(ctx, tx, d, now)
	if err != nil {
		return err
	}
	events, err := s.bind(ctx, tx, fleet.Bound{Terminal: e.Terminal, Device: device}, e.By, now)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE fleet_enrolments SET used_at = $1, used_key = $2, device = $3 WHERE selector = $4`,
		sqldb.Millis(now), d.Key, device, h.Selector)
	if err != nil {
		return fmt.Errorf("use enrolment: %w", err)
	}
	bound := fleet.Bound{Terminal: e.Terminal, Device: device}
	return outbox.Append(ctx, tx, append(events, event.New(fleet.EnrolledEvent, now, e.Terminal, "", bound))...)
}

// putDevice registers the device and makes the key its only one.
func (s *Store) putDevice(ctx context.Context, tx *sql.Tx, d fleet.Device, now time.Time) (id string, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO fleet_devices (id, tenant, serial, model, created_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, model, serial) DO UPDATE SET revoked_at = 0 RETURNING id`,
		ident.New("dev"), tenant, d.Serial, d.Model, sqldb.Millis(now)).Scan(&id)
	if err != nil {
		return "", fmt.Errorf("put device: %w", err)
	}
	if err := checkKey(ctx, tx, d.Key, id); err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `UPDATE fleet_keys SET revoked_at = $1 WHERE device = $2 AND fingerprint <> $3 AND revoked_at = 0`,
		sqldb.Millis(now), id, d.Key)
	if err != nil {
		return "", fmt.Errorf("replace keys: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO fleet_keys (fingerprint, device, bound_at) VALUES ($1, $2, $3)
		ON CONFLICT (fingerprint) DO NOTHING`, d.Key, id, sqldb.Millis(now))
	if err != nil {
		return "", fmt.Errorf("put key: %w", err)
	}
	return id, nil
}

// checkKey refuses a key that was revoked or belongs to another device.
func checkKey(ctx context.Context, tx *sql.Tx, key, device string) error {
	var owner string
	var revoked int64
	err := tx.QueryRowContext(ctx, `SELECT device, revoked_at FROM fleet_keys WHERE fingerprint = $1`, key).Scan(&owner, &revoked)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("check key: %w", err)
	case revoked != 0:
		return fleet.ErrRevoked
	case owner != device:
		return fleet.ErrKeyTaken
	}
	return nil
}

// bind ends what stands in the way of a binding and begins it, and gives the events of the terminals concerned.
func (s *Store) bind(ctx context.Context, tx *sql.Tx, b fleet.Bound, by string, now time.Time) (events []event.Event, err error) {
	ended, err := s.endBindings(ctx, tx, b, now)
	if err != nil {
		return nil, err
	}
	for _, was := range ended {
		if was == b { // ended nothing: it stands already
			return nil, nil
		}
		change := fleet.Rebound{Terminal: was.Terminal, Was: was.Device}
		if was.Terminal == b.Terminal {
			change.Now = b.Device
		}
		events = append(events, event.New(fleet.ReboundEvent, now, was.Terminal, "", change))
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO fleet_bindings (id, terminal, device, since, who) VALUES ($1, $2, $3, $4, $5)`,
		ident.New("bind"), b.Terminal, b.Device, sqldb.Millis(now), by)
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	for _, was := range append(ended, b) {
		if err := index(ctx, tx, `id = $1`, was.Terminal); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// endBindings ends the present bindings of the terminal and of the device and gives them. When they are already bound
// to each other it ends nothing and gives just that.
func (s *Store) endBindings(ctx context.Context, tx *sql.Tx, b fleet.Bound, now time.Time) (list []fleet.Bound, err error) {
	list, err = present(ctx, tx, b, s.db.Dialect)
	if err != nil || (len(list) == 1 && list[0] == b) {
		return list, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE fleet_bindings SET until = $1 WHERE until = 0 AND (terminal = $2 OR device = $3)`,
		max(sqldb.Millis(now), 1), b.Terminal, b.Device)
	if err != nil {
		return nil, fmt.Errorf("end bindings: %w", err)
	}
	return list, nil
}

func present(ctx context.Context, tx *sql.Tx, b fleet.Bound, d sqldb.Dialect) (list []fleet.Bound, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT terminal, device FROM fleet_bindings
		WHERE until = 0 AND (terminal = $1 OR device = $2) ORDER BY terminal`+d.ForUpdate(), b.Terminal, b.Device)
	if err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one fleet.Bound
		if err := rows.Scan(&one.Terminal, &one.Device); err != nil {
			return nil, fmt.Errorf("bindings: %w", err)
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// ByKey says who speaks with a key: ErrNotFound for a key that nobody enrolled or whose device stands in for no
// terminal, ErrRevoked for one taken out of use.
func (s *Store) ByKey(ctx context.Context, fingerprint string) (fleet.Bound, error) {
	var b fleet.Bound
	var revoked int64
	err := s.db.Read().QueryRowContext(ctx, `SELECT COALESCE(b.terminal, ''), k.device, k.revoked_at FROM fleet_keys k
		LEFT JOIN fleet_bindings b ON b.device = k.device AND b.until = 0 WHERE k.fingerprint = $1`, fingerprint).
		Scan(&b.Terminal, &b.Device, &revoked)
	switch {
	case err != nil:
		return fleet.Bound{}, found(err)
	case revoked != 0:
		return fleet.Bound{}, fleet.ErrRevoked
	case b.Terminal == "":
		return fleet.Bound{}, fleet.ErrNotFound
	}
	return b, nil
}

// Revoke takes all keys of a device out of use, for good. The device may come back with a new key and a new code.
func (s *Store) Revoke(ctx context.Context, device string) error {
	now := s.now()
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE fleet_devices SET revoked_at = $1 WHERE id = $2`, sqldb.Millis(now), device)
		if err != nil {
			return fmt.Errorf("revoke: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fleet.ErrNotFound)
		}
		_, err = tx.ExecContext(ctx, `UPDATE fleet_keys SET revoked_at = $1 WHERE device = $2 AND revoked_at = 0`, sqldb.Millis(now), device)
		if err != nil {
			return fmt.Errorf("revoke: %w", err)
		}
		var terminal string
		err = tx.QueryRowContext(ctx, `SELECT terminal FROM fleet_bindings WHERE device = $1 AND until = 0`, device).Scan(&terminal)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("revoke: %w", err)
		}
		bound := fleet.Bound{Terminal: terminal, Device: device}
		return outbox.Append(ctx, tx, event.New(fleet.RevokedEvent, now, terminal, "", bound))
	})
}

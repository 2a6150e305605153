// Package fleetsql keeps the register in SQL.
package fleetsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// tenant is whose register this is until there is more than one tenant.
const tenant = "default"

// Store is the one writer of the register's tables.
type Store struct {
	db  *sqldb.DB
	now func() time.Time
}

// New makes a store on a migrated database; now is written where something happened.
func New(db *sqldb.DB, now func() time.Time) *Store { return &Store{db: db, now: now} }

// PutMerchant registers a merchant, or changes the one with this ID.
func (s *Store) PutMerchant(ctx context.Context, m fleet.Merchant) (fleet.Merchant, error) {
	if err := m.Check(); err != nil {
		return m, err
	}
	if m.ID == "" {
		m.ID = ident.New("mer")
	}
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO fleet_merchants (id, tenant, name, phone) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, phone = excluded.phone`, m.ID, tenant, m.Name, m.Phone)
		if err != nil {
			return fmt.Errorf("put merchant: %w", err)
		}
		return index(ctx, tx, `merchant = $1`, m.ID)
	})
	return m, err
}

// PutSite registers a site, or changes the one with this ID.
func (s *Store) PutSite(ctx context.Context, p fleet.Site) (fleet.Site, error) {
	if err := p.Check(); err != nil {
		return p, err
	}
	if p.ID == "" {
		p.ID = ident.New("site")
	}
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exists(ctx, tx, `SELECT 1 FROM fleet_merchants WHERE id = $1`, p.Merchant); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO fleet_sites (id, merchant, name, address, area) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET merchant = excluded.merchant, name = excluded.name, address = excluded.address,
			area = excluded.area`, p.ID, p.Merchant, p.Name, p.Address, p.Area)
		if err != nil {
			return fmt.Errorf("put site: %w", err)
		}
		return index(ctx, tx, `site = $1`, p.ID)
	})
	return p, err
}

// PutTerminal registers a terminal, or changes the one with this ID. Its attributes are replaced. ErrTaken when the
// acquirer has the TID already.
func (s *Store) PutTerminal(ctx context.Context, t fleet.Terminal) (fleet.Terminal, error) {
	if err := t.Check(); err != nil {
		return t, err
	}
	if t.ID == "" {
		t.ID = ident.New("term")
	}
	if t.CreatedAt.IsZero() {
		t.CreatedAt = s.now()
	}
	attributes, err := json.Marshal(t.Attributes)
	if err != nil {
		return t, err
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exists(ctx, tx, `SELECT 1 FROM fleet_sites WHERE id = $1 AND merchant = $2`, t.Site, t.Merchant); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO fleet_terminals
			(id, tenant, acquirer, tid, mid, merchant, site, attributes, search, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9)
			ON CONFLICT (id) DO UPDATE SET acquirer = excluded.acquirer, tid = excluded.tid, mid = excluded.mid,
			merchant = excluded.merchant, site = excluded.site, attributes = excluded.attributes`,
			t.ID, tenant, t.Acquirer, t.TID, t.MID, t.Merchant, t.Site, string(attributes), sqldb.Millis(t.CreatedAt))
		if sqldb.IsUnique(err) {
			return fleet.ErrTaken
		}
		if err != nil {
			return fmt.Errorf("put terminal: %w", err)
		}
		return index(ctx, tx, `id = $1`, t.ID)
	})
	return t, err
}

// Learn sets attributes that reports have told, and says so by an event if any has changed.
func (s *Store) Learn(ctx context.Context, terminal string, told map[fleet.Attribute]string) error {
	if err := fleet.CheckAttributes(told); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		var raw []byte
		q := `SELECT attributes FROM fleet_terminals WHERE id = $1` + s.db.Dialect.ForUpdate()
		if err := tx.QueryRowContext(ctx, q, terminal).Scan(&raw); err != nil {
			return found(err)
		}
		all := map[fleet.Attribute]string{}
		if err := json.Unmarshal(raw, &all); err != nil {
			return fmt.Errorf("attributes of %s: %w", terminal, err)
		}
		changed := merge(&all, told)
		if len(changed) == 0 {
			return nil
		}
		raw, err := json.Marshal(all)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE fleet_terminals SET attributes = $1 WHERE id = $2`, string(raw), terminal); err != nil {
			return fmt.Errorf("learn: %w", err)
		}
		return outbox.Append(ctx, tx, event.New(fleet.ChangedEvent, s.now(), terminal, "", changed))
	})
}

// merge puts told into all and gives what was new.
func merge(all *map[fleet.Attribute]string, told map[fleet.Attribute]string) map[fleet.Attribute]string {
	if *all == nil { // stored as null
		*all = map[fleet.Attribute]string{}
	}
	changed := map[fleet.Attribute]string{}
	for a, v := range told {
		if (*all)[a] != v {
			(*all)[a], changed[a] = v, v
		}
	}
	return changed
}

// PutComponents stores the parts of a device; parts that are not named stay as they are.
func (s *Store) PutComponents(ctx context.Context, device string, parts []fleet.Component) error {
	for _, c := range parts {
		if err := c.Check(); err != nil {
			return err
		}
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exists(ctx, tx, `SELECT 1 FROM fleet_devices WHERE id = $1`, device); err != nil {
			return err
		}
		for _, c := range parts {
			_, err := tx.ExecContext(ctx, `INSERT INTO fleet_components (device, kind, name, state, version, at)
				VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (device, kind, name) DO UPDATE
				SET state = excluded.state, version = excluded.version, at = excluded.at WHERE fleet_components.at <= excluded.at`,
				device, c.Kind, c.Name, c.State, c.Version, sqldb.Millis(c.At))
			if err != nil {
				return fmt.Errorf("put component: %w", err)
			}
		}
		return nil
	})
}

// index rewrites what terminals are searched by. It runs in the transaction that changes any part of it.
func index(ctx context.Context, tx *sql.Tx, where string, args ...any) error {
	_, err := tx.ExecContext(ctx, `UPDATE fleet_terminals SET search = lower(tid || ' ' || mid || ' ' || acquirer || ' ' ||
		(SELECT name FROM fleet_merchants WHERE id = fleet_terminals.merchant) || ' ' ||
		(SELECT name || ' ' || area || ' ' || address FROM fleet_sites WHERE id = fleet_terminals.site) || ' ' ||
		COALESCE((SELECT d.serial || ' ' || d.model FROM fleet_bindings b JOIN fleet_devices d ON d.id = b.device
			WHERE b.terminal = fleet_terminals.id AND b.until = 0), '')) WHERE `+where, args...)
	if err != nil {
		return fmt.Errorf("index terminals: %w", err)
	}
	return nil
}

func exists(ctx context.Context, tx *sql.Tx, q string, args ...any) error {
	var one int
	return found(tx.QueryRowContext(ctx, q, args...).Scan(&one))
}

// found turns "no row" into the room's error.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fleet.ErrNotFound
	}
	return err
}

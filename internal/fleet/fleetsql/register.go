package fleetsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Register adds a terminal, and its merchant and site when they are new. ErrTaken when the acquirer has the TID
// already; ErrInvalid and its finer errors for what breaks a rule.
func (s *Store) Register(ctx context.Context, r fleet.Registration) (fleet.Listed, error) {
	r = r.Trimmed()
	if err := r.Check(); err != nil {
		return fleet.Listed{}, err
	}
	var id string
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := s.alone(ctx, tx); err != nil {
			return err
		}
		_, err := s.byTID(ctx, tx, r)
		switch {
		case err == nil:
			return fleet.ErrTaken
		case !errors.Is(err, fleet.ErrNotFound):
			return err
		}
		id, _, _, err = s.register(ctx, tx, r) // nobody is told of a new terminal: it has no past to change
		return err
	})
	if err != nil {
		return fleet.Listed{}, err
	}
	return s.Get(ctx, id)
}

// Imported is what became of one row of a sheet.
type Imported struct {
	Terminal string
	Change   fleet.Change
	Err      error // then nothing else is set
}

// importBatch keeps a large import from holding the database for long.
const importBatch = 100

// errDry ends a transaction that only tried.
var errDry = errors.New("dry run")

// Import registers terminals by their TIDs: what is not there is created, what differs is changed, and doing it again
// changes nothing. A row that is refused does not hold up the others. A dry run finds out the same and keeps nothing.
func (s *Store) Import(ctx context.Context, rows []fleet.Registration, dry bool) ([]Imported, error) {
	out := make([]Imported, 0, len(rows))
	for batch := range slices.Chunk(rows, importBatch) {
		var done []Imported
		err := s.db.Write(ctx, func(tx *sql.Tx) (err error) {
			if err := s.alone(ctx, tx); err != nil {
				return err
			}
			if done, err = s.importBatch(ctx, tx, batch); err == nil && dry {
				err = errDry
			}
			return err
		})
		if err != nil && !errors.Is(err, errDry) {
			return nil, err
		}
		out = append(out, done...)
	}
	return out, nil
}

func (s *Store) importBatch(ctx context.Context, tx *sql.Tx, batch []fleet.Registration) ([]Imported, error) {
	done := make([]Imported, 0, len(batch))
	var events []event.Event
	for _, r := range batch {
		r = r.Trimmed()
		err := r.Check()
		var one Imported
		if err == nil {
			var news []event.Event
			one.Terminal, one.Change, news, err = s.register(ctx, tx, r)
			events = append(events, news...)
		}
		if err != nil {
			// What the register refuses it refuses before it writes; anything else is the database's and ends the batch.
			if problem.Of(err).Kind == problem.Internal {
				return nil, err
			}
			one = Imported{Err: err}
		}
		done = append(done, one)
	}
	return done, outbox.Append(ctx, tx, events...)
}

// alone makes registrations wait for each other, so that two of them never create the same merchant. SQLite's writer
// is alone anyway.
func (s *Store) alone(ctx context.Context, tx *sql.Tx) error {
	if s.db.Dialect != sqldb.Postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('fleet.register', 0))`)
	return err
}

func (s *Store) byTID(ctx context.Context, tx *sql.Tx, r fleet.Registration) (fleet.Terminal, error) {
	t := fleet.Terminal{Acquirer: r.Acquirer, TID: r.TID}
	var raw []byte
	err := tx.QueryRowContext(ctx, `SELECT id, mid, merchant, site, attributes FROM fleet_terminals
		WHERE tenant = $1 AND acquirer = $2 AND tid = $3`+s.db.Dialect.ForUpdate(), tenant, r.Acquirer, r.TID).
		Scan(&t.ID, &t.MID, &t.Merchant, &t.Site, &raw)
	if err != nil {
		return t, found(err)
	}
	if err := json.Unmarshal(raw, &t.Attributes); err != nil {
		return t, fmt.Errorf("attributes of %s: %w", t.ID, err)
	}
	return t, nil
}

// register creates or changes the terminal of a registration. Attributes that it does not name stay. The events are
// for the end of the transaction.
func (s *Store) register(ctx context.Context, tx *sql.Tx, r fleet.Registration) (id string, change fleet.Change, events []event.Event, err error) {
	merchant, err := s.merchant(ctx, tx, r)
	if err != nil {
		return "", "", nil, err
	}
	site, moved, err := s.site(ctx, tx, merchant, r)
	if err != nil {
		return "", "", nil, err
	}
	t, err := s.byTID(ctx, tx, r)
	if errors.Is(err, fleet.ErrNotFound) {
		t.ID, t.MID, t.Merchant, t.Site, t.Attributes = ident.New("term"), r.MID, merchant, site, r.Attributes
		return t.ID, fleet.Created, nil, s.insert(ctx, tx, t)
	}
	if err != nil {
		return "", "", nil, err
	}
	changed := merge(&t.Attributes, r.Attributes)
	if len(changed) > 0 {
		events = append(events, event.New(fleet.ChangedEvent, s.now(), t.ID, "", changed))
	}
	switch {
	case len(changed) > 0, t.MID != r.MID, t.Merchant != merchant, t.Site != site:
		t.MID, t.Merchant, t.Site = r.MID, merchant, site
		return t.ID, fleet.Updated, events, s.change(ctx, tx, t)
	case moved:
		return t.ID, fleet.Updated, nil, nil
	default:
		return t.ID, fleet.Unchanged, nil, nil
	}
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, t fleet.Terminal) error {
	raw, err := json.Marshal(t.Attributes)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO fleet_terminals
		(id, tenant, acquirer, tid, mid, merchant, site, attributes, search, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9)`,
		t.ID, tenant, t.Acquirer, t.TID, t.MID, t.Merchant, t.Site, string(raw), sqldb.Millis(s.now()))
	if err != nil {
		return fmt.Errorf("register terminal: %w", err)
	}
	return index(ctx, tx, `id = $1`, t.ID)
}

// change writes what a registration may change of a terminal.
func (s *Store) change(ctx context.Context, tx *sql.Tx, t fleet.Terminal) error {
	raw, err := json.Marshal(t.Attributes)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE fleet_terminals SET mid = $1, merchant = $2, site = $3, attributes = $4 WHERE id = $5`,
		t.MID, t.Merchant, t.Site, string(raw), t.ID)
	if err != nil {
		return fmt.Errorf("change terminal: %w", err)
	}
	return index(ctx, tx, `id = $1`, t.ID)
}

// merchant finds the merchant of a registration by id or by name, and makes one of a new name.
func (s *Store) merchant(ctx context.Context, tx *sql.Tx, r fleet.Registration) (id string, err error) {
	ids, err := ids(ctx, tx, `SELECT id FROM fleet_merchants WHERE id = $1 OR (tenant = $2 AND name = $1) ORDER BY id LIMIT 2`,
		r.Merchant, tenant)
	switch {
	case err != nil:
		return "", fmt.Errorf("find merchant: %w", err)
	case len(ids) == 1:
		return ids[0], nil
	case len(ids) > 1:
		return "", fleet.ErrMerchantAmbiguous
	case fleet.NamesID(r.Merchant, fleet.MerchantPrefix):
		return "", fleet.ErrMerchantUnknown
	case fleet.NamesID(r.Site, fleet.SitePrefix):
		return "", fleet.ErrSiteUnknown // before the merchant is made: a new one has no sites
	}
	id = ident.New(fleet.MerchantPrefix)
	_, err = tx.ExecContext(ctx, `INSERT INTO fleet_merchants (id, tenant, name, phone) VALUES ($1, $2, $3, '')`, id, tenant, r.Merchant)
	if err != nil {
		return "", fmt.Errorf("register merchant: %w", err)
	}
	return id, nil
}

// site finds the site of a registration among those of the merchant by id or by name, and makes one of a new name.
// Address and area that are given and differ are taken over, for all terminals of the site.
func (s *Store) site(ctx context.Context, tx *sql.Tx, merchant string, r fleet.Registration) (id string, changed bool, err error) {
	found, err := ids(ctx, tx, `SELECT id FROM fleet_sites WHERE merchant = $1 AND (id = $2 OR name = $2) ORDER BY id LIMIT 2`,
		merchant, r.Site)
	switch {
	case err != nil:
		return "", false, fmt.Errorf("find site: %w", err)
	case len(found) > 1:
		return "", false, fleet.ErrSiteAmbiguous
	case len(found) == 0 && fleet.NamesID(r.Site, fleet.SitePrefix):
		return "", false, fleet.ErrSiteUnknown
	case len(found) == 0:
		id = ident.New(fleet.SitePrefix)
		_, err = tx.ExecContext(ctx, `INSERT INTO fleet_sites (id, merchant, name, address, area) VALUES ($1, $2, $3, $4, $5)`,
			id, merchant, r.Site, r.Address, r.Area)
		if err != nil {
			return "", false, fmt.Errorf("register site: %w", err)
		}
		return id, false, nil
	}
	id = found[0]
	res, err := tx.ExecContext(ctx, `UPDATE fleet_sites SET address = CASE WHEN $1 = '' THEN address ELSE $1 END,
		area = CASE WHEN $2 = '' THEN area ELSE $2 END
		WHERE id = $3 AND (($1 <> '' AND address <> $1) OR ($2 <> '' AND area <> $2))`, r.Address, r.Area, id)
	if err != nil {
		return "", false, fmt.Errorf("change site: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return id, false, err
	}
	return id, true, index(ctx, tx, `site = $1`, id)
}

func ids(ctx context.Context, tx *sql.Tx, q string, args ...any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	})
}

// SetAttributes replaces the attributes of a terminal. Those that agents report come back with the next report.
func (s *Store) SetAttributes(ctx context.Context, terminal string, attributes map[fleet.Attribute]string) error {
	r := fleet.Registration{Attributes: attributes}.Trimmed()
	if fleet.CheckAttributes(r.Attributes) != nil {
		return fleet.ErrAttributes
	}
	if fleet.HoldsCard(slices.Collect(maps.Values(r.Attributes))...) {
		return fleet.ErrCardData
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		var raw []byte
		q := `SELECT attributes FROM fleet_terminals WHERE id = $1` + s.db.Dialect.ForUpdate()
		if err := tx.QueryRowContext(ctx, q, terminal).Scan(&raw); err != nil {
			return found(err)
		}
		before := map[fleet.Attribute]string{}
		if err := json.Unmarshal(raw, &before); err != nil {
			return fmt.Errorf("attributes of %s: %w", terminal, err)
		}
		changed := differences(before, r.Attributes)
		if len(changed) == 0 {
			return nil
		}
		raw, err := json.Marshal(r.Attributes)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE fleet_terminals SET attributes = $1 WHERE id = $2`, string(raw), terminal); err != nil {
			return fmt.Errorf("set attributes: %w", err)
		}
		return outbox.Append(ctx, tx, event.New(fleet.ChangedEvent, s.now(), terminal, "", changed))
	})
}

// differences gives what is new, and an empty value for what is gone.
func differences(before, after map[fleet.Attribute]string) map[fleet.Attribute]string {
	changed := map[fleet.Attribute]string{}
	for a := range before {
		if _, stays := after[a]; !stays {
			changed[a] = ""
		}
	}
	for a, v := range after {
		if before[a] != v {
			changed[a] = v
		}
	}
	return changed
}

package fleetsql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

const selectListed = `SELECT t.id, t.acquirer, t.tid, t.mid, t.merchant, t.site, t.attributes, t.created_at,
	m.name, p.name, p.area, COALESCE(d.id, ''), COALESCE(d.serial, ''), COALESCE(d.model, ''), COALESCE(d.created_at, 0),
	COALESCE(d.revoked_at, 0), COALESCE(k.fingerprint, '')`

const fromListed = ` FROM fleet_terminals t JOIN fleet_merchants m ON m.id = t.merchant JOIN fleet_sites p ON p.id = t.site
	LEFT JOIN fleet_bindings b ON b.terminal = t.id AND b.until = 0 LEFT JOIN fleet_devices d ON d.id = b.device
	LEFT JOIN fleet_keys k ON k.device = d.id AND k.revoked_at = 0`

func scan(row interface{ Scan(...any) error }) (fleet.Listed, error) {
	var l fleet.Listed
	var d fleet.Device
	var raw []byte
	var created, deviceCreated, revoked int64
	err := row.Scan(&l.ID, &l.Acquirer, &l.TID, &l.MID, &l.Merchant, &l.Site, &raw, &created,
		&l.MerchantName, &l.SiteName, &l.Area, &d.ID, &d.Serial, &d.Model, &deviceCreated, &revoked, &d.Key)
	if err != nil {
		return l, found(err)
	}
	if err := json.Unmarshal(raw, &l.Attributes); err != nil {
		return l, fmt.Errorf("attributes of %s: %w", l.ID, err)
	}
	l.CreatedAt = sqldb.Time(created)
	if d.ID != "" {
		d.CreatedAt, d.RevokedAt = sqldb.Time(deviceCreated), sqldb.Time(revoked)
		l.Device = &d
	}
	return l, nil
}

// Get gives a terminal with what belongs to it.
func (s *Store) Get(ctx context.Context, terminal string) (fleet.Listed, error) {
	return scan(s.db.Read().QueryRowContext(ctx, selectListed+fromListed+` WHERE t.id = $1`, terminal))
}

// ByTID finds a terminal by its number at an acquirer, as host feeds name it.
func (s *Store) ByTID(ctx context.Context, acquirer, tid string) (fleet.Listed, error) {
	return scan(s.db.Read().QueryRowContext(ctx, selectListed+fromListed+
		` WHERE t.tenant = $1 AND t.acquirer = $2 AND t.tid = $3`, tenant, acquirer, tid))
}

// Filter chooses terminals; empty fields choose all.
type Filter struct {
	Query     string   // every word must occur in TID, MID, acquirer, merchant, site, area, address, serial or model
	Attention bool     // only those for which no device can speak: none was enrolled, or its key was revoked
	Only      []string // terminal ids, at most 1000: what another room has found
	Site      string
	Merchant  string
}

// Bounds of a list.
const (
	maxPage  = 500
	maxQuery = 200
	maxOnly  = 1000
)

// List gives a page of terminals in the order of their TIDs. An empty cursor is the first page; next is empty after
// the last.
func (s *Store) List(ctx context.Context, f Filter, cursor string, limit int) (page []fleet.Listed, next string, err error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	c, err := conditions(f)
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		tid, id, ok := strings.Cut(cursor, " ") // a TID has no spaces
		if !ok {
			return nil, "", fleet.ErrInvalid
		}
		c.add(`(t.tid, t.id) > (?, ?)`, tid, id)
	}
	page, err = s.query(ctx, selectListed+fromListed+c.where()+` ORDER BY t.tid, t.id LIMIT `+strconv.Itoa(limit+1), c.args...)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	last := page[limit-1]
	return page[:limit], last.TID + " " + last.ID, nil
}

// Count says how many terminals a filter chooses.
func (s *Store) Count(ctx context.Context, f Filter) (n int, err error) {
	c, err := conditions(f)
	if err != nil {
		return 0, err
	}
	from := ` FROM fleet_terminals t`
	if f.Attention {
		from = fromListed
	}
	err = s.db.Read().QueryRowContext(ctx, `SELECT count(*)`+from+c.where(), c.args...).Scan(&n)
	return n, err
}

// Each calls f with every terminal, for those who must look at the whole fleet; it holds a page at a time.
func (s *Store) Each(ctx context.Context, f func(fleet.Listed) error) error {
	cursor := ""
	for {
		page, next, err := s.List(ctx, Filter{}, cursor, maxPage)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := f(l); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}

type where struct {
	all  []string
	args []any
}

func (w *where) add(cond string, values ...any) {
	for _, v := range values {
		w.args = append(w.args, v)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.all = append(w.all, cond)
}

func (w *where) where() string {
	if len(w.all) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(w.all, ` AND `)
}

func conditions(f Filter) (*where, error) {
	if len(f.Query) > maxQuery || len(f.Only) > maxOnly {
		return nil, fleet.ErrInvalid
	}
	w := &where{}
	literal := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	for _, part := range strings.Fields(strings.ToLower(f.Query)) {
		w.add(`t.search LIKE ? ESCAPE '\'`, `%`+literal.Replace(part)+`%`)
	}
	if f.Attention {
		w.add(`k.fingerprint IS NULL`)
	}
	if f.Only != nil {
		ids := make([]any, len(f.Only))
		for i, id := range f.Only {
			ids[i] = id
		}
		w.add(`t.id IN (''`+strings.Repeat(`,?`, len(ids))+`)`, ids...) // never empty: both databases take it
	}
	if f.Site != "" {
		w.add(`t.site = ?`, f.Site)
	}
	if f.Merchant != "" {
		w.add(`t.merchant = ?`, f.Merchant)
	}
	return w, nil
}

func (s *Store) query(ctx context.Context, q string, args ...any) (list []fleet.Listed, err error) {
	rows, err := s.db.Read().QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("list terminals: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		l, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// Bindings gives the history of a terminal, oldest first.
func (s *Store) Bindings(ctx context.Context, terminal string) (list []fleet.Binding, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, terminal, device, since, until, who FROM fleet_bindings
		WHERE terminal = $1 ORDER BY since, id`, terminal)
	if err != nil {
		return nil, fmt.Errorf("bindings: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b fleet.Binding
		var since, until int64
		if err := rows.Scan(&b.ID, &b.Terminal, &b.Device, &since, &until, &b.By); err != nil {
			return nil, fmt.Errorf("bindings: %w", err)
		}
		b.Since, b.Until = sqldb.Time(since), sqldb.Time(until)
		list = append(list, b)
	}
	return list, rows.Err()
}

// Components gives the parts of a device.
func (s *Store) Components(ctx context.Context, device string) (list []fleet.Component, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT kind, name, state, version, at FROM fleet_components
		WHERE device = $1 ORDER BY kind, name`, device)
	if err != nil {
		return nil, fmt.Errorf("components: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c fleet.Component
		var at int64
		if err := rows.Scan(&c.Kind, &c.Name, &c.State, &c.Version, &at); err != nil {
			return nil, fmt.Errorf("components: %w", err)
		}
		c.At = sqldb.Time(at)
		list = append(list, c)
	}
	return list, rows.Err()
}

// Merchants gives all merchants by name, at most 10,000.
func (s *Store) Merchants(ctx context.Context) (list []fleet.Merchant, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, name, phone FROM fleet_merchants ORDER BY name, id LIMIT 10000`)
	if err != nil {
		return nil, fmt.Errorf("merchants: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var m fleet.Merchant
		if err := rows.Scan(&m.ID, &m.Name, &m.Phone); err != nil {
			return nil, fmt.Errorf("merchants: %w", err)
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// Sites gives the sites of a merchant by name.
func (s *Store) Sites(ctx context.Context, merchant string) (list []fleet.Site, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, merchant, name, address, area FROM fleet_sites
		WHERE merchant = $1 ORDER BY name, id`, merchant)
	if err != nil {
		return nil, fmt.Errorf("sites: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p fleet.Site
		if err := rows.Scan(&p.ID, &p.Merchant, &p.Name, &p.Address, &p.Area); err != nil {
			return nil, fmt.Errorf("sites: %w", err)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

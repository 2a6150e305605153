// Package consolesql reads across rooms for the console's pages. It writes nothing.
package consolesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Filter chooses terminals of the list; empty fields choose all.
type Filter struct {
	Query     string // every word must occur in TID, MID, merchant, site, serial or model
	Ability   observe.Ability
	Attention bool // cannot sell, restricted, or with an open case
}

// Row is one terminal with what other rooms know of it.
type Row struct {
	ID, TID, MID, Merchant, Site, Model, Serial string
	State                                       observe.State
	Heard                                       bool // anything was ever observed
	Case                                        *casefile.Case
}

// ErrFilter says that a filter or a cursor cannot be read.
var ErrFilter = problem.New(problem.Invalid, "console.filter",
	lang.Text{ZH: "筛选条件不合规定", EN: "the filter cannot be read"})

// Reader reads for the console.
type Reader struct {
	db    *sqldb.DB
	rules observe.Rules
	now   func() time.Time
}

// New makes a reader on a migrated database.
func New(db *sqldb.DB, rules observe.Rules, now func() time.Time) *Reader {
	return &Reader{db: db, rules: rules, now: now}
}

const maxQuery = 200

// ability is State.Ability in SQL; a test holds the two together.
const ability = `CASE WHEN COALESCE(o.stopped_since, 0) > 0 THEN 'cannot_sell'
	WHEN COALESCE(o.failures, 0) > 0 OR COALESCE(o.adverse_since, 0) > 0 THEN 'restricted'
	WHEN COALESCE(o.sale_at, 0) >= $1 THEN 'can_sell' ELSE 'unknown' END`

const from = ` FROM fleet_terminals t
	JOIN fleet_merchants m ON m.id = t.merchant JOIN fleet_sites p ON p.id = t.site
	LEFT JOIN fleet_bindings b ON b.terminal = t.id AND b.until = 0 LEFT JOIN fleet_devices d ON d.id = b.device
	LEFT JOIN observe_states o ON o.terminal = t.id
	LEFT JOIN casefile_cases c ON c.terminal = t.id AND c.state <> 'closed'`

const columns = `SELECT t.id, t.tid, t.mid, m.name, p.name, COALESCE(d.model, ''), COALESCE(d.serial, ''),
	COALESCE(o.contact_at, -1), COALESCE(o.expects_ms, 0), COALESCE(o.sign_in_at, 0), COALESCE(o.sale_at, 0), COALESCE(o.sale_rrn, ''),
	COALESCE(o.failures, 0), COALESCE(o.stopped_since, 0), COALESCE(o.adverse_since, 0), COALESCE(o.unsent, 0), COALESCE(o.host_at, 0),
	COALESCE(c.id, ''), COALESCE(c.state, ''), COALESCE(c.opened_at, 0), COALESCE(c.incident, ''), COALESCE(c.diagnosis, '')`

// List gives a page of terminals in the order of their TIDs, and the cursor of the next page.
func (r *Reader) List(ctx context.Context, f Filter, cursor string, limit int) (page []Row, next string, err error) {
	w, args, err := r.where(f)
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		tid, id, ok := strings.Cut(cursor, " ")
		if !ok {
			return nil, "", ErrFilter
		}
		args = append(args, tid, id)
		w = append(w, fmt.Sprintf(`(t.tid, t.id) > ($%d, $%d)`, len(args)-1, len(args)))
	}
	q := columns + from + ` WHERE ` + strings.Join(w, ` AND `) + ` ORDER BY t.tid, t.id LIMIT ` + strconv.Itoa(limit+1)
	rows, err := r.db.Read().QueryContext(ctx, q, args...)
	if err != nil {
		return nil, "", err
	}
	page, err = sqldb.Collect(rows, scan)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	last := page[limit-1]
	return page[:limit], last.TID + " " + last.ID, nil
}

// One gives the row of one terminal.
func (r *Reader) One(ctx context.Context, id string) (Row, bool, error) {
	rows, err := r.db.Read().QueryContext(ctx, columns+from+` WHERE t.id = $1`, id)
	if err != nil {
		return Row{}, false, err
	}
	list, err := sqldb.Collect(rows, scan)
	if err != nil || len(list) == 0 {
		return Row{}, false, err
	}
	return list[0], true, nil
}

// Counts gives how many terminals a filter chooses, and how many of the whole fleet have which ability.
func (r *Reader) Counts(ctx context.Context, f Filter) (total int, all map[string]int, err error) {
	w, args, err := r.where(f)
	if err != nil {
		return 0, nil, err
	}
	if err := r.db.Read().QueryRowContext(ctx, `SELECT count(*)`+from+` WHERE `+strings.Join(w, ` AND `), args...).Scan(&total); err != nil {
		return 0, nil, err
	}
	rows, err := r.db.Read().QueryContext(ctx, `SELECT a, count(*) FROM (SELECT `+ability+` AS a
		FROM fleet_terminals t LEFT JOIN observe_states o ON o.terminal = t.id) x GROUP BY a`, r.proofSince())
	if err != nil {
		return 0, nil, err
	}
	all = map[string]int{}
	_, err = sqldb.Collect(rows, func(rows *sql.Rows) (struct{}, error) {
		var a string
		var n int
		err := rows.Scan(&a, &n)
		all[a] = n
		return struct{}{}, err
	})
	return total, all, err
}

func (r *Reader) proofSince() int64 { return max(sqldb.Millis(r.now().Add(-r.rules.ProofAge)), 1) }

// where gives the conditions of a filter; $1 is always the oldest sale that still proves something.
func (r *Reader) where(f Filter) (all []string, args []any, err error) {
	if len(f.Query) > maxQuery {
		return nil, nil, ErrFilter
	}
	args = []any{r.proofSince()}
	all = []string{`CAST($1 AS BIGINT) > 0`} // PostgreSQL would take it for a small integer
	if f.Ability != "" {
		args = append(args, string(f.Ability))
		all = append(all, ability+` = $`+strconv.Itoa(len(args)))
	}
	if f.Attention {
		all = append(all, `(o.stopped_since > 0 OR o.failures > 0 OR o.adverse_since > 0 OR c.id IS NOT NULL)`)
	}
	literal := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	for _, word := range strings.Fields(strings.ToLower(f.Query)) {
		args = append(args, `%`+literal.Replace(word)+`%`)
		all = append(all, `t.search LIKE $`+strconv.Itoa(len(args))+` ESCAPE '\'`)
	}
	return all, args, nil
}

func scan(rows *sql.Rows) (Row, error) {
	var r Row
	var contact, expects, signIn, sale, stopped, adverse, host, opened int64
	var c casefile.Case
	var diagnosis string
	err := rows.Scan(&r.ID, &r.TID, &r.MID, &r.Merchant, &r.Site, &r.Model, &r.Serial,
		&contact, &expects, &signIn, &sale, &r.State.SaleRRN, &r.State.Failures, &stopped, &adverse, &r.State.Unsent, &host,
		&c.ID, &c.State, &opened, &c.Incident, &diagnosis)
	if err != nil {
		return r, err
	}
	r.Heard = contact >= 0
	r.State.Terminal, r.State.ContactAt = r.ID, sqldb.Time(max(contact, 0))
	r.State.Expects = time.Duration(expects) * time.Millisecond
	r.State.SignInAt, r.State.SaleAt, r.State.HostAt = sqldb.Time(signIn), sqldb.Time(sale), sqldb.Time(host)
	r.State.StoppedSince, r.State.Adverse = sqldb.Time(stopped), sqldb.Time(adverse)
	if c.ID != "" {
		c.Terminal, c.OpenedAt, c.Diagnosis = r.ID, sqldb.Time(opened), json.RawMessage(diagnosis)
		r.Case = &c
	}
	return r, nil
}

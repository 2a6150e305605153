// Package observesql keeps what was observed in SQLite or PostgreSQL.
package observesql

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/wire"
)

// Store implements observe.Store.
type Store struct{ db *sqldb.DB }

// New makes the store over a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

var _ observe.Store = (*Store)(nil)

// Commit stores arrivals of many terminals in one transaction: one fsync for all of them.
func (s *Store) Commit(ctx context.Context, arrivals []observe.Arrival, fold observe.Fold) ([]observe.Landed, error) {
	// The order of terminals keeps two writers from waiting for each other on PostgreSQL.
	order := make([]int, len(arrivals))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(arrivals[a].Terminal, arrivals[b].Terminal) })
	var landed []observe.Landed
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		landed = make([]observe.Landed, len(arrivals))
		t := &transaction{ctx: ctx, tx: tx, dialect: s.db.Dialect, prepared: map[string]*sql.Stmt{}}
		for _, i := range order {
			l, err := t.land(arrivals[i], fold)
			if err != nil {
				return err
			}
			landed[i] = l
		}
		return outbox.Append(ctx, tx, t.events...)
	})
	if err != nil {
		return nil, err
	}
	return landed, nil
}

// transaction carries what one Commit works with.
type transaction struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect sqldb.Dialect
	events  []event.Event

	prepared map[string]*sql.Stmt // by text; they end with the transaction
}

// statement prepares a text once for all arrivals of a commit: parsing it costs more than running it.
func (t *transaction) statement(query string) (*sql.Stmt, error) {
	if st, ok := t.prepared[query]; ok {
		return st, nil
	}
	st, err := t.tx.PrepareContext(t.ctx, query)
	if err == nil {
		t.prepared[query] = st
	}
	return st, err
}

func (t *transaction) exec(query string, args ...any) (sql.Result, error) {
	st, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(t.ctx, args...)
}

func (t *transaction) query(query string, args ...any) (*sql.Rows, error) {
	st, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(t.ctx, args...)
}

func (t *transaction) land(a observe.Arrival, fold observe.Fold) (observe.Landed, error) {
	fresh, landed, err := t.fresh(a)
	if err != nil || landed.Accepted == 0 && !fresh.Agent {
		return landed, err
	}
	state, err := t.state(a.Terminal)
	if err != nil {
		return landed, err
	}
	held, err := t.findings(a.Terminal)
	if err != nil {
		return landed, err
	}
	before := maps.Clone(held)
	t.events = append(t.events, fold(&state, held, fresh)...)
	return landed, errors.Join(
		t.saveState(state), t.saveFindings(a.Terminal, before, held), t.saveReadings(a.Terminal, fresh.Reports),
		t.saveAnswers(a.Terminal, fresh), t.countSales(a.Terminal, fresh.Answers),
	)
}

// fresh stores the raw reports and keeps those that were not there.
func (t *transaction) fresh(a observe.Arrival) (observe.Fresh, observe.Landed, error) {
	f := observe.Fresh{
		Terminal: a.Terminal, Agent: a.Device != "", At: a.At, SentAt: a.SentAt, Expects: a.Expects,
		Answers: a.Answers, Findings: a.Findings, Forget: a.Forget,
	}
	var l observe.Landed
	if a.Record != "" {
		isNew, err := t.insert(`INSERT INTO observe_records (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			a.Record, sqldb.Millis(a.At))
		if err != nil || !isNew {
			return observe.Fresh{}, observe.Landed{Duplicate: 1}, err
		}
	}
	if len(a.Answers)+len(a.Findings)+len(a.Forget) > 0 {
		l.Accepted++
	}
	for _, r := range a.Reports {
		body, err := json.Marshal(r)
		if err != nil {
			return f, l, err
		}
		isNew, err := t.insert(`INSERT INTO observe_reports (device, boot, seq, terminal, at, received_at, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			a.Device, r.Boot, int64(r.Seq), a.Terminal, sqldb.Millis(r.At), sqldb.Millis(a.At), string(body))
		if err != nil {
			return f, l, err
		}
		if !isNew {
			l.Duplicate++
			continue
		}
		l.Accepted++
		f.Reports = append(f.Reports, r)
	}
	return f, l, nil
}

func (t *transaction) insert(query string, args ...any) (bool, error) {
	res, err := t.exec(query, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

const stateColumns = `terminal, contact_at, expects_ms, offset_ms, host_at, sign_in_at, sale_at, sale_rrn,
	failures, fail_code, fail_kind, fail_since, fail_at, fail_stan, unsent, stopped_since, stopped_by, adverse_since, adverse_at`

func scanState(row interface{ Scan(...any) error }) (observe.State, error) {
	var s observe.State
	var contact, expects, offset, host, signIn, sale, failSince, failAt, stopped, adverse, adverseAt int64
	err := row.Scan(&s.Terminal, &contact, &expects, &offset, &host, &signIn, &sale, &s.SaleRRN,
		&s.Failures, &s.FailCode, &s.FailKind, &failSince, &failAt, &s.FailSTAN, &s.Unsent, &stopped, &s.StoppedBy, &adverse, &adverseAt)
	s.ContactAt, s.HostAt, s.SignInAt, s.SaleAt = sqldb.Time(contact), sqldb.Time(host), sqldb.Time(signIn), sqldb.Time(sale)
	s.FailSince, s.StoppedSince, s.Adverse, s.AdverseAt = sqldb.Time(failSince), sqldb.Time(stopped), sqldb.Time(adverse), sqldb.Time(adverseAt)
	s.FailAt = sqldb.Time(failAt)
	s.Expects, s.ClockOffset = time.Duration(expects)*time.Millisecond, time.Duration(offset)*time.Millisecond
	return s, err
}

func (t *transaction) state(terminal string) (observe.State, error) {
	rows, err := t.query(`SELECT `+stateColumns+` FROM observe_states WHERE terminal = $1`+t.dialect.ForUpdate(), terminal)
	if err != nil {
		return observe.State{}, err
	}
	list, err := sqldb.Collect(rows, func(r *sql.Rows) (observe.State, error) { return scanState(r) })
	if err != nil || len(list) == 0 {
		return observe.State{Terminal: terminal}, err
	}
	return list[0], nil
}

func (t *transaction) saveState(s observe.State) error {
	_, err := t.exec(`INSERT INTO observe_states (`+stateColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (terminal) DO UPDATE SET contact_at = excluded.contact_at, expects_ms = excluded.expects_ms,
			offset_ms = excluded.offset_ms, host_at = excluded.host_at, sign_in_at = excluded.sign_in_at,
			sale_at = excluded.sale_at, sale_rrn = excluded.sale_rrn, failures = excluded.failures,
			fail_code = excluded.fail_code, fail_kind = excluded.fail_kind, fail_since = excluded.fail_since,
			fail_at = excluded.fail_at, fail_stan = excluded.fail_stan, unsent = excluded.unsent, stopped_since = excluded.stopped_since, stopped_by = excluded.stopped_by,
			adverse_since = excluded.adverse_since, adverse_at = excluded.adverse_at`,
		s.Terminal, sqldb.Millis(s.ContactAt), s.Expects.Milliseconds(), s.ClockOffset.Milliseconds(), sqldb.Millis(s.HostAt),
		sqldb.Millis(s.SignInAt), sqldb.Millis(s.SaleAt), s.SaleRRN, s.Failures, s.FailCode, string(s.FailKind),
		sqldb.Millis(s.FailSince), sqldb.Millis(s.FailAt), s.FailSTAN, s.Unsent, sqldb.Millis(s.StoppedSince), string(s.StoppedBy), sqldb.Millis(s.Adverse),
		sqldb.Millis(s.AdverseAt))
	return err
}

const findingColumns = `variable, state, since, at, source, confidence, detail`

func scanFinding(rows *sql.Rows) (observe.Held, error) {
	var h observe.Held
	var since, at int64
	err := rows.Scan(&h.Variable, &h.State, &since, &at, &h.Source, &h.Confidence, &h.Detail)
	h.Since, h.At = sqldb.Time(since), sqldb.Time(at)
	return h, err
}

func (t *transaction) findings(terminal string) (map[string]observe.Held, error) {
	rows, err := t.query(`SELECT `+findingColumns+` FROM observe_findings WHERE terminal = $1`, terminal)
	if err != nil {
		return nil, err
	}
	list, err := sqldb.Collect(rows, scanFinding)
	out := make(map[string]observe.Held, len(list))
	for _, h := range list {
		out[h.Variable] = h
	}
	return out, err
}

func (t *transaction) saveFindings(terminal string, before, after map[string]observe.Held) error {
	var args []any
	for _, variable := range slices.Sorted(maps.Keys(after)) {
		if h := after[variable]; before[variable] != h {
			args = append(args, terminal, h.Variable, h.State, sqldb.Millis(h.Since), sqldb.Millis(h.At), string(h.Source),
				h.Confidence, h.Detail)
		}
	}
	if err := t.upsert(`observe_findings (terminal, `+findingColumns+`)`, 8, `(terminal, variable) DO UPDATE SET
		state = excluded.state, since = excluded.since, at = excluded.at, source = excluded.source,
		confidence = excluded.confidence, detail = excluded.detail`, args); err != nil {
		return err
	}
	for variable := range before {
		if _, kept := after[variable]; kept {
			continue
		}
		if _, err := t.exec(`DELETE FROM observe_findings WHERE terminal = $1 AND variable = $2`,
			terminal, variable); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) saveReadings(terminal string, reports []wire.Report) error {
	newest := map[string]wire.Reading{}
	for _, r := range reports {
		for _, v := range r.Readings {
			if old, ok := newest[v.Name]; !ok || !v.At.Before(old.At) {
				newest[v.Name] = v
			}
		}
	}
	var args []any
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		v := newest[name]
		args = append(args, terminal, v.Name, v.Value, v.Text, sqldb.Millis(v.At))
	}
	return t.upsert(`observe_readings (terminal, name, value, words, at)`, 5,
		`(terminal, name) DO UPDATE SET value = excluded.value, words = excluded.words, at = excluded.at`, args)
}

// upsert writes many rows with one statement; no rows are no statement.
func (t *transaction) upsert(into string, columns int, conflict string, args []any) error {
	if len(args) == 0 {
		return nil
	}
	_, err := t.exec(
		`INSERT INTO `+into+` VALUES `+sqldb.Values(len(args)/columns, columns)+` ON CONFLICT `+conflict, args...)
	return err
}

func (t *transaction) saveAnswers(terminal string, fresh observe.Fresh) error {
	for _, a := range observe.AnswersOf(fresh) {
		if _, err := t.exec(`INSERT INTO observe_answers (terminal, at, kind, stan, recorder, code, rrn)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			terminal, sqldb.Millis(a.At), string(a.Kind), a.STAN, a.By, a.Code, a.RRN); err != nil {
			return err
		}
	}
	return nil
}

// countSales counts the approved sales of a feed's record, which is taken once, by hour.
func (t *transaction) countSales(terminal string, answers []observe.Answer) error {
	for _, a := range answers {
		if a.Kind != observe.Sale || !a.Approved() || a.By != observe.ByHost {
			continue
		}
		if _, err := t.exec(`INSERT INTO observe_sales (hour, terminal, sales) VALUES ($1, $2, 1)
			ON CONFLICT (hour, terminal) DO UPDATE SET sales = observe_sales.sales + 1`,
			sqldb.Millis(a.At.Truncate(time.Hour)), terminal); err != nil {
			return err
		}
	}
	return nil
}

// Sales gives how many sales of each terminal the host approved in the hour that begins at a time. A terminal without any
// is left out.
func (s *Store) Sales(ctx context.Context, from time.Time) (map[string]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT terminal, sales FROM observe_sales WHERE hour = $1`, sqldb.Millis(from))
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	_, err = sqldb.Collect(rows, func(r *sql.Rows) (string, error) {
		var terminal string
		var n int
		err := r.Scan(&terminal, &n)
		out[terminal] = n
		return terminal, err
	})
	return out, err
}

// Mark stores that a terminal has stopped, or sells again, unless somebody else marked it meanwhile.
func (s *Store) Mark(ctx context.Context, st observe.State, was time.Time, events []event.Event) (bool, error) {
	marked := false
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE observe_states SET stopped_since = $1, stopped_by = $2
			WHERE terminal = $3 AND stopped_since = $4`,
			sqldb.Millis(st.StoppedSince), string(st.StoppedBy), st.Terminal, sqldb.Millis(was))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if marked = n == 1; err != nil || !marked {
			return err
		}
		return outbox.Append(ctx, tx, events...)
	})
	return marked, err
}

// PutNotice stores a notice; a newer one of the same id replaces it.
func (s *Store) PutNotice(ctx context.Context, n observe.Notice) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO observe_notices (id, kind, scope, value, from_at, until_at, text_zh, text_en)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, scope = excluded.scope, value = excluded.value,
				from_at = excluded.from_at, until_at = excluded.until_at, text_zh = excluded.text_zh, text_en = excluded.text_en`,
			n.ID, n.Kind, n.Scope, n.Value, sqldb.Millis(n.From), sqldb.Millis(n.Until), n.Text.ZH, n.Text.EN)
		return err
	})
}

// Prune deletes raw reports, answers and feed ids received before a time.
func (s *Store) Prune(ctx context.Context, before time.Time) (int64, error) {
	var total int64
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		total = 0
		for _, q := range []string{
			`DELETE FROM observe_reports WHERE received_at < $1`, `DELETE FROM observe_answers WHERE at < $1`,
			`DELETE FROM observe_records WHERE at < $1`, `DELETE FROM observe_sales WHERE hour < $1`,
		} {
			res, err := tx.ExecContext(ctx, q, sqldb.Millis(before))
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	return total, err
}

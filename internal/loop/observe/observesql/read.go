package observesql

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// answersShown bounds how many answers of the host evidence carries.
const answersShown = 50

// Doubtful gives the states that the rules should look at.
func (s *Store) Doubtful(ctx context.Context, silentSince time.Time, after string, limit int) ([]observe.State, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT `+stateColumns+` FROM observe_states
		WHERE terminal > $1 AND (failures > 0 OR adverse_since > 0 OR stopped_since > 0 OR (contact_at > 0 AND contact_at < $2))
		ORDER BY terminal LIMIT $3`, after, sqldb.Millis(silentSince), limit)
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (observe.State, error) { return scanState(r) })
}

// States gives the states of some terminals; one that nothing was heard of has none.
func (s *Store) States(ctx context.Context, terminals []string) (map[string]observe.State, error) {
	out := make(map[string]observe.State, len(terminals))
	if len(terminals) == 0 {
		return out, nil
	}
	marks := make([]string, len(terminals))
	args := make([]any, len(terminals))
	for i, t := range terminals {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), t
	}
	rows, err := s.db.Read().QueryContext(ctx,
		`SELECT `+stateColumns+` FROM observe_states WHERE terminal IN (`+strings.Join(marks, ", ")+`)`, args...)
	if err != nil {
		return nil, err
	}
	list, err := sqldb.Collect(rows, func(r *sql.Rows) (observe.State, error) { return scanState(r) })
	for _, st := range list {
		out[st.Terminal] = st
	}
	return out, err
}

// Evidence gives what is stored about a terminal.
func (s *Store) Evidence(ctx context.Context, terminal string) (observe.Evidence, error) {
	var e observe.Evidence
	st, err := scanState(s.db.Read().QueryRowContext(ctx, `SELECT `+stateColumns+` FROM observe_states WHERE terminal = $1`, terminal))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return e, err
	}
	e.State = st
	e.State.Terminal = terminal
	rows, err := s.db.Read().QueryContext(ctx,
		`SELECT `+findingColumns+` FROM observe_findings WHERE terminal = $1 ORDER BY variable`, terminal)
	if err != nil {
		return e, err
	}
	held, err := sqldb.Collect(rows, scanFinding)
	if err != nil {
		return e, err
	}
	for _, h := range held {
		e.Findings = append(e.Findings, h.Finding)
	}
	rows, err = s.db.Read().QueryContext(ctx, `SELECT at, kind, stan, recorder, code, rrn FROM observe_answers
		WHERE terminal = $1 ORDER BY at DESC, stan DESC LIMIT $2`, terminal, answersShown)
	if err != nil {
		return e, err
	}
	e.Answers, err = sqldb.Collect(rows, func(r *sql.Rows) (observe.Answer, error) {
		var a observe.Answer
		var at int64
		err := r.Scan(&at, &a.Kind, &a.STAN, &a.By, &a.Code, &a.RRN)
		a.At = sqldb.Time(at)
		return a, err
	})
	return e, err
}

// Notices gives the notices that hold at a time.
func (s *Store) Notices(ctx context.Context, at time.Time) ([]observe.Notice, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, kind, scope, value, from_at, until_at, text_zh, text_en
		FROM observe_notices WHERE from_at <= $1 AND (until_at = 0 OR until_at >= $1) ORDER BY from_at, id`, sqldb.Millis(at))
	if err != nil {
		return nil, err
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (observe.Notice, error) {
		var n observe.Notice
		var from, until int64
		var text lang.Text
		err := r.Scan(&n.ID, &n.Kind, &n.Scope, &n.Value, &from, &until, &text.ZH, &text.EN)
		n.From, n.Until, n.Text = sqldb.Time(from), sqldb.Time(until), text
		return n, err
	})
}

package casefilesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

const selectCase = `SELECT id, tenant, terminal, state, opened_at, opened_by, closed_at, outcome, incident, pack_hash,
	diagnosis, reopened, revision FROM casefile_cases`

func scan(row interface{ Scan(...any) error }) (casefile.Case, error) {
	var c casefile.Case
	var opened, closed int64
	var diagnosis []byte
	err := row.Scan(&c.ID, &c.Tenant, &c.Terminal, &c.State, &opened, &c.OpenedBy, &closed, &c.Outcome, &c.Incident,
		&c.PackHash, &diagnosis, &c.Reopened, &c.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return c, casefile.ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("read case: %w", err)
	}
	c.OpenedAt, c.ClosedAt = sqldb.Time(opened), sqldb.Time(closed)
	if len(diagnosis) > 0 {
		c.Diagnosis = json.RawMessage(diagnosis)
	}
	return c, nil
}

// Get gives a case, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (casefile.Case, error) {
	return scan(s.db.Read().QueryRowContext(ctx, selectCase+` WHERE id = $1`, id))
}

// OpenOf gives the open case of a terminal, if it has one.
func (s *Store) OpenOf(ctx context.Context, terminal string) (casefile.Case, bool, error) {
	c, err := scan(s.db.Read().QueryRowContext(ctx, selectCase+` WHERE terminal = $1 AND state <> 'closed'`, terminal))
	if errors.Is(err, casefile.ErrNotFound) {
		return casefile.Case{}, false, nil
	}
	return c, err == nil, err
}

// OpenOfAll gives the open cases of many terminals, by terminal.
func (s *Store) OpenOfAll(ctx context.Context, terminals []string) (map[string]casefile.Case, error) {
	open := make(map[string]casefile.Case)
	if len(terminals) == 0 {
		return open, nil
	}
	args := make([]any, len(terminals))
	marks := make([]string, len(terminals))
	for i, id := range terminals {
		args[i], marks[i] = id, "$"+strconv.Itoa(i+1)
	}
	list, err := s.query(ctx, selectCase+` WHERE state <> 'closed' AND terminal IN (`+strings.Join(marks, ",")+`)`, args...)
	for _, c := range list {
		open[c.Terminal] = c
	}
	return open, err
}

// Filter chooses cases; empty fields choose all.
type Filter struct {
	Open     bool // only those that are not closed
	State    casefile.State
	Terminal string
	Incident string
}

// maxPage bounds a page.
const maxPage = 200

// List gives a page of cases, newest first. An empty cursor is the first page; next is empty after the last.
func (s *Store) List(ctx context.Context, f Filter, cursor string, limit int) (page []casefile.Case, next string, err error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	where, args, err := conditions(f, cursor)
	if err != nil {
		return nil, "", err
	}
	args = append(args, limit+1)
	q := selectCase + where + ` ORDER BY opened_at DESC, id DESC LIMIT $` + strconv.Itoa(len(args))
	if page, err = s.query(ctx, q, args...); err != nil || len(page) <= limit {
		return page, "", err
	}
	last := page[limit-1]
	return page[:limit], strconv.FormatInt(sqldb.Millis(last.OpenedAt), 10) + "." + last.ID, nil
}

func conditions(f Filter, cursor string) (where string, args []any, err error) {
	var all []string
	is := func(cond string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		all = append(all, cond)
	}
	if f.Open {
		is(`state <> 'closed'`)
	}
	if f.State != "" {
		is(`state = ?`, f.State)
	}
	if f.Terminal != "" {
		is(`terminal = ?`, f.Terminal)
	}
	if f.Incident != "" {
		is(`incident = ?`, f.Incident)
	}
	if cursor != "" {
		at, id, _ := strings.Cut(cursor, ".")
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil || id == "" {
			return "", nil, casefile.ErrInvalid
		}
		is(`(opened_at, id) < (?, ?)`, ms, id)
	}
	if len(all) == 0 {
		return "", nil, nil
	}
	return ` WHERE ` + strings.Join(all, ` AND `), args, nil
}

func (s *Store) query(ctx context.Context, q string, args ...any) (list []casefile.Case, err error) {
	rows, err := s.db.Read().QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		c, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// Timeline gives up to limit lines of a case after a sequence number, oldest first; 0 starts at the beginning.
func (s *Store) Timeline(ctx context.Context, caseID string, after int64, limit int) (lines []casefile.Entry, err error) {
	if limit < 1 || limit > 1000 {
		limit = 1000
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT case_id, seq, at, kind, who, text_zh, text_en, data
		FROM casefile_entries WHERE case_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, caseID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var e casefile.Entry
		var at int64
		var data []byte
		if err := rows.Scan(&e.Case, &e.Seq, &at, &e.Kind, &e.By, &e.Text.ZH, &e.Text.EN, &data); err != nil {
			return nil, fmt.Errorf("timeline: %w", err)
		}
		e.At = sqldb.Time(at)
		if len(data) > 0 {
			e.Data = json.RawMessage(data)
		}
		lines = append(lines, e)
	}
	return lines, rows.Err()
}

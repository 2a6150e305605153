// Package casefilesql keeps cases in SQL. Every change is one transaction: the case, its line in the timeline and its
// event stand or fall together.
package casefilesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// tenant is whose cases these are until there is more than one tenant.
const tenant = "default"

// Store is the one writer of the case tables.
type Store struct{ db *sqldb.DB }

// New makes a store on a migrated database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

// Writer changes cases within one transaction.
type Writer struct {
	ctx     context.Context //nolint:containedctx // a writer lives as long as the call of Write that made it
	tx      *sql.Tx
	dialect sqldb.Dialect
	events  []event.Event
}

// Write makes several changes at once. fn may run again when the transaction lost against another one.
func (s *Store) Write(ctx context.Context, fn func(w *Writer) error) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		w := &Writer{ctx: ctx, tx: tx, dialect: s.db.Dialect}
		if err := fn(w); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, w.events...)
	})
}

// Publish sends events of the caller with the changes, after theirs.
func (w *Writer) Publish(events ...event.Event) { w.events = append(w.events, events...) }

// Open opens a case of a terminal, or gives the open one it has; the bool says whether it is new.
func (w *Writer) Open(terminal, by string, at time.Time) (casefile.Case, bool, error) {
	if terminal == "" || by == "" || at.IsZero() {
		return casefile.Case{}, false, casefile.ErrInvalid
	}
	c := casefile.Case{
		ID: ident.New("case"), Tenant: tenant, Terminal: terminal, State: casefile.Diagnosing,
		OpenedAt: sqldb.Time(sqldb.Millis(at)), OpenedBy: by, Revision: 1,
	}
	res, err := w.tx.ExecContext(w.ctx, `INSERT INTO casefile_cases
		(id, tenant, terminal, state, opened_at, opened_by, revision) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (terminal) WHERE state <> 'closed' DO NOTHING`,
		c.ID, c.Tenant, c.Terminal, c.State, sqldb.Millis(c.OpenedAt), c.OpenedBy, c.Revision)
	if err != nil {
		return c, false, fmt.Errorf("open case: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if err != nil {
			return c, false, err
		}
		return w.openOf(terminal)
	}
	first := casefile.Opening(c)
	w.Publish(c.Of(casefile.OpenedEvent, first, ""))
	return c, true, w.append(c.ID, first)
}

// openOf reads the case that made Open's insert do nothing.
func (w *Writer) openOf(terminal string) (casefile.Case, bool, error) {
	c, err := scan(w.tx.QueryRowContext(w.ctx, selectCase+` WHERE terminal = $1 AND state <> 'closed'`, terminal))
	if errors.Is(err, casefile.ErrNotFound) {
		return c, false, casefile.ErrStale // closed by somebody between the two statements: try again
	}
	return c, false, err
}

// Change loads a case, lets f change it, and stores it with its line in the timeline and the event of that kind. A
// revision that is not 0 must be the case's.
func (w *Writer) Change(kind event.Kind, revision int64, e casefile.Entry, f func(c *casefile.Case) error) error {
	if err := e.Check(); err != nil {
		return err
	}
	c, err := scan(w.tx.QueryRowContext(w.ctx, selectCase+` WHERE id = $1`+w.dialect.ForUpdate(), e.Case))
	if err != nil {
		return err
	}
	if revision != 0 && revision != c.Revision {
		return casefile.ErrStale
	}
	was := c.State
	if err := f(&c); err != nil {
		return err
	}
	if err := w.store(&c); err != nil {
		return err
	}
	w.Publish(c.Of(kind, e, was))
	return w.append(c.ID, e)
}

// store writes a case whose revision is still the one that was read, and raises it.
func (w *Writer) store(c *casefile.Case) error {
	res, err := w.tx.ExecContext(w.ctx, `UPDATE casefile_cases SET state = $1, closed_at = $2, outcome = $3, incident = $4,
		pack_hash = $5, diagnosis = $6, reopened = $7, revision = revision + 1 WHERE id = $8 AND revision = $9`,
		c.State, sqldb.Millis(c.ClosedAt), c.Outcome, c.Incident, c.PackHash, string(c.Diagnosis), c.Reopened, c.ID, c.Revision)
	if err != nil {
		return fmt.Errorf("store case: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, casefile.ErrStale)
	}
	c.Revision++
	return nil
}

func (w *Writer) append(caseID string, e casefile.Entry) error {
	var seq int64
	row := w.tx.QueryRowContext(w.ctx,
		`UPDATE casefile_cases SET last_entry = last_entry + 1 WHERE id = $1 RETURNING last_entry`, caseID)
	if err := row.Scan(&seq); err != nil {
		return fmt.Errorf("append entry: %w", err)
	}
	_, err := w.tx.ExecContext(w.ctx, `INSERT INTO casefile_entries (case_id, seq, at, kind, who, text_zh, text_en, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		caseID, seq, sqldb.Millis(e.At), e.Kind, e.By, e.Text.ZH, e.Text.EN, string(e.Data))
	if err != nil {
		return fmt.Errorf("append entry: %w", err)
	}
	return nil
}

// Open opens a case of a terminal, or gives the open one it has; the bool says whether it is new.
func (s *Store) Open(ctx context.Context, terminal, by string, at time.Time) (c casefile.Case, opened bool, err error) {
	for range 3 { // the case that was in the way may be closed a moment later
		err = s.Write(ctx, func(w *Writer) error {
			c, opened, err = w.Open(terminal, by, at)
			return err
		})
		if !errors.Is(err, casefile.ErrStale) {
			break
		}
	}
	return c, opened, err
}

// Move puts a case into another open state.
func (s *Store) Move(ctx context.Context, id string, to casefile.State, entry casefile.Entry) error {
	return s.MoveAt(ctx, id, 0, to, entry)
}

// MoveAt is Move for a caller who has seen the case at a revision: ErrStale if it has changed since.
func (s *Store) MoveAt(ctx context.Context, id string, revision int64, to casefile.State, entry casefile.Entry) error {
	return s.change(ctx, id, casefile.ChangedEvent, revision, entry, func(c *casefile.Case) error { return c.Move(to) })
}

// Reopen sends a case whose repair was not proven back to diagnosis.
func (s *Store) Reopen(ctx context.Context, id string, entry casefile.Entry) error {
	return s.change(ctx, id, casefile.ChangedEvent, 0, entry, (*casefile.Case).Reopen)
}

// Close ends a case with an outcome.
func (s *Store) Close(ctx context.Context, id string, outcome casefile.Outcome, entry casefile.Entry) error {
	return s.change(ctx, id, casefile.ClosedEvent, 0, entry, func(c *casefile.Case) error {
		return c.Close(outcome, entry.At)
	})
}

// SetDiagnosis replaces the diagnosis of a case; at is when it was made, and the entry's time when that has none.
func (s *Store) SetDiagnosis(ctx context.Context, id string, diagnosis json.RawMessage, packHash string, at time.Time, entry casefile.Entry) error {
	if entry.At.IsZero() {
		entry.At = at
	}
	return s.change(ctx, id, casefile.DiagnosedEvent, 0, entry, func(c *casefile.Case) error {
		return c.SetDiagnosis(diagnosis, packHash)
	})
}

// SetIncident says that the case is explained by a shared cause; an empty incident that it no longer is.
func (s *Store) SetIncident(ctx context.Context, id, incident string, entry casefile.Entry) error {
	return s.change(ctx, id, casefile.ChangedEvent, 0, entry, func(c *casefile.Case) error {
		c.Incident = incident
		return nil
	})
}

// Note appends a line to the timeline of entry.Case, which may be closed.
func (s *Store) Note(ctx context.Context, entry casefile.Entry) error {
	return s.change(ctx, entry.Case, casefile.ChangedEvent, 0, entry, func(*casefile.Case) error { return nil })
}

func (s *Store) change(ctx context.Context, id string, kind event.Kind, revision int64, e casefile.Entry, f func(*casefile.Case) error) error {
	e.Case = id
	return s.Write(ctx, func(w *Writer) error { return w.Change(kind, revision, e, f) })
}

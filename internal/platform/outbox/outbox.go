// Package outbox lets a room change its tables and say so in one transaction. Append writes the events next to the
// change; a Relay moves them to the bus afterwards, in order per terminal and at least once.
package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/lane"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Append writes events in the caller's transaction. It locks the lanes of their terminals until the commit, so call it
// last: what follows it in the transaction holds up others.
func Append(ctx context.Context, tx *sql.Tx, events ...event.Event) error {
	var lanes [lane.Count][]event.Event
	for _, e := range events {
		n := lane.Of(e.Terminal)
		lanes[n] = append(lanes[n], e)
	}
	// Always in the same order, so that two transactions never wait for each other's lanes.
	for n, list := range lanes {
		if len(list) == 0 {
			continue
		}
		if err := appendLane(ctx, tx, n, list); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
	}
	return nil
}

// rowsPerInsert keeps a statement below the least number of parameters that both databases take.
const rowsPerInsert = 200

func appendLane(ctx context.Context, tx *sql.Tx, n int, events []event.Event) error {
	var last int64
	row := tx.QueryRowContext(ctx, `UPDATE outbox_lanes SET last = last + $1 WHERE lane = $2 RETURNING last`, len(events), n)
	if err := row.Scan(&last); err != nil {
		return err
	}
	seq := last - int64(len(events))
	for chunk := range slices.Chunk(events, rowsPerInsert) {
		q := strings.Builder{}
		q.WriteString(`INSERT INTO outbox_events (lane, seq, body) VALUES `)
		args := make([]any, 0, 3*len(chunk))
		for i, e := range chunk {
			body, err := json.Marshal(e)
			if err != nil {
				return err
			}
			seq++
			if i > 0 {
				q.WriteByte(',')
			}
			fmt.Fprintf(&q, "($%d,$%d,$%d)", len(args)+1, len(args)+2, len(args)+3)
			args = append(args, n, seq, string(body))
		}
		if _, err := tx.ExecContext(ctx, q.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// Publisher is where the events go; the bus is one. It returns nil only when all events are safe.
type Publisher interface {
	PublishEvents(ctx context.Context, events []event.Event) error
}

// Relay moves events from the outbox to the publisher.
type Relay struct {
	db   *sqldb.DB
	to   Publisher
	log  *slog.Logger
	wake chan struct{}

	// Nudge is called after a commit of this process while another one relays; it should reach that one's Wake.
	// Without it, the other finds the events when it looks by itself. Set it before Run.
	Nudge func()

	leading atomic.Bool
}

// Of the relay: how many events it moves at once, how often it looks without being woken (another process may have
// written, or been killed), and how long it rests after an error.
const (
	batchSize = 500
	pollEvery = 2 * time.Second
	restAfter = time.Second
)

// NewRelay makes a relay that every commit on db wakes while it runs.
func NewRelay(db *sqldb.DB, to Publisher, log *slog.Logger) *Relay {
	return &Relay{db: db, to: to, log: log, wake: make(chan struct{}, 1)}
}

// Wake makes the relay look now, if it is the one that relays. It never blocks.
func (r *Relay) Wake() {
	if !r.leading.Load() {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run relays until the context ends. Of all processes on one database only one relays at a time.
func (r *Relay) Run(ctx context.Context) {
	defer r.db.OnCommit(r.committed)()
	var lead *sqldb.Lead
	defer func() {
		if lead != nil {
			r.release(lead)
		}
	}()
	for {
		rest := pollEvery
		var err error
		if lead, err = r.round(ctx, lead); err != nil && ctx.Err() == nil {
			r.log.Warn("events wait in the outbox", "error", err)
			rest = restAfter
		}
		if !r.sleep(ctx, rest, err == nil) {
			return
		}
	}
}

func (r *Relay) committed() {
	if r.Nudge != nil && !r.leading.Load() {
		r.Nudge()
		return
	}
	r.Wake()
}

func (r *Relay) release(lead *sqldb.Lead) {
	r.leading.Store(false)
	if err := lead.Release(); err != nil {
		r.log.Warn("outbox lead not released cleanly", "error", err)
	}
}

// sleep waits for the next round and reports whether there is one. After an error only time ends the rest: commits
// must not turn a bus that is down into a busy loop.
func (r *Relay) sleep(ctx context.Context, d time.Duration, wakeable bool) bool {
	wake := r.wake
	if !wakeable {
		wake = nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-t.C:
	}
	return true
}

// round moves all that waits, as the leader, and returns the lead it holds afterwards.
func (r *Relay) round(ctx context.Context, lead *sqldb.Lead) (*sqldb.Lead, error) {
	if lead != nil && !lead.Held(ctx) {
		r.release(lead)
		lead = nil
	}
	if lead == nil {
		var err error
		if lead, err = r.db.TryLead(ctx, "outbox"); err != nil || lead == nil {
			return nil, err
		}
		r.leading.Store(true) // before the first look: a commit after it wakes us, and one before it is seen
	}
	for {
		n, err := r.Move(ctx)
		if err != nil || n < batchSize {
			return lead, err
		}
	}
}

type place struct{ lane, seq int64 }

// Move relays one batch and says how many events it held. It deletes only after the publisher has taken all of them:
// killed in between, the batch is published once more. Callers besides Run must be sure that nothing else relays.
func (r *Relay) Move(ctx context.Context) (int, error) {
	places, events, err := r.next(ctx)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	if err := r.to.PublishEvents(ctx, events); err != nil {
		return 0, fmt.Errorf("outbox: publish: %w", err)
	}
	return len(events), r.delete(ctx, places)
}

func (r *Relay) next(ctx context.Context) (places []place, events []event.Event, err error) {
	rows, err := r.db.Read().QueryContext(ctx, `SELECT lane, seq, body FROM outbox_events ORDER BY seq, lane LIMIT $1`, batchSize)
	if err != nil {
		return nil, nil, fmt.Errorf("outbox: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p place
		var body []byte
		if err := rows.Scan(&p.lane, &p.seq, &body); err != nil {
			return nil, nil, fmt.Errorf("outbox: %w", err)
		}
		var e event.Event
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, nil, fmt.Errorf("outbox: event %d.%d: %w", p.lane, p.seq, err)
		}
		places, events = append(places, p), append(events, e)
	}
	return places, events, rows.Err()
}

// delete removes the batch. Within a lane a batch has no gaps below its highest place, for the lane's lock makes seq
// the order of commits.
func (r *Relay) delete(ctx context.Context, places []place) error {
	highest := map[int64]int64{}
	for _, p := range places {
		highest[p.lane] = max(highest[p.lane], p.seq)
	}
	err := r.db.Write(ctx, func(tx *sql.Tx) error {
		for n, seq := range highest {
			if _, err := tx.ExecContext(ctx, `DELETE FROM outbox_events WHERE lane = $1 AND seq <= $2`, n, seq); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("outbox: delete: %w", err)
	}
	return nil
}

// Package knowledge decides which revision of a pack is in force: the built-in one, or one that was promoted after it
// passed the gate. Changing it takes one call and so does going back; a case keeps the hash it was diagnosed with.
package knowledge

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// ErrUnknown says that there is no such revision.
var ErrUnknown = problem.New(problem.NotFound, "knowledge.unknown_revision",
	lang.Text{ZH: "没有这个知识版本", EN: "there is no such revision of the knowledge"})

// Entry is a revision that is, or was, in force.
type Entry struct {
	Ref    pack.Ref  `json:"ref"`
	At     time.Time `json:"at"`
	Active bool      `json:"active"`
}

// Store keeps revisions beside the built-in one.
type Store interface {
	Active(ctx context.Context, packID string) (*pack.Pack, bool, error)
	Activate(ctx context.Context, p *pack.Pack, at time.Time) error
	Deactivate(ctx context.Context, packID string) error
	Get(ctx context.Context, hash string) (*pack.Pack, error)
	List(ctx context.Context) ([]Entry, error) // newest first
}

// Room holds the knowledge in force. It is safe for use by many goroutines.
type Room struct {
	store   Store
	builtin *pack.Pack
	active  atomic.Pointer[pack.Pack]
	changed func(*pack.Pack)
}

// Open takes up what was in force when the process ended. A promoted revision of an older built-in version is set
// aside: the authors' newer knowledge counts more than numbers learned on the old one. changed is called with the
// knowledge in force, now and whenever it changes.
func Open(ctx context.Context, store Store, builtin *pack.Pack, changed func(*pack.Pack)) (*Room, error) {
	r := &Room{store: store, builtin: builtin, changed: changed}
	p, found, err := store.Active(ctx, builtin.Ref.ID)
	if err != nil {
		return nil, err
	}
	if !found || !revises(p, builtin) {
		p = builtin
	}
	r.set(p)
	return r, nil
}

// revises reports whether p was learned from this version of the built-in pack: "2026.11.1+cand…" from "2026.11.1".
func revises(p, builtin *pack.Pack) bool {
	base := builtin.Ref.Version + "+"
	return len(p.Ref.Version) > len(base) && p.Ref.Version[:len(base)] == base
}

func (r *Room) set(p *pack.Pack) {
	r.active.Store(p)
	r.changed(p)
}

// Pack is the knowledge in force.
func (r *Room) Pack() *pack.Pack { return r.active.Load() }

// Promote brings a revision into force.
func (r *Room) Promote(ctx context.Context, p *pack.Pack, at time.Time) error {
	if err := r.store.Activate(ctx, p, at); err != nil {
		return err
	}
	r.set(p)
	return nil
}

// RollBack goes back to the built-in knowledge.
func (r *Room) RollBack(ctx context.Context) error {
	if err := r.store.Deactivate(ctx, r.builtin.Ref.ID); err != nil {
		return err
	}
	r.set(r.builtin)
	return nil
}

// Revisions lists what was in force besides the built-in knowledge.
func (r *Room) Revisions(ctx context.Context) ([]Entry, error) { return r.store.List(ctx) }

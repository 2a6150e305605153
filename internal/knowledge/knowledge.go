// Package knowledge decides which revision of a pack is in force: the built-in one, or one that was promoted after it
// passed the gate. Changing it takes one call and so does going back; a case keeps the hash it was diagnosed with.
package knowledge

import (
	"context"
	"strings"
	"sync"
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
	// Keep keeps a pack that cases are diagnosed with, once; Kept gives it back, or a promoted revision, or ErrUnknown.
	Keep(ctx context.Context, p *pack.Pack) error
	Kept(ctx context.Context, hash string) (*pack.Pack, error)
}

// Room holds the knowledge in force. It is safe for use by many goroutines.
type Room struct {
	store   Store
	builtin *pack.Pack
	active  atomic.Pointer[pack.Pack]
	kept    atomic.Pointer[string] // hash of the pack that was kept last
	changed func(*pack.Pack)
	mu      sync.Mutex // one change at a time, so that changed is told of the last one last
}

// Open takes up what was in force when the process ended. A promoted revision of an older built-in version is set
// aside: the authors' newer knowledge counts more than numbers learned on the old one. changed is called with the
// knowledge in force, now and whenever it changes.
func Open(ctx context.Context, store Store, builtin *pack.Pack, changed func(*pack.Pack)) (*Room, error) {
	r := &Room{store: store, builtin: builtin, changed: changed}
	p, err := r.stored(ctx)
	if err != nil {
		return nil, err
	}
	r.set(p)
	return r, nil
}

// stored is the knowledge that should be in force.
func (r *Room) stored(ctx context.Context) (*pack.Pack, error) {
	p, found, err := r.store.Active(ctx, r.builtin.Ref.ID)
	if err != nil {
		return nil, err
	}
	if !found || !revises(p, r.builtin) {
		p = r.builtin
	}
	return p, nil
}

// revises reports whether p was learned from this version of the built-in pack: "2026.11.1+cand…" from "2026.11.1".
func revises(p, builtin *pack.Pack) bool { return ofVersion(p.Ref, builtin.Ref) }

func ofVersion(ref, builtin pack.Ref) bool {
	rest, ok := strings.CutPrefix(ref.Version, builtin.Version+"+")
	return ok && rest != ""
}

func (r *Room) set(p *pack.Pack) {
	r.active.Store(p)
	r.changed(p)
}

// BuiltIn is the knowledge that this program came with, or was told to use.
func (r *Room) BuiltIn() *pack.Pack { return r.builtin }

// Pack is the knowledge in force.
func (r *Room) Pack() *pack.Pack { return r.active.Load() }

// Promote brings a revision into force.
func (r *Room) Promote(ctx context.Context, p *pack.Pack, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Activate(ctx, p, at); err != nil {
		return err
	}
	r.set(p)
	return nil
}

// RollBack goes back to the built-in knowledge.
func (r *Room) RollBack(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Deactivate(ctx, r.builtin.Ref.ID); err != nil {
		return err
	}
	r.set(r.builtin)
	return nil
}

// Follow takes up what another process on the same store has promoted or rolled back, and reports whether there was
// anything. It only reads a pack when another one is in force.
func (r *Room) Follow(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries, err := r.store.List(ctx)
	if err != nil {
		return false, err
	}
	hash := r.builtin.Ref.Hash
	for _, e := range entries {
		if e.Active && e.Ref.ID == r.builtin.Ref.ID && ofVersion(e.Ref, r.builtin.Ref) {
			hash = e.Ref.Hash
		}
	}
	if hash == r.Pack().Ref.Hash {
		return false, nil
	}
	p, err := r.stored(ctx)
	if err != nil {
		return false, err
	}
	r.set(p)
	return true, nil
}

// Revisions lists what was in force besides the built-in knowledge.
func (r *Room) Revisions(ctx context.Context) ([]Entry, error) { return r.store.List(ctx) }

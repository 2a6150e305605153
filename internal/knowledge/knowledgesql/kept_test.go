package knowledgesql_test

import (
	"bytes"
	"database/sql"
	"errors"
	"testing"

	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

func TestPacksAreKept(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		core, err := pack.Load(packs.Core())
		if err != nil {
			t.Fatal(err)
		}
		h := open(t, db, core)
		for range 2 {
			if err := h.Keep(t.Context(), core); err != nil {
				t.Fatal(err)
			}
		}
		promoted := small(t, "2")
		if err := knowledgesql.New(db).Activate(t.Context(), promoted, noon); err != nil {
			t.Fatal(err)
		}
		// The program of another day has another built-in pack.
		later := open(t, db, small(t, "3"))
		for _, want := range []*pack.Pack{core, promoted, later.BuiltIn()} {
			got, err := later.ByHash(t.Context(), want.Ref.Hash)
			if err != nil {
				t.Fatalf("%s: %v", want.Ref.Version, err)
			}
			if !bytes.Equal(encoded(t, got), encoded(t, want)) {
				t.Errorf("%s came back as another pack", want.Ref.Version)
			}
		}
		if kept, err := later.ByHash(t.Context(), core.Ref.Hash); err != nil || !findsItsFaults(kept) {
			t.Errorf("the kept pack cannot be looked up in (%v)", err)
		}
		if list, err := later.Revisions(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("%d revisions (%v); a kept pack is none", len(list), err)
		}
		if _, err := later.ByHash(t.Context(), "none"); !errors.Is(err, knowledge.ErrUnknown) {
			t.Errorf("an unknown hash gives %v", err)
		}
	})
}

func findsItsFaults(p *pack.Pack) bool {
	for i := range p.Faults {
		if f, ok := p.Fault(p.Faults[i].ID); !ok || f != &p.Faults[i] {
			return false
		}
	}
	return len(p.Faults) > 100
}

func encoded(t *testing.T, p *pack.Pack) []byte {
	t.Helper()
	raw, err := pack.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAKeptPackThatWasAlteredIsRefused(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	h := open(t, db, small(t, "1"))
	one, two := small(t, "8"), small(t, "9")
	for _, p := range []*pack.Pack{one, two} {
		if err := h.Keep(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE knowledge_kept SET body =
			(SELECT body FROM knowledge_kept WHERE hash = $1) WHERE hash = $2`, one.Ref.Hash, two.Ref.Hash)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ByHash(t.Context(), two.Ref.Hash); !errors.Is(err, knowledge.ErrDamaged) {
		t.Errorf("another pack's content is taken for it: %v", err)
	}
	lies := *one
	lies.Ref.Hash = "00"
	if err := h.Keep(t.Context(), &lies); !errors.Is(err, knowledge.ErrDamaged) {
		t.Errorf("a pack that is not what its hash says is kept: %v", err)
	}
}

package knowledgesql_test

import (
	"errors"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// small is a pack of one fault, in a version.
func small(t *testing.T, version string) *pack.Pack {
	t.Helper()
	fault := pack.Fault{ID: "hung", Who: "merchant", Rate: pack.Number{Mean: 30, Experience: 10}}
	raw, err := pack.Encode(&pack.Pack{Ref: pack.Ref{ID: "small", Version: version, Hash: "0"}, Faults: []pack.Fault{fault}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return learned(t, p, version, 30)
}

func learned(t *testing.T, p *pack.Pack, version string, rate float64) *pack.Pack {
	t.Helper()
	next, err := pack.Revise(p, version, func(r *pack.Revision) { r.SetRate("hung", pack.Number{Mean: rate, Experience: 11}) })
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// heard is the room with what it told of.
type heard struct {
	*knowledge.Room
	told []string // versions
}

func open(t *testing.T, db *sqldb.DB, builtin *pack.Pack) *heard {
	t.Helper()
	h := &heard{}
	room, err := knowledge.Open(t.Context(), knowledgesql.New(db), builtin, func(p *pack.Pack) { h.told = append(h.told, p.Ref.Version) })
	if err != nil {
		t.Fatal(err)
	}
	h.Room = room
	return h
}

func (h *heard) promote(t *testing.T, p *pack.Pack) {
	t.Helper()
	if err := h.Promote(t.Context(), p, noon); err != nil {
		t.Fatal(err)
	}
}

func (h *heard) want(t *testing.T, version string) {
	t.Helper()
	if got := h.Pack().Ref.Version; got != version || h.told[len(h.told)-1] != version {
		t.Errorf("in force is %s, told was %v; want %s", got, h.told, version)
	}
}

func TestKnowledgeInForce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, *sqldb.DB){
		"what is promoted survives a restart":              restart,
		"going back takes one call and survives too":       back,
		"a newer built-in version sets learned ones aside": newer,
		"one revision is in force, the last":               last,
		"another process follows":                          follow,
		"revisions are kept with their numbers":            kept,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, f)
		})
	}
}

func restart(t *testing.T, db *sqldb.DB) {
	builtin := small(t, "2026.1")
	h := open(t, db, builtin)
	h.want(t, "2026.1")
	h.promote(t, learned(t, builtin, "2026.1+c1", 32))
	h.want(t, "2026.1+c1")
	again := open(t, db, builtin)
	again.want(t, "2026.1+c1")
	if f, _ := again.Pack().Fault("hung"); f == nil || f.Rate.Mean != 32 {
		t.Errorf("its numbers are %+v", f)
	}
}

func back(t *testing.T, db *sqldb.DB) {
	builtin := small(t, "2026.1")
	h := open(t, db, builtin)
	h.promote(t, learned(t, builtin, "2026.1+c1", 32))
	for range 2 {
		if err := h.RollBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.want(t, "2026.1")
	}
	open(t, db, builtin).want(t, "2026.1")
}

func newer(t *testing.T, db *sqldb.DB) {
	builtin := small(t, "2026.1")
	open(t, db, builtin).promote(t, learned(t, builtin, "2026.1+c1", 32))
	open(t, db, small(t, "2026.2")).want(t, "2026.2")
	open(t, db, small(t, "2026.1.1")).want(t, "2026.1.1") // not learned from this one, although it begins alike
	open(t, db, small(t, "2026.1")).want(t, "2026.1+c1")
}

func last(t *testing.T, db *sqldb.DB) {
	builtin := small(t, "2026.1")
	h := open(t, db, builtin)
	first := learned(t, builtin, "2026.1+c1", 32)
	h.promote(t, first)
	h.promote(t, learned(t, builtin, "2026.1+c2", 33))
	open(t, db, builtin).want(t, "2026.1+c2")
	h.promote(t, first)
	open(t, db, builtin).want(t, "2026.1+c1")
	list, err := h.Revisions(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v (%v)", list, err)
	}
	for _, e := range list {
		if e.Active != (e.Ref.Version == "2026.1+c1") {
			t.Errorf("revision %+v", e)
		}
	}
}

func follow(t *testing.T, db *sqldb.DB) {
	builtin := small(t, "2026.1")
	one, other := open(t, db, builtin), open(t, db, builtin)
	one.promote(t, learned(t, builtin, "2026.1+c1", 32))
	for _, want := range []bool{true, false} {
		if news, err := other.Follow(t.Context()); err != nil || news != want {
			t.Errorf("news %v (%v)", news, err)
		}
		other.want(t, "2026.1+c1")
	}
}

func kept(t *testing.T, db *sqldb.DB) {
	builtin := small(t, "2026.1")
	p := learned(t, builtin, "2026.1+c1", 32)
	open(t, db, builtin).promote(t, p)
	s := knowledgesql.New(db)
	got, err := s.Get(t.Context(), p.Ref.Hash)
	if err != nil || got.Ref != p.Ref {
		t.Errorf("%+v (%v)", got, err)
	}
	if _, err := s.Get(t.Context(), "nobody"); !errors.Is(err, knowledge.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

package learn_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

func TestReviewOnSQLite(t *testing.T)   { t.Parallel(); reviews(t, sqldbtest.SQLite) }
func TestReviewOnPostgres(t *testing.T) { t.Parallel(); reviews(t, sqldbtest.Postgres) }

func reviews(t *testing.T, open func(testing.TB) *sqldb.DB) {
	core, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func(*testing.T, *desk){
		"a candidate is promoted, and taken back":                       promoteAndBack,
		"what the gate rejected cannot be promoted":                     rejectedStays,
		"a candidate outlives neither a promotion nor a roll-back":      outdated,
		"a newer one replaces an older one and counts nothing twice":    replaced,
		"another process finds what was promoted and what was undone":   followed,
		"without a proven case there is nothing to learn":               nothing,
		"a promotion that was cut off before its end can be done again": cutOff,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t, newDesk(t, open(t), core))
		})
	}
}

// desk is a review over fresh stores whose gate lets everything pass until it is told otherwise.
type desk struct {
	learn.Review
	room  *knowledge.Room
	store *learnsql.Store
	db    *sqldb.DB
	core  *pack.Pack
	score learn.Score // of whatever is learned
	told  []string    // hashes that came into force
}

func newDesk(t *testing.T, db *sqldb.DB, core *pack.Pack) *desk {
	t.Helper()
	d := &desk{db: db, core: core, store: learnsql.New(db), score: learn.Score{Cases: 1, Top1: 1}}
	d.room = d.open(t, func(p *pack.Pack) { d.told = append(d.told, p.Ref.Hash) })
	gate := learn.Gate{Policy: diagnose.Policy{}, Golden: func(p *pack.Pack) learn.Score {
		if p.Ref == core.Ref {
			return learn.Score{Cases: 1, Top1: 1}
		}
		return d.score
	}}
	d.Review = learn.Review{Store: d.store, Knowledge: d.room, Gate: gate, Now: func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }}
	return d
}

// open is what a process does that uses the same store.
func (d *desk) open(t *testing.T, changed func(*pack.Pack)) *knowledge.Room {
	t.Helper()
	room, err := knowledge.Open(t.Context(), knowledgesql.New(d.db), d.core, changed)
	if err != nil {
		t.Fatal(err)
	}
	return room
}

// teach stores a proven case of sw_hang that a restart cured.
func (d *desk) teach(t *testing.T, id string) {
	t.Helper()
	err := d.store.PutRecord(t.Context(), learn.Record{
		Case: id, Terminal: "term", Outcome: casefile.Confirmed, Pack: d.core.Ref, ClosedAt: d.Now(),
		Steps: []learn.Step{{ID: "restart_app", By: "remote", Helped: true}}, Credit: map[string]float64{"sw_hang": 1},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desk) propose(t *testing.T) learn.Candidate {
	t.Helper()
	c, err := d.Propose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (d *desk) state(t *testing.T, id string) learn.CandidateState {
	t.Helper()
	c, err := d.store.Candidate(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c.State
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v; want %v", err, want)
	}
}

func promoteAndBack(t *testing.T, d *desk) {
	d.teach(t, "one")
	c := d.propose(t)
	if c.State != learn.Passed || len(c.Changes) == 0 || d.room.Pack().Ref != d.core.Ref {
		t.Fatalf("%+v; in force %v", c, d.room.Pack().Ref)
	}
	promoted, err := d.Promote(t.Context(), c.ID)
	if err != nil || promoted.State != learn.Promoted || d.room.Pack().Ref != c.Result || c.Result.Hash == d.core.Ref.Hash {
		t.Fatalf("%+v, %v; in force %v", promoted, err, d.room.Pack().Ref)
	}
	before, _ := d.core.Fault("sw_hang")
	after, _ := d.room.Pack().Fault("sw_hang")
	if after.Rate.Mean <= before.Rate.Mean {
		t.Errorf("the rate went from %v to %v", before.Rate, after.Rate)
	}
	_, err = d.Promote(t.Context(), c.ID)
	wants(t, err, learn.ErrMove)
	if err := d.RollBack(t.Context()); err != nil || d.room.Pack().Ref != d.core.Ref || d.state(t, c.ID) != learn.RolledBack {
		t.Errorf("%v; in force %v, candidate %s", err, d.room.Pack().Ref, d.state(t, c.ID))
	}
	_, err = d.Promote(t.Context(), c.ID)
	wants(t, err, learn.ErrMove)
	wants(t, d.RollBack(t.Context()), learn.ErrBuiltIn)
	_, err = d.Promote(t.Context(), "cand_x")
	wants(t, err, learn.ErrNotFound)
}

func rejectedStays(t *testing.T, d *desk) {
	for why, score := range map[string]learn.Score{
		"harmful_advice": {Cases: 1, Top1: 1, Harmful: 1}, "ranks_worse": {Cases: 1}, "calibrates_worse": {Cases: 1, Top1: 1, LogLoss: 1},
	} {
		d.teach(t, "one")
		d.score = score
		c := d.propose(t)
		if c.State != learn.Rejected || c.Report.Why != why {
			t.Errorf("%s: %+v", why, c.Report)
		}
		_, err := d.Promote(t.Context(), c.ID)
		wants(t, err, learn.ErrMove)
	}
	if d.room.Pack().Ref != d.core.Ref {
		t.Errorf("in force %v", d.room.Pack().Ref)
	}
}

func outdated(t *testing.T, d *desk) {
	d.teach(t, "one")
	first, second := d.propose(t), d.propose(t)
	if _, err := d.Promote(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	_, err := d.Promote(t.Context(), second.ID)
	wants(t, err, learn.ErrOutdated)
	third := d.propose(t)
	if err := d.RollBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = d.Promote(t.Context(), third.ID)
	wants(t, err, learn.ErrOutdated)
}

func replaced(t *testing.T, d *desk) {
	d.teach(t, "one")
	first := d.propose(t)
	if _, err := d.Promote(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	second := d.propose(t)
	if first.Changes[0] != second.Changes[0] {
		t.Errorf("the same case moved a number twice: %+v, then %+v", first.Changes[0], second.Changes[0])
	}
	if _, err := d.Promote(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	if d.state(t, first.ID) != learn.RolledBack || d.state(t, second.ID) != learn.Promoted {
		t.Errorf("%s, %s", d.state(t, first.ID), d.state(t, second.ID))
	}
}

func followed(t *testing.T, d *desk) {
	var told []string
	other := d.open(t, func(p *pack.Pack) { told = append(told, p.Ref.Hash) })
	follow := func(want bool) {
		t.Helper()
		if changed, err := other.Follow(t.Context()); err != nil || changed != want || other.Pack().Ref != d.room.Pack().Ref {
			t.Errorf("%t, %v; %v is in force, and %v here", changed, err, other.Pack().Ref, d.room.Pack().Ref)
		}
	}
	follow(false)
	d.teach(t, "one")
	if _, err := d.Promote(t.Context(), d.propose(t).ID); err != nil {
		t.Fatal(err)
	}
	follow(true)
	follow(false)
	if err := d.RollBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	follow(true)
	if len(told) != 3 || told[1] == told[0] || told[2] != told[0] {
		t.Errorf("told of %v", told)
	}
}

func nothing(t *testing.T, d *desk) {
	_, err := d.Propose(t.Context())
	wants(t, err, learn.ErrNothing)
	if list, err := d.Candidates(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// lame brings knowledge into force and then fails, as a process does that is killed there.
type lame struct{ *knowledge.Room }

var errKilled = errors.New("killed")

func (l lame) Promote(ctx context.Context, p *pack.Pack, at time.Time) error {
	return errors.Join(l.Room.Promote(ctx, p, at), errKilled)
}

func cutOff(t *testing.T, d *desk) {
	d.teach(t, "one")
	c := d.propose(t)
	d.Knowledge = lame{d.room}
	_, err := d.Promote(t.Context(), c.ID)
	wants(t, err, errKilled)
	d.Knowledge = d.room
	if got, err := d.Promote(t.Context(), c.ID); err != nil || got.State != learn.Promoted || d.room.Pack().Ref != c.Result {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoMoveLeadsBack(t *testing.T) {
	t.Parallel()
	all := []learn.CandidateState{learn.Rejected, learn.InShadow, learn.Passed, learn.Promoted, learn.RolledBack}
	want := map[[2]learn.CandidateState]bool{{learn.Passed, learn.Promoted}: true, {learn.Promoted, learn.RolledBack}: true,
		{learn.InShadow, learn.Passed}: true, {learn.InShadow, learn.Rejected}: true}
	for _, from := range all {
		for _, to := range all {
			if from.May(to) != want[[2]learn.CandidateState{from, to}] {
				t.Errorf("%s to %s: %t", from, to, from.May(to))
			}
		}
	}
}

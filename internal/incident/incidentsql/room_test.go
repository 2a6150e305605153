package incidentsql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/incident/incidentsql"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

// world is the room on a real store; the test is the fleet: sixty terminals on two hosts, in shops of three.
type world struct {
	*incident.Room
	db      *sqldb.DB
	members []incident.Member
	now     time.Time
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, now: noon}
	for i := range 60 {
		w.members = append(w.members, incident.Member{Terminal: fmt.Sprintf("t%02d", i), Shares: map[incident.Attribute]string{
			incident.Host: fmt.Sprint("h", i/30), incident.Site: fmt.Sprint("s", i/3), incident.Area: fmt.Sprint("a", i/10),
		}})
	}
	w.Room = incident.New(incident.Deps{
		Store: incidentsql.New(db), Memory: incidentsql.New(db), Now: func() time.Time { return w.now },
		Members: func(context.Context) ([]incident.Member, error) { return slices.Clone(w.members), nil },
	}, incident.DefaultRules())
	return w
}

// fail lets exactly these terminals fail, and the room look.
func (w *world) fail(t *testing.T, which func(i int) bool) {
	t.Helper()
	for i := range w.members {
		w.members[i].Failing = which(i)
	}
	w.now = w.now.Add(time.Second)
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// all gives every incident, newest first.
func (w *world) all(t *testing.T) []incident.Incident {
	t.Helper()
	list, err := w.List(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (w *world) told(t *testing.T, kind event.Kind) int {
	t.Helper()
	n := 0
	for _, ev := range outboxtest.Waiting(t, w.db) {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

func TestRoomFollowsASharedCause(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.fail(t, func(i int) bool { return i == 7 })
		if len(w.all(t)) != 0 {
			t.Fatal("one terminal is no shared cause")
		}
		w.fail(t, func(i int) bool { return i < 20 })
		first := w.all(t)
		if len(first) != 1 || first[0].Attribute != incident.Host || first[0].Value != "h0" || w.told(t, incident.JoinedEvent) != 20 {
			t.Fatalf("incidents %+v, %d joined", first, w.told(t, incident.JoinedEvent))
		}
		w.fail(t, func(i int) bool { return i < 30 })
		if now := w.all(t); len(now) != 1 || now[0].Failing != 30 || w.told(t, incident.JoinedEvent) != 30 {
			t.Fatalf("those that stop later join: %+v, %d joined", now, w.told(t, incident.JoinedEvent))
		}
		evidence, of, err := w.Evidence(t.Context(), "t29")
		if err != nil || len(of) != 1 || !finding.Collect(evidence...).Is("terminal_scope", "everybody") {
			t.Errorf("evidence for a member: %v of %v (%v)", evidence, of, err)
		}
		if evidence, _, err := w.Evidence(t.Context(), "t30"); err != nil || len(evidence) != 0 {
			t.Errorf("evidence for a stranger: %v (%v)", evidence, err)
		}
		for left := 29; left >= 0; left-- { // one after the other, shop by shop
			w.fail(t, func(i int) bool { return i < left })
			if now := w.all(t); len(now) != 1 {
				t.Fatalf("with %d still down there are %d incidents: %+v", left, len(now), now)
			}
		}
		if end := w.all(t)[0]; end.Open() || end.Peak != 30 || w.told(t, incident.LeftEvent) != 30 {
			t.Errorf("incident %+v, %d left", end, w.told(t, incident.LeftEvent))
		}
	})
}

func TestRoomSeesWhatStaysBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.fail(t, func(i int) bool { return i < 30 })
	stuck := func(i int) bool { return i < 3 } // one shop
	w.fail(t, stuck)
	w.fail(t, stuck)
	if now := w.all(t); len(now) != 1 || now[0].Open() {
		t.Fatalf("the host is up and one shop is late: %+v", now)
	}
	w.now = w.now.Add(incident.DefaultRules().Grace)
	w.fail(t, stuck)
	if now := w.all(t); len(now) != 2 || now[0].Attribute != incident.Site || now[0].Value != "s0" {
		t.Errorf("a shop that does not recover has a cause of its own: %+v", now)
	}
}

func TestRoomOpensTheSameCauseAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	down, up := func(i int) bool { return i < 30 }, func(int) bool { return false }
	for range 2 {
		w.fail(t, down)
		w.fail(t, down) // nothing new
		w.fail(t, up)
	}
	if now := w.all(t); len(now) != 2 || now[0].Open() || now[1].Open() || w.told(t, incident.JoinedEvent) != 60 {
		t.Errorf("incidents %+v, %d joined", now, w.told(t, incident.JoinedEvent))
	}
}

func TestRoomWidensWhatItTookForLess(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.fail(t, func(i int) bool { return i < 3 || 12 <= i && i < 15 }) // two shops are the first to notice
		if now := w.all(t); len(now) != 2 || now[0].Attribute != incident.Site || now[1].Attribute != incident.Site {
			t.Fatalf("two shops: %+v", now)
		}
		w.fail(t, func(i int) bool { return i < 30 })
		var open []incident.Incident
		for _, i := range w.all(t) {
			if i.Open() {
				open = append(open, i)
			}
		}
		if len(open) != 1 || len(w.all(t)) != 2 || open[0].Attribute != incident.Host || open[0].Value != "h0" || open[0].Failing != 30 || open[0].Total != 30 {
			t.Fatalf("it is the host: %+v", w.all(t))
		}
		for _, terminal := range []string{"t00", "t13", "t29"} {
			if evidence, of, err := w.Evidence(t.Context(), terminal); err != nil || len(of) != 1 || !finding.Collect(evidence...).Is("terminal_scope", "everybody") {
				t.Errorf("%s: %v of %v (%v)", terminal, evidence, of, err)
			}
		}
		if n := w.told(t, incident.LeftEvent); n != 0 {
			t.Errorf("%d have left, and none sells", n)
		}
		w.fail(t, func(int) bool { return false })
		if n := w.told(t, incident.LeftEvent); n != 30 {
			t.Errorf("%d have left, of 30", n)
		}
	})
}

func TestRoomSaysHowTheOthersAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.fail(t, func(i int) bool { return i < 29 })
	if now := w.all(t); len(now) != 1 || !strings.Contains(now[0].Sentence().EN, "others normal") {
		t.Fatalf("the others are well: %+v", now)
	}
	w.fail(t, func(i int) bool { return i < 28 || i == 40 || i == 51 }) // two more fail, by themselves
	for i := range w.members {
		w.members[i].Symptom = incident.SignIn
	}
	w.fail(t, func(i int) bool { return i < 30 || i == 40 || i == 51 })
	if now := w.all(t); len(now) != 1 || now[0].Symptom != incident.SignIn || !strings.Contains(now[0].Sentence().EN, "and 7 % of the other 30") {
		t.Errorf("two of the others fail: %+v: %s", now, now[0].Sentence().EN)
	}
}

func TestRoomKeepsCausesApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.fail(t, func(i int) bool { return i < 3 })
	w.now = w.now.Add(incident.DefaultRules().Grace)
	w.fail(t, func(i int) bool { return i < 30 })
	if now := w.all(t); len(now) != 2 || !now[0].Open() || !now[1].Open() {
		t.Errorf("a shop that has been down for long has a cause of its own: %+v", now)
	}
}

// TestAMonthWithoutASharedCauseOpensNothing lets terminals fail by themselves for a month, a few hours each, and looks four
// times an hour. The room may be wrong once a month at most.
func TestAMonthWithoutASharedCauseOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	r := rand.New(rand.NewPCG(21, 1))
	for i := range 240 {
		if i < len(w.members) {
			continue
		}
		w.members = append(w.members, incident.Member{Terminal: fmt.Sprintf("t%03d", i), Shares: map[incident.Attribute]string{
			incident.Host: fmt.Sprint("h", i%2), incident.Site: fmt.Sprint("s", i/3), incident.Area: fmt.Sprint("a", i/10),
		}})
	}
	for i := range w.members {
		w.members[i].Shares[incident.Model] = fmt.Sprint("m", r.IntN(4))
		w.members[i].Shares[incident.Carrier] = fmt.Sprint("c", r.IntN(3))
		w.members[i].Shares[incident.AppVersion] = fmt.Sprint("v", r.IntN(3))
	}
	until := make([]time.Time, len(w.members))
	const month = 30 * 24 * 4
	failed := 0
	for range month {
		w.now = w.now.Add(15 * time.Minute)
		for i := range w.members {
			if r.Float64() < 1.0/(7*24*4) { // each terminal about once a week
				until[i] = w.now.Add(time.Duration(r.ExpFloat64() * float64(3*time.Hour)))
				failed++
			}
			w.members[i].Failing = until[i].After(w.now)
			w.members[i].Symptom = []incident.Symptom{incident.CannotSell, incident.SignIn, incident.NoAnswer, incident.Silent}[i%4]
		}
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.all(t); failed < 500 || len(got) > 1 {
		t.Errorf("%d terminals failed by themselves, and the room opened %d incidents: %+v", failed, len(got), got)
	}
}

package consolesql_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/console/consolesql"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/fleet/fleettest"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/observe/observesql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// shelf is a fleet with whatever the test says of its terminals.
type shelf struct {
	*consolesql.Reader
	db    *sqldb.DB
	fleet *fleetsql.Store
	ids   map[string]string // by TID
}

func newShelf(db *sqldb.DB) *shelf {
	return &shelf{
		Reader: consolesql.New(db, observe.DefaultRules(), func() time.Time { return noon }), db: db,
		fleet: fleetsql.New(db, func() time.Time { return noon }), ids: map[string]string{},
	}
}

func (s *shelf) add(t *testing.T, tid string) string {
	t.Helper()
	s.ids[tid] = fleettest.Terminal(t, s.fleet, tid).ID
	return s.ids[tid]
}

// observed makes the state of a terminal what the test says.
func (s *shelf) observed(t *testing.T, terminal string, state observe.State) {
	t.Helper()
	arrival := observe.Arrival{Terminal: terminal, Device: "d", At: noon}
	_, err := observesql.New(s.db).Commit(t.Context(), []observe.Arrival{arrival},
		func(is *observe.State, _ map[string]observe.Held, _ observe.Fresh) []event.Event {
			*is = state
			is.Terminal = terminal
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shelf) opened(t *testing.T, terminal string) casefile.Case {
	t.Helper()
	c, _, err := casefilesql.New(s.db).Open(t.Context(), terminal, "person", noon)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// list gives the TIDs of all pages of a filter.
func (s *shelf) list(t *testing.T, f consolesql.Filter, size int) []string {
	t.Helper()
	out, cursor := []string{}, ""
	for {
		page, next, err := s.List(t.Context(), f, cursor, size)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > size || next != "" && len(page) != size {
			t.Fatalf("a page of %d has %d rows", size, len(page))
		}
		for _, r := range page {
			out = append(out, r.TID)
		}
		if next == "" {
			break
		}
		cursor = next
	}
	total, _, err := s.Counts(t.Context(), f)
	if err != nil || total != len(out) {
		t.Errorf("%d match, %d are counted (%v)", len(out), total, err)
	}
	return out
}

// states are all that an ability depends on, on both sides of every limit.
func states() map[string]observe.State {
	out := map[string]observe.State{"nothing": {}}
	age := observe.DefaultRules().ProofAge
	for sale, saleAt := range map[string]time.Time{
		"never sold": {}, "just sold": noon, "proof at its limit": noon.Add(-age), "proof too old": noon.Add(-age - time.Millisecond),
	} {
		for trouble, change := range map[string]func(*observe.State){
			"no trouble": func(*observe.State) {},
			"stopped":    func(s *observe.State) { s.StoppedSince = noon.Add(-time.Hour) },
			"a failure":  func(s *observe.State) { s.Failures = 1 },
			"adverse":    func(s *observe.State) { s.Adverse = noon },
			"everything": func(s *observe.State) { s.StoppedSince, s.Failures, s.Adverse = noon, 2, noon },
		} {
			s := observe.State{ContactAt: noon, SaleAt: saleAt}
			change(&s)
			out[sale+", "+trouble] = s
		}
	}
	return out
}

func TestTheAbilityInSQLIsThatOfTheRules(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShelf(db)
		s.add(t, "1000") // nothing was ever heard of it
		names, want := map[string]string{"1000": "unheard"}, map[observe.Ability][]string{observe.Unknown: {"1000"}}
		n := 1000
		for name, state := range states() {
			n++
			tid := fmt.Sprint(n)
			names[tid] = name
			s.observed(t, s.add(t, tid), state)
			a := state.Ability(noon, observe.DefaultRules())
			want[a] = append(want[a], tid)
		}
		_, counts, err := s.Counts(t.Context(), consolesql.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []observe.Ability{observe.CanSell, observe.Restricted, observe.CannotSell, observe.Unknown} {
			got := s.list(t, consolesql.Filter{Ability: a}, 7)
			if diff := cmp.Diff(want[a], got); diff != "" || counts[string(a)] != len(got) {
				t.Errorf("%s: %d counted (-want +got):\n%s\n%v", a, counts[string(a)], diff, names)
			}
			for _, tid := range got {
				row, found, err := s.One(t.Context(), s.ids[tid])
				if err != nil || !found || row.State.Ability(noon, observe.DefaultRules()) != a {
					t.Errorf("%s (%s): its row says %s (%v)", tid, names[tid], row.State.Ability(noon, observe.DefaultRules()), err)
				}
			}
		}
	})
}

func TestListPages(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShelf(db)
		want := []string{}
		for i := range 7 {
			want = append(want, fmt.Sprint(1000+i))
		}
		for _, i := range []int{3, 0, 6, 1, 5, 2, 4} {
			s.add(t, want[i])
		}
		for _, size := range []int{1, 2, 3, 7, 50} {
			if diff := cmp.Diff(want, s.list(t, consolesql.Filter{}, size)); diff != "" {
				t.Errorf("pages of %d (-want +got):\n%s", size, diff)
			}
		}
		for _, cursor := range []string{"nonsense", "1"} {
			if _, _, err := s.List(t.Context(), consolesql.Filter{}, cursor, 10); !errors.Is(err, consolesql.ErrFilter) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		if _, found, err := s.One(t.Context(), "nobody"); err != nil || found {
			t.Errorf("found %v (%v)", found, err)
		}
	})
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShelf(db)
		for _, tid := range []string{"1001", "1002", "1003", "1004"} {
			s.add(t, tid)
		}
		s.observed(t, s.ids["1001"], observe.State{ContactAt: noon, SaleAt: noon})
		s.observed(t, s.ids["1002"], observe.State{ContactAt: noon, Failures: 1})
		c := s.opened(t, s.ids["1003"])
		closed := s.opened(t, s.ids["1004"])
		entry := casefile.Opening(closed)
		if err := casefilesql.New(db).Close(t.Context(), closed.ID, casefile.Unclear, entry); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			f    consolesql.Filter
			want []string
		}{
			"what needs attention":              {consolesql.Filter{Attention: true}, []string{"1002", "1003"}},
			"a part of a TID":                   {consolesql.Filter{Query: "002"}, []string{"1002"}},
			"every word must be there":          {consolesql.Filter{Query: "面馆 1003"}, []string{"1003"}},
			"upper and lower case are one":      {consolesql.Filter{Query: "SITE 1001"}, []string{"1001"}},
			"signs of the database are letters": {consolesql.Filter{Query: `1%`}, []string{}},
			"all of them at once":               {consolesql.Filter{Query: "100", Ability: observe.Restricted, Attention: true}, []string{"1002"}},
		} {
			if diff := cmp.Diff(tt.want, s.list(t, tt.f, 10)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		row, _, err := s.One(t.Context(), s.ids["1003"])
		if err != nil || row.Case == nil || row.Case.ID != c.ID || row.Heard {
			t.Errorf("row %+v (%v)", row, err)
		}
		if row, _, err := s.One(t.Context(), s.ids["1004"]); err != nil || row.Case != nil {
			t.Errorf("a closed case is shown as open: %+v (%v)", row, err)
		}
		if _, _, err := s.List(t.Context(), consolesql.Filter{Query: string(make([]byte, 201))}, "", 1); !errors.Is(err, consolesql.ErrFilter) {
			t.Errorf("a query without end: %v", err)
		}
	})
}

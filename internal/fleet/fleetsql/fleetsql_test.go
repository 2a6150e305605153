package fleetsql_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/fleet/fleettest"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func world(db *sqldb.DB) fleettest.World {
	clock := fleettest.NewClock()
	return fleettest.World{
		Store: fleetsql.New(db, clock.Now), Clock: clock,
		Events: func(t *testing.T, terminal string) (list []event.Event) {
			for _, e := range outboxtest.Waiting(t, db) {
				if e.Terminal == terminal {
					list = append(list, e)
				}
			}
			return list
		},
	}
}

func TestStoreOnSQLite(t *testing.T) {
	t.Parallel()
	fleettest.Run(t, func(t *testing.T) fleettest.World { return world(sqldbtest.SQLite(t)) })
}

func TestStoreOnPostgres(t *testing.T) {
	t.Parallel()
	fleettest.Run(t, func(t *testing.T) fleettest.World { return world(sqldbtest.Postgres(t)) })
}

// shelf is a store with n terminals; the first has a device.
func shelf(t *testing.T, db *sqldb.DB, n int) (*fleetsql.Store, []fleet.Terminal) {
	t.Helper()
	s := fleetsql.New(db, fleettest.NewClock().Now)
	var list []fleet.Terminal
	for i := range n {
		list = append(list, fleettest.Terminal(t, s, fmt.Sprintf("1000000%d", i)))
	}
	code, _, err := s.NewEnrolment(t.Context(), list[0].ID, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Redeem(t.Context(), code, "key", "SN_0%", "A920"); err != nil {
		t.Fatal(err)
	}
	return s, list
}

func TestPagesHoldEveryTerminalOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, list := shelf(t, db, 7)
		var seen []string
		cursor := ""
		for {
			page, next, err := s.List(t.Context(), fleetsql.Filter{}, cursor, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page {
				seen = append(seen, l.ID)
			}
			if next == "" {
				break
			}
			cursor = next
		}
		if len(seen) != len(list) {
			t.Fatalf("saw %v", seen)
		}
		for i, id := range seen {
			if id != list[i].ID {
				t.Fatalf("terminal %d is %s, want %s", i, id, list[i].ID)
			}
		}
		if _, _, err := s.List(t.Context(), fleetsql.Filter{}, "nonsense", 3); !errors.Is(err, fleet.ErrInvalid) {
			t.Fatalf("a broken cursor: %v", err)
		}
	})
}

func TestFiltersFindWhatTheySay(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, list := shelf(t, db, 4)
		for name, c := range map[string]struct {
			f    fleetsql.Filter
			want int
		}{
			"all":                        {fleetsql.Filter{}, 4},
			"a TID":                      {fleetsql.Filter{Query: "10000002"}, 1},
			"a merchant in Chinese":      {fleetsql.Filter{Query: "面馆"}, 4},
			"two words in any order":     {fleetsql.Filter{Query: "10000003 老王"}, 1},
			"a serial in another case":   {fleetsql.Filter{Query: "sn_0"}, 1},
			"a model":                    {fleetsql.Filter{Query: "a920"}, 1},
			"an area":                    {fleetsql.Filter{Query: "NORTH"}, 4},
			"wildcards are only letters": {fleetsql.Filter{Query: "1%3"}, 0},
			"no device":                  {fleetsql.Filter{Attention: true}, 3},
			"no device, and a word":      {fleetsql.Filter{Attention: true, Query: "10000000"}, 0},
			"chosen ones":                {fleetsql.Filter{Only: []string{list[1].ID, list[2].ID, "term_x"}}, 2},
			"chosen none":                {fleetsql.Filter{Only: []string{}}, 0},
			"a site":                     {fleetsql.Filter{Site: list[3].Site}, 1},
			"a merchant":                 {fleetsql.Filter{Merchant: list[3].Merchant}, 1},
		} {
			page, _, err := s.List(t.Context(), c.f, "", 0)
			n, countErr := s.Count(t.Context(), c.f)
			if err != nil || countErr != nil || len(page) != c.want || n != c.want {
				t.Errorf("%s: %d listed, %d counted, want %d; %v, %v", name, len(page), n, c.want, err, countErr)
			}
		}
		for _, f := range []fleetsql.Filter{{Query: strings.Repeat("x", 201)}, {Only: make([]string, 1001)}} {
			if _, _, err := s.List(t.Context(), f, "", 0); !errors.Is(err, fleet.ErrInvalid) {
				t.Errorf("an unbounded filter: %v", err)
			}
		}
	})
}

func TestSearchFollowsWhatIsRenamed(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s, list := shelf(t, db, 2)
		if _, err := s.PutMerchant(t.Context(), fleet.Merchant{ID: list[1].Merchant, Name: "新名字"}); err != nil {
			t.Fatal(err)
		}
		site := fleet.Site{ID: list[1].Site, Merchant: list[1].Merchant, Name: "Dock 7", Area: "south"}
		if _, err := s.PutSite(t.Context(), site); err != nil {
			t.Fatal(err)
		}
		page, _, err := s.List(t.Context(), fleetsql.Filter{Query: "新名字 dock south"}, "", 0)
		if err != nil || len(page) != 1 || page[0].ID != list[1].ID || page[0].SiteName != "Dock 7" {
			t.Fatalf("%+v, %v", page, err)
		}
		if n, err := s.Count(t.Context(), fleetsql.Filter{Query: "10000001 老王面馆"}); err != nil || n != 0 {
			t.Fatalf("the old name still finds %d, %v", n, err)
		}
	})
}

func TestEachVisitsTheWholeFleet(t *testing.T) {
	t.Parallel()
	s, list := shelf(t, sqldbtest.SQLite(t), 3)
	n := 0
	if err := s.Each(t.Context(), func(l fleet.Listed) error { n++; return nil }); err != nil || n != len(list) {
		t.Fatalf("visited %d, %v", n, err)
	}
	stop := errors.New("stop")
	if err := s.Each(t.Context(), func(fleet.Listed) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("%v", err)
	}
}

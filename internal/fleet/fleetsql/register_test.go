package fleetsql_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/fleet/fleettest"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func TestRegisterOnSQLite(t *testing.T)   { t.Parallel(); registering(t, sqldbtest.SQLite) }
func TestRegisterOnPostgres(t *testing.T) { t.Parallel(); registering(t, sqldbtest.Postgres) }

func entry(tid string) fleet.Registration {
	return fleet.Registration{
		Acquirer: "a", TID: tid, MID: "898000000000001", Merchant: "老王面馆", Site: "一店", Area: "north",
		Attributes: map[fleet.Attribute]string{fleet.Host: "h1"},
	}
}

func registering(t *testing.T, open func(testing.TB) *sqldb.DB) {
	for name, try := range map[string]func(*testing.T, *sqldb.DB, *fleetsql.Store){
		"a new name makes a merchant and a site, and the next terminal finds them": registerByName,
		"an id names what is there and nothing else":                               registerByID,
		"a name that two merchants have is not guessed":                            registerAmbiguous,
		"importing twice changes nothing":                                          importTwice,
		"an import changes what differs and says so":                               importChanges,
		"a dry run keeps nothing":                                                  importDry,
		"a refused row does not hold up the others":                                importRefused,
		"two at once make one merchant":                                            registerRace,
		"attributes are replaced as a whole":                                       replaceAttributes,
		"merchants and sites are put right and found by their new names":           putRight,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			try(t, db, fleetsql.New(db, fleettest.NewClock().Now))
		})
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func registerByName(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	one := must[fleet.Listed](t)(s.Register(t.Context(), entry(" 10000001 ")))
	two := must[fleet.Listed](t)(s.Register(t.Context(), entry("10000002")))
	if one.TID != "10000001" || one.Merchant != two.Merchant || one.Site != two.Site || one.MerchantName != "老王面馆" || one.Area != "north" {
		t.Errorf("%+v\n%+v", one, two)
	}
	found, _, err := s.List(t.Context(), fleetsql.Filter{Query: "老王 10000002 north"}, "", 10)
	if err != nil || len(found) != 1 || found[0].ID != two.ID {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := s.Register(t.Context(), entry("10000001")); !errors.Is(err, fleet.ErrTaken) {
		t.Errorf("the same TID again: %v", err)
	}
	bad := entry("10000003")
	bad.Attributes = map[fleet.Attribute]string{fleet.Model: "A920"}
	if _, err := s.Register(t.Context(), bad); !errors.Is(err, fleet.ErrAttributes) {
		t.Errorf("a model: %v", err)
	}
}

func registerByID(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	one := must[fleet.Listed](t)(s.Register(t.Context(), entry("10000001")))
	r := entry("10000002")
	r.Merchant, r.Site = one.Merchant, one.Site
	if two := must[fleet.Listed](t)(s.Register(t.Context(), r)); two.Merchant != one.Merchant || two.Site != one.Site {
		t.Errorf("%+v", two)
	}
	r = entry("10000003")
	r.Merchant = "mer_" + strings.Repeat("a", 26)
	if _, err := s.Register(t.Context(), r); !errors.Is(err, fleet.ErrMerchantUnknown) {
		t.Errorf("an unknown merchant: %v", err)
	}
	r = entry("10000003")
	r.Merchant, r.Site = "somebody new", one.Site
	if _, err := s.Register(t.Context(), r); !errors.Is(err, fleet.ErrSiteUnknown) {
		t.Errorf("another merchant's site: %v", err)
	}
	if all := must[[]fleet.Merchant](t)(s.Merchants(t.Context())); len(all) != 1 {
		t.Errorf("a refused terminal left a merchant behind: %+v", all)
	}
}

func registerAmbiguous(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	for range 2 {
		must[fleet.Merchant](t)(s.PutMerchant(t.Context(), fleet.Merchant{Name: "老王面馆"}))
	}
	if _, err := s.Register(t.Context(), entry("10000001")); !errors.Is(err, fleet.ErrMerchantAmbiguous) {
		t.Errorf("%v", err)
	}
}

// sheet is more than one batch of an import.
func sheet() []fleet.Registration {
	var list []fleet.Registration
	for i := range 150 {
		r := entry(fmt.Sprintf("1%07d", i))
		r.Merchant = fmt.Sprintf("M%d", i%7)
		list = append(list, r)
	}
	return list
}

func count(list []fleetsql.Imported) map[fleet.Change]int {
	out := map[fleet.Change]int{}
	for _, i := range list {
		out[i.Change]++ // "" for refused ones
	}
	return out
}

func importTwice(t *testing.T, db *sqldb.DB, s *fleetsql.Store) {
	if got := count(must[[]fleetsql.Imported](t)(s.Import(t.Context(), sheet(), false))); got[fleet.Created] != 150 {
		t.Fatalf("%v", got)
	}
	if got := count(must[[]fleetsql.Imported](t)(s.Import(t.Context(), sheet(), false))); got[fleet.Unchanged] != 150 {
		t.Errorf("%v", got)
	}
	if n := len(must[[]fleet.Merchant](t)(s.Merchants(t.Context()))); n != 7 {
		t.Errorf("%d merchants", n)
	}
	if events := outboxtest.Waiting(t, db); len(events) != 0 {
		t.Errorf("%+v", events)
	}
}

func importChanges(t *testing.T, db *sqldb.DB, s *fleetsql.Store) {
	one := must[fleet.Listed](t)(s.Register(t.Context(), entry("10000001")))
	if err := s.Learn(t.Context(), one.ID, map[fleet.Attribute]string{fleet.AppVersion: "2.0"}); err != nil {
		t.Fatal(err)
	}
	r := entry("10000001")
	r.Site, r.Area, r.Attributes = "二店", "south", map[fleet.Attribute]string{fleet.Host: "h2"}
	got := must[[]fleetsql.Imported](t)(s.Import(t.Context(), []fleet.Registration{r}, false))
	l := must[fleet.Listed](t)(s.Get(t.Context(), one.ID))
	if got[0].Change != fleet.Updated || got[0].Terminal != one.ID || l.SiteName != "二店" || l.Area != "south" ||
		l.Attributes[fleet.Host] != "h2" || l.Attributes[fleet.AppVersion] != "2.0" {
		t.Errorf("%+v\n%+v", got, l)
	}
	r.Area = "west"
	if got := must[[]fleetsql.Imported](t)(s.Import(t.Context(), []fleet.Registration{r}, false)); got[0].Change != fleet.Updated {
		t.Errorf("a new area: %+v", got)
	}
	r.Area = ""
	if got := must[[]fleetsql.Imported](t)(s.Import(t.Context(), []fleet.Registration{r}, false)); got[0].Change != fleet.Unchanged {
		t.Errorf("no area: %+v", got)
	}
	var told []string
	for _, e := range outboxtest.Waiting(t, db) {
		told = append(told, string(e.Kind)+string(e.Data))
	}
	if want := string(fleet.ChangedEvent) + `{"host":"h2"}`; len(told) != 2 || told[1] != want {
		t.Errorf("%q", told)
	}
}

func importDry(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	if got := count(must[[]fleetsql.Imported](t)(s.Import(t.Context(), sheet(), true))); got[fleet.Created] != 150 {
		t.Errorf("%v", got)
	}
	if n := must[int](t)(s.Count(t.Context(), fleetsql.Filter{})); n != 0 {
		t.Errorf("%d terminals", n)
	}
	if all := must[[]fleet.Merchant](t)(s.Merchants(t.Context())); len(all) != 0 {
		t.Errorf("%d merchants", len(all))
	}
}

func importRefused(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	list := []fleet.Registration{entry("10000001"), entry("10 2"), entry("10000003"), entry("10000004")}
	list[2].Merchant = "mer_" + strings.Repeat("a", 26)
	got := must[[]fleetsql.Imported](t)(s.Import(t.Context(), list, false))
	if got[0].Err != nil || !errors.Is(got[1].Err, fleet.ErrTID) || !errors.Is(got[2].Err, fleet.ErrMerchantUnknown) || got[3].Err != nil {
		t.Errorf("%+v", got)
	}
	if n := must[int](t)(s.Count(t.Context(), fleetsql.Filter{})); n != 2 {
		t.Errorf("%d terminals", n)
	}
}

func registerRace(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if _, err := s.Register(t.Context(), entry(fmt.Sprintf("1000000%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if all := must[[]fleet.Merchant](t)(s.Merchants(t.Context())); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}

func replaceAttributes(t *testing.T, db *sqldb.DB, s *fleetsql.Store) {
	one := must[fleet.Listed](t)(s.Register(t.Context(), entry("10000001")))
	want := map[fleet.Attribute]string{fleet.Carrier: "cmcc"}
	for range 2 {
		if err := s.SetAttributes(t.Context(), one.ID, want); err != nil {
			t.Fatal(err)
		}
	}
	l := must[fleet.Listed](t)(s.Get(t.Context(), one.ID))
	if len(l.Attributes) != 1 || l.Attributes[fleet.Carrier] != "cmcc" {
		t.Errorf("%+v", l.Attributes)
	}
	told := outboxtest.Waiting(t, db)
	if len(told) != 1 || string(told[0].Data) != `{"carrier":"cmcc","host":""}` {
		t.Errorf("%+v", told)
	}
	for name, try := range map[string]struct {
		terminal, host string
		want           error
	}{
		"an unknown terminal": {"term_x", "h", fleet.ErrNotFound}, "a card": {one.ID, "4111111111111111", fleet.ErrCardData},
		"too long": {one.ID, strings.Repeat("x", 300), fleet.ErrAttributes},
	} {
		if err := s.SetAttributes(t.Context(), try.terminal, map[fleet.Attribute]string{fleet.Host: try.host}); !errors.Is(err, try.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func putRight(t *testing.T, _ *sqldb.DB, s *fleetsql.Store) {
	one := must[fleet.Listed](t)(s.Register(t.Context(), entry("10000001")))
	must[fleet.Merchant](t)(s.ChangeMerchant(t.Context(), fleet.Merchant{ID: one.Merchant, Name: " 老李面馆 ", Phone: "13800138000"}))
	must[fleet.Site](t)(s.ChangeSite(t.Context(), fleet.Site{ID: one.Site, Merchant: one.Merchant, Name: "总店", Area: "south"}))
	l := must[fleet.Listed](t)(s.Get(t.Context(), one.ID))
	if l.MerchantName != "老李面馆" || l.SiteName != "总店" || l.Area != "south" {
		t.Errorf("%+v", l)
	}
	for query, want := range map[string]int{"老李 总店": 1, "老王": 0} {
		if n := must[int](t)(s.Count(t.Context(), fleetsql.Filter{Query: query})); n != want {
			t.Errorf("%s: %d", query, n)
		}
	}
	other := must[fleet.Merchant](t)(s.PutMerchant(t.Context(), fleet.Merchant{Name: "other"}))
	for name, c := range map[string]struct{ err, want error }{
		"an unknown merchant":     {second(s.ChangeMerchant(t.Context(), fleet.Merchant{ID: "mer_x", Name: "x"})), fleet.ErrNotFound},
		"a merchant without name": {second(s.ChangeMerchant(t.Context(), fleet.Merchant{ID: one.Merchant, Name: " "})), fleet.ErrMerchantName},
		"a card for a name":       {second(s.ChangeMerchant(t.Context(), fleet.Merchant{ID: one.Merchant, Name: "4111111111111111"})), fleet.ErrCardData},
		"another's site":          {second(s.ChangeSite(t.Context(), fleet.Site{ID: one.Site, Merchant: other.ID, Name: "x"})), fleet.ErrNotFound},
		"a site without name":     {second(s.ChangeSite(t.Context(), fleet.Site{ID: one.Site, Merchant: one.Merchant})), fleet.ErrSiteName},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

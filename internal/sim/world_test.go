package sim

import (
	"context"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin makes an estate whose hosts listen and whose people and customers stay at home: the test is all of them.
func begin(t *testing.T, cfg Config) *Estate {
	t.Helper()
	cfg.AlwaysOpen = true
	if cfg.Speed == 0 {
		cfg.Speed = 600
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	for _, h := range e.world.hosts {
		if err := e.openHost(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		cancel()
		if err := e.Wait(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// find gives the first terminal that fits.
func (e *Estate) find(t *testing.T, fits func(*Terminal) bool) *Terminal {
	t.Helper()
	for _, x := range e.world.terminals {
		if fits(x) {
			return x
		}
	}
	t.Fatal("the world has no such terminal")
	return nil
}

func TestWorld(t *testing.T) {
	t.Parallel()
	t.Run("the same seed gives the same world and another seed another", func(t *testing.T) {
		t.Parallel()
		build := func(seed uint64) []Entry {
			e, err := New(Config{Seed: seed, Terminals: 300, Hosts: 2})
			if err != nil {
				t.Fatal(err)
			}
			return e.Register()
		}
		one, same, other := build(7), build(7), build(8)
		if !reflect.DeepEqual(one, same) {
			t.Error("two worlds of one seed differ")
		}
		if reflect.DeepEqual(one, other) {
			t.Error("worlds of two seeds do not differ")
		}
	})
	t.Run("everything a fleet register needs is there, and the numbers have their form", func(t *testing.T) {
		t.Parallel()
		e, err := New(Config{Seed: 1, Terminals: 500, Hosts: 2})
		if err != nil {
			t.Fatal(err)
		}
		serials, links := map[string]bool{}, map[Link]int{}
		for _, r := range e.Register() {
			if len(r.TID) != 8 || len(r.MID) != 15 || r.Merchant.Empty() || r.SiteName.EN == "" || r.SiteName.ZH == "" || r.Site == "" ||
				r.Area == "" || r.Host == "" || r.Model == "" || r.AppVersion == "" || r.Params == "" || r.Opens >= r.Closes {
				t.Fatalf("%+v", r)
			}
			if (r.Carrier != "") != (r.Link == Cellular) {
				t.Fatalf("carrier and link do not agree: %+v", r)
			}
			serials[r.Serial] = true
			links[r.Link]++
		}
		if len(serials) != 500 || len(links) != 3 {
			t.Fatalf("%d serial numbers, links %v", len(serials), links)
		}
	})
	t.Run("a terminal signs in and sells, and the host knows of it", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 30})
		for _, x := range e.world.terminals {
			mustSell(t, x)
		}
	})
	t.Run("a closed shop has no customers", func(t *testing.T) {
		t.Parallel()
		e, err := New(Config{Terminals: 5})
		if err != nil {
			t.Fatal(err)
		}
		night := time.Date(2026, 11, 24, 3, 0, 0, 0, zone())
		for _, s := range e.world.shops {
			if e.world.demand(s, night) != 0 || e.world.demand(s, night.Add(9*time.Hour)) == 0 {
				t.Fatalf("%+v", s.trade)
			}
		}
	})
}

// mustSell signs a terminal in and sells until a customer's bank agrees.
func mustSell(t *testing.T, x *Terminal) {
	t.Helper()
	if err := x.signIn(t.Context()); err != nil {
		t.Fatalf("%s %s %s: sign-in: %v", x.tid, x.model.name, x.link, err)
	}
	sellOn(t, x)
}

// sellOn sells without another sign-in.
func sellOn(t *testing.T, x *Terminal) {
	t.Helper()
	before := x.sold
	for range 10 {
		if err := x.sell(t.Context(), 1234, byChip); err != nil {
			t.Fatalf("%s: %v", x.tid, err)
		}
		if x.sold > before {
			return
		}
	}
	t.Fatalf("%s: no sale was approved: screen %s, code %s", x.tid, x.screen, x.lastCode)
}

// Package fleettest is the suite that every store of the register must pass.
package fleettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/event"
)

// Store is what the suite tries.
type Store interface {
	PutMerchant(ctx context.Context, m fleet.Merchant) (fleet.Merchant, error)
	PutSite(ctx context.Context, p fleet.Site) (fleet.Site, error)
	PutTerminal(ctx context.Context, t fleet.Terminal) (fleet.Terminal, error)
	Learn(ctx context.Context, terminal string, told map[fleet.Attribute]string) error
	Get(ctx context.Context, terminal string) (fleet.Listed, error)
	ByTID(ctx context.Context, acquirer, tid string) (fleet.Listed, error)
	NewEnrolment(ctx context.Context, terminal, by string) (code string, expires time.Time, err error)
	Redeem(ctx context.Context, code, key, serial, model string) (fleet.Listed, error)
	ByKey(ctx context.Context, fingerprint string) (fleet.Bound, error)
	Revoke(ctx context.Context, device string) error
	Bindings(ctx context.Context, terminal string) ([]fleet.Binding, error)
	PutComponents(ctx context.Context, device string, parts []fleet.Component) error
	Components(ctx context.Context, device string) ([]fleet.Component, error)
}

// World is a fresh store, its clock, and the events it has sent of a terminal so far.
type World struct {
	Store  Store
	Clock  *Clock
	Events func(t *testing.T, terminal string) []event.Event
}

// Clock stands until it is moved.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock starts somewhere.
func NewClock() *Clock { return &Clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

// Now is what a store gets as its clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Run tries the suite; world gives a fresh world each time.
func Run(t *testing.T, world func(t *testing.T) World) {
	t.Helper()
	for name, f := range map[string]func(*testing.T, World){
		"a code brings a device in once":                   enrol,
		"two that redeem one code at once: one comes in":   race,
		"the same key may ask again":                       again,
		"a code expires":                                   expires,
		"a new code ends the one before":                   replaced,
		"guesses wear a code out":                          guesses,
		"a swap ends one binding and begins another":       swap,
		"a device moves to another terminal":               move,
		"a revoked key stays out and a new one comes back": revoke,
		"a copied key is refused":                          copied,
		"a TID is registered once an acquirer":             taken,
		"reports teach attributes and say what is new":     learn,
		"components keep their newest state":               components,
		"what is not in the register is not found":         missing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, world(t))
		})
	}
}

// Terminal registers a terminal with a merchant and a site of its own.
func Terminal(t testing.TB, s Store, tid string) fleet.Terminal {
	t.Helper()
	m, err := s.PutMerchant(t.Context(), fleet.Merchant{Name: "老王面馆 " + tid})
	must(t, err)
	p, err := s.PutSite(t.Context(), fleet.Site{Merchant: m.ID, Name: "Site " + tid, Area: "north"})
	must(t, err)
	term, err := s.PutTerminal(t.Context(), fleet.Terminal{
		Acquirer: "allinpay", TID: tid, MID: "8210" + tid, Merchant: m.ID, Site: p.ID,
		Attributes: map[fleet.Attribute]string{fleet.Host: "h1"},
	})
	must(t, err)
	return term
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(t *testing.T, w World, terminal string) string {
	t.Helper()
	c, until, err := w.Store.NewEnrolment(t.Context(), terminal, "ann")
	must(t, err)
	if got := until.Sub(w.Clock.Now()); got != fleet.EnrolmentTTL {
		t.Errorf("a code lives %v", got)
	}
	return c
}

// join enrols a device and gives its id.
func join(t *testing.T, w World, terminal, key, serial string) string {
	t.Helper()
	l, err := w.Store.Redeem(t.Context(), code(t, w, terminal), key, serial, "A920")
	must(t, err)
	return l.Device.ID
}

func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v; want %v", err, want)
	}
}

func kinds(w World, t *testing.T, terminal string) (list []event.Kind) {
	t.Helper()
	for _, e := range w.Events(t, terminal) {
		list = append(list, e.Kind)
	}
	return list
}

func enrol(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	c := code(t, w, term.ID)
	l, err := w.Store.Redeem(t.Context(), c, "key1", "SN1", "A920")
	must(t, err)
	if l.ID != term.ID || l.TID != "10000001" || l.Device == nil || l.Device.Serial != "SN1" || l.Device.Key != "key1" ||
		l.MerchantName != "老王面馆 10000001" || l.Shares()[fleet.Model] != "A920" || l.Shares()[fleet.Host] != "h1" {
		t.Fatalf("%+v %+v", l, l.Device)
	}
	b, err := w.Store.ByKey(t.Context(), "key1")
	must(t, err)
	if b != (fleet.Bound{Terminal: term.ID, Device: l.Device.ID}) {
		t.Fatalf("%+v", b)
	}
	_, err = w.Store.Redeem(t.Context(), c, "key2", "SN2", "A920")
	refused(t, err, fleet.ErrCode)
	if got := kinds(w, t, term.ID); !slices.Equal(got, []event.Kind{fleet.EnrolledEvent}) {
		t.Fatalf("events %v", got)
	}
}

func race(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	c := code(t, w, term.ID)
	results := make(chan error, 6)
	for i := range cap(results) {
		go func() {
			_, err := w.Store.Redeem(t.Context(), c, fmt.Sprint("key", i), fmt.Sprint("SN", i), "A920")
			results <- err
		}()
	}
	in := 0
	for range cap(results) {
		if err := <-results; err == nil {
			in++
		} else if !errors.Is(err, fleet.ErrCode) {
			t.Error(err)
		}
	}
	if in != 1 {
		t.Fatalf("%d came in", in)
	}
}

func again(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	c := code(t, w, term.ID)
	first, err := w.Store.Redeem(t.Context(), c, "key1", "SN1", "A920")
	must(t, err)
	w.Clock.Pass(time.Hour)
	second, err := w.Store.Redeem(t.Context(), c, "key1", "SN1", "A920")
	must(t, err)
	if second.ID != first.ID || second.Device.ID != first.Device.ID {
		t.Fatalf("another answer: %+v", second)
	}
	if n := len(w.Events(t, term.ID)); n != 1 {
		t.Fatalf("%d events", n)
	}
	w.Clock.Pass(fleet.RedeemAgain)
	_, err = w.Store.Redeem(t.Context(), c, "key1", "SN1", "A920")
	refused(t, err, fleet.ErrCode)
}

func expires(t *testing.T, w World) {
	c := code(t, w, Terminal(t, w.Store, "10000001").ID)
	w.Clock.Pass(fleet.EnrolmentTTL)
	_, err := w.Store.Redeem(t.Context(), c, "key1", "SN1", "A920")
	refused(t, err, fleet.ErrCode)
}

func replaced(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	old, fresh := code(t, w, term.ID), code(t, w, term.ID)
	_, err := w.Store.Redeem(t.Context(), old, "key1", "SN1", "A920")
	refused(t, err, fleet.ErrCode)
	_, err = w.Store.Redeem(t.Context(), fresh, "key1", "SN1", "A920")
	must(t, err)
}

func guesses(t *testing.T, w World) {
	c := code(t, w, Terminal(t, w.Store, "10000001").ID)
	wrong := "A"
	if c[len(c)-1] == 'A' {
		wrong = "B"
	}
	for range fleet.MaxTries {
		_, err := w.Store.Redeem(t.Context(), c[:len(c)-1]+wrong, "key1", "SN1", "A920")
		refused(t, err, fleet.ErrCode)
	}
	_, err := w.Store.Redeem(t.Context(), c, "key1", "SN1", "A920")
	refused(t, err, fleet.ErrCode)
}

func swap(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	old := join(t, w, term.ID, "key1", "SN1")
	w.Clock.Pass(time.Hour)
	fresh := join(t, w, term.ID, "key2", "SN2")
	history, err := w.Store.Bindings(t.Context(), term.ID)
	must(t, err)
	if len(history) != 2 || history[0].Device != old || !history[0].Until.Equal(w.Clock.Now()) ||
		history[1].Device != fresh || !history[1].Until.IsZero() || history[1].By != "ann" {
		t.Fatalf("%+v", history)
	}
	_, err = w.Store.ByKey(t.Context(), "key1")
	refused(t, err, fleet.ErrNotFound)
	got := w.Events(t, term.ID)
	var change fleet.Rebound
	if len(got) != 3 || got[1].Kind != fleet.ReboundEvent || got[1].Into(&change) != nil ||
		change != (fleet.Rebound{Terminal: term.ID, Was: old, Now: fresh}) {
		t.Fatalf("events %v, %+v", kinds(w, t, term.ID), change)
	}
}

func move(t *testing.T, w World) {
	from, to := Terminal(t, w.Store, "10000001"), Terminal(t, w.Store, "10000002")
	device := join(t, w, from.ID, "key1", "SN1")
	if got := join(t, w, to.ID, "key1", "SN1"); got != device {
		t.Fatal("the device was registered twice")
	}
	left, err := w.Store.Get(t.Context(), from.ID)
	must(t, err)
	b, err := w.Store.ByKey(t.Context(), "key1")
	must(t, err)
	if left.Device != nil || b.Terminal != to.ID {
		t.Fatalf("left %+v, bound %+v", left.Device, b)
	}
	if got := kinds(w, t, from.ID); !slices.Equal(got, []event.Kind{fleet.EnrolledEvent, fleet.ReboundEvent}) {
		t.Fatalf("events of the terminal that lost it: %v", got)
	}
}

func revoke(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	device := join(t, w, term.ID, "key1", "SN1")
	must(t, w.Store.Revoke(t.Context(), device))
	_, err := w.Store.ByKey(t.Context(), "key1")
	refused(t, err, fleet.ErrRevoked)
	_, err = w.Store.Redeem(t.Context(), code(t, w, term.ID), "key1", "SN1", "A920")
	refused(t, err, fleet.ErrRevoked)
	l, err := w.Store.Get(t.Context(), term.ID)
	must(t, err)
	if l.Device == nil || l.Device.RevokedAt.IsZero() {
		t.Fatalf("a refused key changed the device: %+v", l.Device)
	}
	if got := join(t, w, term.ID, "key2", "SN1"); got != device {
		t.Fatal("the device came back as another one")
	}
	if _, err := w.Store.ByKey(t.Context(), "key2"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Store.ByKey(t.Context(), "key1")
	refused(t, err, fleet.ErrRevoked)
	refused(t, w.Store.Revoke(t.Context(), "dev_x"), fleet.ErrNotFound)
}

func copied(t *testing.T, w World) {
	one, two := Terminal(t, w.Store, "10000001"), Terminal(t, w.Store, "10000002")
	join(t, w, one.ID, "key1", "SN1")
	_, err := w.Store.Redeem(t.Context(), code(t, w, two.ID), "key1", "SN2", "A920")
	refused(t, err, fleet.ErrKeyTaken)
	if b, err := w.Store.ByKey(t.Context(), "key1"); err != nil || b.Terminal != one.ID {
		t.Fatalf("%+v, %v", b, err)
	}
}

func taken(t *testing.T, w World) {
	one := Terminal(t, w.Store, "10000001")
	twin := one
	twin.ID = ""
	_, err := w.Store.PutTerminal(t.Context(), twin)
	refused(t, err, fleet.ErrTaken)
	one.MID = "changed"
	_, err = w.Store.PutTerminal(t.Context(), one)
	must(t, err)
	l, err := w.Store.ByTID(t.Context(), "allinpay", "10000001")
	must(t, err)
	if l.ID != one.ID || l.MID != "changed" {
		t.Fatalf("%+v", l)
	}
}

func learn(t *testing.T, w World) {
	term := Terminal(t, w.Store, "10000001")
	told := map[fleet.Attribute]string{fleet.Carrier: "cmcc", fleet.Host: "h1"}
	for range 2 {
		must(t, w.Store.Learn(t.Context(), term.ID, told))
	}
	l, err := w.Store.Get(t.Context(), term.ID)
	must(t, err)
	if l.Attributes[fleet.Carrier] != "cmcc" || l.Attributes[fleet.Host] != "h1" {
		t.Fatalf("%v", l.Attributes)
	}
	got := w.Events(t, term.ID)
	var changed map[fleet.Attribute]string
	if len(got) != 1 || got[0].Into(&changed) != nil || len(changed) != 1 || changed[fleet.Carrier] != "cmcc" {
		t.Fatalf("%d events, %v; want one that tells only of the carrier", len(got), changed)
	}
	refused(t, w.Store.Learn(t.Context(), "term_x", told), fleet.ErrNotFound)
}

func components(t *testing.T, w World) {
	device := join(t, w, Terminal(t, w.Store, "10000001").ID, "key1", "SN1")
	now := w.Clock.Now()
	printer := fleet.Component{Kind: "printer", Name: "main", State: fleet.Operating, At: now}
	sim := fleet.Component{Kind: "sim", Name: "1", State: fleet.Waiting, Version: "cmcc", At: now}
	must(t, w.Store.PutComponents(t.Context(), device, []fleet.Component{sim, printer}))
	older, newer := printer, printer
	older.At, older.State = now.Add(-time.Hour), fleet.Deactivated
	newer.At, newer.State = now.Add(time.Hour), fleet.Faulty
	must(t, w.Store.PutComponents(t.Context(), device, []fleet.Component{newer}))
	must(t, w.Store.PutComponents(t.Context(), device, []fleet.Component{older}))
	got, err := w.Store.Components(t.Context(), device)
	must(t, err)
	if !slices.Equal(got, []fleet.Component{newer, sim}) {
		t.Fatalf("%+v", got)
	}
	broken := printer
	broken.State = "odd"
	refused(t, w.Store.PutComponents(t.Context(), device, []fleet.Component{broken}), fleet.ErrInvalid)
}

func missing(t *testing.T, w World) {
	_, err := w.Store.Get(t.Context(), "term_x")
	refused(t, err, fleet.ErrNotFound)
	_, err = w.Store.ByKey(t.Context(), "nobody")
	refused(t, err, fleet.ErrNotFound)
	_, _, err = w.Store.NewEnrolment(t.Context(), "term_x", "ann")
	refused(t, err, fleet.ErrNotFound)
	_, err = w.Store.Redeem(t.Context(), "23456789AB", "k", "SN", "A920")
	refused(t, err, fleet.ErrCode)
	_, err = w.Store.Redeem(t.Context(), "23456789AB", "k", "SN\n", "A920")
	refused(t, err, fleet.ErrInvalid)
	_, err = w.Store.PutSite(t.Context(), fleet.Site{Merchant: "mer_x", Name: "n"})
	refused(t, err, fleet.ErrNotFound)
}

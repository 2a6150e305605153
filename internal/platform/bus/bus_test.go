package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg bus.Config) *bus.Bus {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	b, err := bus.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.SetFirstPause(time.Millisecond)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func made(kind event.Kind, terminal string, n int) event.Event {
	return event.New(kind, time.Unix(int64(n), 0), terminal, "", n)
}

func publish(t *testing.T, b *bus.Bus, events ...event.Event) {
	t.Helper()
	if err := b.PublishEvents(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, e event.Event) (n int) {
	t.Helper()
	if err := e.Into(&n); err != nil {
		t.Error(err)
	}
	return n
}

// collect returns a handler and a function that waits for so many events, by terminal.
func collect(t *testing.T) (h func(context.Context, event.Event) error, wait func(n int) map[string][]int) {
	t.Helper()
	got := make(chan event.Event, 10000)
	h = func(_ context.Context, e event.Event) error { got <- e; return nil }
	return h, func(n int) map[string][]int {
		t.Helper()
		seen := map[string][]int{}
		for range n {
			select {
			case e := <-got:
				seen[e.Terminal] = append(seen[e.Terminal], number(t, e))
			case <-time.After(20 * time.Second):
				t.Fatalf("waited in vain; seen %v", seen)
			}
		}
		return seen
	}
}

func handle(t *testing.T, b *bus.Bus, name string, h func(context.Context, event.Event) error, kinds ...event.Kind) {
	t.Helper()
	if err := b.Handle(t.Context(), name, kinds, h); err != nil {
		t.Fatal(err)
	}
}

func TestEventsArriveInOrderPerTerminalAcrossKinds(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{})
	h, wait := collect(t)
	handle(t, b, "one", h, "a.happened", "b.happened")
	var events []event.Event
	for n := range 200 {
		kind := event.Kind("a.happened")
		if n%3 == 0 {
			kind = "b.happened"
		}
		for term := range 5 {
			events = append(events, made(kind, fmt.Sprint("t", term), n))
		}
		events = append(events, made("c.ignored", "t0", n))
	}
	publish(t, b, events...)
	seen := wait(1000)
	for term, got := range seen {
		if len(got) != 200 || !slices.IsSorted(got) {
			t.Errorf("%s got %v", term, got)
		}
	}
}

func TestEveryConsumerGetsEveryEvent(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{})
	publish(t, b, made("a.happened", "t", 1)) // before anybody listens
	for _, name := range []string{"one", "two"} {
		h, wait := collect(t)
		handle(t, b, name, h, "a.happened")
		if got := wait(1)["t"]; !slices.Equal(got, []int{1}) {
			t.Errorf("%s got %v", name, got)
		}
	}
}

func TestAPoisonedEventIsParkedAndBlocksNobody(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{})
	h, wait := collect(t)
	release := make(chan struct{})
	handle(t, b, "one", func(ctx context.Context, e event.Event) error {
		if e.Terminal == "bad" && number(t, e) == 0 {
			<-release
			if number(t, e) == 0 {
				panic("poison")
			}
		}
		return h(ctx, e)
	}, "a.happened")
	publish(t, b, made("a.happened", "bad", 0), made("a.happened", "bad", 1), made("a.happened", "good", 0))
	if got := wait(1); len(got["good"]) != 1 {
		t.Fatalf("the other terminal did not go on first: %v", got)
	}
	close(release)
	if got := wait(1); !slices.Equal(got["bad"], []int{1}) || b.Parked() != 1 {
		t.Fatalf("after the poison came %v, parked %d; want event 1 and one parked", got, b.Parked())
	}
}

func TestAnEventThatFailsComesAgainBeforeTheNext(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{})
	h, wait := collect(t)
	failures := 3
	handle(t, b, "one", func(ctx context.Context, e event.Event) error {
		if number(t, e) == 0 && failures > 0 {
			failures--
			return errors.New("not yet")
		}
		return h(ctx, e)
	}, "a.happened")
	publish(t, b, made("a.happened", "t", 0), made("a.happened", "t", 1))
	if got := wait(2)["t"]; !slices.Equal(got, []int{0, 1}) || b.Parked() != 0 {
		t.Fatalf("got %v, parked %d", got, b.Parked())
	}
}

func TestWhatWasNotHandledComesAfterARestartInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, bus.Config{Dir: dir})
	begun := make(chan struct{}, 10)
	handle(t, first, "one", func(ctx context.Context, e event.Event) error {
		begun <- struct{}{}
		<-ctx.Done() // the process ends in the middle
		return ctx.Err()
	}, "a.happened")
	publish(t, first, made("a.happened", "t", 0), made("a.happened", "u", 0))
	<-begun
	<-begun
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := start(t, bus.Config{Dir: dir})
	publish(t, second, made("a.happened", "t", 1))
	h, wait := collect(t)
	handle(t, second, "one", h, "a.happened")
	if got := wait(3)["t"]; !slices.Equal(got, []int{0, 1}) {
		t.Fatalf("got %v; want the old event first", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}

	third := start(t, bus.Config{Dir: dir})
	h, wait = collect(t)
	handle(t, third, "one", h, "a.happened")
	publish(t, third, made("a.happened", "t", 2))
	if got := wait(1)["t"]; !slices.Equal(got, []int{2}) {
		t.Fatalf("handled events came again: %v", got)
	}
}

func TestALargeBatchIsSplit(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{})
	h, wait := collect(t)
	var events []event.Event
	for range 30 {
		events = append(events, event.New("a.large", time.Unix(1, 0), "t", "", strings.Repeat("x", 100<<10)))
	}
	handle(t, b, "one", func(ctx context.Context, e event.Event) error {
		return h(ctx, event.Event{Terminal: e.Terminal, Data: []byte("1")})
	}, "a.large")
	publish(t, b, events...)
	wait(30)
}

func TestNoticesReachWhoListens(t *testing.T) {
	t.Parallel()
	b := start(t, bus.Config{})
	heard := make(chan string, 4)
	stop, err := b.Listen("live.*", func(data []byte) { heard <- string(data) })
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range [][2]string{{"else.x", "no"}, {"live.case_1", "yes"}} {
		if err := b.Notify(n[0], []byte(n[1])); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-heard; got != "yes" {
		t.Fatalf("heard %q", got)
	}
	stop()
}

func TestTwoProcessesShareAnOutsideServer(t *testing.T) {
	t.Parallel()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the outside server does not start")
	}
	one, two := start(t, bus.Config{URL: s.ClientURL()}), start(t, bus.Config{URL: s.ClientURL()})
	h, wait := collect(t)
	handle(t, one, "shared", h, "a.happened")
	handle(t, two, "shared", h, "a.happened")
	for n := range 50 {
		publish(t, two, made("a.happened", "t", n))
	}
	if got := wait(50)["t"]; !slices.IsSorted(got) {
		t.Fatalf("got %v", got)
	}
}

func TestStartRefusesAFolderItCannotUse(t *testing.T) {
	t.Parallel()
	if b, err := bus.Start(t.Context(), bus.Config{Dir: "/dev/null/bus"}); err == nil {
		_ = b.Close()
		t.Fatal("started")
	}
}

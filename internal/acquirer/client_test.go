package acquirer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posmedic/posmedic/internal/acquirer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var hostClock = time.Date(2026, 11, 23, 21, 55, 36, 0, time.FixedZone("UTC+8", 8*60*60))

// startHost serves on loopback until the test ends.
func startHost(t *testing.T, handle acquirer.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- acquirer.Serve(ctx, listener, handle, acquirer.Limits{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return listener.Addr().String()
}

func newClient(t *testing.T, address string, timeout time.Duration) *acquirer.Client {
	t.Helper()
	c, err := acquirer.NewClient(acquirer.Config{
		Dial: acquirer.Plain(new(net.Dialer).DialContext, address), TID: "88888888", MID: "100000000000001", Serial: "SN1",
		Timeout: timeout, Now: func() time.Time { return hostClock.Add(3 * time.Second) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExchange(t *testing.T) {
	t.Parallel()
	t.Run("sign-in, echo, sale and reversal reach the host and come back with its answer", func(t *testing.T) {
		t.Parallel()
		asked := make(chan *acquirer.Message, 4)
		client := newClient(t, startHost(t, func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
			asked <- m
			answer := acquirer.Reply(m, "00", hostClock)
			answer.Set(acquirer.FieldRRN, "000000000042")
			return answer, nil
		}), 0)
		ctx := t.Context()
		sale := acquirer.Result{}
		for _, step := range []struct {
			kind acquirer.Kind
			do   func() (acquirer.Result, error)
		}{
			{acquirer.KindSignIn, func() (acquirer.Result, error) { return client.SignIn(ctx) }},
			{acquirer.KindEcho, func() (acquirer.Result, error) { return client.Echo(ctx) }},
			{acquirer.KindSale, func() (r acquirer.Result, err error) { sale, err = client.Sale(ctx, 12345); return sale, err }},
			{acquirer.KindReversal, func() (acquirer.Result, error) { return client.Reversal(ctx, sale) }},
		} {
			r, err := step.do()
			if err != nil {
				t.Fatalf("%s: %v", step.kind, err)
			}
			m := <-asked
			if m.Kind() != step.kind || m.Get(acquirer.FieldTID) != "88888888" || m.Get(acquirer.FieldMID) != "100000000000001" {
				t.Fatalf("%s: the host saw %v", step.kind, m)
			}
			if !r.Approved() || r.RRN != "000000000042" || !r.HostTime.Equal(hostClock) || r.RTT <= 0 || r.STAN != m.Get(acquirer.FieldSTAN) {
				t.Fatalf("%s: %+v", step.kind, r)
			}
			if step.kind == acquirer.KindSale || step.kind == acquirer.KindReversal {
				_, card := m.Card()
				if m.Get(acquirer.FieldAmount) != "000000012345" || !card || m.Get(acquirer.FieldSTAN) != sale.STAN {
					t.Fatalf("%s: %v", step.kind, m)
				}
			}
		}
	})
	t.Run("a response code that says no is a result and not an error", func(t *testing.T) {
		t.Parallel()
		client := newClient(t, startHost(t, func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
			return acquirer.Reply(m, "97", hostClock), nil
		}), 0)
		if r, err := client.SignIn(t.Context()); err != nil || r.Code != "97" || r.Approved() {
			t.Fatalf("%+v, %v", r, err)
		}
	})
	t.Run("a late answer to an earlier request is skipped", func(t *testing.T) {
		t.Parallel()
		address := rawHost(t, func(conn net.Conn, m *acquirer.Message) {
			late := acquirer.Reply(m, "96", hostClock)
			late.Set(acquirer.FieldSTAN, "999999")
			send(conn, late)
			send(conn, acquirer.Reply(m, "00", hostClock))
		})
		if r, err := newClient(t, address, 0).Echo(t.Context()); err != nil || r.Code != "00" {
			t.Fatalf("%+v, %v", r, err)
		}
	})
	t.Run("the year of the host's time is the nearest one", func(t *testing.T) {
		t.Parallel()
		address := startHost(t, func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
			answer := acquirer.Reply(m, "00", hostClock)
			answer.Set(acquirer.FieldDate, "0102")
			answer.Set(acquirer.FieldTime, "030405")
			return answer, nil
		})
		r, err := newClient(t, address, 0).Echo(t.Context())
		if err != nil || r.HostTime.Year() != 2027 {
			t.Fatalf("%v, %v", r.HostTime, err)
		}
	})
	t.Run("trace numbers of a terminal differ from each other", func(t *testing.T) {
		t.Parallel()
		client := newClient(t, startHost(t, func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
			return acquirer.Reply(m, "00", hostClock), nil
		}), 0)
		seen := map[string]bool{}
		for range 20 {
			r, err := client.Echo(t.Context())
			if err != nil || seen[r.STAN] || len(r.STAN) != 6 {
				t.Fatalf("%+v, %v", r, err)
			}
			seen[r.STAN] = true
		}
	})
}

// rawHost answers one request with whatever the test wants to send.
func rawHost(t *testing.T, act func(net.Conn, *acquirer.Message)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		frame, err := acquirer.ReadFrame(conn, acquirer.MaxFrame)
		if err != nil {
			return
		}
		m, err := acquirer.Unpack(frame)
		if err != nil {
			t.Errorf("host: %v", err)
			return
		}
		act(conn, m)
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return listener.Addr().String()
}

func send(conn net.Conn, m *acquirer.Message) {
	if raw, err := m.Pack(); err == nil {
		_ = acquirer.WriteFrame(conn, raw)
	}
}

func TestBrokenRungs(t *testing.T) {
	t.Parallel()
	broken := map[string]struct {
		host   func(t *testing.T) string
		rung   acquirer.Rung
		reason acquirer.Reason
	}{
		"a host that refuses": {func(t *testing.T) string {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			return listener.Addr().String()
		}, acquirer.RungConnect, acquirer.Refused},
		"a host that resets": {func(t *testing.T) string {
			return rawHost(t, func(conn net.Conn, _ *acquirer.Message) { _ = conn.(*net.TCPConn).SetLinger(0) })
		}, acquirer.RungAnswer, acquirer.Reset},
		"a host that closes": {func(t *testing.T) string {
			return rawHost(t, func(net.Conn, *acquirer.Message) {})
		}, acquirer.RungAnswer, acquirer.Closed},
		"a host that hangs": {func(t *testing.T) string {
			return startHost(t, func(context.Context, *acquirer.Message) (*acquirer.Message, error) { return nil, acquirer.ErrSilence })
		}, acquirer.RungAnswer, acquirer.Timeout},
		"a host that talks rubbish": {func(t *testing.T) string {
			return rawHost(t, func(conn net.Conn, _ *acquirer.Message) {
				_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			})
		}, acquirer.RungFormat, acquirer.Malformed},
		"a host that answers something else": {func(t *testing.T) string {
			return rawHost(t, func(conn net.Conn, m *acquirer.Message) {
				other := acquirer.Reply(m, "00", hostClock)
				other.Set(acquirer.FieldSTAN, "999999")
				for range 20 {
					send(conn, other)
				}
			})
		}, acquirer.RungFormat, acquirer.Mismatch},
	}
	for name, b := range broken {
		t.Run(name+" is told by its rung", func(t *testing.T) {
			t.Parallel()
			r, err := newClient(t, b.host(t), 700*time.Millisecond).Sale(t.Context(), 100)
			var e *acquirer.Error
			if !errors.As(err, &e) || e.Rung != b.rung || b.reason != "" && e.Reason != b.reason {
				t.Fatalf("%v", err)
			}
			if r.STAN == "" || r.Cents != 100 || r.Code != "" {
				t.Fatalf("a reversal could not be made from %+v", r)
			}
			if p := e.Problem(); p.Text.ZH == "" || p.Text.EN == "" || strings.Contains(fmt.Sprint(err, p.Text), "625094") {
				t.Fatalf("%v", p)
			}
		})
	}
	t.Run("rubbish from a terminal closes its connection and leaves the others", func(t *testing.T) {
		t.Parallel()
		address := startHost(t, func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
			return acquirer.Reply(m, "00", hostClock), nil
		})
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the connection stays open: %v", err)
		}
		if _, err := newClient(t, address, 0).Echo(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a terminal that gives up stops waiting at once", func(t *testing.T) {
		t.Parallel()
		asked := make(chan struct{})
		client := newClient(t, startHost(t, func(context.Context, *acquirer.Message) (*acquirer.Message, error) {
			close(asked)
			return nil, acquirer.ErrSilence
		}), time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { _, err := client.Echo(ctx); failed <- err }()
		<-asked
		cancel()
		if err := <-failed; err == nil {
			t.Fatal("no error")
		}
	})
	t.Run("wrong numbers of terminal and merchant are refused before anything is sent", func(t *testing.T) {
		t.Parallel()
		dial := acquirer.Plain(new(net.Dialer).DialContext, "127.0.0.1:1")
		for _, cfg := range []acquirer.Config{
			{Dial: dial, TID: "1", MID: "100000000000001"}, {Dial: dial, TID: "8888888 ", MID: "100000000000001"},
			{Dial: dial, TID: "88888888", MID: ""}, {TID: "88888888", MID: "100000000000001"},
		} {
			if _, err := acquirer.NewClient(cfg); err == nil {
				t.Errorf("accepted %q %q", cfg.TID, cfg.MID)
			}
		}
	})
}

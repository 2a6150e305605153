package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// client is the product's own ISO 8583 client, on a terminal without keys, over TCP or TLS.
func client(t *testing.T, e *Estate, tid, mid string, secure bool) *acquirer.Client {
	t.Helper()
	h := e.Hosts()[0]
	dial := acquirer.Plain(new(net.Dialer).DialContext, h.Plain)
	if secure {
		dial = acquirer.Secure(new(net.Dialer).DialContext, h.Secure, &tls.Config{
			ServerName: h.ServerName, RootCAs: e.world.authority.pool, MinVersion: tls.VersionTLS12,
		})
	}
	c, err := acquirer.NewClient(acquirer.Config{Dial: dial, TID: tid, MID: mid, Serial: "SN1", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	guestTID = "99000001"
	guestMID = "898310599000001"
)

// approved asks until the customer's bank agrees: one card in a hundred has no funds.
func approved(t *testing.T, c *acquirer.Client) acquirer.Result {
	t.Helper()
	for range 10 {
		r, err := c.Sale(t.Context(), 100)
		if err != nil || r.Approved() {
			return must(t, r, err)
		}
	}
	t.Fatal("no sale was approved")
	return acquirer.Result{}
}

func must(t *testing.T, r acquirer.Result, err error) acquirer.Result {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHostSpeaksWithTheRealClient(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"over TCP": false, "over TLS": true} {
		t.Run("echo, sign-in, sale and reversal go through "+name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Terminals: 1})
			e.Enter(guestTID, guestMID)
			c := client(t, e, guestTID, guestMID, secure)
			ctx := t.Context()
			echo, err := c.Echo(ctx)
			if must(t, echo, err).Code != codeApproved || time.Since(echo.HostTime).Abs() > time.Minute {
				t.Fatalf("echo: %+v", echo)
			}
			early, err := c.Sale(ctx, 100)
			if must(t, early, err).Code != codeSignInFirst {
				t.Fatalf("a sale before the sign-in: %+v", early)
			}
			in, err := c.SignIn(ctx)
			if !must(t, in, err).Approved() {
				t.Fatalf("sign-in: %+v", in)
			}
			sale := approved(t, c)
			if len(sale.RRN) != 12 {
				t.Fatalf("sale: %+v", sale)
			}
			back, err := c.Reversal(ctx, sale)
			if !must(t, back, err).Approved() {
				t.Fatalf("reversal: %+v", back)
			}
			again, err := c.Reversal(ctx, sale)
			if must(t, again, err).Code != codeNotFound {
				t.Fatalf("the second reversal of one sale: %+v", again)
			}
		})
	}
	t.Run("a sign-in whose answer is lost does not lock the terminal out", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 1})
		x := e.world.terminals[0]
		mustSell(t, x)
		held := x.working
		if err := x.signIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.working = held // the answer never came
		sellOn(t, x)
		if got := e.Truth(x.tid); len(got) > 0 {
			t.Fatalf("the truth is %v", got)
		}
	})
	t.Run("yesterday's sign-in does not open today", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 1})
		e.Enter(guestTID, guestMID)
		c := client(t, e, guestTID, guestMID, false)
		must(t, acquirer.Result{}, second(c.SignIn(t.Context())))
		e.world.mu.Lock()
		e.world.hosts[0].terminals[guestTID].day = day(time.Now().AddDate(0, 0, -1))
		e.world.mu.Unlock()
		r, err := c.Sale(t.Context(), 100)
		if must(t, r, err).Code != codeSignInFirst {
			t.Fatalf("%+v", r)
		}
	})
	t.Run("the books decide: unknown number 97, foreign or closed merchant 03, keys that do not fit A0", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 1})
		e.Enter(guestTID, guestMID)
		codes := map[string]func() (acquirer.Result, error){
			codeUnregistered: func() (acquirer.Result, error) {
				return client(t, e, "99000002", guestMID, false).SignIn(t.Context())
			},
			codeMerchant: func() (acquirer.Result, error) {
				return client(t, e, guestTID, "898310599000002", false).SignIn(t.Context())
			},
			codeMAC: func() (acquirer.Result, error) { // the real client has no PIN pad and so no MAC
				x := e.world.terminals[0]
				c := client(t, e, x.tid, x.shop.merchant.mid, false)
				must(t, acquirer.Result{}, second(c.SignIn(t.Context())))
				return c.Sale(t.Context(), 100)
			},
		}
		for want, ask := range codes {
			if r, err := ask(); must(t, r, err).Code != want {
				t.Errorf("got %s, want %s", r.Code, want)
			}
		}
	})
	t.Run("a host that is down connects and says nothing, and is heard again afterwards", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 1})
		if err := e.Inject("host_outage", "host-1"); err != nil {
			t.Fatal(err)
		}
		c := client(t, e, guestTID, guestMID, true)
		_, err := c.Echo(t.Context())
		var failure *acquirer.Error
		if !errors.As(err, &failure) || failure.Rung != acquirer.RungAnswer || failure.Reason != acquirer.Timeout {
			t.Fatalf("got %v", err)
		}
		e.pass(e.world.terminals[0].tid)
		r, err := c.Echo(t.Context())
		must(t, r, err)
	})
	t.Run("garbage closes its connection and nothing else", func(t *testing.T) {
		t.Parallel()
		e := begin(t, Config{Terminals: 1})
		conn, err := net.Dial("tcp", e.Hosts()[0].Plain)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte{0, 4, 1, 2, 3, 4}); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Fatal("the host answered garbage")
		}
		r, err := client(t, e, guestTID, guestMID, false).Echo(t.Context())
		must(t, r, err)
	})
}

func second(_ acquirer.Result, err error) error { return err }

func TestWorkingKeys(t *testing.T) {
	t.Parallel()
	var master, other, working key
	for i := range master {
		master[i], other[i], working[i] = byte(i*7+1), byte(i*11+3), byte(i*13+5)
	}
	got, err := master.unwrap(master.wrap(working))
	if err != nil || got != working {
		t.Fatalf("%x, %v", got, err)
	}
	if _, err := other.unwrap(master.wrap(working)); !errors.Is(err, errCheckValue) {
		t.Fatalf("another master key took the working key: %v", err)
	}
	m := &acquirer.Message{MTI: acquirer.MTISale, TPDU: acquirer.DefaultTPDU(), Header: acquirer.DefaultHeader()}
	m.Set(acquirer.FieldSTAN, "000001")
	pay(m, 100, byTap)
	if err := seal(m, working); err != nil {
		t.Fatal(err)
	}
	if !authentic(m, working) || authentic(m, other) {
		t.Fatal("the MAC does not tell keys apart")
	}
	m.Set(acquirer.FieldAmount, "000000000101")
	if authentic(m, working) {
		t.Fatal("the MAC does not cover the amount")
	}
}

func TestNobodyHangsOnAWorldThatEnds(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Terminals: 1, Speed: 1})
	x := e.world.terminals[0]
	mustSell(t, x)
	if err := e.Inject("host_outage", x.tid); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.sell(ctx, 100, byTap) }()
	for len(e.connections(x)) == 0 {
		select {
		case err := <-ended:
			t.Fatalf("the sale ended without the host: %v", err)
		default:
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Fatal("a sale without an answer went well")
	}
	if len(x.Status().Host) > 2+1 { // sign-in and sale before; the sale that the end cut off is nobody's failure
		t.Fatal("the end of the world was put down to the host")
	}
}

func (e *Estate) connections(x *Terminal) map[net.Conn]struct{} {
	e.world.mu.Lock()
	defer e.world.mu.Unlock()
	out := map[net.Conn]struct{}{}
	for c := range x.conns {
		out[c] = struct{}{}
	}
	return out
}

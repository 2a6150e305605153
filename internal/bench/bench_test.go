package bench

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/wire"
)

func TestDevice(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (*doortest.Rooms, *doortest.Open) {
		t.Helper()
		rooms := doortest.NewRooms()
		return rooms, doortest.Start(t, rooms, agentdoor.Config{})
	}
	t.Run("it enrols with its own key and its reports are acknowledged", func(t *testing.T) {
		t.Parallel()
		rooms, door := setup(t)
		rooms.Allow("CODE", "t1", time.Now().Add(time.Hour))
		d, err := NewDevice(door.Address, door.Fingerprint, Scattered(300))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		who, err := d.Enrol(t.Context(), "CODE", "SN1")
		if err != nil || who.Terminal != "t1" {
			t.Fatalf("got %+v, %v", who, err)
		}
		for seq := range uint64(3) {
			if receipt, err := d.Send(t.Context(), StatusReport("b", seq+1, time.Now())); err != nil || receipt.Accepted != 1 {
				t.Fatalf("got %+v, %v", receipt, err)
			}
		}
		if got := rooms.Reports("t1"); len(got) != 3 || len(got[0].Readings) != 6 || len(got[0].Host) != 1 {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a refusal is told with its code", func(t *testing.T) {
		t.Parallel()
		_, door := setup(t)
		d, err := NewDevice(door.Address, door.Fingerprint, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		var no *Refused
		if _, err := d.Send(t.Context(), StatusReport("b", 1, time.Now())); !errors.As(err, &no) || no.Status != 401 || no.Code == "" {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("it talks to no other server", func(t *testing.T) {
		t.Parallel()
		_, door := setup(t)
		d, err := NewDevice(door.Address, strings.Repeat("0", 64), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Send(t.Context(), StatusReport("b", 1, time.Now())); !errors.Is(err, agent.ErrWrongServer) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("an ended context ends the wait for an answer", func(t *testing.T) {
		t.Parallel()
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		d, err := NewDevice(silent.Addr().String(), strings.Repeat("0", 64), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Send(ctx, StatusReport("b", 1, time.Now())); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestScattered(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 20_000 {
		ip := Scattered(i)
		if !ip.IsLoopback() || seen[ip.String()] {
			t.Fatalf("device %d has %s", i, ip)
		}
		seen[ip.String()] = true
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		share  float64
		want   float64
	}{{nil, 0.5, 0}, {[]float64{3}, 0.99, 3}, {[]float64{3, 1, 2}, 0.5, 2}, {[]float64{4, 1, 2, 3}, 0.5, 2.5}, {[]float64{1, 2, 3, 4}, 0.99, 4}} {
		if got := percentile(c.values, c.share); got != c.want {
			t.Errorf("percentile(%v, %v) = %v, want %v", c.values, c.share, got, c.want)
		}
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	estate, err := Furnish(t.Context(), dir, "", 2)
	if err != nil || len(estate.Terminals) != 2 || estate.Terminals[0].Code == "" || estate.Terminals[0].Code == estate.Terminals[1].Code {
		t.Fatalf("got %+v, %v", estate, err)
	}
	l, err := openLedger(t.Context(), storeDSN(dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	if size, err := l.size(t.Context()); err != nil || size <= 0 {
		t.Fatalf("got %d, %v", size, err)
	}
	if err := l.holds(t.Context(), []Claim{{Device: "d", Boot: "b"}}); err != nil {
		t.Errorf("nothing acknowledged: %v", err)
	}
	if err := l.holds(t.Context(), []Claim{{Device: "d", Boot: "b", Reports: 1}}); !errors.Is(err, ErrLost) {
		t.Errorf("a report that is not there: %v", err)
	}
	if _, err := openLedger(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"); !errors.Is(err, sqldb.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestStatusReportFitsTheWire(t *testing.T) {
	t.Parallel()
	r := StatusReport("b", 1, time.Now())
	if len(r.Readings) > wire.MaxReadings || len(r.Findings) > wire.MaxFindings || r.Boot != "b" || r.Seq != 1 || r.At.IsZero() {
		t.Errorf("got %+v", r)
	}
}

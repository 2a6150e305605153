package probetest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// Host is an acquirer's host on loopback.
type Host struct {
	Cert  *tls.Certificate             // nil: TCP without TLS
	Code  func(m acquirer.Kind) string // response code; nil: 00; "" is silence
	Clock func() time.Time             // nil: the right time
	asked []acquirer.Kind
	mu    sync.Mutex
}

// Start serves until the test ends and gives the address.
func (h *Host) Start(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	address := listener.Addr().String()
	if h.Cert != nil {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*h.Cert}, MinVersion: tls.VersionTLS12})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- acquirer.Serve(ctx, listener, h.answer, acquirer.Limits{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("host: %v", err)
		}
	})
	return address
}

// Asked gives what the host was asked for.
func (h *Host) Asked() []acquirer.Kind {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]acquirer.Kind(nil), h.asked...)
}

func (h *Host) answer(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
	h.mu.Lock()
	h.asked = append(h.asked, m.Kind())
	h.mu.Unlock()
	code := acquirer.CodeApproved
	if h.Code != nil {
		code = h.Code(m.Kind())
	}
	if code == "" {
		return nil, acquirer.ErrSilence
	}
	now := time.Now()
	if h.Clock != nil {
		now = h.Clock()
	}
	return acquirer.Reply(m, code, now.In(time.FixedZone("UTC+8", 8*60*60))), nil
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// Refusing is an address on which nobody listens.
func Refusing(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	defer listener.Close()
	return listener.Addr().String()
}

// Resetting accepts and cuts every connection after the first bytes.
func Resetting(t *testing.T) string {
	t.Helper()
	return accepting(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1)) // whatever comes
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	})
}

// Hanging accepts and never says a word.
func Hanging(t *testing.T) string {
	t.Helper()
	return accepting(t, func(net.Conn) {})
}

func accepting(t *testing.T, act func(net.Conn)) string {
	t.Helper()
	listener := listen(t)
	var open []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open = append(open, conn)
			act(conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close() // ends the loop
		<-done
		for _, conn := range open {
			_ = conn.Close()
		}
	})
	return listener.Addr().String()
}

// Swallowing is a port that answers nothing, as behind a firewall that drops: its queue of connections is full, so the
// kernel throws new ones away.
func Swallowing(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
	for range 16 {
		conn, err := net.DialTimeout("tcp", address, 300*time.Millisecond)
		if err != nil {
			return address // the queue is full
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue of connections never fills")
	return ""
}

package sim

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// path is how far a terminal's packets get.
type path int

const (
	pathOpen   path = iota
	pathNoName      // everything but the look-up of names works
	pathDead        // there is an address, and packets vanish
	pathNone        // there is no address
)

// path judges the way out of the shop. The world's lock must be held.
func (t *Terminal) path(now time.Time) path {
	switch {
	case !t.running(now):
		return pathNone
	case t.link == Cellular && t.dataUsedUp:
		return pathDead
	case t.link == Cellular:
		return pathOpen
	case !t.shop.street.power:
		return pathNone // the router is dark
	case now.Before(t.shop.routerBack):
		return pathNone
	case t.shop.hung:
		return pathDead
	case t.shop.dnsBroken:
		return pathNoName
	default:
		return pathOpen
	}
}

// swallowed is the error of a dial into a network that swallows packets.
type swallowed struct{}

func (swallowed) Error() string   { return "no answer in time" }
func (swallowed) Timeout() bool   { return true }
func (swallowed) Temporary() bool { return true }
func (swallowed) Unwrap() error   { return os.ErrDeadlineExceeded }

// Dial connects through the terminal's network, for its payment app and its agent alike. Every address stands for a
// name: it is looked up in the world's name servers first, so a broken look-up stops everything.
func (t *Terminal) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, t.world.patience())
	defer cancel()
	target, err := t.route(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, target)
	if err != nil {
		return nil, err
	}
	return t.adopt(conn)
}

// route finds out where an address leads, as far as the terminal's network goes.
func (t *Terminal) route(ctx context.Context, network, address string) (string, error) {
	w := t.world
	w.mu.Lock()
	state := t.path(w.now())
	target, known := w.names[address]
	var freed chan struct{}
	if state == pathDead {
		freed = make(chan struct{})
		t.waits[freed] = struct{}{}
	}
	w.mu.Unlock()
	switch state {
	case pathOpen:
		if !known {
			host, _, _ := net.SplitHostPort(address)
			return "", &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return target, nil
	case pathNoName:
		host, _, _ := net.SplitHostPort(address)
		return "", &net.DNSError{Err: "server misbehaving", Name: host, IsTimeout: false, IsNotFound: true}
	case pathDead:
		defer t.unwait(freed)
		select {
		case <-ctx.Done():
		case <-freed:
		}
		return "", &net.OpError{Op: "dial", Net: network, Err: swallowed{}}
	default:
		return "", &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	}
}

func (t *Terminal) unwait(c chan struct{}) {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	delete(t.waits, c)
}

// adopt lets a connection die with the terminal's network.
func (t *Terminal) adopt(conn net.Conn) (net.Conn, error) {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	if t.path(t.world.now()) != pathOpen {
		_ = conn.Close() // it was never used
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
	}
	c := &connection{Conn: conn, terminal: t}
	t.conns[c] = struct{}{}
	return c, nil
}

// sever cuts the connections that the terminal's network no longer carries. The world's lock must be held.
func (t *Terminal) sever() {
	for c := range t.waits {
		close(c)
		delete(t.waits, c)
	}
	// A router that looks up no names still carries what is connected.
	if state := t.path(t.world.now()); state == pathOpen || state == pathNoName {
		return
	}
	for c := range t.conns {
		_ = c.(*connection).Conn.Close() // whoever uses it learns it there
		delete(t.conns, c)
	}
}

// connection forgets itself when it is closed.
type connection struct {
	net.Conn
	terminal *Terminal
	once     sync.Once
}

// Close closes the connection.
func (c *connection) Close() error {
	c.once.Do(func() {
		c.terminal.world.mu.Lock()
		defer c.terminal.world.mu.Unlock()
		delete(c.terminal.conns, c)
	})
	return c.Conn.Close()
}

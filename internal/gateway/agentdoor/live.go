package agentdoor

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Close codes of a live connection beside the standard ones.
const (
	closeReplaced websocket.StatusCode = 4001 // a newer connection of the same device is there
	closeUnbound  websocket.StatusCode = 4003 // the key is no longer bound or was revoked
)

// lives holds the live connections, one a device.
type lives struct {
	mu     sync.Mutex
	max    int
	closed bool
	by     map[string]*line // by device
	all    sync.WaitGroup
}

// line is one live connection. Everything waiting to be said on it is in the register of commands; pending only says
// that there is something, so a slow terminal costs no memory here.
type line struct {
	conn    *websocket.Conn
	caller  caller
	pending chan struct{}
	sent    map[string]struct{} // ids of commands said on this line and still waiting
}

func (l *lives) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.by)
}

// add registers a line and gives the one it replaces. It says no when the house is full or closing.
func (l *lives) add(n *line) (old *line, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = make(map[string]*line)
	}
	old = l.by[n.caller.from.Device]
	if l.closed || (old == nil && len(l.by) >= l.max) {
		return nil, false
	}
	l.by[n.caller.from.Device] = n
	l.all.Add(1)
	return old, true
}

func (l *lives) remove(n *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by[n.caller.from.Device] == n {
		delete(l.by, n.caller.from.Device)
	}
	l.all.Done()
}

func (l *lives) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, n := range l.by {
		l.part(n, websocket.StatusGoingAway, "")
	}
}

// part closes a line politely, which waits for the peer: nobody else must wait with it. The line must be registered.
func (l *lives) part(n *line, code websocket.StatusCode, reason string) {
	l.all.Go(func() {
		_ = n.conn.Close(code, reason) // the peer may be gone; either way the line ends
	})
}

func (l *lives) wait() { l.all.Wait() }

var errFull = refusal(problem.Unavailable, RateLive, "长连接已满，请用轮询", "too many live connections; poll instead")

// live keeps a WebSocket: commands go down as soon as a nudge says that there are any, progress comes up.
func (d *Door) live(w http.ResponseWriter, r *http.Request, c caller) error {
	w.Header().Set("Date", d.Now().UTC().Format(http.TimeFormat))
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		d.counts.Add(BodyShape, 1)
		return nil // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxProgressBytes)
	n := &line{conn: conn, caller: c, pending: make(chan struct{}, 1), sent: map[string]struct{}{}}
	old, ok := d.lives.add(n)
	if !ok {
		d.counts.Add(RateLive, 1)
		return conn.Close(websocket.StatusTryAgainLater, errFull.Code)
	}
	defer d.lives.remove(n)
	if old != nil {
		d.lives.part(old, closeReplaced, "replaced")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	stop, err := d.Nudges.Listen(Subject(c.from.Terminal), func([]byte) { n.wake() })
	if err != nil {
		d.Log.ErrorContext(ctx, "nudges cannot be heard", "terminal", c.from.Terminal, "err", err)
		return conn.Close(websocket.StatusTryAgainLater, "")
	}
	defer stop()
	var reading sync.WaitGroup
	reading.Go(func() {
		defer cancel()
		d.listen(ctx, n)
	})
	d.speak(ctx, n)
	conn.CloseNow()
	reading.Wait()
	return nil
}

func (n *line) wake() {
	select {
	case n.pending <- struct{}{}:
	default: // somebody has said so already
	}
}

// speak sends what waits whenever it is woken, and looks by itself at each ping, because a nudge may get lost.
func (d *Door) speak(ctx context.Context, n *line) {
	ping := time.NewTicker(d.cfg.PingEvery)
	defer ping.Stop()
	n.wake()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-n.pending:
			err = d.say(ctx, n)
		case <-ping.C:
			if err = d.ping(ctx, n); err == nil {
				err = d.say(ctx, n)
			}
		}
		if err != nil {
			return
		}
	}
}

func (d *Door) ping(ctx context.Context, n *line) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.WriteTimeout)
	defer cancel()
	return n.conn.Ping(ctx)
}

// say sends the waiting commands that were not sent on this line yet. The key is looked up again each time: a device
// that was revoked since must not hear another word.
func (d *Door) say(ctx context.Context, n *line) error {
	from, err := d.who(ctx, n.caller)
	switch kind := problem.Code(""); {
	case err != nil:
		if kind = problem.Of(err).Kind; kind == problem.Internal || kind == problem.Unavailable {
			d.Log.WarnContext(ctx, "device cannot be looked up", "terminal", n.caller.from.Terminal, "err", err)
			return nil
		}
		fallthrough
	case from != n.caller.from:
		_ = n.conn.Close(closeUnbound, "unbound") // the peer may be gone; either way the line ends
		return errors.New("the device is no longer bound as it was")
	}
	waiting, err := d.Commands.Waiting(ctx, from.Terminal)
	if err != nil {
		d.Log.WarnContext(ctx, "commands cannot be read", "terminal", from.Terminal, "err", err)
		return nil
	}
	still := make(map[string]struct{}, len(waiting))
	for _, command := range waiting {
		still[command.ID] = struct{}{}
		if _, done := n.sent[command.ID]; done || !command.Expires.After(d.Now()) {
			continue
		}
		if err := d.write(ctx, n, command); err != nil {
			return err
		}
	}
	n.sent = still
	return nil
}

func (d *Door) write(ctx context.Context, n *line, command wire.Command) error {
	raw, err := json.Marshal(command)
	if err != nil {
		d.Log.ErrorContext(ctx, "a command cannot be written", "command", command.ID, "err", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.WriteTimeout)
	defer cancel()
	return n.conn.Write(ctx, websocket.MessageText, raw)
}

// listen reads progress until the line ends. What is wrong with a message is counted; only talking too much ends it.
func (d *Door) listen(ctx context.Context, n *line) {
	for {
		_, raw, err := n.conn.Read(ctx)
		if err != nil {
			return
		}
		if ok, _ := d.byDevice.take(n.caller.fingerprint); !ok {
			d.counts.Add(RateDevice, 1)
			_ = n.conn.Close(websocket.StatusPolicyViolation, string(RateDevice)) // the line ends either way
			return
		}
		p, unknown, err := decode[wire.Progress](raw)
		d.unknownFields(unknown)
		if err == nil {
			err = d.take(ctx, n.caller.from, p)
		}
		if err != nil {
			reason := problem.Of(err)
			d.counts.Add(Code(reason.Code), 1)
			d.Log.DebugContext(ctx, "progress refused", "terminal", n.caller.from.Terminal, "code", reason.Code, "err", err)
		}
	}
}

// take screens progress and passes it on under the terminal of the caller's key.
func (d *Door) take(ctx context.Context, from From, p wire.Progress) error {
	p, tally, err := ScreenProgress(p, d.Now(), d.Known)
	if err != nil {
		return err
	}
	d.counts.addAll(tally)
	return d.Commands.Report(ctx, from.Terminal, p)
}

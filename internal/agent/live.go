package agent

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/wire"
)

const (
	dialTimeout  = 30 * time.Second
	writeTimeout = 10 * time.Second
	deadAfter    = 2 * time.Minute // the gateway pings every 30 s; a line that is silent this long is dead
	maxCommand   = 64 << 10
)

// stayLive keeps a live connection while ctx lasts. Without one nothing is lost: commands come with the receipts.
func (a *Agent) stayLive(ctx context.Context) {
	retry := backoff{min: a.cfg.RetryMin, max: a.cfg.RetryMax}
	for ctx.Err() == nil {
		began := time.Now()
		err := a.liveOnce(ctx)
		if time.Since(began) > deadAfter/2 {
			retry.reset() // it worked for a while
		}
		wait := retry.next(err)
		a.deps.Log.Debug("no live connection", "again_in", wait.Round(time.Millisecond), "err", err)
		if !sleep(ctx, wait) {
			return
		}
	}
}

// liveOnce opens a live connection and listens until it ends.
func (a *Agent) liveOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pulse := time.AfterFunc(dialTimeout, cancel)
	defer pulse.Stop()
	conn, response, err := websocket.Dial(ctx, a.link.base+"/v1/live", &websocket.DialOptions{
		HTTPClient: a.link.client,
		OnPingReceived: func(context.Context, []byte) bool {
			pulse.Reset(deadAfter)
			return true
		},
	})
	if response != nil {
		a.link.hear(response)
	}
	if err != nil {
		return dialError(response, err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxCommand)
	pulse.Reset(deadAfter)
	a.work.connect(conn)
	defer a.work.connect(nil)
	for {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		pulse.Reset(deadAfter)
		var c wire.Command
		if err := json.Unmarshal(raw, &c); err != nil {
			a.deps.Log.Warn("a command is malformed", "err", err)
			continue
		}
		a.work.accept(c)
	}
}

// dialError makes the gateway's refusal of an error when there was one.
func dialError(response *http.Response, err error) error {
	if response == nil || response.StatusCode == http.StatusSwitchingProtocols {
		return err
	}
	answer, readErr := io.ReadAll(response.Body) // at most 1 KiB, says websocket.Dial
	if readErr != nil {
		return err
	}
	return refusal(response, answer)
}

// write sends progress up a live connection.
func write(ctx context.Context, conn *websocket.Conn, p wire.Progress) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, raw)
}

package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/agent/remote"
)

// How long the remote steps take in a world that does not hurry.
const (
	appStartTime = 10 * time.Second
	renewTime    = 5 * time.Second
)

// RestartApp stops the payment app and starts it again. That frees a hung app; the session, keys, network and everything
// else are as before.
func (t *Terminal) RestartApp(ctx context.Context) (remote.Result, error) {
	w := t.world
	w.mu.Lock()
	before := t.process
	back := w.now().Add(w.pace(appStartTime))
	t.restartApp(back)
	after := t.process
	w.mu.Unlock()
	if err := wait(ctx, w.pace(appStartTime)); err != nil {
		return remote.Result{}, err
	}
	return t.seen(remote.Result{
		Text:  "the payment app was restarted",
		Proof: map[string]string{"app_pid_before": fmt.Sprint(before), "app_pid_after": fmt.Sprint(after)},
	}), nil
}

// seen adds what the device shows after a step.
func (t *Terminal) seen(r remote.Result) remote.Result {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	r.Findings = t.findings(t.world.now())
	return r
}

// SignIn has the payment app sign in with the stored operator.
func (t *Terminal) SignIn(ctx context.Context) (remote.Result, error) {
	err := t.signIn(ctx)
	result := t.seen(remote.Result{Text: "signed in"})
	t.world.mu.Lock()
	result.Proof = map[string]string{"response_code": t.lastCode}
	t.world.mu.Unlock()
	if err != nil {
		result.Text = "not signed in"
		return result, err
	}
	return result, nil
}

// SetClock sets the device's clock by the gateway's.
func (t *Terminal) SetClock(_ context.Context, now remote.Clock) (remote.Result, error) {
	right := now()
	if right.IsZero() {
		return remote.Result{}, remote.Refuse("the right time is not known")
	}
	t.world.mu.Lock()
	before := t.clock().Sub(right)
	t.offset = right.Sub(t.world.now())
	after := t.clock().Sub(right)
	t.world.mu.Unlock()
	return t.seen(remote.Result{Text: "the clock was set", Proof: map[string]string{
		"clock_offset_ms_before": fmt.Sprint(before.Milliseconds()), "clock_offset_ms_after": fmt.Sprint(after.Milliseconds()),
	}}), nil
}

// RenewAddress drops the network and asks the router for an address again. A mobile network has none to renew.
func (t *Terminal) RenewAddress(ctx context.Context) (remote.Result, error) {
	if t.link == Cellular {
		return remote.Result{}, remote.Refuse("this terminal is on a mobile network")
	}
	if err := wait(ctx, t.world.pace(renewTime)); err != nil {
		return remote.Result{}, err
	}
	t.world.mu.Lock()
	reached := t.path(t.world.now()) != pathNone
	t.world.mu.Unlock()
	if !reached {
		return t.seen(remote.Result{}), errors.New("the router gave no address")
	}
	return t.seen(remote.Result{Text: "the address was renewed"}), nil
}

// FetchLogs gives the app's log: what it asked the host lately and what came back.
func (t *Terminal) FetchLogs(_ context.Context, args remote.FetchLogs) (remote.Result, error) {
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	var log strings.Builder
	fmt.Fprintf(&log, "%s app pid=%d version=%s params=%s/%d\n", t.clock().Format(time.RFC3339), t.process, t.appVersion, t.params.id, t.params.version)
	fmt.Fprintf(&log, "%s app hung=%t session=%t screen=%s\n", t.clock().Format(time.RFC3339), t.hung, t.session, t.screen)
	fmt.Fprintf(&log, "%s host last=%s code=%s\n", t.clock().Format(time.RFC3339), t.reached, t.lastCode)
	text := log.String()
	if args.Bytes > 0 && len(text) > args.Bytes {
		text = text[len(text)-args.Bytes:]
	}
	return remote.Result{Text: fmt.Sprintf("%d bytes of logs", len(text)), Logs: text}, nil
}

// RestoreConfig goes back to the parameters before the last push.
func (t *Terminal) RestoreConfig(ctx context.Context) (remote.Result, error) {
	w := t.world
	w.mu.Lock()
	before := t.params
	if before.previous == nil {
		w.mu.Unlock()
		return remote.Result{}, remote.Refuse("there is no earlier configuration on this terminal")
	}
	t.params = before.previous
	after := t.params
	t.restartApp(w.now().Add(w.pace(appStartTime)))
	w.mu.Unlock()
	if err := wait(ctx, w.pace(appStartTime)); err != nil {
		return remote.Result{}, err
	}
	return t.seen(remote.Result{Text: "the previous configuration is back", Proof: map[string]string{
		"params_before": fmt.Sprintf("%s/%d", before.id, before.version), "params_after": fmt.Sprintf("%s/%d", after.id, after.version),
	}}), nil
}

// SendUnsent sends what the app still owes the host: the reversal of a sale whose answer never came.
func (t *Terminal) SendUnsent(ctx context.Context) (remote.Result, error) {
	t.app.Lock()
	defer t.app.Unlock()
	t.world.mu.Lock()
	up, owed := t.appUp(t.world.now()), t.reversal != nil
	t.world.mu.Unlock()
	if !up {
		return remote.Result{}, errAppDown
	}
	if err := t.clearReversal(ctx); err != nil {
		return t.seen(remote.Result{}), err
	}
	sent := 0
	if owed {
		sent = 1
	}
	return t.seen(remote.Result{Text: "nothing is left unsent", Proof: map[string]string{"sent": fmt.Sprint(sent), "left": "0"}}), nil
}

// RunProbes looks at the device anew and asks the host for an echo.
func (t *Terminal) RunProbes(ctx context.Context, _ remote.RunProbes) (remote.Result, error) {
	text := "the host answers"
	if err := t.echo(ctx); err != nil {
		text = "the host was not reached: " + err.Error()
	}
	return t.seen(remote.Result{Text: text}), ctx.Err()
}

// wait lets time pass, unless ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Package remote holds the steps an agent may be told to carry out on its terminal, and nothing else can be asked of
// it: restart the payment app, sign in again, set the clock, renew the address, fetch logs, restore the configuration,
// send unsent sales, run probes.
//
// Every step proves what it did (process ids, offsets, response codes), or says that it failed, or refuses with the
// reason. Linux carries them out on the machine it runs on.
package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// Result is what a step has to show for itself. It may come with an error: then it is what was seen before that.
type Result struct {
	Text     string
	Proof    map[string]string
	Findings []finding.Finding
	Host     []wire.HostAnswer // answers of the acquirer's host that the step brought about; they go with the next report
	Logs     string
}

// Terminal carries out the steps. Each method is called by one goroutine at a time, ends with ctx, and returns a
// *Refusal when it cannot or must not be done on this terminal.
type Terminal interface {
	RestartApp(ctx context.Context) (Result, error)
	SignIn(ctx context.Context) (Result, error)
	SetClock(ctx context.Context, now Clock) (Result, error)
	RenewAddress(ctx context.Context) (Result, error)
	FetchLogs(ctx context.Context, args FetchLogs) (Result, error)
	RestoreConfig(ctx context.Context) (Result, error)
	SendUnsent(ctx context.Context) (Result, error)
	RunProbes(ctx context.Context, args RunProbes) (Result, error)
}

// Clock gives the right time as the gateway tells it, to about a second.
type Clock func() time.Time

// FetchLogs are the arguments of fetch_logs.
type FetchLogs struct {
	Bytes int `json:"bytes"` // of the end of the logs; 0: as much as a progress holds
}

// RunProbes are the arguments of run_probes.
type RunProbes struct {
	Probes []string `json:"probes"` // names of the pack's probes; none: all
}

// Refusal says why a step is not carried out here; nothing was changed.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return r.Reason }

// Refuse makes a Refusal.
func Refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// The names of the commands.
const (
	RestartApp    = "restart_app"
	SignIn        = "sign_in"
	SetClock      = "set_clock"
	RenewAddress  = "renew_address"
	Logs          = "fetch_logs"
	RestoreConfig = "restore_config"
	SendUnsent    = "send_unsent"
	Probes        = "run_probes"
)

// Carry carries out a command. A name it does not know is refused: there is no other way to run anything.
func Carry(ctx context.Context, t Terminal, c wire.Command, now Clock) (Result, error) {
	switch c.Name {
	case RestartApp:
		return t.RestartApp(ctx)
	case SignIn:
		return t.SignIn(ctx)
	case SetClock:
		return t.SetClock(ctx, now)
	case RenewAddress:
		return t.RenewAddress(ctx)
	case Logs:
		return with(ctx, c, t.FetchLogs)
	case RestoreConfig:
		return t.RestoreConfig(ctx)
	case SendUnsent:
		return t.SendUnsent(ctx)
	case Probes:
		return with(ctx, c, t.RunProbes)
	default:
		return Result{}, Refuse("this agent has no command %.40q", c.Name)
	}
}

// with reads a command's arguments.
func with[A any](ctx context.Context, c wire.Command, step func(context.Context, A) (Result, error)) (Result, error) {
	var args A
	if len(c.Args) > 0 {
		if err := json.Unmarshal(c.Args, &args); err != nil {
			return Result{}, Refuse("the arguments of %s are malformed", c.Name)
		}
	}
	return step(ctx, args)
}

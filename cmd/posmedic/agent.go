package main

import (
	"context"
	"log/slog"

	"github.com/posmedic/posmedic/internal/agent/daemon"
)

// agentCommand is `posmedic agent`: the agent of this machine, until it is told to end.
type agentCommand struct {
	daemon.Flags
	Verbose bool `short:"v" help:"Say more."`
}

// Run is called by the command line.
func (a *agentCommand) Run(ctx context.Context, c *console) error {
	level := slog.LevelInfo
	if a.Verbose {
		level = slog.LevelDebug
	}
	return daemon.Run(ctx, a.Flags, slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level})))
}

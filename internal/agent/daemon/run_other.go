//go:build !linux

package daemon

import (
	"context"
	"log/slog"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Run refuses: the steps of an agent are written for Linux.
func Run(context.Context, Flags, *slog.Logger) error {
	return problem.New(problem.Config, "agent.system", lang.Text{
		ZH: "代理程序只能在 Linux 上运行", EN: "the agent runs on Linux only",
	})
}

//go:build linux

package daemon

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/queue"
	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/agent/store"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Run runs an agent on this machine until ctx ends.
func Run(ctx context.Context, flags Flags, log *slog.Logger) error {
	if err := flags.validate(); err != nil {
		return err
	}
	data, err := flags.data()
	if err != nil {
		return err
	}
	files, err := store.OpenDir(data)
	if err != nil {
		return unusable(err)
	}
	release, err := lock(data)
	if err != nil {
		return err
	}
	defer release()
	reports, closeQueue := openQueue(data, log)
	defer closeQueue()
	m := newMachine(flags, data, log)
	a, err := agent.New(agent.Config{
		Server: flags.Server, Enrolment: flags.Enrol, Serial: flags.serial(), Model: flags.model(), App: short(flags.AppVersion),
		ReportEvery: flags.Every, Poll: flags.Poll,
	}, agent.Deps{Store: files, Queue: reports, Terminal: m.terminal, Status: m.status, Log: log})
	if err != nil {
		return err
	}
	m.who = a.Who
	return together(ctx, m, a, log)
}

// together runs the agent and, when it has one, the payment app it keeps; the end of the agent ends both.
func together(ctx context.Context, m *machine, a *agent.Agent, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var app sync.WaitGroup
	if child, ok := m.terminal.App.(*remote.Child); ok {
		app.Go(func() {
			if err := child.Run(ctx); err != nil {
				log.Error("the payment app is no longer kept running", "err", err)
			}
		})
	}
	err := a.Run(ctx)
	cancel()
	app.Wait()
	return err
}

func unusable(cause error) error {
	return problem.New(problem.Config, "config.agent_data", lang.Text{
		ZH: "数据目录无法使用", EN: "the data directory cannot be used",
	}).WithHint(lang.Text{
		ZH: "请检查权限，或用 --data 指定其他目录", EN: "check its permissions, or name another with --data",
	}).Because(cause)
}

// lock keeps a second agent from running on the same data: two would send the same reports and carry out a command
// twice. The lock goes with the process, however it ends.
func lock(data string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, unusable(err)
		}
		return nil, problem.New(problem.Config, "agent.running", lang.Text{
			ZH: "已有一个代理程序在使用该数据目录", EN: "another agent already runs on this data directory",
		})
	}
	return func() { f.Close() }, nil
}

// openQueue opens the queue on disk. A terminal whose disk is broken must still be able to say so: then the queue is in
// memory.
func openQueue(data string, log *slog.Logger) (agent.Queue, func()) {
	q, err := queue.Open(filepath.Join(data, "queue"), queue.Limits{})
	if err != nil {
		log.Error("the queue on disk cannot be used; reports are kept in memory only", "err", err)
		q = queue.InMemory(queue.Limits{Bytes: 1 << 20})
	}
	return q, func() {
		if err := q.Close(); err != nil {
			log.Warn("the queue was not closed", "err", err)
		}
	}
}

// newApp is the payment app as the command line names it; nil: none is named.
func newApp(flags Flags, data string, log *slog.Logger) remote.App {
	switch command := strings.Fields(flags.AppCommand); {
	case len(command) > 0:
		return remote.NewChild(command, filepath.Join(data, "app.pid"), log)
	case flags.AppUnit != "":
		return remote.Unit{Name: flags.AppUnit, Run: remote.RunProgram}
	default:
		return nil
	}
}

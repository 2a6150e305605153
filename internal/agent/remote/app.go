//go:build linux

package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process names a running process without doubt: a process id may be used again, its start time not.
type Process struct {
	PID     int
	Started string // ticks since the machine's start, from /proc/<pid>/stat
}

func (p Process) running() bool { return p.PID > 0 && startOf(p.PID) == p.Started }

// startOf reads field 22 of /proc/<pid>/stat; empty when there is no such process or it is a zombie.
func startOf(pid int) string {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	// The second field is the program's name in brackets and may itself hold blanks and brackets.
	stat := string(raw)
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

// App is the payment app as far as an agent can touch it.
type App interface {
	// Restart stops and starts it, and gives what ran before (zero: nothing) and what runs after.
	Restart(ctx context.Context) (before, after Process, err error)
	// Now gives what runs; zero: nothing.
	Now(ctx context.Context) Process
}

const (
	patience = 5 * time.Second
	settle   = 500 * time.Millisecond // an app that lives this long has started
)

// Child is a payment app that the agent starts and keeps running itself.
type Child struct {
	command  []string
	pidFile  string
	log      *slog.Logger
	patience time.Duration // between the polite signal and the other

	turn sync.Mutex // of whoever starts or stops

	mu     sync.Mutex
	now    Process
	exited chan struct{} // closed when now has ended
	wanted bool
}

// NewChild makes a child that does not run yet. pidFile remembers it beyond the agent's own death, so that the payment
// app is never started twice.
func NewChild(command []string, pidFile string, log *slog.Logger) *Child {
	return &Child{command: command, pidFile: pidFile, log: log, patience: patience}
}

// Run keeps the app running until ctx ends, and then stops it. An app that ends by itself is started again, at once
// the first time and then ever more slowly.
func (c *Child) Run(ctx context.Context) error {
	if err := c.stopLeftover(ctx); err != nil {
		return err
	}
	wait := time.Duration(0)
	for ctx.Err() == nil {
		begun := time.Now()
		if exited := c.ensure(); exited != nil {
			select {
			case <-ctx.Done():
			case <-exited:
			}
		}
		if time.Since(begun) > time.Minute {
			wait = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		wait = min(max(2*wait, 200*time.Millisecond), time.Minute)
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	return c.stop(context.WithoutCancel(ctx))
}

// ensure starts the app unless it runs, and gives what is closed when it ends.
func (c *Child) ensure() chan struct{} {
	c.turn.Lock()
	defer c.turn.Unlock()
	if !c.Now(context.Background()).running() {
		if err := c.start(); err != nil {
			c.log.Error("the payment app does not start", "err", err)
			return nil
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exited
}

// Now gives what runs.
func (c *Child) Now(context.Context) Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Restart stops and starts the app, and waits until it has lived for a moment.
func (c *Child) Restart(ctx context.Context) (before, after Process, err error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	before = c.Now(ctx)
	if err := c.stop(ctx); err != nil {
		return before, Process{}, err
	}
	if err := c.start(); err != nil {
		return before, Process{}, err
	}
	c.mu.Lock()
	after, exited := c.now, c.exited
	c.mu.Unlock()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-exited:
		return before, Process{}, errors.New("the payment app ended at once after it was started")
	case <-ctx.Done():
		return before, after, ctx.Err()
	case <-timer.C:
		return before, after, nil
	}
}

func (c *Child) start() error {
	cmd := exec.Command(c.command[0], c.command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it starts is stopped with it
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	process := Process{PID: cmd.Process.Pid, Started: startOf(cmd.Process.Pid)}
	c.mu.Lock()
	c.now, c.exited = process, exited
	c.mu.Unlock()
	go func() {
		err := cmd.Wait()
		c.log.Info("the payment app has ended", "pid", process.PID, "err", err)
		c.mu.Lock()
		if c.now == process {
			c.now = Process{}
		}
		c.mu.Unlock()
		close(exited)
	}()
	if err := os.WriteFile(c.pidFile, []byte(fmt.Sprintf("%d %s\n", process.PID, process.Started)), 0o600); err != nil {
		c.log.Warn("the payment app's process id is not remembered", "err", err)
	}
	return nil
}

// stop ends what runs: politely, then not.
func (c *Child) stop(ctx context.Context) error {
	c.mu.Lock()
	process, exited := c.now, c.exited
	c.mu.Unlock()
	if process.PID == 0 {
		return nil
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(-process.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		timer := time.NewTimer(c.patience)
		select {
		case <-exited:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return errors.New("the payment app cannot be stopped")
}

// stopLeftover ends the app of an agent that died before it could.
func (c *Child) stopLeftover(ctx context.Context) error {
	raw, err := os.ReadFile(c.pidFile)
	if err != nil {
		return nil // nothing is remembered: nothing was left
	}
	var left Process
	if _, err := fmt.Sscan(string(raw), &left.PID, &left.Started); err != nil || !left.running() {
		return nil
	}
	c.log.Warn("the payment app of an earlier agent still runs and is stopped", "pid", left.PID)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(-left.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		if gone(ctx, left, c.patience) {
			return nil
		}
	}
	return fmt.Errorf("the payment app of an earlier agent (process %d) cannot be stopped", left.PID)
}

// gone waits for a process that is not our child, whose end nobody tells us.
func gone(ctx context.Context, p Process, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for p.running() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// Unit is a payment app that systemd keeps running.
type Unit struct {
	Name string
	Run  Runner
}

// Runner runs a program and gives what it printed.
type Runner func(ctx context.Context, name string, args ...string) (string, error)

// RunProgram is the real Runner. What the program printed is part of the error.
func RunProgram(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// Now gives the unit's main process.
func (u Unit) Now(ctx context.Context) Process {
	out, err := u.Run(ctx, "systemctl", "show", "--property=MainPID", "--value", u.Name)
	if err != nil {
		return Process{}
	}
	pid, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil || pid <= 0 {
		return Process{}
	}
	return Process{PID: pid, Started: startOf(pid)}
}

// Restart has systemd restart the unit; that command returns when the unit has started.
func (u Unit) Restart(ctx context.Context) (before, after Process, err error) {
	before = u.Now(ctx)
	if _, err := u.Run(ctx, "systemctl", "restart", u.Name); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return before, Process{}, Refuse("there is no systemd on this terminal")
		}
		return before, Process{}, err
	}
	if after = u.Now(ctx); !after.running() {
		return before, Process{}, fmt.Errorf("%s does not run after its restart", u.Name)
	}
	return before, after, nil
}

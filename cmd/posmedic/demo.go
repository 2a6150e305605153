package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/demo"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// demoCommand is `posmedic demo`.
type demoCommand struct {
	Story     string        `help:"Play one story: app-hung, sign-in-expired, clock-wrong, sim-no-data, host-down, unregistered-97, paper-out, tampered, power-cut." placeholder:"NAME"`
	Headless  bool          `help:"End when the story has ended; needs --story."`
	JSON      bool          `name:"json" help:"Print one JSON object."`
	Listen    string        `default:"127.0.0.1:8080" help:"Where people look; a free port when this one is taken." placeholder:"HOST:PORT"`
	Terminals int           `default:"24" help:"How many terminals are simulated."`
	Speed     float64       `default:"30" help:"How much faster than in life customers come and people act."`
	Seed      uint64        `default:"1" help:"The same seed makes the same estate."`
	Manual    bool          `help:"Remote steps wait for a click in the console."`
	Store     string        `help:"Database (default: a throw-away file)." placeholder:"DSN"`
	Within    time.Duration `default:"5m" help:"How long a headless story may take."`
	Verbose   bool          `short:"v" help:"Say more."`
}

var errHeadless = problem.New(problem.Invalid, "demo.headless",
	lang.Text{ZH: "--headless 需要 --story", EN: "--headless needs --story"}).
	WithHint(lang.Text{ZH: "例如 posmedic demo --story app-hung --headless", EN: "for example: posmedic demo --story app-hung --headless"})

// Run is called by the command line.
func (f *demoCommand) Run(ctx context.Context, c *console) (err error) {
	if f.Headless && f.Story == "" {
		return errHeadless
	}
	dir, err := os.MkdirTemp("", "posmedic-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d, err := f.start(ctx, c, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Stop()) }()
	if f.Headless {
		return f.play(ctx, c, d)
	}
	if err := f.greet(c, d); err != nil {
		return err
	}
	if f.Story != "" {
		go func() {
			if _, err := d.Play(ctx, f.Story, func(line string) { _, _ = fmt.Fprintln(c.Err, line) }); err != nil && ctx.Err() == nil {
				_, _ = fmt.Fprintln(c.Err, problem.Of(err).Text.In(c.Lang))
			}
		}()
	}
	return d.Wait(ctx)
}

func (f *demoCommand) start(ctx context.Context, c *console, dir string) (*demo.Demo, error) {
	cfg := app.DefaultConfig()
	cfg.Dir, cfg.Store, cfg.Listen, cfg.Agents = filepath.Join(dir, "server"), f.Store, f.Listen, "127.0.0.1:0"
	if f.Headless {
		cfg.Listen = "127.0.0.1:0"
	}
	level := slog.LevelError
	if f.Verbose {
		level = slog.LevelInfo
	}
	world := demo.Config{
		App: cfg, Version: version, Terminals: f.Terminals, Speed: f.Speed, Seed: f.Seed, Lang: c.Lang, Manual: f.Manual,
		Agent: filepath.Join(dir, "agent"), Log: slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level})),
	}
	d, err := demo.Start(ctx, world)
	if err != nil && problem.Of(err).Code == "config..listen" && f.Listen == "127.0.0.1:8080" {
		world.App.Listen = "127.0.0.1:0" // somebody else holds the usual port
		return demo.Start(ctx, world)
	}
	return d, err
}

// play plays a story without a person and answers with the exit code.
func (f *demoCommand) play(ctx context.Context, c *console, d *demo.Demo) error {
	ctx, cancel := context.WithTimeout(ctx, f.Within)
	defer cancel()
	report, err := d.Play(ctx, f.Story, func(line string) { _, _ = fmt.Fprintln(c.Err, line) })
	if err != nil && report.Story == "" {
		return err
	}
	if err != nil {
		report.Verdict = err.Error()
	}
	if f.JSON {
		if err := json.NewEncoder(c.Out).Encode(report); err != nil {
			return err
		}
	} else {
		say(c, lang.Text{ZH: "%s：%s（真实故障排第 %d，结果 %s，%s）", EN: "%s: %s (true fault ranked %d, outcome %s, %s)"},
			report.Story, report.Verdict, report.Rank, report.Outcome, report.VerifiedBy)
	}
	if !report.Passed() {
		return exitCode(exitError)
	}
	return nil
}

// greet says where to look and what to try.
func (f *demoCommand) greet(c *console, d *demo.Demo) error {
	if f.JSON {
		return json.NewEncoder(c.Out).Encode(map[string]string{"url": d.App.URL(), "setup": d.App.SetupURL()})
	}
	say(c, lang.Text{
		ZH: "打开 %s\n（一次性链接：先设一个用户名和密码）。%d 台模拟终端和本机正在收款，时间快 %.0f 倍。",
		EN: "open %s\n(a one-time link: choose a name and a password first). %d simulated terminals and this machine take money, %.0f times as fast as in life.",
	}, d.App.SetupURL(), f.Terminals, f.Speed)
	say(c, lang.Text{
		ZH: "可以试试：\n  看一台终端从停机到修好：另开一个窗口运行 posmedic demo --story app-hung\n  九个故事都能单独播放：posmedic demo --story NAME --headless\n按 Ctrl+C 结束，一切随之删除。",
		EN: "to try:\n  watch a terminal from stop to proof: posmedic demo --story app-hung\n  each of the nine stories alone: posmedic demo --story NAME --headless\nCtrl+C ends it and removes everything.",
	})
	return nil
}

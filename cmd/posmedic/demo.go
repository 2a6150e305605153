package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/demo"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/sim"
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
	Calm      bool          `help:"Nothing breaks by itself; without it, the stories happen one after the other."`
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
	var playing sync.WaitGroup
	defer playing.Wait() // before the world ends
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	playing.Go(func() { f.entertain(ctx, c, d) })
	return d.Wait(ctx)
}

// breath is how long the estate is left in peace between two stories.
const breath = 15 * time.Second

// entertain plays the story that was asked for, or all of them in turn for as long as somebody watches.
func (f *demoCommand) entertain(ctx context.Context, c *console, d *demo.Demo) {
	tell := func(line string) { _, _ = fmt.Fprintln(c.Err, line) }
	names := []string{f.Story}
	if f.Story == "" {
		if f.Calm || f.Manual {
			return
		}
		names = nil
		for _, s := range sim.Stories() {
			names = append(names, s.Name)
		}
	}
	for n := 0; ctx.Err() == nil && (f.Story == "" || n == 0); n++ {
		if _, err := d.Play(ctx, names[n%len(names)], tell); err != nil && ctx.Err() == nil {
			tell(problem.Of(err).Text.In(c.Lang))
		}
		select {
		case <-ctx.Done():
		case <-time.After(breath):
		}
	}
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
	if err != nil && problem.Of(err).Code == "config.listen" && f.Listen == "127.0.0.1:8080" {
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
		ZH: "可以试试：\n  九个故事会轮流发生（下面一行行写着）：在列表里点开那台停了的终端，看它怎样被诊断、修好、验证\n  在终端页的“上报问题”里写一句商户的话，例如：没纸了，打不出小票\n  自己动手：posmedic demo --story app-hung --manual，然后点“执行”\n  单独播放一个故事：posmedic demo --story NAME --headless\n按 Ctrl+C 结束，一切随之删除。",
		EN: "to try:\n  the nine stories happen in turn (told below): open the terminal that stopped and watch it being diagnosed, repaired and proven\n  write what a merchant says into \"Report a problem\", for example: no receipt comes out\n  act yourself: posmedic demo --story app-hung --manual, then click the step\n  one story alone: posmedic demo --story NAME --headless\nCtrl+C ends it and removes everything.",
	})
	return nil
}

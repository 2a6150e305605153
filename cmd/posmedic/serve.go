package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// version is set when a release is built.
var version = "dev"

// serveFlags are the settings of a server; each has a default that works.
type serveFlags struct {
	Dir      string             `help:"Data folder: database, events, keys." placeholder:"DIR" env:"POSMEDIC_DIR"`
	Store    string             `help:"Database: a file, or postgres://… (default: posmedic.db in the data folder)." placeholder:"DSN" env:"POSMEDIC_STORE"`
	Bus      string             `help:"URL of an outside NATS cluster (default: inside this process)." placeholder:"URL" env:"POSMEDIC_BUS"`
	Pack     string             `help:"Folder of a knowledge pack (default: the core pack)." placeholder:"DIR" env:"POSMEDIC_PACK"`
	Listen   string             `help:"Where people look." placeholder:"HOST:PORT" env:"POSMEDIC_LISTEN"`
	Agents   string             `help:"Where agents connect." placeholder:"HOST:PORT" env:"POSMEDIC_AGENTS"`
	Acquirer string             `help:"Name of the acquirer whose terminal numbers the feeds speak of." placeholder:"NAME" env:"POSMEDIC_ACQUIRER"`
	CodeSet  string             `help:"Response codes of that acquirer: unionpay, iso, as2805, gicc, other." enum:",unionpay,iso,as2805,gicc,other" default:"" env:"POSMEDIC_CODE_SET"`
	Act      float64            `help:"Probability from which on the leading fault is acted upon (default: 0.8)." placeholder:"P" env:"POSMEDIC_ACT"`
	Weigh    map[string]float64 `help:"What costs weigh, in minutes of work: merchant, desk and downtime (a minute of each), truck (a visit), money (one CNY), risk, insult, attempt, question." placeholder:"NAME=N" env:"POSMEDIC_WEIGH"`
	Host     string             `help:"host:port under which agents reach this machine, for the enrolment command." placeholder:"HOST:PORT" env:"POSMEDIC_HOST"`
}

// config lays the flags over the defaults.
func (f serveFlags) config() app.Config {
	cfg := app.DefaultConfig()
	for _, s := range []struct {
		flag string
		into *string
	}{
		{f.Dir, &cfg.Dir}, {f.Store, &cfg.Store}, {f.Bus, &cfg.Bus}, {f.Pack, &cfg.Pack}, {f.Listen, &cfg.Listen},
		{f.Agents, &cfg.Agents}, {f.Host, &cfg.Host}, {f.Acquirer, &cfg.Acquirer}, {f.CodeSet, &cfg.CodeSet},
	} {
		if s.flag != "" {
			*s.into = s.flag
		}
	}
	cfg.Diagnose.Act, cfg.Weigh = f.Act, f.Weigh
	return cfg
}

// serveCommand is `posmedic serve`.
type serveCommand struct {
	serveFlags
	Verbose bool `short:"v" help:"Say more."`
}

// Run is called by the command line.
func (s *serveCommand) Run(ctx context.Context, c *console) (err error) {
	a, err := app.New(s.config(), version, logger(c, s.Verbose))
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop()) }()
	say(c, lang.Text{ZH: "控制台 %s，终端接入口 %s", EN: "console %s, agents' door %s"}, a.URL(), a.Agents())
	if link := a.SetupURL(); link != "" {
		say(c, lang.Text{ZH: "第一次使用：用这个一次性链接创建管理员（24小时内有效）\n  %s", EN: "first use: make the administrator with this one-time link (valid for 24 hours)\n  %s"}, link)
	}
	return a.Wait(ctx)
}

// say prints a sentence in the reader's language.
func say(c *console, text lang.Text, args ...any) {
	_, _ = fmt.Fprintf(c.Out, text.In(c.Lang)+"\n", args...) // nothing can be done about a terminal that is gone
}

func logger(c *console, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
}

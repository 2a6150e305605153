package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/web"
)

// benchCommand is `posmedic bench`: measures to size hardware with. Each exits with 0 when it measured.
type benchCommand struct {
	Start    benchStartCommand    `cmd:"" help:"Start to first page, and idle memory."`
	Ingest   benchIngestCommand   `cmd:"" help:"Durable status reports, end to end through the agents' door."`
	Planner  benchPlannerCommand  `cmd:"" help:"Cost of the planned repair against the best possible one, and time to plan a step."`
	Networks benchNetworksCommand `cmd:"" help:"Exact inference: errors against known posteriors, and time for all posteriors."`
	Localise benchLocaliseCommand `cmd:"" help:"What mass failures have in common: share of causes named exactly, and time."`
	Learning benchLearningCommand `cmd:"" help:"What is learned from simulated cases, against a reader that knows the world they are drawn from."`
	Silence  benchSilenceCommand  `cmd:"" help:"Terminals that fall silent: time and sales until it is noticed, at a budget of false alarms."`
}

// benchStartCommand is `posmedic bench start`.
type benchStartCommand struct {
	Runs int  `default:"5" placeholder:"N" help:"How often to start; the medians count."`
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchStartCommand) Run(ctx context.Context, c *console) error {
	const most = 1000
	if b.Runs < 1 || b.Runs > most {
		return benchUsage("--runs", 1, most)
	}
	if !web.Built() {
		return problem.New(problem.Invalid, "bench.no_pages", lang.Text{ZH: "程序里没有界面，量不了第一个页面", EN: "this binary has no pages, so the first one cannot be measured"}).
			WithHint(lang.Text{ZH: "运行 make build 后再试", EN: "Run make build and try again"})
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	done := ticking(c.Err, lang.Text{ZH: fmt.Sprintf("正在启动%d次", b.Runs), EN: fmt.Sprintf("starting %d times", b.Runs)}.In(c.Lang))
	result, err := bench.Start(ctx, bench.StartConfig{Binary: self, Runs: b.Runs})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.StartResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	return figures(c, []figure{
		{fmt.Sprintf("%.0f ms", result.FirstPageMS), lang.Text{ZH: "从启动到第一个页面", EN: "from start to first page"}},
		{fmt.Sprintf("%.1f MB", result.IdleRSSMB), lang.Text{ZH: "空闲时的常驻内存", EN: "resident memory when idle"}},
		{fmt.Sprintf("%.1f MB", result.BinaryMB), lang.Text{ZH: "程序大小", EN: "size of the binary"}},
	})
}

// benchIngestCommand is `posmedic bench ingest`.
type benchIngestCommand struct {
	Store     string `placeholder:"DSN" help:"PostgreSQL database to fill, empty if the figures are to mean anything; SQLite in a fresh folder by default."`
	Terminals int    `default:"1000" placeholder:"N" help:"Devices that send at the same time."`
	Seconds   int    `default:"10" placeholder:"N" help:"How long they send."`
	Door      string `default:"agent" enum:"agent" help:"The door they send through: agent."`
	JSON      bool   `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchIngestCommand) Run(ctx context.Context, c *console) error {
	const mostTerminals, mostSeconds = 20_000, 3600
	switch {
	case b.Terminals < 1 || b.Terminals > mostTerminals:
		return benchUsage("--terminals", 1, mostTerminals)
	case b.Seconds < 1 || b.Seconds > mostSeconds:
		return benchUsage("--seconds", 1, mostSeconds)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	done := func() {}
	result, err := bench.Ingest(ctx, bench.IngestConfig{
		Binary: self, Store: b.Store, Terminals: b.Terminals, For: time.Duration(b.Seconds) * time.Second,
		Stage: func(name string) {
			done()
			done = ticking(c.Err, ingestStage(name).In(c.Lang))
		},
	})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.IngestResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	return b.table(c, result)
}

func ingestStage(name string) lang.Text {
	switch name {
	case "furnish":
		return lang.Text{ZH: "正在登记终端", EN: "registering terminals"}
	case "enrol":
		return lang.Text{ZH: "设备正在接入", EN: "enrolling devices"}
	case "load":
		return lang.Text{ZH: "正在发送报告", EN: "sending reports"}
	default:
		return lang.Text{ZH: "正在核对", EN: "checking what is stored"}
	}
}

func (b *benchIngestCommand) table(c *console, r bench.IngestResult) error {
	rows := []figure{
		{fmt.Sprint(r.Reports), lang.Text{ZH: "条已确认并已在库中核对的报告", EN: "reports acknowledged, and found in the database"}},
		{fmt.Sprintf("%.0f /s", r.ReportsPerSecond), lang.Text{ZH: "每秒报告数", EN: "reports per second"}},
		{fmt.Sprintf("%.0f µs", r.CPUMicrosPerReport), lang.Text{ZH: "服务器处理每条报告的CPU时间", EN: "processor time of the server per report"}},
		{fmt.Sprintf("%.1f ms", r.AckMSP50), lang.Text{ZH: "确认用时，中位数", EN: "to the acknowledgement, median"}},
		{fmt.Sprintf("%.1f ms", r.AckMSP99), lang.Text{ZH: "确认用时，99%以内", EN: "to the acknowledgement, 99 of 100"}},
		{fmt.Sprintf("%.0f B", r.BytesPerReportStored), lang.Text{ZH: "每条报告占用的存储", EN: "stored per report"}},
		{fmt.Sprintf("%.1f MB", r.RSSMB), lang.Text{ZH: "服务器的常驻内存", EN: "resident memory of the server"}},
	}
	if r.HeldBack > 0 {
		rows = append(rows, figure{fmt.Sprint(r.HeldBack), lang.Text{
			ZH: "次被限流：测到的是限流而不是机器，请增加 --terminals", EN: "times held back: this measured the door's limits, not the machine; take more --terminals",
		}})
	}
	return figures(c, rows)
}

func benchUsage(flag string, least, most int) error {
	return problem.New(problem.Invalid, "bench.usage", lang.Text{
		ZH: fmt.Sprintf("%s 要在%d到%d之间", flag, least, most), EN: fmt.Sprintf("%s is from %d to %d", flag, least, most),
	})
}

// unmeasured words why there are no figures. A problem speaks for itself; anything else is told as it is, for the reader is
// whoever runs this machine.
func unmeasured(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	if p := new(problem.Error); errors.As(err, &p) {
		return err
	}
	return problem.New(problem.Unavailable, "bench.failed", lang.Text{ZH: "测量没有完成：" + err.Error(), EN: "it could not be measured: " + err.Error()}).Because(err)
}

// figure is one line of a short table.
type figure struct {
	value string
	what  lang.Text
}

func figures(c *console, rows []figure) error {
	m := bench.ThisMachine(version)
	out := fmt.Sprintf("%s, %s, GOMAXPROCS %d, %.12s\n", m.CPU, m.Go, m.GOMAXPROCS, m.Commit)
	for _, row := range rows {
		out += fmt.Sprintf("%12s  %s\n", row.value, row.what.In(c.Lang))
	}
	_, err := io.WriteString(c.Out, out)
	return err
}

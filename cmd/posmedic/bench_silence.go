package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/silence"
)

// benchSilenceCommand is `posmedic bench silence`.
type benchSilenceCommand struct {
	Seed    uint64 `default:"1" placeholder:"N" help:"Of the simulated fleet; the same seed gives the same figures."`
	Unknown bool   `name:"unknown-classes" help:"Keep the shops' lines of business from the detector, which then learns them."`
	JSON    bool   `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchSilenceCommand) Run(ctx context.Context, c *console) error {
	done := ticking(c.Err, lang.Text{ZH: "正在模拟12周的交易", EN: "simulating twelve weeks of sales"}.In(c.Lang))
	result, err := bench.Silence(ctx, bench.SilenceConfig{Seed: b.Seed, Unknown: b.Unknown, Policy: silence.DefaultPolicy()})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.SilenceResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	return figures(c, []figure{
		{fmt.Sprintf("%.1f h", result.MedianDelay), lang.Text{ZH: "从停止到报警，中位数", EN: "from the stop to the alarm, median"}},
		{fmt.Sprintf("%.1f", result.MeanLost), lang.Text{ZH: "笔交易在报警前损失，平均", EN: "sales lost until the alarm, mean"}},
		{fmt.Sprintf("%.3f", result.FalseAlarms), lang.Text{ZH: "次误报，每台终端每30天", EN: "false alarms per terminal and 30 days"}},
		{fmt.Sprintf("%.1f %%", 100*result.Missed), lang.Text{ZH: "一周内没有发现", EN: "not noticed within a week"}},
		{fmt.Sprintf("%.1f h", result.MeanDelay), lang.Text{ZH: "从停止到报警，平均，未发现的按一周计", EN: "from the stop to the alarm, mean; one not noticed counts as a week"}},
		{fmt.Sprintf("%.0f %%", 100*result.WithinADay), lang.Text{ZH: "在24小时内发现", EN: "noticed within 24 hours"}},
		{fmt.Sprintf("%d B", result.BytesOfState), lang.Text{ZH: "每台终端所学内容的大小", EN: "kept of each terminal"}},
	})
}

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// benchLearningCommand is `posmedic bench learning`.
type benchLearningCommand struct {
	Seed  uint64  `default:"1" placeholder:"N" help:"Of everything that is drawn; the same seed gives the same figures."`
	Cases int     `default:"2000" placeholder:"N" help:"Closed cases to learn from."`
	Tests int     `default:"2000" placeholder:"N" help:"Further cases to measure on."`
	Noise float64 `default:"1" placeholder:"X" help:"How far the authors' numbers are off; 1: as far as they say that they may be."`
	JSON  bool    `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchLearningCommand) Run(ctx context.Context, c *console) error {
	const least, most = 10, 100_000
	switch {
	case b.Cases < least || b.Cases > most:
		return benchUsage("--cases", least, most)
	case b.Tests < least || b.Tests > most:
		return benchUsage("--tests", least, most)
	case !(b.Noise >= 0 && b.Noise <= 5):
		return benchUsage("--noise", 0, 5)
	}
	p, err := pack.Load(packs.Core())
	if err != nil {
		return err
	}
	done := func() {}
	result, err := bench.Learning(ctx, p, diagnose.Policy{}, bench.LearningConfig{
		Seed: b.Seed, Cases: b.Cases, Tests: b.Tests, Noise: b.Noise,
		Stage: func(name string) {
			done()
			done = ticking(c.Err, learningStage(name).In(c.Lang))
		},
	})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.LearningResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	return b.table(c, result)
}

func learningStage(name string) lang.Text {
	switch name {
	case "simulate":
		return lang.Text{ZH: "正在模拟案例", EN: "simulating cases"}
	case "learn":
		return lang.Text{ZH: "正在学习", EN: "learning"}
	default:
		return lang.Text{ZH: "正在测量", EN: "measuring"}
	}
}

func (b *benchLearningCommand) table(c *console, r bench.LearningResult) error {
	share := func(x bench.ReaderResult) string { return fmt.Sprintf("%.1f/%.1f %%", 100*x.Share1, 100*x.Share3) }
	calibration := func(x bench.ReaderResult) string { return fmt.Sprintf("%.4f ×%.1f", x.ECE.Value, x.Ratio) }
	loss := func(x bench.ReaderResult) string { return fmt.Sprintf("%.3f/%.3f", x.LogLoss, x.Brier) }
	return figures(c, []figure{
		{fmt.Sprintf("%d, %d", r.Seed, r.Proven), lang.Text{ZH: "随机种子；可供学习的已验证案例数", EN: "seed; proven cases to learn from"}},
		{fmt.Sprintf("%.1f/%.1f %%", 100*r.Optimal.Top1, 100*r.Optimal.Top3), lang.Text{ZH: "贝叶斯最优读者的首位／前三命中", EN: "first / first three, by the Bayes-optimal reader"}},
		{share(r.EngineTrue), lang.Text{ZH: "达到最优的比例：本产品引擎，数值为真", EN: "of that: the product's engine with the true numbers"}},
		{share(r.EngineListed), lang.Text{ZH: "　同上，但人会说出看到的一切", EN: "of that: the same, where people list all that they see"}},
		{share(r.EngineRead), lang.Text{ZH: "　同上，所有现象都由机器读取", EN: "of that: the same, with all findings read by machines"}},
		{share(r.PlainBefore), lang.Text{ZH: "　朴素贝叶斯，数值被扰动", EN: "of that: plain Bayes with disturbed numbers"}},
		{share(r.PlainAfter), lang.Text{ZH: "　朴素贝叶斯，学习之后", EN: "of that: plain Bayes after learning"}},
		{share(r.EngineBefore), lang.Text{ZH: "　本产品引擎，数值被扰动", EN: "of that: the product's engine with disturbed numbers"}},
		{share(r.EngineAfter), lang.Text{ZH: "　本产品引擎，学习之后", EN: "of that: the product's engine after learning"}},
		{calibration(r.Optimal), lang.Text{ZH: "校准误差及其与纯随机下限之比：最优读者", EN: "calibration error, and over what chance alone shows: the optimal reader"}},
		{calibration(r.PlainAfter), lang.Text{ZH: "　朴素贝叶斯，学习之后", EN: "the same: plain Bayes after learning"}},
		{calibration(r.EngineAfter), lang.Text{ZH: "　本产品引擎，学习之后", EN: "the same: the product's engine after learning"}},
		{loss(r.Optimal), lang.Text{ZH: "对数损失／Brier：最优读者", EN: "log loss / Brier: the optimal reader"}},
		{loss(r.PlainAfter), lang.Text{ZH: "　朴素贝叶斯，学习之后", EN: "the same: plain Bayes after learning"}},
		{loss(r.EngineAfter), lang.Text{ZH: "　本产品引擎，学习之后", EN: "the same: the product's engine after learning"}},
		{fmt.Sprintf("%.1f s", r.LearnSeconds), lang.Text{ZH: "学习用时", EN: "to learn"}},
	})
}

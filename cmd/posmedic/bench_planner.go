package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/posmedic/posmedic/internal/bayes"
	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// benchPlannerCommand is `posmedic bench planner`.
type benchPlannerCommand struct {
	Instances string `required:"" placeholder:"FILE" help:"Troubleshooting problems, a JSON list."`
	JSON      bool   `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchPlannerCommand) Run(ctx context.Context, c *console) error {
	instances, err := b.read()
	if err != nil {
		return err
	}
	done := func() {}
	show := func(n int) {
		done()
		done = ticking(c.Err, lang.Text{
			ZH: fmt.Sprintf("正在规划，已完成%d/%d", n, len(instances)), EN: fmt.Sprintf("planning, %d of %d done", n, len(instances)),
		}.In(c.Lang))
	}
	show(0)
	result, err := bench.Planner(ctx, bench.PlannerConfig{Instances: instances, Limits: bayes.DefaultLimits(), Progress: show})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.PlannerResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	return b.table(c, result)
}

// read gives the instances. Its error is one line: file, line, what is wrong.
func (b *benchPlannerCommand) read() ([]bench.Instance, error) {
	f, err := os.Open(b.Instances)
	if err != nil {
		return nil, unusableFile(b.Instances, "打不开", "cannot be opened", err)
	}
	defer f.Close()
	instances, err := bench.ReadInstances(f)
	if p := new(problem.Error); errors.As(err, &p) {
		return nil, unusableFile(b.Instances, p.Text.ZH, p.Text.EN, err)
	}
	return instances, err
}

func (b *benchPlannerCommand) table(c *console, r bench.PlannerResult) error {
	rows := []figure{
		{fmt.Sprint(r.N), lang.Text{ZH: "个问题", EN: "problems"}},
	}
	if r.Unmatched+r.Uncosted < r.N {
		rows = append(rows,
			figure{percent(r.MeanGap), lang.Text{ZH: "比最优多花的费用，平均", EN: "dearer than the best strategy, on average"}},
			figure{percent(r.MaxGap), lang.Text{ZH: "比最优多花的费用，最多", EN: "dearer than the best strategy, at most"}},
			figure{fmt.Sprintf("%.1f %%", 100*r.OptimalShare), lang.Text{ZH: "的问题达到最优", EN: "of the problems solved as well as possible"}},
		)
	}
	rows = append(rows,
		figure{fmt.Sprintf("%.2f ms", r.MSPerStepP99), lang.Text{ZH: "规划一步的用时，99%以内", EN: "to plan a step, 99 of 100"}},
		figure{fmt.Sprint(r.Steps), lang.Text{ZH: "个计时的步骤", EN: "steps timed"}},
	)
	if r.Unmatched > 0 {
		rows = append(rows, figure{fmt.Sprint(r.Unmatched), lang.Text{ZH: "个问题的最优值未知", EN: "problems whose optimum is not known"}})
	}
	if r.Uncosted > 0 {
		rows = append(rows, figure{fmt.Sprint(r.Uncosted), lang.Text{ZH: "个问题分支太多，只计时", EN: "problems with too many branches, only timed"}})
	}
	return figures(c, rows)
}

// percent words a share; rounding errors below zero are none.
func percent(share float64) string { return fmt.Sprintf("%.3f %%", math.Round(share*1e5)/1e3+0) }

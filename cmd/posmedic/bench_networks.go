package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// benchNetworksCommand is `posmedic bench networks`.
type benchNetworksCommand struct {
	Networks  string `required:"" placeholder:"DIR" help:"Folder of Bayesian networks: *.bif, *.uai."`
	Reference string `placeholder:"DIR" help:"Folder of known posteriors: NETWORK.json. Networks without one are only timed."`
	Filter    string `placeholder:"NAME" help:"Only these networks: a name or a glob such as 'win*'."`
	JSON      bool   `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchNetworksCommand) Run(ctx context.Context, c *console) error {
	done := func() {}
	result, err := bench.Networks(ctx, bench.NetworksConfig{
		Networks: b.Networks, Reference: b.Reference, Filter: b.Filter,
		Progress: func(name string) {
			done()
			done = ticking(c.Err, lang.Text{ZH: "正在推理 " + name, EN: "asking " + name}.In(c.Lang))
		},
	})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.NetworksResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	return figures(c, networkFigures(result))
}

// networkFigures has one line a network, led by what a person waits for.
func networkFigures(result bench.NetworksResult) []figure {
	var rows []figure
	for _, n := range result.Networks {
		zh := fmt.Sprintf("%s：全部后验（%d个变量，%d组证据的中位数，最快%.4f ms）", n.Name, n.Nodes, n.Sets, n.MSMin)
		en := fmt.Sprintf("%s: all posteriors (%d variables, median of %d sets of evidence, fastest %.4f ms)", n.Name, n.Nodes, n.Sets, n.MSMin)
		if n.Allocs > 0 {
			zh += fmt.Sprintf("，每次分配内存%.1f次", n.Allocs)
			en += fmt.Sprintf(", %.1f allocations a query", n.Allocs)
		}
		rows = append(rows, figure{fmt.Sprintf("%.4f ms", n.MSMedian), lang.Text{ZH: zh, EN: en}})
		if n.MaxAbsError == nil {
			rows = append(rows, figure{"-", lang.Text{ZH: "没有已知结果可比，只测了速度", EN: "no known results to compare with, only timed"}})
			continue
		}
		rows = append(rows,
			figure{fmt.Sprintf("%.1e", *n.MaxAbsError), lang.Text{ZH: "与已知后验的最大差", EN: "largest difference from the known posteriors"}},
			figure{fmt.Sprintf("%.1e", *n.MaxRelPEvidence), lang.Text{ZH: "证据概率的最大相对误差", EN: "largest error of the evidence's probability, relative to it"}})
	}
	return rows
}

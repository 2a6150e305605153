package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// benchLocaliseCommand is `posmedic bench localise`.
type benchLocaliseCommand struct {
	Dir  string `required:"" placeholder:"DIR" help:"Folders with injection_info.csv and, for each of its cases, the leaves: real,predict,attributes…"`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (b *benchLocaliseCommand) Run(ctx context.Context, c *console) error {
	done := ticking(c.Err, lang.Text{ZH: "正在定位共同原因", EN: "localising mass failures"}.In(c.Lang))
	result, err := bench.Localise(ctx, bench.LocaliseConfig{Dir: b.Dir})
	done()
	if err != nil {
		return unmeasured(ctx, err)
	}
	if b.JSON {
		return json.NewEncoder(c.Out).Encode(struct {
			bench.LocaliseResult
			bench.Machine
		}{result, bench.ThisMachine(version)})
	}
	rows := []figure{
		{fmt.Sprint(result.Cases), lang.Text{ZH: "次大面积故障", EN: "mass failures"}},
		{fmt.Sprintf("%.3f", result.F1), lang.Text{ZH: "F1：共同原因点得准", EN: "F1 of the combinations named"}},
		{fmt.Sprintf("%.3f", result.Precision), lang.Text{ZH: "点出的原因里是对的", EN: "of those named are right"}},
		{fmt.Sprintf("%.3f", result.Recall), lang.Text{ZH: "真正的原因里被点出", EN: "of the true ones are named"}},
		{fmt.Sprintf("%.1f ms", 1000*result.SecondsPerCase), lang.Text{ZH: "每次用时，含读取数据", EN: "a case, with reading its leaves"}},
	}
	for _, name := range slices.Sorted(maps.Keys(result.BySetting)) {
		s := result.BySetting[name]
		what := fmt.Sprintf("%s (%d, %.1f ms)", name, s.Cases, 1000*s.SecondsPerCase)
		rows = append(rows, figure{fmt.Sprintf("%.3f", s.F1), lang.Text{ZH: what, EN: what}})
	}
	return figures(c, rows)
}

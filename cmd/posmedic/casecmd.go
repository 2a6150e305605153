package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/posmedic/posmedic/internal/bench"
	"github.com/posmedic/posmedic/internal/casebook"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// caseCommand is `posmedic case`.
type caseCommand struct {
	Eval    caseEvalCommand    `cmd:"" help:"Measure the diagnosis on a file of coded cases."`
	Replay  caseReplayCommand  `cmd:"" help:"Make the diagnoses of a case again and say what differs. Needs no server."`
	Explain caseExplainCommand `cmd:"" help:"Explain the diagnosis of a case to a merchant, an agent or a technician. Needs no server."`
}

// caseEvalCommand is `posmedic case eval`. It exits with 0 when it measured, and 2 on wrong usage or unreadable input.
type caseEvalCommand struct {
	File     string `arg:"" help:"Coded cases, one JSON object a line (- is standard input)."`
	Evidence string `default:"full" enum:"full,merchant,first,interactive" help:"What the diagnosis is told: full, merchant, first or interactive."`
	Pack     string `placeholder:"DIR" help:"Knowledge pack to use instead of the built-in one."`
	JSON     bool   `name:"json" help:"Print one JSON object."`
}

// evaluation is the object that --json prints.
type evaluation struct {
	casebook.Result
	bench.Machine
}

// Run is called by the command line.
func (e *caseEvalCommand) Run(ctx context.Context, c *console) error {
	cases, err := e.read(c.In)
	if err != nil {
		return err
	}
	knowledge, err := openPack(e.Pack)
	if err != nil {
		return err
	}
	engine := diagnose.New(knowledge, diagnose.Policy{})
	done := ticking(c.Err, lang.Text{ZH: fmt.Sprintf("正在评估%d个案例", len(cases)), EN: fmt.Sprintf("evaluating %d cases", len(cases))}.In(c.Lang))
	result := casebook.Evaluate(ctx, engine, cases, casebook.Mode(e.Evidence))
	done()
	if len(result.Cases) < len(cases) {
		return stopped(ctx)
	}
	if e.JSON {
		return json.NewEncoder(c.Out).Encode(evaluation{Result: result, Machine: bench.ThisMachine(version)})
	}
	return evalTable{lang: c.Lang, evidence: e.Evidence, pack: knowledge.Ref, result: result}.print(c.Out)
}

// read gives the cases. Its error is one line: file, line, what is wrong.
func (e *caseEvalCommand) read(in io.Reader) ([]casebook.Case, error) {
	if e.File != "-" {
		f, err := os.Open(e.File)
		if err != nil {
			return nil, unusableFile(e.File, "打不开", "cannot be opened", err)
		}
		defer f.Close()
		in = f
	}
	cases, err := casebook.Read(in)
	if p := new(problem.Error); errors.As(err, &p) {
		return nil, unusableFile(e.File, p.Text.ZH, p.Text.EN, err)
	}
	return cases, err
}

func unusableFile(file, zh, en string, cause error) error {
	return problem.New(problem.Invalid, "file.unusable", lang.Text{ZH: file + "：" + zh, EN: file + ": " + en}).Because(cause)
}

func stopped(ctx context.Context) error {
	return problem.New(problem.Unavailable, "stopped", lang.Text{ZH: "已中止", EN: "stopped before the end"}).Because(ctx.Err())
}

// openPack loads the pack in a folder, or the built-in one. Its error is one line, for commands that only use a pack.
func openPack(dir string) (*pack.Pack, error) {
	if dir == "" {
		return pack.Load(packs.Core())
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, unusableFile(dir, "不是文件夹", "is not a folder", err)
	}
	p, err := pack.Load(os.DirFS(dir))
	var mistakes pack.Problems
	if !errors.As(err, &mistakes) || len(mistakes) == 0 {
		return p, err
	}
	zh, en := "", ""
	if more := len(mistakes) - 1; more > 0 {
		zh, en = fmt.Sprintf("（还有%d处错误）", more), fmt.Sprintf(" (and %d more)", more)
	}
	first := inFolder(dir, mistakes[0])
	return nil, problem.New(problem.Invalid, "pack.mistakes", lang.Text{ZH: first + zh, EN: first + en}).Because(err)
}

// ticking shows a person how long the work takes, until the function it gives is called; where nobody watches it
// shows nothing.
func ticking(to io.Writer, what string) (done func()) {
	if !isTerminal(to) {
		return func() {}
	}
	const wipe = "\r\033[K" // beginning of the line, clear it
	stop, ended := make(chan struct{}), make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			fmt.Fprintf(to, "%s%s … %.1f s", wipe, what, time.Since(began).Seconds())
			select {
			case <-stop:
				fmt.Fprint(to, wipe)
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(stop); <-ended }
}

// evalTable prints a measurement for a person: one column a group of cases, one row a figure.
type evalTable struct {
	lang     lang.Lang
	evidence string
	pack     pack.Ref
	result   casebook.Result
}

func (t evalTable) say(zh, en string) string { return lang.Text{ZH: zh, EN: en}.In(t.lang) }

type evalColumn struct {
	name   string
	scores casebook.Scores
}

func (t evalTable) columns() []evalColumn {
	out := []evalColumn{{t.say("全部", "all"), t.result.Scores}}
	for _, kind := range slices.Sorted(maps.Keys(t.result.ByKind)) {
		out = append(out, evalColumn{printable(kind), t.result.ByKind[kind]})
	}
	return append(out, evalColumn{t.say("未见过的原因", "unseen causes"), t.result.Unseen})
}

func (t evalTable) print(to io.Writer) error {
	share := func(of func(casebook.Scores) float64) func(casebook.Scores) string {
		return func(s casebook.Scores) string {
			if s.N == 0 {
				return "-"
			}
			return fmt.Sprintf("%.1f%%", 100*of(s))
		}
	}
	rows := []struct {
		name string
		cell func(casebook.Scores) string
	}{
		{t.say("案例数", "cases"), func(s casebook.Scores) string { return fmt.Sprint(s.N) }},
		{t.say("真正原因排第一", "true cause ranked first"), share(func(s casebook.Scores) float64 { return s.CauseTop1 })},
		{t.say("真正原因在前三", "true cause among the first three"), share(func(s casebook.Scores) float64 { return s.CauseTop3 })},
		{t.say("类别正确", "category right"), share(func(s casebook.Scores) float64 { return s.CategoryTop1 })},
		{t.say("负责方正确", "right party to repair it"), share(func(s casebook.Scores) float64 { return s.WhoFixes })},
		{t.say("有害建议", "harmful advice"), share(func(s casebook.Scores) float64 { return s.HarmfulAdvice })},
	}
	columns := t.columns()
	var b strings.Builder
	fmt.Fprintf(&b, t.say("证据：%s；知识包 %s %s (%.12s)\n", "evidence: %s; pack %s %s (%.12s)\n"), t.evidence, t.pack.ID, t.pack.Version, t.pack.Hash)
	for _, c := range columns {
		b.WriteString(right(c.name, len(c.name)))
	}
	b.WriteByte('\n')
	for _, row := range rows {
		for _, c := range columns {
			b.WriteString(right(row.cell(c.scores), len(c.name)))
		}
		b.WriteString("  " + row.name + "\n")
	}
	if t.evidence == string(casebook.Interactive) {
		fmt.Fprintf(&b, t.say("提问数中位数 %.4g，用时中位数 %.4g 分钟\n", "median of questions %.4g, of minutes %.4g\n"), t.result.QuestionsMedian, t.result.MinutesMedian)
	}
	if harmful := t.harmful(); len(harmful) > 0 {
		fmt.Fprintf(&b, t.say("建议有害的案例：%s\n", "cases with harmful advice: %s\n"), strings.Join(harmful, " "))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func (t evalTable) harmful() (ids []string) {
	for _, c := range t.result.Cases {
		if c.Harmful {
			ids = append(ids, printable(c.ID))
		}
	}
	return ids
}

// right sets a cell against the right edge of a column. Chinese characters are two columns wide; their three bytes are room
// enough, so the width of a column is the length of its name, eight at least.
func right(cell string, width int) string {
	wide := 0
	for _, r := range cell {
		wide++
		if unicode.Is(unicode.Han, r) {
			wide++
		}
	}
	return strings.Repeat(" ", max(2, 2+max(width, 8)-wide)) + cell
}

// printable keeps what a file says from steering the screen it is shown on.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	return cmp.Or(clean, "?")
}

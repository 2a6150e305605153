package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
)

// serverData says whose database a command reads. It only reads, and needs no server.
type serverData struct {
	Data  string `name:"data" aliases:"dir" help:"Data folder of the server." placeholder:"DIR" env:"POSMEDIC_DIR"`
	Store string `help:"Database of the server, if it has one of its own." placeholder:"DSN" env:"POSMEDIC_STORE"`
}

// in opens the archive, does something with it and closes it.
func (s serverData) in(ctx context.Context, do func(*app.Archive) error) (err error) {
	archive, err := app.OpenArchive(ctx, serveFlags{Dir: s.Data, Store: s.Store}.config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	return do(archive)
}

// caseReplayCommand is `posmedic case replay`. It exits with 0 when every diagnosis came out as it was, and 1 when one did not or
// there was none to make again.
type caseReplayCommand struct {
	serverData
	ID   string `arg:"" help:"Id of the case."`
	At   int64  `help:"Only this one of its diagnoses, from 1." placeholder:"N"`
	JSON bool   `name:"json" help:"Print one JSON object."`
}

// Run is called by the command line.
func (r *caseReplayCommand) Run(ctx context.Context, c *console) error {
	return r.in(ctx, func(archive *app.Archive) error {
		replay, err := archive.Replay(ctx, r.ID, r.At)
		if err != nil {
			return err
		}
		if r.JSON {
			err = json.NewEncoder(c.Out).Encode(replay)
		} else {
			err = replayPage{c.Lang}.print(c.Out, replay)
		}
		if err == nil && !replay.Faithful() {
			err = exitCode(exitError)
		}
		return err
	})
}

// replayPage prints a replay for a person, one line a diagnosis.
type replayPage struct{ lang lang.Lang }

func (p replayPage) say(zh, en string) string { return lang.Text{ZH: zh, EN: en}.In(p.lang) }

func (p replayPage) print(to io.Writer, r stage.Replay) error {
	var b strings.Builder
	fmt.Fprintf(&b, p.say("案例 %s，终端 %s；推理程序修订 %d\n", "case %s, terminal %s; engine revision %d\n"), r.Case, r.Terminal, r.Engine)
	for _, s := range r.Steps {
		p.step(&b, s)
	}
	switch {
	case r.Made == 0:
		b.WriteString(p.say("这个案例还没有诊断过。\n", "This case has not been diagnosed yet.\n"))
	case r.Missing > 0:
		fmt.Fprintf(&b, p.say("%d次诊断中有%d次没有保存当时的依据（旧版本程序所做，或次数过多），不能重放。\n",
			"Of %d diagnoses, %d were not kept (made by an older program, or too many) and cannot be made again.\n"), r.Made, r.Missing)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

func (p replayPage) step(b *strings.Builder, s stage.Replayed) {
	fmt.Fprintf(b, "%3d  %s  %s  ", s.Seq, s.At.Format("2006-01-02 15:04:05Z"), p.sameness(s.Same))
	if s.Leading != nil {
		fmt.Fprintf(b, "%s %.1f%%", s.Leading.Name.In(p.lang), 100*s.Leading.P)
	} else {
		b.WriteString(s.Verdict)
	}
	fmt.Fprintf(b, p.say("；下一步 %s；知识 %s %s (%.12s)，推理 %d\n", "; next %s; pack %s %s (%.12s), engine %d\n"),
		s.Next, s.Pack.ID, s.Pack.Version, s.Pack.Hash, s.Engine)
	if s.Why != nil {
		fmt.Fprintf(b, "     %s\n", s.Why.In(p.lang))
	}
	for _, d := range s.Differences {
		fmt.Fprintf(b, "     %s: %s → %s\n", printable(d.Path), short(d.Then), short(d.Now))
	}
}

func (p replayPage) sameness(s stage.Sameness) string {
	return map[stage.Sameness]lang.Text{
		stage.Same: {ZH: "相同", EN: "same"}, stage.Rounded: {ZH: "相同（舍入）", EN: "same but for rounding"},
		stage.Differs: {ZH: "不同", EN: "differs"}, stage.Impossible: {ZH: "不能重放", EN: "cannot be made again"},
	}[s].In(p.lang)
}

// short gives a value on one line, and not all of a long one.
func short(v any) string {
	const most = 80
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	if r := []rune(string(raw)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(raw)
}

// caseExplainCommand is `posmedic case explain`.
type caseExplainCommand struct {
	serverData
	ID   string          `arg:"" help:"Id of the case."`
	For  diagnose.Reader `default:"agent" enum:"merchant,agent,technician" help:"Who reads it: merchant, agent or technician."`
	At   int64           `help:"This one of its diagnoses, from 1 (default: the newest)." placeholder:"N"`
	Lang lang.Lang       `default:"" enum:",zh,en" help:"zh or en (default: that of the environment)."`
	JSON bool            `name:"json" help:"Print one JSON object, for all readers."`
}

// Run is called by the command line.
func (e *caseExplainCommand) Run(ctx context.Context, c *console) error {
	if e.Lang != "" {
		c.Lang = e.Lang
	}
	return e.in(ctx, func(archive *app.Archive) error {
		x, err := archive.Explain(ctx, e.ID, e.At)
		if err != nil {
			return err
		}
		if e.JSON {
			return json.NewEncoder(c.Out).Encode(x)
		}
		if x.Same == stage.Differs {
			fmt.Fprintln(c.Err, lang.Text{
				ZH: fmt.Sprintf("当时由推理修订 %d 得出的答案与现在不同（case replay 可看差别）；下面解释的是现在的答案", x.Engine),
				EN: fmt.Sprintf("engine revision %d gave another answer then (case replay shows the difference); this explains the answer of now", x.Engine),
			}.In(c.Lang))
		}
		_, err = io.WriteString(c.Out, x.Explanation.Text(e.For, c.Lang))
		return err
	})
}

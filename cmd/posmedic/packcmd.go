package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// packCommand is `posmedic pack`: what the authors of knowledge packs need.
type packCommand struct {
	Check   packCheckCommand   `cmd:"" help:"Check a pack: every mistake a line, then what is allowed but odd."`
	Explain packExplainCommand `cmd:"" help:"Explain a fault: how it shows, who repairs it, what must not be done."`
	Compile packCompileCommand `cmd:"" help:"Write the compiled form of a pack."`
}

// packCheckCommand is `posmedic pack check`. It exits with 1 when there are mistakes.
type packCheckCommand struct {
	Dir string `arg:"" help:"Folder of the pack."`
}

// Run is called by the command line.
func (p *packCheckCommand) Run(c *console) error {
	knowledge, err := loadFolder(p.Dir, c.Out, c.Lang)
	if err != nil {
		return err
	}
	warnings := pack.Lint(knowledge)
	for _, w := range warnings {
		fmt.Fprintf(c.Out, lang.Text{ZH: "提醒 %s：%s\n", EN: "warning %s: %s\n"}.In(c.Lang), w.Kind, w.Text.In(c.Lang))
	}
	_, err = fmt.Fprintf(c.Out, lang.Text{
		ZH: "没有错误，%d条提醒：%s %s，%d个故障，%d个变量，%d个步骤，哈希 %s\n",
		EN: "no mistakes, %d warnings: %s %s, %d faults, %d variables, %d steps, hash %s\n",
	}.In(c.Lang), len(warnings), knowledge.Ref.ID, knowledge.Ref.Version, len(knowledge.Faults), len(knowledge.Variables),
		len(knowledge.Steps), knowledge.Ref.Hash)
	return err
}

// loadFolder loads the pack in a folder. It writes each mistake as a line that editors can jump from, and then ends the
// command with exit code 1.
func loadFolder(dir string, to io.Writer, l lang.Lang) (*pack.Pack, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, unusableFile(dir, "不是文件夹", "is not a folder", err)
	}
	knowledge, err := pack.Load(os.DirFS(dir))
	var mistakes pack.Problems
	if !errors.As(err, &mistakes) {
		return knowledge, err
	}
	for _, m := range mistakes {
		fmt.Fprintln(to, inFolder(dir, m))
	}
	fmt.Fprintf(to, lang.Text{ZH: "%d处错误\n", EN: "%d mistakes\n"}.In(l), len(mistakes))
	return nil, exitCode(exitError)
}

// inFolder words a mistake with the path as the caller sees it.
func inFolder(dir string, m pack.Problem) string {
	m.File = filepath.Join(dir, filepath.FromSlash(m.File))
	return printable(m.String())
}

// packExplainCommand is `posmedic pack explain`.
type packExplainCommand struct {
	Fault string `arg:"" help:"The fault's id."`
	Lang  string `placeholder:"zh|en" help:"Language of the text; by default that of the locale."`
	Pack  string `placeholder:"DIR" help:"Knowledge pack to use instead of the built-in one."`
}

// Run is called by the command line.
func (p *packExplainCommand) Run(c *console) error {
	switch l := lang.Lang(p.Lang); l {
	case "":
	case lang.ZH, lang.EN:
		c.Lang = l
	default:
		return problem.New(problem.Invalid, "pack.usage", lang.Text{ZH: "--lang 只能是 zh 或 en", EN: "--lang is zh or en"})
	}
	knowledge, err := openPack(p.Pack)
	if err != nil {
		return err
	}
	text := pack.Explain(knowledge, p.Fault, c.Lang)
	if text == "" {
		return unknownFault(knowledge, p.Fault)
	}
	_, err = io.WriteString(c.Out, text)
	return err
}

func unknownFault(knowledge *pack.Pack, id string) error {
	shown := printable(id)
	err := problem.New(problem.Invalid, "pack.unknown_fault", lang.Text{
		ZH: "知识包里没有故障 " + shown, EN: "the pack knows no fault " + shown,
	})
	near := similar(knowledge, id)
	if len(near) == 0 {
		return err
	}
	list := strings.Join(near, ", ")
	return err.WithHint(lang.Text{ZH: "相近的有：" + list, EN: "Near it are: " + list})
}

// similar are up to five faults whose ids share a word with what was asked for, those with most words first.
func similar(knowledge *pack.Pack, id string) []string {
	asked := partsOf(id)
	byShared := map[int][]string{}
	for _, f := range knowledge.Faults {
		shared := 0
		for _, w := range partsOf(f.ID) {
			if slices.ContainsFunc(asked, func(a string) bool { return len(a) > 1 && strings.HasPrefix(w, a) }) {
				shared++
			}
		}
		if shared > 0 {
			byShared[shared] = append(byShared[shared], f.ID)
		}
	}
	var out []string
	for n := len(asked); n > 0; n-- {
		out = append(out, byShared[n]...)
	}
	return out[:min(5, len(out))]
}

func partsOf(id string) []string {
	return strings.FieldsFunc(strings.ToLower(id), func(r rune) bool { return r == '_' || r == '-' || r == ' ' || r == '.' })
}

// packCompileCommand is `posmedic pack compile`. It exits with 1 when there are mistakes.
type packCompileCommand struct {
	Dir    string `arg:"" help:"Folder of the pack."`
	Output string `short:"o" required:"" placeholder:"FILE" help:"File to write."`
}

// Run is called by the command line.
func (p *packCompileCommand) Run(c *console) error {
	knowledge, err := loadFolder(p.Dir, c.Err, c.Lang)
	if err != nil {
		return err
	}
	compiled, err := pack.Encode(knowledge)
	if err != nil {
		return err
	}
	if err := replace(p.Output, compiled); err != nil {
		return unusableFile(p.Output, "写不进去", "cannot be written", err)
	}
	_, err = fmt.Fprintf(c.Out, "%s %s %s\n", knowledge.Ref.ID, knowledge.Ref.Version, knowledge.Ref.Hash)
	return err
}

// replace writes a file whole or not at all.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

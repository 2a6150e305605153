package checkup

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// maxQuestions ends a conversation that leads nowhere.
const maxQuestions = 40

// session is one check-up.
type session struct {
	cfg      Config
	at       time.Time
	findings []finding.Finding
	moves    []move // what the person answered, so that it can be taken back
	machine  *probe.Report
	proof    *Proof
	answers  <-chan string
}

// move is one answer: a finding, "don't know", or a step that was taken.
type move struct {
	variable string
	finding  *finding.Finding
	attempt  *diagnose.Attempt
}

// probe runs the probes, shows progress and keeps the proof.
func (s *session) probe(ctx context.Context) {
	s.proof = readProof(s.cfg.StateDir, s.cfg.Machine.Target)
	report := probe.Run(ctx, *s.cfg.Machine, probe.Standard(), s.progress)
	s.machine = &report
	s.at = report.At.Add(report.Offset)
	s.findings = append(s.findings, report.Findings...)
	if p := newProof(report, s.cfg.Machine.Target); p != nil {
		s.proof = p
		if err := writeProof(s.cfg.StateDir, *p); err != nil {
			s.say(lang.Text{ZH: "无法保存本次的收款证明，不影响结果。", EN: "The proof could not be kept for next time; the result is not affected."})
		}
	}
}

func (s *session) progress(e probe.Event) {
	switch {
	case e.State == "" && s.cfg.Live:
		fmt.Fprintf(s.cfg.Progress, "\r\033[K… %s", e.Name.In(s.cfg.Lang))
	case e.State == "":
	default:
		clear := ""
		if s.cfg.Live {
			clear = "\r\033[K"
		}
		fmt.Fprintf(s.cfg.Progress, "%s%s %s%s%s\n", clear, mark(e.State), e.Name.In(s.cfg.Lang), colon(s.cfg.Lang), e.Text.In(s.cfg.Lang))
	}
}

func (s *session) say(t lang.Text) { fmt.Fprintln(s.cfg.Progress, t.In(s.cfg.Lang)) }

// input is what the engine is asked with.
func (s *session) input() diagnose.Input {
	in := diagnose.Input{Now: s.at, Findings: append([]finding.Finding(nil), s.findings...), Audience: diagnose.Audience{Merchant: true}}
	for _, m := range s.moves {
		switch {
		case m.finding != nil:
			in.Findings = append(in.Findings, *m.finding)
		case m.attempt != nil:
			in.Tried = append(in.Tried, *m.attempt)
		default:
			in.Unknown = append(in.Unknown, m.variable)
		}
	}
	return in
}

func (s *session) diagnose() diagnose.Diagnosis { return s.cfg.Engine.Diagnose(s.input()) }

// converse asks until a fault is clear, somebody else must take over, or the person has had enough.
func (s *session) converse(ctx context.Context) {
	if !s.cfg.Ask {
		return
	}
	defer fmt.Fprintln(s.cfg.Progress)
	for range maxQuestions {
		d := s.diagnose()
		if d.Verdict != diagnose.Open || d.Next == nil || s.content() {
			return
		}
		goOn := false
		switch d.Next.Kind {
		case diagnose.Ask:
			goOn = s.ask(ctx, *d.Next)
		case diagnose.Do:
			goOn = s.offer(ctx, *d.Next)
		case diagnose.Probe, diagnose.Handover:
		}
		if !goOn {
			return
		}
	}
}

// content reports that nothing is left to ask: the person says that all is well and the probes agree.
func (s *session) content() bool {
	return finding.Collect(s.input().Findings...).Is("main_symptom", "works_normally") && s.ladder() == probe.OK
}

// ask puts a question; false ends the conversation.
func (s *session) ask(ctx context.Context, next diagnose.Next) bool {
	fmt.Fprintf(s.cfg.Progress, "\n%s\n", next.Text.In(s.cfg.Lang))
	for i, c := range next.Choices {
		fmt.Fprintf(s.cfg.Progress, "  %d  %s\n", i+1, c.Text.In(s.cfg.Lang))
	}
	s.say(lang.Text{ZH: "  0  不知道    （b 返回上一题，q 不再回答）", EN: "  0  don't know    (b back, q no more questions)"})
	for {
		line, more := s.read(ctx)
		if !more {
			return false
		}
		switch line {
		case "", "0", "?", "？":
			s.moves = append(s.moves, move{variable: next.ID})
			return true
		case "b":
			s.back()
			return true
		}
		if state, valid := choose(line, next.Choices); valid {
			s.moves = append(s.moves, move{variable: next.ID, finding: &finding.Finding{
				Variable: next.ID, State: state, At: s.at, Source: finding.Merchant,
			}})
			return true
		}
		s.say(lang.Text{ZH: "请输入上面的一个数字。", EN: "Please type one of the numbers above."})
	}
}

// choose reads a number, or a free value where there is nothing to choose from.
func choose(line string, choices []diagnose.Choice) (string, bool) {
	const longest = 64
	if len(choices) == 0 {
		clean, _ := carddata.Scrub(line)
		return clean, len(clean) <= longest
	}
	n, err := strconv.Atoi(line)
	if err != nil || n < 1 || n > len(choices) {
		return "", false
	}
	return choices[n-1].State, true
}

// offer shows a step that the person can take to find out more; false ends the conversation.
func (s *session) offer(ctx context.Context, next diagnose.Next) bool {
	fmt.Fprintf(s.cfg.Progress, "\n%s%s%s\n", lang.Text{ZH: "请试一下", EN: "Please try"}.In(s.cfg.Lang), colon(s.cfg.Lang), next.Text.In(s.cfg.Lang))
	for _, h := range next.First {
		fmt.Fprintf(s.cfg.Progress, "  ! %s\n", hazard(h).In(s.cfg.Lang))
	}
	for _, line := range next.Do {
		fmt.Fprintf(s.cfg.Progress, "  - %s\n", line.In(s.cfg.Lang))
	}
	s.say(lang.Text{ZH: "  1  做了，好了\n  2  做了，没用\n  0  现在做不了    （b 返回上一题，q 不再回答）",
		EN: "  1  done, it helped\n  2  done, it did not help\n  0  cannot do it now    (b back, q no more questions)"})
	for {
		line, more := s.read(ctx)
		if !more {
			return false
		}
		switch line {
		case "1", "2":
			s.moves = append(s.moves, move{variable: next.ID, attempt: &diagnose.Attempt{Step: next.ID, At: s.at, Helped: line == "1"}})
			return line == "2"
		case "b":
			s.back()
			return true
		case "", "0", "?", "？":
			return false
		}
		s.say(lang.Text{ZH: "请输入上面的一个数字。", EN: "Please type one of the numbers above."})
	}
}

func (s *session) back() {
	if len(s.moves) > 0 {
		s.moves = s.moves[:len(s.moves)-1]
	}
}

// read gives the next line; false when there are no more or the person wants no more.
func (s *session) read(ctx context.Context) (string, bool) {
	fmt.Fprint(s.cfg.Progress, "> ")
	select {
	case line, open := <-s.answers:
		line = strings.ToLower(strings.TrimSpace(line))
		return line, open && line != "q"
	case <-ctx.Done():
		return "", false
	}
}

// lines reads answers in the background, since reading a terminal cannot be interrupted.
func lines(r io.Reader) <-chan string {
	out := make(chan string)
	if r == nil {
		close(out)
		return out
	}
	go func() {
		defer close(out)
		scan := bufio.NewScanner(r)
		for scan.Scan() {
			out <- scan.Text()
		}
	}()
	return out
}

// ladder says how the way to the host is: OK only after the host accepted a sign-in.
func (s *session) ladder() probe.State {
	if s.machine == nil {
		return probe.Unknown
	}
	for _, r := range s.machine.Results {
		if r.State == probe.Failed {
			return probe.Failed
		}
	}
	if s.machine.SignIn != nil {
		return probe.OK
	}
	return probe.Unknown
}

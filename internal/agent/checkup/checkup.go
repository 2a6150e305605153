// Package checkup is `posmedic diagnose`: it runs the probes on this machine, asks the person what the probes cannot see,
// and says whether the terminal can take money, what is probably wrong, and what to do next. No server is needed.
//
// Questions and progress go to one writer, the report to the other, so that a script reads nothing but the report.
package checkup

import (
	"context"
	"io"
	"time"

	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
)

// Outcome is how a check-up ends; its number is the exit code.
type Outcome int

// The outcomes.
const (
	Healthy Outcome = 0
	Fault   Outcome = 1
	Unclear Outcome = 3
)

// Name is the outcome for programs.
func (o Outcome) Name() string {
	switch o {
	case Healthy:
		return "healthy"
	case Fault:
		return "fault"
	default:
		return "unclear"
	}
}

// Config is what a check-up works with.
type Config struct {
	Engine   *diagnose.Engine
	Lang     lang.Lang
	Machine  *probe.Env        // nil: no probes, as with a coded case
	Given    []finding.Finding // what is known before: a coded case, or what the merchant said
	Ask      bool              // a person is there to answer
	JSON     bool              // report for programs
	StateDir string            // where the last proof of payment ability is kept; empty: nowhere
	In       io.Reader         // answers
	Out      io.Writer         // the report
	Progress io.Writer         // progress and questions
	Live     bool              // Progress is a terminal: probes that are running are shown too
	Now      func() time.Time
}

// Run checks, asks and reports.
func Run(ctx context.Context, cfg Config) (Outcome, error) {
	s := &session{cfg: cfg, at: cfg.Now(), findings: cfg.Given, answers: lines(cfg.In)}
	if cfg.Machine != nil {
		s.probe(ctx)
	}
	s.converse(ctx)
	report := s.report()
	write := writeText
	if cfg.JSON {
		write = writeJSON
	}
	if err := write(cfg.Out, cfg.Lang, cfg.Engine.Pack(), report); err != nil {
		return Unclear, err
	}
	return report.outcome, nil
}

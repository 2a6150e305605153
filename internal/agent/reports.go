package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

const (
	statusTimeout = 20 * time.Second
	envelope      = 64 << 10 // of wire.MaxBatchBytes, for what is not reports
	calmest       = 24 * time.Hour
	briskest      = 10 * time.Millisecond // only tests ask for so much
)

// queueReport asks how the terminal is and queues the answer.
func (a *Agent) queueReport(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	status := a.deps.Status(ctx)
	now := a.deps.Now()
	a.drift.look(now, a.seq)
	a.seq++
	r := wire.Report{Boot: a.boot, Seq: a.seq, At: now, Lost: a.lost, Unsent: status.Unsent,
		Readings: first(dated(now, status.Readings), wire.MaxReadings),
		Findings: first(datedFindings(now, status.Findings), wire.MaxFindings),
		Host:     last(append(a.brought(), status.Host...), wire.MaxHostAnswers)}
	a.lost = 0
	if err := a.deps.Queue.Put(r); err != nil {
		a.deps.Log.Warn("a report is not durable", "seq", r.Seq, "err", err)
	}
}

// bring keeps the host's answers to a command for the next report.
func (a *Agent) bring(answers []wire.HostAnswer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers = last(append(a.answers, answers...), wire.MaxHostAnswers)
}

func (a *Agent) brought() []wire.HostAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.answers
	a.answers = nil
	return out
}

func dated(now time.Time, list []wire.Reading) []wire.Reading {
	list = slices.Clone(list)
	for i := range list {
		if list[i].At.IsZero() {
			list[i].At = now
		}
	}
	return list
}

func datedFindings(now time.Time, list []finding.Finding) []finding.Finding {
	list = slices.Clone(list)
	for i := range list {
		if list[i].At.IsZero() {
			list[i].At = now
		}
	}
	return list
}

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func last[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

// sendReports sends until the queue is empty. A batch that the gateway cannot read is halved until the report at
// fault stands alone, which is then given up, or one bad report would hold up all others for ever.
func (a *Agent) sendReports(ctx context.Context) error {
	count := wire.MaxReports
	for {
		reports, mark, err := a.deps.Queue.Peek(count, wire.MaxBatchBytes-envelope)
		if err != nil || len(reports) == 0 {
			return err
		}
		now := a.deps.Now()
		a.drift.look(now, a.seq)
		a.drift.correct(a.boot, reports)
		var receipt wire.Receipt
		err = a.link.post(ctx, "/v1/reports", wire.Batch{Version: wire.Version, SentAt: now, Reports: reports}, &receipt)
		switch {
		case err == nil:
			count = wire.MaxReports
		case !unreadable(err):
			return err
		case len(reports) > 1:
			count = len(reports) / 2
			continue
		default:
			a.deps.Log.Warn("the gateway cannot read a report; it is given up", "seq", reports[0].Seq, "err", err)
			a.lost += 1 + reports[0].Lost
		}
		if err := a.deps.Queue.Release(mark); err != nil {
			return err
		}
		a.heed(receipt)
	}
}

// unreadable reports whether a refusal is about the form of the batch, so that a part of it may pass.
func unreadable(err error) bool {
	var r *refused
	if !errors.As(err, &r) {
		return false
	}
	return slices.Contains([]string{"body.malformed", "body.too_large", "body.too_deep", "batch.too_many"}, r.problem.Code)
}

// heed takes from a receipt what the gateway wants of us.
func (a *Agent) heed(receipt wire.Receipt) {
	for _, r := range receipt.Refused {
		a.deps.Log.Warn("the gateway did not take a report", "boot", r.Boot, "seq", r.Seq, "code", r.Code)
	}
	if receipt.ReportEvery > 0 {
		a.every = min(max(receipt.ReportEvery, briskest), calmest)
	}
	for _, c := range receipt.Commands {
		a.work.accept(c)
	}
}

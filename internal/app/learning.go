package app

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/posmedic/posmedic/internal/casebook"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// learning is what people do with what closed cases taught.
type learning struct {
	learn.Review
	*knowledge.Room
}

// RollBack goes back to the built-in knowledge, and closes the candidate that was in force.
func (l learning) RollBack(ctx context.Context) error { return l.Review.RollBack(ctx) }

// Promote brings a candidate into force.
func (l learning) Promote(ctx context.Context, id string) (learn.Candidate, error) {
	return l.Review.Promote(ctx, id)
}

func newLearning(store learn.Store, room *knowledge.Room, policy diagnose.Policy, trial learn.ShadowRule, now func() time.Time) (learning, error) {
	cases, err := workedExamples()
	if err != nil {
		return learning{}, err
	}
	gate := learn.Gate{Policy: policy, Golden: func(p *pack.Pack) learn.Score {
		return learn.Score(casebook.Backtest(diagnose.New(p, policy), cases))
	}}
	return learning{learn.Review{Store: store, Knowledge: room, Gate: gate, Trial: trial, Now: now}, room}, nil
}

// workedExamples are the coded cases that every change of the numbers must leave right.
func workedExamples() ([]casebook.Case, error) {
	files, err := fs.Glob(packs.Golden(), "*.jsonl")
	if err != nil {
		return nil, err
	}
	var all []casebook.Case
	for _, name := range files {
		file, err := packs.Golden().Open(name)
		if err != nil {
			return nil, err
		}
		cases, err := casebook.Read(file)
		_ = file.Close() // it is compiled in
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

// followEvery is how soon a server takes up what was promoted from elsewhere.
const followEvery = 2 * time.Second

// followKnowledge takes up what another process has promoted or rolled back: the command line, or a second server.
func (r *rooms) followKnowledge(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			changed, err := r.knowledge.Follow(ctx)
			switch {
			case err != nil && ctx.Err() == nil:
				log.WarnContext(ctx, "the knowledge in force cannot be looked up", "error", err)
			case changed:
				log.InfoContext(ctx, "other knowledge is in force", "version", r.knowledge.Pack().Ref.Version, "hash", r.knowledge.Pack().Ref.Hash)
			}
		}
	}
}

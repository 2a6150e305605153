package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/bayes/learning"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/pack"
)

// LearningConfig says what Learning measures.
type LearningConfig struct {
	Seed  uint64
	Cases int     // closed cases to learn from
	Tests int     // cases to measure on, none of which teaches
	Noise float64 // how far the disturbed numbers are off: 1 is as far as their experience says that they may be
	Stage func(name string)
}

// ReaderResult is how one reader does on the test cases.
type ReaderResult struct {
	Top1    float64 `json:"top1"` // probability, under the true model, that the leading cause is the one
	Top3    float64 `json:"top3"`
	Share1  float64 `json:"share_top1"` // of what the Bayes-optimal reader gets
	Share3  float64 `json:"share_top3"`
	LogLoss float64 `json:"log_loss"`
	Brier   float64 `json:"brier"`

	ECE   learning.Interval `json:"ece"`       // calibration error of the leading cause, 15 bins of equal size
	Floor float64           `json:"ece_floor"` // what perfect calibration would show by chance
	Ratio float64           `json:"ece_ratio"` // ECE over its floor

	ECEAll   float64 `json:"ece_all"` // the same over all statements "it is this cause"
	FloorAll float64 `json:"ece_all_floor"`
}

// LearningResult is what Learning measured.
type LearningResult struct {
	Seed         uint64        `json:"seed"`
	Cases        int           `json:"cases"`
	Tests        int           `json:"tests"`
	Faults       int           `json:"faults"`
	Noise        float64       `json:"noise"`
	Findings     float64       `json:"findings_mean"` // of a test case
	Named        float64       `json:"named"`         // share of the proven cases with a cause that somebody named
	Proven       int           `json:"proven"`        // cases closed with a proof, the only ones that teach
	Optimal      ReaderResult  `json:"optimal"`
	PlainBefore  ReaderResult  `json:"plain_before"`     // plain Bayes with the disturbed numbers
	PlainAfter   ReaderResult  `json:"plain_after"`      // plain Bayes with the learned numbers, tempered on a fifth of the cases
	EngineTrue   ReaderResult  `json:"engine_true"`      // the product's engine with the true numbers
	EngineRead   ReaderResult  `json:"engine_true_read"` // the same, all findings read by machines: what the engine assumes of people, and this world does not do, is then out of it
	EngineBefore ReaderResult  `json:"engine_before"`
	EngineAfter  ReaderResult  `json:"engine_after"` // the product's engine with the learned pack
	Temperature  float64       `json:"temperature"`
	Learned      learn.Learned `json:"learned"`
	Changes      int           `json:"changes"`
	LearnSeconds float64       `json:"learn_seconds"`
}

// Learning draws a world from a pack's own numbers, disturbs the numbers, learns from simulated cases of that world as the
// product learns from closed ones, and measures readers against the Bayes-optimal one, which knows the world.
//
// The world is the engine's plain model: one cause a case, drawn by its rate; every finding drawn from link and leak; steps
// cure by their success rate. What is looked at, tried and said depends only on what was recorded before (see helpDesk).
func Learning(ctx context.Context, p *pack.Pack, policy diagnose.Policy, c LearningConfig) (LearningResult, error) {
	stage := c.Stage
	if stage == nil {
		stage = func(string) {}
	}
	out := LearningResult{Seed: c.Seed, Cases: c.Cases, Tests: c.Tests, Faults: len(p.Faults), Noise: c.Noise}
	rng := rand.New(rand.NewPCG(c.Seed, 1)) //nolint:gosec // a simulation keeps no secret
	disturbed, err := disturb(p, c.Noise, rng)
	if err != nil {
		return out, err
	}
	stage("simulate")
	w := drawWorld(p, disturbed, rng)
	archive, err := w.cases(ctx, c.Cases)
	if err != nil {
		return out, err
	}
	tests, err := w.cases(ctx, c.Tests)
	if err != nil {
		return out, err
	}
	records := make([]learn.Record, len(archive))
	for i := range archive {
		records[i] = archive[i].record
	}
	stage("learn")
	began := time.Now()
	learned, candidate, err := learnFrom(disturbed, records)
	if err != nil {
		return out, err
	}
	out.LearnSeconds = time.Since(began).Seconds()
	out.Learned, out.Changes = candidate.Learned, len(candidate.Changes)
	out.Proven = candidate.Learned.Cases
	out.Named = float64(candidate.Learned.Named) / float64(max(out.Proven, 1))
	for i := range tests {
		out.Findings += float64(len(tests[i].record.Evidence)) / float64(len(tests))
	}
	if out.Temperature, err = temperature(disturbed, records); err != nil {
		return out, err
	}
	stage("measure")
	return out, w.measure(ctx, &out, tests, disturbed, learned, policy)
}

func learnFrom(p *pack.Pack, records []learn.Record) (*pack.Pack, learn.Candidate, error) {
	c, err := learn.Propose(p, records, worldEpoch())
	if err != nil {
		return nil, c, err
	}
	after, err := learn.Apply(p, c)
	return after, c, err
}

// temperature is found as an operator could: three quarters of the proven cases teach, and on the others the distribution
// before any step is held against what the steps, or somebody's word, told of the cause afterwards.
func temperature(p *pack.Pack, records []learn.Record) (float64, error) {
	var taught, held []learn.Record
	for i, r := range records {
		if i%4 == 0 && r.Outcome == casefile.Confirmed {
			held = append(held, r)
		} else {
			taught = append(taught, r)
		}
	}
	after, _, err := learnFrom(p, taught)
	if err != nil {
		return 1, err
	}
	b := readPlain(after)
	list := make([]learning.Told, len(held))
	for i, r := range held {
		list[i] = learning.Told{P: b.read(r.Evidence), Like: b.told(r)}
	}
	return learning.Temperature(list), nil
}

// measure fills in the readers.
func (w *drawnWorld) measure(ctx context.Context, out *LearningResult, tests []simulated, disturbed, learned *pack.Pack, policy diagnose.Policy) error {
	truth := make([][]float64, len(tests))
	for i := range tests {
		truth[i] = w.truth.read(tests[i].record.Evidence)
	}
	plain := func(p *pack.Pack, t float64) func(*simulated) []float64 {
		b := readPlain(p)
		return func(s *simulated) []float64 { return learning.Cool(b.read(s.record.Evidence), t) }
	}
	engine := func(p *pack.Pack, by finding.Source) func(*simulated) []float64 {
		e := diagnose.New(p, policy)
		return func(s *simulated) []float64 { return w.ranked(e, s, by) }
	}
	for _, r := range []struct {
		into *ReaderResult
		read func(*simulated) []float64
	}{
		{&out.Optimal, func(s *simulated) []float64 { return w.truth.read(s.record.Evidence) }},
		{&out.PlainBefore, plain(disturbed, 1)}, {&out.PlainAfter, plain(learned, out.Temperature)},
		{&out.EngineTrue, engine(w.pack, "")}, {&out.EngineRead, engine(w.pack, finding.Probe)},
		{&out.EngineBefore, engine(disturbed, "")}, {&out.EngineAfter, engine(learned, "")},
	} {
		readings := make([]learning.Reading, len(tests))
		for i := range tests {
			if ctx.Err() != nil {
				return fmt.Errorf("measure: %w", ctx.Err())
			}
			readings[i] = learning.Reading{P: r.read(&tests[i]), Truth: tests[i].cause}
		}
		*r.into = scoreReader(readings, truth, out.Seed)
		r.into.Share1, r.into.Share3 = r.into.Top1/out.Optimal.Top1, r.into.Top3/out.Optimal.Top3
	}
	return nil
}

// scoreReader scores a reader. Its hits are expected ones: the true probability of what it names, which has the same mean as
// counting hits and none of the luck of which causes were drawn; nobody can exceed the optimal reader by it.
func scoreReader(readings []learning.Reading, truth [][]float64, seed uint64) ReaderResult {
	const bins, resamples = 15, 200
	rng := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // resampling keeps no secret
	var r ReaderResult
	n := float64(len(readings))
	for i, reading := range readings {
		for place, f := range leaders(reading.P, 3) {
			if place == 0 {
				r.Top1 += truth[i][f] / n
			}
			r.Top3 += truth[i][f] / n
		}
	}
	r.LogLoss, r.Brier = learning.LogLoss(readings), learning.Brier(readings)
	r.ECE = learning.ECEInterval(readings, learning.Leading, bins, resamples, rng)
	r.Floor = learning.Floor(readings, learning.Leading, bins, resamples, rng)
	r.Ratio = r.ECE.Value / r.Floor
	r.ECEAll = learning.ECE(learning.Forecasts(readings, learning.Every), bins)
	r.FloorAll = learning.Floor(readings, learning.Every, bins, resamples/20, rng)
	return r
}

// leaders are the most probable causes; of two as probable the first.
func leaders(p []float64, n int) []int {
	var out []int
	for range min(n, len(p)) {
		best := -1
		for f := range p {
			if (best < 0 || p[f] > p[best]) && !slices.Contains(out, f) {
				best = f
			}
		}
		out = append(out, best)
	}
	return out
}

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
	PlainBefore  ReaderResult  `json:"plain_before"`       // plain Bayes with the disturbed numbers
	PlainAfter   ReaderResult  `json:"plain_after"`        // plain Bayes with the learned numbers, tempered on a fifth of the cases
	EngineTrue   ReaderResult  `json:"engine_true"`        // the product's engine with the true numbers
	EngineListed ReaderResult  `json:"engine_true_listed"` // the same where people list all that they see, of the optimum there: what it costs that the engine assumes otherwise
	EngineRead   ReaderResult  `json:"engine_true_read"`   // the same there, and the engine knows it: all findings are said to be read by machines
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
// The world is the engine's plain model: one cause a case, drawn by its rate; every finding drawn from link and leak; of what
// is wrong and not the cause's doing people name as much as the engine expects; steps cure by their success rate. What is looked
// at and tried depends only on what was recorded before (see helpDesk).
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
	w := drawWorld(p, disturbed, false, rng)
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
	if out.Temperature, err = temperature(disturbed, archive); err != nil {
		return out, err
	}
	stage("measure")
	if err := w.measure(ctx, &out, tests, disturbed, learned, policy); err != nil {
		return out, err
	}
	return out, listed(ctx, &out, p, disturbed, policy)
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
func temperature(p *pack.Pack, archive []simulated) (float64, error) {
	var taught []learn.Record
	var held []*simulated
	for i := range archive {
		if i%4 == 0 && archive[i].record.Outcome == casefile.Confirmed {
			held = append(held, &archive[i])
		} else {
			taught = append(taught, archive[i].record)
		}
	}
	after, _, err := learnFrom(p, taught)
	if err != nil {
		return 1, err
	}
	b := readPlain(after, false)
	list := make([]learning.Told, len(held))
	for i, s := range held {
		list[i] = learning.Told{P: b.read(s), Like: b.told(s.record)}
	}
	return learning.Temperature(list), nil
}

// reading is how one reader reads a case, and where its result goes.
type reading struct {
	into *ReaderResult
	read func(*simulated) []float64
}

// measure fills in the readers.
func (w *drawnWorld) measure(ctx context.Context, out *LearningResult, tests []simulated, disturbed, learned *pack.Pack, policy diagnose.Policy) error {
	plain := func(p *pack.Pack, t float64) func(*simulated) []float64 {
		b := readPlain(p, false)
		return func(s *simulated) []float64 { return learning.Cool(b.read(s), t) }
	}
	return w.score(ctx, tests, out.Seed, &out.Optimal, []reading{
		{&out.PlainBefore, plain(disturbed, 1)}, {&out.PlainAfter, plain(learned, out.Temperature)},
		{&out.EngineTrue, w.engine(w.pack, policy, "")},
		{&out.EngineBefore, w.engine(disturbed, policy, "")}, {&out.EngineAfter, w.engine(learned, policy, "")},
	})
}

// listed measures the engine with the true numbers in the same world, but for its people: they list all that they see.
func listed(ctx context.Context, out *LearningResult, p, disturbed *pack.Pack, policy diagnose.Policy) error {
	w := drawWorld(p, disturbed, true, rand.New(rand.NewPCG(out.Seed, 3))) //nolint:gosec // a simulation keeps no secret
	tests, err := w.cases(ctx, out.Tests)
	if err != nil {
		return err
	}
	var optimal ReaderResult
	return w.score(ctx, tests, out.Seed, &optimal, []reading{
		{&out.EngineListed, w.engine(p, policy, "")}, {&out.EngineRead, w.engine(p, policy, finding.Probe)},
	})
}

// engine reads as the product does; with a source, as if all findings came from there.
func (w *drawnWorld) engine(p *pack.Pack, policy diagnose.Policy, by finding.Source) func(*simulated) []float64 {
	e := diagnose.New(p, policy)
	return func(s *simulated) []float64 { return w.ranked(e, s, by) }
}

// score measures the Bayes-optimal reader, and the others against it.
func (w *drawnWorld) score(ctx context.Context, tests []simulated, seed uint64, optimal *ReaderResult, others []reading) error {
	truth := make([][]float64, len(tests))
	for i := range tests {
		truth[i] = w.truth.read(&tests[i])
	}
	for _, r := range append([]reading{{optimal, w.truth.read}}, others...) {
		readings := make([]learning.Reading, len(tests))
		for i := range tests {
			if ctx.Err() != nil {
				return fmt.Errorf("measure: %w", ctx.Err())
			}
			readings[i] = learning.Reading{P: r.read(&tests[i]), Truth: tests[i].cause}
		}
		*r.into = scoreReader(readings, truth, seed)
		r.into.Share1, r.into.Share3 = r.into.Top1/optimal.Top1, r.into.Top3/optimal.Top3
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

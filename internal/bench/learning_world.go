package bench

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
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

func worldEpoch() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

// plainReader is plain Bayes with a pack's numbers, which knows how people in the world answer. With the world's own numbers
// it is the Bayes-optimal reader.
type plainReader struct {
	book   *learn.Book
	model  *learning.Model
	reader *learning.Reader
	fault  map[string]int
	listed bool // people list everything, as machines do
}

func readPlain(p *pack.Pack, listed bool) *plainReader {
	b := &plainReader{book: learn.ClosedBook(p), fault: map[string]int{}, listed: listed}
	b.model = b.book.Model()
	b.reader = learning.Compile(b.model)
	for i := range p.Faults {
		b.fault[p.Faults[i].ID] = i
	}
	return b
}

// read gives the distribution over faults by what was recorded and by what was asked in vain. Reports of the simulated world
// are exact, so nothing is taken off for trust beside what keeps a number of zero from ruling a fault out.
func (b *plainReader) read(s *simulated) []float64 {
	c := b.book.Case(learn.Record{Evidence: s.record.Evidence}, 1)
	for i := range c.Evidence {
		if c.Evidence[i].Trust = exact; b.listed {
			c.Evidence[i].Unsaid = 0
		}
	}
	c.Lift = b.silences(s.silent)
	out := make([]float64, b.reader.Causes())
	b.reader.Read(out, &c)
	return out
}

const exact = 1 - 1e-6

// silences is how likely nobody had anything to say on these questions under each fault: he did not know, or it was nothing
// that the fault had brought about and not worth a word.
func (b *plainReader) silences(questions []int) []float64 {
	if len(questions) == 0 {
		return nil
	}
	out := make([]float64, b.reader.Causes())
	for f := range out {
		out[f] = 1
	}
	for _, q := range questions {
		for f := range out {
			out[f] *= 1 - knows + knows*b.unsaid(q, f)
		}
	}
	return out
}

// unsaid is the chance that people keep a variable's state to themselves under a fault.
func (b *plainReader) unsaid(variable, fault int) float64 {
	sum := 0.0
	for s := range b.model.Variables[variable].Leak {
		sum += b.keeps(variable, s) * (b.reader.P(variable, s)[fault] - b.reader.Brought(variable, s)[fault])
	}
	return sum
}

// keeps is the chance that people keep a state to themselves that the fault has not brought about.
func (b *plainReader) keeps(variable, state int) float64 {
	if b.listed {
		return 0
	}
	return b.book.Unsaid(variable, state, finding.Merchant)
}

// told is how likely what came after the evidence is under each fault: the steps, and a name.
func (b *plainReader) told(r learn.Record) []float64 {
	r.Evidence = nil
	c := b.book.Case(r, 1)
	out := make([]float64, b.reader.Causes())
	b.reader.Read(out, &c)
	for f, rate := range b.model.Rates.Means() { // what was read holds the rates too
		out[f] /= rate
	}
	top := slices.Max(out)
	for f := range out {
		out[f] /= top
	}
	return out
}

// disturb makes numbers that are off: rates by a log-normal factor with a standard deviation of 0.7·noise in the
// logarithm (a factor of two either way), shows by drawing each fault's distribution over a variable's states from a
// Dirichlet that is worth experience/noise² cases, cures likewise from a Beta. At noise 1 the authors are exactly as wrong
// as their own experience says that they may be. Experience stays as stated: the learner is not told.
func disturb(p *pack.Pack, noise float64, rng *rand.Rand) (*pack.Pack, error) {
	if noise <= 0 {
		return p, nil
	}
	return pack.Revise(p, p.Ref.Version+"+disturbed", func(r *pack.Revision) {
		for i := range p.Faults {
			f := &p.Faults[i]
			rate := f.Rate
			rate.Mean = max(rate.Mean, 1e-6) * math.Exp(0.7*noise*rng.NormFloat64())
			r.SetRate(f.ID, rate)
			for _, v := range slices.Sorted(maps.Keys(f.Shows)) {
				r.SetShows(f.ID, v, disturbedRow(f.Shows[v], noise, rng))
			}
		}
		for i := range p.Steps {
			for _, f := range slices.Sorted(maps.Keys(p.Steps[i].Fixes)) {
				n := p.Steps[i].Fixes[f]
				n.Mean = drawDirichlet([]float64{n.Mean, 1 - n.Mean}, n.Experience/(noise*noise), rng)[0]
				r.SetFix(p.Steps[i].ID, f, n)
			}
		}
	})
}

func disturbedRow(row map[string]pack.Number, noise float64, rng *rand.Rand) map[string]pack.Number {
	states := slices.Sorted(maps.Keys(row))
	mean, left, experience := make([]float64, 0, len(states)+1), 1.0, 0.0
	for _, s := range states {
		mean = append(mean, row[s].Mean)
		left -= row[s].Mean
		experience = max(experience, row[s].Experience)
	}
	drawn := drawDirichlet(append(mean, max(left, 0)), experience/(noise*noise), rng)
	out := map[string]pack.Number{}
	for i, s := range states {
		out[s] = pack.Number{Mean: drawn[i], Experience: row[s].Experience, Source: row[s].Source}
	}
	return out
}

func drawDirichlet(mean []float64, experience float64, rng *rand.Rand) []float64 {
	out, total := make([]float64, len(mean)), 0.0
	for i, m := range mean {
		out[i] = drawGamma(m*experience, rng)
		total += out[i]
	}
	if total == 0 {
		return slices.Clone(mean)
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// drawGamma draws from a Gamma of this shape and scale 1 (Marsaglia and Tsang 2000).
func drawGamma(shape float64, rng *rand.Rand) float64 {
	if shape <= 0 {
		return 0
	}
	if shape < 1 {
		return drawGamma(shape+1, rng) * math.Pow(rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := math.Pow(1+c*x, 3)
		if v > 0 && math.Log(rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// simulated is one case with what really was wrong.
type simulated struct {
	cause  int
	record learn.Record
	silent []int // variables of the model that people were asked for in vain
}

// drawnWorld draws cases from the true numbers. What is done in them is decided by a shop that knows the disturbed ones.
type drawnWorld struct {
	pack  *pack.Pack
	truth *plainReader
	desk  *helpDesk
	rng   *rand.Rand
	rates []float64
	made  int
}

func drawWorld(p, deployed *pack.Pack, listed bool, rng *rand.Rand) *drawnWorld {
	w := &drawnWorld{pack: p, truth: readPlain(p, listed), rng: rng}
	w.rates = w.truth.model.Rates.Means()
	w.desk = newDesk(deployed, rng)
	return w
}

func (w *drawnWorld) cases(ctx context.Context, n int) ([]simulated, error) {
	out := make([]simulated, n)
	for i := range out {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("simulate: %w", ctx.Err())
		}
		out[i] = w.draw()
	}
	return out, nil
}

func (w *drawnWorld) draw() simulated {
	w.made++
	s := simulated{cause: learning.Draw(w.rates, w.rng)}
	s.record = learn.Record{Case: fmt.Sprintf("case_%06d", w.made), OpenedAt: worldEpoch(), ClosedAt: worldEpoch(), Outcome: casefile.Unclear}
	looked := map[int]int{} // every look at a variable sees the same
	s.silent = w.desk.serve(&s.record, func(v int, by finding.Source) (int, bool) {
		state, seen := looked[v]
		if !seen {
			state = w.state(v, s.cause)
			looked[v] = state
		}
		return state, by != finding.Merchant || w.says(v, state, s.cause)
	}, func(step int) bool { return w.helps(step, s.cause) })
	w.name(&s)
	return s
}

func (w *drawnWorld) state(v, cause int) int {
	weights := make([]float64, len(w.truth.model.Variables[v].Leak))
	for s := range weights {
		weights[s] = w.truth.reader.P(v, s)[cause]
	}
	return learning.Draw(weights, w.rng)
}

// says tells whether a person names the state that he sees: what the fault brought about always, and the rest as the reading
// of the engine has it. No variable is looked at by a person twice.
func (w *drawnWorld) says(v, state, cause int) bool {
	keeps := w.truth.keeps(v, state)
	if keeps == 0 {
		return true
	}
	leaked := 1 - w.truth.reader.Brought(v, state)[cause]/w.truth.reader.P(v, state)[cause]
	return w.rng.Float64() >= leaked*keeps
}

// Chances beside the pack's numbers.
const (
	seemsToHelp   = 0.02 // a step seems to help and the trouble has gone by itself
	restartSeems  = 0.10 // the same for restarts: what passes by itself is put down to them
	namedOnSite   = 0.5  // an engineer or the depot writes down what it was
	namedByOthers = 0.12
	misnamed      = 0.03
)

func (w *drawnWorld) helps(step, cause int) bool {
	s := &w.pack.Steps[step]
	if w.rng.Float64() < s.Fixes[w.pack.Faults[cause].ID].Mean {
		return true
	}
	if isRestart(s.ID) {
		return w.rng.Float64() < restartSeems
	}
	return w.rng.Float64() < seemsToHelp
}

// name lets somebody write the cause down, by who closed the case and not by what it was.
func (w *drawnWorld) name(s *simulated) {
	if s.record.Outcome != casefile.Confirmed {
		return
	}
	by := s.record.Steps[len(s.record.Steps)-1].By
	chance := namedByOthers
	if by == "field_engineer" || by == "depot" {
		chance = namedOnSite
	}
	if w.rng.Float64() >= chance {
		return
	}
	cause := s.cause
	if w.rng.Float64() < misnamed {
		cause = learning.Draw(w.rates, w.rng)
	}
	s.record.Cause, s.record.NamedBy = w.pack.Faults[cause].ID, by
}

// ranked is what the engine says, as a distribution: what it does not rank shares the rest. With a source, all findings
// are taken as if they came from there. It is not told what was asked in vain: it has a model of its own of who says "don't
// know" (see its answers), which is not how people in this world answer.
func (w *drawnWorld) ranked(e *diagnose.Engine, s *simulated, by finding.Source) []float64 {
	findings := slices.Clone(s.record.Evidence)
	for i := range findings {
		findings[i].Source = cmp.Or(by, findings[i].Source)
	}
	d := e.Diagnose(diagnose.Input{Now: worldEpoch(), Findings: findings})
	out := make([]float64, len(w.pack.Faults))
	left, named := 1.0, map[int]bool{}
	for _, r := range d.Ranked {
		f := w.truth.fault[r.Fault]
		out[f], named[f] = r.P, true
		left -= r.P
	}
	for f := range out {
		if !named[f] {
			out[f] = max(left, 0) / float64(len(out)-len(named))
		}
	}
	return out
}

package localise

import (
	"cmp"
	"math"
	"slices"
)

// evidence says how well a leaf is explained. It does not know of combinations.
type evidence interface {
	// ordinary is the log-likelihood of each leaf without any cause.
	ordinary(out []float64)
	// under is the log-likelihood of a leaf at a level.
	under(leaf int32, level float64) float64
	// levels are those worth trying, given how well each leaf is explained; ordered by how much speaks for each.
	levels(explained []float64, most int) []float64
	// compare is how many of the levels must be tried to choose between their causes.
	compare() int
	// precision is what it takes to write down a level that rests on one leaf, in nats.
	precision() float64
	// step is how much of a difference between levels does not matter.
	step(level float64) float64
	// fit gives the level that the leaves of a combination show, from one near by; weights say how far each leaf counts.
	fit(leaves []int32, near float64, weight []float64) float64
}

// chosen is a cause on its way through the search.
type chosen struct {
	found
	level  float64
	leaves []int32
	like   []float64 // log-likelihood of its leaves at its level
}

// finder takes causes one by one.
type finder struct {
	seek *seeker
	ev   evidence
	opts Options

	plain     []float64 // log-likelihood of each leaf without any cause
	explained []float64 // with the causes chosen so far
	covered   []bool    // by one of them
	weight    []float64
}

func newFinder(c *cube, ev evidence, o Options) *finder {
	n := len(c.leaves)
	f := &finder{
		seek: newSeeker(c, o, ev.precision()), ev: ev, opts: o,
		plain: make([]float64, n), explained: make([]float64, n), covered: make([]bool, n), weight: make([]float64, n),
	}
	ev.ordinary(f.plain)
	return f
}

// find chooses causes until none pays for its own description, then weighs each again in the light of the others.
func (f *finder) find() []chosen {
	var causes []chosen
	for len(causes) < f.opts.Most {
		f.explain(causes)
		next, ok := f.heaviest()
		if !ok {
			break
		}
		causes = append(causes, next)
	}
	const rounds = 3 // in practice the second changes nothing any more
	for range rounds {
		changed := false
		for i := 0; i < len(causes); i++ {
			others := slices.Delete(slices.Clone(causes), i, i+1)
			f.explain(others)
			again, ok := f.next(append(f.ev.levels(f.explained, 1), causes[i].level))
			switch {
			case !ok:
				causes, changed = others, true
				i--
			case compare(again.pairs, causes[i].pairs) != 0:
				changed = true
				fallthrough
			default:
				causes[i] = again
			}
		}
		if !changed {
			break
		}
	}
	f.settle(causes)
	return causes
}

// explain works out how well each leaf is explained by these causes: one under several shows the level of one of them.
func (f *finder) explain(causes []chosen) {
	copy(f.explained, f.plain)
	clear(f.covered)
	for _, c := range causes {
		for k, i := range c.leaves {
			f.explained[i] = f.with(i, c.like[k])
			f.covered[i] = true
		}
	}
}

// logAgain is the logarithm of the chance, one in twenty, that a leaf shows another cause than the one that explained it
// first. It keeps overlaps free, while a second cause on the very same leaves has to earn each of them.
const logAgain = -2.9957

// with is the log-likelihood of a leaf once one more cause covers it.
func (f *finder) with(i int32, like float64) float64 {
	if !f.covered[i] {
		return like
	}
	return max(f.explained[i], like+logAgain)
}

// heaviest is the cause to take next: the best at the levels that most speaks for, or at any other if there is none at those.
func (f *finder) heaviest() (chosen, bool) {
	const most = 6
	levels := f.ev.levels(f.explained, most)
	first := min(f.ev.compare(), len(levels))
	if next, ok := f.next(levels[:first]); ok {
		return next, true
	}
	return f.next(levels[first:])
}

// next is the cause that explains most of what is left at one of these levels, or near it.
func (f *finder) next(levels []float64) (chosen, bool) {
	var best chosen
	ok := false
	for _, level := range levels {
		found, yes := f.at(level, best.score())
		if !yes {
			continue
		}
		// The level was read off all leaves; this combination has its own. With that another one may be the best.
		own := f.fit(f.seek.under(found.pairs), level)
		if math.Abs(own-level) > f.ev.step(level) {
			level = own
			if found, yes = f.at(level, best.score()); !yes {
				continue
			}
		}
		if !ok || found.score() > best.score() {
			best, ok = f.choose(found, level), true
		}
	}
	return best, ok
}

func (f *finder) at(level, floor float64) (found, bool) {
	for i := range f.seek.gain {
		f.seek.gain[i] = f.with(int32(i), f.ev.under(int32(i), level)) - f.explained[i]
	}
	return f.seek.best(max(floor, 0))
}

func (f *finder) choose(what found, level float64) chosen {
	c := chosen{found: what, level: level, leaves: f.seek.under(what.pairs)}
	c.like = make([]float64, len(c.leaves))
	for k, i := range c.leaves {
		c.like[k] = f.ev.under(i, level)
	}
	return c
}

// fit finds the level of a combination; leaves that another cause explains count as far as that one does not.
func (f *finder) fit(leaves []int32, level float64) float64 {
	const rounds = 3
	for range rounds {
		for _, i := range leaves {
			f.weight[i] = 1
			if f.covered[i] {
				f.weight[i] = 1 / (1 + math.Exp(min(f.explained[i]-f.ev.under(i, level), 50)))
			}
		}
		level = f.ev.fit(leaves, level, f.weight)
	}
	return level
}

// settle states for each cause what it gains beside the others, and orders them by that.
func (f *finder) settle(causes []chosen) {
	for i := range causes {
		f.explain(slices.Delete(slices.Clone(causes), i, i+1))
		gain := 0.0
		for k, leaf := range causes[i].leaves {
			gain += f.with(leaf, causes[i].like[k]) - f.explained[leaf]
		}
		causes[i].gain = gain
	}
	slices.SortFunc(causes, func(a, b chosen) int {
		return cmp.Or(cmp.Compare(b.score(), a.score()), compare(a.pairs, b.pairs))
	})
}

// score is how much better these causes explain all leaves than none, beyond what they cost.
func (f *finder) score(causes []chosen) float64 {
	f.explain(causes)
	out := 0.0
	for i, like := range f.explained {
		out += like - f.plain[i]
	}
	for _, c := range causes {
		out -= c.cost
	}
	return out
}

// causes finds them. "All of them" is compared with the best that can be said without it: taken as one cause among others it
// would hide them.
func (f *finder) causes() []Cause {
	everything := f.opts.Everything
	f.seek.opts.Everything = false
	causes := f.find()
	if everything {
		f.seek.opts.Everything = true
		if with := f.find(); f.score(with) > f.score(causes) {
			causes = with
		}
	}
	var out []Cause
	for _, c := range causes {
		out = append(out, Cause{Pairs: c.pairs, Level: c.level, Gain: c.gain, Cost: c.cost})
	}
	return out
}

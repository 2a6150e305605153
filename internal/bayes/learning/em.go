package learning

import "math"

// Limits bound a fit.
type Limits struct {
	Rounds int     // 0 means 60
	Gain   float64 // stop when a round gains less, relative; 0 means 1e-7
}

// Fitted is the result of a fit.
type Fitted struct {
	Model *Model      // prior and cases together
	Seen  *Model      // the expected counts of the cases alone
	Who   [][]float64 // for every case the distribution over causes, given everything known of it
	// Climb is the objective after each round: log-likelihood of the cases (of weighed-down observations their power) plus Σ count·log(probability) of the prior. It
	// never falls.
	Climb []float64
}

// Fit is maximum a posteriori EM: cases of known cause count for it, the others for every cause as far as it explains
// them; what a link explains and what the leak explains is told apart in the same way. The estimate of a distribution
// with prior counts α is (α + expected counts) normalised, which is the mode under a Dirichlet of α+1.
func Fit(prior *Model, cases []Case, l Limits) (*Fitted, error) {
	if err := prior.Check(); err != nil {
		return nil, err
	}
	for i := range cases {
		if err := prior.checkCase(&cases[i]); err != nil {
			return nil, err
		}
	}
	if l.Rounds <= 0 {
		l.Rounds = 60
	}
	if l.Gain <= 0 {
		l.Gain = 1e-7
	}
	out := &Fitted{Model: prior.Clone(), Seen: prior.empty(), Who: make([][]float64, len(cases))}
	for i := range cases {
		out.Who[i] = make([]float64, len(prior.Rates))
	}
	for range l.Rounds {
		reader := Compile(out.Model)
		reader.prepare(cases)
		seen, objective := prior.empty(), prior.logPrior(out.Model)
		for i := range cases {
			if logP := reader.Read(out.Who[i], &cases[i]); !math.IsInf(logP, -1) {
				objective += cases[i].Weight * logP
				reader.count(seen, out.Who[i], &cases[i])
			}
		}
		out.Seen, out.Model = seen, prior.Clone()
		out.Model.add(seen)
		out.Climb = append(out.Climb, objective)
		if n := len(out.Climb); n > 1 && objective-out.Climb[n-2] <= l.Gain*math.Abs(objective) {
			break
		}
	}
	return out, nil
}

// logPrior is Σ α·log θ with the prior's counts α and another model's means θ.
func (m *Model) logPrior(at *Model) float64 {
	out := 0.0
	m.each(at, func(alpha, theta Counts) {
		total := theta.Experience()
		for i, a := range alpha {
			if a > 0 {
				out += a * math.Log(theta[i]/total)
			}
		}
	})
	return out
}

// negligible is the probability of a cause below which its share of a case is not counted.
const negligible = 1e-7

// count adds a case's expected counts, given the distribution over its causes.
func (r *Reader) count(seen *Model, who []float64, c *Case) {
	for f, p := range who {
		if p < negligible {
			continue
		}
		w := p * c.Weight
		seen.Rates[f] += w
		for _, o := range c.Evidence {
			r.countLink(seen, o, f, w*(1-o.Less))
		}
		for _, o := range c.Outcomes {
			r.countFix(seen, o, f, w)
		}
	}
}

// countLink splits an observation between the link, the leak and a wrong report, which counts for nothing.
func (r *Reader) countLink(seen *Model, o Observation, f int, w float64) {
	row := r.rowOf[o.Variable][f]
	if row < 0 {
		return
	}
	k := r.states[o.Variable]
	at := o.State*r.causes + f
	p, link := r.tables[o.Variable][at], r.links[o.Variable][at]
	said := 1 - o.Unsaid
	total := o.Trust*link + said*(o.Trust*(p-link)+(1-o.Trust)/float64(k))
	if total <= 0 {
		return
	}
	counts := seen.Variables[o.Variable].Rows[row].Counts
	if slot := r.slotOf[o.Variable][int(row)*k+o.State]; slot >= 0 {
		counts[slot] += w * o.Trust * link / total
	}
	counts[len(counts)-1] += w * said * o.Trust * (p - link) / total
}

// countFix splits "it helped" between a cure and what only seemed one.
func (r *Reader) countFix(seen *Model, o Outcome, f int, w float64) {
	cured := 0.0
	if o.Helped {
		cured = r.cures[o.Action][f] / r.helps[o.Action][f]
	}
	action := &seen.Actions[o.Action]
	if o.Helped {
		action.Seems[0] += w * (1 - cured)
	} else {
		action.Seems[1] += w
	}
	if i := r.fixOf[o.Action][f]; i >= 0 {
		action.Fixes[i].Counts[0] += w * cured
		action.Fixes[i].Counts[1] += w * (1 - cured)
	}
}

// Absorb takes one more case into the model as it stands: the expected counts of the case are added to counts that have
// faded first (online EM by fractional updating). Only what the case speaks of fades, each count by as much of it as the
// case is about, so that knowledge of rare causes is not lost while common ones come in.
func Absorb(m *Model, c Case, keep float64) error {
	if err := m.checkCase(&c); err != nil {
		return err
	}
	reader := Compile(m)
	who, seen := make([]float64, len(m.Rates)), m.empty()
	if math.IsInf(reader.Read(who, &c), -1) {
		return nil // nothing in the model explains it, so it teaches nothing about the model's numbers
	}
	reader.count(seen, who, &c)
	m.each(seen, func(counts, news Counts) {
		if about := news.Experience(); about > 0 {
			counts.Fade(math.Pow(keep, about))
			for i := range counts {
				counts[i] += news[i]
			}
		}
	})
	return nil
}

// Strength estimates how much the prior's experience is really worth, as a factor, from what was seen: the factor under
// which the expected counts are most probable (type-II maximum likelihood). Authors who were sure and wrong get a
// factor below 1. least and most bound it; without counts it is 1.
type Strength struct{ Rates, Links, Fixes float64 }

// Weigh estimates the strength of a prior from a fit.
func Weigh(prior, seen *Model, least, most float64) Strength {
	pairs := func(visit func(at func(a, b Counts))) (out [][2]Counts) {
		visit(func(a, b Counts) {
			if b.Experience() > 0 {
				out = append(out, [2]Counts{a, b})
			}
		})
		return out
	}
	links := pairs(func(at func(a, b Counts)) {
		for v := range prior.Variables {
			for r := range prior.Variables[v].Rows {
				at(prior.Variables[v].Rows[r].Counts, seen.Variables[v].Rows[r].Counts)
			}
		}
	})
	fixes := pairs(func(at func(a, b Counts)) {
		for a := range prior.Actions {
			for f := range prior.Actions[a].Fixes {
				at(prior.Actions[a].Fixes[f].Counts, seen.Actions[a].Fixes[f].Counts)
			}
		}
	})
	rates := pairs(func(at func(a, b Counts)) { at(prior.Rates, seen.Rates) })
	return Strength{Rates: worth(rates, least, most), Links: worth(links, least, most), Fixes: worth(fixes, least, most)}
}

// worth is the factor on the prior counts under which the seen ones are most probable.
func worth(pairs [][2]Counts, least, most float64) float64 {
	if len(pairs) == 0 {
		return 1
	}
	best := maximise(math.Log(least), math.Log(most), func(x float64) float64 {
		sum := 0.0
		for _, p := range pairs {
			scaled := p[0].Clone()
			scaled.Fade(math.Exp(x))
			sum += scaled.Evidence(p[1])
		}
		return sum
	})
	return math.Exp(best)
}

// Scaled is the model with its experience multiplied; the means stay.
func (m *Model) Scaled(s Strength) *Model {
	out := m.Clone()
	out.Rates.Fade(s.Rates)
	for v := range out.Variables {
		for r := range out.Variables[v].Rows {
			out.Variables[v].Rows[r].Counts.Fade(s.Links)
		}
	}
	for a := range out.Actions {
		for f := range out.Actions[a].Fixes {
			out.Actions[a].Fixes[f].Counts.Fade(s.Fixes)
		}
	}
	return out
}

// maximise finds the top of a function of one hill by golden section.
func maximise(low, high float64, f func(float64) float64) float64 {
	const ratio = 0.6180339887498949
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := f(a), f(b)
	for range 40 {
		if fa >= fb {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = f(b)
		}
	}
	return (low + high) / 2
}

package learning

import "math"

// Counts are the Dirichlet counts of one distribution: the mean says what is believed, the sum (the experience) how many
// cases it is worth.
type Counts []float64

// Prior makes the counts of a mean that is worth so many cases. The mean need not sum to one.
func Prior(mean []float64, experience float64) Counts {
	total := 0.0
	for _, m := range mean {
		total += m
	}
	c := make(Counts, len(mean))
	for i, m := range mean {
		c[i] = experience * m / total
	}
	return c
}

// Experience is how many cases the counts are worth.
func (c Counts) Experience() float64 {
	total := 0.0
	for _, a := range c {
		total += a
	}
	return total
}

// Mean is the expected probability of a state.
func (c Counts) Mean(state int) float64 { return c[state] / c.Experience() }

// Means are the expected probabilities of all states.
func (c Counts) Means() []float64 {
	total := c.Experience()
	out := make([]float64, len(c))
	for i, a := range c {
		out[i] = a / total
	}
	return out
}

// Observe counts a state; the weight is the probability that it was this one, or the worth of the case.
func (c Counts) Observe(state int, weight float64) { c[state] += weight }

// Fade forgets: every count keeps this share. The mean stays, the experience shrinks, and what comes after weighs more.
// Faded by q with each case, experience never exceeds 1/(1-q) for long.
func (c Counts) Fade(keep float64) {
	for i := range c {
		c[i] *= keep
	}
}

// Limit fades counts that are worth more than so many cases down to that.
func (c Counts) Limit(experience float64) {
	if total := c.Experience(); total > experience {
		c.Fade(experience / total)
	}
}

// Clone copies the counts.
func (c Counts) Clone() Counts { return append(Counts(nil), c...) }

// Evidence is the logarithm of the probability of having seen these counts in some order, were the distribution drawn
// from a Dirichlet with counts c (Dirichlet-multinomial). Fractional counts are welcome.
func (c Counts) Evidence(seen []float64) float64 {
	total, n, out := 0.0, 0.0, 0.0
	for i, a := range c {
		if seen[i] > 0 {
			out += lgamma(a+seen[i]) - lgamma(a)
		}
		total += a
		n += seen[i]
	}
	return out + lgamma(total) - lgamma(total+n)
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

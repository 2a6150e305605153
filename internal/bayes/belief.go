package bayes

import "math"

// Belief is a distribution over causes under construction, in logarithms so that long evidence cannot underflow. It is
// a workspace of one goroutine: Reset, Multiply as often as needed, Normalise.
type Belief struct {
	log []float64
	p   []float64
}

// NewBelief makes the workspace for n causes.
func NewBelief(n int) *Belief {
	return &Belief{log: make([]float64, n), p: make([]float64, n)}
}

// Reset starts from prior weights; they need not sum to one.
func (b *Belief) Reset(prior []float64) {
	for f, w := range prior {
		b.log[f] = math.Log(w)
	}
}

// Multiply takes in a likelihood raised to a power. A weight below one is for evidence that partly repeats what other
// evidence said already.
func (b *Belief) Multiply(likelihood []float64, weight float64) {
	if weight == 0 {
		return
	}
	for f, l := range likelihood {
		b.log[f] += weight * math.Log(l)
	}
}

// Add takes in a log-likelihood.
func (b *Belief) Add(log []float64) {
	for f, l := range log {
		b.log[f] += l
	}
}

// Normalise computes P and returns the logarithm of the evidence's probability (up to the prior's scale).
func (b *Belief) Normalise() (logEvidence float64, err error) {
	top := math.Inf(-1)
	for _, l := range b.log {
		top = max(top, l)
	}
	if math.IsInf(top, -1) || math.IsNaN(top) {
		clear(b.p)
		return math.Inf(-1), ErrContradiction
	}
	sum := 0.0
	for f, l := range b.log {
		b.p[f] = math.Exp(l - top)
		sum += b.p[f]
	}
	for f := range b.p {
		b.p[f] /= sum
	}
	return top + math.Log(sum), nil
}

// P is the distribution after the last Normalise. The slice is the belief's own.
func (b *Belief) P() []float64 { return b.p }

// WeightOfEvidence is Good's weight, in nats, of one piece of evidence for cause f against all others, given the rest
// of the evidence: the change of the log odds of f that the piece makes. p is the distribution with the piece and log
// what the piece added to each cause's logarithm. The bound keeps certainty printable.
func WeightOfEvidence(p, log []float64, f int) float64 {
	const bound = 20
	with, without := 0.0, 0.0
	for g, w := range p {
		if g == f || w == 0 {
			continue
		}
		with += w
		without += w * math.Exp(log[f]-log[g])
	}
	if with == 0 || without == 0 {
		return 0
	}
	return max(-bound, min(bound, math.Log(without/with)))
}

package localise

import "math"

// Shares localises why more terminals fail than on an ordinary day. Of says how many there are in each leaf, Actual how
// many of them fail, Expected how many do on an ordinary day.
func Shares(t Table, o Options) []Cause {
	c := newCube(t, func(row int) bool { return t.Of[row] > 0 })
	if len(c.leaves) == 0 {
		return nil
	}
	return newFinder(c, newShares(t, c, o), o).causes()
}

// shares is the evidence of failures: under a cause each terminal fails with the same chance.
type shares struct {
	failing, of, base []float64
	least             float64 // smallest share that is a cause
}

// bounds of a chance, so that no terminal is impossible.
const (
	rarest = 1e-4
	surest = 0.995
	excess = 1.5 // a cause fails at least this much more often than an ordinary day
)

func newShares(t Table, c *cube, o Options) *shares {
	s := &shares{least: o.MinLevel}
	for _, row := range c.leaves {
		s.failing, s.of = append(s.failing, t.Actual[row]), append(s.of, t.Of[row])
		s.base = append(s.base, min(max(t.Expected[row]/t.Of[row], rarest), 0.5))
	}
	return s
}

func (s *shares) like(i int, p float64) float64 {
	return s.failing[i]*math.Log(p) + (s.of[i]-s.failing[i])*math.Log1p(-p)
}

func (s *shares) ordinary(out []float64) {
	for i := range out {
		out[i] = s.like(i, s.base[i])
	}
}

// under is no better than the ordinary day where that is nearly as bad: a cause must be worse, not merely different.
func (s *shares) under(leaf int32, level float64) float64 {
	return s.like(int(leaf), min(max(level, excess*s.base[leaf], rarest), surest))
}

// levels are shares from sure to slight, each about half as unlikely to miss as the one before.
func (s *shares) levels(_ []float64, most int) []float64 {
	var out []float64
	for _, p := range []float64{0.97, 0.6, 0.3, 0.15, 0.07, 0.035} {
		if p >= s.least && len(out) < most {
			out = append(out, p)
		}
	}
	return out
}

// precision is nothing: what one leaf shows of a share is no more than a bit or two.
func (s *shares) precision() float64 { return 0 }

// compare: all levels are about the same failures.
func (s *shares) compare() int { return math.MaxInt }

// step: a share is fitted in any case.
func (s *shares) step(float64) float64 { return 0 }

func (s *shares) fit(leaves []int32, near float64, weight []float64) float64 {
	failing, of := 0.0, 0.0
	for _, i := range leaves {
		failing += weight[i] * s.failing[i]
		of += weight[i] * s.of[i]
	}
	if of <= 0 {
		return near
	}
	return min(max(failing/of, s.least), surest)
}

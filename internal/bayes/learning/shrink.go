package learning

import "math"

// Cell is one stratum and one cause: how many cases there were, and how many were expected were the stratum like all
// others.
type Cell struct{ Observed, Expected float64 }

// Shrunk is what the strata teach.
type Shrunk struct {
	Strength float64   // how many expected cases a cell needs before its own count weighs as much as the fleet's
	Factors  []float64 // what each cell's rate is to be multiplied by
}

// Bounds of the strength of shrinkage: at the upper one strata do not differ by more than chance.
const (
	leastStrength = 0.1
	mostStrength  = 1e4
)

// Shrink estimates factors of rates by strata. Each cell's true factor is taken to be drawn from a Gamma with mean 1,
// and its count from a Poisson around factor × expected; how much the factors differ is estimated from all cells
// together (negative binomial likelihood), so that strata which differ by chance only stay at 1.
func Shrink(cells []Cell) Shrunk {
	log := maximise(math.Log(leastStrength), math.Log(mostStrength), func(x float64) float64 {
		k, sum := math.Exp(x), 0.0
		for _, c := range cells {
			if c.Expected <= 0 {
				continue
			}
			sum += lgamma(k+c.Observed) - lgamma(k) + k*math.Log(k/(k+c.Expected)) + c.Observed*math.Log(c.Expected/(k+c.Expected))
		}
		return sum
	})
	out := Shrunk{Strength: math.Exp(log), Factors: make([]float64, len(cells))}
	for i, c := range cells {
		out.Factors[i] = (out.Strength + c.Observed) / (out.Strength + max(c.Expected, 0))
	}
	return out
}

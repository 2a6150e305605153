package learn

import "github.com/posmedic/posmedic/internal/bayes/learning"

// Score is how well a pack does on a set of cases.
type Score struct {
	Cases   int     `json:"cases"`
	Top1    float64 `json:"top1"`
	Top3    float64 `json:"top3"`
	LogLoss float64 `json:"log_loss"` // mean, natural log, of the true fault
	Brier   float64 `json:"brier"`    // mean squared distance between the distribution and what was; 0 best, 2 worst
	ECE     float64 `json:"ece"`      // calibration error of the leading fault, bins of equal size
	ECELow  float64 `json:"ece_low"`  // its bootstrap interval of 95 %
	ECEHigh float64 `json:"ece_high"`
	Floor   float64 `json:"ece_floor"` // what perfect calibration would show on so many cases
	Harmful int     `json:"harmful"`   // cases in which a step would be advised that breaks a hazard of the true fault
}

// tally gathers what a score is made of.
type tally struct {
	readings []learning.Reading
	top1     int
	top3     int
	harmful  int
}

// add takes in one case.
func (t *tally) add(s Standing) {
	t.readings = append(t.readings, learning.Short(s.LeadsP, s.P, s.Rank == 1))
	if s.Rank == 1 {
		t.top1++
	}
	if s.Rank >= 1 && s.Rank <= 3 {
		t.top3++
	}
	if s.Harmful {
		t.harmful++
	}
}

// How calibration is measured.
const (
	bins      = 10
	resamples = 200
)

func (t *tally) score() Score {
	s := Score{Cases: len(t.readings), Harmful: t.harmful}
	if s.Cases == 0 {
		return s
	}
	n := float64(s.Cases)
	sum := learning.Summarise(t.readings, bins, resamples)
	s.Top1, s.Top3, s.LogLoss, s.Brier, s.Floor = float64(t.top1)/n, float64(t.top3)/n, sum.LogLoss, sum.Brier, sum.Floor
	s.ECE, s.ECELow, s.ECEHigh = sum.ECE.Value, sum.ECE.Low, sum.ECE.High
	return s
}

// losses are the log losses, case by case.
func (t *tally) losses() []float64 {
	out := make([]float64, len(t.readings))
	for i := range t.readings {
		out[i] = learning.LogLoss(t.readings[i : i+1])
	}
	return out
}

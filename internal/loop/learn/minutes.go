package learn

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/pack"
)

// What a step costs in time.
const (
	authorsTimings = 5.0 // how many measured times the authors' figure is worth
	leastTimings   = 3
	longestTaken   = 3 * 24 * time.Hour // what took longer was forgotten, not worked on
	shortestTaken  = 6 * time.Second
	leastShift     = 1.2 // a figure that fits within this factor is left alone
)

// minuteChanges moves the minutes of steps and of questions towards the times they really took. Times of work are spread
// like a log-normal, with a long tail of interruptions, so logarithms are averaged: the figure becomes the typical time and
// one forgotten job cannot move it.
func minuteChanges(p *pack.Pack, records []Record) []Change {
	steps, questions := map[string][]float64{}, map[string][]float64{}
	for _, r := range records {
		for _, s := range r.Steps {
			gather(steps, s.ID, s.Took)
		}
		for _, q := range r.Questions {
			gather(questions, q.Variable, q.Took)
		}
	}
	var out []Change
	for _, id := range slices.Sorted(maps.Keys(steps)) {
		if s, ok := p.Step(id); ok {
			if to, moved := typical(s.Cost.DowntimeMin, steps[id]); moved {
				out = append(out, minutes(Change{Step: id}, s.Cost.DowntimeMin, to, len(steps[id])))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(questions)) {
		if v, ok := p.Variable(id); ok {
			if to, moved := typical(v.Minutes, questions[id]); moved {
				out = append(out, minutes(Change{Variable: id}, v.Minutes, to, len(questions[id])))
			}
		}
	}
	return out
}

func gather(into map[string][]float64, id string, took time.Duration) {
	if took > 0 && took <= longestTaken {
		into[id] = append(into[id], math.Log(max(took, shortestTaken).Minutes()))
	}
}

func typical(authors float64, logs []float64) (float64, bool) {
	if len(logs) < leastTimings {
		return 0, false
	}
	slices.Sort(logs) // one order, one sum
	prior := math.Log(max(cmp.Or(authors, 1), shortestTaken.Minutes()))
	sum := authorsTimings * prior
	for _, l := range logs {
		sum += l
	}
	to := sum / (authorsTimings + float64(len(logs)))
	return math.Exp(to), math.Abs(to-prior) >= math.Log(leastShift)
}

func minutes(c Change, from, to float64, n int) Change {
	c.What, c.Cases = Minutes, float64(n)
	c.From = pack.Number{Mean: from, Experience: authorsTimings}
	c.To = pack.Number{Mean: to, Experience: authorsTimings + float64(n)}
	return c
}

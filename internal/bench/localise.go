package bench

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/incident/localise"
)

// LocaliseConfig says which mass failures to localise.
type LocaliseConfig struct {
	Dir      string                // folders with injection_info.csv and the leaves of each case
	Progress func(done, cases int) // may be nil
	Missed   func(file string, truth, got []string)
}

// LocaliseScore compares what was named with what is known: a combination counts when it is named exactly.
type LocaliseScore struct {
	Cases          int     `json:"cases"`
	F1             float64 `json:"f1"`
	Precision      float64 `json:"precision"`
	Recall         float64 `json:"recall"`
	SecondsPerCase float64 `json:"seconds_per_case"` // with reading the leaves

	right, named, known int
	seconds             float64
}

// LocaliseResult is the figure of all cases and of each folder.
type LocaliseResult struct {
	LocaliseScore
	BySetting map[string]LocaliseScore `json:"by_setting"`
}

// Localise reads each case and names its causes, one case after the other.
func Localise(ctx context.Context, cfg LocaliseConfig) (LocaliseResult, error) {
	settings, err := readMassFailures(cfg.Dir)
	if err != nil {
		return LocaliseResult{}, err
	}
	total, done := 0, 0
	for _, s := range settings {
		total += len(s.cases)
	}
	out := LocaliseResult{BySetting: map[string]LocaliseScore{}}
	for _, s := range settings {
		score := out.BySetting[s.setting]
		for _, c := range s.cases {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			one, err := cfg.measure(c)
			if err != nil {
				return out, err
			}
			score.add(one)
			done++
			if cfg.Progress != nil {
				cfg.Progress(done, total)
			}
		}
		out.add(score)
		out.BySetting[s.setting] = score.finished()
	}
	out.LocaliseScore = out.finished()
	return out, nil
}

// measure localises one case.
func (cfg LocaliseConfig) measure(c massFailure) (LocaliseScore, error) {
	begin := time.Now()
	table, err := readLeaves(c.file)
	if err != nil {
		return LocaliseScore{}, err
	}
	causes := localise.Amounts(table, localise.DefaultOptions())
	s := LocaliseScore{Cases: 1, seconds: time.Since(begin).Seconds(), named: len(causes), known: len(c.truth)}
	var got []string
	for _, cause := range causes {
		got = append(got, combination(table, cause))
	}
	for _, known := range c.truth {
		if slices.Contains(got, known) {
			s.right++
		}
	}
	if cfg.Missed != nil && (s.right < s.named || s.right < s.known) {
		cfg.Missed(c.file, c.truth, got)
	}
	return s, nil
}

// combination writes a cause as the lists of cases do.
func combination(t localise.Table, c localise.Cause) string {
	var pairs []string
	for _, p := range c.Pairs {
		pairs = append(pairs, t.Columns[p.Column].Name+"="+t.Columns[p.Column].Values[p.Value])
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func (s *LocaliseScore) add(o LocaliseScore) {
	s.Cases += o.Cases
	s.right += o.right
	s.named += o.named
	s.known += o.known
	s.seconds += o.seconds
}

// finished works the shares out of the counts.
func (s LocaliseScore) finished() LocaliseScore {
	share := func(part, of int) float64 {
		if of == 0 {
			return 0
		}
		return float64(part) / float64(of)
	}
	s.Precision, s.Recall = share(s.right, s.named), share(s.right, s.known)
	s.F1 = share(2*s.right, s.named+s.known)
	if s.Cases > 0 {
		s.SecondsPerCase = s.seconds / float64(s.Cases)
	}
	return s
}

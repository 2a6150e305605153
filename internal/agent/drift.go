package agent

import (
	"time"

	"github.com/posmedic/posmedic/wire"
)

// noticeable is how far the wall clock must jump against the steady one to count as having been set.
const noticeable = 30 * time.Second

// maxSteps bounds how many settings of the clock are remembered; a clock that is set more often cannot be helped.
const maxSteps = 8

// drift notices when the terminal's clock is set, so that reports queued before it can be put right: the gateway
// would otherwise see them as years old, just when a wrong clock was repaired.
type drift struct {
	wall   time.Time
	steady time.Time // carries Go's monotonic reading
	steps  []step
}

// step is one setting of the clock: reports up to seq were stamped by a clock that was behind by.
type step struct {
	seq uint64
	by  time.Duration
}

func newDrift(wall time.Time) drift { return drift{wall: wall, steady: time.Now()} }

// look compares the clocks; seq is the last report stamped so far.
func (d *drift) look(wall time.Time, seq uint64) {
	now := time.Now()
	by := wall.Round(0).Sub(d.wall.Round(0)) - now.Sub(d.steady)
	d.wall, d.steady = wall, now
	if by.Abs() < noticeable || seq == 0 {
		return
	}
	if len(d.steps) == maxSteps {
		d.steps = d.steps[1:]
	}
	d.steps = append(d.steps, step{seq, by})
}

// correct puts the times of this boot's reports onto the clock as it is now.
func (d *drift) correct(boot string, reports []wire.Report) {
	for i := range reports {
		if reports[i].Boot != boot {
			continue
		}
		var by time.Duration
		for _, s := range d.steps {
			if reports[i].Seq <= s.seq {
				by += s.by
			}
		}
		if by != 0 {
			shift(&reports[i], by)
		}
	}
}

func shift(r *wire.Report, by time.Duration) {
	move := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
	move(&r.At)
	for i := range r.Readings {
		move(&r.Readings[i].At)
	}
	for i := range r.Findings {
		move(&r.Findings[i].At)
	}
	for i := range r.Host {
		move(&r.Host[i].At)
	}
}

package silence

import "math"

const (
	lookAhead  = 72  // hours of the future that are weighed: later an alarm spares nothing that it does not spare sooner
	restWeight = 0.1 // of an hour's weight that remains after days: by then somebody has called
)

// worth is the log of what an alarm at the end of hour h saves for each false alarm that waiting might spare: over all later
// moments to tell, the least of (what is lost until then) / (how much less often a healthy terminal is silent until then,
// times how often a silence begins). The first moment at which it exceeds a price is the one that makes
// price × false alarms + losses least.
func (t *Terminal) worth(c *Class, h Hour, today, hourWeight float64) float64 {
	r := t.rates(c)
	p := t.path(c, h)
	now := p.chance()
	least, lost := math.Inf(1), 0.0
	for j := h + 1; j <= h+lookAhead; j++ {
		if j.begins() {
			p.midnight(j.Day())
			today = 1
		}
		rate := r.at(j.OfWeek())
		silent := float64(t.Silent) + float64(j-h)
		lost += rate + hourWeight*(restWeight+math.Exp(-silent/HoursOfDay))
		if rate < negligible {
			continue
		}
		p.silent += rate * today
		later := p.chance()
		if spared := now - later; spared > 1e-12 {
			least = min(least, lost/spared)
		}
		if later < 0.02*now {
			break
		}
	}
	return math.Log(min(least, math.MaxFloat32) / max(float64(t.Runs), 1))
}

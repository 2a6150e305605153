package incident

import "time"

// weekHours are the hours of a week: shops sell, close and are switched off by them.
const weekHours = 7 * 24

// Tally is how many terminals showed a symptom in one hour of the week, of how many, weighted by how long they were looked
// at. Older weeks fade.
type Tally struct {
	Hour    int     `json:"hour"` // 0 is Sunday from midnight, UTC
	Symptom Symptom `json:"symptom"`
	Showing float64 `json:"showing"` // terminal hours
	Of      float64 `json:"of"`
}

// The strength of what is assumed before anything was seen, and of what the other hours say about one, in terminal hours.
const (
	assumed    = 0.03 // of terminals show a symptom on an ordinary day; a third of it each finer symptom
	assumedFor = 50
	hourFor    = 200
	fade       = 0.8 // what a week counts in the next
	mostUsual  = 0.9 // more than this is never ordinary
	leastUsual = 0.002
)

// ordinary learns what the fleet is like on a day without incident.
type ordinary struct {
	hours [weekHours]map[Symptom]Tally
	total map[Symptom]Tally
	at    time.Time // of the newest sample
}

func newOrdinary() *ordinary {
	o := &ordinary{total: map[Symptom]Tally{}}
	for h := range o.hours {
		o.hours[h] = map[Symptom]Tally{}
	}
	return o
}

func hourOf(t time.Time) int { t = t.UTC(); return int(t.Weekday())*24 + t.Hour() }

// load takes what was learnt before.
func (o *ordinary) load(list []Tally) {
	for _, t := range list {
		if t.Hour >= 0 && t.Hour < weekHours {
			o.hours[t.Hour][t.Symptom] = t
			o.sum(t.Symptom, t.Showing, t.Of)
		}
	}
}

func (o *ordinary) sum(s Symptom, showing, of float64) {
	t := o.total[s]
	o.total[s] = Tally{Symptom: s, Showing: t.Showing + showing, Of: t.Of + of}
}

// sampleEvery is how often the fleet is sampled; a sample weighs as long as it stands for.
const sampleEvery = time.Minute

// learn samples terminals that no incident explains. It gives the tallies of the hour that has just ended, to be kept.
func (o *ordinary) learn(members []Member, now time.Time) []Tally {
	gone := now.Sub(o.at)
	if gone < sampleEvery {
		return nil
	}
	var ended []Tally
	if last := hourOf(o.at); !o.at.IsZero() && last != hourOf(now) {
		for _, t := range o.hours[last] {
			ended = append(ended, t)
		}
		o.begin(hourOf(now))
	}
	o.at = now
	hours := min(gone, 2*sampleEvery).Hours() // a pause is no evidence
	for _, s := range symptoms() {
		showing := 0
		for _, m := range members {
			if m.shown(s) {
				showing++
			}
		}
		o.add(hourOf(now), s, float64(showing)*hours, float64(len(members))*hours)
	}
	return ended
}

// begin lets what an hour of the week was like before count less than what it will be like.
func (o *ordinary) begin(hour int) {
	for s, t := range o.hours[hour] {
		o.sum(s, (fade-1)*t.Showing, (fade-1)*t.Of)
		t.Showing *= fade
		t.Of *= fade
		o.hours[hour][s] = t
	}
}

func (o *ordinary) add(hour int, s Symptom, showing, of float64) {
	t := o.hours[hour][s]
	o.hours[hour][s] = Tally{Hour: hour, Symptom: s, Showing: t.Showing + showing, Of: t.Of + of}
	o.sum(s, showing, of)
}

// share is the part of terminals that show a symptom at this hour of an ordinary week: its own where it has been seen long
// enough, that of all hours where not.
func (o *ordinary) share(s Symptom, now time.Time) float64 {
	before := assumed
	if s != CannotSell {
		before = assumed / 3
	}
	all := o.total[s]
	usual := (all.Showing + assumedFor*before) / (all.Of + assumedFor)
	hour := o.hours[hourOf(now)][s]
	usual = (hour.Showing + hourFor*usual) / (hour.Of + hourFor)
	return min(max(usual, leastUsual), mostUsual)
}

package incident

import (
	"fmt"
	"testing"
	"time"
)

func TestOrdinaryLearnsTheHoursOfTheWeek(t *testing.T) {
	t.Parallel()
	var fleet []Member
	for i := range 200 {
		fleet = append(fleet, Member{Terminal: fmt.Sprint(i), Symptom: Silent})
	}
	o := newOrdinary()
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	kept := map[[2]string]Tally{}
	for at := start; at.Before(start.AddDate(0, 0, 21)); at = at.Add(time.Minute) {
		for i := range fleet {
			fleet[i].Failing = at.Hour() < 6 && i < 160 // switched off at night
		}
		for _, tally := range o.learn(fleet, at) {
			kept[[2]string{fmt.Sprint(tally.Hour), string(tally.Symptom)}] = tally
		}
	}
	night, day := start.AddDate(0, 0, 21).Add(3*time.Hour), start.AddDate(0, 0, 21).Add(15*time.Hour)
	if got := o.share(Silent, night); got < 0.6 || got > 0.85 {
		t.Errorf("at night %.2f are silent", got)
	}
	if got := o.share(Silent, day); got > 0.15 {
		t.Errorf("by day %.2f are silent", got)
	}
	if got := o.share(SignIn, day); got > 0.01 {
		t.Errorf("nobody was ever refused, and %.3f is ordinary", got)
	}
	again := newOrdinary()
	for _, tally := range kept {
		again.load([]Tally{tally})
	}
	if a, b := o.share(Silent, night), again.share(Silent, night); b < a-0.1 || b > a+0.1 {
		t.Errorf("after a restart %.3f, before %.3f", b, a)
	}
}

func TestNothingIsKnownOfAFleetAtFirst(t *testing.T) {
	t.Parallel()
	o, now := newOrdinary(), time.Now()
	if got := o.share(CannotSell, now); got != assumed {
		t.Errorf("cannot sell: %v", got)
	}
	if got := o.share(SignIn, now); got >= assumed {
		t.Errorf("a symptom: %v", got)
	}
	if list := o.learn([]Member{{Failing: true}}, now); list != nil {
		t.Errorf("no hour has ended: %v", list)
	}
	if list := o.learn(nil, now.Add(time.Second)); list != nil || o.at != now {
		t.Errorf("a sample after a second: %v", list)
	}
}

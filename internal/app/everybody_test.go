package app

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/loop/observe"
)

func TestAFailingTerminalIsJudgedByWhatItShows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	e := &everybody{rooms: &rooms{cfg: DefaultConfig()}}
	for name, c := range map[string]struct {
		state   observe.State
		symptom incident.Symptom // empty: it does not fail
		since   time.Time
	}{
		"it has never been silent":     {observe.State{ContactAt: ago(0), Expects: time.Minute}, "", time.Time{}},
		"a finding has not settled":    {observe.State{ContactAt: ago(0), Expects: time.Minute, Adverse: ago(0)}, "", time.Time{}},
		"its sign-in is refused":       {observe.State{Failures: 2, FailKind: observe.SignIn, FailCode: "97", FailSince: ago(9)}, incident.SignIn, ago(9)},
		"its sales get no answer":      {observe.State{Failures: 1, FailKind: observe.Sale, FailSince: ago(3), StoppedSince: ago(2)}, incident.NoAnswer, ago(3)},
		"its sales are refused":        {observe.State{Failures: 3, FailKind: observe.Sale, FailCode: "96", FailSince: ago(4)}, incident.Declined, ago(4)},
		"its agent is silent":          {observe.State{ContactAt: ago(60), Expects: time.Minute}, incident.Silent, ago(60)},
		"it was found silent":          {observe.State{ContactAt: ago(60), Expects: time.Minute, StoppedSince: ago(50), StoppedBy: observe.BySilence}, incident.Silent, ago(60)},
		"it says itself that it fails": {observe.State{ContactAt: ago(0), Expects: time.Minute, Adverse: ago(8), StoppedSince: ago(7)}, incident.CannotSell, ago(8)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := e.judged(incident.Member{Terminal: "t"}, c.state, true, now)
			if got.Failing != (c.symptom != "") || got.Symptom != c.symptom || !got.Since.Equal(c.since) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTerminalsThatAreAlikeShareAMap(t *testing.T) {
	t.Parallel()
	alike := map[string]map[incident.Attribute]string{}
	listed := func(area string) fleet.Listed {
		return fleet.Listed{
			Terminal: fleet.Terminal{Acquirer: "q", Site: "s", Attributes: map[fleet.Attribute]string{
				fleet.Host: "h", fleet.Carrier: "c", fleet.Cell: "e", fleet.Region: "r", fleet.AppVersion: "v", fleet.Firmware: "f",
				fleet.Params: "p", fleet.Certificate: "k",
			}},
			Area: area, Device: &fleet.Device{Model: "m"},
		}
	}
	one, two, other := sharesOf(listed("a"), alike), sharesOf(listed("a"), alike), sharesOf(listed(""), alike)
	if len(alike) != 2 || len(one) != 12 || len(two) != 12 || len(other) != 11 {
		t.Errorf("%d maps: %v, %v", len(alike), one, other)
	}
}

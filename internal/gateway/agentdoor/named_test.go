package agentdoor_test

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/wire"
)

func TestAValueIsMaskedWhenItsNameGivesItAway(t *testing.T) {
	t.Parallel()
	known := func(string, string) bool { return true }
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, name := range []string{"pin_block", "pin"} {
		value := "0412AC89ABCDEF67"
		if name == "pin" {
			value = "482913"
		}
		p, tally, err := agentdoor.ScreenProgress(wire.Progress{
			ID: "att_1", State: "done", At: now, Proof: map[string]string{name: value, "app_pid_after": "4711"},
		}, now, known)
		if err != nil {
			t.Fatal(err)
		}
		if p.Proof[name] == value || tally[agentdoor.TextCard] != 1 {
			t.Errorf("%s: %q passed the door, counted %d", name, p.Proof[name], tally[agentdoor.TextCard])
		}
		if p.Proof["app_pid_after"] != "4711" {
			t.Errorf("%s: an innocent value was lost: %v", name, p.Proof)
		}
		s, err := agentdoor.Screen(wire.Batch{Version: wire.Version, SentAt: now, Reports: []wire.Report{{
			Boot: "boot_1", Seq: 1, At: now, Readings: []wire.Reading{{Name: name, Text: value, At: now}},
		}}}, now, known)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Batch.Reports[0].Readings {
			if r.Text == value {
				t.Errorf("%s passed the door as a reading", name)
			}
		}
	}
}

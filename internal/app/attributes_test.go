package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/pack"
)

// TestWhatIsCommonerWithOneCarrierIsWeighedThere puts a context by carrier into force and diagnoses a terminal of it.
func TestWhatIsCommonerWithOneCarrierIsWeighedThere(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	registered, _, _ := w.terminal(t, "10000001")
	listed, err := w.keys.Fleet.Get(t.Context(), registered.ID)
	if err != nil {
		t.Fatal(err)
	}
	area := listed.Area
	if area == "" {
		t.Fatalf("the terminal stands nowhere: %+v", listed)
	}
	evidence := func() map[string]finding.Finding {
		t.Helper()
		c, err := w.keys.Cases.Get(t.Context(), w.openCase(t, registered.ID, "收款应用卡死了"))
		if err != nil {
			t.Fatal(err)
		}
		var d struct{ Evidence []finding.Finding }
		if err := json.Unmarshal(c.Diagnosis, &d); err != nil {
			t.Fatal(err)
		}
		return finding.Collect(d.Evidence...)
	}
	builtin := w.keys.Knowledge.Pack()
	candidate := learn.Candidate{ID: "cand_test", Changes: []learn.Change{{
		What: learn.Context, Fault: "sw_hang", Attribute: learn.Region, Value: area,
		From: pack.Number{Mean: 1, Experience: 10}, To: pack.Number{Mean: 3, Experience: 40},
	}}}
	after, err := learn.Apply(builtin, candidate)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.keys.Knowledge.Promote(t.Context(), after, time.Now()); err != nil {
		t.Fatal(err)
	}
	got := evidence()
	if f := got[learn.Region]; f.State != area || f.Source != finding.TMS {
		t.Errorf("%+v", got)
	}
	if _, there := got[learn.Carrier]; there {
		t.Error("an attribute by which nothing differs became evidence")
	}
}

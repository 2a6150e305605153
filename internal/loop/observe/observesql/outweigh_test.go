package observesql_test

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func TestASaleOutweighsWhatAProbeOnceSaw(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		seen finding.Finding
		held bool
	}{
		"one look of a probe":             {finding.Finding{Variable: "host_connect_test", State: "no_connection", Source: finding.Probe}, false},
		"a sign of tampering stands":      {finding.Finding{Variable: "tamper_flag", State: "set", Source: finding.TMS}, true},
		"what a person says stands":       {finding.Finding{Variable: "screen_state", State: "blank", Source: finding.Merchant}, true},
		"what says nothing against sales": {finding.Finding{Variable: "link_type", State: "wifi", Source: finding.Probe}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				s := newStage(t, db)
				tt.seen.At = s.now
				s.report(t, 1, tt.seen)
				s.now = s.now.Add(time.Minute)
				sells(t, s, "1")
				set := finding.Collect(s.evidence(t, "t-1").Findings...)
				if !set.Is(tt.seen.Variable, tt.seen.State) {
					t.Fatal("a sale a minute after a report proves nothing yet: the next report may say the same")
				}
				s.now = s.now.Add(time.Minute)
				sells(t, s, "2")
				set = finding.Collect(s.evidence(t, "t-1").Findings...)
				if set.Is(tt.seen.Variable, tt.seen.State) != tt.held {
					t.Errorf("held %v, want %v", !tt.held, tt.held)
				}
			})
		})
	}
}

func sells(t *testing.T, s *stage, id string) {
	t.Helper()
	_, err := s.Accept(t.Context(), []observe.Record{{ID: id, At: s.now, Message: &observe.HostMessage{
		TID: "1", Kind: observe.Sale, Code: "00", STAN: id, RRN: "r" + id,
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestACallIsHeardAlsoWhenTheTerminalHasLongStopped(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newStage(t, db)
		s.report(t, 1)
		for want := 1; want <= 2; want++ {
			if err := s.Call(t.Context(), "t-1"); err != nil {
				t.Fatal(err)
			}
			if n := s.kinds(t)[observe.StoppedEvent]; n != want {
				t.Errorf("after %d calls the event has left %d times", want, n)
			}
			if st := s.evidence(t, "t-1").State; st.StoppedBy != observe.ByPerson || !st.StoppedSince.Equal(start) {
				t.Errorf("state %+v", st)
			}
			s.now = s.now.Add(time.Minute)
		}
	})
}

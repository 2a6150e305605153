package agentdoor

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func all(string, string) bool { return true }

// screened screens reports sent at a terminal's clock.
func screened(t *testing.T, sentAt time.Time, reports ...wire.Report) Screened {
	t.Helper()
	s, err := Screen(wire.Batch{Version: wire.Version, SentAt: sentAt, Reports: reports}, noon, all)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ours gives a time of a batch by our clock, as whoever takes the batch does.
func ours(b wire.Batch, t time.Time) time.Time {
	if b.SentAt.IsZero() {
		return t
	}
	return noon.Add(-b.SentAt.Sub(t))
}

func TestScreenTimes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sentAt, at, want time.Time
		code             Code
	}{
		"a right clock is left alone":                                      {noon, noon.Add(-time.Hour), noon.Add(-time.Hour), ""},
		"a clock a little off is understood, and not worth a word":         {noon.Add(time.Minute), noon.Add(time.Minute), noon, ""},
		"a clock hours ahead is put right":                                 {noon.Add(3 * time.Hour), noon.Add(2 * time.Hour), noon.Add(-time.Hour), ReportSkew},
		"a clock back in 1970 is put right":                                {time.Unix(60, 0), time.Unix(30, 0), noon.Add(-30 * time.Second), ReportSkew},
		"a right report sent after the clock broke keeps its time":         {time.Unix(60, 0), noon.Add(-time.Hour), noon.Add(-time.Hour), ReportSkew},
		"a report from the future sent by a right clock is as old as now":  {noon, noon.Add(time.Hour), noon, ReportAhead},
		"without a sending time a report from the future is as old as now": {time.Time{}, noon.Add(time.Hour), noon, ReportAhead},
		"a report at the edge of age is taken":                             {noon, noon.Add(-wire.MaxReportAge), noon.Add(-wire.MaxReportAge), ""},
		"a report beyond the edge is refused":                              {noon, noon.Add(-wire.MaxReportAge - time.Second), time.Time{}, ReportOld},
		"a clock at the end of time does not overflow":                     {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), noon, ReportAhead},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := screened(t, c.sentAt, wire.Report{Boot: "b", Seq: 1, At: c.at})
			if c.code != "" && s.Tally[c.code] != 1 {
				t.Fatalf("not counted: %v", s.Tally)
			}
			if c.want.IsZero() {
				if len(s.Refused) != 1 || s.Refused[0].Code != string(c.code) || len(s.Batch.Reports) != 0 {
					t.Fatalf("got %+v", s)
				}
				return
			}
			if got := ours(s.Batch, s.Batch.Reports[0].At); !got.Equal(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("the parts move with their report and are never later than it", func(t *testing.T) {
		t.Parallel()
		ahead := noon.Add(3 * time.Hour)
		s := screened(t, ahead, wire.Report{Boot: "b", Seq: 1, At: ahead,
			Readings: []wire.Reading{{Name: "a", At: ahead.Add(-time.Minute)}, {Name: "b"}},
			Findings: []finding.Finding{{Variable: "v", State: "s", At: ahead.Add(time.Hour)}},
			Host:     []wire.HostAnswer{{MTI: "0800", Kind: "echo", At: ahead.Add(-time.Second), MS: -5}}})
		r := s.Batch.Reports[0]
		is := func(t, want time.Time) bool { return ours(s.Batch, t).Equal(want) }
		if !is(r.Readings[0].At, noon.Add(-time.Minute)) || !is(r.Readings[1].At, noon) || !is(r.Findings[0].At, noon) ||
			!is(r.Host[0].At, noon.Add(-time.Second)) || r.Host[0].MS != 0 {
			t.Fatalf("got %+v", r)
		}
	})
}

func TestScreenParts(t *testing.T) {
	t.Parallel()
	one := func(r wire.Report) wire.Report { r.Boot, r.Seq, r.At = "b", 1, noon; return r }
	t.Run("reports are put in order, boots as they came", func(t *testing.T) {
		t.Parallel()
		var reports []wire.Report
		for _, id := range []identity{{"new", 2}, {"old", 9}, {"new", 1}, {"new", 2}} {
			reports = append(reports, wire.Report{Boot: id.boot, Seq: id.seq, At: noon})
		}
		s := screened(t, noon, reports...)
		var got []identity
		for _, r := range s.Batch.Reports {
			got = append(got, identity{r.Boot, r.Seq})
		}
		want := []identity{{"new", 1}, {"new", 2}, {"old", 9}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(identity{})); diff != "" || s.Tally[ReportOrder] != 1 || s.Tally[ReportDuplicate] != 1 {
			t.Fatalf("%s %v", diff, s.Tally)
		}
	})
	t.Run("a report without identity is refused", func(t *testing.T) {
		t.Parallel()
		s := screened(t, noon, wire.Report{Boot: "", Seq: 1, At: noon}, wire.Report{Boot: "b", At: noon}, wire.Report{Boot: "a b", Seq: 1, At: noon})
		if len(s.Refused) != 3 || s.Tally[ReportIdentity] != 3 {
			t.Fatalf("got %+v", s)
		}
	})
	t.Run("a report with too many parts is refused", func(t *testing.T) {
		t.Parallel()
		s := screened(t, noon, one(wire.Report{Readings: make([]wire.Reading, wire.MaxReadings+1)}))
		if len(s.Refused) != 1 || s.Refused[0].Code != string(ReportLarge) || s.Refused[0].Seq != 1 {
			t.Fatalf("got %+v", s)
		}
	})
	t.Run("a value that is no number is left out", func(t *testing.T) {
		t.Parallel()
		s := screened(t, noon, one(wire.Report{Readings: []wire.Reading{
			{Name: "a", Value: math.NaN()}, {Name: "b", Value: math.Inf(-1)}, {Name: "c", Value: 1}, {Name: "Not A Name"}}}))
		if got := s.Batch.Reports[0].Readings; len(got) != 1 || got[0].Name != "c" || s.Tally[ReadingValue] != 2 || s.Tally[ReadingName] != 1 {
			t.Fatalf("got %+v %v", got, s.Tally)
		}
	})
	t.Run("a long text is cut at a rune's edge", func(t *testing.T) {
		t.Parallel()
		s := screened(t, noon, one(wire.Report{Readings: []wire.Reading{{Name: "a", Text: "x" + strings.Repeat("终", wire.MaxTextBytes)}}}))
		got := s.Batch.Reports[0].Readings[0].Text
		if len(got) > wire.MaxTextBytes || len(got) < wire.MaxTextBytes-3 || !utf8.ValidString(got) || s.Tally[TextLong] != 1 {
			t.Fatalf("got %d bytes %v", len(got), s.Tally)
		}
	})
	t.Run("a card number across the cut is masked whole", func(t *testing.T) {
		t.Parallel()
		pan := "4111" + strings.Repeat("1", 12)
		s := screened(t, noon, one(wire.Report{Readings: []wire.Reading{{Name: "a", Text: strings.Repeat("x", wire.MaxTextBytes-14) + " " + pan}}}))
		if got := s.Batch.Reports[0].Readings[0].Text; strings.Contains(got, pan[:13]) {
			t.Fatalf("got %q", got)
		}
	})
	t.Run("findings beyond the pack, the agent's knowledge or certainty are left out and the report stays", func(t *testing.T) {
		t.Parallel()
		known := func(variable, state string) bool { return variable == "app_state" && state == "hung" }
		r := one(wire.Report{Findings: []finding.Finding{
			{Variable: "app_state", State: "hung"}, {Variable: "app_state", State: "dancing"}, {Variable: "mood", State: "fine"},
			{Variable: "app_state", State: "hung", Source: finding.Host}, {Variable: "app_state", State: "hung", Confidence: 2},
			{Variable: "app_state", State: "hung", Confidence: math.NaN()}}})
		s, err := Screen(wire.Batch{Version: 1, SentAt: noon, Reports: []wire.Report{r}}, noon, known)
		if err != nil {
			t.Fatal(err)
		}
		want := []finding.Finding{{Variable: "app_state", State: "hung", At: noon, Source: finding.Probe}}
		if diff := cmp.Diff(want, s.Batch.Reports[0].Findings); diff != "" || s.Tally[FindingUnknown] != 2 || s.Tally[FindingSource] != 1 || s.Tally[FindingDoubt] != 2 {
			t.Fatalf("%s %v", diff, s.Tally)
		}
	})
	t.Run("the sender's list is left as it was", func(t *testing.T) {
		t.Parallel()
		r := one(wire.Report{Readings: []wire.Reading{{Name: "BAD"}, {Name: "good", Text: strings.Repeat("x", 600)}}})
		screened(t, noon, r)
		if r.Readings[0].Name != "BAD" || len(r.Readings[1].Text) != 600 {
			t.Fatalf("got %+v", r)
		}
	})
}

// FuzzReports throws bytes at the decoder and the rules. What comes through must be within the bounds, and screening
// it again must change nothing: the rules have then nothing left to say.
func FuzzReports(f *testing.F) {
	good, err := json.Marshal(wire.Batch{Version: 1, SentAt: noon, Reports: []wire.Report{{Boot: "b", Seq: 1, At: noon,
		Readings: []wire.Reading{{Name: "a", Value: 1, Text: "x", At: noon}}, Findings: []finding.Finding{{Variable: "v", State: "s", At: noon}},
		Host: []wire.HostAnswer{{MTI: "0800", Kind: "echo", At: noon}}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1,"reports":[{"boot":"b","seq":1,"at":"x"},{"boot":"b","seq":-1}]}`))
	f.Add([]byte(`{"version":1,"reports":[null,{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		batch, _, _, err := decodeBatch(raw)
		if err != nil {
			return
		}
		first, err := Screen(batch, noon, all)
		if err != nil {
			return
		}
		for _, r := range first.Batch.Reports {
			at := ours(first.Batch, r.At)
			if at.After(noon.Add(wire.MaxClockAhead)) || at.Before(noon.Add(-wire.MaxReportAge)) || r.Seq == 0 || r.Boot == "" {
				t.Fatalf("got through: %+v", r)
			}
		}
		second, err := Screen(first.Batch, noon, all)
		if err != nil || len(second.Refused) != 0 {
			t.Fatalf("%v %+v", err, second.Refused)
		}
		if diff := cmp.Diff(first.Batch.Reports, second.Batch.Reports); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := noon
	l := newLimiter(rate{Burst: 2, Every: time.Second}, func() time.Time { return now })
	take := func() bool { ok, _ := l.take("k"); return ok }
	if !take() || !take() || take() {
		t.Fatal("the burst is not two")
	}
	if _, after := l.take("k"); after != time.Second {
		t.Fatalf("come back after %v", after)
	}
	now = now.Add(time.Second)
	if !take() || take() {
		t.Fatal("not one more after a second")
	}
	now = now.Add(-time.Hour)
	if take() {
		t.Fatal("a clock that goes back gives tokens")
	}
}

package learn_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/pack"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func number(mean float64) pack.Number {
	return pack.Number{Mean: mean, Experience: 10, Source: "authors"}
}

// small is a pack of two faults, three times as common the one as the other, and a step that cures both.
func small(t *testing.T) *pack.Pack {
	t.Helper()
	words := pack.Text{ZH: "词", EN: "words"}
	hung, cable := pack.Fault{ID: "hung", Name: words, Who: "merchant", Rate: number(30)}, pack.Fault{ID: "cable", Name: words, Who: "merchant", Rate: number(10)}
	hung.Shows = map[string]map[string]pack.Number{"screen": {"frozen": number(0.9)}}
	cable.Shows = map[string]map[string]pack.Number{"screen": {"frozen": number(0.1)}}
	raw, err := pack.Encode(&pack.Pack{
		Ref: pack.Ref{ID: "small", Version: "1", Hash: "00"}, Faults: []pack.Fault{cable, hung},
		Variables: []pack.Variable{{
			ID: "screen", Type: pack.State, Name: words, Leak: []float64{0.9, 0.1},
			States: []pack.StateWords{{ID: "fine", Words: words, Normal: true}, {ID: "frozen", Words: words}},
		}},
		Steps: []pack.Step{
			{ID: "jump", Kind: pack.Repair, By: "merchant", Name: words, Fixes: map[string]pack.Number{"hung": number(0.99)}},
			{ID: "restart", Kind: pack.Repair, By: "merchant", Name: words, Fixes: map[string]pack.Number{"hung": number(0.9), "cable": number(0.2)}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := pack.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func record(credit map[string]float64, age time.Duration, steps ...learn.Step) learn.Record {
	return learn.Record{Case: "c", Outcome: casefile.Confirmed, ClosedAt: noon.Add(-age), Credit: credit, Steps: steps}
}

func TestProposeMovesNumbersAsWorkedOutByHand(t *testing.T) {
	t.Parallel()
	helped, failed := learn.Step{ID: "restart", Helped: true}, learn.Step{ID: "restart"}
	// All rates sum to 40 for an experience of 20 cases: one more case is worth a rate of 2.
	rate := func(fault string, from, to, cases float64) learn.Change {
		return learn.Change{What: "rate", Fault: fault, From: number(from), To: pack.Number{Mean: to, Experience: 10 + cases, Source: "authors"}, Cases: cases}
	}
	fix := func(fault string, from, to, cases float64) learn.Change {
		return learn.Change{What: "fixes", Fault: fault, Step: "restart", From: number(from), To: pack.Number{Mean: to, Experience: 10 + cases, Source: "authors"}, Cases: cases}
	}
	tests := map[string]struct {
		records []learn.Record
		want    []learn.Change
	}{
		"one case of a fault, cured": {
			[]learn.Record{record(map[string]float64{"hung": 1}, 0, helped)},
			[]learn.Change{fix("hung", 0.9, 10.0/11, 1), rate("hung", 30, 32, 1)},
		},
		"tried once in vain, then cured by it": {
			[]learn.Record{record(map[string]float64{"hung": 1}, 0, failed, helped)},
			[]learn.Change{fix("hung", 0.9, 10.0/12, 2), rate("hung", 30, 32, 1)},
		},
		"a case half a year old counts half": {
			[]learn.Record{record(map[string]float64{"hung": 1}, 180*24*time.Hour, helped)},
			[]learn.Change{fix("hung", 0.9, 9.5/10.5, 0.5), rate("hung", 30, 31, 0.5)},
		},
		"a case that two faults share": {
			[]learn.Record{record(map[string]float64{"hung": 0.75, "cable": 0.25}, 0, helped)},
			[]learn.Change{
				fix("cable", 0.2, 2.25/10.25, 0.25), fix("hung", 0.9, 9.75/10.75, 0.75),
				rate("cable", 10, 10.5, 0.25), rate("hung", 30, 31.5, 0.75),
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := learn.Propose(small(t), tt.records, noon)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, c.Changes, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a case without a proof moves nothing", func(t *testing.T) {
		t.Parallel()
		for _, outcome := range []casefile.Outcome{casefile.Recovered, casefile.Unclear} {
			r := record(map[string]float64{"hung": 1}, 0, helped)
			r.Outcome = outcome
			if c, err := learn.Propose(small(t), []learn.Record{r}, noon); !errors.Is(err, learn.ErrNothing) {
				t.Errorf("%s: %+v (%v)", outcome, c.Changes, err)
			}
		}
	})
	t.Run("what is applied is what was proposed, and the pack stays as it was", func(t *testing.T) {
		t.Parallel()
		p := small(t)
		c, err := learn.Propose(p, []learn.Record{record(map[string]float64{"hung": 1}, 0, helped)}, noon)
		if err != nil {
			t.Fatal(err)
		}
		after, err := learn.Apply(p, c)
		if err != nil {
			t.Fatal(err)
		}
		was, _ := p.Fault("hung")
		is, _ := after.Fault("hung")
		other, _ := after.Fault("cable")
		if was.Rate.Mean != 30 || is.Rate.Mean != 32 || other.Rate.Mean != 10 || after.Ref.Hash == p.Ref.Hash {
			t.Errorf("was %v, is %v, the other %v", was.Rate, is.Rate, other.Rate)
		}
	})
}

func TestTheGateRejectsWhatIsWorse(t *testing.T) {
	t.Parallel()
	p := small(t)
	worse, err := pack.Revise(p, "1+worse", func(r *pack.Revision) { r.SetRate("hung", number(0.001)) })
	if err != nil {
		t.Fatal(err)
	}
	seen := []finding.Finding{{Variable: "screen", State: "frozen", At: noon, Source: finding.Probe}}
	held := []learn.Record{{Case: "h", Outcome: casefile.Confirmed, ClosedAt: noon, Evidence: seen, Credit: map[string]float64{"hung": 1}}}
	good := learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.5}
	tests := map[string]struct {
		after learn.Score
		pack  *pack.Pack
		want  string
	}{
		"as good as before":              {good, p, "passed"},
		"harm in one case":               {learn.Score{Cases: 10, Top1: 1, Harmful: 1}, p, "harmful_advice"},
		"the true fault ranked lower":    {learn.Score{Cases: 10, Top1: 0.7, LogLoss: 0.5}, p, "ranks_worse"},
		"surer of what is wrong":         {learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.6}, p, "calibrates_worse"},
		"worse on cases held out":        {good, worse, "held_out_worse"},
		"a difference that chance makes": {learn.Score{Cases: 10, Top1: 0.797, LogLoss: 0.505}, p, "passed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scores := []learn.Score{good, tt.after}
			gate := learn.Gate{Golden: func(*pack.Pack) learn.Score {
				next := scores[0]
				scores = scores[1:]
				return next
			}}
			r := gate.Judge(p, tt.pack, held)
			if r.Why != tt.want || r.Passed != (tt.want == "passed") {
				t.Errorf("%+v", r)
			}
			if r.Held[0].Cases != 1 {
				t.Errorf("%d cases were held out", r.Held[0].Cases)
			}
		})
	}
}

// shelf keeps the last record.
type shelf struct {
	learn.Store
	record learn.Record
}

func (s *shelf) PutRecord(_ context.Context, r learn.Record) error { s.record = r; return nil }

func TestAClosedCaseCreditsWhatItsLastStepCures(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(diagnose.Diagnosis{Ranked: []diagnose.Ranked{{Fault: "hung", P: 0.6}, {Fault: "cable", P: 0.3}, {Fault: "gone", P: 0.1}}})
	if err != nil {
		t.Fatal(err)
	}
	attempt := func(id, step string, kind diagnose.NextKind, minute int, state repair.State) repair.Attempt {
		return repair.Attempt{ID: id, Step: step, Kind: kind, State: state, CreatedAt: noon, EndedAt: noon.Add(time.Duration(minute) * time.Minute)}
	}
	attempts := []repair.Attempt{
		attempt("1", "restart", diagnose.Do, 9, repair.Done), // begun first, ended last
		attempt("2", "jump", diagnose.Do, 5, repair.Done),
		attempt("3", "screen", diagnose.Probe, 10, repair.Done),
		attempt("4", "jump", diagnose.Do, 11, repair.Failed),
	}
	closed := func(outcome casefile.Outcome) learn.Record {
		s, p := &shelf{}, small(t)
		stage := learn.New(learn.Deps{
			Store: s, Pack: func() *pack.Pack { return p },
			Attempts: func(context.Context, string) ([]repair.Attempt, error) { return attempts, nil },
			Case: func(context.Context, string) (casefile.Case, error) {
				return casefile.Case{ID: "c", Outcome: outcome, Diagnosis: raw, ClosedAt: noon}, nil
			},
		})
		if err := stage.OnClosed(t.Context(), event.New(casefile.ClosedEvent, noon, "t", "c", nil)); err != nil {
			t.Fatal(err)
		}
		return s.record
	}
	got := closed(casefile.Confirmed)
	want := []learn.Step{{ID: "jump", Took: 5 * time.Minute}, {ID: "restart", Helped: true, Took: 9 * time.Minute}}
	if diff := cmp.Diff(want, got.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	// 0.6·0.9 against 0.3·0.2: nine to one.
	if diff := cmp.Diff(map[string]float64{"hung": 0.9, "cable": 0.1}, got.Credit, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("credit (-want +got):\n%s", diff)
	}
	if got := closed(casefile.Recovered); got.Credit != nil || got.Steps[1].Helped {
		t.Errorf("nothing is proven: %+v", got)
	}
}

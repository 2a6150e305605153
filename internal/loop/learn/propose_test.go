package learn_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
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
			{ID: "restart", Kind: pack.Repair, By: "merchant", Name: words, Fixes: map[string]pack.Number{"hung": number(0.9), "cable": number(0.2)},
				Cost: pack.Cost{DowntimeMin: 5}},
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

func named(cause string, r learn.Record) learn.Record {
	r.Cause, r.NamedBy = cause, "field_engineer"
	return r
}

func find(t *testing.T, c learn.Candidate, what, fault, step, variable, state string) learn.Change {
	t.Helper()
	for _, ch := range c.Changes {
		if ch.What == what && ch.Fault == fault && ch.Step == step && ch.Variable == variable && ch.State == state {
			return ch
		}
	}
	t.Fatalf("no change of %s %s %s %s %s in %+v", what, fault, step, variable, state, c.Changes)
	return learn.Change{}
}

func propose(t *testing.T, records ...learn.Record) learn.Candidate {
	t.Helper()
	c, err := learn.Propose(small(t), records, noon)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func near(t *testing.T, what string, got, want, slack float64) {
	t.Helper()
	if !(math.Abs(got-want) <= slack) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestProposeMovesNumbersAsWorkedOutByHand(t *testing.T) {
	t.Parallel()
	helped, failed := learn.Step{ID: "restart", Helped: true}, learn.Step{ID: "restart"}
	frozen := []finding.Finding{{Variable: "screen", State: "frozen", At: noon, Source: finding.Probe}}

	t.Run("a latent cause is shared by Bayes' rule under the numbers that come out", func(t *testing.T) {
		t.Parallel()
		c := propose(t, record(nil, 0, helped))
		hung, cable := find(t, c, learn.Rate, "hung", "", "", ""), find(t, c, learn.Rate, "cable", "", "", "")
		helps := func(fault string) float64 {
			p := find(t, c, learn.Fixes, fault, "restart", "", "").To.Mean
			return p + (1-p)*0.02 // the step may have seemed to help
		}
		// All rates sum to 40 for an experience of 20 cases: one case is worth a rate of 2. What no pack knows has 2 % of them.
		unknown := 1 - hung.Cases - cable.Cases
		a, b, u := hung.To.Mean*helps("hung"), cable.To.Mean*helps("cable"), (0.02*20+unknown)*2*0.02
		near(t, "hung's share", hung.Cases, a/(a+b+u), 0.005) // how often the step only seems to help is learned too
		near(t, "cable's share", cable.Cases, b/(a+b+u), 0.005)
		near(t, "hung's rate", hung.To.Mean, 30+2*hung.Cases, 1e-9)
		near(t, "its experience", hung.To.Experience, 10+hung.Cases, 1e-9)
		if c.Learned.Cases != 1 || c.Learned.Named != 0 {
			t.Errorf("learned from %+v", c.Learned)
		}
	})
	t.Run("a step that failed counts against it, and what only seemed to help does not count for it", func(t *testing.T) {
		t.Parallel()
		again := learn.Step{ID: "jump"}
		c := propose(t, named("hung", record(nil, 0, failed, again)))
		restart := find(t, c, learn.Fixes, "hung", "restart", "", "")
		near(t, "cures", restart.To.Mean*restart.To.Experience, 9, 1e-9)
		if restart.Cases < 0.6 || restart.To.Mean > 0.9 {
			t.Errorf("%+v", restart)
		}
	})
	t.Run("a cause that an engineer named is believed, though not blindly", func(t *testing.T) {
		t.Parallel()
		r := named("cable", record(nil, 0, helped))
		r.Evidence = frozen
		c := propose(t, r)
		if cable := find(t, c, learn.Rate, "cable", "", "", ""); cable.Cases < 0.5 || cable.Cases > 0.9 || c.Learned.Named != 1 {
			t.Errorf("%+v", cable)
		}
	})
	t.Run("what a link explains counts for it, and the rest for the leak", func(t *testing.T) {
		t.Parallel()
		r := named("hung", record(nil, 0))
		r.Evidence = frozen
		c := propose(t, r)
		shows, rate := find(t, c, learn.Shows, "hung", "", "screen", "frozen"), find(t, c, learn.Rate, "hung", "", "", "")
		// Link 9 of 10.5 cases, leak 1.5 of 10.5 and a tenth of it frozen; the report is right 99 times of 100.
		if shows.Cases > rate.Cases || shows.Cases < 0.97*rate.Cases || shows.To.Mean <= 0.9 {
			t.Errorf("%+v, of %v", shows, rate.Cases)
		}
		near(t, "its experience", shows.To.Experience, 10.5+shows.Cases, 1e-9) // that the state is listed counts half a case
	})
	t.Run("a case half a year old counts half", func(t *testing.T) {
		t.Parallel()
		c := propose(t, record(nil, 180*24*time.Hour, helped))
		near(t, "its worth", c.Learned.Worth, 0.5, 1e-9)
		if hung := find(t, c, learn.Rate, "hung", "", "", ""); hung.Cases > 0.5 || hung.Cases < 0.4 {
			t.Errorf("%+v", hung)
		}
	})
	t.Run("times that steps took move their minutes, and one forgotten job does not", func(t *testing.T) {
		t.Parallel()
		var records []learn.Record
		for _, took := range []time.Duration{20 * time.Minute, 20 * time.Minute, 20 * time.Minute, 20 * time.Minute, 20 * time.Minute, 1000 * time.Hour} {
			records = append(records, record(nil, 0, learn.Step{ID: "restart", Helped: true, Took: took}))
		}
		m := find(t, propose(t, records...), learn.Minutes, "", "restart", "", "")
		// Five times 20 minutes and five times the author's 5 minutes: the geometric mean is 10.
		near(t, "minutes", m.To.Mean, 10, 1e-9)
		near(t, "before", m.From.Mean, 5, 1e-9)
	})
	t.Run("faults that are commoner with one carrier become a context, and only there", func(t *testing.T) {
		t.Parallel()
		var records []learn.Record
		for i := range 400 {
			r := named("hung", record(nil, 0, helped))
			if r.Attributes = map[string]string{learn.Carrier: "north", "nonsense": "x"}; i%2 == 0 {
				r.Attributes[learn.Carrier] = "south"
				if i%4 == 0 {
					r = named("cable", r)
				}
			}
			records = append(records, r)
		}
		c := propose(t, records...)
		for _, ch := range c.Changes {
			if ch.What == learn.Context && ((ch.Fault == "cable") != (ch.To.Mean > 1) == (ch.Value == "south")) {
				t.Errorf("%+v", ch)
			}
			if ch.Attribute == "nonsense" {
				t.Errorf("learned by %s", ch.Attribute)
			}
		}
		after, err := learn.Apply(small(t), c)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := after.Variable(learn.Carrier); !ok || v.Type != pack.String || len(after.Contexts) != 2 {
			t.Fatalf("%+v, %+v", v, after.Contexts)
		}
		likely := func(carrier string) float64 {
			d := diagnose.New(after, diagnose.Policy{}).Diagnose(diagnose.Input{Now: noon,
				Findings: append(learn.Findings(after, map[string]string{learn.Carrier: carrier}, noon), frozen...)})
			for _, r := range d.Ranked {
				if r.Fault == "cable" {
					return r.P
				}
			}
			return 0
		}
		if n, s, other := likely("north"), likely("south"), likely("elsewhere"); !(n < other && other < s) {
			t.Errorf("cable: %v in the north, %v in the south, %v elsewhere", n, s, other)
		}
	})
	t.Run("a case without a proof moves nothing", func(t *testing.T) {
		t.Parallel()
		for _, outcome := range []casefile.Outcome{casefile.Recovered, casefile.Unclear} {
			r := record(nil, 0, helped)
			r.Outcome = outcome
			if c, err := learn.Propose(small(t), []learn.Record{r}, noon); !errors.Is(err, learn.ErrNothing) {
				t.Errorf("%s: %+v (%v)", outcome, c.Changes, err)
			}
		}
	})
	t.Run("what is applied is what was proposed, and the pack stays as it was", func(t *testing.T) {
		t.Parallel()
		p := small(t)
		c := propose(t, record(nil, 0, helped))
		after, err := learn.Apply(p, c)
		if err != nil {
			t.Fatal(err)
		}
		was, _ := p.Fault("hung")
		is, _ := after.Fault("hung")
		other, _ := after.Fault("cable")
		if was.Rate.Mean != 30 || is.Rate != find(t, c, learn.Rate, "hung", "", "", "").To || other.Rate.Mean >= is.Rate.Mean || after.Ref.Hash == p.Ref.Hash {
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
	good := learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.5, Brier: 0.3, ECE: 0.05, ECELow: 0.02, ECEHigh: 0.1, Floor: 0.04}
	tests := map[string]struct {
		after learn.Score
		pack  *pack.Pack
		want  string
	}{
		"as good as before":              {good, p, "passed"},
		"harm in one case":               {learn.Score{Cases: 10, Top1: 1, Harmful: 1}, p, "harmful_advice"},
		"the true fault ranked lower":    {learn.Score{Cases: 10, Top1: 0.7, LogLoss: 0.5}, p, "ranks_worse"},
		"surer of what is wrong":         {learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.6}, p, "calibrates_worse"},
		"surer of much that is wrong":    {learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.5, Brier: 0.4}, p, "calibrates_worse"},
		"off by more than chance":        {learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.5, Brier: 0.3, ECE: 0.11, Floor: 0.03}, p, "calibrates_worse"},
		"off by what chance would show":  {learn.Score{Cases: 10, Top1: 0.8, LogLoss: 0.5, Brier: 0.3, ECE: 0.11, Floor: 0.06}, p, "passed"},
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

func TestTheFieldOutweighsWorkedExamplesOnlyWithProof(t *testing.T) {
	t.Parallel()
	p := small(t)
	better, err := pack.Revise(p, "1+better", func(r *pack.Revision) { r.SetRate("cable", number(300)) })
	if err != nil {
		t.Fatal(err)
	}
	judge := func(cases int) learn.Report {
		t.Helper()
		var held []learn.Record
		for i := range cases {
			f := finding.Finding{Variable: "screen", State: []string{"fine", "frozen"}[i%2], At: noon, Source: finding.Probe}
			held = append(held, learn.Record{Outcome: casefile.Confirmed, ClosedAt: noon, Evidence: []finding.Finding{f}, Credit: map[string]float64{"cable": 1}})
		}
		scores := []learn.Score{{Cases: 100, Top1: 0.9, Top3: 1, LogLoss: 0.3}, {Cases: 100, Top1: 0.88, Top3: 1, LogLoss: 0.34}}
		gate := learn.Gate{Golden: func(*pack.Pack) learn.Score {
			next := scores[0]
			scores = scores[1:]
			return next
		}}
		return gate.Judge(p, better, held)
	}
	if r := judge(60); !r.Passed || r.Gain.Mean < 2*r.Gain.Error || r.Gain.Error == 0 {
		t.Errorf("with proof: %+v", r)
	}
	if r := judge(1); r.Why != "ranks_worse" {
		t.Errorf("one case is no proof: %+v", r)
	}
	if r := judge(0); r.Why != "ranks_worse" {
		t.Errorf("without any: %+v", r)
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
	want := []learn.Step{
		{ID: "jump", At: noon.Add(5 * time.Minute), Took: 5 * time.Minute},
		{ID: "restart", At: noon.Add(9 * time.Minute), Helped: true, Took: 9 * time.Minute},
	}
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

package learning_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/posmedic/posmedic/internal/bayes/learning"
)

func near(t *testing.T, what string, got, want, slack float64) {
	t.Helper()
	if !(math.Abs(got-want) <= slack) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func TestCounts(t *testing.T) {
	t.Parallel()
	t.Run("the worked example of Hugin's manual", func(t *testing.T) {
		t.Parallel()
		c := learning.Prior([]float64{0.5, 0.5}, 10)
		for range 5 {
			c.Observe(0, 1)
		}
		near(t, "state 0", c.Mean(0), 2.0/3, 1e-12)
		near(t, "state 1", c.Mean(1), 1.0/3, 1e-12)
		near(t, "experience", c.Experience(), 15, 1e-12)
	})
	t.Run("fading keeps the mean, and the share of the total that it says", func(t *testing.T) {
		t.Parallel()
		rng := random(1)
		for range 200 {
			c := learning.Prior([]float64{rng.Float64(), rng.Float64(), rng.Float64()}, 1+20*rng.Float64())
			was, total, keep := c.Means(), c.Experience(), rng.Float64()
			c.Fade(keep)
			near(t, "experience", c.Experience(), keep*total, 1e-9)
			for s, m := range c.Means() {
				near(t, "mean", m, was[s], 1e-12)
			}
		}
	})
	t.Run("faded with every case, experience levels off and the mean follows the world", func(t *testing.T) {
		t.Parallel()
		c := learning.Prior([]float64{0.9, 0.1}, 1000)
		for range 5000 {
			c.Fade(0.99)
			c.Observe(1, 1)
		}
		near(t, "experience", c.Experience(), 100, 1e-6)
		near(t, "state 1", c.Mean(1), 1, 1e-6)
	})
	t.Run("a limit is kept", func(t *testing.T) {
		t.Parallel()
		c := learning.Prior([]float64{1, 3}, 40)
		c.Limit(10)
		near(t, "experience", c.Experience(), 10, 1e-12)
		near(t, "state 1", c.Mean(1), 0.75, 1e-12)
		c.Limit(20)
		near(t, "experience below the limit", c.Experience(), 10, 1e-12)
	})
	t.Run("the evidence is the product of the predictions, case by case", func(t *testing.T) {
		t.Parallel()
		rng := random(2)
		c := learning.Prior([]float64{0.2, 0.5, 0.3}, 4)
		running, seen, log := c.Clone(), make([]float64, 3), 0.0
		for range 30 {
			s := rng.IntN(3)
			log += math.Log(running.Mean(s))
			running.Observe(s, 1)
			seen[s]++
		}
		near(t, "log evidence", c.Evidence(seen), log, 1e-9)
	})
}

// town is a small model: three causes, two variables, two actions.
func town() *learning.Model {
	row := func(cause int, states []int, counts ...float64) learning.Row {
		return learning.Row{Cause: cause, States: states, Counts: counts}
	}
	return &learning.Model{
		Rates: learning.Counts{6, 3, 1},
		Variables: []learning.Variable{
			{Leak: []float64{0.8, 0.15, 0.05}, Rows: []learning.Row{row(0, []int{1}, 8, 2), row(1, []int{1, 2}, 2, 6, 2)}},
			{Leak: []float64{0.9, 0.1}, Rows: []learning.Row{row(2, []int{1}, 9, 1), {Cause: 1, Counts: learning.Counts{1}, Leak: []float64{1, 0}}}},
		},
		Actions: []learning.Action{
			{Seems: learning.Counts{1, 19}, Fixes: []learning.Fix{{Cause: 0, Counts: learning.Counts{8, 2}}, {Cause: 1, Counts: learning.Counts{1, 9}}}},
			{Seems: learning.Counts{1, 19}, Fixes: []learning.Fix{{Cause: 2, Counts: learning.Counts{5, 5}}}},
		},
	}
}

// cases draws some that are known in part.
func cases(rng *rand.Rand, n int) []learning.Case {
	out := make([]learning.Case, n)
	for i := range out {
		c := learning.Case{Weight: 0.2 + rng.Float64(), Cause: learning.Latent}
		if rng.IntN(4) == 0 {
			c.Cause, c.Sure = rng.IntN(3), 0.9
		}
		if rng.IntN(5) > 0 {
			c.Evidence = append(c.Evidence, learning.Observation{Variable: 0, State: rng.IntN(3), Trust: 0.97, Less: 0.5 * float64(rng.IntN(2)), Unsaid: 0.75 * float64(i%2)})
		}
		if rng.IntN(2) > 0 {
			c.Evidence = append(c.Evidence, learning.Observation{Variable: 1, State: rng.IntN(2), Trust: 0.99})
		}
		if rng.IntN(3) > 0 {
			c.Outcomes = append(c.Outcomes, learning.Outcome{Action: 1}, learning.Outcome{Action: 0, Helped: rng.IntN(2) > 0})
		}
		if rng.IntN(6) == 0 {
			c.Lift = []float64{0.5, 0.1, 0.9}
		}
		out[i] = c
	}
	return out
}

func fit(t *testing.T, m *learning.Model, list []learning.Case) *learning.Fitted {
	t.Helper()
	f, err := learning.Fit(m, list, learning.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFit(t *testing.T) {
	t.Parallel()
	t.Run("the objective never falls", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(60) {
			rng := random(seed)
			f := fit(t, town(), cases(rng, 1+rng.IntN(80)))
			for i := 1; i < len(f.Climb); i++ {
				if f.Climb[i] < f.Climb[i-1]-1e-9*math.Abs(f.Climb[i]) {
					t.Fatalf("seed %d, round %d: from %v to %v", seed, i, f.Climb[i-1], f.Climb[i])
				}
			}
		}
	})
	t.Run("the order of the cases does not matter", func(t *testing.T) {
		t.Parallel()
		for seed := range uint64(20) {
			rng := random(100 + seed)
			list := cases(rng, 50)
			a := fit(t, town(), list)
			mixed := slices.Clone(list)
			rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			b := fit(t, town(), mixed)
			for i := range a.Model.Rates {
				near(t, "rate", a.Model.Rates[i], b.Model.Rates[i], 1e-9)
			}
			for r, row := range a.Model.Variables[0].Rows {
				for i := range row.Counts {
					near(t, "link", row.Counts[i], b.Model.Variables[0].Rows[r].Counts[i], 1e-9)
				}
			}
		}
	})
	t.Run("every case counts for as much as it is worth, and no more", func(t *testing.T) {
		t.Parallel()
		list := cases(random(3), 70)
		worth, told := 0.0, 0.0
		for _, c := range list {
			worth += c.Weight
		}
		f := fit(t, town(), list)
		near(t, "cases", f.Seen.Rates.Experience(), worth, 1e-6)
		near(t, "experience", f.Model.Rates.Experience(), 10+worth, 1e-6)
		for _, c := range list {
			for _, o := range c.Evidence {
				if o.Variable == 0 {
					told += c.Weight
				}
			}
		}
		linked := f.Seen.Variables[0].Rows[0].Counts.Experience() + f.Seen.Variables[0].Rows[1].Counts.Experience()
		if linked <= 0 || linked > told {
			t.Errorf("the links have %v cases of %v", linked, told)
		}
	})
	t.Run("with everything known it is counting", func(t *testing.T) {
		t.Parallel()
		m := town()
		list := []learning.Case{
			{Weight: 1, Cause: 0, Sure: 1, Evidence: []learning.Observation{{Variable: 1, State: 1, Trust: 1}}}, // no row: all leak
			{Weight: 2, Cause: 1, Sure: 1, Outcomes: []learning.Outcome{{Action: 0}}},
			{Weight: 1, Cause: 2, Sure: 1, Evidence: []learning.Observation{{Variable: 1, State: 0, Trust: 1}}},
		}
		f := fit(t, m, list)
		for i, want := range []float64{7, 5, 2} {
			near(t, "rate", f.Model.Rates[i], want, 1e-9)
		}
		near(t, "cured", f.Model.Actions[0].Fixes[1].Counts[0], 1, 1e-9)
		near(t, "not cured", f.Model.Actions[0].Fixes[1].Counts[1], 11, 1e-9)
		near(t, "by link", f.Model.Variables[1].Rows[0].Counts[0], 9, 1e-9)
		near(t, "left alone", f.Model.Variables[1].Rows[0].Counts[1], 2, 1e-9)
	})
	t.Run("the posterior is Bayes' rule, worked out by hand", func(t *testing.T) {
		t.Parallel()
		c := learning.Case{Weight: 1, Cause: learning.Latent, Evidence: []learning.Observation{{Variable: 0, State: 1, Trust: 1}},
			Outcomes: []learning.Outcome{{Action: 0, Helped: true}}}
		got := make([]float64, 3)
		logP := learning.Compile(town()).Read(got, &c)
		// rate · P(state 1) · P(helped): links 0.8, 0.2 and none, leak 0.15; cures 0.8, 0.1 and none, 0.05 seem to help.
		w := []float64{0.6 * (0.8 + 0.2*0.15) * (0.8 + 0.2*0.05), 0.3 * (0.2 + 0.2*0.15) * (0.1 + 0.9*0.05), 0.1 * 0.15 * 0.05}
		total := w[0] + w[1] + w[2]
		for f := range got {
			near(t, "cause", got[f], w[f]/total, 1e-12)
		}
		near(t, "log-probability", logP, math.Log(total), 1e-12)
	})
	t.Run("what would have gone unsaid anyway speaks for the causes that bring it about", func(t *testing.T) {
		t.Parallel()
		c := learning.Case{Weight: 1, Cause: learning.Latent, Evidence: []learning.Observation{{Variable: 0, State: 1, Trust: 0.9, Unsaid: 0.75}}}
		got := make([]float64, 3)
		learning.Compile(town()).Read(got, &c)
		// rate · (trust · link + a quarter of (trust · leak where the cause leaves it alone + a wrong report, of three states)).
		read := func(link, leaked float64) float64 { return 0.9*link + 0.25*(0.9*leaked+0.1/3) }
		w := []float64{0.6 * read(0.8, 0.2*0.15), 0.3 * read(0.2, 0.2*0.15), 0.1 * read(0, 0.15)}
		total := w[0] + w[1] + w[2]
		for f := range got {
			near(t, "cause", got[f], w[f]/total, 1e-12)
		}
		f, err := learning.Fit(town(), []learning.Case{c}, learning.Limits{Rounds: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Who[0] { // a fit reads from prepared tables
			near(t, "cause, fitted", f.Who[0][i], got[i], 1e-12)
		}
		counts := f.Seen.Variables[0].Rows[0].Counts
		near(t, "by the link", counts[0], got[0]*0.9*0.8/read(0.8, 0.03), 1e-12)
		near(t, "left alone", counts[1], got[0]*0.25*0.9*0.03/read(0.8, 0.03), 1e-12)
	})
	t.Run("a world is recovered although no cause is ever named", func(t *testing.T) {
		t.Parallel()
		f := fit(t, clinic(), patients(4000))
		near(t, "rate", f.Model.Rates.Mean(1), 0.3, 0.03)
		for v := range 3 {
			row := f.Model.Variables[v].Rows[0].Counts
			near(t, "shows", row.Mean(0)+row.Mean(1)*0.05, 0.85, 0.04)
		}
	})
	t.Run("an action that helps with everything is found to seem so, and not to cure", func(t *testing.T) {
		t.Parallel()
		m, rng := town(), random(13)
		var list []learning.Case
		for range 600 { // action 1 cures cause 2 only, and is followed by relief half the time
			list = append(list, learning.Case{Weight: 1, Cause: rng.IntN(2), Sure: 1, Outcomes: []learning.Outcome{{Action: 1, Helped: rng.IntN(2) == 0}}})
		}
		f := fit(t, m, list)
		near(t, "seems", f.Model.Actions[1].Seems.Mean(0), 0.5, 0.05)
		near(t, "cures", f.Model.Actions[1].Fixes[0].Counts.Mean(0), 0.5, 1e-9)
		near(t, "cases of the cure", f.Seen.Actions[1].Fixes[0].Counts.Experience(), 0, 1e-9)
	})
	t.Run("what nothing explains teaches nothing", func(t *testing.T) {
		t.Parallel()
		impossible := learning.Case{Weight: 1, Cause: 1, Sure: 1, Evidence: []learning.Observation{{Variable: 1, State: 1, Trust: 1}}}
		f := fit(t, town(), []learning.Case{impossible})
		near(t, "cases", f.Seen.Rates.Experience(), 0, 0)
	})
	t.Run("what is not whole is refused", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]learning.Case{
			"a cause that is not there":    {Weight: 1, Cause: 3},
			"a weight that is no number":   {Weight: math.NaN(), Cause: learning.Latent},
			"a state that is not there":    {Weight: 1, Cause: learning.Latent, Evidence: []learning.Observation{{Variable: 0, State: 3, Trust: 1}}},
			"an action that is not there":  {Weight: 1, Cause: learning.Latent, Outcomes: []learning.Outcome{{Action: 2}}},
			"a lift of other causes":       {Weight: 1, Cause: learning.Latent, Lift: []float64{1}},
			"a chance beyond one":          {Weight: 1, Cause: learning.Latent, Evidence: []learning.Observation{{Variable: 0, Trust: 1, Unsaid: 1.5}}},
			"a variable that is not there": {Weight: 1, Cause: learning.Latent, Evidence: []learning.Observation{{Variable: 2, Trust: 1}}},
		} {
			if _, err := learning.Fit(town(), []learning.Case{c}, learning.Limits{}); !errors.Is(err, learning.ErrShape) {
				t.Errorf("%s: %v", name, err)
			}
		}
		broken := town()
		broken.Variables[0].Rows[0].Counts[0] = math.NaN()
		if _, err := learning.Fit(broken, nil, learning.Limits{}); !errors.Is(err, learning.ErrShape) {
			t.Errorf("counts that are no number: %v", err)
		}
	})
}

// clinic has a healthy and a sick cause, and patients come to it: three in ten are sick, which shows in 0.85 of each of three
// signs, and in 0.05 of them without.
func clinic() *learning.Model {
	return &learning.Model{Rates: learning.Counts{1, 1}, Variables: []learning.Variable{variable(0.6), variable(0.6), variable(0.6)}}
}

func patients(n int) []learning.Case {
	rng := random(5)
	out := make([]learning.Case, n)
	for i := range out {
		out[i] = learning.Case{Weight: 1, Cause: learning.Latent}
		sick := rng.Float64() < 0.3
		for v := range 3 {
			state := 0
			if p := rng.Float64(); sick && p < 0.85 || p < 0.05 {
				state = 1
			}
			out[i].Evidence = append(out[i].Evidence, learning.Observation{Variable: v, State: state, Trust: 1})
		}
	}
	return out
}

// variable has one row, of cause 1, that shows state 1 with this mean.
func variable(mean float64) learning.Variable {
	return learning.Variable{Leak: []float64{0.95, 0.05},
		Rows: []learning.Row{{Cause: 1, States: []int{1}, Counts: learning.Prior([]float64{mean, 1 - mean}, 2)}}}
}

func TestAbsorb(t *testing.T) {
	t.Parallel()
	t.Run("a known case is counted, and only what it speaks of fades", func(t *testing.T) {
		t.Parallel()
		m := town()
		c := learning.Case{Weight: 1, Cause: 0, Sure: 1, Outcomes: []learning.Outcome{{Action: 0}}}
		if err := learning.Absorb(m, c, 0.9); err != nil {
			t.Fatal(err)
		}
		near(t, "rate", m.Rates[0], 6*0.9+1, 1e-9)
		near(t, "another rate", m.Rates[1], 3*0.9, 1e-9)
		near(t, "not cured", m.Actions[0].Fixes[0].Counts[1], 2*0.9+1, 1e-9)
		near(t, "an action of which nothing was said", m.Actions[1].Fixes[0].Counts[0], 5, 1e-9)
		near(t, "links of which nothing was said", m.Variables[0].Rows[0].Counts.Experience(), 10, 1e-9)
	})
	t.Run("one after the other comes near to all at once", func(t *testing.T) {
		t.Parallel()
		list := patients(1000)
		online := clinic()
		for _, c := range list {
			if err := learning.Absorb(online, c, 1); err != nil {
				t.Fatal(err)
			}
		}
		batch := fit(t, clinic(), list).Model
		for f := range batch.Rates {
			near(t, "rate", online.Rates.Mean(f), batch.Rates.Mean(f), 0.02)
		}
	})
	t.Run("a world that changed is followed", func(t *testing.T) {
		t.Parallel()
		m := town()
		for range 600 {
			if err := learning.Absorb(m, learning.Case{Weight: 1, Cause: 2, Sure: 1}, 0.98); err != nil {
				t.Fatal(err)
			}
		}
		if m.Rates.Mean(2) < 0.99 || m.Rates.Experience() > 51 {
			t.Errorf("%v", m.Rates)
		}
	})
}

func TestWeigh(t *testing.T) {
	t.Parallel()
	// Authors say that each of 200 causes cures with 0.5, as sure as 50 cases; really it is anything between 0 and 1.
	worth := func(spread bool) float64 {
		rng := random(21)
		prior := &learning.Model{Rates: learning.Counts{}}
		for range 200 {
			prior.Rates = append(prior.Rates, 1)
		}
		a := learning.Action{Seems: learning.Counts{1, 1e6}}
		var list []learning.Case
		for f := range prior.Rates {
			a.Fixes = append(a.Fixes, learning.Fix{Cause: f, Counts: learning.Counts{25, 25}})
			p := 0.5
			if spread {
				p = rng.Float64()
			}
			for range 20 {
				list = append(list, learning.Case{Weight: 1, Cause: f, Sure: 1, Outcomes: []learning.Outcome{{Helped: rng.Float64() < p}}})
			}
		}
		prior.Actions = []learning.Action{a}
		return learning.Weigh(prior, fit(t, prior, list).Seen, 0.01, 10).Fixes
	}
	if bad, good := worth(true), worth(false); bad > 0.15 || good < 1 {
		t.Errorf("authors who are wrong are worth %v of what they say, those who are right %v", bad, good)
	}
	s := town().Scaled(learning.Strength{Rates: 0.5, Links: 2, Fixes: 1})
	near(t, "rates", s.Rates.Experience(), 5, 1e-12)
	near(t, "links", s.Variables[0].Rows[0].Counts.Experience(), 20, 1e-12)
	near(t, "fixes", s.Actions[0].Fixes[0].Counts.Experience(), 10, 1e-12)
}

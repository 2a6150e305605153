package localise_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/incident/localise"
)

// score counts exact hits.
type score struct{ right, named, known int }

func (s *score) add(truth, got []string) {
	s.named += len(got)
	s.known += len(truth)
	for _, t := range truth {
		if slices.Contains(got, t) {
			s.right++
		}
	}
}

func (s score) f1() float64 { return 2 * float64(s.right) / float64(s.named+s.known) }

func TestAmountsFindWhatWasPlanted(t *testing.T) {
	t.Parallel()
	for layer := 1; layer <= 3; layer++ {
		for causes := 1; causes <= 3; causes++ {
			t.Run(fmt.Sprintf("%d causes of %d attributes", causes, layer), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(layer), uint64(causes)))
				var s score
				for range 20 {
					p := amounts(r, layer, causes, 0.01)
					s.add(p.truth, names(p.Table, localise.Amounts(p.Table, localise.DefaultOptions())))
				}
				// A cause of three attributes may cover nothing but leaves without sales, which nobody can find.
				if s.f1() < 0.95 {
					t.Errorf("F1 %.3f: %+v", s.f1(), s)
				}
			})
		}
	}
}

func TestAmountsInventNothing(t *testing.T) {
	t.Parallel()
	for _, noise := range []float64{0, 0.01, 0.1} {
		r := rand.New(rand.NewPCG(7, uint64(1000*noise)))
		for range 30 {
			p := amounts(r, 1, 0, noise)
			if got := localise.Amounts(p.Table, localise.DefaultOptions()); len(got) != 0 {
				t.Errorf("noise %v: a quiet table shows %v", noise, names(p.Table, got))
			}
		}
	}
}

func TestSharesFindWhatWasPlanted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		layer, causes int
		share         float64
		least         float64
	}{
		"a host is down":                             {1, 1, 0.97, 1},
		"a third of a model cannot sign in":          {1, 1, 0.38, 0.95},
		"a version fails on one model":               {2, 1, 0.97, 0.95},
		"a part of a version fails on one model":     {2, 1, 0.5, 0.9},
		"two causes at once":                         {1, 2, 0.8, 0.95},
		"two versions fail, each on a model":         {2, 2, 0.8, 0.9},
		"it takes three attributes to say what":      {3, 1, 0.97, 0.8},
		"three causes at once, each a carrier or so": {1, 3, 0.7, 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(11, uint64(c.layer*10+c.causes)))
			var s score
			for range 40 {
				p := failures(r, c.layer, c.causes, 0.02, c.share)
				s.add(p.truth, names(p.Table, localise.Shares(p.Table, localise.DefaultOptions())))
			}
			if s.f1() < c.least {
				t.Errorf("F1 %.3f: %+v", s.f1(), s)
			}
		})
	}
}

func TestSharesOfAQuietFleetShowNothing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(13, 1))
	invented := 0
	const fleets = 300
	for range fleets {
		p := failures(r, 1, 0, 0.03, 0)
		if len(localise.Shares(p.Table, localise.DefaultOptions())) > 0 {
			invented++
		}
	}
	if invented > fleets/50 {
		t.Errorf("%d of %d quiet fleets show a cause", invented, fleets)
	}
}

func TestEverythingIsACauseWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	p := failures(rand.New(rand.NewPCG(17, 1)), 1, 0, 0.9, 0)
	for i := range p.Expected {
		p.Expected[i] = 0.03 * p.Of[i]
	}
	o := localise.DefaultOptions()
	o.Everything = true
	if got := localise.Shares(p.Table, o); len(got) != 1 || len(got[0].Pairs) != 0 || got[0].Level < 0.85 {
		t.Errorf("everybody fails, and the cause is %+v", got)
	}
}

func TestTheOrderOfLeavesDoesNotMatter(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(19, 1))
	for range 20 {
		a, f := amounts(r, 2, 2, 0.02), failures(r, 1, 2, 0.02, 0.6)
		o := localise.DefaultOptions()
		if diff := cmp.Diff(names(a.Table, localise.Amounts(a.Table, o)), names(a.Table, localise.Amounts(shuffled(r, a.Table), o))); diff != "" {
			t.Errorf("amounts: %s", diff)
		}
		if diff := cmp.Diff(names(f.Table, localise.Shares(f.Table, o)), names(f.Table, localise.Shares(shuffled(r, f.Table), o))); diff != "" {
			t.Errorf("shares: %s", diff)
		}
	}
}

func TestEachCausePaysForItsDescription(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(23, 1))
	for range 20 {
		p := amounts(r, 1+r.IntN(3), 1+r.IntN(3), 0.02)
		got := localise.Amounts(p.Table, localise.DefaultOptions())
		for _, c := range got {
			if c.Gain <= c.Cost || c.Cost <= 0 {
				t.Errorf("%s gains %.1f and costs %.1f", name(p.Table, c.Pairs), c.Gain, c.Cost)
			}
		}
		all := names(p.Table, got)
		if len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("a cause is named twice: %v", all)
		}
	}
}

func TestATableWithoutAnythingHasNoCause(t *testing.T) {
	t.Parallel()
	o := localise.DefaultOptions()
	if got := localise.Amounts(localise.Table{}, o); got != nil {
		t.Errorf("got %v", got)
	}
	if got := localise.Shares(localise.Table{Of: []float64{0}, Actual: []float64{0}, Expected: []float64{0}}, o); got != nil {
		t.Errorf("got %v", got)
	}
	one := localise.Table{Columns: []localise.Column{{Name: "a", Values: []string{"x"}, Codes: []int32{-1}}}, Actual: []float64{0}, Expected: []float64{9}}
	if got := localise.Amounts(one, o); len(got) != 0 {
		t.Errorf("a leaf of no value: %v", got)
	}
}

package incident_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posmedic/posmedic/internal/incident"
)

// fleet makes n terminals spread over two hosts, four areas and two carriers; failing says which ones fail.
func fleet(n int, failing func(i int) bool) []incident.Member {
	var out []incident.Member
	for i := range n {
		out = append(out, incident.Member{
			Terminal: fmt.Sprintf("t%02d", i), Failing: failing(i),
			Shares: map[incident.Attribute]string{
				incident.Host: fmt.Sprintf("h%d", i%2), incident.Area: fmt.Sprintf("a%d", i/10),
				incident.Carrier: fmt.Sprintf("c%d", i%3), incident.Site: fmt.Sprintf("s%d", i/2),
			},
		})
	}
	return out
}

// ordinary is a fleet of which three in a hundred fail on any day.
func ordinary(s incident.Symptom) float64 {
	if s == incident.CannotSell {
		return 0.03
	}
	return 0.01
}

func TestDetectNamesWhatTheFailingTerminalsShare(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		failing func(i int) bool
		want    []string
	}{
		"nobody fails":                   {func(int) bool { return false }, nil},
		"one terminal fails":             {func(i int) bool { return i == 7 }, nil},
		"a few unrelated ones fail":      {func(i int) bool { return i == 7 || i == 22 || i == 39 }, nil},
		"a host is down":                 {func(i int) bool { return i%2 == 1 }, []string{"host=h1"}},
		"the power is off in one street": {func(i int) bool { return i/10 == 2 }, []string{"area=a2"}},
		"a host and a street at once": {
			func(i int) bool { return i%2 == 1 || i/10 == 2 }, []string{"host=h1", "area=a2"},
		},
		"everybody fails": {func(int) bool { return true }, []string{"everybody="}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range incident.Detect(fleet(40, tt.failing), ordinary, incident.DefaultRules()) {
				got = append(got, c.Shared.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("clusters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDetectDoesNotDependOnTheOrderOfTerminals(t *testing.T) {
	t.Parallel()
	members := fleet(40, func(i int) bool { return i%2 == 1 })
	forward := incident.Detect(members, ordinary, incident.DefaultRules())
	for i, j := 0, len(members)-1; i < j; i, j = i+1, j-1 {
		members[i], members[j] = members[j], members[i]
	}
	if diff := cmp.Diff(forward, incident.Detect(members, ordinary, incident.DefaultRules())); diff != "" {
		t.Errorf("clusters changed with the order (-forward +backward):\n%s", diff)
	}
}

func TestDetectFindsWhatWasPlanted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	for _, share := range []float64{0.5, 0.9} {
		for _, cause := range planted() {
			right, named := 0, 0
			const fleets = 6
			for range fleets {
				members := town(r, 900)
				strike(r, members, 0.01, share, cause)
				for _, c := range incident.Detect(members, func(incident.Symptom) float64 { return 0.01 }, incident.DefaultRules()) {
					named++
					if c.Shared.String() == cause.String() {
						right++
					}
				}
			}
			if right < fleets-1 || named > fleets+1 {
				t.Errorf("%s at %.0f %%: %d of %d found, %d named", cause, 100*share, right, fleets, named)
			}
		}
	}
}

func TestDetectDoesNotDependOnHowTheFleetIsListed(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(15, 1))
	for n := range 12 {
		members := town(r, 500)
		strike(r, members, 0.02, 0.7, planted()[n%len(planted())], planted()[(n+3)%len(planted())])
		usual := func(incident.Symptom) float64 { return 0.02 }
		before := incident.Detect(members, usual, incident.DefaultRules())
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		after := incident.Detect(members, usual, incident.DefaultRules())
		if diff := cmp.Diff(before, after, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("clusters changed with the order (-before +after):\n%s", diff)
		}
	}
}

func TestDetectTellsTwoCausesApart(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 1))
	for a, one := range planted() {
		for _, two := range planted()[a+1:] {
			members := town(r, 900)
			strike(r, members, 0.01, 0.9, one, two)
			var got []string
			for _, c := range incident.Detect(members, func(incident.Symptom) float64 { return 0.01 }, incident.DefaultRules()) {
				got = append(got, c.Shared.String())
			}
			want := []string{one.String(), two.String()}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		}
	}
}

// TestQuietFleetsShowNothing states how often chance alone opens an incident.
func TestQuietFleetsShowNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terminals int
		daily     float64
		days      int // independent ones: each terminal fails or not anew
	}{
		"a chain of sixty":               {60, 0.03, 1000},
		"a service provider":             {600, 0.02, 200},
		"a bank with a bad day":          {1500, 0.05, 60},
		"a bank that learnt to be quiet": {3000, 0.004, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(7, uint64(c.terminals)))
			members := town(r, c.terminals)
			invented := 0
			for range c.days {
				strike(r, members, c.daily, 0)
				if got := incident.Detect(members, func(incident.Symptom) float64 { return c.daily }, incident.DefaultRules()); len(got) > 0 {
					invented++
				}
			}
			if invented > c.days/200 {
				t.Errorf("chance alone opened an incident on %d of %d days", invented, c.days)
			}
		})
	}
}

func TestDetectFindsASymptomThatIsRareOtherwise(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 1))
	members := town(r, 600)
	cause := incident.Shared{{Attribute: incident.Model, Value: "m1"}}
	for i := range members {
		switch {
		case r.Float64() < 0.3: // the shops are closing
			members[i].Failing, members[i].Symptom = true, incident.Silent
		case cause.Covers(members[i]) && r.Float64() < 0.5:
			members[i].Failing, members[i].Symptom = true, incident.SignIn
		}
	}
	usual := func(s incident.Symptom) float64 {
		if s == incident.SignIn {
			return 0.005
		}
		return 0.3
	}
	got := incident.Detect(members, usual, incident.DefaultRules())
	if len(got) != 1 || got[0].Shared.String() != cause.String() {
		t.Errorf("clusters %+v", got)
	}
}

func TestEverybodyAtOneHostIsTheHost(t *testing.T) {
	t.Parallel()
	members := fleet(20, func(int) bool { return true })
	for i := range members {
		members[i].Shares[incident.Host] = "h0"
		members[i].Symptom = incident.NoAnswer
	}
	delete(members[7].Shares, incident.Host) // nobody has said which its host is
	members[7].Failing = false
	got := incident.Detect(members, ordinary, incident.DefaultRules())
	if len(got) != 1 || got[0].Shared.String() != "host=h0" || got[0].Symptom != incident.NoAnswer || got[0].Total != 19 || got[0].OthersOf != 1 {
		t.Errorf("clusters %+v", got)
	}
	for i := range members {
		members[i].Symptom = incident.Silent
	}
	members[7].Failing = true
	if got = incident.Detect(members, ordinary, incident.DefaultRules()); len(got) != 1 || len(got[0].Shared) != 0 {
		t.Errorf("silent everywhere is not the host's: %+v", got)
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for want, shared := range map[string]incident.Shared{
		"everybody":    {{Attribute: incident.Host, Value: "h"}},
		"same_carrier": {{Attribute: incident.Carrier, Value: "c"}, {Attribute: incident.Area, Value: "a"}},
		"area":         {{Attribute: incident.Area, Value: "a"}},
		"whole_shop":   {{Attribute: incident.Site, Value: "s"}},
		"same_model":   {{Attribute: incident.Host, Value: "h"}, {Attribute: incident.AppVersion, Value: "v"}},
	} {
		if got := shared.Scope(); got != want {
			t.Errorf("%s: scope %s, want %s", shared, got, want)
		}
	}
	if got := (incident.Shared{}).Scope(); got != "everybody" {
		t.Errorf("all: scope %s", got)
	}
}

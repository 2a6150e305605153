package incident_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

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

package incident_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/posmedic/posmedic/internal/incident"
)

// town makes a fleet as an acquirer has them: shops of a few terminals in areas and regions, carriers and models mixed.
func town(r *rand.Rand, terminals int) []incident.Member {
	var out []incident.Member
	for i := range terminals {
		site := i / 3
		out = append(out, incident.Member{Terminal: fmt.Sprintf("t%06d", i), Shares: map[incident.Attribute]string{
			incident.Host: fmt.Sprint("h", r.IntN(3)), incident.Acquirer: fmt.Sprint("q", site%2), incident.Carrier: fmt.Sprint("c", r.IntN(3)),
			incident.Region: fmt.Sprint("r", site/40), incident.Area: fmt.Sprint("a", site/8), incident.Cell: fmt.Sprint("e", site/4),
			incident.Site: fmt.Sprint("s", site), incident.Model: fmt.Sprint("m", r.IntN(5)), incident.AppVersion: fmt.Sprint("v", r.IntN(4)),
			incident.Firmware: fmt.Sprint("f", r.IntN(3)), incident.Params: fmt.Sprint("p", r.IntN(4)), incident.Certificate: fmt.Sprint("k", r.IntN(2)),
		}})
	}
	return out
}

// planted are combinations that a person would call a mass failure.
func planted() []incident.Shared {
	return []incident.Shared{
		{{Attribute: incident.Host, Value: "h1"}},
		{{Attribute: incident.Carrier, Value: "c2"}},
		{{Attribute: incident.Region, Value: "r1"}},
		{{Attribute: incident.Area, Value: "a3"}},
		{{Attribute: incident.Certificate, Value: "k1"}},
		{{Attribute: incident.Carrier, Value: "c0"}, {Attribute: incident.Region, Value: "r2"}},
		{{Attribute: incident.AppVersion, Value: "v2"}, {Attribute: incident.Model, Value: "m3"}},
		{{Attribute: incident.Params, Value: "p1"}, {Attribute: incident.Firmware, Value: "f0"}},
	}
}

// strike lets terminals fail: any of them now and then, those under a cause with its share.
func strike(r *rand.Rand, fleet []incident.Member, daily, share float64, causes ...incident.Shared) {
	for i := range fleet {
		chance := daily
		for _, c := range causes {
			if c.Covers(fleet[i]) {
				chance = max(chance, share)
			}
		}
		fleet[i].Failing = r.Float64() < chance
		fleet[i].Symptom = incident.CannotSell
	}
}

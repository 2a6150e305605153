package incident

import (
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/incident/localise"
)

// Member is one terminal with what it shares and whether it fails now.
type Member struct {
	Terminal string
	Shares   map[Attribute]string // not changed after it was handed over; terminals may have the same map
	Failing  bool
	Symptom  Symptom   // of a failing one
	Since    time.Time // when it began to fail; zero where that is not known
}

// Rules are the operator's settings for detection.
type Rules struct {
	MinFailing int           // terminals
	MinShare   float64       // of the terminals concerned that fail
	MinRatio   float64       // how much better it explains the failures than chance, beyond what naming it costs, in nats
	EndShare   float64       // below this share the incident is over
	Grace      time.Duration // how long those that recover last are no sign of another cause
	Recent     time.Duration // how long a change of what runs on a terminal is a suspect
}

// DefaultRules open an incident for three terminals of a small group, or a third of a larger one.
func DefaultRules() Rules {
	return Rules{MinFailing: 3, MinShare: 0.35, MinRatio: 4, EndShare: 0.1, Grace: 5 * time.Minute, Recent: 72 * time.Hour}
}

// Cluster is a combination whose terminals fail together.
type Cluster struct {
	Shared   Shared
	Symptom  Symptom
	Failing  int
	Total    int
	Others   int // failing that no cluster explains
	OthersOf int
	Ratio    float64
	Members  []string // the failing ones, ordered
	Since    time.Time
}

// Detect finds the clusters, the most telling first; no terminal is explained twice. Ordinary gives the share of terminals
// that show a symptom on an ordinary day.
func Detect(members []Member, ordinary func(Symptom) float64, r Rules) []Cluster {
	var found []Cluster
	left := slices.Clone(members)
	for _, s := range symptoms() {
		for _, c := range r.search(left, s, ordinary(s)) {
			c.fill(left)
			if c.Failing < r.MinFailing {
				continue // what is left of it when the stronger ones are taken out
			}
			c.nameHost(left)
			found = append(found, c)
			left = slices.DeleteFunc(left, c.Shared.Covers)
		}
	}
	others := 0
	for _, m := range left {
		if m.Failing {
			others++
		}
	}
	for i := range found {
		found[i].Others, found[i].OthersOf = others, len(left)
	}
	return found
}

// search localises one symptom.
func (r Rules) search(members []Member, s Symptom, ordinary float64) []Cluster {
	showing := 0
	for _, m := range members {
		if m.shown(s) {
			showing++
		}
	}
	if showing < r.MinFailing {
		return nil
	}
	table, attributes := tabulate(members, s, ordinary)
	o := localise.DefaultOptions()
	o.MinLevel, o.MinScore, o.Everything = r.MinShare, r.MinRatio, true
	o.Close = 0.05 // between nearly equal ones the wider attribute is said
	var out []Cluster
	for _, cause := range localise.Shares(table, o) {
		c := Cluster{Ratio: cause.Gain - cause.Cost}
		for _, p := range cause.Pairs {
			c.Shared = append(c.Shared, Pair{attributes[p.Column], table.Columns[p.Column].Values[p.Value]})
		}
		if c.Ratio >= r.MinRatio {
			out = append(out, c)
		}
	}
	return out
}

// fill counts the terminals of a cluster and says what is wrong with most of them.
func (c *Cluster) fill(members []Member) {
	by := map[Symptom]int{}
	var since []time.Time
	for _, m := range members {
		if !c.Shared.Covers(m) {
			continue
		}
		c.Total++
		if !m.Failing {
			continue
		}
		c.Failing++
		c.Members = append(c.Members, m.Terminal)
		by[m.Symptom]++
		if !m.Since.IsZero() {
			since = append(since, m.Since)
		}
	}
	slices.Sort(c.Members)
	c.Symptom = dominant(by, c.Failing)
	c.Since = early(since)
}

// nameHost says "this host" for "everybody" where all terminals whose host is known have the same, and most of those that
// fail were not served by it: there is nobody with another host to compare with, and yet it is the host that they tell of.
func (c *Cluster) nameHost(members []Member) {
	if len(c.Shared) > 0 {
		return
	}
	hosts := map[string]bool{}
	unserved := 0
	for _, m := range members {
		if host := m.Shares[Host]; host != "" {
			hosts[host] = true
		}
		if m.Failing && (m.Symptom == SignIn || m.Symptom == NoAnswer || m.Symptom == Declined) {
			unserved++
		}
	}
	if len(hosts) != 1 || 2*unserved <= c.Failing {
		return
	}
	for host := range hosts {
		*c = Cluster{Shared: Shared{{Host, host}}, Ratio: c.Ratio}
	}
	c.fill(members)
}

// dominant is the symptom that four of five show; otherwise they cannot sell, each in its way.
func dominant(by map[Symptom]int, failing int) Symptom {
	for _, s := range symptoms() {
		if 5*by[s] >= 4*failing {
			return s
		}
	}
	return CannotSell
}

// early is when it began: the fifth part that failed first may have been down for reasons of its own.
func early(since []time.Time) time.Time {
	if len(since) == 0 {
		return time.Time{}
	}
	slices.SortFunc(since, time.Time.Compare)
	return since[len(since)/5]
}

// tabulate counts the terminals of each combination. Attributes that all terminals share tell nothing and are left out.
func tabulate(members []Member, s Symptom, ordinary float64) (localise.Table, []Attribute) {
	var t localise.Table
	var attributes []Attribute
	codes := make([]map[string]int32, 0, len(kinds()))
	for _, k := range kinds() {
		values := valuesOf(members, k.attribute)
		if len(values) < 2 {
			continue
		}
		code := make(map[string]int32, len(values))
		for i, v := range values {
			code[v] = int32(i)
		}
		attributes, codes = append(attributes, k.attribute), append(codes, code)
		t.Columns = append(t.Columns, localise.Column{Name: string(k.attribute), Values: values})
	}
	for _, l := range leavesOf(members, s, attributes, codes) {
		t.Actual, t.Of = append(t.Actual, l.failing), append(t.Of, l.of)
		t.Expected = append(t.Expected, ordinary*l.of)
		for c := range t.Columns {
			t.Columns[c].Codes = append(t.Columns[c].Codes, l.key[c])
		}
	}
	return t, attributes
}

// valuesOf gives the values that an attribute has in the fleet, ordered; terminals without one count as one more.
func valuesOf(members []Member, a Attribute) []string {
	seen := map[string]bool{}
	for _, m := range members {
		seen[m.Shares[a]] = true
	}
	out := make([]string, 0, len(seen))
	for v := range seen {
		if v != "" {
			out = append(out, v)
		}
	}
	if len(out) == 1 && seen[""] {
		out = append(out, "") // having it and not having it are two
	}
	slices.Sort(out)
	return out
}

// mostAttributes is the length of a leaf's key; a test holds it against kinds.
const mostAttributes = 16

type leafKey [mostAttributes]int32

type leaf struct {
	key         leafKey
	failing, of float64
}

// leavesOf counts terminals by all their values, in an order that does not depend on theirs.
func leavesOf(members []Member, s Symptom, attributes []Attribute, codes []map[string]int32) []leaf {
	index := map[leafKey]int{}
	var out []leaf
	for _, m := range members {
		var key leafKey
		for c, a := range attributes {
			key[c] = -1
			if v := m.Shares[a]; v != "" {
				key[c] = codes[c][v]
			}
		}
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, leaf{key: key})
		}
		out[i].of++
		if m.shown(s) {
			out[i].failing++
		}
	}
	slices.SortFunc(out, func(a, b leaf) int { return slices.Compare(a.key[:], b.key[:]) })
	return out
}

// certainty is how far a cluster is to be believed, from how much better than chance it explains; never all the way.
func certainty(ratio float64) float64 {
	const least, most = 0.6, 0.97
	return min(max(1-math.Exp(-ratio/2), least), most)
}

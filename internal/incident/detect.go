package incident

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// Attribute is something terminals share.
type Attribute string

// The attributes that are compared, and the state of terminal_scope that each means for one of its terminals.
const (
	Host       Attribute = "host"
	Carrier    Attribute = "carrier"
	Area       Attribute = "area"
	Site       Attribute = "site"
	Model      Attribute = "model"
	AppVersion Attribute = "app_version"
	Params     Attribute = "params"
	Everybody  Attribute = "everybody" // needs no value: all terminals together, against an ordinary day
)

// scopes maps an attribute to the vocabulary's terminal_scope; a push hits models and everybody alike.
var scopes = map[Attribute]string{
	Host: "everybody", Carrier: "same_carrier", Area: "area", Site: "whole_shop",
	Model: "same_model", AppVersion: "everybody", Params: "everybody", Everybody: "everybody",
}

// Member is one terminal with what it shares and whether it fails now.
type Member struct {
	Terminal string
	Shares   map[Attribute]string
	Failing  bool
	Silent   bool   // failing without a word from its agent
	Group    string // leading fault group of its open case, empty without one
}

// Rules are the operator's settings for detection.
type Rules struct {
	MinFailing int           // terminals
	MinShare   float64       // of the value's terminals that fail
	MinRatio   float64       // log-likelihood ratio against "it has nothing to do with it"
	EndShare   float64       // below this share the incident is over
	Grace      time.Duration // how long those that recover last are no sign of another cause
}

// DefaultRules open an incident for three terminals of a small group, or a third of a larger one.
func DefaultRules() Rules {
	return Rules{MinFailing: 3, MinShare: 0.35, MinRatio: 4, EndShare: 0.1, Grace: 5 * time.Minute}
}

// Cluster is a value whose terminals fail together.
type Cluster struct {
	Attribute Attribute
	Value     string
	Failing   int
	Total     int
	Others    int // failing elsewhere
	OthersOf  int
	Ratio     float64
	Silent    int
	Members   []string // the failing ones, ordered
	Since     time.Time
}

// Scope is the state of terminal_scope for a terminal of this cluster.
func (c Cluster) Scope() string { return scopes[c.Attribute] }

// Detect finds the clusters, the most telling first; no terminal is explained twice.
func Detect(members []Member, r Rules) []Cluster {
	var found []Cluster
	left := slices.Clone(members)
	for {
		best, ok := strongest(left, r)
		if !ok {
			return found
		}
		found = append(found, best)
		// What this cluster explains is taken out, so that a second cause can show itself.
		left = slices.DeleteFunc(left, func(m Member) bool {
			return best.Attribute == Everybody || m.Shares[best.Attribute] == best.Value
		})
	}
}

// strongest is the most telling value; "everybody" is only said when nothing narrower tells.
func strongest(members []Member, r Rules) (Cluster, bool) {
	var best, all Cluster
	found, every := false, false
	for _, c := range tally(members) {
		switch {
		case c.Failing < r.MinFailing || float64(c.Failing) < r.MinShare*float64(c.Total) || c.Ratio < r.MinRatio:
		case c.Attribute == Everybody:
			all, every = c, true
		case !found || better(c, best):
			best, found = c, true
		}
	}
	if !found {
		return all, every
	}
	return best, true
}

// better prefers the stronger evidence; between nearly equal ones the wider attribute, in the order of the constants,
// so that "everybody at this host" wins over "everybody in this shop" when all shops fail.
func better(a, b Cluster) bool {
	if math.Abs(a.Ratio-b.Ratio) > 0.05*math.Max(a.Ratio, b.Ratio) {
		return a.Ratio > b.Ratio
	}
	return cmp.Or(cmp.Compare(rank(a.Attribute), rank(b.Attribute)), cmp.Compare(a.Value, b.Value)) < 0
}

func rank(a Attribute) int {
	return slices.Index([]Attribute{Host, Carrier, Area, Site, Params, AppVersion, Model}, a)
}

func (c *Cluster) add(m Member) {
	c.Total++
	if !m.Failing {
		return
	}
	c.Failing++
	c.Members = append(c.Members, m.Terminal)
	if m.Silent {
		c.Silent++
	}
}

type key struct {
	attribute Attribute
	value     string
}

func tally(members []Member) []Cluster {
	by := map[key]*Cluster{}
	count := func(k key, m Member) {
		if by[k] == nil {
			by[k] = &Cluster{Attribute: k.attribute, Value: k.value}
		}
		by[k].add(m)
	}
	failing := 0
	for _, m := range members {
		if m.Failing {
			failing++
		}
		count(key{attribute: Everybody}, m)
		for attribute, value := range m.Shares {
			if value != "" {
				count(key{attribute, value}, m)
			}
		}
	}
	out := make([]Cluster, 0, len(by))
	for _, c := range by {
		c.Others, c.OthersOf = failing-c.Failing, len(members)-c.Total
		c.Ratio = likelihoodRatio(c.Failing, c.Total, c.Others, c.OthersOf)
		slices.Sort(c.Members)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// base is the share of terminals that fail on any ordinary day, used where a value covers the whole fleet and there is
// nobody to compare with.
const base = 0.03

// likelihoodRatio compares "this value fails at its own rate" with "it fails like the others"; zero when it fails less.
func likelihoodRatio(failing, total, others, othersOf int) float64 {
	if total == 0 {
		return 0
	}
	p := float64(failing) / float64(total)
	// One pseudo-terminal each way keeps an empty or spotless comparison group finite.
	q := (float64(others) + base) / (float64(othersOf) + 1)
	if p <= q {
		return 0
	}
	return logBinomial(failing, total, p) - logBinomial(failing, total, q)
}

func logBinomial(k, n int, p float64) float64 {
	term := func(count int, p float64) float64 {
		if count == 0 {
			return 0
		}
		return float64(count) * math.Log(p)
	}
	return term(k, p) + term(n-k, 1-p)
}

// Evidence is what an incident says about one of its terminals.
func (c Cluster) Evidence(at time.Time) []finding.Finding {
	return []finding.Finding{{
		Variable: "terminal_scope", State: c.Scope(), At: at, Source: finding.Incident, Confidence: 0.95,
		Detail: string(c.Attribute) + "=" + c.Value,
	}}
}

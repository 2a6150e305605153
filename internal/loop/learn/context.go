package learn

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/bayes/learning"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

// Attributes of terminals by which faults may be oftener or rarer, as variables with free values.
const (
	Model      = "terminal_model"
	Firmware   = "terminal_firmware"
	AppVersion = "terminal_app_version"
	Age        = "terminal_age"
	Carrier    = "terminal_carrier"
	Region     = "terminal_region"
	Season     = "season"
)

// attributeWords names the attributes for people; what is not in it is not learned from.
var attributeWords = map[string]lang.Text{
	Model:      {ZH: "终端型号", EN: "terminal model"},
	Firmware:   {ZH: "固件版本", EN: "firmware version"},
	AppVersion: {ZH: "应用版本", EN: "app version"},
	Age:        {ZH: "使用年限", EN: "time in service"},
	Carrier:    {ZH: "运营商", EN: "carrier"},
	Region:     {ZH: "地区", EN: "region"},
	Season:     {ZH: "季节", EN: "season"},
}

func attributeVariable(id string) pack.Variable {
	return pack.Variable{ID: id, Group: "terminal", Type: pack.String, Name: attributeWords[id], Lasting: true}
}

// SeasonOf names the quarter of a time; climates differ, so it carries no summer.
func SeasonOf(at time.Time) string {
	return [...]string{"q1", "q2", "q3", "q4"}[(int(at.Month())-1)/3]
}

// TellsApart reports whether a pack has learned to tell terminals apart by any attribute.
func TellsApart(p *pack.Pack) bool {
	for id := range attributeWords {
		if _, known := p.Variable(id); known {
			return true
		}
	}
	return false
}

// Findings words a terminal's attributes as evidence, as far as a pack has learned to tell terminals apart by them.
func Findings(p *pack.Pack, attributes map[string]string, at time.Time) []finding.Finding {
	var out []finding.Finding
	for _, id := range slices.Sorted(maps.Keys(attributes)) {
		if _, known := p.Variable(id); known && attributeWords[id].EN != "" {
			out = append(out, finding.Finding{Variable: id, State: attributes[id], At: at, Source: finding.TMS})
		}
	}
	return out
}

// Bounds of what a context may say.
const (
	leastStratum  = 30  // cases of terminals with the value; fewer say too little
	leastContrast = 1.3 // factors nearer to 1 than this are left out
	mostContrast  = 5.0
	mostContexts  = 60
	mostValues    = 200 // of one attribute
)

// stratum is an attribute with a value, and the records of terminals that have it.
type stratum struct {
	attribute, value string
	records          []int
}

// contextChanges finds out by which attributes faults are oftener or rarer. Attributes are taken one after the other, the
// one that differs most first, and each is held against what is expected after those before it, so that a model which is
// all of one carrier's does not count twice.
func (b *Book) contextChanges(fitted *learning.Fitted, records []Record, cases []learning.Case) []Change {
	shares := fitted.Model.Rates.Means()
	expected := make([][]float64, len(records)) // by record, distribution over faults before evidence
	for i := range expected {
		expected[i] = slices.Clone(shares)
	}
	open := strata(records)
	var out []Change
	for len(open) > 0 {
		best, gain := "", 0.0
		var shrunk map[string]learning.Shrunk
		for _, attribute := range slices.Sorted(maps.Keys(open)) {
			s := b.shrink(open[attribute], fitted, cases, expected)
			if g := 1 / s.Strength; g > gain {
				best, gain, shrunk = attribute, g, map[string]learning.Shrunk{attribute: s}
			}
		}
		if best == "" {
			break
		}
		out = append(out, b.settle(open[best], shrunk[best], fitted, cases, expected)...)
		delete(open, best)
	}
	return contrasts(out)
}

// strata groups records by every attribute that at least two values of which have enough cases.
func strata(records []Record) map[string][]stratum {
	at := map[string]map[string][]int{}
	for i, r := range records {
		for attribute, value := range r.Attributes {
			if attributeWords[attribute].EN == "" || value == "" {
				continue
			}
			if at[attribute] == nil {
				at[attribute] = map[string][]int{}
			}
			at[attribute][value] = append(at[attribute][value], i)
		}
	}
	out := map[string][]stratum{}
	for attribute, values := range at {
		var list []stratum
		for _, value := range slices.Sorted(maps.Keys(values)) {
			if len(values[value]) >= leastStratum {
				list = append(list, stratum{attribute: attribute, value: value, records: values[value]})
			}
		}
		if len(values) > 1 && len(list) > 0 {
			out[attribute] = list[:min(len(list), mostValues)]
		}
	}
	return out
}

// shrink compares what was seen in each stratum with what was expected.
func (b *Book) shrink(list []stratum, fitted *learning.Fitted, cases []learning.Case, expected [][]float64) learning.Shrunk {
	faults := len(b.pack.Faults)
	cells := make([]learning.Cell, len(list)*faults)
	for s, st := range list {
		for _, i := range st.records {
			for f := range faults {
				cells[s*faults+f].Observed += cases[i].Weight * fitted.Who[i][f]
				cells[s*faults+f].Expected += cases[i].Weight * expected[i][f]
			}
		}
	}
	return learning.Shrink(cells)
}

// settle takes an attribute's factors into what is expected, and words them as changes.
func (b *Book) settle(list []stratum, s learning.Shrunk, fitted *learning.Fitted, cases []learning.Case, expected [][]float64) []Change {
	var out []Change
	faults := len(b.pack.Faults)
	for at, st := range list {
		observed := make([]float64, faults)
		for _, i := range st.records {
			for f := range faults {
				observed[f] += cases[i].Weight * fitted.Who[i][f]
			}
		}
		for f := range faults {
			factor := min(max(s.Factors[at*faults+f], 1/mostContrast), mostContrast)
			if math.Abs(math.Log(factor)) < math.Log(leastContrast) {
				continue
			}
			out = append(out, Change{What: Context, Fault: b.pack.Faults[f].ID, Attribute: st.attribute, Value: st.value, Cases: observed[f],
				From: pack.Number{Mean: 1, Experience: s.Strength, Source: b.pack.Faults[f].Rate.Source},
				To:   pack.Number{Mean: factor, Experience: s.Strength + observed[f], Source: b.pack.Faults[f].Rate.Source}})
			for _, i := range st.records {
				expected[i][f] *= factor
			}
		}
		for _, i := range st.records {
			normalise(expected[i])
		}
	}
	return out
}

func normalise(p []float64) {
	total := 0.0
	for _, x := range p {
		total += x
	}
	for i := range p {
		p[i] /= total
	}
}

// contrasts keeps the changes of the values that differ most, so that a pack stays readable.
func contrasts(list []Change) []Change {
	type place struct{ attribute, value string }
	weight := map[place]float64{}
	for _, c := range list {
		weight[place{c.Attribute, c.Value}] += c.To.Experience * math.Abs(math.Log(c.To.Mean))
	}
	places := slices.SortedFunc(maps.Keys(weight), func(a, b place) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), cmp.Compare(a.attribute, b.attribute), cmp.Compare(a.value, b.value))
	})
	if len(places) <= mostContexts {
		return list
	}
	kept := places[:mostContexts]
	return slices.DeleteFunc(list, func(c Change) bool { return !slices.Contains(kept, place{c.Attribute, c.Value}) })
}

package pack

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// What the compiler fills in where authors say nothing. Everything that is derived is derived here.

const (
	defaultWorks      = 0.85 // a cure that fits the fault usually works
	handoverWorks     = 0.9  // whoever may repair it does, given the time
	derivedExperience = 5    // a derived number is worth half of what an author says
)

// defaultLeak is how a variable looks on a stopped terminal whatever the fault: mostly normal. With many states more
// of them are odd by chance. Where no state is normal (or all are), nothing is more likely than anything else.
func defaultLeak(states []StateWords) []float64 {
	normal := 0
	for _, s := range states {
		if s.Normal {
			normal++
		}
	}
	leak := make([]float64, len(states))
	share := 0.85
	if len(states) > 8 {
		share = 0.75
	}
	for i, s := range states {
		switch {
		case normal == 0 || normal == len(states):
			leak[i] = 1 / float64(len(states))
		case s.Normal:
			leak[i] = share / float64(normal)
		default:
			leak[i] = (1 - share) / float64(len(states)-normal)
		}
	}
	return leak
}

// effort is what one party's work costs, apart from the minutes of the fault itself.
type effort struct {
	merchant  float64 // minutes of the shop; < 0: the minutes of the fault, at most an hour, since waiting for a parcel is no work
	desk      float64 // minutes of the help desk or back office; < 0: as above
	truck     float64 // truck rolls
	money     float64 // CNY
	wait      float64 // minutes until this party begins when it is called in
	cluster   string
	name      Text
	takesOver Text // what a person does to call them in
}

// efforts is the derivation table of cures and hand-overs.
func efforts() map[string]effort {
	return map[string]effort{
		// The shop does it at once; nobody else is busy. Called in from outside, its owner first has to be reached.
		"merchant": {merchant: -1, wait: 30,
			name:      Text{ZH: "交给店里处理", EN: "hand over to the shop"},
			takesOver: Text{ZH: "请店主或店里的电工、网管处理，并把我们已查明的情况告诉他。", EN: "Ask the owner, or the shop's electrician or network person, and tell them what is known so far."}},
		// An agent works on it, with the shop on the phone for a few minutes.
		"helpdesk_remote": {merchant: 5, desk: -1, wait: 10,
			name:      Text{ZH: "转给客服远程处理", EN: "hand over to the help desk"},
			takesOver: Text{ZH: "联系客服，报上终端号，由客服远程处理。", EN: "Call the help desk, give the terminal number, and let them work on it from afar."}},
		// A quarter of an hour of work and a queue; the shop only sends what is asked for.
		"acquirer_backoffice": {merchant: 5, desk: 15, wait: 60,
			name:      Text{ZH: "转给收单机构后台处理", EN: "hand over to the acquirer's back office"},
			takesOver: Text{ZH: "把商户号、终端号和现象报给收单机构后台，由后台核实并处理。", EN: "Report merchant number, terminal number and what happens to the acquirer's back office; they check and put it right."}},
		// The shop calls its carrier and waits on the line.
		"telecom": {merchant: 10, desk: 5, wait: 60,
			name:      Text{ZH: "联系电信运营商处理", EN: "hand over to the carrier"},
			takesOver: Text{ZH: "联系宽带或SIM卡的运营商报障，说明终端连不上网。", EN: "Report the fault to the carrier of the line or SIM card and say that the terminal has no connection."}},
		// One truck roll, paid once however much is done on site; booked for the same or the next day.
		"field_engineer": {merchant: 10, desk: 10, truck: 1, wait: 480, cluster: "on_site",
			name:      Text{ZH: "派工程师上门", EN: "send a field engineer"},
			takesOver: Text{ZH: "预约工程师上门，带上可能用到的配件。", EN: "Book a visit of a field engineer with the parts that may be needed."}},
		// A replacement: half of them brought by an engineer, half by post, with the work of the depot behind it.
		"depot": {merchant: 15, desk: 15, truck: 0.5, money: 60, wait: 480,
			name:      Text{ZH: "更换终端并送修", EN: "replace the terminal and send it to the depot"},
			takesOver: Text{ZH: "安排一台备用机（工程师送到或邮寄），故障机原样寄回维修。", EN: "Arrange a replacement, brought by an engineer or by post; the faulty unit goes back as it is."}},
	}
}

func atMostAnHour(minutes float64) float64 { return min(minutes, 60) }

// cureCost derives the cost of a cure from who does it and how long it takes.
func cureCost(who string, minutes float64) (Cost, string) {
	e := efforts()[who]
	c := Cost{MerchantMin: e.merchant, DeskMin: e.desk, DowntimeMin: minutes, Truck: e.truck, Money: e.money}
	if e.merchant < 0 {
		c.MerchantMin = atMostAnHour(minutes)
	}
	if e.desk < 0 {
		c.DeskMin = atMostAnHour(minutes)
	}
	return c, e.cluster
}

func cureName(f *Fault) Text {
	return Text{ZH: "处理：" + f.Name.ZH, EN: "put right: " + f.Name.EN}
}

// handovers makes one step for every party that may repair something. It waits for the party and then takes as long
// as its faults take on average, weighted by how often they happen.
func handovers(faults []Fault) []Step {
	var steps []Step
	for _, party := range Parties() {
		fixes := map[string]Number{}
		rate, minutes := 0.0, 0.0
		for _, f := range faults {
			if f.Who != party && !slices.Contains(f.Also, party) {
				continue
			}
			fixes[f.ID] = Number{Mean: handoverWorks, Experience: derivedExperience, Source: derivedSource}
			rate += f.Rate.Mean
			minutes += f.Rate.Mean * f.Minutes
		}
		if len(fixes) == 0 {
			continue
		}
		if rate > 0 {
			minutes /= rate
		}
		steps = append(steps, handover(party, fixes, minutes))
	}
	return steps
}

func handover(party string, fixes map[string]Number, minutes float64) Step {
	e := efforts()[party]
	c, cluster := cureCost(party, math.Round(minutes))
	c.DowntimeMin += e.wait
	return Step{ID: "handover." + party, Kind: Handover, By: party, Name: e.name, Do: []Text{e.takesOver}, Cost: c,
		Fixes: fixes, Cluster: cluster}
}

// finish adds what is derived from the whole pack, puts everything into its one order and names the content.
func finish(p *Pack) (*Pack, error) {
	slices.SortFunc(p.Faults, func(a, b Fault) int { return strings.Compare(a.ID, b.ID) })
	p.Steps = append(p.Steps, handovers(p.Faults)...)
	arrange(p)
	hash, err := contentHash(p)
	if err != nil {
		return nil, err
	}
	p.Ref.Hash = hash
	p.index()
	return p, nil
}

func arrange(p *Pack) {
	slices.SortFunc(p.Sources, func(a, b Source) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(p.Variables, func(a, b Variable) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(p.Steps, func(a, b Step) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(p.Contexts, func(a, b Context) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(p.Codes, func(a, b Code) int {
		return cmp.Or(strings.Compare(a.Set, b.Set), strings.Compare(a.Code, b.Code))
	})
	slices.SortStableFunc(p.Messages, func(a, b Message) int {
		return cmp.Or(strings.Compare(a.Vendor, b.Vendor), slices.Compare(a.Match, b.Match), strings.Compare(a.Class, b.Class),
			strings.Compare(a.Source, b.Source))
	})
	slices.SortStableFunc(p.Phrases, func(a, b Phrase) int {
		return cmp.Or(strings.Compare(a.Lang, b.Lang), strings.Compare(a.Variable, b.Variable), strings.Compare(a.State, b.State),
			slices.Compare(a.Words, b.Words), strings.Compare(a.Negated, b.Negated))
	})
}

// index builds the tables behind Variable, Fault and Step.
func (p *Pack) index() {
	p.variable, p.fault, p.step = make(map[string]int, len(p.Variables)), make(map[string]int, len(p.Faults)), make(map[string]int, len(p.Steps))
	for i := range p.Variables {
		p.variable[p.Variables[i].ID] = i
	}
	for i := range p.Faults {
		p.fault[p.Faults[i].ID] = i
	}
	for i := range p.Steps {
		p.step[p.Steps[i].ID] = i
	}
}

func roundSum(x float64) float64 { return math.Round(x*1e9) / 1e9 }

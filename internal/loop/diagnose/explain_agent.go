package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

const (
	maxOthers   = 4
	leastOther  = 0.05
	maxTurns    = 5
	turnsOfOne  = 2     // answers of one variable among the turns
	turnLooks   = 24    // variables that are tried, most telling first
	leastChance = 0.005 // an answer below is not worth a line
)

func (x *explainer) agent() ForAgent {
	a := ForAgent{
		Leading: x.leading(), Surprise: x.d.Surprise, For: []Argument{}, Against: []Argument{}, Turns: []Turn{},
		Withheld: []WithheldBecause{}, Together: x.names(x.d.Together),
	}
	for _, id := range x.d.Conflicts {
		a.Conflicts = append(a.Conflicts, x.e.variableText(id))
	}
	for _, w := range x.d.Withheld {
		a.Withheld = append(a.Withheld, x.because(w))
	}
	if x.s == nil {
		return a
	}
	top := x.d.Ranked[0]
	a.For, a.Against = x.arguments(top.For, true), x.arguments(top.Against, false)
	for _, r := range x.d.Ranked[1:] {
		if r.P >= leastOther && len(a.Others) < maxOthers {
			a.Others = append(a.Others, named(r))
		}
	}
	a.Turns = x.turns()
	a.Next = x.why()
	return a
}

func (x *explainer) arguments(reasons []Reason, pro bool) []Argument {
	out := []Argument{}
	for _, r := range reasons {
		s := strengthOf(r.Weight)
		g := Argument{Variable: r.Variable, State: r.State, Text: x.e.stateText(r.Variable, r.State), Strength: s, Words: s.words(pro), At: r.At}
		g.Source = x.source(r.Variable)
		if g.Source != "" {
			g.Who = partyText(string(g.Source))
		}
		out = append(out, g)
	}
	return out
}

// source says who supplied a finding; "" for what follows from a repair that was tried.
func (x *explainer) source(variable string) finding.Source {
	for _, f := range x.d.Evidence {
		if f.Variable == variable {
			return f.Source
		}
	}
	return ""
}

func (x *explainer) because(w Withheld) WithheldBecause {
	out := WithheldBecause{Step: w.Step, Name: w.Name, Hazard: hazardText(w.Hazard)}
	if x.s != nil && x.s.dangers.signed[w.Hazard] {
		out.Reason = lang.Text{ZH: "危险的迹象已经出现", EN: "a sign of the danger itself is there"}
		return out
	}
	name := x.e.fault(w.Fault).Name
	out.Reason = lang.Text{ZH: "还不能排除：" + name.ZH, EN: "not ruled out: " + name.EN}
	return out
}

// turn is a Turn with how strong it is: its chance times how far the new leader would be ahead of the old one.
type turn struct {
	Turn
	strength float64
}

// stronger puts answers that name another cause before those that only shuffle what nobody would name.
func stronger(a, b turn) int {
	names := func(t turn) int {
		if t.Then.P >= nameable {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(names(b), names(a)), cmp.Compare(b.strength, a.strength))
}

// turns tries the answers nobody has given yet, and keeps the strongest of those that would put another fault first.
func (x *explainer) turns() []Turn {
	var all []turn
	for _, v := range x.lookable() {
		ofOne := x.turnsOf(v)
		slices.SortStableFunc(ofOne, stronger)
		all = append(all, ofOne[:min(len(ofOne), turnsOfOne)]...)
	}
	slices.SortStableFunc(all, stronger)
	out := []Turn{}
	for _, t := range all[:min(len(all), maxTurns)] {
		out = append(out, t.Turn)
	}
	return out
}

func (x *explainer) turnsOf(v *variable) []turn {
	var out []turn
	leader := x.s.leader()
	chances := x.e.chances(x.s, v)
	for i, state := range v.States {
		if chances[i] < leastChance {
			continue
		}
		p, first := x.e.believed(x.suppose(v, state.ID))
		if p == nil || first == leader {
			continue
		}
		f := &x.e.pack.Faults[first]
		out = append(out, turn{Turn{
			Variable: v.ID, State: state.ID, Text: x.e.stateText(v.ID, state.ID), Who: partyText(string(x.finder(v))), Chance: chances[i],
			Then: Named{Fault: f.ID, Name: f.Name, P: p[first], Word: WordFor(p[first])},
		}, chances[i] * (p[first] - p[leader])})
	}
	return out
}

// lookable are the open variables that somebody could look at without breaking a hazard, most telling first.
func (x *explainer) lookable() []*variable {
	var out []*variable
	for _, c := range x.s.unseen {
		if len(out) == turnLooks || c.nats <= 0 {
			break
		}
		if (c.v.Probe != "" || len(c.v.Ask) > 0) && x.s.dangers.mayFindOut(c.v.ID) {
			out = append(out, c.v)
		}
	}
	return out
}

// finder is who would find a variable out: the agent on the terminal where it can and is in contact.
func (x *explainer) finder(v *variable) finding.Source {
	if len(v.Ask) == 0 || (v.Probe != "" && x.in.Audience.Remote) {
		return finding.Probe
	}
	return finding.Source(v.Ask[0])
}

// suppose is the case as if an answer had come.
func (x *explainer) suppose(v *variable, state string) Input {
	in := x.in
	in.Findings = append(slices.Clone(in.Findings), finding.Finding{Variable: v.ID, State: state, At: in.Now, Source: x.finder(v)})
	return in
}

// why explains the next step.
func (x *explainer) why() *Why {
	n := x.d.Next
	if n == nil {
		return nil
	}
	w := &Why{Kind: n.Kind, ID: n.ID, Name: n.Text, With: n.Expected}
	if n.Expected > 0 {
		w.Without = x.without(n)
	}
	w.Reason = x.reason(n)
	switch n.Kind {
	case Ask, Probe:
		w.Leads = x.answersLead(n)
	case Do:
		w.Fixes, w.Leads = n.Fixes, x.failureLeads(n)
	}
	return w
}

func (x *explainer) reason(n *Next) lang.Text {
	sure := x.d.Ranked[0].P >= x.e.policy.Act
	who := partyText(n.By)
	switch {
	case x.s.dangers.lockdown:
		return lang.Text{ZH: "可能被动过手脚：不再对它做任何处理，只换机", EN: "it may have been tampered with: nothing more is done to it, it is replaced"}
	case n.Kind == Probe:
		return lang.Text{ZH: "机器自己能查，不必麻烦人，而且最能区分可能的原因", EN: "a machine can find it out, so nobody is troubled, and it tells the causes apart best"}
	case n.Kind == Ask && n.Expected == 0:
		return lang.Text{ZH: "原样的文字或代码比任何别的回答说明得更多", EN: "the exact words or code tell more than any other answer"}
	case n.Kind == Ask:
		return lang.Text{ZH: "算上提问的代价，问了这个预计总代价最小", EN: "with what asking costs counted, the whole is expected to cost least if this is asked now"}
	case n.Kind == Do && sure:
		return lang.Text{ZH: "原因已足够确定，这一步每分钟代价治好的机会最大", EN: "the cause is likely enough to act on, and this cures with the best chance for its cost"}
	case n.Kind == Do:
		return lang.Text{ZH: "在能问和能试的里面，先做这一步预计总代价最小", EN: "of all that can be asked or tried, the whole is expected to cost least if this is done now"}
	case sure:
		return lang.Text{ZH: "原因已足够确定，而能修的是" + who.ZH, EN: "the cause is likely enough, and who can repair it is " + who.EN}
	case n.Expected > 0:
		return lang.Text{ZH: "再问再试不如现在转交", EN: "handing over now costs less than asking or trying on"}
	default:
		return lang.Text{ZH: "在场的人和机器都查不出、做不了更多", EN: "nobody and nothing at hand can find out or do more"}
	}
}

// answersLead says where each answer to a question or probe leads; free values cannot be listed.
func (x *explainer) answersLead(n *Next) []Consequence {
	v, known := x.e.variables[n.ID]
	if !known || v.row < 0 {
		return nil
	}
	var out []Consequence
	chances := x.e.chances(x.s, v)
	for i, state := range v.States {
		if chances[i] < leastChance {
			continue
		}
		d := x.e.Diagnose(x.suppose(v, state.ID))
		out = append(out, x.consequence(state.ID, x.e.stateText(v.ID, state.ID), chances[i], d))
	}
	return out
}

// failureLeads says what follows if a repair does not help and all is as before.
func (x *explainer) failureLeads(n *Next) []Consequence {
	at := x.in.Now
	for _, f := range x.in.Findings {
		if f.At.Before(at) {
			at = f.At // what was seen is seen again
		}
	}
	in := x.in
	in.Tried = append(slices.Clone(in.Tried), Attempt{Step: n.ID, At: at.Add(-time.Nanosecond)})
	text := lang.Text{ZH: "如果没有用", EN: "if it does not help"}
	return []Consequence{x.consequence("no", text, 1-n.Fixes, x.e.Diagnose(in))}
}

func (x *explainer) consequence(state string, text lang.Text, chance float64, d Diagnosis) Consequence {
	c := Consequence{State: state, Text: text, Chance: chance, Next: x.e.nextText(d.Next, d.Verdict)}
	if len(d.Ranked) > 0 {
		n := named(d.Ranked[0])
		c.Leading = &n
	}
	return c
}

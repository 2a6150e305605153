package diagnose

import (
	"cmp"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

// In gives the probability's word as a person reads it.
func (w Word) In(l lang.Lang) string { return w.text().In(l) }

func (w Word) text() lang.Text {
	switch w {
	case VeryLikely:
		return lang.Text{ZH: "很可能", EN: "very likely"}
	case Likely:
		return lang.Text{ZH: "可能", EN: "likely"}
	case Unsure:
		return lang.Text{ZH: "不确定", EN: "unsure"}
	default:
		return lang.Text{ZH: "还说不准", EN: "not enough to say"}
	}
}

// partyText names who acts, takes over or can find something out.
func partyText(party string) lang.Text {
	switch party {
	case "merchant":
		return lang.Text{ZH: "店里的人", EN: "the shop"}
	case "remote", string(finding.Probe):
		return lang.Text{ZH: "系统自动", EN: "the system itself"}
	case "helpdesk_remote", string(finding.Agent):
		return lang.Text{ZH: "客服", EN: "the help desk"}
	case "acquirer_backoffice", string(finding.Acquirer):
		return lang.Text{ZH: "收单机构后台", EN: "the acquirer's back office"}
	case "telecom":
		return lang.Text{ZH: "网络运营商", EN: "the network operator"}
	case "field_engineer", string(finding.Field):
		return lang.Text{ZH: "现场工程师", EN: "a field engineer"}
	case "depot":
		return lang.Text{ZH: "维修中心", EN: "the repair depot"}
	case string(finding.TMS):
		return lang.Text{ZH: "终端管理系统", EN: "the terminal's management system"}
	case string(finding.Host):
		return lang.Text{ZH: "收单主机", EN: "the acquirer's host"}
	case string(finding.Incident):
		return lang.Text{ZH: "已知的共同原因", EN: "a shared cause that is known"}
	default:
		return lang.Text{ZH: "同事", EN: "a colleague"}
	}
}

// variableText names a variable; what the pack does not know keeps its id.
func (e *Engine) variableText(id string) lang.Text {
	if v, ok := e.variables[id]; ok && !v.Name.Empty() {
		return v.Name
	}
	return lang.Text{ZH: id, EN: id}
}

// stateText names a finding in full: what is in which state.
func (e *Engine) stateText(variable, state string) lang.Text {
	v, known := e.variables[variable]
	switch {
	case state == "":
		name := e.variableText(variable)
		return lang.Text{ZH: name.ZH + "：没人知道", EN: name.EN + ": nobody could say"}
	case !known:
		if i, ok := e.stepAt[variable]; ok {
			return outcomeText(e.steps[i].Name, state == "yes")
		}
		return lang.Text{ZH: variable + "：" + state, EN: variable + ": " + state}
	}
	name, words := e.variableText(variable), lang.Text{ZH: state, EN: state}
	if s, ok := v.states[state]; ok && !v.States[s].Words.Empty() {
		words = v.States[s].Words
	}
	return lang.Text{ZH: name.ZH + "：" + words.ZH, EN: name.EN + ": " + words.EN}
}

func outcomeText(step lang.Text, helped bool) lang.Text {
	if helped {
		return lang.Text{ZH: step.ZH + "：有用", EN: step.EN + ": it helped"}
	}
	return lang.Text{ZH: step.ZH + "：没有用", EN: step.EN + ": it did not help"}
}

func hazardText(id string) lang.Text {
	if h, ok := pack.FindHazard(id); ok {
		return h.Words
	}
	return lang.Text{ZH: id, EN: id}
}

func hazardTexts(ids []string) []lang.Text {
	var out []lang.Text
	for _, id := range ids {
		out = append(out, hazardText(id))
	}
	return out
}

// strengthOf puts a weight of evidence, in nats, into a word.
func strengthOf(nats float64) Strength {
	switch w := abs(nats); {
	case w >= 3: // twenty to one
		return Strong
	case w >= 1.1: // three to one
		return Plain
	default:
		return Slight
	}
}

func (s Strength) words(pro bool) lang.Text {
	t := map[Strength]lang.Text{
		Strong: {ZH: "有力", EN: "strongly"}, Plain: {ZH: "明显", EN: "clearly"}, Slight: {ZH: "略微", EN: "slightly"},
	}[s]
	if pro {
		return lang.Text{ZH: t.ZH + "支持", EN: "speaks " + t.EN + " for it"}
	}
	return lang.Text{ZH: t.ZH + "反对", EN: "speaks " + t.EN + " against it"}
}

// nextText is a next step in a few words.
func (e *Engine) nextText(n *Next, v Verdict) lang.Text {
	switch {
	case v == Healthy:
		return lang.Text{ZH: "没有故障，不用再做什么", EN: "no fault is left, and nothing more to do"}
	case n == nil:
		return lang.Text{ZH: "转给同事", EN: "a colleague takes over"}
	case n.Kind == Ask:
		return lang.Text{ZH: "问：" + n.Text.ZH, EN: "ask: " + n.Text.EN}
	case n.Kind == Probe:
		return lang.Text{ZH: "自动检查：" + n.Text.ZH, EN: "probe: " + n.Text.EN}
	default:
		return n.Text
	}
}

// told is what a person is told of a fault: what it means, or at least its name.
func told(f *pack.Fault) lang.Text {
	return lang.Text{ZH: cmp.Or(f.Means.ZH, f.Name.ZH), EN: cmp.Or(f.Means.EN, f.Name.EN)}
}

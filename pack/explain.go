package pack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Explain writes a fault for a person: what it is, how it shows, who repairs it and what must not be done. It is empty
// where the pack knows no such fault.
func Explain(p *Pack, faultID string, l lang.Lang) string {
	f, ok := p.Fault(faultID)
	if !ok {
		return ""
	}
	e := explainer{pack: p, lang: l}
	e.head(f)
	e.shows(f)
	e.pointers(f)
	e.hazards(f)
	e.steps(f)
	return e.out.String()
}

type explainer struct {
	pack *Pack
	lang lang.Lang
	out  strings.Builder
}

func (e *explainer) say(zh, en string) string { return Text{ZH: zh, EN: en}.In(e.lang) }

func (e *explainer) line(indent int, format string, args ...any) {
	e.out.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&e.out, format, args...)
	e.out.WriteByte('\n')
}

func (e *explainer) head(f *Fault) {
	e.line(0, "%s (%s)", f.Name.In(e.lang), f.ID)
	e.line(0, "%s", f.Means.In(e.lang))
	e.line(0, e.say("多久发生一次：每千台每年 %s 次（来源 %s，相当于 %s 例）", "how often: %s stops per 1,000 terminals and year (source %s, worth %s cases)"),
		plain(f.Rate.Mean), f.Rate.Source, plain(f.Rate.Experience))
	who := partyName(f.Who).In(e.lang)
	for _, party := range f.Also {
		who += e.say("，也可由", ", also ") + partyName(party).In(e.lang)
	}
	e.line(0, e.say("谁来修：%s；约 %s 分钟后恢复收款", "who repairs it: %s; about %s minutes until trading again"), who, plain(f.Minutes))
	if f.Remote {
		e.line(0, "%s", e.say("可以远程修复", "can be cured from afar"))
	}
	if f.Shared {
		e.line(0, "%s", e.say("往往同时影响很多终端", "often hits many terminals at once"))
	}
	for _, v := range keysOf(f.OnlyIf) {
		e.line(0, e.say("只在这种情况下才会有：%s = %s", "only where %s is %s"), e.variableName(v), e.stateNames(v, f.OnlyIf[v]))
	}
}

func (e *explainer) variableName(id string) string {
	if v, ok := e.pack.Variable(id); ok {
		return v.Name.In(e.lang)
	}
	return id
}

func (e *explainer) stateNames(variable string, states []string) string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = e.stateName(variable, s)
	}
	return strings.Join(names, e.say("、", " or "))
}

func (e *explainer) stateName(variable, state string) string {
	v, ok := e.pack.Variable(variable)
	if !ok {
		return state
	}
	i := slices.IndexFunc(v.States, func(s StateWords) bool { return s.ID == state })
	if i < 0 {
		return state
	}
	return v.States[i].Words.In(e.lang)
}

func (e *explainer) shows(f *Fault) {
	if len(f.Shows) == 0 {
		return
	}
	e.line(0, "%s", e.say("表现：", "how it shows:"))
	for _, v := range keysOf(f.Shows) {
		var parts []string
		for _, s := range byMean(f.Shows[v]) {
			parts = append(parts, fmt.Sprintf("%s %.0f%%", e.stateName(v, s), 100*f.Shows[v][s].Mean))
		}
		e.line(1, "%s: %s", e.variableName(v), strings.Join(parts, e.say("，", ", ")))
	}
}

// pointers lists codes and messages that point to the fault.
func (e *explainer) pointers(f *Fault) {
	for _, c := range e.pack.Codes {
		if n, ok := c.PointsTo[f.ID]; ok {
			e.line(1, e.say("返回码 %s（%s）%s: %.0f%%", "response code %s (%s) %s: %.0f%%"), c.Code, c.Set, c.Means.In(e.lang), 100*n.Mean)
		}
	}
	for _, m := range e.pack.Messages {
		if n, ok := m.PointsTo[f.ID]; ok {
			e.line(1, e.say("屏幕提示 %s: %.0f%%", "message %s: %.0f%%"), strings.TrimSpace(m.Vendor+" "+strings.Join(m.Match, " / ")), 100*n.Mean)
		}
	}
}

func (e *explainer) hazards(f *Fault) {
	for _, id := range f.Hazards {
		h, _ := FindHazard(id)
		mark := e.say("先做", "first")
		if h.Forbids {
			mark = e.say("禁止", "never")
		}
		e.line(0, "%s: %s", mark, h.Words.In(e.lang))
	}
}

func (e *explainer) steps(f *Fault) {
	for _, s := range e.pack.Steps {
		n, ok := s.Fixes[f.ID]
		if !ok {
			continue
		}
		e.line(0, e.say("步骤 %s：%s，由%s，修好的可能 %.0f%%", "step %s: %s, by %s, cures it in %.0f%%"), s.ID, s.Name.In(e.lang), partyName(s.By).In(e.lang), 100*n.Mean)
		for _, do := range s.Do {
			e.line(1, "%s", do.In(e.lang))
		}
	}
}

// partyName gives the words for a party or for the terminal's own agent.
func partyName(id string) Text {
	switch id {
	case "remote":
		return Text{ZH: "系统远程", EN: "the system, remotely"}
	case "merchant":
		return Text{ZH: "店里的人", EN: "the shop"}
	case "helpdesk_remote":
		return Text{ZH: "客服", EN: "the help desk"}
	case "acquirer_backoffice":
		return Text{ZH: "收单机构后台", EN: "the acquirer's back office"}
	case "telecom":
		return Text{ZH: "电信运营商", EN: "the carrier"}
	case "field_engineer":
		return Text{ZH: "上门工程师", EN: "a field engineer"}
	case "depot":
		return Text{ZH: "维修中心", EN: "the repair depot"}
	default:
		return Text{ZH: id, EN: id}
	}
}

package diagnose

import (
	"fmt"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Text writes the part for one reader as plain lines, for a screen without pages.
func (x Explanation) Text(to Reader, l lang.Lang) string {
	p := &plain{lang: l}
	switch to {
	case ToMerchant:
		p.merchant(x.Merchant)
	case ToAgent:
		p.agent(x.Agent)
	case ToTechnician:
		p.technician(x.Technician)
	}
	return p.String()
}

// plain collects lines in one language.
type plain struct {
	strings.Builder
	lang lang.Lang
}

func (p *plain) t(zh, en string) string { return lang.Text{ZH: zh, EN: en}.In(p.lang) }

func (p *plain) line(depth int, parts ...string) {
	p.WriteString(strings.Repeat("  ", depth) + strings.Join(parts, "") + "\n")
}

func (p *plain) texts(depth int, label string, list []lang.Text) {
	for _, t := range list {
		p.line(depth, label, t.In(p.lang))
	}
}

func (p *plain) merchant(m ForMerchant) {
	p.line(0, m.Sentence.In(p.lang))
	p.texts(0, "! ", m.Never)
	p.texts(0, "! ", m.First)
	p.line(0, "→ ", m.Do.In(p.lang))
	p.texts(1, "", m.How)
	for _, c := range m.Choices {
		p.line(1, "· ", c.Text.In(p.lang))
	}
}

func (p *plain) agent(a ForAgent) {
	if a.Leading == nil {
		p.line(0, p.t("没有故障可说。", "There is no fault to speak of."))
		return
	}
	p.line(0, p.named(*a.Leading))
	if len(a.Together) > 1 {
		p.line(1, p.t("可能同时有：", "probably together: "), joined(a.Together, p.lang, p.t("；", "; ")))
	}
	if a.Surprise {
		p.line(1, p.t("这些现象与已知故障都不太吻合", "the evidence fits no known fault well"))
	}
	for _, o := range a.Others {
		p.line(1, p.t("也可能：", "or: "), p.named(o))
	}
	if len(a.For)+len(a.Against) > 0 {
		p.line(0, p.t("支持与反对", "For and against"))
	}
	p.arguments(a.For)
	p.arguments(a.Against)
	p.texts(1, p.t("互相矛盾：", "contradictory: "), a.Conflicts)
	p.line(0, p.t("什么会改变看法", "What would change the mind"))
	for _, t := range a.Turns {
		p.line(1, t.Text.In(p.lang), " → ", p.named(t.Then), p.t("；这样的机会", "; chance of that "), percent(t.Chance), p.t("；查的是", "; found out by "), t.Who.In(p.lang))
	}
	if len(a.Turns) == 0 {
		p.line(1, p.t("没有哪一个回答会", "no single answer would"))
	}
	p.why(a.Next)
	for _, w := range a.Withheld {
		p.line(0, p.t("不做：", "Withheld: "), w.Name.In(p.lang), p.t("（", " ("), w.Hazard.In(p.lang), p.t("；", "; "), w.Reason.In(p.lang), p.t("）", ")"))
	}
}

func (p *plain) named(n Named) string {
	return n.Name.In(p.lang) + p.t("，", ", ") + n.Word.In(p.lang) + p.t("，", ", ") + percent(n.P)
}

func (p *plain) arguments(list []Argument) {
	for _, a := range list {
		who := ""
		if a.Source != "" {
			who = p.t("（", " (") + a.Who.In(p.lang) + p.t("）", ")")
		}
		p.line(1, a.Text.In(p.lang), who, p.t("：", ": "), a.Words.In(p.lang))
	}
}

func (p *plain) why(w *Why) {
	if w == nil {
		return
	}
	p.line(0, p.t("下一步：", "Next: "), w.Name.In(p.lang))
	p.line(1, p.t("为什么：", "why: "), w.Reason.In(p.lang))
	if w.Fixes > 0 {
		p.line(1, p.t("治好的机会：", "chance to cure: "), percent(w.Fixes))
	}
	if w.With > 0 {
		p.line(1, p.t("预计总代价：", "expected cost of repair: "), minutes(w.With, p.lang))
	}
	if w.Without > 0 {
		p.line(1, p.t("不做这一步：", "without this step: "), minutes(w.Without, p.lang))
	}
	for _, c := range w.Leads {
		p.lead(c)
	}
}

func (p *plain) lead(c Consequence) {
	line := c.Text.In(p.lang) + p.t("（", " (") + percent(c.Chance) + p.t("）", ")")
	if c.Leading != nil {
		line += " → " + p.named(*c.Leading)
	}
	p.line(1, line, p.t("；然后：", "; then: "), c.Next.In(p.lang))
}

func (p *plain) technician(t ForTechnician) {
	m := t.Model
	p.line(0, fmt.Sprintf(p.t("知识 %s %s，%s", "knowledge %s %s, %s"), m.Pack.ID, m.Pack.Version, m.Pack.Hash))
	p.line(0, fmt.Sprintf(p.t("推理程序修订 %d，%d 种故障", "engine revision %d, %d faults"), m.Engine, m.Faults))
	p.line(0, fmt.Sprintf(p.t("从%s起采取行动；可能受害的故障合计超过%s就不做", "acts from %s on; withholds what could harm from %s on"), percent(m.Act), percent(m.HazardMass)))
	if t.Leading == nil {
		p.line(0, p.t("没有故障可说。", "There is no fault to speak of."))
		return
	}
	p.line(0, t.Leading.Fault, p.t("：", ": "), p.named(*t.Leading))
	p.line(1, p.t("先验：", "prior: "), odds(t.Prior))
	p.line(1, p.t("现在：", "now:   "), odds(t.Now))
	p.line(0, p.t("证据的分量（各自在其余证据之上，不必相加）", "Weights of evidence (each given all others; they need not add up)"))
	for _, w := range t.Weights {
		p.line(1, fmt.Sprintf("%+7.2f nat %+7.1f dB  ", w.Nats, w.Decibans), w.Text.In(p.lang), fmt.Sprintf("  [%s %.2f]", w.Source, w.Confidence))
	}
	p.costing(t.Cost)
	if r := t.Record; r != nil {
		p.line(0, p.t("这一步的记录：", "Track record: "), r.Name.In(p.lang), p.t("，这种故障中试过", ", tried in proven cases of this fault: "),
			fmt.Sprint(r.Tried), p.t("次，有用次数：", ", helped: "), fmt.Sprint(r.Helped))
	}
}

func odds(o Odds) string { return fmt.Sprintf("%.4g (%+.1f dB)", o.P, o.Decibans) }

func (p *plain) costing(c *Costing) {
	if c == nil {
		return
	}
	p.line(0, p.t("下一步的代价（折合分钟）：", "Cost of the next step, in weighed minutes: "), fmt.Sprintf("%.1f", c.Minutes))
	for _, part := range c.Parts {
		if part.Minutes > 0 {
			p.line(1, fmt.Sprintf("%7.1f = %.4g × %.4g  ", part.Minutes, part.Amount, part.Weight), part.Name.In(p.lang))
		}
	}
}

func minutes(m float64, l lang.Lang) string {
	return fmt.Sprintf(lang.Text{ZH: "%.0f 折合分钟", EN: "%.0f weighed minutes"}.In(l), m)
}

// percent never says that something is certain.
func percent(p float64) string {
	switch {
	case p < 0.01:
		return "<1%"
	case p > 0.99:
		return ">99%"
	default:
		return fmt.Sprintf("%.0f%%", 100*p)
	}
}

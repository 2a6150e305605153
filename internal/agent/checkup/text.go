package checkup

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// How much a person is told at once; --json has everything.
const (
	shownFaults   = 3
	shownReasons  = 4
	shownUnlooked = 6

	worthShowing = 0.05 // probability
	worthNaming  = 0.02
)

// page writes the report for a person.
type page struct {
	strings.Builder
	lang lang.Lang
	pack *pack.Pack
	now  time.Time
}

func writeText(w io.Writer, l lang.Lang, p *pack.Pack, r Report) error {
	page := &page{lang: l, pack: p, now: r.At}
	page.money(r.Money)
	page.faults(r)
	page.next(r.Diagnosis.Next)
	page.withheld(r.Diagnosis.Withheld)
	page.unlooked(r.Unlooked)
	_, err := io.WriteString(w, page.String())
	return err
}

func (p *page) t(zh, en string) string { return lang.Text{ZH: zh, EN: en}.In(p.lang) }

func (p *page) head(zh, en string) { fmt.Fprintf(p, "\n%s\n", p.t(zh, en)) }

func (p *page) line(indent int, parts ...string) {
	fmt.Fprintf(p, "%s%s\n", strings.Repeat("  ", indent), strings.Join(parts, ""))
}

func (p *page) money(m Money) {
	fmt.Fprintln(p, p.t("能不能收款", "Can it take money"))
	p.line(1, m.Text.In(p.lang))
	if m.Proof == nil {
		p.line(1, p.t("最近一次证明：没有记录", "last proof: none on record"))
		return
	}
	kind := p.t("签到成功", "signed in")
	if m.Proof.Kind == "sale" {
		kind = p.t("交易成功", "a sale went through")
	}
	p.line(1, p.t("最近一次证明：", "last proof: "), kind, p.t("，", ", "), ageText(p.now.Sub(m.Proof.At), p.lang))
}

func (p *page) faults(r Report) {
	d := r.Diagnosis
	if r.outcome == Healthy {
		p.head("没有发现故障", "No fault found")
		return
	}
	if len(d.Ranked) == 0 {
		return
	}
	p.head("可能的原因", "What is probably wrong")
	if d.Ranked[0].P < worthShowing || len(d.Ranked[0].For) == 0 {
		p.line(1, p.t("看到的还不足以指向某个故障。", "What was seen so far does not point to one fault."))
		return
	}
	for i, f := range d.Ranked[:min(len(d.Ranked), shownFaults)] {
		if f.P < worthShowing {
			break
		}
		p.line(1, fmt.Sprintf("%d. ", i+1), f.Name.In(p.lang), p.t("：", ": "), wordText(f.Word).In(p.lang), p.t("，", ", "), percent(f.P))
		p.reasons(p.t("支持", "for"), f.For, d.Evidence)
		p.reasons(p.t("不支持", "against"), f.Against, d.Evidence)
	}
	p.others(d.Ranked)
	if d.Surprise {
		p.line(1, p.t("这些现象与已知的故障都不太吻合。", "What was seen fits no known fault well."))
	}
	for _, id := range d.Conflicts {
		p.line(1, p.t("互相矛盾：", "contradictory: "), variableText(p.pack, id).In(p.lang))
	}
}

func (p *page) others(ranked []diagnose.Ranked) {
	var names []string
	for i, f := range ranked {
		if (i >= shownFaults || f.P < worthShowing) && f.P >= worthNaming {
			names = append(names, f.Name.In(p.lang)+" "+percent(f.P))
		}
	}
	if len(names) > 0 {
		p.line(1, p.t("也可能：", "also possible: "), strings.Join(names, p.t("、", ", ")))
	}
}

// reasons names evidence with who says so and how old it is.
func (p *page) reasons(label string, reasons []diagnose.Reason, evidence []finding.Finding) {
	known := finding.Collect(evidence...)
	for _, r := range reasons[:min(len(reasons), shownReasons)] {
		origin := ageText(p.now.Sub(r.At), p.lang)
		if f, given := known[r.Variable]; given {
			origin = sourceText(f.Source).In(p.lang) + p.t("，", ", ") + origin
		}
		p.line(2, label, p.t("　", "  "), findingText(p.pack, r.Variable, r.State).In(p.lang), p.t("（", " ("), origin, p.t("）", ")"))
	}
}

// percent rounds; 100 % is never said.
func percent(x float64) string {
	n := x * 100
	switch {
	case n < 1:
		return "<1%"
	case n > 99:
		return ">99%"
	}
	return fmt.Sprintf("%.0f%%", n)
}

func (p *page) next(n *diagnose.Next) {
	if n == nil {
		return
	}
	p.head("下一步", "Next step")
	switch n.Kind {
	case diagnose.Ask:
		p.line(1, p.t("请回答：", "please find out: "), n.Text.In(p.lang))
	case diagnose.Handover:
		p.line(1, n.Text.In(p.lang))
	default:
		p.line(1, n.Text.In(p.lang), p.t("（", " ("), partyText(n.By).In(p.lang), p.t("）", ")"))
	}
	for _, h := range n.First {
		p.line(2, "! ", p.t("先做：", "first: "), hazard(h).In(p.lang))
	}
	for i, line := range n.Do {
		p.line(2, fmt.Sprintf("%d) ", i+1), line.In(p.lang))
	}
	p.line(2, p.cost(n))
	for _, h := range n.Hazards {
		p.line(2, "! ", hazard(h).In(p.lang))
	}
}

// minutes says a duration, in hours where that is easier to grasp.
func (p *page) minutes(n float64) string {
	const inHours = 100
	if n >= inHours {
		return fmt.Sprintf(p.t("%.0f小时", "%.0f h"), n/60)
	}
	return fmt.Sprintf(p.t("%.0f分钟", "%.0f min"), n)
}

// cost says what the step takes.
func (p *page) cost(n *diagnose.Next) string {
	parts := []string{p.t("约", "about ") + p.minutes(max(1, n.Minutes))}
	if n.Kind == diagnose.Do && n.Cost.DowntimeMin > 0 {
		parts = append(parts, p.t("其间不能收款：", "no sales meanwhile: ")+p.minutes(max(1, n.Cost.DowntimeMin)))
	}
	if n.Cost.Money > 0 {
		parts = append(parts, fmt.Sprintf(p.t("费用约%.0f元", "costs about CNY %.0f"), n.Cost.Money))
	}
	if n.Cost.Truck > 0 {
		parts = append(parts, p.t("需要上门", "needs a visit"))
	}
	if n.Fixes > 0 {
		parts = append(parts, fmt.Sprintf(p.t("有%s的把握修好", "%s likely to cure it"), percent(n.Fixes)))
	}
	return strings.Join(parts, p.t("，", ", "))
}

func (p *page) withheld(list []diagnose.Withheld) {
	if len(list) == 0 {
		return
	}
	p.head("不要这样做", "Do not")
	for _, w := range list {
		why := hazard(w.Hazard).In(p.lang)
		if f, known := p.pack.Fault(w.Fault); known {
			why += p.t("，因为可能是", ", because it may be: ") + f.Name.In(p.lang)
		}
		p.line(1, w.Name.In(p.lang), p.t("（", " ("), why, p.t("）", ")"))
	}
}

func (p *page) unlooked(list []Unlooked) {
	if len(list) == 0 {
		return
	}
	p.head("没有看的", "Not looked at")
	for _, u := range list[:min(len(list), shownUnlooked)] {
		p.line(1, u.Name.In(p.lang), p.t("：", ": "), u.Why.In(p.lang))
	}
	if more := len(list) - shownUnlooked; more > 0 {
		p.line(1, fmt.Sprintf(p.t("还有%d项（--json 可以看到全部）", "%d more (--json shows all)"), more))
	}
}

package diagnose

import (
	"slices"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// nameable is the probability below which no cause is named to anybody in the shop.
const nameable = 0.3

func (x *explainer) merchant() ForMerchant {
	m := ForMerchant{Sentence: x.sentence()}
	if l := x.leading(); l != nil {
		m.Word = l.Word
		if l.P >= nameable && !x.locked() {
			m.Fault = l.Fault
		}
	}
	x.toDo(&m)
	x.dangersFor(&m)
	return m
}

func (x *explainer) sentence() lang.Text {
	l := x.leading()
	switch {
	case x.d.Verdict == Healthy:
		return lang.Text{ZH: "终端能收款，没有发现故障。", EN: "The terminal takes payments; no fault was found."}
	case x.locked():
		return lang.Text{ZH: "终端的安全锁可能被触发了，这台不能再用。", EN: "The terminal's security lock may have been set off, so it must not be used any more."}
	case l == nil || l.P < nameable:
		next := x.nextClause()
		return lang.Text{ZH: "我们还不知道是什么原因；接下来" + next.ZH + "。", EN: "We do not know yet what it is; next " + next.EN + "."}
	}
	word := l.Word.before()
	if len(x.d.Together) > 1 {
		names := x.names(x.d.Together)
		return lang.Text{
			ZH: word.ZH + "同时有几个问题：" + joined(names, lang.ZH, "；") + "。",
			EN: capital(word.EN) + " more than one thing at once: " + joined(names, lang.EN, "; ") + ".",
		}
	}
	what := told(x.e.fault(l.Fault))
	return lang.Text{ZH: word.ZH + "：" + ended(what.ZH, "。"), EN: capital(word.EN) + ": " + ended(what.EN, ".")}
}

// locked says that a sign of tampering is there, which outweighs whatever else is wrong.
func (x *explainer) locked() bool { return x.s != nil && x.s.dangers.lockdown }

// before is how the word stands before the cause.
func (w Word) before() lang.Text {
	if w == Unsure {
		return lang.Text{ZH: "不确定，也许", EN: "unsure, perhaps"}
	}
	return w.text()
}

// nextClause is what happens next, as the end of a sentence.
func (x *explainer) nextClause() lang.Text {
	n := x.d.Next
	switch {
	case n == nil:
		return lang.Text{ZH: "由同事来看", EN: "a colleague looks at it"}
	case n.Kind == Ask && n.By == "merchant":
		return lang.Text{ZH: "请你回答一个问题", EN: "we need one answer from you"}
	case n.Kind == Ask:
		who := partyText(n.By)
		return lang.Text{ZH: "我们从" + who.ZH + "查一件事", EN: "we look one thing up with " + who.EN}
	case n.Kind == Probe:
		return lang.Text{ZH: "系统自动检查一项", EN: "the system checks something by itself"}
	case n.Kind == Do && n.By == "merchant":
		return lang.Text{ZH: "请你试一件事", EN: "we ask you to try one thing"}
	case n.Kind == Do && n.By == "remote":
		return lang.Text{ZH: "我们远程试一件事", EN: "we try one thing from afar"}
	default:
		who := partyText(n.By)
		return lang.Text{ZH: "由" + who.ZH + "来看", EN: who.EN + " looks at it"}
	}
}

// toDo words the one thing to do.
func (x *explainer) toDo(m *ForMerchant) {
	n := x.d.Next
	if x.d.Verdict == Healthy {
		m.Do = lang.Text{ZH: "什么都不用做。", EN: "There is nothing to do."}
		return
	}
	if n == nil {
		m.Do, m.Yours = lang.Text{ZH: "请联系客服。", EN: "Please call the help desk."}, true
		return
	}
	m.Minutes = n.Minutes
	switch {
	case n.Kind == Ask && n.By == "merchant":
		m.Do, m.Choices, m.Yours = n.Text, n.Choices, true
	case n.Kind == Ask || n.Kind == Probe:
		who, what := partyText(n.By), x.e.variableText(n.ID)
		m.Do = waiting("通过"+who.ZH+"查“"+what.ZH+"”", "“"+what.EN+"” is looked up with "+who.EN)
		if n.Kind == Probe {
			m.Do = waiting("系统自动检查“"+what.ZH+"”", "the system checks “"+what.EN+"” by itself")
		}
	case n.Kind == Do && n.By == "merchant":
		m.Do, m.How, m.Yours = capitalised(n.Text), n.Do, true
	case n.Kind == Handover && slices.Contains([]string{"merchant", "helpdesk_remote", "telecom"}, n.By):
		m.Yours = true
		if m.Do = n.Text; len(n.Do) > 0 {
			m.Do, m.How = n.Do[0], n.Do[1:]
		}
	default:
		who := partyText(n.By)
		m.Do = waiting("由"+who.ZH+"处理："+n.Text.ZH, who.EN+" does this: "+n.Text.EN)
	}
}

// waiting is what is done by others.
func waiting(zh, en string) lang.Text {
	return lang.Text{ZH: "你不用做什么，" + zh + "。", EN: "Nothing for you to do: " + en + "."}
}

// dangersFor says what comes first and what must not be done, from the step and from what is withheld.
func (x *explainer) dangersFor(m *ForMerchant) {
	var first, never []string
	add := func(h string) {
		list := &first
		if forbidding(h) {
			list = &never
		}
		if !slices.Contains(*list, h) {
			*list = append(*list, h)
		}
	}
	for _, w := range x.d.Withheld {
		add(w.Hazard)
	}
	if x.s != nil {
		for _, h := range sortedKeys(x.s.dangers.signed) {
			add(h)
		}
	}
	if x.d.Next != nil {
		for _, h := range append(slices.Clone(x.d.Next.First), x.d.Next.Hazards...) {
			add(h)
		}
	}
	m.First, m.Never = hazardTexts(first), hazardTexts(never)
}

func (x *explainer) names(faults []string) []lang.Text {
	var out []lang.Text
	for _, id := range faults {
		out = append(out, x.e.fault(id).Name)
	}
	return out
}

func joined(list []lang.Text, l lang.Lang, by string) string {
	var out []string
	for _, t := range list {
		out = append(out, t.In(l))
	}
	return strings.Join(out, by)
}

// ended ends a sentence that has no end yet.
func ended(s, stop string) string {
	if strings.HasSuffix(s, stop) || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "！") {
		return s
	}
	return s + stop
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func capitalised(t lang.Text) lang.Text {
	if t.EN == "" || t.EN[0] >= 0x80 {
		return t
	}
	return lang.Text{ZH: t.ZH, EN: capital(t.EN)}
}

package incident

import (
	"strconv"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Sentence says in one line what is going on, for a person.
func (i Incident) Sentence() lang.Text {
	name, when, words := i.Shared().name(), i.when(), i.Symptom.words()
	if !i.Open() {
		words = i.Symptom.wasWords()
		return lang.Text{
			ZH: name.ZH + when.ZH + "：曾有 " + count(i.Peak) + " 台" + words.ZH + "，已经过去。这是共同原因，不是单台机器的问题。",
			EN: name.EN + when.EN + ": " + count(i.Peak) + " terminals " + words.EN + "; it has passed. One shared cause, not a fault of single terminals.",
		}
	}
	others := i.others()
	return lang.Text{
		ZH: name.ZH + when.ZH + "：" + count(i.Total) + " 台中有 " + percent(i.Failing, i.Total) + "%" + words.ZH + others.ZH + "。这是共同原因，不是单台机器的问题。",
		EN: name.EN + when.EN + ": " + percent(i.Failing, i.Total) + " % of " + count(i.Total) + " terminals " + words.EN + others.EN + ". One shared cause, not a fault of single terminals.",
	}
}

// name says what is shared: "model A920, app version 3.2.1".
func (s Shared) name() lang.Text {
	if len(s) == 0 {
		return everybody().name
	}
	var zh, en []string
	for _, p := range s {
		n := kindOf(p.Attribute).name
		zh, en = append(zh, n.ZH+" "+p.Value), append(en, n.EN+" "+p.Value)
	}
	return lang.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

// when says since when, and after which push.
func (i Incident) when() lang.Text {
	if !i.Push.At.IsZero() {
		at := clock(i.Push.At, i.OpenedAt)
		name := kindOf(i.Push.Attribute).name
		if i.Shared().Has(i.Push.Attribute) || i.Shared().Has(Push) {
			return lang.Text{ZH: "，自 " + at + " 下发起", EN: ", since the push of " + at}
		}
		return lang.Text{
			ZH: "，自 " + at + " 下发" + name.ZH + " " + i.Push.Value + " 起", EN: ", since " + name.EN + " " + i.Push.Value + " was pushed at " + at,
		}
	}
	if i.BeganAt.IsZero() {
		return lang.Text{}
	}
	at := clock(i.BeganAt, i.OpenedAt)
	return lang.Text{ZH: "，自 " + at + " 起", EN: ", since " + at}
}

// others says how the rest of the fleet is, as far as that helps: nothing where there is no rest.
func (i Incident) others() lang.Text {
	switch {
	case i.OthersOf == 0:
		return lang.Text{}
	case 20*i.Others <= i.OthersOf:
		return lang.Text{ZH: "，其他正常", EN: ", others normal"}
	default:
		return lang.Text{
			ZH: "，其他 " + count(i.OthersOf) + " 台中也有 " + percent(i.Others, i.OthersOf) + "%",
			EN: ", and " + percent(i.Others, i.OthersOf) + " % of the other " + count(i.OthersOf),
		}
	}
}

// clock is the time of day where this program runs, with the day where it is not that of the other time.
func clock(t, beside time.Time) string {
	t, beside = t.Local(), beside.Local()
	if t.YearDay() == beside.YearDay() && t.Year() == beside.Year() {
		return t.Format("15:04")
	}
	return t.Format("01-02 15:04")
}

// percent rounds a share; nothing is called none, and not all is called all, when it is not.
func percent(part, of int) string {
	if of == 0 {
		return "0"
	}
	p := (200*part + of) / (2 * of)
	if part > 0 {
		p = max(p, 1)
	}
	if part < of {
		p = min(p, 99)
	}
	return strconv.Itoa(p)
}

func count(n int) string { return strconv.Itoa(n) }

package incident

import (
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Symptom is how a failing terminal shows it.
type Symptom string

// The symptoms. A failing terminal has one; CannotSell says nothing finer.
const (
	CannotSell Symptom = "cannot_sell"
	SignIn     Symptom = "sign_in"   // the host does not take its sign-in
	NoAnswer   Symptom = "no_answer" // its sales get no answer
	Declined   Symptom = "declined"  // its sales are refused because of the terminal
	Silent     Symptom = "silent"    // not a word from it
)

// symptoms lists them in the order in which they are searched: all of them together first.
func symptoms() []Symptom { return []Symptom{CannotSell, SignIn, NoAnswer, Declined, Silent} }

// shown reports whether a failing terminal counts for a symptom.
func (m Member) shown(s Symptom) bool { return m.Failing && (s == CannotSell || m.Symptom == s) }

// words says of terminals what is wrong with them.
func (s Symptom) words() lang.Text {
	switch s {
	case SignIn:
		return lang.Text{ZH: "不能签到", EN: "cannot sign in"}
	case NoAnswer:
		return lang.Text{ZH: "不能收款（主机没有应答）", EN: "cannot take money (no answer from the host)"}
	case Declined:
		return lang.Text{ZH: "不能收款（主机拒绝）", EN: "cannot take money (refused by the host)"}
	case Silent:
		return lang.Text{ZH: "失去联系", EN: "are silent"}
	default:
		return lang.Text{ZH: "不能收款", EN: "cannot take money"}
	}
}

// wasWords says the same of terminals that are well again.
func (s Symptom) wasWords() lang.Text {
	out := s.words()
	if s == Silent {
		out.EN = "were silent"
	}
	out.EN = strings.Replace(out.EN, "cannot", "could not", 1)
	return out
}

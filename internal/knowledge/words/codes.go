package words

import (
	"slices"
	"strings"

	"github.com/posmedic/posmedic/pack"
)

// code is a response code found in the text.
type code struct {
	from, to  int // tokens
	value     string
	certainty float64
	bare      bool // the whole text is nothing but the code
	own       bool // announced as a diagnostic of the terminal: no code of a card host
}

// codeBook knows the codes of all sets.
type codeBook map[string]bool

func newCodeBook(p *pack.Pack) codeBook {
	book := codeBook{}
	for _, c := range p.Codes {
		book[strings.ToLower(c.Code)] = true
	}
	return book
}

// findCode gives the first response code that the text names: after a word that announces one, or alone.
func (b codeBook) findCode(ts []token) (code, bool) {
	for i := range ts {
		from, next, strong, ok := announces(ts, i)
		if !ok {
			continue
		}
		if value, certainty, ok := b.read(ts, next, strong); ok {
			c := code{from: from, to: next + 1, value: value, certainty: certainty}
			if c.own = diagnostic(ts, from); c.own {
				c.value = b.diagnostic(value)
			}
			return c, true
		}
	}
	if len(ts) == 1 {
		if value, certainty, ok := b.read(ts, 0, false); ok {
			return code{from: 0, to: 1, value: value, certainty: certainty, bare: true}, true
		}
	}
	return code{}, false
}

// namedSet gives the set of codes that a text names. The language says nothing: who writes Chinese may stand in Sydney, and
// what acquirer and country are is known elsewhere.
func namedSet(ts []token) string {
	for i := range ts {
		for _, s := range []struct {
			words []string
			set   string
		}{{[]string{"银", "联"}, "unionpay"}, {[]string{"unionpay"}, "unionpay"}, {[]string{"as2805"}, "as2805"}, {[]string{"girocard"}, "gicc"},
			{[]string{"gicc"}, "gicc"}, {[]string{"zvt"}, "gicc"}, {[]string{"iso8583"}, "iso"}, {[]string{"iso", "8583"}, "iso"}} {
			if startsWith(ts[i:], s.words) {
				return s.set
			}
		}
	}
	return ""
}

// diagnostic says whether the word before a code calls it a diagnostic of the terminal.
func diagnostic(ts []token, from int) bool {
	if startsWith(ts[from:], []string{"诊", "断", "码"}) {
		return true
	}
	if from == 0 {
		return false
	}
	switch ts[from-1].text {
	case "diagnostic", "diag", "diagnosi": // the plural s is cut
		return true
	}
	return from > 1 && ts[from-2].text == "诊" && ts[from-1].text == "断"
}

// diagnostic gives a diagnostic code the name it has in the pack, where the pack knows it.
func (b codeBook) diagnostic(value string) string {
	if named := "diag" + strings.ToLower(value); b[named] {
		return strings.ToUpper(named)
	}
	return value
}

// announces says whether a word that announces a code stands at i, and where the code would be. A strong word says
// that a code follows; after a weak one it must look like a code of a card host.
func announces(ts []token, i int) (from, next int, strong, ok bool) {
	announcers := []struct {
		words  []string
		strong bool
	}{
		{[]string{"代", "码"}, true}, {[]string{"诊", "断", "码"}, true}, {[]string{"返", "回", "码"}, true}, {[]string{"应", "答", "码"}, true}, {[]string{"响", "应", "码"}, true},
		{[]string{"错", "误", "码"}, true}, {[]string{"错", "误", "号"}, true}, {[]string{"错", "码"}, true}, {[]string{"code"}, true}, {[]string{"rc"}, true},
		{[]string{"错", "误"}, false}, {[]string{"报", "错"}, false}, {[]string{"报"}, false}, {[]string{"提", "示"}, false}, {[]string{"显", "示"}, false},
		{[]string{"出", "现"}, false}, {[]string{"返", "回"}, false}, {[]string{"应", "答"}, false}, {[]string{"error"}, false}, {[]string{"err"}, false},
		{[]string{"response"}, false}, {[]string{"decline"}, false}, {[]string{"declined"}, false}, {[]string{"say"}, false}, {[]string{"show"}, false}, {[]string{"get"}, false},
	}
	for _, a := range announcers {
		if startsWith(ts[i:], a.words) {
			next = i + len(a.words)
			for next < len(ts) && isLink(ts[next].text) {
				next++
			}
			return i, next, a.strong, next < len(ts)
		}
	}
	return 0, 0, false, false
}

func isLink(w string) bool {
	switch w {
	case "是", "为", "了", "个", "number", "no", "is", "was", "code", "的", "a":
		return true
	}
	return false
}

// read takes a token as a code. Where the token itself is none, the look-alikes of a camera are tried (AO is A0).
func (b codeBook) read(ts []token, i int, strong bool) (value string, certainty float64, ok bool) {
	if i >= len(ts) || ts[i].chinese {
		return "", 0, false
	}
	w := ts[i].text
	if isCount(ts, i) {
		return "", 0, false
	}
	if b[w] {
		return strings.ToUpper(w), 1, true
	}
	if corrected, ok := b.correct(w); ok {
		return strings.ToUpper(corrected), 0.8, true
	}
	if looksLikeCode(w) || (strong && looksLikePrivateCode(w)) {
		return strings.ToUpper(w), 1, true
	}
	return "", 0, false
}

// correct undoes what a camera mistakes: O for 0, l and I for 1, in one place or everywhere.
func (b codeBook) correct(w string) (string, bool) {
	if len(w) != 2 {
		return "", false
	}
	alike := strings.NewReplacer("o", "0", "l", "1", "i", "1")
	for _, c := range []string{alike.Replace(w), w[:1] + alike.Replace(w[1:])} {
		if c != w && (b[c] || allDigits(c)) {
			return c, true
		}
	}
	return "", false
}

// looksLikeCode: field 39 of ISO 8583 has two characters, digits or a letter and a digit.
func looksLikeCode(w string) bool {
	return len(w) == 2 && w[1] >= '0' && w[1] <= '9' && w != "4g" && w != "5g"
}

// looksLikePrivateCode: codes of vendors and applications are short and hold a digit, or are hexadecimal letters.
func looksLikePrivateCode(w string) bool {
	if len(w) > 10 {
		return false
	}
	return hasDigit(w) || (len(w) >= 2 && len(w) <= 4 && strings.Trim(w, "abcdef") == "")
}

// isCount: a number before a measure word counts something and is no code (报错3次, error 30 seconds), as one before %.
func isCount(ts []token, i int) bool {
	if ts[i].next == '%' {
		return true
	}
	if i+1 >= len(ts) || ts[i+1].clause != ts[i].clause || !allDigits(ts[i].text) {
		return false
	}
	return slices.Contains([]string{"次", "秒", "分", "个", "天", "月", "年", "点", "元", "块", "台", "笔", "张", "家", "号", "小",
		"time", "second", "minute", "hour", "day", "percent", "of"}, ts[i+1].text)
}

package words

import (
	"slices"
	"strings"
	"unicode"

	"github.com/posmedic/posmedic/internal/knowledge/words/screens"
	"github.com/posmedic/posmedic/pack"
)

// screenPhrase is a text on a screen, as the pack or the table of classes knows it.
type screenPhrase struct {
	phrase
	vendor bool // a message of the pack, with its exact words
}

// screensOf are the messages of the pack and the words of the classes that the pack's screen_message has.
func screensOf(p *pack.Pack, simple map[rune]rune) []screenPhrase {
	var out []screenPhrase
	add := func(words, state string, vendor bool) {
		if ts := essence(words, simple); len(ts) > 0 {
			out = append(out, screenPhrase{vendor: vendor,
				phrase: phrase{tokens: ts, compact: join(ts), written: words, variable: screenMessage, state: state, weight: 1}})
		}
	}
	for _, m := range p.Messages {
		for _, words := range m.Match {
			add(words, m.Class, true)
		}
	}
	v, ok := p.Variable(screenMessage)
	if !ok {
		return nil
	}
	for _, c := range screens.Classes() {
		if slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.ID == c.State }) {
			for _, words := range c.Words {
				add(words, c.State, false)
			}
		}
	}
	return out
}

// stretch is a part of the text that a screen showed, tokens from to to.
type stretch struct {
	from, to int // tokens
	quoted   bool
	named    bool // a word such as "shows" or 提示 stands before it
}

// stretches finds what the screen said: what stands in quotes, what follows a word such as 提示 or "says", and
// capitals. A text that is nothing but a screen is one stretch.
func stretches(text string, letters []letter, ts []token) []stretch {
	var out []stretch
	for _, q := range quotes(letters) {
		if s, ok := stretchOf(ts, q[0], q[1]); ok {
			s.quoted, s.named = true, announced(ts, s.from)
			out = append(out, s)
		}
	}
	for i := range ts {
		if n := announcerAt(ts, i); n > 0 && !inside(out, i+n) {
			if s, ok := restOfClause(ts, i+n); ok {
				s.named = true
				out = append(out, s)
			}
		}
	}
	out = append(out, capitals(text, ts, out)...)
	return append(out, errorClauses(ts)...)
}

// quotes gives the byte ranges between quotation marks. An apostrophe opens a quotation only before a word and after
// none.
func quotes(letters []letter) [][2]int {
	closing := map[rune]rune{'"': '"', '“': '”', '”': '”', '「': '」', '『': '』', '《': '》', '[': ']', '【': '】', '\'': '\''}
	var out [][2]int
	for i := 0; i < len(letters); i++ {
		end, ok := closing[letters[i].r]
		if !ok || (letters[i].r == '\'' && i > 0 && isLatin(letters[i-1].r)) {
			continue
		}
		for j := i + 1; j < len(letters) && j-i < 200; j++ {
			if letters[j].r != end || (end == '\'' && j+1 < len(letters) && isLatin(letters[j+1].r)) {
				continue
			}
			if j > i+1 {
				out = append(out, [2]int{letters[i+1].start, letters[j-1].end})
			}
			i = j
			break
		}
	}
	return out
}

// errorClauses are the clauses that speak of an error by name: people repeat what they read.
func errorClauses(ts []token) []stretch {
	var out []stretch
	for i := 0; i < len(ts); {
		s, _ := restOfClause(ts, i)
		for k := s.from; k < s.to; k++ {
			if ts[k].text == "error" || startsWith(ts[k:], []string{"错", "误"}) || startsWith(ts[k:], []string{"异", "常"}) {
				out = append(out, s)
				break
			}
		}
		i = s.to
	}
	return out
}

func stretchOf(ts []token, start, end int) (stretch, bool) {
	from := slices.IndexFunc(ts, func(t token) bool { return t.start >= start && t.end <= end })
	if from < 0 {
		return stretch{}, false
	}
	to := from
	for to < len(ts) && ts[to].end <= end {
		to++
	}
	return stretch{from: from, to: to}, true
}

// announcerAt gives how many tokens a word takes that says: now comes what the screen shows.
func announcerAt(ts []token, i int) int {
	for _, w := range [][]string{{"提", "示"}, {"显", "示"}, {"报"}, {"弹", "出"}, {"跳", "出"}, {"出", "现"}, {"屏", "幕", "上"}, {"写", "着"},
		{"say"}, {"show"}, {"display"}, {"read"}, {"report"}, {"message"}, {"showing"}, {"saying"}, {"prompt"}, {"give"}} {
		if startsWith(ts[i:], w) {
			if w[0] == "read" && i > 0 && ts[i-1].text == "not" { // a reader that does not read shows nothing
				return 0
			}
			return len(w)
		}
	}
	return 0
}

// announced says whether such a word stands just before token i.
func announced(ts []token, i int) bool {
	for k := max(0, i-6); k < i; k++ {
		if n := announcerAt(ts, k); n > 0 && k+n <= i {
			return true
		}
	}
	return false
}

func inside(list []stretch, i int) bool {
	return slices.ContainsFunc(list, func(s stretch) bool { return s.from <= i && i < s.to })
}

func restOfClause(ts []token, from int) (stretch, bool) {
	if from >= len(ts) {
		return stretch{}, false
	}
	to := from
	for to < len(ts) && ts[to].clause == ts[from].clause {
		to++
	}
	return stretch{from: from, to: to}, true
}

// capitals finds runs of words in capitals, as old terminals write: COMM ERROR. A single one needs five letters, so
// that POS and SIM are none.
func capitals(text string, ts []token, known []stretch) []stretch {
	var out []stretch
	for i := 0; i < len(ts); {
		j, count := i, 0
		for j < len(ts) && ts[j].clause == ts[i].clause && isCapital(text[ts[j].start:ts[j].end]) && !inside(known, j) {
			count += ts[j].end - ts[j].start
			j++
		}
		if count >= 5 {
			out = append(out, stretch{from: i, to: j})
		}
		i = max(j, i+1)
	}
	return out
}

func isCapital(w string) bool {
	upper := false
	for _, r := range w {
		if unicode.IsLower(r) || r >= 0x80 {
			return false
		}
		upper = upper || unicode.IsUpper(r)
	}
	return upper || allDigits(w)
}

// screenMatch finds the best known words: the vendor's before a class's, then the longest.
func screenMatch(ts []token, from, to int, known []screenPhrase, vendorOnly bool) (match, bool) {
	var best match
	found, bestVendor := false, false
	for i := from; i < to; i++ {
		for k := range known {
			if vendorOnly && !known[k].vendor {
				continue
			}
			end, fuzzy, ok := known[k].at(ts, i)
			if !ok || end > to {
				continue
			}
			m := match{from: i, to: end, phrase: &known[k].phrase, fuzzy: fuzzy}
			if !found || better(m, known[k].vendor, best, bestVendor) {
				best, bestVendor, found = m, known[k].vendor, true
			}
		}
	}
	return best, found
}

// flatten gives the tokens as if they were one clause.
func flatten(ts []token) []token {
	out := slices.Clone(ts)
	for i := range out {
		out[i].clause = 0
	}
	return out
}

func better(m match, vendor bool, best match, bestVendor bool) bool {
	if vendor != bestVendor {
		return vendor
	}
	if m.fuzzy != best.fuzzy {
		return !m.fuzzy
	}
	return len(m.phrase.compact) > len(best.phrase.compact)
}

// clean gives the words as they were, on one line and bounded.
func clean(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= maxDetail {
		return s
	}
	return strings.ToValidUTF8(s[:maxDetail], "")
}

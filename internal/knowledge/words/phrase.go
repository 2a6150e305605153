package words

import (
	"slices"

	"github.com/posmedic/posmedic/pack"
)

// phrase is a way of saying something, cut into tokens.
type phrase struct {
	tokens   []string
	compact  string // all tokens joined: "off line" and "offline" are the same
	variable string
	state    string
	negated  string
	weight   float64
	written  string // as the pack writes it
	trouble  bool   // says that something is not as it should be: "… is fine" after it turns it round
}

// match is a phrase found in the text, tokens from to to.
type match struct {
	from, to int
	phrase   *phrase
	fuzzy    bool
}

func (m match) contains(o match) bool { return m.from <= o.from && o.to <= m.to }

// phrasesOf cuts all words of the pack's phrases.
func phrasesOf(p *pack.Pack, simple map[rune]rune) []phrase {
	var out []phrase
	for _, ph := range p.Phrases {
		for _, w := range ph.Words {
			if isFrame(w) {
				continue
			}
			f := meaningOf(p, ph)
			if f.tokens = essence(w, simple); len(f.tokens) > 0 {
				f.compact = join(f.tokens)
				out = append(out, f)
			}
		}
	}
	return out
}

// meaningOf is what a phrase of the pack means, without its words.
func meaningOf(p *pack.Pack, ph pack.Phrase) phrase {
	f := phrase{variable: ph.Variable, state: ph.State, negated: ph.Negated, weight: ph.Weight, trouble: isTrouble(p, ph)}
	if f.weight <= 0 || f.weight > 1 {
		f.weight = 1
	}
	return f
}

// readFrames builds the frames of the pack's phrases.
func (r *Reader) readFrames(p *pack.Pack) {
	r.lexicon, r.framesBy = newLexicon(lexiconText, r.simple), map[int][]int{}
	for _, ph := range p.Phrases {
		for _, w := range ph.Words {
			if isFrame(w) {
				r.frames = append(r.frames, r.lexicon.frames(w, meaningOf(p, ph), r.simple)...)
			}
		}
	}
	for i, f := range r.frames {
		n := f.elements[0].name
		r.framesBy[n] = append(r.framesBy[n], i)
	}
}

// essence gives the tokens of a phrase without articles; a phrase of nothing else keeps them.
func essence(words string, simple map[rune]rune) []string {
	var all, kept []string
	for _, t := range tokens(fold(words, simple)) {
		all = append(all, t.text)
		if !t.light {
			kept = append(kept, t.text)
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}

func join(ts []string) string {
	out := ""
	for _, t := range ts {
		out += t
	}
	return out
}

// isTrouble says whether the phrase's state is an abnormal one of a variable that has normal ones.
func isTrouble(p *pack.Pack, ph pack.Phrase) bool {
	v, ok := p.Variable(ph.Variable)
	if !ok {
		return false
	}
	hasNormal := slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.Normal })
	return hasNormal && !slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.Normal && s.ID == ph.State })
}

// phraseBook finds phrases by the letter they begin with, look-alikes of a camera as one.
type phraseBook struct {
	all   []phrase
	first map[byte][]int
	latin []int // phrases that begin with a Latin word long enough to be misspelt
}

func newPhraseBook(all []phrase) phraseBook {
	b := phraseBook{all: all, first: map[byte][]int{}}
	for k, p := range all {
		first := ocr(p.compact[:1])[0]
		b.first[first] = append(b.first[first], k)
		if len(p.tokens[0]) >= 5 && p.tokens[0][0] < 0x80 {
			b.latin = append(b.latin, k)
		}
	}
	return b
}

// findAll gives the phrases in the text, without those that lie inside a longer one of the same variable.
func (b phraseBook) findAll(ts []token) []match {
	var found []match
	try := func(i, k int) {
		if to, fuzzy, ok := b.all[k].at(ts, i); ok {
			found = append(found, match{from: i, to: to, phrase: &b.all[k], fuzzy: fuzzy})
		}
	}
	for i, t := range ts {
		first := ocr(t.text[:1])[0]
		for _, k := range b.first[first] {
			try(i, k)
		}
		if !t.chinese && !t.known && len(t.text) >= 5 {
			for _, k := range b.latin {
				if ocr(b.all[k].compact[:1])[0] != first {
					try(i, k)
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(m match) bool {
		return slices.ContainsFunc(found, func(o match) bool {
			if o.phrase.variable != m.phrase.variable || !o.contains(m) || o == m {
				return false
			}
			longer := o.to-o.from > m.to-m.from
			return longer || (m.fuzzy && !o.fuzzy)
		})
	})
}

// at compares the phrase with the text from token i on: first letter by letter, then with small slips.
func (p *phrase) at(ts []token, i int) (to int, fuzzy, ok bool) {
	if to, ok = p.exactly(ts, i); ok {
		return to, false, true
	}
	if to, ok = p.nearly(ts, i); ok {
		return to, true, true
	}
	return 0, false, false
}

func (p *phrase) exactly(ts []token, i int) (int, bool) {
	rest := p.compact
	for k := i; k < len(ts) && ts[k].clause == ts[i].clause; k++ {
		t := ts[k].text
		switch {
		case len(rest) >= len(t) && rest[:len(t)] == t:
			if rest = rest[len(t):]; rest == "" {
				return k + 1, true
			}
		case k == i || !ts[k].filler:
			return 0, false
		}
	}
	return 0, false
}

func (p *phrase) nearly(ts []token, i int) (int, bool) {
	j, slipped := 0, false
	for k := i; k < len(ts) && ts[k].clause == ts[i].clause; k++ {
		t := ts[k].text
		switch {
		case t == p.tokens[j]:
		case !ts[k].known && alike(t, p.tokens[j]):
			slipped = true
		case k > i && ts[k].filler:
			continue
		default:
			return 0, false
		}
		if j++; j == len(p.tokens) {
			return k + 1, slipped
		}
	}
	return 0, false
}

// alike says whether two Latin words differ only by what a camera or a finger gets wrong: 0 and O, 1 and l and I, or
// one slip in a word of at least five letters.
func alike(a, b string) bool {
	if a == b || a == "" || b == "" || a[0] >= 0x80 || b[0] >= 0x80 {
		return a == b
	}
	if len(a) == len(b) && ocr(a) == ocr(b) && !allDigits(a) && !allDigits(b) {
		return true
	}
	return len(a) >= 5 && len(b) >= 5 && !hasDigit(a) && !hasDigit(b) && oneSlip(a, b)
}

// ocr folds the characters that look the same.
func ocr(s string) string {
	b := []byte(s)
	for i, c := range b {
		switch c {
		case '0':
			b[i] = 'o'
		case '1', 'l':
			b[i] = 'i'
		}
	}
	return string(b)
}

func hasDigit(s string) bool {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			return true
		}
	}
	return false
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// oneSlip says whether one letter was missed, added, changed or swapped with its neighbour.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) || a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

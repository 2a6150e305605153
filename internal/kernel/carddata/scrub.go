package carddata

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Removed stands where card data was. It has no digit, no blank and no word that Scrub looks for, so that scrubbing
// twice gives the same as scrubbing once.
const Removed = "[card-data]"

// Scrub removes card numbers (12 to 19 digits with a right check digit, also in groups or in full-width digits), track
// data and PINs or PIN blocks that follow a word for PIN. It gives the clean text and how many places were cleaned.
func Scrub(text string) (string, int) {
	f := fold(text)
	spans := f.find()
	if len(spans) == 0 {
		return text, 0
	}
	var out strings.Builder
	last := 0
	for _, s := range spans {
		out.WriteString(text[last:f.offset[s.from]])
		out.WriteString(Removed)
		last = f.offset[s.to]
	}
	out.WriteString(text[last:])
	return out.String(), len(spans)
}

// ScrubBytes is Scrub for bytes; it gives the same slice back when there was nothing to remove.
func ScrubBytes(text []byte) ([]byte, int) {
	clean, n := Scrub(string(text))
	if n == 0 {
		return text, 0
	}
	return []byte(clean), n
}

// span is a stretch of the folded text.
type span struct{ from, to int }

// folded is a text in which digits and ASCII look-alikes of other scripts have become ASCII; offset leads from each of
// its bytes, and from its end, to the place in the original.
type folded struct {
	text   []byte
	offset []int
}

func fold(text string) folded {
	f := folded{text: make([]byte, 0, len(text)), offset: make([]int, 0, len(text)+1)}
	for i, r := range text {
		width := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, width = utf8.DecodeRuneInString(text[i:])
		}
		if a := foldRune(r); a < utf8.RuneSelf {
			f.text, f.offset = append(f.text, byte(a)), append(f.offset, i)
			continue
		}
		for j := range width {
			f.text, f.offset = append(f.text, text[i+j]), append(f.offset, i+j)
		}
	}
	f.offset = append(f.offset, len(text))
	return f
}

// foldRune maps full-width forms, decimal digits of every script and the blanks and dashes people put between groups of
// digits to ASCII; anything else stays.
func foldRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return r
	case r >= 0xFF01 && r <= 0xFF5E: // full-width forms of ASCII
		return r - 0xFEE0
	case unicode.Is(unicode.Nd, r):
		return foldDigit(r)
	case unicode.Is(unicode.Pd, r) || r == 0x2212: // dashes, and the minus sign
		return '-'
	case unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Cf, r): // blanks, and characters without width
		return ' '
	}
	return r
}

// foldDigit uses that Unicode keeps the ten digits of a script together, zero first.
func foldDigit(r rune) rune {
	for _, block := range unicode.Nd.R16 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return '0' + (r-rune(block.Lo))%10
		}
	}
	return r
}

// The patterns are compiled once; regexp values are safe to share.
var (
	// track 1: format code B, number, name, expiry; track 2: number, separator, expiry and more.
	trackPattern = regexp.MustCompile(`(?i)%?b[0-9]{12,19}\^[^^\n]{2,26}\^[0-9]{4,}[^?\s]*\??|;?[0-9]{12,19}[=d][0-9]{4,}\??`)
	// A word for PIN, or the name of ISO 8583 field 52, then a PIN block (64 or 128 bit in hex) or a PIN in clear.
	pinPattern = regexp.MustCompile(`(?i)(?:\bpin(?:[ _-]?(?:block|blk|data|code|number))?|密码|口令|\b(?:f|field|de|bit)[ _.-]?0?52|52号?域|域52)` +
		`(?:[\s:='"“”,，>\[({_-]{0,8}(?:\b(?:is|was)\b|是|为)?[\s:='"“”,，>\[({_-]{0,8})` +
		`([0-9a-f]{32}|[0-9a-f]{16}|[0-9]{4,12})(?:[^0-9a-z]|$)`)
)

// find gives the spans to remove, in order, not overlapping.
func (f folded) find() []span {
	var spans []span
	for _, m := range trackPattern.FindAllIndex(f.text, -1) {
		spans = append(spans, span{m[0], m[1]})
	}
	spans = append(spans, f.pins()...)
	spans = append(spans, f.numbers()...)
	return merge(spans)
}

func (f folded) pins() []span {
	var spans []span
	for from := 0; ; {
		m := pinPattern.FindSubmatchIndex(f.text[from:])
		if m == nil {
			return spans
		}
		spans = append(spans, span{from + m[2], from + m[3]})
		from += m[3]
	}
}

// numbers finds card numbers: whole groups of digits, next to each other, that together have 12 to 19 digits and a
// right check digit. In a group that is longer than any card number, every part of it is tried.
func (f folded) numbers() []span {
	var spans []span
	for _, run := range f.runs() {
		for i := 0; i < len(run); i++ {
			if n := f.numberAt(run[i:]); n > 0 {
				spans = append(spans, span{run[i].from, run[i+n-1].to})
				i += n - 1
			}
		}
	}
	return spans
}

// numberAt gives how many of the groups, from the first on, make up a card number, and 0 where none does.
func (f folded) numberAt(groups []span) int {
	if first := groups[0]; first.to-first.from > maxDigits {
		if f.hides(first) {
			return 1
		}
		return 0
	}
	digits, best := "", 0
	for n, g := range groups {
		digits += string(f.text[g.from:min(g.to, g.from+maxDigits+1)])
		if len(digits) > maxDigits {
			break
		}
		if len(digits) >= minDigits && luhn(digits) {
			best = n + 1
		}
	}
	return best
}

// hides reports whether a long group has a card number somewhere inside.
func (f folded) hides(group span) bool {
	for from := group.from; from+minDigits <= group.to; from++ {
		for size := minDigits; size <= maxDigits && from+size <= group.to; size++ {
			if luhn(string(f.text[from : from+size])) {
				return true
			}
		}
	}
	return false
}

// runs gives the groups of digits, collected as long as nothing but a few blanks, dashes or dots stands between them.
func (f folded) runs() [][]span {
	const maxGap = 3 // characters between two groups of one number
	var runs [][]span
	for i := 0; i < len(f.text); i++ {
		if !isDigit(f.text[i]) {
			continue
		}
		group := span{i, i}
		for i < len(f.text) && isDigit(f.text[i]) {
			i++
		}
		group.to = i
		if n := len(runs); n > 0 && f.joined(runs[n-1][len(runs[n-1])-1].to, group.from, maxGap) {
			runs[n-1] = append(runs[n-1], group)
		} else {
			runs = append(runs, []span{group})
		}
	}
	return runs
}

func (f folded) joined(from, to, maxGap int) bool {
	return to-from <= maxGap && !slices.ContainsFunc(f.text[from:to], func(c byte) bool {
		return c != ' ' && c != '-' && c != '.' && c != '\t' && c != '_'
	})
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// merge sorts the spans and joins those that overlap.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.from < out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

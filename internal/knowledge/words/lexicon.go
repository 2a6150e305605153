package words

import (
	_ "embed" // the lexicon is text, so that people who know no Go can read and mend it
	"slices"
	"strings"
)

//go:embed lexicon.txt
var lexiconText string

// entry is one way to say a name of the lexicon.
type entry struct {
	phrase
	name int
	last bool // only at the end of a clause: "the other one doesn't"
}

// lexicon holds the names that phrases of a pack may use in angle brackets, and the ways to say each.
type lexicon struct {
	names   map[string]int
	verdict []bool       // by name
	whole   map[int]bool // verdicts that take their thing wholly
	plain   map[int]bool // neither things nor verdicts
	literal []bool       // by name: words of one phrase, which are nobody's name
	entries []entry
	first   map[byte][]int // entries by the first byte of their words, look-alikes of a camera as one
	latin   []int          // entries that begin with a Latin word long enough to be misspelt
}

// mention is a place in the text where a name is said.
type mention struct {
	from, to int // tokens
	name     int
	verdict  bool
	thing    bool
	literal  bool
	fuzzy    bool
}

func newLexicon(text string, simple map[rune]rune) *lexicon {
	l := &lexicon{names: map[string]int{}, whole: map[int]bool{}, plain: map[int]bool{}, first: map[byte][]int{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, ways, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		bare, verdict := strings.CutPrefix(name, "=")
		bare, whole := strings.CutPrefix(bare, "=")
		bare, plain := strings.CutPrefix(bare, "~")
		n := l.name(bare, verdict)
		l.whole[n], l.plain[n] = whole, plain
		for way := range strings.SplitSeq(ways, ",") {
			l.add(n, way, simple)
		}
	}
	return l
}

func (l *lexicon) name(id string, verdict bool) int {
	n, ok := l.names[id]
	if !ok {
		n = len(l.verdict)
		l.names[id] = n
		l.verdict, l.literal = append(l.verdict, verdict), append(l.literal, strings.HasPrefix(id, "'"))
	}
	return n
}

func (l *lexicon) add(name int, way string, simple map[rune]rune) {
	way, last := strings.CutSuffix(strings.TrimSpace(way), "$")
	ts := essence(way, simple)
	if len(ts) == 0 {
		return
	}
	e := entry{phrase: phrase{tokens: ts, compact: join(ts)}, name: name, last: last}
	k := len(l.entries)
	l.entries = append(l.entries, e)
	b := ocr(e.compact[:1])[0]
	l.first[b] = append(l.first[b], k)
	if len(ts[0]) >= 5 && ts[0][0] < 0x80 {
		l.latin = append(l.latin, k)
	}
}

// mentions finds every name in the text. One that lies inside a longer one is none: the phone in a phone line is no phone.
func (l *lexicon) mentions(ts []token) []mention {
	var out []mention
	for i := range ts {
		from := len(out)
		for _, k := range l.first[ocr(ts[i].text[:1])[0]] {
			out = l.try(out, ts, i, k)
		}
		if !ts[i].chinese && !ts[i].known && len(ts[i].text) >= 5 {
			for _, k := range l.latin {
				if ocr(l.entries[k].compact[:1]) != ocr(ts[i].text[:1]) {
					out = l.try(out, ts, i, k)
				}
			}
		}
		out = longestOfEach(out, from)
	}
	return withoutInner(out)
}

func (l *lexicon) try(out []mention, ts []token, i, k int) []mention {
	e := &l.entries[k]
	to, fuzzy, ok := e.at(ts, i)
	if !ok || (e.last && to < len(ts) && ts[to].clause == ts[i].clause) {
		return out
	}
	return append(out, mention{from: i, to: to, name: e.name, verdict: l.verdict[e.name], literal: l.literal[e.name],
		thing: !l.verdict[e.name] && !l.literal[e.name] && !l.plain[e.name], fuzzy: fuzzy})
}

// longestOfEach keeps, of the mentions that begin at one place, the longest of each name.
func longestOfEach(all []mention, from int) []mention {
	kept := all[:from]
	for _, m := range all[from:] {
		i := slices.IndexFunc(kept[from:], func(o mention) bool { return o.name == m.name })
		switch {
		case i < 0:
			kept = append(kept, m)
		case m.to > kept[from+i].to || (m.to == kept[from+i].to && !m.fuzzy):
			kept[from+i] = m
		}
	}
	return kept
}

// longest is the most tokens a way of saying a name has; inner mentions are looked for no further away.
const longestWay = 12

func withoutInner(all []mention) []mention {
	var out []mention
	for i, m := range all {
		inner := false
		for k := i - 1; k >= 0 && all[k].from >= m.from-longestWay && !inner; k-- {
			inner = all[k].over(m)
		}
		for k := i + 1; k < len(all) && all[k].from == m.from && !inner; k++ {
			inner = all[k].over(m)
		}
		if !inner {
			out = append(out, m)
		}
	}
	return out
}

// cuts says whether words from one token to another end in the middle of the name of a thing: "no light" in "no light on
// the adapter" speaks of that light, and the signal of a phone is not the terminal's.
func cuts(from, to int, said []mention) bool {
	for _, m := range said {
		if m.from >= to {
			break
		}
		if m.thing && (!m.fuzzy || m.to-m.from > 1) && m.to > from && (m.from < from || m.to > to) {
			return true
		}
	}
	return false
}

// isVerdictOf says whether a phrase is nothing but the verdict on a thing that a frame names: the "no light" of a network
// port says nothing of the other lights.
func (l *lexicon) isVerdictOf(m match, filled []framed) bool {
	for _, f := range filled {
		last := f.parts[len(f.parts)-1]
		if len(f.parts) > 1 && !f.parts[0].literal && l.whole[last.name] && last.from <= m.from && m.to <= last.to {
			return true
		}
	}
	return false
}

// over says whether m takes the place of o.
func (m mention) over(o mention) bool {
	return !m.literal && !o.literal && m.from <= o.from && m.to >= o.to && m.to-m.from > o.to-o.from && (!m.fuzzy || o.fuzzy || m.to-m.from > 2)
}

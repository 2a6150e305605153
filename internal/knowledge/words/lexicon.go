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
}

// lexicon holds the names that phrases of a pack may use in angle brackets, and the ways to say each.
type lexicon struct {
	names   map[string]int
	verdict []bool // by name
	entries []entry
	first   map[byte][]int // entries by the first byte of their words, look-alikes of a camera as one
	latin   []int          // entries that begin with a Latin word long enough to be misspelt
}

// mention is a place in the text where a name is said.
type mention struct {
	from, to int // tokens
	name     int
	verdict  bool
	fuzzy    bool
}

func newLexicon(text string, simple map[rune]rune) *lexicon {
	l := &lexicon{names: map[string]int{}, first: map[byte][]int{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, ways, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		bare, verdict := strings.CutPrefix(name, "=")
		n := l.name(bare, verdict)
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
		l.verdict = append(l.verdict, verdict)
	}
	return n
}

func (l *lexicon) add(name int, way string, simple map[rune]rune) {
	ts := essence(way, simple)
	if len(ts) == 0 {
		return
	}
	e := entry{phrase: phrase{tokens: ts, compact: join(ts)}, name: name}
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
				if l.entries[k].compact[0] != ts[i].text[0] {
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
	if !ok {
		return out
	}
	return append(out, mention{from: i, to: to, name: e.name, verdict: l.verdict[e.name], fuzzy: fuzzy})
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

// over says whether m takes the place of o.
func (m mention) over(o mention) bool {
	return m.from <= o.from && m.to >= o.to && m.to-m.from > o.to-o.from && (!m.fuzzy || o.fuzzy)
}

package words

import (
	"cmp"
	"slices"
	"strings"
)

// frame is a phrase with names of the lexicon in it: "<chip> <fails>". Its elements follow each other in one clause with
// few other words between; "/" lets the next element stand in the clause after ("restarted it twice, no difference"), and
// "&" lets two elements stand in either order. "+" parts words without a name, so that others may stand between them.
type frame struct {
	phrase
	elements []element
}

type element struct {
	name    int
	crosses bool // may stand in the clause after that of the element before
}

// The words that may stand between two elements: more where the second is in the next clause.
const (
	gapWithin = 6
	gapAcross = 12
)

func isFrame(words string) bool {
	return strings.ContainsAny(words, "<+") || strings.Contains(words, " / ")
}

// frames builds the frames of one phrase. A name that the lexicon does not know makes no frame: a newer pack than this
// program then simply says less.
func (l *lexicon) frames(words string, base phrase, simple map[rune]rune) []frame {
	if one, other, ok := strings.Cut(words, "&"); ok {
		return append(l.frames(one+" "+other, base, simple), l.frames(other+" "+one, base, simple)...)
	}
	f := frame{phrase: base}
	crosses, literal := false, ""
	flush := func() {
		if literal != "" {
			n := l.name("'"+literal, false)
			l.add(n, literal, simple)
			f.elements = append(f.elements, element{name: n, crosses: crosses})
			literal, crosses = "", false
		}
	}
	for _, part := range strings.Fields(words) {
		name, named := strings.CutPrefix(part, "<")
		switch {
		case part == "+":
			flush()
		case part == "/":
			flush()
			crosses = true
		case named:
			flush()
			n, known := l.names[strings.TrimSuffix(name, ">")]
			if !known {
				return nil
			}
			f.elements = append(f.elements, element{name: n, crosses: crosses})
			crosses = false
		default:
			literal = strings.TrimSpace(literal + " " + part)
		}
	}
	flush()
	return []frame{f}
}

// framed is a frame found in the text.
type framed struct {
	parts []mention
	frame *frame
	turn  bool // a word between the elements turns it round
	fuzzy bool
}

func (m framed) match() match {
	return match{from: m.parts[0].from, to: m.parts[len(m.parts)-1].to, phrase: &m.frame.phrase, fuzzy: m.fuzzy}
}

// framesIn finds the frames that the mentions of a text fill.
func (r *Reader) framesIn(ts []token, said []mention) []framed {
	var out []framed
	for i := range said {
		for _, k := range r.framesBy[said[i].name] {
			f := &r.frames[k]
			if m, ok := fill(ts, said, framed{parts: []mention{said[i]}, frame: f, fuzzy: said[i].fuzzy}, i); ok {
				out = append(out, m)
			}
		}
	}
	return out
}

// fill looks for the remaining elements, nearest first.
func fill(ts []token, said []mention, m framed, at int) (framed, bool) {
	if len(m.parts) == len(m.frame.elements) {
		return m, true
	}
	want, last := m.frame.elements[len(m.parts)], m.parts[len(m.parts)-1]
	for k := at + 1; k < len(said); k++ {
		next := said[k]
		if next.from < last.to {
			continue
		}
		turn, near := between(ts, said, last, next, want.crosses)
		if !near {
			if next.from-last.to > 2*gapAcross {
				break
			}
			continue
		}
		if next.name != want.name {
			continue
		}
		longer := m
		longer.parts = append(slices.Clone(m.parts), next)
		longer.turn, longer.fuzzy = m.turn != turn, m.fuzzy || next.fuzzy
		if full, ok := fill(ts, said, longer, k); ok {
			return full, true
		}
	}
	return m, false
}

// between judges the words from one element to the next: near enough, no other verdict among them, and whether one of them
// denies.
func between(ts []token, said []mention, a, b mention, crosses bool) (turn, near bool) {
	clauses, most := ts[b.from].clause-ts[a.to-1].clause, gapWithin
	switch {
	case a.literal && isDenial(ts, a.to-1): // "not" denies what follows at once, and nothing further on
		most = 0
	case clauses > 0:
		most = gapAcross
	}
	if clauses < 0 || clauses > 1 || (clauses == 1 && !crosses) {
		return false, false
	}
	count := 0
	for i := a.to; i < b.from; i++ {
		if ts[i].filler {
			continue
		}
		if count++; count > most {
			return false, false
		}
		turn = turn != isDenial(ts, i)
	}
	for _, m := range said {
		if m.from >= b.from {
			break
		}
		if m.from >= a.to && m.to <= b.from && !m.literal && (m.verdict || (clauses == 1 && ts[m.from].clause == ts[b.from].clause)) {
			return false, false
		}
	}
	return turn, true
}

func isDenial(ts []token, i int) bool {
	switch ts[i].text {
	case "not", "never", "no", "neither", "none":
		return true
	case "不", "没", "未", "无", "冇":
		return !(i+1 < len(ts) && (ts[i+1].text == "过" || ts[i+1].text == "仅" || ts[i+1].text == "但"))
	}
	return false
}

// sortFrames orders what was found by place, so that a reading does not depend on the order of the pack.
func sortFrames(all []framed) {
	slices.SortStableFunc(all, func(a, b framed) int { return cmp.Compare(a.parts[0].from, b.parts[0].from) })
}

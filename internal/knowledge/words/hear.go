package words

import "slices"

// readPhrases takes what people say.
func (x *reading) readPhrases() {
	names := x.lexicon.mentions(x.tokens)
	filled := x.framesIn(x.tokens, names)
	sortFrames(filled)
	found := slices.DeleteFunc(x.phrases.findAll(x.tokens), func(m match) bool {
		return cuts(m.from, m.to, names) || x.lexicon.isVerdictOf(m, filled)
	})
	x.filled = filled
	for _, m := range found {
		x.cover(m.from, m.to)
	}
	for _, m := range filled {
		for _, part := range m.parts {
			x.cover(part.from, part.to)
		}
	}
	for _, m := range names {
		for i := m.from; i < m.to && m.thing; i++ {
			x.tokens[i].thing = true
		}
	}
	heard := make([]heard, 0, len(found)+len(filled))
	for _, m := range found {
		heard = append(heard, hear(m, stanceOf(x.tokens, m), 1))
	}
	for _, m := range filled {
		h := hear(m.match(), m.stance(x.tokens), frameCertainty)
		h.turned = m.turn
		heard = append(heard, h)
	}
	for _, h := range inherit(heard) {
		x.take(h.match, h.stance, h.certainty)
	}
}

// heard is a phrase or frame with what the words around it make of it.
type heard struct {
	match     match
	stance    stance
	certainty float64
	turned    bool // by a word inside it, which says nothing about what else is inside
}

func hear(m match, s stance, certainty float64) heard {
	return heard{match: m, stance: s, certainty: certainty}
}

// inherit lets what stands inside a longer phrase share its stance: who denies "after the update" does not speak of an
// update.
func inherit(all []heard) []heard {
	out, unsaid := slices.Clone(all), []heard{}
	for _, o := range all {
		if o.stance != said && !o.turned {
			unsaid = append(unsaid, o)
		}
	}
	for i, h := range all {
		for _, o := range unsaid {
			if h.stance == said && o.match.to-o.match.from > h.match.to-h.match.from && o.match.contains(h.match) {
				out[i].stance = o.stance
			}
		}
	}
	return out
}

func (x *reading) cover(from, to int) {
	for i := from; i < to; i++ {
		x.tokens[i].covered = true
	}
}

// frameCertainty: words that were put together are a little less sure than a phrase that somebody wrote down as it is.
const frameCertainty = 0.9

// take makes a candidate of a phrase that was found.
func (x *reading) take(m match, stance stance, certainty float64) {
	x.understand(m.from, m.to)
	state := m.phrase.state
	certainty *= m.phrase.weight
	if stance == denied {
		state, certainty = m.phrase.negated, certainty*0.9
	}
	if stance == asked || state == "" {
		return
	}
	if m.fuzzy {
		certainty *= 0.85
	}
	span := x.words(m.from, m.to)
	span.Variable, span.State = m.phrase.variable, state
	x.candidates = append(x.candidates, candidate{span: span, certainty: certainty, denied: stance == denied, detail: clean(span.Words)})
}

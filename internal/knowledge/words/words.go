// Package words turns what people say and what screens show into findings: free text, Chinese and English, mixed.
//
// It knows nothing of its own about faults. What words mean is in the pack (phrases, messages, response codes); only
// how people speak is here: clauses, "not", "is fine", slips of the finger and of the camera. Every finding keeps the
// words that led to it, and what was not understood is said, so that a person can judge both. Card numbers and PINs
// are masked before anything is read.
package words

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/knowledge/words/screens"
	"github.com/posmedic/posmedic/pack"
)

// MaxText is how many bytes of a text are read; the rest is left out and reported as not understood.
const MaxText = 4096

// maxDetail bounds the words kept with a finding.
const maxDetail = 240

// The variables that screens and codes lead to. A pack that lacks one gets no findings of it.
const (
	mainSymptom   = "main_symptom"
	errorMessage  = "error_message" // its state for somebody who names nothing but a text or a code
	screenMessage = "screen_message"
	screenText    = "screen_text"
	responseCode  = "response_code"
	codeSet       = "response_code_set"
	ownSet        = "other" // its state for codes that no card host sends
)

// Reading is what a text says.
type Reading struct {
	Findings      []finding.Finding // at most one a variable, ordered by variable
	Spans         []Span            // the words behind them, ordered by place
	NotUnderstood []string          // the clauses that led to nothing, as they were written
}

// Span is a part of the text that led to a finding. Start and End are byte offsets in the text that was read.
type Span struct {
	Start, End int
	Words      string
	Variable   string
	State      string
}

// Reader reads texts with the words of one pack. It may be shared by goroutines.
type Reader struct {
	simple    map[rune]rune
	phrases   phraseBook
	lexicon   *lexicon
	frames    []frame
	framesBy  map[int][]int // frames by the name of their first element
	screens   []screenPhrase
	unseen    *screens.Classifier
	codes     codeBook
	known     map[string]bool // the words of all phrases
	variables map[string]bool
	classes   map[string]bool // states of screen_message
	complains bool            // the pack can say that a text or code is all the complaint
}

// NewReader prepares the words of a pack.
func NewReader(p *pack.Pack) *Reader {
	r := &Reader{simple: simplifier(), codes: newCodeBook(p), known: map[string]bool{}, variables: map[string]bool{}, classes: map[string]bool{}}
	r.phrases, r.screens = newPhraseBook(phrasesOf(p, r.simple)), screensOf(p, r.simple)
	r.unseen = screens.New(screens.Of(p))
	r.readFrames(p)
	for _, ph := range r.phrases.all {
		r.know(ph.tokens)
	}
	for _, e := range r.lexicon.entries {
		r.know(e.tokens)
	}
	for _, s := range r.screens {
		r.know(s.tokens)
	}
	for _, v := range p.Variables {
		r.variables[v.ID] = true
	}
	if v, ok := p.Variable(mainSymptom); ok {
		r.complains = slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.ID == errorMessage })
	}
	if v, ok := p.Variable(screenMessage); ok {
		for _, s := range v.States {
			r.classes[s.ID] = true
		}
	}
	return r
}

func (r *Reader) know(tokens []string) {
	for _, t := range tokens {
		r.known[t] = true
	}
}

// candidate is a possible finding before one a variable is chosen.
type candidate struct {
	span      Span
	certainty float64
	denied    bool
	detail    string
}

// reading is one text while it is read.
type reading struct {
	*Reader
	text       string // masked, so nothing below can keep card data
	letters    []letter
	tokens     []token
	flat       []token // the same without clauses: the commas of a screen are part of its text
	candidates []candidate
	understood []bool // by token
	filled     []framed
	shown      *Span // the words or the code that a screen showed
}

// Read reads a text that was said or shown at a time, according to a source.
func (r *Reader) Read(text string, at time.Time, src finding.Source) Reading {
	kept, rest := cut(text)
	x := &reading{Reader: r, text: mask(kept)}
	x.letters = fold(x.text, r.simple)
	x.tokens = tokens(x.letters)
	for i, t := range x.tokens {
		x.tokens[i].known = r.known[t.text] || isGrammar(t.text)
	}
	x.understood = make([]bool, len(x.tokens))
	x.readPhrases()
	x.flat = flatten(x.tokens)
	x.readScreen()
	x.onlyText()
	out := x.result(at, src)
	if rest {
		out.NotUnderstood = append(out.NotUnderstood, "…")
	}
	return out
}

// cut bounds the text at a whole character.
func cut(text string) (string, bool) {
	if len(text) <= MaxText {
		return text, false
	}
	end := MaxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], true
}

// mask replaces card data by as many stars as it has bytes, so that offsets stay true. Where it is not certain which
// bytes were card data, every digit goes.
func mask(text string) string {
	scrubbed, n := carddata.Scrub(text)
	if n == 0 {
		return text
	}
	if masked, ok := align(text, scrubbed); ok {
		if _, left := carddata.Scrub(masked); left == 0 {
			return masked
		}
	}
	var b strings.Builder
	for i, r := range text {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(text[i:])
		}
		if unicode.IsDigit(r) {
			b.WriteString(strings.Repeat("*", size))
		} else {
			b.WriteString(text[i : i+size])
		}
	}
	return b.String()
}

// align puts stars where the scrubbed text has its mark.
func align(text, scrubbed string) (string, bool) {
	pieces := strings.Split(scrubbed, carddata.Removed)
	if !strings.HasPrefix(text, pieces[0]) {
		return "", false
	}
	var b strings.Builder
	b.WriteString(pieces[0])
	at := len(pieces[0])
	for i, piece := range pieces[1:] {
		next, ok := afterCard(text, at, piece, i == len(pieces)-2)
		if !ok {
			return "", false
		}
		b.WriteString(strings.Repeat("*", next-at))
		b.WriteString(piece)
		at = next + len(piece)
	}
	return b.String(), at == len(text)
}

// afterCard finds where the piece after the card data begins: the first place at which all before it is card data.
func afterCard(text string, from int, piece string, last bool) (int, bool) {
	if last {
		return len(text) - len(piece), strings.HasSuffix(text, piece) && len(text)-len(piece) >= from
	}
	for at := from + 1; at+len(piece) <= len(text); at++ {
		if strings.HasPrefix(text[at:], piece) {
			if s, _ := carddata.Scrub(text[from:at]); s == carddata.Removed {
				return at, true
			}
		}
	}
	return 0, false
}

func (x *reading) words(from, to int) Span {
	start, end := x.tokens[from].start, x.tokens[to-1].end
	return Span{Start: start, End: end, Words: x.text[start:end]}
}

func (x *reading) understand(from, to int) {
	for i := from; i < to; i++ {
		x.understood[i] = true
	}
}

// readScreen takes what the screen shows: the vendor's messages anywhere, classes and codes where a screen is quoted.
func (x *reading) readScreen() {
	parts := stretches(x.text, x.letters, x.tokens)
	classified := x.readVendorMessage(parts)
	if !classified {
		classified = x.readClass(parts)
	}
	c, hasCode := x.codes.findCode(x.tokens)
	if hasCode {
		x.readCode(c)
		if !classified { // with a code people give the words that stand beside it
			classified = x.readClass([]stretch{{to: len(x.tokens)}})
		}
	}
	if classified || x.has(screenMessage) {
		return
	}
	if hasCode && x.classes["response_code"] {
		x.addScreen(c.from, c.to, "response_code", c.certainty)
		return
	}
	x.readUnseen(parts)
}

// spoken is how much a text must resemble a known one that is only said to stand on the screen, without quotation marks:
// people go on talking after it.
const spoken = 0.75

// readUnseen takes a text that no list has, by the texts it resembles.
func (x *reading) readUnseen(parts []stretch) {
	for _, s := range parts {
		if !s.quoted && !s.named {
			continue
		}
		if m, known := screenMatch(x.flat, s.from, s.to, x.screens, false); known && stanceOf(x.tokens, m) != said {
			continue
		}
		a, _ := x.unseen.Classify(x.words(s.from, s.to).Words)
		sure := a.Confidence >= screens.Sure && (s.quoted || a.Likeness >= spoken)
		switch {
		case sure && x.classes[a.Class]:
			x.addScreen(s.from, s.to, a.Class, a.Confidence)
			return
		case s.quoted && s.named && x.classes[screens.Other]:
			x.addScreen(s.from, s.to, screens.Other, 0.6)
			return
		}
	}
}

// echoed is what words are still worth that stand in a text on the screen: the screen says so, not the person.
const echoed = 0.7

// onlyText weighs down what was read inside the words of a screen, and takes the words as the complaint where nothing else
// is complained of.
func (x *reading) onlyText() {
	if x.shown == nil {
		return
	}
	for i, c := range x.candidates {
		if !isScreen(c.span.Variable) && x.shown.Start <= c.span.Start && c.span.End <= x.shown.End {
			x.candidates[i].certainty *= echoed
		}
	}
	if x.complains && (x.shown.Variable == responseCode || complaint(x.shown.State)) {
		c := candidate{span: *x.shown, certainty: 0.6, detail: clean(x.shown.Words)}
		c.span.Variable, c.span.State = mainSymptom, errorMessage
		x.candidates = append(x.candidates, c)
	}
}

// complaint: a text of this class is a trouble of its own. Those of reading, printing and charging name the trouble, and a
// terminal that is ready or busy shows none.
func complaint(class string) bool {
	switch class {
	case "none", "busy_or_waiting", "card_read_error", "out_of_paper", "printer_error", "low_battery":
		return false
	}
	return true
}

func isScreen(variable string) bool {
	return variable == screenMessage || variable == screenText || variable == responseCode || variable == codeSet
}

func (x *reading) has(variable string) bool {
	return slices.ContainsFunc(x.candidates, func(c candidate) bool { return c.span.Variable == variable })
}

func (x *reading) readVendorMessage(parts []stretch) bool {
	m, ok := screenMatch(x.flat, 0, len(x.tokens), x.screens, true)
	if !ok || x.isTalk(m, parts) || stanceOf(x.tokens, m) != said || x.partOfMore(m) {
		return false
	}
	text := x.words(m.from, m.to).Words
	if m.fuzzy { // the words as the vendor writes them find their message again; the detail keeps what was read
		text = m.phrase.written
	}
	x.addScreenText(m.from, m.to, m.phrase.state, text, screenCertainty(m))
	return true
}

// isTalk: the words are said and not shown. People speak in the words of screens ("the terminal is offline", "a notice of
// maintenance"); only where a screen is quoted or named, or where there is little else, are they its own.
func (x *reading) isTalk(m match, parts []stretch) bool {
	shown := slices.ContainsFunc(parts, func(s stretch) bool { return s.from <= m.from && m.to <= s.to })
	if shown || announced(x.tokens, m.from) {
		return false
	}
	return len(x.tokens)-(m.to-m.from) > aside || slices.ContainsFunc(x.filled, func(f framed) bool {
		w := f.match()
		return w.from < m.from && m.to <= w.to && len(f.parts) > 1
	})
}

// aside is how many words may stand beside the words of a screen that nobody announces.
const aside = 4

// partOfMore: the words of the message are only a piece of longer words that mean something else.
func (x *reading) partOfMore(m match) bool {
	for i := max(0, m.from-4); i <= m.from; i++ {
		for k := range x.screens {
			if to, ok := x.screens[k].exactly(x.flat, i); ok && !x.screens[k].vendor && to >= m.to && to-i > m.to-m.from {
				return true
			}
		}
	}
	return false
}

func screenCertainty(m match) float64 {
	if m.fuzzy {
		return 0.85
	}
	return 1
}

// readClass classifies what stands in the parts of the text that a screen showed.
func (x *reading) readClass(parts []stretch) bool {
	if len(parts) == 0 {
		parts = x.wholeScreen()
	}
	for _, s := range parts {
		m, ok := screenMatch(x.flat, s.from, s.to, x.screens, false)
		if !ok || stanceOf(x.tokens, m) != said {
			continue
		}
		from, to := m.from, m.to
		if s.quoted { // a quotation is kept as a whole
			from, to = s.from, s.to
		}
		x.addScreen(from, to, m.phrase.state, screenCertainty(m))
		return true
	}
	return false
}

// wholeScreen takes a text of a few words without any verb of saying as a screen: that is what is typed into a box
// that asks for the words on the screen.
func (x *reading) wholeScreen() []stretch {
	if len(x.tokens) == 0 || len(x.tokens) > 12 || len(x.candidates) > 0 || x.tokens[len(x.tokens)-1].clause > 0 {
		return nil
	}
	if slices.ContainsFunc(x.tokens, func(t token) bool { return isPerson(t.text) }) {
		return nil
	}
	return []stretch{{to: len(x.tokens)}}
}

// isPerson: screens do not say I and we.
func isPerson(w string) bool {
	switch w {
	case "i", "we", "my", "our", "he", "she", "they", "me", "us", "我", "咱", "他", "她", "吗", "呢":
		return true
	}
	return false
}

// addScreen adds the class and the raw words of a screen.
func (x *reading) addScreen(from, to int, state string, certainty float64) {
	x.addScreenText(from, to, state, x.words(from, to).Words, certainty)
}

func (x *reading) addScreenText(from, to int, state, text string, certainty float64) {
	x.understand(from, to)
	for _, v := range []struct{ variable, state string }{{screenMessage, state}, {screenText, clean(text)}} {
		if !x.variables[v.variable] {
			continue
		}
		span := x.words(from, to)
		span.Variable, span.State = v.variable, v.state
		x.candidates = append(x.candidates, candidate{span: span, certainty: certainty, detail: clean(span.Words)})
		if v.variable == screenMessage {
			x.shown = &span
		}
	}
}

func (x *reading) readCode(c code) {
	x.understand(c.from, c.to)
	if !x.variables[responseCode] {
		return
	}
	span := x.words(c.from, c.to)
	span.Variable, span.State = responseCode, c.value
	x.candidates = append(x.candidates, candidate{span: span, certainty: c.certainty, detail: clean(span.Words)})
	if x.shown == nil {
		shown := span
		x.shown = &shown
	}
	set := namedSet(x.tokens)
	if c.own {
		set = ownSet
	}
	if set != "" && x.variables[codeSet] {
		span.Variable, span.State = codeSet, set
		x.candidates = append(x.candidates, candidate{span: span, certainty: c.certainty, detail: clean(span.Words)})
	}
}

// result chooses one finding a variable: what is said before what follows from a denial, the surer before the less
// sure, and of two as sure what was said first.
func (x *reading) result(at time.Time, src finding.Source) Reading {
	x.dropPieces()
	slices.SortStableFunc(x.candidates, func(a, b candidate) int {
		return cmp.Or(strings.Compare(a.span.Variable, b.span.Variable), order(a.denied, b.denied),
			cmp.Compare(band(b.certainty), band(a.certainty)), cmp.Compare(a.span.Start, b.span.Start), cmp.Compare(b.certainty, a.certainty))
	})
	var out Reading
	for i, c := range x.candidates {
		if i > 0 && x.candidates[i-1].span.Variable == c.span.Variable {
			continue
		}
		out.Findings = append(out.Findings, finding.Finding{Variable: c.span.Variable, State: c.span.State, At: at, Source: src,
			Confidence: c.certainty, Detail: c.detail})
		out.Spans = append(out.Spans, c.span)
	}
	slices.SortStableFunc(out.Spans, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	out.NotUnderstood = x.notUnderstood()
	return out
}

// dropPieces drops what was read in a piece of longer words about the same variable.
func (x *reading) dropPieces() {
	all := slices.Clone(x.candidates)
	x.candidates = slices.DeleteFunc(x.candidates, func(c candidate) bool {
		return slices.ContainsFunc(all, func(o candidate) bool {
			return o.span.Variable == c.span.Variable && o.span.Start <= c.span.Start && c.span.End <= o.span.End &&
				o.span.End-o.span.Start > c.span.End-c.span.Start && band(o.certainty) >= band(c.certainty) && !o.denied
		})
	})
}

// band makes certainties that hardly differ alike, so that among them what was said first counts.
func band(certainty float64) int { return int(math.Ceil(certainty * 4)) }

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// notUnderstood gives the clauses in which nothing was recognised and which say more than a greeting.
func (x *reading) notUnderstood() []string {
	var out []string
	for i := 0; i < len(x.tokens); {
		j, known, meaning := i, false, 0
		for j < len(x.tokens) && x.tokens[j].clause == x.tokens[i].clause {
			known = known || x.understood[j]
			if !x.tokens[j].filler {
				meaning++
			}
			j++
		}
		if !known && meaning >= 2 {
			out = append(out, clean(x.text[x.tokens[i].start:x.tokens[j-1].end]))
		}
		i = j
	}
	return out
}

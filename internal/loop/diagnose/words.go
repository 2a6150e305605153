package diagnose

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/posmedic/posmedic/internal/knowledge/words/screens"
	"github.com/posmedic/posmedic/pack"
)

// Variables whose free values the pack explains by tables of their own.
const (
	screenTextID    = "screen_text"
	screenMessageID = "screen_message"
	codeID          = "response_code"
	codeSetID       = "response_code_set"
	codeClass       = "response_code" // state of screen_message
)

// otherText is the share of a class of messages that one text not known to belong to a fault may have: a fault that
// shows the class shows this very wording one time in ten.
const otherText = 0.1

// otherCode is the same for response codes, of which there are many more.
const otherCode = 0.02

// strange is the least a text or code is likely under any fault: lists are never complete.
const strange = 0.0005

// screenText is one message of the pack, ready to be found.
type screenText struct {
	keys  []string // folded
	class string
	like  []float64
}

type code struct {
	set  string
	like []float64 // nil: says nothing about the terminal
}

// fold brings a text into the form messages are compared in: no case, no width, no blanks, no punctuation.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, width.Fold.String(s))
}

func (e *Engine) compileTexts() {
	for i := range e.pack.Messages {
		m := &e.pack.Messages[i]
		t := screenText{class: m.Class, like: e.pointed(m.PointsTo, m.Class, otherText, nil)}
		for _, match := range m.Match {
			if key := fold(match); key != "" {
				t.keys = append(t.keys, key)
			}
		}
		e.texts = append(e.texts, t)
	}
	e.unseen = screens.New(screens.Of(e.pack))
}

// resemblance is what a text that no list has is taken for.
type resemblance struct {
	class   string
	certain float64   // how often such an answer is right
	like    []float64 // nil where the class alone speaks
}

// closest is how much a text must resemble a known one to share its causes, and not only its class.
const closest = 0.65

// resembles says what an unseen text is by the texts it resembles. What a wording points to holds for one that resembles it
// only as far as it does; for the rest its class speaks.
func (e *Engine) resembles(text string) (resemblance, bool) {
	a, _ := e.unseen.Classify(text)
	v, known := e.variables[screenMessageID]
	if a.Confidence < screens.Sure || !known {
		return resemblance{}, false
	}
	s, known := v.states[a.Class]
	if !known {
		return resemblance{}, false
	}
	r := resemblance{class: a.Class, certain: a.Confidence}
	if a.Likeness < closest || a.Like.Index < 0 || e.texts[a.Like.Index].like == nil {
		return r, true
	}
	q := a.Likeness * a.Likeness * a.Confidence
	r.like = make([]float64, e.faults+1)
	class := e.model.Likelihood(v.row, s)
	for f, p := range e.texts[a.Like.Index].like {
		r.like[f] = max(q*p+(1-q)*otherText*class[f], strange)
	}
	return r, true
}

func (e *Engine) compileCodes() {
	e.codes = map[string][]code{}
	claimed := e.claimed()
	for i := range e.pack.Codes {
		c := &e.pack.Codes[i]
		entry := code{set: c.Set}
		if len(c.PointsTo) > 0 {
			entry.like = e.pointed(c.PointsTo, codeClass, otherCode, claimed[c.Set])
		}
		e.codes[fold(c.Code)] = append(e.codes[fold(c.Code)], entry)
	}
}

// claimed is, by code set, what each fault's known codes leave no room beside: a fault that shows 03 nine times in ten shows
// 97 one time in ten at most.
func (e *Engine) claimed() map[string][]float64 {
	out := map[string][]float64{}
	for i := range e.pack.Codes {
		c := &e.pack.Codes[i]
		if out[c.Set] == nil {
			out[c.Set] = make([]float64, e.faults+1)
		}
		for fault, n := range c.PointsTo {
			if f, ok := e.faultAt[fault]; ok {
				out[c.Set][f] = min(out[c.Set][f]+n.Mean, 1)
			}
		}
	}
	return out
}

// pointed is P(this very text | fault): what the pack says, and for the other faults a share of the class. Nil where the
// pack names no fault. Of a fault's class, what it claims for other codes is not shared; nil where nothing is claimed.
func (e *Engine) pointed(to map[string]pack.Number, class string, share float64, claimed []float64) []float64 {
	if len(to) == 0 {
		return nil
	}
	like := make([]float64, e.faults+1)
	if v, ok := e.variables[screenMessageID]; ok {
		if s, known := v.states[class]; known {
			for f, p := range e.model.Likelihood(v.row, s) {
				like[f] = share * p
				if claimed != nil {
					like[f] *= 1 - claimed[f]
				}
			}
		}
	}
	for f := range like {
		like[f] = max(like[f], strange)
	}
	for fault, n := range to {
		if f, ok := e.faultAt[fault]; ok {
			like[f] = max(like[f], n.Mean)
		}
	}
	return like
}

// shortest is how many letters a message must have to be found inside a longer text.
const shortest = 4

// read finds the messages that a text on a screen means. An equal text wins over one that contains a message, and of
// those the longest message wins. Where vendors mean different things by it, all of them are returned.
func (e *Engine) read(text string) []screenText {
	folded := fold(text)
	var found []screenText
	best := 0
	for _, t := range e.texts {
		score := t.score(folded)
		if score > best {
			best, found = score, found[:0]
		}
		if score > 0 && score == best {
			found = append(found, t)
		}
	}
	return found
}

func (t screenText) score(folded string) int {
	const equal = 1 << 20
	best := 0
	for _, key := range t.keys {
		switch {
		case key == folded:
			return equal
		case len([]rune(key)) >= shortest && strings.Contains(folded, key):
			best = max(best, len(key))
		}
	}
	return best
}

// textLikelihood averages what the vendors mean by a text; nil where it says nothing. The class is that of the first.
func textLikelihood(found []screenText, n int) (like []float64, class string) {
	var rows [][]float64
	for _, t := range found {
		if class == "" {
			class = t.class
		}
		if t.like != nil {
			rows = append(rows, t.like)
		}
	}
	return average(rows, n), class
}

// codeLikelihood looks a response code up in its set; when nobody knows the set, every set that has the code may be
// meant.
func (e *Engine) codeLikelihood(value, set string) []float64 {
	var rows [][]float64
	for _, c := range e.codes[fold(value)] {
		if set != "" && c.set != set {
			continue
		}
		if c.like != nil {
			rows = append(rows, c.like)
		}
	}
	return average(rows, e.faults+1)
}

func average(rows [][]float64, n int) []float64 {
	if len(rows) == 0 {
		return nil
	}
	out := make([]float64, n)
	for _, row := range rows {
		for f, p := range row {
			out[f] += p / float64(len(rows))
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Package screens says what kind of message a text on a screen is, also where nobody has ever seen that text.
//
// It compares the text with the wordings it knows, by their words, their Chinese characters and their groups of letters,
// rare ones counting most. The wordings that resemble it most vote for their classes. So an answer always has a reason that
// a person can check: the wordings it was taken for. A text that resembles nothing has no class. Letters that cameras mistake
// (0 and O, 1 and l and I, rn and m) are one letter here.
package screens

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/posmedic/posmedic/pack"
)

// Wording is a text whose class is known.
type Wording struct {
	Text  string
	Class string
	Index int // the caller's own mark, given back with the answer
}

// Answer is what a text was taken for.
type Answer struct {
	Class      string
	Confidence float64 // how often such an answer is right, by cross-validation
	Like       Wording // the wording of that class which resembles the text most
	Likeness   float64 // 0..1; 1: the same words
}

// Classifier knows wordings. It may be shared by goroutines.
type Classifier struct {
	known []Wording
	shape []vector
	rare  map[string]float64 // weight of a feature, more where fewer wordings have it
	by    map[string][]int   // wordings by feature
	roots []rootWord
}

// Of are the wordings that a pack and the words of the classes give. Index is the place of the message in the pack, -1 for
// words of a class.
func Of(p *pack.Pack) []Wording {
	var out []Wording
	for i, m := range p.Messages {
		if m.Class == Other {
			continue // what has no kind of its own teaches nothing about kinds
		}
		for _, text := range m.Match {
			out = append(out, Wording{Text: text, Class: m.Class, Index: i})
		}
	}
	for _, c := range Classes() {
		for _, text := range c.Words {
			out = append(out, Wording{Text: text, Class: c.State, Index: -1})
		}
	}
	return out
}

// Other is the class of what is none of the others.
const Other = "other"

// Sure is the confidence from which an answer is better than none.
const Sure = 0.5

type vector struct {
	weight map[string]float64
	norm   float64
}

// maxText bounds how much of a text is looked at, in letters.
const maxText = 160

// New prepares the wordings.
func New(known []Wording) *Classifier {
	c := &Classifier{known: known, rare: map[string]float64{}, by: map[string][]int{}}
	for _, r := range roots() {
		r.root = alike(r.root)
		c.roots = append(c.roots, r)
	}
	all := make([]map[string]float64, len(known))
	for i, w := range known {
		w.Text = withoutAdvice(w.Text)
		all[i] = features(w.Text)
		for f := range all[i] {
			c.by[f] = append(c.by[f], i)
		}
	}
	for f, list := range c.by {
		c.rare[f] = math.Log(1 + float64(len(known))/float64(len(list)))
	}
	for i := range all {
		c.shape = append(c.shape, c.weigh(all[i]))
	}
	return c
}

// unknownRarity is the weight of a feature that no wording has, relative to the rarest that one has: what is unknown makes a
// text less like any wording, but words in a message are often names.
const unknownRarity = 0.35

func (c *Classifier) weigh(found map[string]float64) vector {
	v := vector{weight: make(map[string]float64, len(found))}
	most := math.Log(1 + float64(len(c.known)))
	sum := 0.0
	for _, f := range slices.Sorted(maps.Keys(found)) { // in one order, so that sums are the same everywhere
		w, known := c.rare[f]
		if !known {
			w = most * unknownRarity
		}
		w *= found[f]
		v.weight[f] = w
		sum += w * w
	}
	v.norm = math.Sqrt(sum)
	return v
}

// neighbours is how many wordings vote, and sharpness how much more a closer one counts.
const (
	neighbours = 7
	sharpness  = 4
)

// Classify says what a text is, the likelier class first of all that got a vote. It gives no answer where the text
// resembles nothing.
func (c *Classifier) Classify(text string) (Answer, bool) { return c.classify(text, nil) }

func (c *Classifier) classify(text string, leaveOut func(Wording) bool) (Answer, bool) {
	text = withoutAdvice(text)
	near := c.nearest(text, leaveOut)
	votes, total := c.votesOfRoots(text), 0.0
	strongest := maps.Clone(votes)
	for class, v := range votes {
		votes[class] = rootVote * v
	}
	for _, class := range slices.Sorted(maps.Keys(votes)) {
		total += votes[class]
	}
	if len(near) == 0 && len(votes) == 0 {
		return Answer{}, false
	}
	for _, n := range near {
		v := math.Pow(n.likeness, sharpness)
		votes[c.known[n.at].Class] += v
		total += v
	}
	best := ""
	for _, class := range slices.Sorted(maps.Keys(votes)) {
		if best == "" || votes[class] > votes[best] {
			best = class
		}
	}
	a := Answer{Class: best, Like: Wording{Index: -1}}
	for _, n := range near {
		if w := c.known[n.at]; w.Class == best {
			a.Like, a.Likeness = w, n.likeness
			break
		}
	}
	a.Confidence = confidence(max(a.Likeness, rootLikeness*min(1, strongest[best])), votes[best]/total)
	return a, true
}

// confidence turns likeness and agreement into how often such an answer is right. The line was fitted by leaving out one
// vendor after the other; the test of this package keeps it honest.
func confidence(likeness, agreement float64) float64 {
	return max(0.02, min(0.97, 0.15+0.55*agreement+0.45*(likeness-0.45)))
}

type neighbour struct {
	at       int
	likeness float64
}

func (c *Classifier) nearest(text string, leaveOut func(Wording) bool) []neighbour {
	v := c.weigh(features(text))
	if v.norm == 0 {
		return nil
	}
	dot := map[int]float64{}
	for _, f := range slices.Sorted(maps.Keys(v.weight)) {
		for _, i := range c.by[f] {
			dot[i] += v.weight[f] * c.shape[i].weight[f]
		}
	}
	var out []neighbour
	for _, i := range slices.Sorted(maps.Keys(dot)) {
		if leaveOut != nil && leaveOut(c.known[i]) {
			continue
		}
		out = append(out, neighbour{at: i, likeness: dot[i] / (v.norm * c.shape[i].norm)})
	}
	slices.SortStableFunc(out, func(a, b neighbour) int { return cmp.Compare(b.likeness, a.likeness) })
	return out[:min(len(out), neighbours)]
}

// withoutAdvice cuts what a message tells people to do, where it says before what is wrong: "MAC error, please sign on
// again" is about the key.
func withoutAdvice(text string) string {
	low := strings.ToLower(text)
	cut := len(text)
	for _, advice := range []string{"请重新签到", "请重试", "请联系", "请稍后", "请再试", "重新签到", "联系", " contact ", " please ", " call ", ". try ", ", try "} {
		if i := strings.Index(low, advice); i >= 6 && i < cut && len(low) == len(text) {
			cut = i
		}
	}
	return text[:cut]
}

// letters gives a text for the search of roots: its words with one blank before each, and all of it joined.
func letters(text string) (spaced, joined string) {
	var b strings.Builder
	b.WriteByte(' ')
	for n, r := range []rune(width.Fold.String(text)) {
		if n >= maxText {
			break
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		} else {
			b.WriteByte(' ')
		}
	}
	spaced = " " + strings.Join(strings.Fields(alike(b.String())), " ")
	return spaced, strings.ReplaceAll(spaced, " ", "")
}

// The weights of the kinds of features.
const (
	wordWeight  = 1.0
	groupWeight = 0.5 // three letters, for words that are joined, cut or misread
	signWeight  = 0.6 // one Chinese character
	pairWeight  = 1.0 // two Chinese characters
)

// features gives what a text is compared by.
func features(text string) map[string]float64 {
	out := map[string]float64{}
	var latin, word []rune
	var before rune
	endWord := func() {
		if len(word) > 0 {
			if w := root(string(word)); !empty(w) {
				out["w:"+w] = wordWeight
			}
			latin = append(latin, word...)
			word = word[:0]
		}
	}
	for n, r := range []rune(width.Fold.String(text)) {
		if n >= maxText {
			break
		}
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Han, r):
			endWord()
			out["c:"+string(r)] = signWeight
			if before != 0 {
				out["p:"+string(before)+string(r)] = pairWeight
			}
			before = r
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word = append(word, r)
		case r == '\'' || r == '-' || r == '’':
		default:
			endWord()
		}
		if !unicode.IsSpace(r) {
			before = 0
		}
	}
	endWord()
	joined := []rune(alike(string(latin)))
	for i := 0; i+3 <= len(joined); i++ {
		out["g:"+string(joined[i:i+3])] = groupWeight
	}
	return out
}

// alike makes letters one that a camera mistakes for each other.
func alike(w string) string {
	return strings.NewReplacer("rn", "m", "0", "o", "1", "i", "l", "i", "5", "s", "|", "i").Replace(w)
}

// root cuts the endings of English words that make no difference to what a message says.
func root(w string) string {
	for _, end := range []string{"ations", "ation", "ing", "ed", "ion", "es", "s"} {
		if cut, ok := strings.CutSuffix(w, end); ok && len(cut) >= 4 {
			return alike(cut)
		}
	}
	return alike(w)
}

// empty are words that stand in messages of every kind.
func empty(w string) bool {
	switch w {
	case "the", "a", "an", "to", "of", "is", "was", "on", "in", "for", "and", "your", "this", "piease", "has", "been", "be", "with", "or", "it":
		return true
	}
	return false
}

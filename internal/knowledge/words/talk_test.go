package words_test

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/knowledge/words"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// corePack reads the pack that posmedic ships with, once for all tests.
var corePack = sync.OnceValues(func() (*pack.Pack, error) { return pack.Load(packs.Core()) })

var coreReaderOnce = sync.OnceValues(func() (*words.Reader, error) {
	p, err := corePack()
	if err != nil {
		return nil, err
	}
	return words.NewReader(p), nil
})

func coreReader(t testing.TB) *words.Reader {
	t.Helper()
	r, err := coreReaderOnce()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// claim is one finding an utterance is expected to give: any of its ways will do.
type claim struct {
	ways     []string // variable=state
	optional bool
}

func (c claim) String() string { return strings.Join(c.ways, "|") }

// utterance is one line of testdata/talk.
type utterance struct {
	line     int
	lang     string
	negation bool
	text     string
	claims   []claim
	never    []string
}

// readTalk reads a file of utterances: language [n] | text | findings.
func readTalk(t testing.TB, name string) []utterance {
	t.Helper()
	f, err := os.Open("testdata/talk/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := corePack()
	if err != nil {
		t.Fatal(err)
	}
	var out []utterance
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		if in.Text() == "" || strings.HasPrefix(in.Text(), "#") {
			continue
		}
		u, err := parseTalk(p, in.Text())
		if err != nil {
			t.Fatalf("%s:%d: %v", name, n, err)
		}
		u.line = n
		out = append(out, u)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func parseTalk(p *pack.Pack, line string) (utterance, error) {
	head, rest, _ := strings.Cut(line, " | ")
	text, claims, ok := strings.Cut(rest, " | ")
	if !ok {
		return utterance{}, fmt.Errorf("three parts are needed")
	}
	lang, note, _ := strings.Cut(head, " ")
	u := utterance{lang: lang, negation: note == "n", text: text}
	for _, w := range strings.Fields(claims) {
		bare := strings.TrimLeft(w, "?!")
		ways, err := waysOf(p, bare)
		if err != nil {
			return u, err
		}
		if strings.HasPrefix(w, "!") {
			u.never = append(u.never, ways...)
			continue
		}
		u.claims = append(u.claims, claim{ways: ways, optional: strings.HasPrefix(w, "?")})
	}
	return u, nil
}

// waysOf takes a=b|c|d=e apart, and refuses what the pack does not know.
func waysOf(p *pack.Pack, w string) ([]string, error) {
	var out []string
	variable := ""
	for _, way := range strings.Split(w, "|") {
		name, state, ok := strings.Cut(way, "=")
		if ok {
			variable = name
		} else {
			state = way
		}
		v, known := p.Variable(variable)
		if !known {
			return nil, fmt.Errorf("no variable %q", variable)
		}
		if v.Type == pack.State && !slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.ID == state }) {
			return nil, fmt.Errorf("%s has no state %q", variable, state)
		}
		out = append(out, variable+"="+state)
	}
	return out, nil
}

// least is the confidence from which a finding counts as read.
const least = 0.5

// said gives the findings of a text as variable=state, without the raw words of a screen and the set of a code.
func said(r *words.Reader, text string) []string {
	var out []string
	for _, f := range r.Read(text, noon, finding.Merchant).Findings {
		if f.Variable != "screen_text" && f.Variable != "response_code_set" && f.Confidence >= least {
			out = append(out, f.Variable+"="+f.State)
		}
	}
	return out
}

// tally counts what was read rightly, wrongly and not at all.
type tally struct{ right, wrong, met, missed int }

func (c tally) precision() float64 { return share(c.right, c.right+c.wrong) }
func (c tally) recall() float64    { return share(c.met, c.met+c.missed) }

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func (c *tally) add(o tally) {
	c.right, c.wrong, c.met, c.missed = c.right+o.right, c.wrong+o.wrong, c.met+o.met, c.missed+o.missed
}

// mark compares what was read with what was expected; wrong and missing are for the person who develops.
func mark(u utterance, read []string) (c tally, wrong, missing, opposite []string) {
	for _, w := range read {
		switch {
		case slices.Contains(u.never, w):
			opposite = append(opposite, w)
			c.wrong++
		case slices.ContainsFunc(u.claims, func(c claim) bool { return slices.Contains(c.ways, w) }):
			c.right++
		default:
			wrong = append(wrong, w)
			c.wrong++
		}
	}
	for _, cl := range u.claims {
		switch {
		case cl.optional:
		case slices.ContainsFunc(cl.ways, func(w string) bool { return slices.Contains(read, w) }):
			c.met++
		default:
			missing = append(missing, cl.String())
			c.missed++
		}
	}
	return c, wrong, missing, opposite
}

// TestTalk measures how much of what shopkeepers say becomes findings. The floors only ever rise.
func TestTalk(t *testing.T) {
	t.Parallel()
	show := os.Getenv("POSMEDIC_SHOW_HELDOUT") != ""
	for _, part := range []struct {
		file              string
		precision, recall float64
		show              bool // each slip is shown; those of the held-out part must not be looked at
	}{
		{"known.txt", 0.96, 0.95, true}, {"heldout.txt", 0.92, 0.92, show},
		{"round1.txt", 0.88, 0.9, true}, {"round2.txt", 0.88, 0.85, true}, {"round3.txt", 0.88, 0.9, true},
		{"last.txt", 0.8, 0.5, show},
	} {
		t.Run("what was read in "+part.file+" is right and enough", func(t *testing.T) {
			t.Parallel()
			all, by := measure(t, readTalk(t, part.file), part.show)
			for _, lang := range []string{"zh", "en", "mixed", "negation"} {
				t.Logf("%s %-8s precision %.3f recall %.3f (%d+%d)", part.file, lang, by[lang].precision(), by[lang].recall(), by[lang].met, by[lang].missed)
			}
			t.Logf("%s all      precision %.3f recall %.3f", part.file, all.precision(), all.recall())
			if all.precision() < part.precision || all.recall() < part.recall {
				t.Errorf("precision %.3f and recall %.3f, want at least %.2f and %.2f", all.precision(), all.recall(), part.precision, part.recall)
			}
		})
	}
}

func measure(t *testing.T, talk []utterance, show bool) (all tally, by map[string]tally) {
	t.Helper()
	r := coreReader(t)
	by = map[string]tally{}
	opposites := 0
	for _, u := range talk {
		c, wrong, missing, opposite := mark(u, said(r, u.text))
		if show && len(wrong)+len(missing) > 0 {
			t.Logf("line %d %q: wrong %v, missing %v", u.line, u.text, wrong, missing)
		}
		opposites += len(opposite)
		if show && len(opposite) > 0 {
			t.Errorf("line %d %q: the opposite was read: %v", u.line, u.text, opposite)
		}
		all.add(c)
		keys := []string{u.lang}
		if u.negation {
			keys = append(keys, "negation")
		}
		for _, k := range keys {
			x := by[k]
			x.add(c)
			by[k] = x
		}
	}
	if opposites > 0 {
		t.Errorf("%d findings say the opposite of what was said", opposites)
	}
	return all, by
}

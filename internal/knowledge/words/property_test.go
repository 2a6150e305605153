package words_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/knowledge/words"
	"github.com/posmedic/posmedic/pack"
)

// literals are the phrases of the pack that are written out and say a trouble without a denial of their own.
func literals(p *pack.Pack, lang string) (out []pack.Phrase) {
	for _, ph := range p.Phrases {
		if ph.Lang == lang && !strings.HasPrefix(ph.Variable, "screen") {
			for _, w := range ph.Words {
				if !strings.ContainsAny(w, "<+") {
					one := ph
					one.Words = []string{w}
					out = append(out, one)
				}
			}
		}
	}
	return out
}

// denies: a phrase that begins with a denial makes no sentence behind "it is not that".
func denies(w string) bool {
	for _, begin := range []string{"won't", "will not", "can't", "cannot", "doesn't", "does not", "isn't", "is not", "not ", "no ", "don't", "didn't", "did not", "hasn't", "haven't", "never", "nothing", "none", "nobody", "without", "unable", "couldn't"} {
		if strings.HasPrefix(strings.ToLower(w), begin) {
			return true
		}
	}
	return false
}

func stateOf(r *words.Reader, text, variable string) string {
	for _, f := range r.Read(text, noon, finding.Merchant).Findings {
		if f.Variable == variable {
			return f.State
		}
	}
	return ""
}

// TestDenied puts "not" before every phrase of the pack: what it says must not be read then.
func TestDenied(t *testing.T) {
	t.Parallel()
	p, err := corePack()
	if err != nil {
		t.Fatal(err)
	}
	r := coreReader(t)
	for lang, deny := range map[string]string{"zh": "不是", "en": "It is not true that "} {
		t.Run("a denied phrase says nothing in "+lang, func(t *testing.T) {
			t.Parallel()
			n, kept := 0, []string{}
			for _, ph := range literals(p, lang) {
				if denies(ph.Words[0]) {
					continue
				}
				if n++; stateOf(r, deny+ph.Words[0], ph.Variable) == ph.State {
					kept = append(kept, ph.Words[0]+" → "+ph.Variable+"="+ph.State)
				}
			}
			t.Logf("%d of %d phrases are read although they are denied: %q", len(kept), n, kept)
			if share(len(kept), n) > 0.02 {
				t.Errorf("that is more than one of fifty")
			}
		})
	}
}

// noisy changes one place of a text as fingers and cameras do. It keeps what it cannot change.
func noisy(rng *rand.Rand, text string) string {
	rs := []rune(text)
	switch rng.IntN(6) {
	case 0: // full width
		return strings.Map(func(r rune) rune {
			if r > ' ' && r <= '~' {
				return r + 0xFEE0
			}
			return r
		}, text)
	case 1: // a letter twice, dropped or swapped, inside a long word
		return slip(rng, rs)
	case 2: // look-alikes of a camera
		alike := map[rune]rune{'o': '0', 'O': '0', 'l': '1', 'I': 'l', 'i': '1'}
		return one(rng, rs, func(r rune) (rune, bool) { a, ok := alike[r]; return a, ok })
	case 3: // as Hong Kong and Taiwan write
		return strings.NewReplacer("机", "機", "网", "網", "没", "沒", "连", "連", "开", "開", "电", "電", "读", "讀", "显", "顯", "时", "時", "会", "會", "过", "過").Replace(text)
	case 4: // capitals
		return strings.ToUpper(text)
	default: // a blank too many between Chinese characters
		if i := rng.IntN(len(rs)); unicode.Is(unicode.Han, rs[i]) {
			return string(rs[:i]) + " " + string(rs[i:])
		}
		return text
	}
}

func one(rng *rand.Rand, rs []rune, change func(rune) (rune, bool)) string {
	start := rng.IntN(len(rs))
	for k := range rs {
		i := (start + k) % len(rs)
		if r, ok := change(rs[i]); ok {
			rs[i] = r
			break
		}
	}
	return string(rs)
}

// slip mistypes one letter in the middle of a word of at least six letters.
func slip(rng *rand.Rand, rs []rune) string {
	for i := rng.IntN(len(rs)); i+5 < len(rs); i++ {
		if !slices.ContainsFunc(rs[i:i+6], func(r rune) bool { return r < 'a' || r > 'z' }) {
			at := i + 1 + rng.IntN(4)
			switch rng.IntN(3) {
			case 0:
				return string(rs[:at]) + string(rs[at]) + string(rs[at:])
			case 1:
				return string(rs[:at]) + string(rs[at+1:])
			default:
				rs[at], rs[at+1] = rs[at+1], rs[at]
				return string(rs)
			}
		}
	}
	return string(rs)
}

// TestOneSlip: one slip of a finger or a camera may cost a finding, and must never turn it round or make one that is
// denied.
func TestOneSlip(t *testing.T) {
	t.Parallel()
	r := coreReader(t)
	rng := rand.New(rand.NewPCG(7, 2026))
	talk := slices.Concat(readTalk(t, "known.txt"), readTalk(t, "heldout.txt"))
	variants, lost, total := 0, 0, 0
	for range 3 {
		for _, u := range talk {
			text := noisy(rng, u.text)
			if text == u.text {
				continue
			}
			variants++
			clean, bad := said(r, u.text), said(r, text)
			for _, w := range bad {
				if slices.Contains(u.never, w) && !slices.Contains(clean, w) {
					t.Errorf("%q makes %s of %q", text, w, u.text)
				}
				if other := otherState(clean, w); other != "" && !expected(u, w) {
					t.Errorf("%q turns %s into %s", text, other, w)
				}
			}
			total += len(clean)
			for _, w := range clean {
				if !slices.Contains(bad, w) {
					lost++
				}
			}
		}
	}
	kept := 1 - share(lost, total)
	t.Logf("%d variants keep %.3f of the findings", variants, kept)
	if variants < 60 || kept < 0.85 {
		t.Errorf("%d variants keep %.3f of the findings, want 60 and 0.85", variants, kept)
	}
}

func expected(u utterance, w string) bool {
	return slices.ContainsFunc(u.claims, func(c claim) bool { return slices.Contains(c.ways, w) })
}

// otherState gives the finding of the same variable with another state.
func otherState(list []string, w string) string {
	variable, _, _ := strings.Cut(w, "=")
	for _, o := range list {
		if o != w && strings.HasPrefix(o, variable+"=") && !strings.HasPrefix(o, "main_symptom") && !strings.HasPrefix(o, "screen_message") {
			return o
		}
	}
	return ""
}

package words

import (
	"strings"
	"testing"

	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

func TestFramesOfTheCorePackUseKnownNames(t *testing.T) {
	t.Parallel()
	p, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	l := newLexicon(lexiconText, simplifier())
	used := map[string]bool{}
	for _, ph := range p.Phrases {
		for _, w := range ph.Words {
			if !isFrame(w) {
				continue
			}
			for _, part := range strings.Fields(w) {
				if name, ok := strings.CutPrefix(part, "<"); ok {
					used[strings.TrimSuffix(name, ">")] = true
				}
			}
			if len(l.frames(w, phrase{}, simplifier())) == 0 {
				t.Errorf("%q of %s=%s says nothing: a name in it is unknown", w, ph.Variable, ph.State)
			}
		}
	}
	if len(used) < 50 {
		t.Errorf("only %d names are used", len(used))
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	l := newLexicon("lamp: lamp, 灯\n=works: works, fine\n=fails: fails, not work\nradio: radio", simplifier())
	r := &Reader{lexicon: l, framesBy: map[int][]int{}}
	for _, f := range l.frames("<lamp> / <fails>", phrase{variable: "lamp"}, simplifier()) {
		r.framesBy[f.elements[0].name] = append(r.framesBy[f.elements[0].name], len(r.frames))
		r.frames = append(r.frames, f)
	}
	for text, want := range map[string]stance{
		"the lamp fails":                                           said,
		"the lamp doesn't work":                                    said,
		"it is not the lamp that fails":                            denied,
		"the lamp never fails":                                     denied,
		"the lamp here, as I said, fails":                          -1, // two clauses on
		"my lamp is old, it fails":                                 said,
		"the lamp works and the radio fails":                       -1, // another verdict stands between
		"the lamp of the old grey house by the sea so often fails": -1, // too far
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			ts := tokens(fold(text, simplifier()))
			got := stance(-1)
			for _, m := range r.framesIn(ts, l.mentions(ts)) {
				got = m.stance(ts)
			}
			if got != want {
				t.Errorf("stance %d, want %d", got, want)
			}
		})
	}
}

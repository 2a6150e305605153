package words_test

import (
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/knowledge/words"
)

// hostile texts are made to be as much work as possible: every word begins many phrases, names follow each other without
// end, every letter is a slip, nothing ends a clause.
func hostile() map[string]string {
	const size = 10 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)+1)[:size/len(s)*len(s)] }
	return map[string]string{
		"the same name":       fill("not the terminal "),
		"things and verdicts": fill("chip fails not wifi works "),
		"slips":               fill("conectoin termnial "),
		"Chinese":             fill("机器不能没有网"),
		"quotes":              fill("'\"“”「"),
		"announcers":          fill("提示显示报错 says error code "),
		"one word":            fill("a"),
		"no characters":       fill("\xff\xfe\x00"),
		"broken characters":   fill("没\xe6\xb2网"),
		"digits":              fill("9 7 "),
		"denials":             fill("not no never 不没未无 "),
		"clauses":             fill("卡,"),
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	r := coreReader(t)
	for name, text := range hostile() {
		t.Run("ten thousand bytes of "+name+" are read to the bound and no further", func(t *testing.T) {
			t.Parallel()
			got := r.Read(text, noon, finding.Merchant)
			for _, s := range got.Spans {
				if s.End > words.MaxText || s.End-s.Start != len(s.Words) {
					t.Errorf("span %d to %d of %q", s.Start, s.End, s.Variable)
				}
			}
			if n := len(got.NotUnderstood); n == 0 || got.NotUnderstood[n-1] != "…" {
				t.Errorf("nothing says that the rest was left out")
			}
		})
	}
}

// FuzzReadCore reads with the pack that posmedic ships with, in which names, frames and messages are all at work.
func FuzzReadCore(f *testing.F) {
	r := coreReader(f)
	for _, text := range hostile() {
		f.Add(text[:min(len(text), 300)])
	}
	f.Add("刷卡 6299 9900 0000 1234 不成功，屏幕显示 '6299990000001234 declined'")
	f.Add("n't$ <chip> / <fails> + & '")
	f.Fuzz(func(t *testing.T, text string) {
		got := r.Read(text, noon, finding.Merchant)
		if len(got.Spans) != len(got.Findings) {
			t.Fatalf("%d spans of %d findings", len(got.Spans), len(got.Findings))
		}
		for _, x := range got.Findings {
			if x.State == "" || x.Confidence <= 0 || x.Confidence > 1 {
				t.Fatalf("finding %+v", x)
			}
			if _, n := carddata.Scrub(x.Detail); n > 0 {
				t.Fatalf("card data in the detail of %s", x.Variable)
			}
		}
		for _, s := range got.Spans {
			if s.Start < 0 || s.Start >= s.End || s.End > len(text) {
				t.Fatalf("span %+v of %d bytes", s, len(text))
			}
		}
	})
}

func BenchmarkHostile(b *testing.B) {
	r := coreReader(b)
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.Read(text, noon, finding.Merchant)
			}
		})
	}
}

package screens

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

func key(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func messages(t testing.TB) (*pack.Pack, []Wording) {
	t.Helper()
	p, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	return p, Of(p)
}

// TestUnseen leaves out one vendor after the other, and every wording that says the same as the one in question, and
// measures how well the rest tells what it is.
func TestUnseen(t *testing.T) {
	t.Parallel()
	p, known := messages(t)
	c := New(known)
	right, sure, sureRight, n := 0, 0, 0, 0
	byClass := map[string][2]int{}
	bins := map[int][3]float64{}
	for i, m := range p.Messages {
		for _, text := range m.Match {
			if m.Vendor == "" || m.Class == Other || m.Class == "response_code" {
				continue
			}
			n++
			a, _ := c.classify(text, func(w Wording) bool {
				if w.Index < 0 || p.Messages[w.Index].Vendor == "" {
					return w.Index == i || key(w.Text) == key(text)
				}
				return p.Messages[w.Index].Vendor == m.Vendor || strings.Contains(key(text), key(w.Text)) || strings.Contains(key(w.Text), key(text))
			})
			b := byClass[m.Class]
			b[1]++
			bin := bins[int(a.Confidence*10)]
			bin[0]++
			bin[2] += a.Confidence
			if a.Class == m.Class {
				right++
				b[0]++
				bin[1]++
			}
			if a.Confidence >= 0.5 {
				sure++
				if a.Class == m.Class {
					sureRight++
				}
			}
			byClass[m.Class], bins[int(a.Confidence*10)] = b, bin
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(byClass), cmp.Compare) {
		t.Logf("%-20s %d of %d", k, byClass[k][0], byClass[k][1])
	}
	for _, k := range slices.Sorted(maps.Keys(bins)) {
		t.Logf("said %.2f right %.2f of %v", bins[k][2]/bins[k][0], bins[k][1]/bins[k][0], bins[k][0])
	}
	t.Logf("%d wordings of vendors never seen: %.3f right; when sure (%d) %.3f", n, share(right, n), sure, share(sureRight, sure))
	if share(right, n) < 0.7 || share(sureRight, sure) < 0.82 {
		t.Errorf("fewer are right than 0.70 of all and 0.82 of the sure ones")
	}
	for _, bin := range bins {
		if said, was := bin[2]/bin[0], bin[1]/bin[0]; bin[0] >= 15 && (said-was > 0.27 || was-said > 0.27) {
			t.Errorf("of %v answers said to be right with %.2f, %.2f are", bin[0], said, was)
		}
	}
}

func share(n, of int) float64 { return float64(n) / float64(max(1, of)) }

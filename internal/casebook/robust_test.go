package casebook_test

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casebook"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// The numbers of the pack are judgements, so a diagnosis is worth something only where it survives other judgements. Here
// cases are drawn from the core pack as it stands and put to a second author: the same pack with every number moved
// by up to a fifth towards its leak or away from it, and every rate halved, doubled or anything between. Evidence is as sparse
// and one-sided as reports are: what is wrong, one or two things seen at once, and a few that somebody went to look at.

const (
	drawnPerFault = 24
	moved         = 0.2 // share of the way to the leak by which a number moves, either way
)

// draw is one case drawn from a pack.
type draw struct {
	fault    string
	findings []finding.Finding
}

// named makes a seed of a fault's id, so that a change to one fault leaves the cases of the others as they were.
func named(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// secondAuthor gives a pack with the same faults and other numbers.
func secondAuthor(p *pack.Pack, seed uint64) *pack.Pack {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := *p
	out.Faults = slices.Clone(p.Faults)
	for i := range out.Faults {
		f := &out.Faults[i]
		f.Rate.Mean *= math.Pow(2, 2*rng.Float64()-1)
		shows := map[string]map[string]pack.Number{}
		for _, id := range slices.Sorted(maps.Keys(f.Shows)) {
			v, _ := p.Variable(id)
			shows[id] = movedRow(rng, v, f.Shows[id])
		}
		f.Shows = shows
	}
	return &out
}

func movedRow(rng *rand.Rand, v *pack.Variable, row map[string]pack.Number) map[string]pack.Number {
	out, sum := map[string]pack.Number{}, 0.0
	for _, s := range slices.Sorted(maps.Keys(row)) {
		n := row[s]
		n.Mean = max(n.Mean+moved*(2*rng.Float64()-1)*(leakOf(v, s)-n.Mean), 0)
		out[s] = n
		sum += n.Mean
	}
	for s, n := range out {
		n.Mean /= max(sum/0.99, 1)
		out[s] = n
	}
	return out
}

func leakOf(v *pack.Variable, state string) float64 {
	for i, s := range v.States {
		if s.ID == state {
			return v.Leak[i]
		}
	}
	return 0
}

// drawer draws cases of one pack.
type drawer struct {
	p   *pack.Pack
	rng *rand.Rand
}

// likely is how a variable looks when f is the fault, by state.
func likely(v *pack.Variable, f *pack.Fault) []float64 {
	row, rest := f.Shows[v.ID], 1.0
	for _, n := range row {
		rest -= n.Mean
	}
	out := make([]float64, len(v.States))
	for i, s := range v.States {
		out[i] = row[s.ID].Mean + max(rest, 0)*v.Leak[i]
	}
	return out
}

// telling is how much a variable says about f, in nats: what somebody who suspects f would look at.
func telling(v *pack.Variable, f *pack.Fault) float64 {
	sum := 0.0
	for i, q := range likely(v, f) {
		if q > 0 && v.Leak[i] > 0 {
			sum += q * math.Log(q/v.Leak[i])
		}
	}
	return sum
}

func (d drawer) state(v *pack.Variable, f *pack.Fault) pack.StateWords {
	at, sum := d.rng.Float64(), 0.0
	for i, q := range likely(v, f) {
		if sum += q; at < sum {
			return v.States[i]
		}
	}
	return v.States[len(v.States)-1]
}

// of draws one case of a fault: the main symptom, what the screen says, and three to five things that were looked at.
func (d drawer) of(f *pack.Fault) draw {
	out := draw{fault: f.ID}
	add := func(id string, s pack.StateWords) {
		out.findings = append(out.findings, finding.Finding{Variable: id, State: s.ID, At: noon, Source: finding.Merchant})
	}
	for _, id := range []string{"main_symptom", "screen_message"} {
		v, _ := d.p.Variable(id)
		if s := d.state(v, f); id == "main_symptom" || (!s.Normal && d.rng.Float64() < 0.6) {
			add(id, s)
		}
	}
	looked := d.looked(f)
	want := 3 + d.rng.IntN(3)
	for _, v := range looked {
		s := d.state(v, f)
		if s.Normal && d.rng.Float64() < 0.5 { // what is normal is seldom worth a word
			continue
		}
		add(v.ID, s)
		if want--; want == 0 {
			break
		}
	}
	return out
}

// looked orders the variables a person would look at, the telling ones far likelier first (weighted sampling
// without replacement, Efraimidis and Spirakis 2006).
func (d drawer) looked(f *pack.Fault) []*pack.Variable {
	type keyed struct {
		v   *pack.Variable
		key float64
	}
	var all []keyed
	for i := range d.p.Variables {
		v := &d.p.Variables[i]
		if _, shown := f.Shows[v.ID]; !shown || v.Type != pack.State || v.ID == "main_symptom" || v.ID == "screen_message" {
			continue
		}
		if w := telling(v, f); w > 0 {
			all = append(all, keyed{v, math.Log(d.rng.Float64()) / (w * w)})
		}
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp.Or(cmp.Compare(b.key, a.key), strings.Compare(a.v.ID, b.v.ID)) })
	out := make([]*pack.Variable, len(all))
	for i := range all {
		out[i] = all[i].v
	}
	return out
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// score counts how often the fault is first, and among the first three.
type score struct{ n, first, third int }

func corePack(t testing.TB) *pack.Pack {
	t.Helper()
	p, err := pack.Load(os.DirFS(filepath.Join("..", "..", "packs", "core")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnotherAuthorFindsTheSameFaults(t *testing.T) {
	t.Parallel()
	p := corePack(t)
	var engines []*diagnose.Engine
	for seed := range uint64(4) {
		engines = append(engines, diagnose.New(secondAuthor(p, seed), diagnose.Policy{}))
	}
	scores, taken := map[string]score{}, map[string]int{}
	total := score{}
	for i := range p.Faults {
		f := &p.Faults[i]
		s := score{}
		d := drawer{p, rand.New(rand.NewPCG(7, named(f.ID)))}
		for k := range drawnPerFault {
			c := d.of(f)
			ranked := engines[k%len(engines)].Diagnose(diagnose.Input{Now: noon, Findings: c.findings}).Ranked
			at := slices.IndexFunc(ranked, func(r diagnose.Ranked) bool { return r.Fault == f.ID })
			s.n++
			if at == 0 {
				s.first++
			} else if len(ranked) > 0 {
				taken[f.ID+" < "+ranked[0].Fault]++
			}
			if at >= 0 && at < 3 {
				s.third++
			}
		}
		scores[f.ID] = s
		total.n, total.first, total.third = total.n+s.n, total.first+s.first, total.third+s.third
	}
	worst := slices.SortedFunc(maps.Keys(scores), func(a, b string) int {
		return cmp.Or(cmp.Compare(scores[a].first, scores[b].first), cmp.Compare(scores[a].third, scores[b].third), strings.Compare(a, b))
	})
	first, third := float64(total.first)/float64(total.n), float64(total.third)/float64(total.n)
	t.Logf("first %.3f, among three %.3f of %d", first, third, total.n)
	for _, id := range worst[:15] {
		t.Logf("%s: first %d, among three %d of %d; %s", id, scores[id].first, scores[id].third, scores[id].n, rivals(taken, id))
	}
	const leastFirst, leastThird = 0.78, 0.91
	if first < leastFirst || third < leastThird {
		t.Errorf("the true fault is first in %.3f and among three in %.3f, want %.2f and %.2f", first, third, leastFirst, leastThird)
	}
	for id, s := range scores {
		if s.third < s.n/3 {
			t.Errorf("%s is among the first three in %d of %d cases only", id, s.third, s.n)
		}
	}
}

// TestAdviceOnDrawnCasesDoesNoHarm looks at what is advised where the evidence is thin and the numbers are another's.
func TestAdviceOnDrawnCasesDoesNoHarm(t *testing.T) {
	t.Parallel()
	p := corePack(t)
	var book []casebook.Case
	for i := range p.Faults {
		f := &p.Faults[i]
		d := drawer{p, rand.New(rand.NewPCG(11, named(f.ID)))}
		for k := range 3 {
			c := casebook.Case{ID: fmt.Sprint(f.ID, k), Cause: f.ID, Evidence: map[string]string{}}
			for _, x := range d.of(f).findings {
				c.Evidence[x.Variable] = x.State
			}
			book = append(book, c)
		}
	}
	r := casebook.Evaluate(context.Background(), diagnose.New(secondAuthor(p, 5), diagnose.Policy{}), book, casebook.Full)
	t.Logf("harmful in %.3f of %d", r.HarmfulAdvice, r.N)
	for i, c := range r.Cases {
		if c.Harmful {
			t.Logf("%s: %v is taken for %v", c.ID, book[i].Evidence, c.Top3)
		}
	}
	if r.HarmfulAdvice > 0 {
		t.Errorf("the advice is harmful in %.3f of the cases", r.HarmfulAdvice)
	}
}

// rivals names what was taken for a fault, most often first.
func rivals(taken map[string]int, id string) string {
	var out []string
	for k, n := range taken {
		if rival, ok := strings.CutPrefix(k, id+" < "); ok {
			out = append(out, fmt.Sprintf("%s %d", rival, n))
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(b[strings.LastIndex(b, " "):], a[strings.LastIndex(a, " "):]), strings.Compare(a, b))
	})
	return strings.Join(out, ", ")
}

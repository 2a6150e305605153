package learn

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// Change is one number that moved.
type Change struct {
	What  string      `json:"what"` // rate, fixes
	Fault string      `json:"fault"`
	Step  string      `json:"step,omitempty"`
	From  pack.Number `json:"from"`
	To    pack.Number `json:"to"`
	Cases float64     `json:"cases"` // how many cases' worth of credit moved it
}

// Candidate is a set of changes to a pack, with the gate's report.
type Candidate struct {
	ID      string         `json:"id"`
	At      time.Time      `json:"at"`
	Base    pack.Ref       `json:"base"`    // the built-in revision whose numbers it changes
	Against pack.Ref       `json:"against"` // the revision that was in force when the gate compared
	Result  pack.Ref       `json:"result"`  // the revision that it makes
	State   CandidateState `json:"state"`
	Changes []Change       `json:"changes"`
	Report  Report         `json:"report"`
}

// fading keeps old cases from outweighing a changed world: a case's credit halves with this age.
const fading = 180 * 24 * time.Hour

// ErrNothing says that no confirmed case has anything to teach.
var ErrNothing = problem.New(problem.Conflict, "learn.nothing",
	lang.Text{ZH: "还没有可以学习的已验证案例", EN: "there is no proven case to learn from yet"}).
	WithHint(lang.Text{ZH: "案例经交易验证关闭后再试", EN: "try again once cases have been closed with a proof"})

// Propose computes what the records say about the pack's numbers. Only confirmed records count.
func Propose(p *pack.Pack, records []Record, now time.Time) (Candidate, error) {
	c := Candidate{ID: ident.New("cand"), At: now, Base: p.Ref}
	credit, tried, cured := tally(records, now)
	c.Changes = append(rateChanges(p, credit), fixChanges(p, tried, cured)...)
	slices.SortFunc(c.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Fault, b.Fault), cmp.Compare(a.Step, b.Step))
	})
	if len(c.Changes) == 0 {
		return c, ErrNothing
	}
	return c, nil
}

type pair struct{ step, fault string }

// tally sums the credit of faults, and of every step on them how often it was tried and how often it cured.
func tally(records []Record, now time.Time) (credit map[string]float64, tried, cured map[pair]float64) {
	credit, tried, cured = map[string]float64{}, map[pair]float64{}, map[pair]float64{}
	for _, r := range records {
		if r.Outcome != casefile.Confirmed {
			continue
		}
		weight := math.Exp2(-float64(now.Sub(r.ClosedAt)) / float64(fading))
		for fault, share := range r.Credit {
			credit[fault] += weight * share
			for _, s := range r.Steps {
				tried[pair{s.ID, fault}] += weight * share
				if s.Helped {
					cured[pair{s.ID, fault}] += weight * share
				}
			}
		}
	}
	return credit, tried, cured
}

// rateChanges moves base rates: each fault's share of all stops is a Dirichlet count that starts from the pack. Only
// shares matter, so the scale is chosen that leaves the rates of faults without credit as they are.
func rateChanges(p *pack.Pack, credit map[string]float64) []Change {
	var total, experience float64
	for _, f := range p.Faults {
		total += f.Rate.Mean
		experience += f.Rate.Experience
	}
	var out []Change
	for _, f := range p.Faults {
		if credit[f.ID] == 0 {
			continue
		}
		to := pack.Number{
			Mean: f.Rate.Mean + credit[f.ID]*total/max(experience, 1), Experience: f.Rate.Experience + credit[f.ID], Source: f.Rate.Source,
		}
		out = append(out, Change{What: "rate", Fault: f.ID, From: f.Rate, To: to, Cases: credit[f.ID]})
	}
	return out
}

func fixChanges(p *pack.Pack, tried, cured map[pair]float64) []Change {
	var out []Change
	for _, k := range slices.SortedFunc(maps.Keys(tried), func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.fault, b.fault))
	}) {
		step, ok := p.Step(k.step)
		if !ok {
			continue
		}
		from, ok := step.Fixes[k.fault]
		if !ok {
			continue
		}
		n := from.Experience + tried[k]
		to := pack.Number{Mean: (from.Mean*from.Experience + cured[k]) / n, Experience: n, Source: from.Source}
		out = append(out, Change{What: "fixes", Fault: k.fault, Step: k.step, From: from, To: to, Cases: tried[k]})
	}
	return out
}

// Apply gives the pack with the changes, as a new revision.
func Apply(p *pack.Pack, c Candidate) (*pack.Pack, error) {
	return pack.Revise(p, p.Ref.Version+"+"+c.ID, func(r *pack.Revision) {
		for _, ch := range c.Changes {
			switch ch.What {
			case "rate":
				r.SetRate(ch.Fault, ch.To)
			case "fixes":
				r.SetFix(ch.Step, ch.Fault, ch.To)
			}
		}
	})
}

// split keeps every fifth record, by its case id, from teaching, so that the gate has something unseen.
func split(records []Record) (taught, held []Record) {
	for _, r := range records {
		sum := 0
		for _, b := range []byte(r.Case) {
			sum += int(b)
		}
		if sum%5 == 0 {
			held = append(held, r)
		} else {
			taught = append(taught, r)
		}
	}
	return taught, held
}

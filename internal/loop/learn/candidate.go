package learn

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/bayes/learning"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// What a change is about.
const (
	Rate    = "rate"    // how often a fault stops a terminal
	Shows   = "shows"   // how often a fault brings a variable into a state
	Fixes   = "fixes"   // how often a step cures a fault
	Minutes = "minutes" // how long a step, or finding a variable out, takes
	Context = "context" // how much oftener a fault is where an attribute of the terminal has a value
)

// Change is one number that moved.
type Change struct {
	What      string      `json:"what"` // rate, shows, fixes, minutes, context
	Fault     string      `json:"fault"`
	Step      string      `json:"step,omitempty"`
	Variable  string      `json:"variable,omitempty"`
	State     string      `json:"state,omitempty"`
	Attribute string      `json:"attribute,omitempty"` // of the terminal, with Value
	Value     string      `json:"value,omitempty"`
	From      pack.Number `json:"from"`
	To        pack.Number `json:"to"`
	Cases     float64     `json:"cases"` // how many cases' worth of credit moved it
}

// Candidate is a set of changes to a pack, with the gate's report.
type Candidate struct {
	ID       string         `json:"id"`
	At       time.Time      `json:"at"`
	Base     pack.Ref       `json:"base"`    // the built-in revision whose numbers it changes
	Against  pack.Ref       `json:"against"` // the revision that was in force when the gate compared
	Result   pack.Ref       `json:"result"`  // the revision that it makes
	State    CandidateState `json:"state"`
	Changes  []Change       `json:"changes"`
	Moved    int            `json:"moved"` // how many numbers it changes; a list of candidates shows the foremost only
	Learned  Learned        `json:"learned"`
	Report   Report         `json:"report"`
	Shadowed *Shadowed      `json:"shadowed,omitempty"` // how it did beside the revision in force, once it was tried
}

// Learned says what the numbers were learned from.
type Learned struct {
	Cases    int     `json:"cases"`    // proven ones
	Worth    float64 `json:"worth"`    // of them, after fading
	Named    int     `json:"named"`    // of them with a cause that somebody named
	Rounds   int     `json:"rounds"`   // of expectation and maximisation
	Rates    float64 `json:"rates"`    // what an author's case proved to be worth, by the kind of number
	Links    float64 `json:"links"`    // the same for shows
	Cures    float64 `json:"cures"`    // the same for fixes
	Explains float64 `json:"explains"` // mean log-probability of a case afterwards, natural logarithm
}

// ErrNothing says that no confirmed case has anything to teach.
var ErrNothing = problem.New(problem.Conflict, "learn.nothing",
	lang.Text{ZH: "还没有可以学习的已验证案例", EN: "there is no proven case to learn from yet"}).
	WithHint(lang.Text{ZH: "案例经交易验证关闭后再试", EN: "try again once cases have been closed with a proof"})

// Propose computes what the records say about the pack's numbers. Only confirmed records count.
//
// The cause of a case stays latent unless somebody named it: expectation and maximisation share every case out to the
// faults that explain what was seen, the steps that failed and the one that helped, and learn from the shares. Authors'
// numbers are the prior; how much their cases are worth is estimated along with it, within bounds, once there are
// enough proven cases to judge by.
func Propose(p *pack.Pack, records []Record, now time.Time) (Candidate, error) {
	c := Candidate{ID: ident.New("cand"), At: now, Base: p.Ref}
	proven := slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return r.Outcome != casefile.Confirmed })
	book := NewBook(p)
	cases := make([]learning.Case, len(proven))
	for i, r := range proven {
		cases[i] = book.Case(r, Worth(r, now))
		c.Learned.Worth += cases[i].Weight
		if cases[i].Cause != learning.Latent {
			c.Learned.Named++
		}
	}
	c.Learned.Cases = len(proven)
	if len(proven) == 0 {
		return c, ErrNothing
	}
	fitted, strength, err := fit(book.Model(), cases)
	if err != nil {
		return c, err
	}
	c.Learned.Rates, c.Learned.Links, c.Learned.Cures = strength.Rates, strength.Links, strength.Fixes
	c.Learned.Rounds = len(fitted.Climb)
	c.Learned.Explains = book.explains(fitted.Model, cases)
	c.Changes = slices.Concat(book.rateChanges(fitted), book.showChanges(fitted), book.fixChanges(fitted), minuteChanges(p, proven),
		book.contextChanges(fitted, proven, cases))
	slices.SortStableFunc(c.Changes, order)
	if c.Moved = len(c.Changes); c.Moved == 0 {
		return c, ErrNothing
	}
	return c, nil
}

func order(a, b Change) int {
	return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Fault, b.Fault),
		cmp.Compare(a.Step, b.Step), cmp.Compare(a.Variable, b.Variable), cmp.Compare(a.State, b.State))
}

// How far the worth of authors' cases may be corrected, and from how many proven cases on it is: fewer cannot tell authors
// who are wrong from cases that are odd. It is only ever corrected down: where the cause is latent the expected counts lean
// towards the very numbers they are to judge, and would praise them.
const (
	leastWorth  = 0.1
	mostWorth   = 1
	enoughCases = 200
)

func fit(prior *learning.Model, cases []learning.Case) (*learning.Fitted, learning.Strength, error) {
	strength := learning.Strength{Rates: 1, Links: 1, Fixes: 1}
	fitted, err := learning.Fit(prior, cases, learning.Limits{})
	if err != nil || len(cases) < enoughCases {
		return fitted, strength, err
	}
	strength = learning.Weigh(prior, fitted.Seen, leastWorth, mostWorth)
	fitted, err = learning.Fit(prior.Scaled(strength), cases, learning.Limits{})
	return fitted, strength, err
}

func (b *Book) explains(m *learning.Model, cases []learning.Case) float64 {
	reader, dst, sum := learning.Compile(m), make([]float64, len(m.Rates)), 0.0
	for i := range cases {
		sum += reader.Read(dst, &cases[i])
	}
	return sum / float64(len(cases))
}

// Credit below which a number is left alone: it would move by less than it is known. There are thousands of links, so a
// candidate names one only for half a case.
const (
	leastCases = 0.05
	leastLinks = 0.5
)

// rateChanges moves base rates: each fault's share of all stops is a Dirichlet count. Only shares matter, so the scale is
// chosen that leaves the rates of faults without credit as they are.
func (b *Book) rateChanges(fitted *learning.Fitted) []Change {
	var out []Change
	for i := range b.pack.Faults {
		seen := fitted.Seen.Rates[i]
		if seen < leastCases {
			continue
		}
		f := &b.pack.Faults[i]
		prior := fitted.Model.Rates[i] - seen
		was := max(f.Rate.Mean, leastRate)
		out = append(out, Change{What: Rate, Fault: f.ID, From: f.Rate, Cases: seen,
			To: pack.Number{Mean: was * fitted.Model.Rates[i] / prior, Experience: f.Rate.Experience + seen, Source: f.Rate.Source}})
	}
	return out
}

// showChanges moves all links of a fault to a variable together, since together they may not exceed one.
func (b *Book) showChanges(fitted *learning.Fitted) []Change {
	var out []Change
	for v := range fitted.Model.Variables {
		variable := &b.pack.Variables[b.source[v]]
		for r, row := range fitted.Model.Variables[v].Rows {
			seen := fitted.Seen.Variables[v].Rows[r].Counts.Experience()
			if seen < leastLinks || len(row.States) == 0 {
				continue
			}
			fault := &b.pack.Faults[row.Cause]
			links := 0.0
			for _, a := range row.Counts[:len(row.States)] {
				links += a
			}
			experience := max(row.Counts.Experience()-doubt, links)
			for i, s := range row.States {
				from := fault.Shows[variable.ID][variable.States[s].ID]
				out = append(out, Change{What: Shows, Fault: fault.ID, Variable: variable.ID, State: variable.States[s].ID, From: from, Cases: seen,
					To: pack.Number{Mean: row.Counts[i] / experience, Experience: experience, Source: from.Source}})
			}
		}
	}
	return out
}

func (b *Book) fixChanges(fitted *learning.Fitted) []Change {
	var out []Change
	for a, action := range fitted.Model.Actions {
		step := &b.pack.Steps[a]
		for i, fix := range action.Fixes {
			seen := fitted.Seen.Actions[a].Fixes[i].Counts.Experience()
			if seen < leastCases {
				continue
			}
			fault := b.pack.Faults[fix.Cause].ID
			from := step.Fixes[fault]
			out = append(out, Change{What: Fixes, Fault: fault, Step: step.ID, From: from, Cases: seen,
				To: pack.Number{Mean: fix.Counts.Mean(0), Experience: fix.Counts.Experience(), Source: from.Source}})
		}
	}
	return out
}

// Most gives the changes that moved most, weighed by the cases behind them, in the order of the candidate.
func (c Candidate) Most(n int) []Change {
	if len(c.Changes) <= n {
		return c.Changes
	}
	weight := func(ch Change) float64 {
		const atom = 0.01 // below this probabilities are all small
		return math.Abs(math.Log((ch.To.Mean+atom)/(ch.From.Mean+atom))) * math.Sqrt(ch.Cases)
	}
	list := slices.SortedStableFunc(slices.Values(c.Changes), func(a, b Change) int { return cmp.Compare(weight(b), weight(a)) })[:n]
	slices.SortStableFunc(list, order)
	return list
}

// Apply gives the pack with the changes, as a new revision.
func Apply(p *pack.Pack, c Candidate) (*pack.Pack, error) {
	return pack.Revise(p, p.Ref.Version+"+"+c.ID, func(r *pack.Revision) { c.write(r) })
}

func (c Candidate) write(r *pack.Revision) {
	type link struct{ fault, variable string }
	type place struct{ attribute, value string }
	shows, contexts := map[link]map[string]pack.Number{}, map[place]map[string]pack.Number{}
	for _, ch := range c.Changes {
		switch ch.What {
		case Rate:
			r.SetRate(ch.Fault, ch.To)
		case Fixes:
			r.SetFix(ch.Step, ch.Fault, ch.To)
		case Shows:
			at := link{ch.Fault, ch.Variable}
			if shows[at] == nil {
				shows[at] = map[string]pack.Number{}
			}
			shows[at][ch.State] = ch.To
		case Context:
			at := place{ch.Attribute, ch.Value}
			if contexts[at] == nil {
				contexts[at] = map[string]pack.Number{}
			}
			contexts[at][ch.Fault] = ch.To
		case Minutes:
			if ch.Step != "" {
				r.SetDowntime(ch.Step, ch.To.Mean)
			} else {
				r.SetMinutes(ch.Variable, ch.To.Mean)
			}
		}
	}
	for at, states := range shows {
		r.SetShows(at.fault, at.variable, states)
	}
	for at, multiply := range contexts {
		r.SetContext("learned_"+at.attribute+"_"+at.value, attributeVariable(at.attribute), at.value, multiply)
	}
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

package checkup

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
)

// Report is the result of a check-up, as --json prints it.
type Report struct {
	Outcome   string             `json:"outcome"` // healthy, fault, unclear
	Exit      int                `json:"exit"`
	At        time.Time          `json:"at"`
	Money     Money              `json:"money"`
	Probes    []probe.Result     `json:"probes,omitempty"`
	Diagnosis diagnose.Diagnosis `json:"diagnosis"`
	Unlooked  []Unlooked         `json:"not_looked_at,omitempty"`
	Unknown   []string           `json:"answered_unknown,omitempty"`

	outcome Outcome
}

// Money answers the first question: can this terminal take money?
type Money struct {
	Can   Can       `json:"can"`
	Text  lang.Text `json:"text"`
	Proof *Proof    `json:"last_proof,omitempty"`
}

// Can is the answer to it.
type Can string

// The answers. A sign-in proves a sign-in and nothing more.
const (
	Yes       Can = "yes"        // a sale went through just now
	SignedIn  Can = "signed_in"  // the host accepts the terminal; no sale was tried
	No        Can = "no"         // something on the way is broken
	Partly    Can = "partly"     // some kinds of sale
	NotProven Can = "not_proven" // nobody knows
)

// Unlooked is something that nobody has looked at.
type Unlooked struct {
	ID   string    `json:"id"`
	Name lang.Text `json:"name"`
	Why  lang.Text `json:"why"`
}

func (s *session) report() Report {
	d := s.diagnose()
	r := Report{At: s.at, Money: s.money(), Diagnosis: d}
	if s.machine != nil {
		r.Probes = s.machine.Results
	}
	for _, m := range s.moves {
		if m.finding == nil && m.attempt == nil {
			r.Unknown = append(r.Unknown, m.variable)
		}
	}
	r.Unlooked = s.unlooked(d)
	r.outcome = s.outcome(d)
	r.Outcome, r.Exit = r.outcome.Name(), int(r.outcome)
	return r
}

// outcome: healthy needs a sign-in at the host, every probe well and no complaint; a fault needs a broken rung or a fault
// that is more likely than all others together.
func (s *session) outcome(d diagnose.Diagnosis) Outcome {
	const morelikelyThanNot = 0.5
	if d.Verdict == diagnose.Healthy {
		return Healthy
	}
	ladder := s.ladder()
	if ladder == probe.Failed || d.Verdict == diagnose.Clear {
		return Fault
	}
	if ladder == probe.OK && !s.complaint() {
		return Healthy
	}
	if len(s.complaints()) > 0 && len(d.Ranked) > 0 && d.Ranked[0].P >= morelikelyThanNot {
		return Fault
	}
	return Unclear
}

// complaints are the findings that people gave.
func (s *session) complaints() []finding.Finding {
	return slices.DeleteFunc(s.input().Findings, func(f finding.Finding) bool {
		return f.Source == finding.Probe || f.Variable == "main_symptom" && f.State == "works_normally"
	})
}

func (s *session) complaint() bool { return len(s.complaints()) > 0 }

// rungs are the probes on the way to a sale, from the bottom. Once the host has accepted a sign-in, the way is open.
func (s *session) rungs() []string {
	if s.machine.SignIn != nil {
		return []string{"sale"}
	}
	return []string{"link", "portal", "dns", "tcp", "tls", "sign_in"}
}

func (s *session) money() Money {
	m := Money{Can: NotProven, Proof: s.proof, Text: lang.Text{ZH: "还没有证明", EN: "not proven"}}
	if s.machine == nil {
		return s.moneyAsSaid(m)
	}
	for _, id := range s.rungs() {
		if r := s.machine.Result(id); r.State == probe.Failed {
			m.Can = No
			m.Text = lang.Text{ZH: "不能。" + r.Name.ZH + "：" + r.Text.ZH, EN: "No. " + r.Name.EN + ": " + r.Text.EN}
			return m
		}
	}
	switch {
	case s.machine.Sale != nil:
		m.Can, m.Text = Yes, lang.Text{ZH: "能。刚刚做成了一笔测试交易", EN: "Yes. A test sale went through just now"}
	case s.machine.SignIn != nil:
		m.Can = SignedIn
		m.Text = lang.Text{ZH: "后台接受签到；没有试过交易（要试请加 --test-sale 1）", EN: "The host accepts the sign-in; no sale was tried (to try one: --test-sale 1)"}
	default:
		m.Text = lang.Text{ZH: "还没有证明：没有走到收单后台签到这一步", EN: "Not proven: the check did not get as far as a sign-in at the host"}
	}
	return m
}

func (s *session) moneyAsSaid(m Money) Money {
	said := finding.Collect(s.input().Findings...)
	switch {
	case said.Is("sales_possible", "none"):
		m.Can, m.Text = No, lang.Text{ZH: "不能（据描述）", EN: "No, as described"}
	case said.Is("sales_possible", "some_kinds"):
		m.Can, m.Text = Partly, lang.Text{ZH: "只有一部分能收（据描述）", EN: "Only some kinds of sale, as described"}
	case said.Is("sales_possible", "all"):
		m.Text = lang.Text{ZH: "据描述能收款，但没有交易证明", EN: "Yes as described, but no sale proves it"}
	}
	return m
}

// unlooked joins variables that would tell the faults apart, and probes that were skipped or could not look.
func (s *session) unlooked(d diagnose.Diagnosis) []Unlooked {
	var out []Unlooked
	for _, id := range d.Unlooked {
		out = append(out, Unlooked{ID: id, Name: variableText(s.cfg.Engine.Pack(), id), Why: lang.Text{ZH: "没有人看过", EN: "nobody has looked"}})
	}
	if s.machine == nil {
		return append(out, Unlooked{ID: "machine", Name: lang.Text{ZH: "这台机器本身", EN: "this machine itself"},
			Why: lang.Text{ZH: "没有检查，诊断的是给出的描述", EN: "not checked; what was described was diagnosed"}})
	}
	for _, r := range s.machine.Results {
		if r.State == probe.Skipped || r.State == probe.Unknown {
			out = append(out, Unlooked{ID: r.ID, Name: r.Name, Why: r.Text})
		}
	}
	return out
}

func writeJSON(w io.Writer, _ lang.Lang, _ *pack.Pack, r Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

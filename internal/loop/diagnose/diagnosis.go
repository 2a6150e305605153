// Package diagnose is the second stage of the loop: findings and knowledge become a Diagnosis, that is ranked faults
// with the reasons for and against each, and the best next step.
//
// The engine is pure: no I/O, no clock, the same input gives the same answer. It runs on the server, on a terminal and
// on a laptop alike. What is forbidden (hazards) is decided here and nowhere else, and is a hard rule, not a cost.
package diagnose

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

// Audience says who can answer questions and carry out steps right now; what nobody present can do is handed over.
type Audience struct {
	Merchant bool // a person in the shop answers and acts
	Remote   bool // the terminal's agent is in contact and takes commands
	Desk     bool // a help-desk agent answers what `agent`, `tms` questions ask
	Engineer bool // an engineer is on site
}

// Attempt is a step that was taken in this case.
type Attempt struct {
	Step   string    `json:"step"`
	At     time.Time `json:"at"`
	Helped bool      `json:"helped"`
	Undone bool      `json:"undone,omitempty"` // it was proposed and not carried out: it tells nothing, and is not proposed again
}

// Input is all that a diagnosis depends on.
type Input struct {
	Now      time.Time
	Findings []finding.Finding
	Tried    []Attempt
	Unknown  []string // variables that were asked and answered "don't know": not asked again
	Audience Audience
}

// Verdict says what the engine dares to say.
type Verdict string

// The verdicts.
const (
	Healthy Verdict = "healthy" // nothing speaks for a fault and a sale went through
	Clear   Verdict = "clear"   // one fault is likely enough to act on
	Open    Verdict = "open"    // more must be found out, and there is a way to
	Over    Verdict = "over"    // nobody present can find out or do more: somebody must take over
)

// Diagnosis is what is wrong, how sure, why, and what to do next.
type Diagnosis struct {
	At        time.Time         `json:"at"`
	Pack      pack.Ref          `json:"pack"`
	Verdict   Verdict           `json:"verdict"`
	Ranked    []Ranked          `json:"ranked"`             // most probable first, at most MaxRanked
	Together  []string          `json:"together,omitempty"` // faults that are probably present at the same time, when no single one explains it
	Next      *Next             `json:"next,omitempty"`
	Withheld  []Withheld        `json:"withheld,omitempty"` // steps that would be natural but are forbidden, with the reason
	Unlooked  []string          `json:"unlooked,omitempty"` // variables nobody has looked at that would separate the ranked faults
	Evidence  []finding.Finding `json:"evidence"`
	Surprise  bool              `json:"surprise,omitempty"`  // the evidence fits no known fault well
	Conflicts []string          `json:"conflicts,omitempty"` // variables whose findings contradict each other
}

// MaxRanked bounds how many faults a diagnosis names.
const MaxRanked = 10

// Ranked is one fault with its probability and reasons.
type Ranked struct {
	Fault   string    `json:"fault"`
	Name    lang.Text `json:"name"`
	Group   string    `json:"group"`
	Who     string    `json:"who"`
	P       float64   `json:"p"`
	Word    Word      `json:"word"`
	Hazards []string  `json:"hazards,omitempty"`
	For     []Reason  `json:"for,omitempty"`     // strongest first
	Against []Reason  `json:"against,omitempty"` // strongest first
}

// Word is the probability in words: very likely (≥ 0.8), likely (0.5-0.8), unsure (0.3-0.5); below no cause is named.
type Word string

// The four words; docs/glossary.md has their zh and en.
const (
	VeryLikely Word = "very_likely"
	Likely     Word = "likely"
	Unsure     Word = "unsure"
	Unnamed    Word = "unnamed"
)

// Reason is what one finding says about one fault: Weight is the log-likelihood ratio against the other faults
// (Good's weight of evidence, natural log; positive speaks for it).
type Reason struct {
	Variable string    `json:"variable"`
	State    string    `json:"state"`
	Weight   float64   `json:"weight"`
	At       time.Time `json:"at"`
}

// NextKind says what the next step is.
type NextKind string

// The kinds of next step.
const (
	Ask      NextKind = "ask"      // a question to a person
	Probe    NextKind = "probe"    // a machine can find it out
	Do       NextKind = "do"       // a repair or test step
	Handover NextKind = "handover" // somebody else takes over
)

// Next is the best next step.
type Next struct {
	Kind     NextKind    `json:"kind"`
	ID       string      `json:"id"` // variable for ask and probe, step for do and handover
	By       string      `json:"by"` // who answers or acts
	Text     lang.Text   `json:"text"`
	Do       []lang.Text `json:"do,omitempty"`      // instructions, one a line
	Choices  []Choice    `json:"choices,omitempty"` // for ask
	Cost     pack.Cost   `json:"cost"`
	Minutes  float64     `json:"minutes"`
	Command  string      `json:"command,omitempty"`  // agent command when By is remote
	First    []string    `json:"first,omitempty"`    // hazards of the "check first" kind that apply
	Hazards  []string    `json:"hazards,omitempty"`  // other hazards of the leading faults, to be shown beside the step
	Expected float64     `json:"expected,omitempty"` // expected cost of repair in minutes if this is done next
	Fixes    float64     `json:"fixes,omitempty"`    // probability that it cures
}

// Choice is one possible answer to a question.
type Choice struct {
	State string    `json:"state"`
	Text  lang.Text `json:"text"`
}

// Withheld is a step that a person might expect and must not take.
type Withheld struct {
	Step   string    `json:"step"`
	Name   lang.Text `json:"name"`
	Hazard string    `json:"hazard"`
	Fault  string    `json:"fault"` // the fault that carries the hazard
}

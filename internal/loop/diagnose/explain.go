package diagnose

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/pack"
)

// Explanation is one diagnosis in the words of its three readers. It depends on nothing but what the diagnosis itself
// depends on and, for the last part, on the record of this advice.
type Explanation struct {
	Merchant   ForMerchant   `json:"merchant"`
	Agent      ForAgent      `json:"agent"`
	Technician ForTechnician `json:"technician"`
}

// Reader is whom a diagnosis is explained to.
type Reader string

// The readers.
const (
	ToMerchant   Reader = "merchant"   // who stands at the counter
	ToAgent      Reader = "agent"      // who answers the phone
	ToTechnician Reader = "technician" // who wants the numbers
)

// Record says how often a step was tried in proven cases of a fault, and in how many of them it was what helped.
type Record func(step, fault string) (tried, helped int)

// ForMerchant is one sentence and one thing to do, in plain words. Below 30 % it names no cause.
type ForMerchant struct {
	Sentence lang.Text   `json:"sentence"`
	Word     Word        `json:"word,omitempty" enum:"very_likely,likely,unsure,unnamed"`
	Fault    string      `json:"fault,omitempty"` // only where it is named
	Do       lang.Text   `json:"do"`
	Yours    bool        `json:"yours"`             // it is the merchant's to do; otherwise he only needs to know
	How      []lang.Text `json:"how,omitempty"`     // instructions, one a line
	Choices  []Choice    `json:"choices,omitempty"` // the answers, where it is a question
	First    []lang.Text `json:"first,omitempty"`   // to be checked or secured before
	Never    []lang.Text `json:"never,omitempty"`   // must not be done meanwhile
	Minutes  float64     `json:"minutes,omitempty"`
}

// ForAgent is for whoever helps somebody on the phone.
type ForAgent struct {
	Leading   *Named            `json:"leading,omitempty"`
	Others    []Named           `json:"others,omitempty"` // what else it could be, from 5 % on
	Together  []lang.Text       `json:"together,omitempty"`
	Surprise  bool              `json:"surprise,omitempty"`
	For       []Argument        `json:"for"`
	Against   []Argument        `json:"against"`
	Conflicts []lang.Text       `json:"conflicts,omitempty"` // names of variables whose findings contradict each other
	Turns     []Turn            `json:"turns"`               // answers that would put another fault first, strongest first
	Next      *Why              `json:"next,omitempty"`
	Withheld  []WithheldBecause `json:"withheld"`
}

// Named is a fault with how likely it is.
type Named struct {
	Fault string    `json:"fault"`
	Name  lang.Text `json:"name"`
	P     float64   `json:"p"`
	Word  Word      `json:"word" enum:"very_likely,likely,unsure,unnamed"`
}

// Argument is a finding that speaks for or against the leading fault.
type Argument struct {
	Variable string         `json:"variable"`
	State    string         `json:"state"`
	Text     lang.Text      `json:"text"`
	Strength Strength       `json:"strength" enum:"strong,clear,slight"`
	Words    lang.Text      `json:"words"` // the strength, and which way it points
	Source   finding.Source `json:"source,omitempty"`
	Who      lang.Text      `json:"who"`
	At       time.Time      `json:"at"`
}

// Strength is a weight of evidence in a word.
type Strength string

// The strengths: evidence is strong from twenty to one on, and clear from three to one.
const (
	Strong Strength = "strong"
	Plain  Strength = "clear"
	Slight Strength = "slight"
)

// Turn is an answer, not given yet, that would put another fault first.
type Turn struct {
	Variable string    `json:"variable"`
	State    string    `json:"state"`
	Text     lang.Text `json:"text"`
	Who      lang.Text `json:"who"` // who could find it out
	Chance   float64   `json:"chance"`
	Then     Named     `json:"then"`
}

// Why says why this is the next step.
type Why struct {
	Kind    NextKind      `json:"kind" enum:"ask,probe,do,handover"`
	ID      string        `json:"id"`
	Name    lang.Text     `json:"name"`
	Reason  lang.Text     `json:"reason"`
	Leads   []Consequence `json:"leads,omitempty"`   // where each answer or outcome leads
	With    float64       `json:"with,omitempty"`    // expected cost of repair in weighed minutes if this is done next; 0: not weighed
	Without float64       `json:"without,omitempty"` // the same if this could not be done; 0: not weighed, or no difference that can be told
	Fixes   float64       `json:"fixes,omitempty"`   // probability that it cures; of a repair
}

// Consequence is where one answer leads.
type Consequence struct {
	State   string    `json:"state"`
	Text    lang.Text `json:"text"`
	Chance  float64   `json:"chance"`
	Leading *Named    `json:"leading,omitempty"` // missing: no fault is left
	Next    lang.Text `json:"next"`
}

// WithheldBecause is a step that somebody would naturally take, and why it must not be.
type WithheldBecause struct {
	Step   string    `json:"step"`
	Name   lang.Text `json:"name"`
	Hazard lang.Text `json:"hazard"`
	Reason lang.Text `json:"reason"`
}

// ForTechnician is for whoever checks the reckoning.
type ForTechnician struct {
	Leading *Named           `json:"leading,omitempty"`
	Prior   Odds             `json:"prior"` // of the leading fault, before any evidence
	Now     Odds             `json:"now"`   // with all of it
	Weights []EvidenceWeight `json:"weights"`
	Model   ModelRevision    `json:"model"`
	Cost    *Costing         `json:"cost,omitempty"`   // of the next step
	Record  *TrackRecord     `json:"record,omitempty"` // of the next step; missing for questions and probes
}

// Odds is a probability with its odds in decibans.
type Odds struct {
	P        float64 `json:"p"`
	Decibans float64 `json:"decibans"`
}

// EvidenceWeight is what one finding adds to the odds of the leading fault, given all others; the weights need not add up.
type EvidenceWeight struct {
	Variable   string         `json:"variable"`
	State      string         `json:"state"`
	Text       lang.Text      `json:"text"`
	Source     finding.Source `json:"source,omitempty"`
	At         time.Time      `json:"at"`
	Confidence float64        `json:"confidence"`
	Nats       float64        `json:"nats"`
	Decibans   float64        `json:"decibans"`
}

// ModelRevision names exactly what answered, and the thresholds it went by.
type ModelRevision struct {
	Pack       pack.Ref `json:"pack"`
	Engine     int      `json:"engine"`
	Faults     int      `json:"faults"`
	Act        float64  `json:"act"`         // probability from which on the leading fault is acted on
	HazardMass float64  `json:"hazard_mass"` // probability of faults from which on what would harm them is withheld
}

// Costing is a cost with its components apart and weighed.
type Costing struct {
	Parts   []CostPart `json:"parts"`
	Minutes float64    `json:"minutes"` // weighed, all together
}

// CostPart is one component: Amount in its own unit, and Minutes as the policy weighs it.
type CostPart struct {
	ID      string    `json:"id" enum:"merchant,desk,downtime,truck,money,risk,insult,attempt,question,patience"`
	Name    lang.Text `json:"name"`
	Amount  float64   `json:"amount"`
	Weight  float64   `json:"weight"` // weighed minutes for one of it
	Minutes float64   `json:"minutes"`
}

// TrackRecord is what proven cases say of a step against a fault.
type TrackRecord struct {
	Step   string    `json:"step"`
	Fault  string    `json:"fault"`
	Name   lang.Text `json:"name"`   // of the step
	Tried  int       `json:"tried"`  // proven cases of this fault in which it was tried
	Helped int       `json:"helped"` // those in which it was what helped
}

// explainer holds what the three parts share.
type explainer struct {
	e  *Engine
	in Input
	d  Diagnosis
	s  *situation // nil when there is no fault to speak of
}

// Explain diagnoses and says why. record may be nil where nobody keeps one.
func (e *Engine) Explain(in Input, record Record) Explanation {
	x := explainer{e: e, in: in, d: e.Diagnose(in)}
	if len(x.d.Ranked) > 0 {
		x.s = e.situation(in, e.gather(in))
	}
	return Explanation{Merchant: x.merchant(), Agent: x.agent(), Technician: x.technician(record)}
}

// leading is the fault ranked first; nil where nothing is ranked.
func (x *explainer) leading() *Named {
	if len(x.d.Ranked) == 0 {
		return nil
	}
	n := named(x.d.Ranked[0])
	return &n
}

func named(r Ranked) Named { return Named{Fault: r.Fault, Name: r.Name, P: r.P, Word: r.Word} }

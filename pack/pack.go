// Package pack is the form of posmedic's knowledge: what can be wrong with a terminal, how it shows, who can see it,
// what cures it and what must never be done.
//
// Authors write YAML (docs/packs.md, the JSON Schema beside this file). Load checks it and reports every mistake with
// file, line and column; what it returns is immutable and may be shared by goroutines. Its Ref (id, version, hash of
// the content) goes into every case, so that a diagnosis can be repeated years later.
//
// # How the numbers are meant
//
// A fault f shows state s of variable v with probability Shows[v][s]: "when f is the fault, it brings v into s". With
// the rest, 1 - Σ Shows[v], nothing about f touches v and v follows its Leak, which is how v looks on a stopped
// terminal whatever the fault (noisy-MAX with one active cause and a leak; Henrion 1989, Díez 1993). Rates are stops
// per thousand terminals and year. Every number carries its experience (how many cases it is worth) and its source.
package pack

import "github.com/posmedic/posmedic/internal/kernel/lang"

// Text is a sentence in Chinese and English.
type Text = lang.Text

// Number is a value with its weight and origin.
type Number struct {
	Mean       float64 `json:"mean"`
	Experience float64 `json:"experience"` // equivalent sample size, > 0
	Source     string  `json:"source"`     // id of a Source
}

// Ref names exactly which knowledge was used.
type Ref struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Hash    string `json:"hash"` // sha256 of the canonical compiled form, hex
}

// Pack is the compiled form: checked, complete, with every default filled in. Read-only.
type Pack struct {
	Ref       Ref
	Title     Text
	Sources   []Source
	Variables []Variable // ordered by id
	Faults    []Fault    // ordered by id
	Steps     []Step     // ordered by id; includes the cure step of every fault and the hand-over of every party
	Codes     []Code
	Messages  []Message
	Phrases   []Phrase
	Contexts  []Context
	CallCost  Cost // call-service: what it costs when the plan ends with "somebody else must take over"

	variable map[string]int
	fault    map[string]int
	step     map[string]int
}

// Source is where a number or a fact comes from.
type Source struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	Kind  string `json:"kind"` // judgement · standard · vendor · public · measured
}

// VariableType says what values a variable takes.
type VariableType string

// The types of variables.
const (
	State  VariableType = "state"  // one of States
	String VariableType = "string" // a free value, e.g. a response code
	Words  VariableType = "text"   // raw text as read from a screen
)

// Variable is something that can be observed: a finding once it has a state.
type Variable struct {
	ID       string
	Group    string
	Type     VariableType
	Name     Text
	Question Text     // empty where nobody is asked
	Ask      []string // who can supply it: merchant, agent, tms, host, acquirer, field
	Minutes  float64  // typical effort to get it
	Probe    string   // id of the machine probe that reads it; empty: only people or other systems know
	Lasting  bool     // stays true across a repair (e.g. link_type); false: forgotten once something was changed
	States   []StateWords
	Leak     []float64 // parallel to States, sums to one: how it looks whatever the fault
}

// StateWords is one state with the words of the answer a person would give.
type StateWords struct {
	ID     string
	Words  Text
	Normal bool // a healthy terminal looks like this
}

// Fault is something that can be wrong.
type Fault struct {
	ID      string
	Group   string // network, software, settings, security, account, acquirer_host, power, hardware, environment, consumables, user_operation, card_or_customer
	Name    Text
	Means   Text // for the merchant: what it is and what it stops, no jargon
	Rate    Number
	Who     string   // main party: merchant, helpdesk_remote, acquirer_backoffice, telecom, field_engineer, depot
	Also    []string // other parties that may repair it
	Minutes float64  // until trading again
	Remote  bool     // can be cured from afar
	Parts   []string
	Hazards []string            // ids, see Hazards
	OnlyIf  map[string][]string // variable → states without which the fault cannot be
	Shows   map[string]map[string]Number
	Shared  bool // hits many terminals at once (host, carrier, power, push)
}

// StepKind says what a step is for.
type StepKind string

// The kinds of steps.
const (
	Repair   StepKind = "repair"   // changes something and may cure
	Test     StepKind = "test"     // only finds something out, by doing
	Handover StepKind = "handover" // somebody else takes over
)

// Step is something that may be done next. Questions are not steps: they come with the variables.
type Step struct {
	ID           string
	Kind         StepKind
	By           string // remote, merchant, helpdesk_remote, acquirer_backoffice, telecom, field_engineer, depot
	Command      string // agent command when By is remote
	Name         Text
	Do           []Text // what to do, one sentence a line
	Cost         Cost
	Fixes        map[string]Number // fault → probability that this step cures it
	Breaks       []string          // hazards that forbid the step
	Needs        map[string][]string
	Learns       string // variable that the result sets: "yes" when it helped, "no" when not
	SideEffects  Text
	Irreversible bool
	Cluster      string // cost is paid once a cluster, e.g. on_site
}

// Cost keeps its components; a policy weighs them at the last moment.
type Cost struct {
	MerchantMin float64 `json:"merchant_min"` // minutes of the shop's people
	DeskMin     float64 `json:"desk_min"`     // minutes of the help desk or back office
	DowntimeMin float64 `json:"downtime_min"` // minutes until the result is known, in which the shop cannot sell
	Truck       float64 `json:"truck"`        // truck rolls
	Money       float64 `json:"money"`        // CNY for parts and fees
	Risk        float64 `json:"risk"`         // 0-1, chance to make things worse
	Insult      float64 `json:"insult"`       // 0-1, how foolish it feels to be asked
}

// Code is a response code (ISO 8583 field 39) of one code set. The same number means different things in others.
type Code struct {
	Set      string // unionpay, iso, as2805, gicc, other
	Code     string
	Means    Text
	Who      string // who must act: nobody, cardholder, merchant, helpdesk_remote, acquirer_backoffice, …
	Fault    bool   // says something about the terminal or its account, not about the card
	PointsTo map[string]Number
	Source   string
	Note     string
}

// Message is a text on a screen with what it means; Match is compared after folding case, width and blanks.
type Message struct {
	Vendor   string // empty: any
	Match    []string
	Class    string // state of screen_message
	PointsTo map[string]Number
	Source   string
}

// Phrase turns words people use into a finding. Any of Words in a clause matches; a negated clause gives Negated.
type Phrase struct {
	Lang     string
	Words    []string
	Variable string
	State    string
	Negated  string // state when the clause is negated; empty: nothing follows
	Weight   float64
}

// Context multiplies base rates where its findings hold (e.g. season, link, model).
type Context struct {
	ID       string
	When     map[string][]string
	Multiply map[string]Number // fault → factor
}

// Variable looks a variable up by id.
func (p *Pack) Variable(id string) (*Variable, bool) {
	i, ok := p.variable[id]
	if !ok {
		return nil, false
	}
	return &p.Variables[i], true
}

// Fault looks a fault up by id.
func (p *Pack) Fault(id string) (*Fault, bool) {
	i, ok := p.fault[id]
	if !ok {
		return nil, false
	}
	return &p.Faults[i], true
}

// Step looks a step up by id.
func (p *Pack) Step(id string) (*Step, bool) {
	i, ok := p.step[id]
	if !ok {
		return nil, false
	}
	return &p.Steps[i], true
}

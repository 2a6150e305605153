package console

import (
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/repair"
)

// TerminalRow is one terminal in the fleet list. The headline is Ability: can it take money? Contact is secondary.
type TerminalRow struct {
	ID        string     `json:"id"`
	TID       string     `json:"tid"`
	MID       string     `json:"mid"`
	Merchant  string     `json:"merchant"`
	Site      string     `json:"site"`
	Model     string     `json:"model,omitempty"`
	Serial    string     `json:"serial,omitempty"`
	Ability   string     `json:"ability" enum:"can_sell,restricted,cannot_sell,unknown"`
	Since     *time.Time `json:"since,omitempty"`      // since when it cannot
	LastProof *time.Time `json:"last_proof,omitempty"` // last approved sale at the host
	Contact   string     `json:"contact" enum:"online,late,silent,never"`
	ContactAt *time.Time `json:"contact_at,omitempty"`
	Case      *CaseBrief `json:"case,omitempty"` // the open one
}

// CaseBrief is the open case of a row.
type CaseBrief struct {
	ID       string        `json:"id"`
	State    string        `json:"state" enum:"diagnosing,repairing,verifying,handed_over,closed"`
	Fault    *lang.Text    `json:"fault,omitempty"` // the leading one
	P        float64       `json:"p,omitempty"`
	Word     diagnose.Word `json:"word,omitempty"`
	Incident string        `json:"incident,omitempty"`
	OpenedAt time.Time     `json:"opened_at"`
	ClosedAt *time.Time    `json:"closed_at,omitempty"`
	Outcome  string        `json:"outcome,omitempty" enum:"confirmed,recovered,unclear"`
}

// TerminalPage is a page of the fleet list.
type TerminalPage struct {
	Rows   []TerminalRow  `json:"rows"`
	Next   string         `json:"next,omitempty"` // cursor of the next page; empty: the last
	Counts map[string]int `json:"counts"`         // by ability, over the whole fleet
	Total  int            `json:"total"`          // that match the filter, on this and further pages
}

// TerminalView is one terminal's page: who it is, whether it can take money, and its live case.
type TerminalView struct {
	TerminalRow
	Device     *DeviceView       `json:"device,omitempty"` // that stands in for it right now
	Attributes map[string]string `json:"attributes"`       // host, carrier, area, app_version, params
	SignInAt   *time.Time        `json:"sign_in_at,omitempty"`
	SaleRRN    string            `json:"sale_rrn,omitempty"`
	Unsent     int               `json:"unsent"`
	Readings   []ReadingView     `json:"readings"`
	Answers    []AnswerView      `json:"answers"` // newest first
	Live       *CaseView         `json:"live,omitempty"`
	History    []CaseBrief       `json:"history"` // closed cases, newest first
	Incidents  []IncidentView    `json:"incidents"`
}

// DeviceView is the physical unit of a terminal.
type DeviceView struct {
	ID        string     `json:"id"`
	Serial    string     `json:"serial"`
	Model     string     `json:"model"`
	Since     time.Time  `json:"since"`                // it came in for the first time
	RevokedAt *time.Time `json:"revoked_at,omitempty"` // since then its key is good for nothing
}

// ReadingView is a raw value, as the agent reported it.
type ReadingView struct {
	Name  string    `json:"name"`
	Value float64   `json:"value"`
	Text  string    `json:"text,omitempty"`
	At    time.Time `json:"at"`
}

// AnswerView is what the host answered.
type AnswerView struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Code string    `json:"code"`
	By   string    `json:"by" enum:"host,terminal"`
}

// CaseFacts are the plain facts of a case.
type CaseFacts struct {
	ID       string     `json:"id"`
	Terminal string     `json:"terminal"`
	State    string     `json:"state" enum:"diagnosing,repairing,verifying,handed_over,closed"`
	OpenedAt time.Time  `json:"opened_at"`
	OpenedBy string     `json:"opened_by" enum:"silence,findings,host_answers,person,sales"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
	Outcome  string     `json:"outcome,omitempty" enum:"confirmed,recovered,unclear"`
	Incident string     `json:"incident,omitempty"`
	Reopened int        `json:"reopened"`
	Revision int64      `json:"revision"`
}

// CaseView is a case as a person reads it.
type CaseView struct {
	CaseFacts
	Diagnosis *diagnose.Diagnosis  `json:"diagnosis,omitempty"`
	Words     map[string]Words     `json:"words"` // for every variable that the diagnosis names
	Attempts  []repair.Attempt     `json:"attempts"`
	Steps     map[string]StepView  `json:"steps"` // for every step that the case names
	Timeline  []casefile.Entry     `json:"timeline"`
	Hazards   map[string]lang.Text `json:"hazards"`
}

// Words are a variable's name and the words of its states.
type Words struct {
	Name   lang.Text            `json:"name"`
	States map[string]lang.Text `json:"states"`
}

// StepView is a step in words.
type StepView struct {
	Name        lang.Text   `json:"name"`
	By          string      `json:"by"`
	Do          []lang.Text `json:"do"`
	SideEffects lang.Text   `json:"side_effects"`
	Remote      bool        `json:"remote"`
}

// IncidentView is one shared cause.
type IncidentView struct {
	incident.Incident
	Sentence lang.Text `json:"sentence"`
}

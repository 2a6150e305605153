package feed

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/wire"
)

// Line is one line of a feed. Exactly one of the parts is set.
type Line struct {
	ID      string     `json:"id"` // the sender's own
	At      time.Time  `json:"at"` // when it happened, by the sender's clock
	Message *Message   `json:"message,omitempty"`
	Notice  *Notice    `json:"notice,omitempty"`
	SIM     *SIM       `json:"sim,omitempty"`
	Power   *AreaPower `json:"power,omitempty"`
}

// Message is an exchange with a terminal as the acquirer's host saw it: no amount, no card.
type Message struct {
	TID  string `json:"tid"`
	MID  string `json:"mid,omitempty"`
	MTI  string `json:"mti,omitempty"`
	Kind string `json:"kind"`           // sign_in, echo, sale, reversal; others are taken and left aside
	Code string `json:"code,omitempty"` // field 39; empty: the host did not answer
	STAN string `json:"stan,omitempty"`
	RRN  string `json:"rrn,omitempty"`
	MS   int    `json:"ms,omitempty"` // how long the host took
}

// Notice is an announcement. The same notice id again replaces the earlier one; kind end ends it.
type Notice struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`            // maintenance, outage, end
	Scope string    `json:"scope,omitempty"` // host, carrier, area; empty: everybody
	Value string    `json:"value,omitempty"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // zero: until further notice
	Text  lang.Text `json:"text"`
}

// SIM is what a carrier says of the SIM in a terminal.
type SIM struct {
	TID   string `json:"tid"`
	State string `json:"state"` // of the variable sim_account: active, unpaid_or_no_credit, data_used_up, not_activated
}

// AreaPower is what a utility says of the power in an area.
type AreaPower struct {
	Area string `json:"area"`
	On   bool   `json:"on"`
}

// The codes of refused lines.
const (
	codeShape   = "feed.malformed"
	codeLong    = "feed.line_too_long"
	codeParts   = "feed.parts"
	codeOld     = "feed.too_old"
	codeCard    = "feed.card_data"
	codeMessage = "feed.message"
	codeNotice  = "feed.notice"
	codeSIM     = "feed.sim"
	codePower   = "feed.power"
)

var (
	idWord = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,128}$`)
	tid    = regexp.MustCompile(`^[A-Za-z0-9]{1,16}$`)
	mid    = regexp.MustCompile(`^[A-Za-z0-9]{0,15}$`)
	mti    = regexp.MustCompile(`^([0-9]{4})?$`)
	code   = regexp.MustCompile(`^[A-Za-z0-9]{0,4}$`)
	stan   = regexp.MustCompile(`^[0-9]{0,6}$`)
	rrn    = regexp.MustCompile(`^[A-Za-z0-9]{0,12}$`)
	kind   = regexp.MustCompile(`^[a-z_]{1,32}$`)
)

// no makes a refusal.
func no(code, text string) *Refusal { return &Refusal{Code: code, Text: text} }

// observed reports whether a record says something that is observed: messages of other kinds (pre-authorisations,
// settlements) prove nothing about a terminal that we understand, and a sender need not sort them out.
func observed(r observe.Record) bool {
	return r.Message == nil || slices.Contains([]observe.AnswerKind{observe.SignIn, observe.Echo, observe.Sale, observe.Reversal}, r.Message.Kind)
}

// parse reads one line and judges it. What the refusal says never quotes the line, which may hold card data.
func parse(raw []byte, now time.Time, known func(variable, state string) bool) (observe.Record, *Refusal) {
	if len(raw) > maxLine {
		return observe.Record{}, no(codeLong, "the line is too long")
	}
	var l Line
	if json.Unmarshal(raw, &l) != nil {
		return observe.Record{}, no(codeShape, "the line is not the JSON it should be")
	}
	if !idWord.MatchString(l.ID) || hasCard(l.ID) {
		return observe.Record{}, no(codeShape, "the id is missing or malformed")
	}
	record, refusal := l.record(now, known)
	if refusal != nil {
		refusal.ID = l.ID
	}
	return record, refusal
}

func (l Line) record(now time.Time, known func(variable, state string) bool) (observe.Record, *Refusal) {
	r := observe.Record{ID: l.ID, At: l.At}
	switch {
	case l.At.After(now):
		r.At = now // a sender's clock ahead of ours must not make evidence that never ages
	case l.At.Before(now.Add(-wire.MaxReportAge)):
		return r, no(codeOld, "the record is older than we keep, or has no time")
	}
	if l.parts() != 1 {
		return r, no(codeParts, "exactly one of message, notice, sim and power must be there")
	}
	var refusal *Refusal
	switch {
	case l.Message != nil:
		r.Message, refusal = l.Message.record()
	case l.Notice != nil:
		r.Notice, refusal = l.Notice.record(r.At)
	case l.SIM != nil:
		r.SIM, refusal = l.SIM.record(known)
	default:
		r.Power, refusal = l.Power.record()
	}
	return r, refusal
}

func (l Line) parts() int {
	n := 0
	for _, there := range []bool{l.Message != nil, l.Notice != nil, l.SIM != nil, l.Power != nil} {
		if there {
			n++
		}
	}
	return n
}

func (m Message) record() (*observe.HostMessage, *Refusal) {
	if !tid.MatchString(m.TID) || !mid.MatchString(m.MID) || !mti.MatchString(m.MTI) || !kind.MatchString(m.Kind) ||
		!code.MatchString(m.Code) || !stan.MatchString(m.STAN) || !rrn.MatchString(m.RRN) {
		return nil, no(codeMessage, "the message is not in ISO 8583 words")
	}
	if hasCard(m.TID) { // the others are too short for a card number, or not passed on
		return nil, no(codeCard, "a card number stands where none belongs")
	}
	return &observe.HostMessage{TID: m.TID, Kind: observe.AnswerKind(m.Kind), Code: m.Code, STAN: m.STAN, RRN: m.RRN}, nil
}

func (n Notice) record(at time.Time) (*observe.Notice, *Refusal) {
	if n.From.IsZero() {
		n.From = at
	}
	if n.Kind == "end" { // it ended when the record says so; from then on it covers nobody
		n.Kind = "outage"
		n.Until = at
		n.From = earlier(n.From, at)
	}
	switch {
	case !idWord.MatchString(n.ID) || hasCard(n.ID),
		!slices.Contains([]string{"maintenance", "outage"}, n.Kind),
		!slices.Contains([]string{"", "host", "carrier", "area"}, n.Scope),
		(n.Scope == "") != (n.Value == ""),
		len(n.Value) > 128,
		!n.Until.IsZero() && n.Until.Before(n.From):
		return nil, no(codeNotice, "the notice is malformed")
	case hasCard(n.Value):
		return nil, no(codeCard, "a card number stands where none belongs")
	}
	return &observe.Notice{ID: n.ID, Kind: n.Kind, Scope: n.Scope, Value: n.Value, From: n.From, Until: n.Until,
		Text: lang.Text{ZH: clean(n.Text.ZH), EN: clean(n.Text.EN)}}, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (s SIM) record(known func(variable, state string) bool) (*observe.SIMStatus, *Refusal) {
	switch {
	case !tid.MatchString(s.TID) || !known("sim_account", s.State):
		return nil, no(codeSIM, "the SIM's state or terminal is unknown")
	case hasCard(s.TID):
		return nil, no(codeCard, "a card number stands where none belongs")
	}
	return &observe.SIMStatus{TID: s.TID, State: s.State}, nil
}

func (p AreaPower) record() (*observe.AreaPower, *Refusal) {
	switch {
	case p.Area == "" || len(p.Area) > 128 || !utf8.ValidString(p.Area):
		return nil, no(codePower, "the area is missing or too long")
	case hasCard(p.Area):
		return nil, no(codeCard, "a card number stands where none belongs")
	}
	return &observe.AreaPower{Area: p.Area, On: p.On}, nil
}

func hasCard(word string) bool {
	_, cards := carddata.Scrub(word)
	return cards > 0
}

// clean masks card data in a text for people, and then cuts it at a rune's edge.
func clean(text string) string {
	text, _ = carddata.Scrub(text)
	limit := wire.MaxTextBytes
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

package sim

import (
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// feedLine is one line of the feed.
type feedLine struct {
	ID      string       `json:"id"`
	At      time.Time    `json:"at"`
	Message *feedMessage `json:"message,omitempty"`
	Notice  *feedNotice  `json:"notice,omitempty"`
	SIM     *feedSIM     `json:"sim,omitempty"`
	Power   *feedPower   `json:"power,omitempty"`
}

type feedMessage struct {
	TID  string `json:"tid"`
	Kind string `json:"kind"`
	Code string `json:"code,omitempty"`
	STAN string `json:"stan,omitempty"`
	RRN  string `json:"rrn,omitempty"`
}

type feedNotice struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	Scope string    `json:"scope"`
	Value string    `json:"value"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
	Text  lang.Text `json:"text"`
}

type feedSIM struct {
	TID   string `json:"tid"`
	State string `json:"state"`
}

type feedPower struct {
	Area string `json:"area"`
	On   bool   `json:"on"`
}

// line puts a record into the feed's words.
func (r record) line(id string) feedLine {
	l := feedLine{ID: id, At: r.at}
	switch {
	case r.message != nil:
		m := r.message
		l.Message = &feedMessage{TID: m.tid, Kind: string(m.kind), Code: m.code, STAN: m.stan, RRN: m.rrn}
	case r.notice != nil:
		n := r.notice
		l.Notice = &feedNotice{ID: n.id, Kind: n.kind, Scope: "host", Value: n.host, From: n.from, Until: n.until, Text: n.text}
	case r.sim != nil:
		l.SIM = &feedSIM{TID: r.sim.tid, State: r.sim.state}
	case r.power != nil:
		l.Power = &feedPower{Area: r.power.area, On: r.power.on}
	}
	return l
}

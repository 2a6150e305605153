package casefile

import (
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// The events that leave this room, each with the change it tells of. Their data is Changed.
const (
	OpenedEvent    event.Kind = "casefile.opened"
	DiagnosedEvent event.Kind = "casefile.diagnosed" // there is a new diagnosis
	ChangedEvent   event.Kind = "casefile.changed"   // a move, or a line in the timeline
	ClosedEvent    event.Kind = "casefile.closed"
)

// SkippedEntry is the kind of a timeline entry that says: nobody knew this. Its data is Skipped.
const SkippedEntry = "skipped"

// Skipped names the variable that nobody could tell; it is not asked again in this case.
type Skipped struct {
	Variable string `json:"variable"`
}

// Changed says what has become of a case.
type Changed struct {
	Revision int64   `json:"revision"`
	State    State   `json:"state"`
	Was      State   `json:"was,omitempty"`   // the state before, when it is another
	Entry    string  `json:"entry,omitempty"` // kind of the line written into the timeline
	By       string  `json:"by,omitempty"`
	Outcome  Outcome `json:"outcome,omitempty"`
}

// Of makes the event of a change.
func (c Case) Of(kind event.Kind, e Entry, was State) event.Event {
	if was == c.State {
		was = ""
	}
	return event.New(kind, e.At, c.Terminal, c.ID, Changed{
		Revision: c.Revision, State: c.State, Was: was, Entry: e.Kind, By: e.By, Outcome: c.Outcome,
	})
}

// reasons are the words for why a case was opened.
var reasons = map[string]lang.Text{
	"silence":      {ZH: "营业时间内收不到终端的消息", EN: "nothing is heard of the terminal while the shop is open"},
	"sales":        {ZH: "该有交易的时候没有交易", EN: "no sales at a time when there always are some"},
	"findings":     {ZH: "终端报告了故障迹象", EN: "the terminal reported signs of a fault"},
	"host_answers": {ZH: "主机连续拒绝交易", EN: "the host refused sale after sale"},
	"person":       {ZH: "有人报修", EN: "a person reported it"},
}

// Opening is the first line of a case's timeline.
func Opening(c Case) Entry {
	text, ok := reasons[c.OpenedBy]
	if !ok {
		text = lang.Text{ZH: "案例已打开", EN: "the case was opened"}
	}
	return Entry{Case: c.ID, At: c.OpenedAt, Kind: "opened", By: "system", Text: text}
}

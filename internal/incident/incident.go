package incident

import (
	"context"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// The events that leave this room. Terminal is the member concerned.
const (
	JoinedEvent event.Kind = "incident.joined" // data: Membership
	LeftEvent   event.Kind = "incident.left"   // data: Membership
)

// Membership says that a terminal is, or is no longer, explained by an incident.
type Membership struct {
	Incident string `json:"incident"`
	Terminal string `json:"terminal"`
}

// Incident is one shared cause with all the terminals that it stops.
type Incident struct {
	ID        string    `json:"id"`
	Attribute Attribute `json:"attribute"`
	Value     string    `json:"value"`
	OpenedAt  time.Time `json:"opened_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Failing   int       `json:"failing"`
	Total     int       `json:"total"`
	Peak      int       `json:"peak"` // most that failed at once
	Notice    string    `json:"notice,omitempty"`
}

// Open reports whether it is still going on.
func (i Incident) Open() bool { return i.EndedAt.IsZero() }

// names says what an attribute is called in a sentence.
var names = map[Attribute]lang.Text{
	Host:       {ZH: "收单主机", EN: "payment host"},
	Carrier:    {ZH: "运营商", EN: "carrier"},
	Area:       {ZH: "片区", EN: "area"},
	Site:       {ZH: "门店", EN: "shop"},
	Model:      {ZH: "机型", EN: "model"},
	AppVersion: {ZH: "应用版本", EN: "app version"},
	Params:     {ZH: "参数集", EN: "parameter set"},
	Everybody:  {ZH: "全部终端", EN: "all terminals"},
}

// Sentence says in one line what is going on, for a person.
func (i Incident) Sentence() lang.Text {
	name := names[i.Attribute]
	zh, en := name.ZH+" "+i.Value, name.EN+" "+i.Value
	if i.Attribute == Everybody {
		zh, en = name.ZH, name.EN
	}
	return lang.Text{
		ZH: zh + "：" + count(i.Failing) + " / " + count(i.Total) + " 台不能收款，其他正常；这是共同原因，不是单台机器的问题。",
		EN: en + ": " + count(i.Failing) + " of " + count(i.Total) + " terminals cannot take money, the others can. One shared cause, not a fault of single terminals.",
	}
}

// Store keeps incidents and who belongs to them.
type Store interface {
	Open(ctx context.Context) ([]Incident, error)
	List(ctx context.Context, limit int) ([]Incident, error) // newest first
	// Save stores an incident and sets its members; it sends the events with it.
	Save(ctx context.Context, i Incident, members []string, events []event.Event) error
	Members(ctx context.Context, incident string) ([]string, error)
	Of(ctx context.Context, terminal string) ([]Incident, error) // open ones the terminal belongs to
}

// Deps are what the room needs from others.
type Deps struct {
	Store   Store
	Members func(ctx context.Context) ([]Member, error) // every terminal that trades, as it is now
	Now     func() time.Time
}

// Room opens and ends incidents.
type Room struct {
	deps  Deps
	rules Rules
}

// New makes the room.
func New(deps Deps, rules Rules) *Room { return &Room{deps: deps, rules: rules} }

// Look compares the fleet as it is now: it opens what is new, follows what goes on, and ends what is over.
func (r *Room) Look(ctx context.Context) error {
	members, err := r.deps.Members(ctx)
	if err != nil {
		return err
	}
	open, err := r.deps.Store.Open(ctx)
	if err != nil {
		return err
	}
	clusters := Detect(members, r.rules)
	for _, c := range clusters {
		if err := r.follow(ctx, c, open); err != nil {
			return err
		}
	}
	for _, i := range open {
		if explained(i, clusters) {
			continue
		}
		if err := r.end(ctx, i, members); err != nil {
			return err
		}
	}
	return nil
}

func explained(i Incident, clusters []Cluster) bool {
	for _, c := range clusters {
		if c.Attribute == i.Attribute && c.Value == i.Value {
			return true
		}
	}
	return false
}

// follow opens the incident of a cluster or brings it up to date. A member stays until the incident ends: one that
// recovers for a moment is not asked to restart.
func (r *Room) follow(ctx context.Context, c Cluster, open []Incident) error {
	now := r.deps.Now()
	inc := Incident{ID: ident.New("inc"), Attribute: c.Attribute, Value: c.Value, OpenedAt: now}
	for _, i := range open {
		if i.Attribute == c.Attribute && i.Value == c.Value {
			inc = i
		}
	}
	known, err := r.deps.Store.Members(ctx, inc.ID)
	if err != nil {
		return err
	}
	members, joined := union(known, c.Members)
	if len(joined) == 0 && inc.Failing == c.Failing && inc.Total == c.Total {
		return nil
	}
	inc.Failing, inc.Total, inc.Peak = c.Failing, c.Total, max(inc.Peak, c.Failing)
	return r.deps.Store.Save(ctx, inc, members, membership(JoinedEvent, now, inc.ID, joined))
}

// end closes an incident once few enough of its terminals still fail; until then it stays open even if the numbers
// no longer tell.
func (r *Room) end(ctx context.Context, i Incident, fleet []Member) error {
	failing, total := 0, 0
	for _, m := range fleet {
		if i.Attribute != Everybody && m.Shares[i.Attribute] != i.Value {
			continue
		}
		total++
		if m.Failing {
			failing++
		}
	}
	if float64(failing) > r.rules.EndShare*float64(total) && failing >= r.rules.MinFailing {
		return nil
	}
	now := r.deps.Now()
	members, err := r.deps.Store.Members(ctx, i.ID)
	if err != nil {
		return err
	}
	i.Failing, i.Total, i.EndedAt = failing, total, now
	return r.deps.Store.Save(ctx, i, members, membership(LeftEvent, now, i.ID, members))
}

func membership(kind event.Kind, at time.Time, incident string, terminals []string) []event.Event {
	out := make([]event.Event, 0, len(terminals))
	for _, t := range terminals {
		out = append(out, event.New(kind, at, t, "", Membership{Incident: incident, Terminal: t}))
	}
	return out
}

// Evidence is what the open incidents of a terminal say about it.
func (r *Room) Evidence(ctx context.Context, terminal string) ([]finding.Finding, []Incident, error) {
	incidents, err := r.deps.Store.Of(ctx, terminal)
	if err != nil {
		return nil, nil, err
	}
	var out []finding.Finding
	for _, i := range incidents {
		out = append(out, Cluster{Attribute: i.Attribute, Value: i.Value}.Evidence(r.deps.Now())...)
	}
	return out, incidents, nil
}

// List gives incidents, newest first.
func (r *Room) List(ctx context.Context, limit int) ([]Incident, error) {
	return r.deps.Store.List(ctx, limit)
}

package incident

import (
	"context"
	"slices"
	"sync"
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
	if !i.Open() {
		return lang.Text{
			ZH: zh + "：曾有 " + count(i.Peak) + " 台不能收款，已经过去。这是共同原因，不是单台机器的问题。",
			EN: en + ": " + count(i.Peak) + " terminals could not take money; it has passed. One shared cause, not a fault of single terminals.",
		}
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
	deps    Deps
	rules   Rules
	looking sync.Mutex           // two looks at once would open the same incident twice
	late    map[string]time.Time // terminals that still failed when their incident ended, and when that was
}

// New makes the room.
func New(deps Deps, rules Rules) *Room {
	return &Room{deps: deps, rules: rules, late: map[string]time.Time{}}
}

// Look compares the fleet as it is now: it follows what goes on, ends what is over, and opens what is new. What an open
// incident covers is explained; terminals that recover one after the other are no new pattern.
func (r *Room) Look(ctx context.Context) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	members, err := r.deps.Members(ctx)
	if err != nil {
		return err
	}
	open, err := r.deps.Store.Open(ctx)
	if err != nil {
		return err
	}
	left := slices.Clone(members)
	var going []Incident
	for _, i := range open {
		followed, err := r.follow(ctx, i, members)
		if err != nil {
			return err
		}
		if followed.Open() {
			going = append(going, followed)
		}
		left = slices.DeleteFunc(left, i.covers)
	}
	for _, c := range Detect(r.withoutLate(left), r.rules) {
		if err := r.begin(ctx, c, going, members); err != nil {
			return err
		}
	}
	return nil
}

// begin opens the incident of a new cluster. When the first terminals of it to fail were taken for a narrower cause a
// moment ago, that incident was the same one: it is widened, and any other such is ended.
func (r *Room) begin(ctx context.Context, c Cluster, going []Incident, fleet []Member) error {
	wide := Incident{ID: ident.New("inc"), Attribute: c.Attribute, Value: c.Value, OpenedAt: r.deps.Now()}
	found := false
	for _, i := range going {
		if r.deps.Now().Sub(i.OpenedAt) > r.rules.Grace || !wide.explains(i, fleet) {
			continue
		}
		if found {
			if err := r.absorb(ctx, i); err != nil {
				return err
			}
			continue
		}
		found = true
		i.Attribute, i.Value = wide.Attribute, wide.Value
		wide = i
	}
	if !found {
		return r.update(ctx, wide, c.Failing, c.Total, c.Members)
	}
	_, err := r.follow(ctx, wide, fleet)
	return err
}

// explains reports whether every terminal that fails in a narrower incident is covered by this one.
func (i Incident) explains(narrow Incident, fleet []Member) bool {
	return !slices.ContainsFunc(fleet, func(m Member) bool { return m.Failing && narrow.covers(m) && !i.covers(m) })
}

// absorb ends an incident whose terminals another one explains from now on: they have not left.
func (r *Room) absorb(ctx context.Context, i Incident) error {
	i.EndedAt = r.deps.Now()
	return r.deps.Store.Save(ctx, i, nil, nil)
}

// withoutLate leaves out terminals that are the last to recover from an incident: by chance they share a shop or an area,
// and that is no second cause. One that fails on for longer than the rules' Grace has one.
func (r *Room) withoutLate(members []Member) []Member {
	now := r.deps.Now()
	for _, m := range members {
		if ended, ok := r.late[m.Terminal]; ok && (!m.Failing || now.Sub(ended) > r.rules.Grace) {
			delete(r.late, m.Terminal)
		}
	}
	return slices.DeleteFunc(members, func(m Member) bool { _, late := r.late[m.Terminal]; return late })
}

// covers reports whether a terminal shares what the incident is about.
func (i Incident) covers(m Member) bool {
	return i.Attribute == Everybody || m.Shares[i.Attribute] == i.Value
}

// follow brings an open incident up to date, or ends it once few enough of its terminals still fail.
func (r *Room) follow(ctx context.Context, i Incident, fleet []Member) (Incident, error) {
	total := 0
	var failing []string
	for _, m := range fleet {
		if !i.covers(m) {
			continue
		}
		total++
		if m.Failing {
			failing = append(failing, m.Terminal)
		}
	}
	if float64(len(failing)) > r.rules.EndShare*float64(total) && len(failing) >= r.rules.MinFailing {
		return i, r.update(ctx, i, len(failing), total, failing)
	}
	now := r.deps.Now()
	members, err := r.deps.Store.Members(ctx, i.ID)
	if err != nil {
		return i, err
	}
	i.Failing, i.Total, i.EndedAt = len(failing), total, now
	for _, t := range failing {
		r.late[t] = now
	}
	return i, r.deps.Store.Save(ctx, i, members, membership(LeftEvent, now, i.ID, members))
}

// update stores what is new of an incident. A member stays until the incident ends: one that recovers for a moment is
// not asked to restart.
func (r *Room) update(ctx context.Context, i Incident, failing, total int, now []string) error {
	known, err := r.deps.Store.Members(ctx, i.ID)
	if err != nil {
		return err
	}
	members, joined := union(known, now)
	if len(joined) == 0 && i.Failing == failing && i.Total == total {
		return nil
	}
	i.Failing, i.Total, i.Peak = failing, total, max(i.Peak, failing)
	return r.deps.Store.Save(ctx, i, members, membership(JoinedEvent, r.deps.Now(), i.ID, joined))
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

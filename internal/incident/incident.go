package incident

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/ident"
)

// Deps are what the room needs from others.
type Deps struct {
	Store   Store
	Memory  Memory
	Members func(ctx context.Context) ([]Member, error) // every terminal that trades, as it is now
	Now     func() time.Time
}

// Room opens and ends incidents.
type Room struct {
	deps  Deps
	rules Rules

	looking  sync.Mutex           // two looks at once would open the same incident twice
	late     map[string]time.Time // terminals that still failed when their incident ended, and when that was
	ordinary *ordinary
	began    time.Time     // of the newest look
	took     time.Duration // it
	rest     remainder     // of the fleet at its end

	knowing sync.RWMutex // guards changes, which are also asked for between looks
	changes *changes
	loaded  bool
}

// remainder is what no incident explains: how many terminals, and how many of them fail.
type remainder struct{ failing, of int }

// New makes the room.
func New(deps Deps, rules Rules) *Room {
	return &Room{deps: deps, rules: rules, late: map[string]time.Time{}, ordinary: newOrdinary(), changes: newChanges()}
}

// A look is free while it is quick. One that takes longer than quick is not repeated before it has rested ten times as long:
// a fleet of a hundred thousand costs a tenth of a processor at most, however many stops ask for a look.
const (
	quick    = 200 * time.Millisecond
	restFold = 10
)

// Look compares the fleet as it is now: it follows what goes on, ends what is over, and opens what is new. What an open
// incident covers is explained; terminals that recover one after the other are no new pattern. Calls that come while
// another look is under way share the next one.
func (r *Room) Look(ctx context.Context) error {
	asked := r.deps.Now()
	r.looking.Lock()
	defer r.looking.Unlock()
	began := r.deps.Now()
	if r.began.After(asked) || r.took > quick && began.Sub(r.began) < restFold*r.took {
		return nil // somebody has looked since, or will soon
	}
	if err := r.remember(ctx, began); err != nil {
		return err
	}
	err := r.look(ctx)
	r.began, r.took = began, r.deps.Now().Sub(began)
	return err
}

// remember loads what was learnt before a restart, once.
func (r *Room) remember(ctx context.Context, now time.Time) error {
	if r.loaded {
		return nil
	}
	list, err := r.deps.Memory.Changes(ctx, now.Add(-r.rules.Recent))
	if err != nil {
		return err
	}
	tallies, err := r.deps.Memory.Ordinary(ctx)
	if err != nil {
		return err
	}
	r.knowing.Lock()
	defer r.knowing.Unlock()
	r.changes.load(list)
	r.ordinary.load(tallies)
	r.loaded = true
	return nil
}

func (r *Room) look(ctx context.Context) error {
	fleet, err := r.deps.Members(ctx)
	if err != nil {
		return err
	}
	fleet, err = r.pushes(ctx, fleet)
	if err != nil {
		return err
	}
	open, err := r.deps.Store.Open(ctx)
	if err != nil {
		return err
	}
	left := slices.Clone(fleet)
	var going []Incident
	for _, i := range open {
		followed, err := r.follow(ctx, i, fleet)
		if err != nil {
			return err
		}
		if followed.Open() {
			going = append(going, followed)
		}
		left = slices.DeleteFunc(left, i.covers)
	}
	now := r.deps.Now()
	found := Detect(r.withoutLate(left), func(s Symptom) float64 { return r.ordinary.share(s, now) }, r.rules)
	for _, c := range found {
		if err := r.begin(ctx, c, going, fleet); err != nil {
			return err
		}
	}
	return r.learn(ctx, left, found, now)
}

// pushes notices what was brought to terminals since the last look, and gives it to them as an attribute.
func (r *Room) pushes(ctx context.Context, fleet []Member) ([]Member, error) {
	now := r.deps.Now()
	r.knowing.Lock()
	r.changes.forget(now.Add(-r.rules.Recent))
	changed := r.changes.notice(fleet, now)
	marked := r.changes.mark(fleet)
	r.knowing.Unlock()
	if len(changed) == 0 {
		return marked, nil
	}
	return marked, r.deps.Memory.KeepChanges(ctx, changed, now.Add(-r.rules.Recent))
}

// learn takes the terminals that nothing explains as what is ordinary.
func (r *Room) learn(ctx context.Context, left []Member, found []Cluster, now time.Time) error {
	for _, c := range found {
		left = slices.DeleteFunc(left, c.Shared.Covers)
	}
	r.rest = remainder{of: len(left)}
	for _, m := range left {
		if m.Failing {
			r.rest.failing++
		}
	}
	if ended := r.ordinary.learn(left, now); len(ended) > 0 {
		return r.deps.Memory.KeepOrdinary(ctx, ended)
	}
	return nil
}

// begin opens the incident of a new cluster. When the first terminals of it to fail were taken for a narrower cause a
// moment ago, that incident was the same one: it is widened, and any other such is ended.
func (r *Room) begin(ctx context.Context, c Cluster, going []Incident, fleet []Member) error {
	now := r.deps.Now()
	wide := Incident{
		ID: ident.New("inc"), OpenedAt: now, BeganAt: c.Since, Symptom: c.Symptom, Others: c.Others, OthersOf: c.OthersOf, Ratio: c.Ratio,
	}.about(c.Shared)
	wide.Push, _ = r.changes.behind(c, fleet)
	found := false
	for _, i := range going {
		if now.Sub(i.OpenedAt) > r.rules.Grace || !wide.explains(i, fleet) {
			continue
		}
		if found {
			if err := r.absorb(ctx, i); err != nil {
				return err
			}
			continue
		}
		found = true
		wide = i.widened(wide)
	}
	if !found {
		return r.update(ctx, wide, c.Failing, c.Total, c.Members)
	}
	_, err := r.follow(ctx, wide, fleet)
	return err
}

// widened is the incident with what it has turned out to be.
func (i Incident) widened(to Incident) Incident {
	to.ID, to.OpenedAt, to.Failing, to.Total, to.Peak, to.Notice = i.ID, i.OpenedAt, i.Failing, i.Total, i.Peak, i.Notice
	if !i.BeganAt.IsZero() && (to.BeganAt.IsZero() || i.BeganAt.Before(to.BeganAt)) {
		to.BeganAt = i.BeganAt
	}
	return to
}

// absorb ends an incident whose terminals another one explains from now on: they have not left.
func (r *Room) absorb(ctx context.Context, i Incident) error {
	i.EndedAt = r.deps.Now()
	return r.deps.Store.Save(ctx, i, nil, nil)
}

// withoutLate leaves out terminals that are the last to recover from an incident: by chance they share a shop or an area,
// and that is no second cause. One that fails on for longer than the rules' Grace has one.
func (r *Room) withoutLate(members []Member) []Member {
	if len(r.late) == 0 {
		return members
	}
	now := r.deps.Now()
	for _, m := range members {
		if ended, ok := r.late[m.Terminal]; ok && (!m.Failing || now.Sub(ended) > r.rules.Grace) {
			delete(r.late, m.Terminal)
		}
	}
	return slices.DeleteFunc(slices.Clone(members), func(m Member) bool { _, late := r.late[m.Terminal]; return late })
}

// follow brings an open incident up to date, or ends it once few enough of its terminals still fail.
func (r *Room) follow(ctx context.Context, i Incident, fleet []Member) (Incident, error) {
	c := Cluster{Shared: i.Shared()}
	c.fill(fleet)
	total, failing := c.Total, c.Members
	if float64(c.Failing) > r.rules.EndShare*float64(total) && c.Failing >= r.rules.MinFailing {
		i.Symptom = c.Symptom
		if r.rest.of > 0 {
			i.Others, i.OthersOf = r.rest.failing, r.rest.of
		}
		return i, r.update(ctx, i, c.Failing, total, failing)
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

// Evidence is what the open incidents of a terminal say about it: how many are hit, and what was brought to it when that
// explains them.
func (r *Room) Evidence(ctx context.Context, terminal string) ([]finding.Finding, []Incident, error) {
	incidents, err := r.deps.Store.Of(ctx, terminal)
	if err != nil {
		return nil, nil, err
	}
	now := r.deps.Now()
	var out []finding.Finding
	for _, i := range incidents {
		out = append(out, i.Evidence(now))
		if r.had(terminal, i.Push) {
			out = append(out, finding.Finding{
				Variable: "recent_change", State: i.Push.changeState(), At: i.Push.At, Source: finding.Incident,
				Confidence: certainty(i.Ratio), Detail: i.Push.name(),
			})
		}
	}
	return out, incidents, nil
}

// had reports whether a push reached a terminal.
func (r *Room) had(terminal string, p PushOf) bool {
	r.knowing.RLock()
	defer r.knowing.RUnlock()
	newest, ok := r.changes.of(terminal)
	return ok && !p.At.IsZero() && newest.Attribute == p.Attribute && newest.Value == p.Value
}

// Holds says whether an open incident explains a terminal, and which. Whoever would push to it, send somebody to it or
// restart it waits until the incident has ended: a LeftEvent tells.
func (r *Room) Holds(ctx context.Context, terminal string) (Incident, bool, error) {
	incidents, err := r.deps.Store.Of(ctx, terminal)
	if err != nil || len(incidents) == 0 {
		return Incident{}, false, err
	}
	return incidents[0], true, nil
}

// List gives incidents, newest first.
func (r *Room) List(ctx context.Context, limit int) ([]Incident, error) {
	return r.deps.Store.List(ctx, limit)
}

package observe

import (
	"context"
	"slices"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// Record is one line of a feed: what somebody else's system saw. Exactly one of the parts is set.
type Record struct {
	ID      string
	At      time.Time
	Message *HostMessage
	Notice  *Notice
	SIM     *SIMStatus
	Power   *AreaPower
}

// HostMessage is a message of a terminal as the acquirer's host saw it.
type HostMessage struct {
	TID  string
	Kind AnswerKind
	Code string
	STAN string
	RRN  string
}

// SIMStatus is what a carrier says of the SIM in a terminal; State is one of sim_account's.
type SIMStatus struct {
	TID   string
	State string
}

// AreaPower is what a utility says of the power in an area.
type AreaPower struct {
	Area string
	On   bool
}

// Taken says what became of a feed's records.
type Taken struct {
	Accepted  int
	Duplicate int
	Unknown   int // they speak of terminals that are not in the register
}

// Accept stores the records of a feed; when it returns without an error they are durable. A record's ID is taken once.
func (o *Observe) Accept(ctx context.Context, records []Record) (Taken, error) {
	var taken Taken
	var all []Arrival
	for _, r := range records {
		arrivals, err := o.arrivals(ctx, r)
		if err != nil {
			return taken, err
		}
		if arrivals == nil {
			taken.Unknown++
		}
		all = append(all, arrivals...)
	}
	// One record may speak of the whole fleet: it must not take all the room that others wait in.
	for group := range slices.Chunk(all, groupArrivals) {
		if err := o.acceptGroup(ctx, group, &taken); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

func (o *Observe) acceptGroup(ctx context.Context, group []Arrival, taken *Taken) error {
	waits := make([]waiting, 0, len(group))
	for _, a := range group {
		w := waiting{arrival: a, reply: make(chan landing, 1)}
		if err := o.enqueue(w); err != nil {
			return err
		}
		waits = append(waits, w)
	}
	for _, w := range waits {
		select {
		case l := <-w.reply:
			if l.err != nil {
				return l.err
			}
			taken.Accepted += l.landed.Accepted
			taken.Duplicate += l.landed.Duplicate
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// arrivals turns a record into what it says about single terminals; nil means that it speaks of none we know.
func (o *Observe) arrivals(ctx context.Context, r Record) ([]Arrival, error) {
	now := o.deps.Now()
	if r.At.IsZero() || r.At.After(now) {
		r.At = now
	}
	switch {
	case r.Message != nil:
		return o.aboutOne(ctx, r, r.Message.TID, Arrival{Answers: []Answer{{
			At: r.At, Kind: r.Message.Kind, Code: r.Message.Code, STAN: r.Message.STAN, RRN: r.Message.RRN, By: ByHost,
		}}})
	case r.SIM != nil:
		return o.aboutOne(ctx, r, r.SIM.TID, Arrival{Findings: []finding.Finding{
			{Variable: "sim_account", State: r.SIM.State, At: r.At, Source: finding.Acquirer},
		}})
	case r.Power != nil:
		state := "off"
		if r.Power.On {
			state = "on"
		}
		return o.aboutMany(ctx, r, "area", r.Power.Area, finding.Finding{
			Variable: "area_power", State: state, At: r.At, Source: finding.Acquirer, Detail: r.Power.Area,
		})
	case r.Notice != nil:
		return o.announce(ctx, r)
	default:
		return nil, nil
	}
}

func (o *Observe) aboutOne(ctx context.Context, r Record, tid string, a Arrival) ([]Arrival, error) {
	terminal, ok := o.deps.Find(ctx, tid)
	if !ok {
		return nil, nil
	}
	a.Terminal, a.At, a.Record = terminal, o.deps.Now(), r.ID
	return []Arrival{a}, nil
}

func (o *Observe) aboutMany(ctx context.Context, r Record, scope, value string, f finding.Finding) ([]Arrival, error) {
	terminals, err := o.deps.Sharing(ctx, scope, value)
	if err != nil {
		return nil, err
	}
	out := make([]Arrival, 0, len(terminals))
	for _, t := range terminals {
		out = append(out, Arrival{
			Terminal: t, At: o.deps.Now(), Record: r.ID + "/" + t, Findings: []finding.Finding{f},
		})
	}
	return out, nil
}

// announce keeps the notice and tells every terminal that it covers: its evidence has changed.
func (o *Observe) announce(ctx context.Context, r Record) ([]Arrival, error) {
	if err := o.deps.Store.PutNotice(ctx, *r.Notice); err != nil {
		return nil, err
	}
	f := finding.Finding{Variable: "status_page", State: "all_ok", At: r.At, Source: finding.Acquirer, Detail: r.Notice.ID}
	if r.Notice.Covers(map[string]string{r.Notice.Scope: r.Notice.Value}, o.deps.Now()) {
		f = r.Notice.Evidence(r.At)
	}
	return o.aboutMany(ctx, r, r.Notice.Scope, r.Notice.Value, f)
}

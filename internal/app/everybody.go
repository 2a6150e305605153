package app

import (
	"context"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/loop/observe"
)

// everybody is the whole fleet as the search for shared causes sees it: every terminal that anything was heard of. The
// register is read again only as often as its size allows; who fails is read each time.
type everybody struct {
	*rooms

	looking sync.Mutex
	members []incident.Member // all that the register lists, none failing
	heard   map[string]bool   // of those, the ones that anything was heard of
	read    time.Time         // when the register was read last
	took    time.Duration
}

// registerRest is how many times as long as it takes to read the register it is not read again, once that takes longer than
// registerQuick: a hundred thousand terminals, which take seconds, are read about once a minute.
const (
	registerQuick = 50 * time.Millisecond
	registerRest  = 30
)

// now gives the fleet as it is now.
func (e *everybody) now(ctx context.Context) ([]incident.Member, error) {
	e.looking.Lock()
	defer e.looking.Unlock()
	begin := e.rooms.now()
	if e.members == nil || e.took <= registerQuick || begin.Sub(e.read) > registerRest*e.took {
		if err := e.readRegister(ctx); err != nil {
			return nil, err
		}
		e.read, e.took = begin, e.rooms.now().Sub(begin)
	}
	doubtful, err := e.doubtful(ctx, begin)
	if err != nil {
		return nil, err
	}
	out := make([]incident.Member, 0, len(e.members))
	for _, m := range e.members {
		s, doubt := doubtful[m.Terminal]
		if !doubt && !e.heard[m.Terminal] {
			continue
		}
		out = append(out, e.judged(m, s, doubt, begin))
	}
	return out, nil
}

// judged says whether and how a terminal fails.
func (e *everybody) judged(m incident.Member, s observe.State, doubt bool, now time.Time) incident.Member {
	if !doubt {
		return m
	}
	silent := e.cfg.Observe.Silent(s, now)
	m.Failing = !s.StoppedSince.IsZero() || s.Failures > 0 || silent
	if !m.Failing {
		return m
	}
	m.Since = began(s)
	switch {
	case s.Failures > 0 && s.FailKind == observe.SignIn:
		m.Symptom = incident.SignIn
	case s.Failures > 0 && s.FailCode == "":
		m.Symptom = incident.NoAnswer
	case s.Failures > 0:
		m.Symptom = incident.Declined
	case silent:
		m.Symptom = incident.Silent
	default:
		m.Symptom = incident.CannotSell
	}
	return m
}

// began is when a terminal first gave reason to doubt it.
func began(s observe.State) time.Time {
	first := s.StoppedSince
	for _, at := range []time.Time{s.FailSince, s.Adverse} {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() || s.StoppedBy == observe.BySilence && s.ContactAt.Before(first) {
		return s.ContactAt
	}
	return first
}

// doubtful gives the states that may be failing, page by page: on a good day few.
func (e *everybody) doubtful(ctx context.Context, now time.Time) (map[string]observe.State, error) {
	const page = 500
	out := map[string]observe.State{}
	after := ""
	for {
		states, err := e.observed.Doubtful(ctx, now.Add(-e.cfg.Observe.MinSilence), after, page)
		if err != nil {
			return nil, err
		}
		for _, s := range states {
			out[s.Terminal] = s
			after = s.Terminal
		}
		if len(states) < page {
			return out, nil
		}
	}
}

// readRegister reads what terminals share, and asks of the new ones whether anything was heard of them. Terminals that
// share everything share the map, too.
func (e *everybody) readRegister(ctx context.Context) error {
	before := e.heard
	e.members, e.heard = nil, make(map[string]bool, len(before))
	alike := map[string]map[incident.Attribute]string{}
	var unheard []string
	err := e.fleet.Each(ctx, func(l fleet.Listed) error {
		e.members = append(e.members, incident.Member{Terminal: l.ID, Shares: sharesOf(l, alike)})
		if before[l.ID] {
			e.heard[l.ID] = true
		} else {
			unheard = append(unheard, l.ID)
		}
		return nil
	})
	if err != nil {
		e.members = nil
		return err
	}
	const batch = 500
	for begin := 0; begin < len(unheard); begin += batch {
		states, err := e.observed.States(ctx, unheard[begin:min(begin+batch, len(unheard))])
		if err != nil {
			e.members = nil
			return err
		}
		for id := range states {
			e.heard[id] = true
		}
	}
	return nil
}

// compared are the register's attributes that are searched for shared causes.
func compared() []struct {
	from fleet.Attribute
	to   incident.Attribute
} {
	return []struct {
		from fleet.Attribute
		to   incident.Attribute
	}{
		{fleet.Host, incident.Host}, {fleet.Acquirer, incident.Acquirer}, {fleet.Carrier, incident.Carrier},
		{fleet.Region, incident.Region}, {fleet.Area, incident.Area}, {fleet.Cell, incident.Cell}, {fleet.SiteShared, incident.Site},
		{fleet.Certificate, incident.Certificate}, {fleet.Params, incident.Params}, {fleet.AppVersion, incident.AppVersion},
		{fleet.Firmware, incident.Firmware}, {fleet.Model, incident.Model},
	}
}

// sharesOf gives what a terminal shares; terminals that are alike get the same map.
func sharesOf(l fleet.Listed, alike map[string]map[incident.Attribute]string) map[incident.Attribute]string {
	shares := l.Shares()
	key := ""
	for _, a := range compared() {
		key += shares[a.from] + "\x00"
	}
	if known, ok := alike[key]; ok {
		return known
	}
	out := map[incident.Attribute]string{}
	for _, a := range compared() {
		if v := shares[a.from]; v != "" {
			out[a.to] = v
		}
	}
	alike[key] = out
	return out
}

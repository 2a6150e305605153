package incidentsql_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/incident/incidentsql"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func hostDown(id string, minute int) incident.Incident {
	return incident.Incident{
		ID: id, Attribute: incident.Host, Value: "h1", OpenedAt: noon.Add(time.Duration(minute) * time.Minute), Failing: 3, Total: 5, Peak: 3,
		Also: []incident.Pair{{Attribute: incident.Model, Value: "A920"}}, Symptom: incident.Declined, BeganAt: noon.Add(-time.Minute),
		Push: incident.PushOf{Attribute: incident.Params, Value: "p7", At: noon.Add(-time.Hour)}, Others: 2, OthersOf: 40, Ratio: 7.5,
	}
}

func save(t *testing.T, s *incidentsql.Store, i incident.Incident, members ...string) {
	t.Helper()
	if err := s.Save(t.Context(), i, members, nil); err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, what string, got []incident.Incident, err error, want ...incident.Incident) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, *incidentsql.Store, *sqldb.DB){
		"an incident is followed and ended":             followed,
		"members join and stay":                         members,
		"a value has one open incident":                 oneOpen,
		"events leave with the incident, or not at all": events,
		"the newest incidents come first":               newest,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { f(t, incidentsql.New(db), db) })
		})
	}
}

func followed(t *testing.T, s *incidentsql.Store, _ *sqldb.DB) {
	i := hostDown("inc-1", 0)
	save(t, s, i, "t1")
	i.Failing, i.Total, i.Peak, i.Notice = 4, 6, 4, "notice"
	save(t, s, i, "t1", "t2")
	got, err := s.Open(t.Context())
	wants(t, "open", got, err, i)
	got, err = s.Of(t.Context(), "t2")
	wants(t, "of t2", got, err, i)
	i.EndedAt = noon.Add(time.Hour)
	save(t, s, i, "t1", "t2")
	got, err = s.Open(t.Context())
	wants(t, "open", got, err)
	got, err = s.Of(t.Context(), "t2")
	wants(t, "of t2 after the end", got, err)
	got, err = s.List(t.Context(), 10)
	wants(t, "all", got, err, i)
}

func members(t *testing.T, s *incidentsql.Store, _ *sqldb.DB) {
	save(t, s, hostDown("inc-1", 0), "t3", "t1")
	save(t, s, hostDown("inc-1", 0), "t2", "t1")
	got, err := s.Members(t.Context(), "inc-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"t1", "t2", "t3"}, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if none, err := s.Members(t.Context(), "inc-2"); err != nil || len(none) != 0 {
		t.Errorf("members of an unknown incident: %v (%v)", none, err)
	}
}

func oneOpen(t *testing.T, s *incidentsql.Store, _ *sqldb.DB) {
	first, second := hostDown("inc-1", 0), hostDown("inc-2", 1)
	save(t, s, first, "t1")
	if err := s.Save(t.Context(), second, []string{"t1"}, nil); err == nil {
		t.Fatal("the same cause was opened twice")
	}
	first.EndedAt = noon.Add(time.Minute)
	save(t, s, first, "t1")
	save(t, s, second, "t1")
	got, err := s.Of(t.Context(), "t1")
	wants(t, "of t1", got, err, second)
}

func events(t *testing.T, s *incidentsql.Store, db *sqldb.DB) {
	joined := event.New(incident.JoinedEvent, noon, "t1", "", incident.Membership{Incident: "inc-1", Terminal: "t1"})
	if err := s.Save(t.Context(), hostDown("inc-1", 0), []string{"t1"}, []event.Event{joined}); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), hostDown("inc-2", 0), []string{"t1"}, []event.Event{joined}); err == nil {
		t.Fatal("the same cause was opened twice")
	}
	if sent := outboxtest.Waiting(t, db); len(sent) != 1 || sent[0].ID != joined.ID {
		t.Errorf("sent %v", sent)
	}
}

func newest(t *testing.T, s *incidentsql.Store, _ *sqldb.DB) {
	var all []incident.Incident
	for n, id := range []string{"inc-1", "inc-2", "inc-3"} {
		i := hostDown(id, n)
		i.EndedAt = i.OpenedAt.Add(time.Second)
		save(t, s, i)
		all = append([]incident.Incident{i}, all...)
	}
	got, err := s.List(t.Context(), 2)
	wants(t, "the newest", got, err, all[:2]...)
}

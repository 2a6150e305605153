package learnsql_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestStore(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, *learnsql.Store){
		"a case is recorded once":                       records,
		"the newest candidates come first":              candidates,
		"a candidate moves only from where it was":      moves,
		"a candidate that nobody knows cannot be found": unknown,
		"a case is tried once with a candidate":         trials,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { f(t, learnsql.New(db)) })
		})
	}
}

func records(t *testing.T, s *learnsql.Store) {
	record := func(id string, minute int) learn.Record {
		return learn.Record{
			Case: id, Terminal: "t", Outcome: casefile.Confirmed, OpenedAt: noon, ClosedAt: noon.Add(time.Duration(minute) * time.Minute),
			Steps: []learn.Step{{ID: "restart_app", By: "remote", Helped: true, Took: time.Minute}}, Credit: map[string]float64{"sw_hang": 1},
		}
	}
	again := record("b", 1)
	again.Credit = map[string]float64{"other": 1}
	for _, r := range []learn.Record{record("a", 0), record("b", 1), again, record("c", 1)} {
		if err := s.PutRecord(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Records(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]learn.Record{record("b", 1), record("c", 1), record("a", 0)}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if got, err := s.Records(t.Context(), 1); err != nil || len(got) != 1 {
		t.Errorf("%d records (%v)", len(got), err)
	}
}

func candidate(id string, minute int) learn.Candidate {
	return learn.Candidate{ID: id, At: noon.Add(time.Duration(minute) * time.Minute), State: learn.Passed, Changes: []learn.Change{{What: "rate", Fault: "f"}}}
}

func put(t *testing.T, s *learnsql.Store, list ...learn.Candidate) {
	t.Helper()
	for _, c := range list {
		if err := s.PutCandidate(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func candidates(t *testing.T, s *learnsql.Store) {
	put(t, s, candidate("a", 0), candidate("b", 1), candidate("c", 2))
	got, err := s.Candidates(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]learn.Candidate{candidate("c", 2), candidate("b", 1)}, got); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
}

func moves(t *testing.T, s *learnsql.Store) {
	put(t, s, candidate("a", 0))
	promoted := candidate("a", 0)
	promoted.State = learn.Promoted
	if err := s.MoveCandidate(t.Context(), promoted, learn.Passed); err != nil {
		t.Fatal(err)
	}
	if err := s.MoveCandidate(t.Context(), promoted, learn.Passed); !errors.Is(err, learn.ErrMove) {
		t.Errorf("moved twice: %v", err)
	}
	if c, err := s.Candidate(t.Context(), "a"); err != nil || c.State != learn.Promoted {
		t.Errorf("%+v (%v)", c, err)
	}
	put(t, s, candidate("b", 1))
	for state, want := range map[learn.CandidateState]string{learn.Promoted: "a", learn.Passed: "b"} {
		if list, err := s.InState(t.Context(), state); err != nil || len(list) != 1 || list[0].ID != want {
			t.Errorf("%s: %+v (%v)", state, list, err)
		}
	}
}

func unknown(t *testing.T, s *learnsql.Store) {
	if _, err := s.Candidate(t.Context(), "nobody"); !errors.Is(err, learn.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := s.MoveCandidate(t.Context(), candidate("nobody", 0), learn.Passed); !errors.Is(err, learn.ErrMove) {
		t.Errorf("got %v", err)
	}
}

func trials(t *testing.T, s *learnsql.Store) {
	trial := func(candidate, id string, minute int) learn.Trial {
		return learn.Trial{Candidate: candidate, Case: id, At: noon.Add(time.Duration(minute) * time.Minute), Truth: "f",
			Was: learn.Standing{Rank: 2, P: 0.2, Leads: "g", LeadsP: 0.5}, Is: learn.Standing{Rank: 1, P: 0.5, Leads: "f", LeadsP: 0.5}}
	}
	again := trial("a", "one", 9)
	again.Truth = "other"
	for _, x := range []learn.Trial{trial("a", "one", 0), again, trial("b", "one", 1), trial("a", "two", 2)} {
		if err := s.PutTrial(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Trials(t.Context(), "a", 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]learn.Trial{trial("a", "two", 2), trial("a", "one", 0)}, got); diff != "" {
		t.Errorf("trials (-want +got):\n%s", diff)
	}
}

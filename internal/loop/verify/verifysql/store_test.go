package verifysql_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/loop/verify"
	"github.com/posmedic/posmedic/internal/loop/verify/verifysql"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func watch(attempt string, since time.Duration) verify.Watch {
	return verify.Watch{Case: "case-1", Terminal: "t-1", Attempt: attempt, Since: noon.Add(since)}
}

type store struct {
	*verifysql.Store
	db *sqldb.DB
}

func (s store) start(t *testing.T, w verify.Watch, want bool) {
	t.Helper()
	if waits, err := s.Start(t.Context(), w); err != nil || waits != want {
		t.Fatalf("start %+v: waits %v (%v)", w, waits, err)
	}
}

func (s store) end(t *testing.T, w verify.Watch, want bool) {
	t.Helper()
	ended, err := s.End(t.Context(), w, verify.Refuted, verify.Proof{SaleRRN: "7"}, noon)
	if err != nil || ended != want {
		t.Fatalf("end %+v: ended %v (%v)", w, ended, err)
	}
}

func (s store) wants(t *testing.T, want ...verify.Watch) {
	t.Helper()
	got, err := s.Waiting(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, store){
		"a case waits for one proof at a time":              oneACase,
		"a watch ends once and tells of it":                 endsOnce,
		"a watch that has ended is not begun again":         notAgain,
		"an older repair does not replace a newer one":      notOlder,
		"a watch that no repair began may begin again":      recovery,
		"a watch that is dropped tells nobody":              drop,
		"the first sale is kept until the next watch":       sold,
		"waiting watches come in pages, by case":            pages,
		"the end of a watch that was replaced changes none": replaced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { f(t, store{verifysql.New(db), db}) })
		})
	}
}

func oneACase(t *testing.T, s store) {
	s.start(t, watch("a", 0), true)
	s.start(t, watch("b", time.Minute), true)
	s.wants(t, watch("b", time.Minute))
	got, waiting, err := s.Of(t.Context(), "case-1")
	if err != nil || !waiting || got != watch("b", time.Minute) {
		t.Errorf("%+v, %v, %v", got, waiting, err)
	}
	if _, waiting, err := s.Of(t.Context(), "case-2"); err != nil || waiting {
		t.Errorf("a case without a watch: %v, %v", waiting, err)
	}
}

func endsOnce(t *testing.T, s store) {
	s.start(t, watch("a", 0), true)
	s.end(t, watch("a", 0), true)
	s.end(t, watch("a", 0), false)
	s.wants(t)
	sent := outboxtest.Waiting(t, s.db)
	if len(sent) != 1 || sent[0].Kind != verify.OutcomeEvent || sent[0].Case != "case-1" || sent[0].Terminal != "t-1" {
		t.Fatalf("sent %+v", sent)
	}
	var e verify.Ended
	if err := sent[0].Into(&e); err != nil || e.Result != verify.Refuted || e.Attempt != "a" || e.Proof.SaleRRN != "7" {
		t.Errorf("told %+v (%v)", e, err)
	}
}

func notAgain(t *testing.T, s store) {
	s.start(t, watch("a", 0), true)
	s.start(t, watch("a", 0), true) // the event came twice: it still waits
	s.end(t, watch("a", 0), true)
	s.start(t, watch("a", 0), false)
	s.wants(t)
	s.start(t, watch("b", time.Minute), true)
	s.wants(t, watch("b", time.Minute))
}

func notOlder(t *testing.T, s store) {
	s.start(t, watch("b", time.Minute), true)
	s.start(t, watch("a", 0), false)
	s.wants(t, watch("b", time.Minute))
}

func recovery(t *testing.T, s store) {
	s.start(t, watch("a", time.Minute), true)
	s.end(t, watch("a", time.Minute), true)
	s.start(t, watch("", 0), true)
	s.wants(t, watch("", 0))
}

func drop(t *testing.T, s store) {
	s.start(t, watch("", 0), true)
	for range 2 {
		if err := s.Drop(t.Context(), "case-1"); err != nil {
			t.Fatal(err)
		}
	}
	s.wants(t)
	s.end(t, watch("", 0), false)
	if sent := outboxtest.Waiting(t, s.db); len(sent) != 0 {
		t.Errorf("told %+v", sent)
	}
	s.start(t, watch("", 0), true)
}

func sold(t *testing.T, s store) {
	w := watch("a", 0)
	s.start(t, w, true)
	w.SoldAt = noon.Add(time.Second)
	if err := s.Sold(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	s.start(t, watch("a", 0), true) // the event came twice
	s.wants(t, w)
	s.start(t, watch("b", time.Minute), true)
	if err := s.Sold(t.Context(), w); err != nil { // of a watch that is no more
		t.Fatal(err)
	}
	s.wants(t, watch("b", time.Minute))
}

func pages(t *testing.T, s store) {
	var all []verify.Watch
	for _, id := range []string{"case-1", "case-2", "case-3"} {
		w := watch("a", 0)
		w.Case = id
		s.start(t, w, true)
		all = append(all, w)
	}
	first, err := s.Waiting(t.Context(), "", 2)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := s.Waiting(t.Context(), first[len(first)-1].Case, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, append(first, rest...)); diff != "" || len(first) != 2 {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func replaced(t *testing.T, s store) {
	s.start(t, watch("a", 0), true)
	s.start(t, watch("b", time.Minute), true)
	s.end(t, watch("a", 0), false)
	s.wants(t, watch("b", time.Minute))
}

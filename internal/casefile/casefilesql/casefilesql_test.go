package casefilesql_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/casefile/casefiletest"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/platform/outbox/outboxtest"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

func TestStoreOnSQLite(t *testing.T) {
	t.Parallel()
	casefiletest.Run(t, func(t *testing.T) casefiletest.World { return world(sqldbtest.SQLite(t)) })
}

func TestStoreOnPostgres(t *testing.T) {
	t.Parallel()
	casefiletest.Run(t, func(t *testing.T) casefiletest.World { return world(sqldbtest.Postgres(t)) })
}

func world(db *sqldb.DB) casefiletest.World {
	return casefiletest.World{
		Store:  casefilesql.New(db),
		Events: func(t *testing.T) []event.Event { return outboxtest.Waiting(t, db) },
	}
}

func TestListPagesNewestFirst(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := casefilesql.New(db)
		const n = 7
		var ids []string
		for i := range n {
			at := time.Unix(int64(1000+i/2), 0) // some at the same time
			c, _, err := s.Open(t.Context(), fmt.Sprint("t", i), "silence", at)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, c.ID)
		}
		e := casefile.Entry{At: time.Unix(2000, 0), Kind: "closed", By: "system", Text: lang.Text{ZH: "完", EN: "done"}}
		if err := s.Close(t.Context(), ids[0], casefile.Unclear, e); err != nil {
			t.Fatal(err)
		}
		seen, cursor, pages := map[string]bool{}, "", 0
		newest := time.Unix(9999, 0)
		for {
			page, next, err := s.List(t.Context(), casefilesql.Filter{Open: true}, cursor, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				if seen[c.ID] || c.OpenedAt.After(newest) || !c.Open() {
					t.Fatalf("page %d: %+v", pages, c)
				}
				seen[c.ID], newest = true, c.OpenedAt
			}
			if pages++; next == "" {
				break
			}
			cursor = next
		}
		if len(seen) != n-1 || pages != 3 {
			t.Fatalf("%d cases on %d pages", len(seen), pages)
		}
		all, err := s.OpenOfAll(t.Context(), []string{"t0", "t1", "t6", "none"})
		if err != nil || len(all) != 2 || all["t1"].ID != ids[1] {
			t.Fatalf("%v, %v; want the open ones of t1 and t6", all, err)
		}
		closed, _, err := s.List(t.Context(), casefilesql.Filter{State: casefile.Closed, Terminal: "t0"}, "", 0)
		if err != nil || len(closed) != 1 || closed[0].ID != ids[0] {
			t.Fatalf("%v, %v", closed, err)
		}
		if _, _, err := s.List(t.Context(), casefilesql.Filter{}, "nonsense", 1); !errors.Is(err, casefile.ErrInvalid) {
			t.Fatalf("a broken cursor: %v", err)
		}
	})
}

func TestACallersEventStandsAndFallsWithTheChange(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := casefilesql.New(db)
		write := func(ctx context.Context, end error) error {
			return s.Write(ctx, func(w *casefilesql.Writer) error {
				if _, _, err := w.Open("t1", "silence", time.Unix(1, 0)); err != nil {
					return err
				}
				w.Publish(event.New("other.happened", time.Unix(1, 0), "t1", "", nil))
				return end
			})
		}
		if err := write(t.Context(), errors.New("no")); err == nil || len(outboxtest.Waiting(t, db)) != 0 {
			t.Fatal("something was sent")
		}
		if err := write(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := outboxtest.Waiting(t, db); len(got) != 2 || got[1].Kind != "other.happened" {
			t.Fatalf("%v", got)
		}
	})
}

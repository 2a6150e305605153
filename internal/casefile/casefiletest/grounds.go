package casefiletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/posmedic/posmedic/internal/casefile"
)

func ground(caseID string, n int) casefile.Grounds {
	return casefile.Grounds{
		Case: caseID, At: start, PackHash: "hash", Engine: 3,
		Basis: json.RawMessage(fmt.Sprintf(`{"asked":%d}`, n)), Answer: json.RawMessage(fmt.Sprintf(`{"said":%d}`, n)),
	}
}

func grounds(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	if list, err := w.Store.Grounds(t.Context(), c.ID); err != nil || len(list) != 0 {
		t.Fatalf("a new case has grounds: %v, %v", list, err)
	}
	if _, err := w.Store.GroundsAt(t.Context(), c.ID, 0); !errors.Is(err, casefile.ErrNoGrounds) {
		t.Errorf("without grounds: %v", err)
	}
	var wg sync.WaitGroup
	for i := range 5 { // two servers may think at once
		wg.Go(func() {
			if err := w.Store.Diagnosed(t.Context(), ground(c.ID, i), line("", "diagnosed")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := w.Store.Grounds(t.Context(), c.ID)
	if err != nil || len(list) != 5 {
		t.Fatalf("%d grounds, %v", len(list), err)
	}
	for i, g := range list {
		if g.Seq != int64(i+1) || g.Case != c.ID || g.PackHash != "hash" || g.Engine != 3 || !g.At.Equal(start) ||
			strings.TrimPrefix(string(g.Basis), `{"asked"`) != strings.TrimPrefix(string(g.Answer), `{"said"`) {
			t.Errorf("grounds %d: %+v", i, g)
		}
	}
	newest, err := w.Store.GroundsAt(t.Context(), c.ID, 0)
	if now, _ := w.Store.Get(t.Context(), c.ID); err != nil || newest.Seq != 5 || string(now.Diagnosis) != string(newest.Answer) || now.PackHash != "hash" {
		t.Errorf("newest %+v (%v), the case says %s", newest, err, now.Diagnosis)
	}
	if second, err := w.Store.GroundsAt(t.Context(), c.ID, 2); err != nil || second.Seq != 2 {
		t.Errorf("the second: %+v, %v", second, err)
	}
	if _, err := w.Store.GroundsAt(t.Context(), c.ID, 6); !errors.Is(err, casefile.ErrNoGrounds) {
		t.Errorf("one that was never made: %v", err)
	}
	must(t, w.Store.Close(t.Context(), c.ID, casefile.Unclear, line("", "closed")))
	if err := w.Store.Diagnosed(t.Context(), ground(c.ID, 9), line("", "diagnosed")); !errors.Is(err, casefile.ErrMove) {
		t.Errorf("a closed case takes a diagnosis: %v", err)
	}
	if list, _ := w.Store.Grounds(t.Context(), c.ID); len(list) != 5 {
		t.Errorf("%d grounds after a refused one", len(list))
	}
}

func manyGrounds(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	const n = casefile.MaxGrounds + 5
	for i := range n {
		must(t, w.Store.Diagnosed(t.Context(), ground(c.ID, i), line("", "diagnosed")))
	}
	list, err := w.Store.Grounds(t.Context(), c.ID)
	if err != nil || len(list) != casefile.MaxGrounds {
		t.Fatalf("%d grounds, %v", len(list), err)
	}
	if list[0].Seq != 1 || list[1].Seq != n-casefile.MaxGrounds+2 || list[len(list)-1].Seq != n {
		t.Errorf("kept: %d, %d … %d", list[0].Seq, list[1].Seq, list[len(list)-1].Seq)
	}
}

func unkeepable(t *testing.T, w World) {
	c := open(t, w.Store, "t1")
	large := ground(c.ID, 1)
	large.Basis = json.RawMessage(`"` + strings.Repeat("x", casefile.MaxBasis) + `"`)
	unmarked := ground(c.ID, 2)
	unmarked.Engine = 0
	for _, g := range []casefile.Grounds{large, unmarked} {
		must(t, w.Store.Diagnosed(t.Context(), g, line("", "diagnosed")))
		if now, err := w.Store.Get(t.Context(), c.ID); err != nil || string(now.Diagnosis) != string(g.Answer) {
			t.Errorf("diagnosed %s, %v", now.Diagnosis, err)
		}
	}
	if list, err := w.Store.Grounds(t.Context(), c.ID); err != nil || len(list) != 0 {
		t.Errorf("kept: %+v, %v", list, err)
	}
}

package casefile

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

func TestEveryStateIsReachableAndCanEnd(t *testing.T) {
	t.Parallel()
	reach := func(from State) map[State]bool {
		seen, todo := map[State]bool{from: true}, []State{from}
		for len(todo) > 0 {
			next := moves[todo[0]]
			todo = todo[1:]
			for _, s := range next {
				if !seen[s] {
					seen[s], todo = true, append(todo, s)
				}
			}
		}
		return seen
	}
	fromStart := reach(Diagnosing)
	for s := range moves {
		if !fromStart[s] {
			t.Errorf("%s cannot be reached", s)
		}
		if !reach(s)[Closed] {
			t.Errorf("%s never ends", s)
		}
	}
}

func TestUnlistedMovesAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	refused := [][2]State{
		{Diagnosing, Diagnosing}, {Verifying, Repairing}, {Verifying, Verifying},
		{Closed, Diagnosing}, {Closed, Repairing}, {Closed, Verifying}, {Closed, HandedOver}, {Closed, Closed},
		{Repairing, Closed}, {Diagnosing, "invented"}, {"invented", Diagnosing}, // Closed only by Close
	}
	for _, m := range refused {
		c := Case{State: m[0]}
		if err := c.Move(m[1]); !errors.Is(err, ErrMove) || c.State != m[0] {
			t.Errorf("%s → %s: %v, now %s; want ErrMove and no change", m[0], m[1], err, c.State)
		}
	}
}

func TestReopenCounts(t *testing.T) {
	t.Parallel()
	c := Case{State: Verifying}
	if err := c.Reopen(); err != nil || c.State != Diagnosing || c.Reopened != 1 {
		t.Fatalf("%v, %+v", err, c)
	}
	if err := c.Reopen(); !errors.Is(err, ErrMove) || c.Reopened != 1 {
		t.Fatalf("reopened twice: %v, %+v", err, c)
	}
}

func TestCloseNeedsAnOutcomeAndHappensOnce(t *testing.T) {
	t.Parallel()
	at := time.Unix(1, 0)
	c := Case{State: Repairing}
	if err := c.Close("fixed", at); !errors.Is(err, ErrInvalid) || !c.Open() {
		t.Fatalf("an invented outcome: %v, %+v", err, c)
	}
	if err := c.Close(Confirmed, at); err != nil || c.Open() || !c.ClosedAt.Equal(at) {
		t.Fatalf("%v, %+v", err, c)
	}
	if err := c.Close(Unclear, at); !errors.Is(err, ErrMove) || c.Outcome != Confirmed {
		t.Fatalf("closed twice: %v, %+v", err, c)
	}
	if err := c.SetDiagnosis(json.RawMessage(`{}`), ""); !errors.Is(err, ErrMove) {
		t.Fatalf("diagnosed after the end: %v", err)
	}
}

func TestEntriesAreChecked(t *testing.T) {
	t.Parallel()
	good := Entry{At: time.Unix(1, 0), Kind: "note", By: "system", Text: lang.Text{ZH: "好", EN: "good"}, Data: json.RawMessage(`{"a":1}`)}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	bad := map[string]func(*Entry){
		"no kind":       func(e *Entry) { e.Kind = "" },
		"nobody":        func(e *Entry) { e.By = "" },
		"no time":       func(e *Entry) { e.At = time.Time{} },
		"no text":       func(e *Entry) { e.Text = lang.Text{} },
		"long text":     func(e *Entry) { e.Text.EN = strings.Repeat("x", MaxText+1) },
		"long name":     func(e *Entry) { e.By = strings.Repeat("x", maxWord+1) },
		"broken data":   func(e *Entry) { e.Data = json.RawMessage(`{`) },
		"too much data": func(e *Entry) { e.Data = json.RawMessage(`"` + strings.Repeat("x", MaxData) + `"`) },
	}
	for name, spoil := range bad {
		e := good
		spoil(&e)
		if err := e.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v; want ErrInvalid", name, err)
		}
	}
}

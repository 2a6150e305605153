package loop

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/observe"
)

// TestAPlayedCaseReplaysToTheBit plays a case whose first repair does not help, and makes all its diagnoses again.
func TestAPlayedCaseReplaysToTheBit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	restart := w.hangs()
	w.done(restart)
	w.pass(time.Second)
	w.now = w.now.Add(time.Minute)
	w.hung() // it still does
	w.answers(observe.Sale, "96")
	w.pass(time.Second)
	archive := stage.Archive{Cases: w.cases, Packs: knowledgesql.New(w.db).Kept}
	r, err := archive.Replay(t.Context(), w.theCase().ID, 0)
	w.must(err)
	if len(r.Steps) < 2 || r.Missing != 0 {
		t.Fatalf("%d steps, %d missing", len(r.Steps), r.Missing)
	}
	for _, s := range r.Steps {
		if s.Same != stage.Same {
			t.Errorf("step %d: %s, %+v", s.Seq, s.Same, s.Differences)
		}
	}
}

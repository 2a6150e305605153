package stage_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
)

// played is a world in which a case was diagnosed three times: on what was seen, on an answer, after a repair.
func played(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, db, e)
	// A clock of the machine: with a reading that is not written down, a zone, and nanoseconds.
	w.now = time.Now().In(time.FixedZone("CST", 8*60*60))
	w.hangs()
	w.stops(t)
	w.know("paper_present", "no", finding.Merchant)
	w.evidence.Findings[2].Confidence = 0.7
	w.evidence.Findings[2].Detail = "没纸了 <b>& \u2028\xff 4111 1111 1111 1111"
	w.hears(t)
	w.history = stage.History{Tried: []diagnose.Attempt{{Step: "restart_app", At: w.now}}, Unknown: []string{"network_check"}}
	w.now = w.now.Add(time.Minute)
	w.hangs()
	w.hears(t)
	return w
}

func (w *world) archive() stage.Archive { return stage.Archive{Cases: w.cases, Packs: w.packs.Kept} }

func (w *world) replay(t *testing.T, a stage.Archive, seq int64) stage.Replay {
	t.Helper()
	c, _ := w.open(t)
	r, err := a.Replay(t.Context(), c.ID, seq)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestACaseReplaysToTheBit(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := played(t, db)
		r := w.replay(t, w.archive(), 0)
		if len(r.Steps) != 3 || r.Made != 3 || r.Missing != 0 || !r.Faithful() || r.Engine != diagnose.Revision {
			t.Fatalf("%+v", r)
		}
		_, d := w.open(t)
		for i, s := range r.Steps {
			if s.Same != stage.Same || s.Why != nil || s.Seq != int64(i+1) || s.Pack != d.Pack || s.Leading == nil {
				t.Errorf("step %+v", s)
			}
		}
		if last := r.Steps[2]; last.Leading.Fault != d.Ranked[0].Fault || !last.At.Equal(d.At.Truncate(time.Millisecond)) || last.Verdict != string(d.Verdict) {
			t.Errorf("the last step is %+v, the case says %+v", last, d)
		}
		if one := w.replay(t, w.archive(), 2); len(one.Steps) != 1 || one.Steps[0].Seq != 2 || one.Missing != 0 {
			t.Errorf("the second alone: %+v", one)
		}
		c, _ := w.open(t)
		if _, err := w.archive().Replay(t.Context(), c.ID, 9); !errors.Is(err, casefile.ErrNoGrounds) {
			t.Errorf("a step that was never made: %v", err)
		}
		if _, err := w.archive().Replay(t.Context(), "none", 0); !errors.Is(err, casefile.ErrNotFound) {
			t.Errorf("a case that is not there: %v", err)
		}
	})
}

func TestNoCardDataIsKept(t *testing.T) {
	t.Parallel()
	w := played(t, sqldbtest.SQLite(t))
	c, _ := w.open(t)
	list, err := w.cases.Grounds(t.Context(), c.ID)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, g := range list {
		if text := string(g.Basis) + string(g.Answer); strings.Contains(text, "1111") {
			t.Errorf("diagnosis %d keeps a card number: %s", g.Seq, text)
		}
	}
	if !strings.Contains(string(list[1].Basis), "没纸了") {
		t.Error("the words around it are gone")
	}
}

// alter changes what was kept of the newest diagnosis, behind everybody's back.
func (w *world) alter(t *testing.T, change func(*casefile.Grounds)) {
	t.Helper()
	c, _ := w.open(t)
	g, err := w.cases.GroundsAt(t.Context(), c.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	change(&g)
	entry := casefile.Entry{At: w.now, Kind: "diagnosed", By: "system", Text: lang.Text{ZH: "改", EN: "altered"}}
	if err := w.cases.Diagnosed(t.Context(), g, entry); err != nil {
		t.Fatal(err)
	}
}

func replaced(t *testing.T, raw json.RawMessage, old, by string) json.RawMessage {
	t.Helper()
	out := strings.ReplaceAll(string(raw), old, by)
	if out == string(raw) {
		t.Fatalf("%s is not in %s", old, raw)
	}
	return json.RawMessage(out)
}

func TestAReplayThatDiffersSaysWhereAndWhy(t *testing.T) {
	t.Parallel()
	newest := func(t *testing.T, w *world) stage.Replayed {
		t.Helper()
		r := w.replay(t, w.archive(), 0)
		if r.Faithful() && r.Steps[3].Same != stage.Rounded {
			t.Error("the whole is called faithful")
		}
		return r.Steps[3]
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, g *casefile.Grounds)
		same   stage.Sameness
		path   string
		why    string
	}{
		"an altered answer": {func(t *testing.T, g *casefile.Grounds) {
			g.Answer = replaced(t, g.Answer, `"verdict":"`, `"verdict":"x`)
		}, stage.Differs, "verdict", "altered"},
		"another evidence": {func(t *testing.T, g *casefile.Grounds) {
			g.Basis = replaced(t, g.Basis, `"frozen_picture"`, `"normal"`)
		}, stage.Differs, "ranked[0].p", "altered"},
		"another revision of the engine": {func(t *testing.T, g *casefile.Grounds) {
			g.Engine = diagnose.Revision + 1
			g.Answer = replaced(t, g.Answer, `"verdict":"`, `"verdict":"x`)
		}, stage.Differs, "verdict", "another revision"},
		"another processor": {func(t *testing.T, g *casefile.Grounds) {
			var d diagnose.Diagnosis
			if err := json.Unmarshal(g.Answer, &d); err != nil {
				t.Fatal(err)
			}
			d.Ranked[0].P *= 1 + 1e-13
			g.Answer, _ = json.Marshal(d)
		}, stage.Rounded, "ranked[0].p", "rounding"},
		"what is no basis": {func(_ *testing.T, g *casefile.Grounds) {
			g.Basis = json.RawMessage(`[]`)
		}, stage.Impossible, "", "cannot be read"},
		"a pack that is nowhere": {func(t *testing.T, g *casefile.Grounds) {
			g.Basis = replaced(t, g.Basis, g.PackHash, "00")
		}, stage.Impossible, "", "no such revision"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := played(t, sqldbtest.SQLite(t))
			w.alter(t, func(g *casefile.Grounds) { c.change(t, g) })
			s := newest(t, w)
			if s.Same != c.same || s.Why == nil || !strings.Contains(s.Why.EN, c.why) || s.Why.ZH == "" {
				t.Fatalf("%+v, why %+v", s, s.Why)
			}
			found := c.path == ""
			for _, d := range s.Differences {
				found = found || d.Path == c.path
			}
			if !found || len(s.Differences) > 50 {
				t.Errorf("differences %+v", s.Differences)
			}
		})
	}
}

func TestAnOldCaseIsSaidToBeOld(t *testing.T) {
	t.Parallel()
	w := played(t, sqldbtest.SQLite(t))
	c, _ := w.open(t)
	entry := casefile.Entry{At: w.now, Kind: "diagnosed", By: "system", Text: lang.Text{ZH: "旧", EN: "old"}}
	if err := w.cases.SetDiagnosis(t.Context(), c.ID, c.Diagnosis, c.PackHash, w.now, entry); err != nil {
		t.Fatal(err)
	}
	if r := w.replay(t, w.archive(), 0); r.Made != 4 || r.Missing != 1 || len(r.Steps) != 3 {
		t.Errorf("%+v", r)
	}
	other, _, err := w.cases.Open(t.Context(), "t-2", "person", w.now)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.archive().Replay(t.Context(), other.ID, 0); err != nil || r.Faithful() || len(r.Steps) != 0 || r.Steps == nil {
		t.Errorf("a case without diagnoses: %+v, %v", r, err)
	}
}

func TestAReplayEndsWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	w := played(t, sqldbtest.SQLite(t))
	c, _ := w.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.archive().Replay(ctx, c.ID, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestTheEngineAtHandIsUsedOnlyWhenItIsTheRightOne(t *testing.T) {
	t.Parallel()
	w := played(t, sqldbtest.SQLite(t))
	right, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	other := diagnose.New(right.Pack(), diagnose.Policy{Act: 0.99})
	for name, e := range map[string]*diagnose.Engine{"right": right, "other": other} {
		a := w.archive()
		a.Engine = func() *diagnose.Engine { return e }
		if r := w.replay(t, a, 0); !r.Faithful() || r.Steps[0].Same != stage.Same {
			t.Errorf("with the %s one: %+v", name, r)
		}
	}
	a := w.archive()
	a.Engine, a.Packs = func() *diagnose.Engine { return right }, nil // nothing is read
	w.replay(t, a, 0)
}

func TestAReplayChangesNothing(t *testing.T) {
	t.Parallel()
	w := played(t, sqldbtest.SQLite(t))
	before, _ := w.open(t)
	w.replay(t, w.archive(), 0)
	if after, _ := w.open(t); after.Revision != before.Revision {
		t.Errorf("revision %d became %d", before.Revision, after.Revision)
	}
}

func TestAPackThatCannotBeKeptStillDiagnoses(t *testing.T) {
	t.Parallel()
	core, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	lies := *core.Pack()
	lies.Ref.Hash = "00"
	w := newWorldOn(t, sqldbtest.SQLite(t), diagnose.New(&lies, diagnose.Policy{}))
	w.hangs()
	w.stops(t)
	if _, d := w.open(t); len(d.Ranked) == 0 {
		t.Errorf("%+v", d)
	}
	if r := w.replay(t, w.archive(), 0); r.Made != 1 || r.Missing != 1 || r.Faithful() {
		t.Errorf("%+v", r)
	}
}

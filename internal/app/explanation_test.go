package app_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/console"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

func TestACaseIsExplainedAndReplayedWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.setUp(t)
	a := w.agent(t, "10000001")
	caseID := w.openCase(t, a.terminal, "收款应用卡死了，屏幕一直不动")
	path := "/api/v1/cases/" + caseID + "/explanation"
	explain := func(t *testing.T, query string) console.ExplanationView {
		t.Helper()
		var view console.ExplanationView
		status, answer := w.call(t, http.MethodGet, path+query, nil)
		if err := json.Unmarshal(answer, &view); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s %v", status, answer, err)
		}
		return view
	}
	t.Run("each reader gets his part", func(t *testing.T) {
		all := explain(t, "")
		if all.Case != caseID || all.Seq < 1 || all.Same != stage.Same || all.Merchant == nil || all.Agent == nil || all.Technician == nil {
			t.Fatalf("%+v", all)
		}
		if all.Merchant.Sentence.ZH == "" || all.Merchant.Do.EN == "" || all.Agent.Leading == nil || all.Technician.Record == nil && all.Agent.Next.Kind == "do" {
			t.Errorf("%+v", all)
		}
		for _, one := range []string{"merchant", "agent", "technician"} {
			view := explain(t, "?for="+one)
			if (view.Merchant != nil) != (one == "merchant") || (view.Agent != nil) != (one == "agent") || (view.Technician != nil) != (one == "technician") {
				t.Errorf("for %s: %+v", one, view)
			}
		}
		if first := explain(t, "?at=1"); first.Seq != 1 {
			t.Errorf("the first is number %d", first.Seq)
		}
	})
	t.Run("what is not there is refused", func(t *testing.T) {
		status, answer := w.call(t, http.MethodGet, path+"?at=99", nil)
		refused(t, "a diagnosis that was never made", status, answer, http.StatusNotFound, "casefile.no_grounds")
		status, answer = w.call(t, http.MethodGet, "/api/v1/cases/none/explanation", nil)
		refused(t, "no such case", status, answer, http.StatusNotFound, "casefile.not_found")
		if status, answer := w.call(t, http.MethodGet, path+"?for=everybody", nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%d %s", status, answer)
		}
		status, answer = w.send(t, stranger(t), http.MethodGet, path, "", nil)
		refused(t, "nobody", status, answer, http.StatusUnauthorized, "access.signed_out")
		if status, answer := w.send(t, w.person(t, access.Viewer), http.MethodGet, path, "", nil); status != http.StatusOK {
			t.Errorf("who may see the case: %d %s", status, answer)
		}
	})
	t.Run("the command line reads the same database", func(t *testing.T) {
		cfg := app.DefaultConfig()
		cfg.Dir = w.dir
		archive, err := app.OpenArchive(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		r, err := archive.Replay(t.Context(), caseID, 0)
		if err != nil || !r.Faithful() || r.Missing != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		for _, s := range r.Steps {
			if s.Same != stage.Same {
				t.Errorf("%+v", s)
			}
		}
		if x, err := archive.Explain(t.Context(), caseID, 1); err != nil || x.Same != stage.Same || !strings.Contains(x.Explanation.Text("agent", "zh"), "下一步") {
			t.Errorf("%+v, %v", x, err)
		}
		if _, err := archive.Explain(t.Context(), "none", 0); !errors.Is(err, casefile.ErrNotFound) {
			t.Errorf("no such case: %v", err)
		}
	})
}

func TestAnArchiveOfAnOlderProgramSaysSo(t *testing.T) {
	t.Parallel()
	cfg := app.DefaultConfig()
	cfg.Dir = t.TempDir()
	if _, err := app.OpenArchive(t.Context(), cfg); !errors.Is(err, app.ErrNoServer) {
		t.Errorf("an empty folder: %v", err)
	}
	db, err := sqldb.Open(t.Context(), filepath.Join(cfg.Dir, "posmedic.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // without any table
		t.Fatal(err)
	}
	archive, err := app.OpenArchive(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if _, err := archive.Replay(t.Context(), "case_1", 0); !errors.Is(err, app.ErrOldDatabase) {
		t.Errorf("replay: %v", err)
	}
	if _, err := archive.Explain(t.Context(), "case_1", 0); !errors.Is(err, app.ErrOldDatabase) {
		t.Errorf("explain: %v", err)
	}
}

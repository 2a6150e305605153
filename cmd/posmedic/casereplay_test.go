package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/platform/sqldb/sqldbtest"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// diagnosed writes a case that was diagnosed once into a server's database, as the loop does, and gives its id.
func diagnosed(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := sqldb.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	core, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	now, cases := time.Now(), casefilesql.New(db)
	engine := diagnose.New(core, diagnose.Policy{})
	s := stage.New(stage.Deps{
		Cases: cases, Engine: func() *diagnose.Engine { return engine }, Keep: knowledgesql.New(db).Keep, Now: time.Now,
		Evidence: func(context.Context, string) (observe.Evidence, error) {
			return observe.Evidence{State: observe.State{Terminal: "t", StoppedSince: now, Adverse: now, AdverseAt: now, StoppedBy: observe.ByFindings},
				Findings: []finding.Finding{{Variable: "app_state", State: "hung", At: now, Source: finding.Probe}, {Variable: "main_symptom", State: "frozen", At: now, Source: finding.Merchant}}}, nil
		},
		History: func(context.Context, string) (stage.History, error) { return stage.History{}, nil },
		Audience: func(context.Context, string, observe.Evidence) diagnose.Audience {
			return diagnose.Audience{Merchant: true, Remote: true}
		},
	})
	stopped := observe.Stopped{Terminal: "t", Since: now, By: observe.ByFindings}
	if err := s.OnStopped(t.Context(), event.New(observe.StoppedEvent, now, "t", "", stopped)); err != nil {
		t.Fatal(err)
	}
	c, _, err := cases.OpenOf(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func TestCaseReplay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "posmedic.db")
	postgres := sqldbtest.PostgresDSN(t)
	for name, data := range map[string]struct {
		dsn  string
		args []string
	}{
		"on SQLite": {file, []string{"--data", dir}}, "on PostgreSQL": {postgres, []string{"--store", postgres}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := diagnosed(t, data.dsn)
			run := func(want int, args ...string) played {
				t.Helper()
				p := play(t, world{}, append(append([]string{"case"}, args...), data.args...)...)
				if p.code != want {
					t.Fatalf("%q ended with %d\n%s%s", args, p.code, p.out, p.err)
				}
				return p
			}
			if p := run(exitOK, "replay", id); !strings.Contains(p.out, "  same  ") || lines(p.out) != 2 || p.err != "" {
				t.Errorf("%s%s", p.out, p.err)
			}
			var replay stage.Replay
			if p := run(exitOK, "replay", id, "--json", "--at", "1"); json.Unmarshal([]byte(p.out), &replay) != nil || !replay.Faithful() || lines(p.out) != 1 {
				t.Errorf("%s", p.out)
			}
			run(exitError, "replay", id, "--at", "7")
			run(exitError, "replay", "none")
			for reader, words := range map[string]string{"merchant": "→ ", "agent": "Next: ", "technician": "Weights of evidence"} {
				if p := run(exitOK, "explain", id, "--for", reader); !strings.Contains(p.out, words) || p.err != "" {
					t.Errorf("%s is told\n%s%s", reader, p.out, p.err)
				}
			}
			if p := run(exitOK, "explain", id, "--lang", "zh"); !strings.Contains(p.out, "下一步") {
				t.Errorf("%s", p.out)
			}
			var x stage.Explained
			if p := run(exitOK, "explain", id, "--json"); json.Unmarshal([]byte(p.out), &x) != nil || x.Explanation.Technician.Leading == nil {
				t.Errorf("%s", p.out)
			}
			run(exitUsage, "explain", id, "--for", "everybody")
			alter(t, data.dsn, id)
			if p := run(exitError, "replay", id); !strings.Contains(p.out, "differs") || !strings.Contains(p.out, "verdict: ") || !strings.Contains(p.out, "Of 3 diagnoses, 1") {
				t.Errorf("%s", p.out)
			}
			if p := run(exitOK, "explain", id); !strings.Contains(p.err, "gave another answer then") {
				t.Errorf("%s", p.err)
			}
		})
	}
	t.Run("without data it says whose", func(t *testing.T) {
		t.Parallel()
		if p := play(t, world{}, "case", "replay", "x", "--data", "typo"); p.code != exitUsage || !strings.Contains(p.err, "posmedic serve") {
			t.Errorf("%d %s", p.code, p.err)
		}
	})
}

// alter writes an answer that the engine would never give, and a diagnosis of an older program.
func alter(t *testing.T, dsn, id string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	cases := casefilesql.New(db)
	g, err := cases.GroundsAt(t.Context(), id, 0)
	if err != nil {
		t.Fatal(err)
	}
	entry := casefile.Entry{Case: id, At: time.Now(), Kind: "diagnosed", By: "system", Text: lang.Text{ZH: "改", EN: "altered"}}
	if err := cases.SetDiagnosis(t.Context(), id, g.Answer, g.PackHash, g.At, entry); err != nil {
		t.Fatal(err)
	}
	g.Answer = json.RawMessage(strings.Replace(string(g.Answer), `"verdict":"`, `"verdict":"x`, 1))
	if err := cases.Diagnosed(t.Context(), g, entry); err != nil {
		t.Fatal(err)
	}
}

package app

import (
	"context"

	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Archive makes the diagnoses of a server's cases again, on its database alone: while the server runs or not, and also on a
// copy. It only reads.
type Archive struct {
	db      *sqldb.DB
	stage   stage.Archive
	learned *learnsql.Store
}

// ErrOldDatabase says that the program that wrote a database did not keep what diagnoses were made from.
var ErrOldDatabase = problem.New(problem.Config, "archive.old_database",
	lang.Text{ZH: "这个数据库来自旧版本程序，没有保存诊断依据", EN: "this database is of an older program, which did not keep what diagnoses were made from"}).
	WithHint(lang.Text{ZH: "用新版本的 posmedic serve 启动一次后，新的诊断就能重放", EN: "once a newer posmedic serve has run on it, new diagnoses can be made again"})

// OpenArchive opens the database of a server.
func OpenArchive(ctx context.Context, cfg Config) (*Archive, error) {
	cfg, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	if err := cfg.hasData(); err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, cfg.storePath())
	if err != nil {
		return nil, err
	}
	a := &Archive{db: db, learned: learnsql.New(db)}
	a.stage = stage.Archive{Cases: casefilesql.New(db), Packs: knowledgesql.New(db).Kept}
	return a, nil
}

// Replay makes the diagnoses of a case again: one, or all where seq is 0.
func (a *Archive) Replay(ctx context.Context, caseID string, seq int64) (stage.Replay, error) {
	r, err := a.stage.Replay(ctx, caseID, seq)
	return r, a.old(ctx, err)
}

// Explain explains one diagnosis of a case; 0 is the newest.
func (a *Archive) Explain(ctx context.Context, caseID string, seq int64) (stage.Explained, error) {
	record, err := trackRecord(ctx, a.learned)
	if err != nil {
		return stage.Explained{}, a.old(ctx, err)
	}
	e, err := a.stage.Explain(ctx, caseID, seq, record)
	return e, a.old(ctx, err)
}

// old turns a failure on tables that are not there yet into one that says so.
func (a *Archive) old(ctx context.Context, err error) error {
	if err == nil || problem.Of(err).Kind != problem.Internal {
		return err
	}
	if pending, unknown := sqldb.Pending(ctx, a.db); unknown != nil || !pending {
		return err
	}
	return ErrOldDatabase.Because(err)
}

// Close closes the database.
func (a *Archive) Close() error { return a.db.Close() }

// trackedRecords bounds how many proven cases are counted, newest first.
const trackedRecords = 5000

// trackRecord counts, in what closed cases taught, how often each step was tried against the fault that it turned out to be, and
// how often it was what helped.
func trackRecord(ctx context.Context, store *learnsql.Store) (diagnose.Record, error) {
	records, err := store.Records(ctx, trackedRecords)
	if err != nil {
		return nil, err
	}
	return counted(records), nil
}

func counted(records []learn.Record) diagnose.Record {
	type advice struct{ step, fault string }
	type count struct{ tried, helped int }
	counts := map[advice]count{}
	for _, r := range records {
		truth, seen := r.Truth(), map[string]bool{}
		for _, s := range r.Steps {
			c := counts[advice{s.ID, truth}]
			if !seen[s.ID] {
				c.tried++ // once a case, however often
			}
			if s.Helped {
				c.helped++
			}
			seen[s.ID], counts[advice{s.ID, truth}] = true, c
		}
	}
	return func(step, fault string) (tried, helped int) {
		if fault == "" {
			return 0, 0 // cases without a proven cause
		}
		c := counts[advice{step, fault}]
		return c.tried, c.helped
	}
}

// explain explains one diagnosis of a case to the console.
func (r *rooms) explain(ctx context.Context, caseID string, seq int64) (stage.Explained, error) {
	record, err := trackRecord(ctx, r.learned)
	if err != nil {
		return stage.Explained{}, err
	}
	archive := stage.Archive{Cases: r.cases, Packs: r.knowledge.ByHash, Engine: r.engine}
	return archive.Explain(ctx, caseID, seq, record)
}

package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/casefile/casefilesql"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/incident/incidentsql"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/knowledge/words"
	"github.com/posmedic/posmedic/internal/loop"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/diagnose/stage"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/observe/observesql"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/repair/repairsql"
	"github.com/posmedic/posmedic/internal/loop/verify"
	"github.com/posmedic/posmedic/internal/loop/verify/verifysql"
	"github.com/posmedic/posmedic/internal/platform/bus"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/internal/silence"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// mind is what follows from the pack in force, and changes with it as one.
type mind struct {
	engine *diagnose.Engine
	reader *words.Reader
	codes  map[string]bool // response codes of our set that speak of the terminal, not of the card
}

func newMind(p *pack.Pack, policy diagnose.Policy, codeSet string) *mind {
	m := &mind{engine: diagnose.New(p, policy), reader: words.NewReader(p), codes: map[string]bool{}}
	for _, c := range p.Codes {
		if c.Set == codeSet && c.Fault {
			m.codes[c.Code] = true
		}
	}
	return m
}

// rooms are all the rooms, joined. This file is the one place that knows every adapter.
type rooms struct {
	cfg   Config
	now   func() time.Time
	db    *sqldb.DB
	bus   *bus.Bus
	mind  atomic.Pointer[mind]
	nudge func(terminal string)

	fleet     *fleetsql.Store
	cases     *casefilesql.Store
	knowledge *knowledge.Room
	incidents *incident.Room
	observed  *observesql.Store
	learned   *learnsql.Store
	attempts  *repairsql.Store
	silence   *silence.Room
	stages    loop.Stages
}

// loadPack reads the knowledge this process starts with.
func loadPack(cfg Config) (*pack.Pack, error) {
	files := fs.FS(packs.Core())
	if cfg.Pack != "" {
		files = os.DirFS(cfg.Pack)
	}
	p, err := pack.Load(files)
	if mistakes, ok := errors.AsType[pack.Problems](err); ok && len(mistakes) > 0 {
		return nil, wrong("--pack", cfg.Pack+": "+mistakes[0].String(), "用 posmedic pack check 检查知识包", "check the pack with posmedic pack check", err)
	}
	return p, err
}

// build makes and joins the rooms. Nothing runs yet.
func build(ctx context.Context, cfg Config, db *sqldb.DB, b *bus.Bus, builtin *pack.Pack, nudge func(string)) (*rooms, error) {
	r := &rooms{
		cfg: cfg, now: time.Now, db: db, bus: b, nudge: nudge,
		fleet: fleetsql.New(db, time.Now), cases: casefilesql.New(db), observed: observesql.New(db), learned: learnsql.New(db),
		attempts: repairsql.New(db),
	}
	var err error
	r.knowledge, err = knowledge.Open(ctx, knowledgesql.New(db), builtin, func(p *pack.Pack) {
		r.mind.Store(newMind(p, cfg.Diagnose, cfg.CodeSet))
	})
	if err != nil {
		return nil, err
	}
	shared := incidentsql.New(db)
	r.incidents = incident.New(incident.Deps{
		Store: shared, Memory: shared, Members: (&everybody{rooms: r}).now, Now: r.now,
	}, cfg.Incident)
	r.silence = r.quiet(cfg.Silence)
	r.stages = loop.Stages{Incident: r.incidents}
	r.stages.Observe = observe.New(observe.Deps{
		Store: r.observed, Now: r.now, Find: r.find, Sharing: r.sharing,
		FaultCode: func(code string) bool { return r.mind.Load().codes[code] },
		Trading:   r.trading, Watched: r.watched,
	}, observe.Config{Rules: cfg.Observe, ReportEvery: cfg.ReportEvery})
	r.stages.Repair = repair.New(repair.Deps{
		Store: r.attempts, Cases: r.cases, Pack: r.knowledge.Pack, Evidence: r.evidence, Shared: r.shared, Nudge: nudge, Now: r.now,
	}, cfg.Repair)
	r.stages.Diagnose = stage.New(stage.Deps{
		Cases: r.cases, Engine: r.engine, Keep: r.knowledge.Keep, Evidence: r.evidence,
		History: r.history, Audience: r.audience, Now: r.now,
	})
	r.stages.Verify = verify.New(verify.Deps{Store: verifysql.New(db), Cases: r.cases, State: r.stages.Observe.State, Now: r.now}, cfg.Verify)
	r.stages.Learn = learn.New(learn.Deps{
		Store: r.learned, Case: r.cases.Get, Attempts: r.attempts.OfCase, Pack: r.knowledge.Pack,
		Timeline: r.timeline, Attributes: r.attributes,
		Shadow: &learn.Shadow{Store: r.learned, Knowledge: r.knowledge, Policy: cfg.Diagnose},
	})
	return r, nil
}

// engine is the one that decides with the knowledge in force.
func (r *rooms) engine() *diagnose.Engine { return r.mind.Load().engine }

// find resolves a TID as the host's feed names it.
func (r *rooms) find(ctx context.Context, tid string) (string, bool) {
	l, err := r.fleet.ByTID(ctx, r.cfg.Acquirer, tid)
	return l.ID, err == nil
}

// sharing gives the terminals that share an attribute; an empty scope means all.
func (r *rooms) sharing(ctx context.Context, scope, value string) ([]string, error) {
	var out []string
	err := r.fleet.Each(ctx, func(l fleet.Listed) error {
		if scope == "" || l.Shares()[fleet.Attribute(scope)] == value {
			out = append(out, l.ID)
		}
		return nil
	})
	return out, err
}

// evidence is all that a diagnosis may know of a terminal: what was observed, and what shared causes say.
func (r *rooms) evidence(ctx context.Context, terminal string) (observe.Evidence, error) {
	e, err := r.stages.Observe.Evidence(ctx, terminal, r.cfg.CodeSet)
	if err != nil {
		return e, err
	}
	shared, _, err := r.incidents.Evidence(ctx, terminal)
	e.Findings = append(e.Findings, shared...)
	if err != nil {
		return e, err
	}
	attributes, err := r.recognise(ctx, terminal)
	e.Findings = append(e.Findings, attributes...)
	return e, err
}

func (r *rooms) shared(ctx context.Context, terminal string) ([]incident.Incident, error) {
	_, incidents, err := r.incidents.Evidence(ctx, terminal)
	return incidents, err
}

func (r *rooms) history(ctx context.Context, caseID string) (stage.History, error) {
	tried, unknown, err := r.stages.Repair.Tried(ctx, caseID)
	if err != nil {
		return stage.History{}, err
	}
	entries, err := r.cases.Timeline(ctx, caseID, 0, timelineRead)
	for _, e := range entries {
		var s casefile.Skipped
		if e.Kind == casefile.SkippedEntry && json.Unmarshal(e.Data, &s) == nil {
			unknown = append(unknown, s.Variable)
		}
	}
	return stage.History{Tried: tried, Unknown: unknown}, err
}

// timelineRead bounds how far back a case is read for what nobody knew.
const timelineRead = 1000

// audience says who can answer and act: the shop and the help desk can always be asked, the agent while it is heard.
func (r *rooms) audience(_ context.Context, _ string, e observe.Evidence) diagnose.Audience {
	heard := !e.State.ContactAt.IsZero() && !r.cfg.Observe.Silent(e.State, r.now())
	return diagnose.Audience{Merchant: true, Desk: true, Remote: heard}
}

// prune drops what is older than the operator keeps, once an hour.
func (r *rooms) prune(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if _, err := r.observed.Prune(ctx, r.now().Add(-r.cfg.Keep)); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "prune", "error", err)
			}
		}
	}
}

// busRefused names the setting that keeps the bus from starting.
func (c Config) busRefused(cause error) error {
	if c.Bus == "" {
		return wrong("--dir", c.Dir, "检查文件夹权限和磁盘空间，并确认没有另一个 posmedic 在使用它",
			"check the folder's permissions, the space on the disk, and that no other posmedic uses it", cause)
	}
	return wrong("--bus", "", "检查地址，并确认 NATS 集群可达", "check the address, and that the NATS cluster can be reached", cause)
}

// busDir is where the bus inside this process keeps its events.
func (c Config) busDir() string { return filepath.Join(c.Dir, "events") }

// storePath is the DSN of the database.
func (c Config) storePath() string {
	if c.Store != "" {
		return c.Store
	}
	return filepath.Join(c.Dir, "posmedic.db")
}

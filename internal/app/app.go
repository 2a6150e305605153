// Package app holds the keys: it builds all rooms, joins them, opens the doors, and ends everything in the opposite
// order. Several apps run in one process without knowing of each other.
//
// The people's door answers within milliseconds of the start: the pages need neither database nor knowledge. Until
// those are ready, the API says that it is starting.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/posmedic/posmedic/internal/access/accesssql"
	"github.com/posmedic/posmedic/internal/console"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/platform/bus"
	"github.com/posmedic/posmedic/internal/platform/outbox"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/web"
)

// App is one running posmedic.
type App struct {
	cfg     Config
	version string
	log     *slog.Logger
	life    *lifecycle
	front   *front

	rooms    *rooms
	access   *accesssql.Store
	identity agentdoor.Identity
	agents   net.Addr
	people   net.Addr
	setup    string
	door     *agentdoor.Door
}

// New checks the settings; nothing is opened yet.
func New(cfg Config, version string, log *slog.Logger) (*App, error) {
	cfg, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	return &App{cfg: cfg, version: version, log: log, life: newLifecycle(), front: &front{pages: console.Pages(web.Files())}}, nil
}

// Start opens everything. When it fails, what was opened is closed again.
func (a *App) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, a.life.stop())
		}
	}()
	if err := os.MkdirAll(a.cfg.Dir, 0o700); err != nil {
		return wrong("--dir", a.cfg.Dir, "换一个可写的文件夹，或修改权限", "choose a folder that can be written, or change its permissions", err)
	}
	unlock, err := a.cfg.lock()
	if err != nil {
		return err
	}
	a.life.onStop(func(context.Context) error { return unlock() })
	// The people's door is open first: whoever waits sees a page at once.
	if err := a.openPeople(ctx); err != nil {
		return err
	}
	listener, err := listen(ctx, "--agents", a.cfg.Agents)
	if err != nil {
		return err
	}
	a.agents = listener.Addr()
	a.life.onStop(func(context.Context) error { return closed(listener.Close()) })
	if err := a.openRooms(ctx); err != nil {
		return err
	}
	if err := a.openAgents(listener); err != nil {
		return err
	}
	if err := a.openConsole(ctx); err != nil {
		return err
	}
	// The rooms close before the people's door does; who calls meanwhile is asked to come back.
	a.life.onStop(func(context.Context) error { a.front.handler.Store(nil); return nil })
	return nil
}

func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, wrong(flag, address, "换一个端口，或停掉占用它的程序", "choose another port, or stop the program that holds this one", err)
	}
	return l, nil
}

// openPeople serves the door that people come through; what is behind it follows.
func (a *App) openPeople(ctx context.Context) error {
	l, err := listen(ctx, "--listen", a.cfg.Listen)
	if err != nil {
		return err
	}
	a.people = l.Addr()
	server := &http.Server{
		Handler: a.front, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	a.life.run(func(context.Context) error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	a.life.onStop(func(stop context.Context) error {
		quick, cancel := context.WithTimeout(stop, time.Second)
		defer cancel()
		if server.Shutdown(quick) != nil {
			return server.Close() // live pages never end by themselves
		}
		return nil
	})
	return nil
}

// openRooms opens database and bus side by side, builds the rooms and sets the loop going.
func (a *App) openRooms(ctx context.Context) error {
	var db *sqldb.DB
	var b *bus.Bus
	var builtin *pack.Pack
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if db, err = sqldb.Open(gctx, a.cfg.storePath()); err != nil {
			return err
		}
		a.life.onStop(func(context.Context) error { return db.Close() })
		return sqldb.Migrate(gctx, db)
	})
	g.Go(func() (err error) {
		b, err = bus.Start(ctx, bus.Config{Dir: a.cfg.busDir(), URL: a.cfg.Bus, Log: a.log})
		if err != nil {
			return a.cfg.busRefused(err)
		}
		a.life.onStop(func(context.Context) error { return b.Close() })
		return nil
	})
	g.Go(func() (err error) {
		builtin, err = loadPack(a.cfg)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	var err error
	if a.access, err = accesssql.New(db, time.Now); err != nil {
		return err
	}
	nudge := func(terminal string) {
		if err := b.Notify(agentdoor.Subject(terminal), nil); err != nil {
			a.log.Warn("nudge", "error", err) // the agent finds its commands with the next receipt
		}
	}
	if a.rooms, err = build(ctx, a.cfg, db, b, builtin, nudge); err != nil {
		return err
	}
	// Reading the pack leaves much behind that is never needed again.
	debug.FreeOSMemory()
	relay := outbox.NewRelay(db, b, a.log)
	a.life.run(func(ctx context.Context) error { relay.Run(ctx); return nil })
	a.life.run(func(ctx context.Context) error { return a.rooms.stages.Run(ctx, b, a.cfg.Pace, a.log) })
	a.life.run(func(ctx context.Context) error { return a.rooms.tellPages(ctx) })
	a.life.run(func(ctx context.Context) error { return a.rooms.cutLines(ctx) })
	a.life.run(func(ctx context.Context) error { return a.rooms.followKnowledge(ctx, a.log) })
	a.life.run(func(ctx context.Context) error { return a.rooms.watchSilence(ctx, a.log) })
	a.life.run(func(ctx context.Context) error { return a.rooms.prune(ctx, a.log) })
	return nil
}

// openAgents opens the agents' door.
func (a *App) openAgents(l net.Listener) (err error) {
	if a.identity, err = agentdoor.LoadIdentity(a.cfg.Dir); err != nil {
		return err
	}
	a.door, err = agentdoor.New(agentdoor.Config{ReportEvery: a.cfg.ReportEvery}, agentdoor.Deps{
		Identity: a.identity, Intake: intake{a.rooms}, Commands: commands{a.rooms}, Devices: devices{a.rooms},
		Nudges: a.rooms.bus, Known: a.rooms.knows, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.life.run(func(ctx context.Context) error { return a.door.Serve(ctx, l) })
	return nil
}

// Wait returns when ctx ends or a part fails for good.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.life.fail:
		return err
	}
}

// Stop ends everything, in the opposite order of its beginning.
func (a *App) Stop() error { return a.life.stop() }

// URL is where people look.
func (a *App) URL() string { return "http://" + reachable(a.people) }

// Agents is where agents connect.
func (a *App) Agents() string { return reachable(a.agents) }

// SetupURL is the one-time link that makes the first user; empty when there is one.
func (a *App) SetupURL() string {
	if a.setup == "" {
		return ""
	}
	return a.URL() + "/setup#token=" + a.setup
}

// reachable names an address that a program on this machine can connect to.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}

// front serves the console once it is there. Until then it serves the pages, and asks who calls the API to come back
// in a moment, which the pages do.
type front struct {
	pages   http.Handler
	handler atomic.Pointer[http.Handler]
}

var errStarting = problem.New(problem.Unavailable, "app.starting",
	lang.Text{ZH: "正在启动或停止", EN: "starting, or stopping"}).
	WithHint(lang.Text{ZH: "请稍后再试", EN: "try again in a moment"})

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := f.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, "/v1/") {
		f.pages.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	console.Refuse(w, errStarting)
}

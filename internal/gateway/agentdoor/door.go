package agentdoor

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// From says who speaks: the terminal, and the device bound to it.
type From struct {
	Terminal string
	Device   string
}

// Intake takes what has been screened; Screen says on whose clock its times are. Submit returns only after the batch is durable; the receipt counts what was
// stored, what was there already, and names what it refused. It is called from many goroutines at once, and again with
// the same reports when an answer was lost.
type Intake interface {
	Submit(ctx context.Context, from From, batch wire.Batch) (wire.Receipt, error)
}

// Commands is the list of what terminals are to do. Waiting gives those not yet ended, oldest first, and may give the
// same one again; Report stores progress and answers NotFound or Forbidden for a command that is not this terminal's.
type Commands interface {
	Waiting(ctx context.Context, terminal string) ([]wire.Command, error)
	Report(ctx context.Context, terminal string, progress wire.Progress) error
}

// Devices knows the keys. ByKey answers NotFound for a key that is not bound and Forbidden for a revoked one. Redeem
// uses a code up and binds the key; asked again with the same code and the same key it gives the same answer, because
// the first one may have been lost on the way.
type Devices interface {
	ByKey(ctx context.Context, fingerprint string) (From, error)
	Redeem(ctx context.Context, enrol wire.Enrol, fingerprint string) (wire.Enrolled, error)
}

// Nudges wakes a live connection: a message on Subject(terminal) means that commands wait. f is called from another
// goroutine and must not block; after stop returns it is not called again.
type Nudges interface {
	Listen(subject string, f func([]byte)) (stop func(), err error)
}

// Subject is where a nudge for a terminal goes.
func Subject(terminal string) string { return "cmd." + terminal }

// Config sets the door's bounds. The zero value has the defaults named at each field.
type Config struct {
	ReportEvery  time.Duration // asked of every agent; 0: wire.HeartbeatInterval
	PingEvery    time.Duration // of live connections; 0: 30 s
	WriteTimeout time.Duration // of one message down a live connection; 0: 10 s
	MaxLive      int           // live connections; 0: 100,000
	DeviceBurst  int           // requests of one device at once; 0: 30
	DeviceEvery  time.Duration // one more after each; 0: 500 ms
	AddressBurst int           // requests of one address at once; 0: 4,000 (carriers put whole fleets behind one)
	AddressEvery time.Duration // 0: 500 µs
	EnrolBurst   int           // failed enrolments and unknown keys of one address; 0: 10
	EnrolEvery   time.Duration // 0: 10 s
}

func (c Config) withDefaults() Config {
	c.ReportEvery = cmp.Or(c.ReportEvery, wire.HeartbeatInterval)
	c.PingEvery = cmp.Or(c.PingEvery, 30*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.MaxLive = cmp.Or(c.MaxLive, 100_000)
	c.DeviceBurst = cmp.Or(c.DeviceBurst, 30)
	c.DeviceEvery = cmp.Or(c.DeviceEvery, 500*time.Millisecond)
	c.AddressBurst = cmp.Or(c.AddressBurst, 4000)
	c.AddressEvery = cmp.Or(c.AddressEvery, 500*time.Microsecond)
	c.EnrolBurst = cmp.Or(c.EnrolBurst, 10)
	c.EnrolEvery = cmp.Or(c.EnrolEvery, 10*time.Second)
	return c
}

func (c Config) validate() error {
	for _, n := range []int64{int64(c.ReportEvery), int64(c.PingEvery), int64(c.WriteTimeout), int64(c.MaxLive),
		int64(c.DeviceBurst), int64(c.DeviceEvery), int64(c.AddressBurst), int64(c.AddressEvery),
		int64(c.EnrolBurst), int64(c.EnrolEvery)} {
		if n < 0 {
			return problem.New(problem.Config, "config.agent_door", lang.Text{
				ZH: "终端接入口的设置不能是负数", EN: "the settings of the agent door cannot be negative",
			})
		}
	}
	return nil
}

// Deps is what the door needs; all are required except Now.
type Deps struct {
	Identity Identity
	Intake   Intake
	Commands Commands
	Devices  Devices
	Nudges   Nudges
	Known    Known
	Log      *slog.Logger
	Now      func() time.Time
}

// Door is the agents' door. Make it with New.
type Door struct {
	Deps
	cfg     Config
	counts  Counts
	lives   lives
	handler http.Handler

	byDevice, byAddress, failures *limiter
}

// New makes a door that is not open yet.
func New(cfg Config, deps Deps) (*Door, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	d := &Door{Deps: deps, cfg: cfg}
	d.lives.max = cfg.MaxLive
	d.byDevice = newLimiter(rate{float64(cfg.DeviceBurst), cfg.DeviceEvery}, deps.Now)
	d.byAddress = newLimiter(rate{float64(cfg.AddressBurst), cfg.AddressEvery}, deps.Now)
	d.failures = newLimiter(rate{float64(cfg.EnrolBurst), cfg.EnrolEvery}, deps.Now)
	mux := http.NewServeMux()
	mux.Handle("POST /v1/enrol", d.door(d.enrol))
	mux.Handle("POST /v1/reports", d.door(d.known(d.reports)))
	mux.Handle("POST /v1/progress", d.door(d.known(d.progress)))
	mux.Handle("GET /v1/live", d.door(d.known(d.live)))
	mux.Handle("/", d.door(d.nothing))
	d.handler = mux
	return d, nil
}

// Counts gives what has been refused or normalised so far, by code.
func (d *Door) Counts() map[Code]uint64 { return d.counts.Snapshot() }

// Live gives the number of live connections.
func (d *Door) Live() int { return d.lives.len() }

// Serve opens the door on a listener until ctx ends, then lets requests under way finish for a moment, so that what
// was committed is also acknowledged. It closes the listener.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	conns, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := &http.Server{
		Handler:           d.handler,
		TLSConfig:         d.tls(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second, // a full batch over a thin line
		IdleTimeout:       5 * time.Minute,  // an agent's connection outlives its report interval
		MaxHeaderBytes:    8 << 10,
		BaseContext:       func(net.Listener) context.Context { return conns },
		ErrorLog:          slog.NewLogLogger(d.Log.Handler(), slog.LevelDebug), // broken handshakes: anybody can make them
	}
	var stopping sync.WaitGroup
	stopping.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer stopping.Done()
		d.lives.closeAll()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer done()
		if server.Shutdown(grace) != nil {
			cut()
			_ = server.Close() // Shutdown has said why; nothing more can be done
		}
	})
	err := server.ServeTLS(l, "", "")
	if stop() {
		return err // the listener failed by itself
	}
	stopping.Wait()
	d.lives.wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Package bus carries events between rooms and processes. By default a NATS server runs inside this process and
// listens nowhere; past one machine the same code talks to a NATS cluster.
//
// Events are durable: they are on disk before PublishEvents returns, and a consumer gets each at least once, in order
// per terminal. Notices (Notify, Listen) are nudges that may get lost: whoever gets one looks up the truth.
package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/posmedic/posmedic/internal/kernel/event"
	"github.com/posmedic/posmedic/internal/platform/lane"
)

// Config says where the bus is. The zero value is a bus in this process whose events go with it.
type Config struct {
	Dir string       // where the server in this process keeps events; empty: a folder that Close removes
	URL string       // of an outside cluster: then nothing runs in this process
	Log *slog.Logger // for what happens between calls; nil: slog.Default()
}

// Bus is a running bus.
type Bus struct {
	log    *slog.Logger
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	inside *server.Server // nil with an outside cluster
	throw  string         // folder to remove
	parked atomic.Int64

	firstPause time.Duration // before an event is tried for the second time; doubles

	stop    context.CancelFunc // ends the consumers
	running context.Context    //nolint:containedctx // the life of the consumers, which outlive the calls that start them
	work    sync.WaitGroup
}

// The streams, and how long an event is kept for a consumer that is away. At the size limit publishing fails and
// events wait in the outbox: nothing is thrown away to make room.
const (
	eventStream  = "EVENTS"
	parkedStream = "PARKED"
	keepEvents   = 7 * 24 * time.Hour
	keepParked   = 90 * 24 * time.Hour
	maxStore     = 8 << 30
	maxEvents    = 4 << 30
	maxParked    = 256 << 20
	startWithin  = 10 * time.Second
	maxGroup     = 512 << 10 // bytes of one message, below the server's 1 MiB
)

// Start starts or joins the bus.
func Start(ctx context.Context, cfg Config) (*Bus, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	b := &Bus{log: cfg.Log, firstPause: 100 * time.Millisecond}
	b.running, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := b.join(ctx, cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("bus: %w", err), b.Close())
	}
	return b, nil
}

func (b *Bus) join(ctx context.Context, cfg Config) error {
	var err error
	if cfg.URL != "" {
		b.conn, err = nats.Connect(cfg.URL, nats.MaxReconnects(-1), nats.RetryOnFailedConnect(false))
	} else {
		err = b.embed(cfg)
	}
	if err != nil {
		return err
	}
	if b.js, err = jetstream.New(b.conn); err != nil {
		return err
	}
	return b.streams(ctx, replicas(cfg))
}

func replicas(cfg Config) int {
	if strings.Contains(cfg.URL, ",") { // several servers: a cluster
		return 3
	}
	return 1
}

func (b *Bus) embed(cfg Config) error {
	dir := cfg.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "posmedic-bus-"); err != nil {
			return err
		}
		b.throw = dir
	} else if err := os.MkdirAll(dir, 0o700); err != nil { // the server would only be silent about it
		return err
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "posmedic", DontListen: true, NoSigs: true, NoLog: true, DisableJetStreamBanner: true,
		JetStream: true, StoreDir: dir, JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: maxStore,
		// Without it an event is acknowledged up to two minutes before it is on disk. The price is a sync a message;
		// PublishEvents groups for that reason.
		SyncAlways: true,
	})
	if err != nil {
		return err
	}
	b.inside = s
	s.Start()
	if !s.ReadyForConnections(startWithin) {
		return errors.New("the server in this process does not start")
	}
	b.conn, err = nats.Connect("", nats.InProcessServer(s), nats.MaxReconnects(-1))
	return err
}

func (b *Bus) streams(ctx context.Context, replicas int) error {
	var err error
	b.stream, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: eventStream, Subjects: []string{"ev.>"}, Storage: jetstream.FileStorage, Replicas: replicas,
		Discard: jetstream.DiscardNew, MaxAge: keepEvents, MaxBytes: maxEvents,
		Duplicates: time.Second, // nothing relies on it, and the window costs memory
	})
	if err != nil {
		return err
	}
	_, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: parkedStream, Subjects: []string{"parked.>"}, Storage: jetstream.FileStorage, Replicas: replicas,
		MaxAge: keepParked, MaxBytes: maxParked, Duplicates: time.Second,
	})
	return err
}

// subject holds the lane and the kind, never the terminal: the server keeps memory for every subject it has seen.
func subject(e event.Event) string {
	return fmt.Sprintf("ev.%02d.%s", lane.Of(e.Terminal), e.Kind)
}

// PublishEvents stores events and returns when all of them are on disk. After an error some may be: publish all of
// them again.
func (b *Bus) PublishEvents(ctx context.Context, events []event.Event) error {
	var lanes [lane.Count][]event.Event
	for _, e := range events {
		n := lane.Of(e.Terminal)
		lanes[n] = append(lanes[n], e)
	}
	var g errgroup.Group
	for _, list := range lanes {
		if len(list) > 0 {
			g.Go(func() error { return b.publishLane(ctx, list) })
		}
	}
	return g.Wait()
}

// publishLane waits for each message before the next one, so that a failure never leaves a later event in front of
// an earlier one.
func (b *Bus) publishLane(ctx context.Context, events []event.Event) error {
	for len(events) > 0 {
		n, body, err := group(events)
		if err != nil {
			return fmt.Errorf("bus: %w", err)
		}
		if _, err := b.js.Publish(ctx, subject(events[0]), body); err != nil {
			return fmt.Errorf("bus: publish %s: %w", events[0].Kind, err)
		}
		events = events[n:]
	}
	return nil
}

// group encodes the longest run of events of one kind from the front that fits a message, and says how many.
func group(events []event.Event) (n int, body []byte, err error) {
	body = []byte{'['}
	for n < len(events) && events[n].Kind == events[0].Kind {
		one, err := json.Marshal(events[n])
		if err != nil {
			return 0, nil, err
		}
		if n > 0 && len(body)+len(one) > maxGroup {
			break
		}
		if n > 0 {
			body = append(body, ',')
		}
		body = append(body, one...)
		n++
	}
	return n, append(body, ']'), nil
}

// Notify sends a notice to whoever listens right now. The subject is dotted words, e.g. "live.case_01…".
func (b *Bus) Notify(subject string, data []byte) error {
	if err := b.conn.Publish("notice."+subject, data); err != nil {
		return fmt.Errorf("bus: notify %s: %w", subject, err)
	}
	return nil
}

// Listen calls f with the notices of a subject, one after another, until stop. "*" stands for one word, ">" for all
// that follow. When Listen returns, notices sent afterwards by this process are heard.
func (b *Bus) Listen(subject string, f func([]byte)) (stop func(), err error) {
	sub, err := b.conn.Subscribe("notice."+subject, func(m *nats.Msg) { f(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("bus: listen %s: %w", subject, err)
	}
	return func() {
		if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
			b.log.Warn("stop listening", "subject", subject, "error", err)
		}
	}, nil
}

// Parked counts the events that consumers of this process have given up on since it started.
func (b *Bus) Parked() int64 { return b.parked.Load() }

// Close ends the consumers, waits for their handlers, and stops the bus. Events that were not handled are delivered
// when it starts again.
func (b *Bus) Close() error {
	b.stop()
	b.work.Wait()
	if b.conn != nil {
		b.conn.Close()
	}
	if b.inside != nil {
		b.inside.Shutdown()
		b.inside.WaitForShutdown()
	}
	if b.throw != "" {
		return os.RemoveAll(b.throw)
	}
	return nil
}

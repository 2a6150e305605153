package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/posmedic/posmedic/internal/kernel/event"
)

// Of a consumer: how many messages it holds at once, how long the server waits before it thinks them lost (kept alive
// well before that), how many handlers run side by side, and how often and how far apart an event is tried.
const (
	maxHeld   = 64
	ackWait   = 30 * time.Second
	keepAlive = 10 * time.Second
	workers   = 8
	tries     = 10 // with the pauses 51 seconds: a database that changes its primary parks nothing
	maxPause  = 30 * time.Second
)

// Handle has h called with the events of the kinds, at least once each and in order per terminal, until the bus
// closes; terminals go side by side. The name stands for the place reached: it survives restarts, and another name
// starts with the oldest event kept. Of several processes with one name only one gets events at a time.
//
// An event whose handler fails is tried again, with growing pauses, while only its own terminal waits; after the last
// try it is parked under "parked.<name>" and counted. After a crash, events that were handled may come again before
// newer ones.
func (b *Bus) Handle(ctx context.Context, name string, kinds []event.Kind, h func(context.Context, event.Event) error) error {
	cons, err := b.consumer(ctx, name, kinds)
	if err != nil {
		return fmt.Errorf("bus: consumer %s: %w", name, err)
	}
	c := &consumer{bus: b, name: name, handle: h, queues: map[string][]*item{}, slots: make(chan struct{}, workers)}
	opts := []jetstream.PullConsumeOpt{
		jetstream.PullMaxMessages(maxHeld),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
			b.log.Warn("consumer", "consumer", name, "error", err)
		}),
	}
	if b.inside == nil {
		opts = append(opts, jetstream.PullPriorityGroup(pinned))
	}
	flow, err := cons.Consume(c.take, opts...)
	if err != nil {
		return fmt.Errorf("bus: consumer %s: %w", name, err)
	}
	b.work.Go(func() {
		<-b.running.Done()
		flow.Stop()
		<-flow.Closed()
		c.drain()
	})
	return nil
}

// pinned is the group whose one member gets all messages, while it lives.
const pinned = "one"

func (b *Bus) consumer(ctx context.Context, name string, kinds []event.Kind) (jetstream.Consumer, error) {
	if len(kinds) == 0 {
		return nil, errors.New("no kinds")
	}
	cfg := jetstream.ConsumerConfig{
		Durable: name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: maxHeld,
		DeliverPolicy: jetstream.DeliverAllPolicy,
	}
	for _, k := range kinds {
		cfg.FilterSubjects = append(cfg.FilterSubjects, "ev.*."+string(k))
	}
	if b.inside == nil {
		cfg.PriorityPolicy, cfg.PriorityGroups, cfg.PinnedTTL = jetstream.PriorityPolicyPinned, []string{pinned}, ackWait
	}
	cons, err := b.stream.CreateOrUpdateConsumer(ctx, cfg)
	if err != nil || b.inside == nil || cons.CachedInfo().NumAckPending == 0 {
		return cons, err
	}
	// What a crash left unacknowledged would come only after ackWait, behind newer events of the same terminal. Going
	// back to the first unacknowledged one keeps the order; nobody else consumes, for the server is ours.
	_, err = b.stream.ResetConsumer(ctx, name)
	return cons, err
}

// item is one event of a message; the message is acknowledged when its last item is done.
type item struct {
	event event.Event
	done  func()
}

// consumer holds the events that arrived and are not done, one queue a terminal.
type consumer struct {
	bus    *Bus
	name   string
	handle func(context.Context, event.Event) error
	slots  chan struct{} // bounds how many handlers run at once

	mu     sync.Mutex
	queues map[string][]*item // a terminal with a queue has a goroutine that works it off
	ended  bool
	work   sync.WaitGroup
}

// take is called with one message after another, in the order of the stream.
func (c *consumer) take(msg jetstream.Msg) {
	var events []event.Event
	if err := json.Unmarshal(msg.Data(), &events); err != nil || len(events) == 0 {
		c.bus.log.Error("a message that holds no events is parked", "consumer", c.name, "subject", msg.Subject(), "error", err)
		if c.park(msg.Data()) {
			c.bus.ack(msg)
		}
		return
	}
	done := c.hold(msg, len(events))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return // not acknowledged: it comes again
	}
	for _, e := range events {
		c.enqueue(&item{event: e, done: done})
	}
}

func (c *consumer) enqueue(it *item) {
	key := it.event.Terminal
	queue, busy := c.queues[key]
	c.queues[key] = append(queue, it)
	if !busy {
		c.work.Go(func() { c.workOff(key) })
	}
}

// hold keeps the message from being sent again while its events wait, and acknowledges it after the last.
func (c *consumer) hold(msg jetstream.Msg, events int) (done func()) {
	var mu sync.Mutex
	mu.Lock() // the timer below may fire before alive is set
	defer mu.Unlock()
	left := events
	var alive *time.Timer
	alive = time.AfterFunc(keepAlive, func() {
		mu.Lock()
		defer mu.Unlock()
		if left == 0 || c.bus.running.Err() != nil {
			return
		}
		if err := msg.InProgress(); err != nil {
			c.bus.log.Warn("message not kept", "consumer", c.name, "error", err)
		}
		alive.Reset(keepAlive)
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if left--; left == 0 {
			alive.Stop()
			c.bus.ack(msg)
		}
	}
}

func (b *Bus) ack(msg jetstream.Msg) {
	if err := msg.Ack(); err != nil {
		b.log.Warn("event will come again: not acknowledged", "subject", msg.Subject(), "error", err)
	}
}

// workOff handles the queue of one terminal until it is empty or the bus closes.
func (c *consumer) workOff(key string) {
	for {
		it := c.front(key)
		if it == nil || !c.settle(it.event) {
			return
		}
		it.done()
		c.pop(key)
	}
}

func (c *consumer) front(key string) *item {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queues[key]) == 0 {
		delete(c.queues, key)
		return nil
	}
	return c.queues[key][0]
}

func (c *consumer) pop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queues[key] = c.queues[key][1:]
}

// settle brings one event to an end, handled or parked, and reports false when the bus closes before that.
func (c *consumer) settle(e event.Event) bool {
	ctx := c.bus.running
	wait := c.bus.firstPause
	for n := 1; ; n++ {
		err := c.try(ctx, e)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		c.bus.log.Warn("event failed", "consumer", c.name, "kind", e.Kind, "event", e.ID, "try", n, "error", err)
		if n >= tries && c.parkEvent(e) {
			return true
		}
		if !sleep(ctx, wait) {
			return false
		}
		wait = min(2*wait, maxPause)
	}
}

// try runs the handler once. A handler that panics has failed; it must not take the process with it.
func (c *consumer) try(ctx context.Context, e event.Event) (err error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		<-c.slots
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.handle(ctx, e)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *consumer) parkEvent(e event.Event) bool {
	body, err := json.Marshal(e)
	if err != nil {
		c.bus.log.Error("event cannot be parked", "consumer", c.name, "event", e.ID, "error", err)
		return false
	}
	return c.park(body)
}

// park puts away what nobody can handle, for a person to look at, and reports whether it is safe there.
func (c *consumer) park(body []byte) bool {
	ctx := c.bus.running
	if _, err := c.bus.js.Publish(ctx, "parked."+c.name, body); err != nil {
		c.bus.log.Error("not parked", "consumer", c.name, "error", err)
		return false
	}
	c.bus.parked.Add(1)
	c.bus.log.Error("event parked", "consumer", c.name)
	return true
}

// drain waits for the handlers that run.
func (c *consumer) drain() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.work.Wait()
}

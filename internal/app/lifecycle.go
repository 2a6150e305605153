package app

import (
	"context"
	"errors"
	"sync"
	"time"
)

// lifecycle runs the parts and ends them in the opposite order of their beginning. A part registers its end where it is
// made; the first part that fails ends all.
type lifecycle struct {
	mu    sync.Mutex
	ends  []func(context.Context) error
	group sync.WaitGroup
	fail  chan error
}

func newLifecycle() *lifecycle { return &lifecycle{fail: make(chan error, 1)} }

func (l *lifecycle) onStop(f func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = append(l.ends, f)
}

// run keeps f going in the background until the app stops; its context ends in the order of stopping.
func (l *lifecycle) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	l.group.Go(func() {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			select {
			case l.fail <- err:
			default: // somebody failed before; his error is the one to tell
			}
		}
	})
	l.onStop(func(stop context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stop.Done():
			return errors.New("a part did not end in time")
		}
	})
}

// patience is how long the parts may take to end.
const patience = 15 * time.Second

// stop ends everything once; later calls do nothing.
func (l *lifecycle) stop() error {
	l.mu.Lock()
	ends := l.ends
	l.ends = nil
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var errs []error
	for i := len(ends) - 1; i >= 0; i-- {
		errs = append(errs, ends[i](ctx))
	}
	return errors.Join(errs...)
}

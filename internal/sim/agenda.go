package sim

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// agenda is what happens next in the world, by time. Jobs may wait for the network, so each runs in a goroutine of its
// own, and never more than width at once: however large the estate is, its customers cost a bounded number of them.
type agenda struct {
	mu    sync.Mutex
	list  entries
	fresh chan struct{} // the earliest entry may have changed
	width int
}

type entry struct {
	at  time.Time
	job func(context.Context)
}

func newAgenda(width int) *agenda {
	return &agenda{fresh: make(chan struct{}, 1), width: width}
}

// at puts a job on the agenda. It may be called before run and from within jobs.
func (a *agenda) at(when time.Time, job func(context.Context)) {
	a.mu.Lock()
	heap.Push(&a.list, entry{when, job})
	a.mu.Unlock()
	select {
	case a.fresh <- struct{}{}:
	default: // it is told already
	}
}

// next takes the job that is due, or says how long there is none.
func (a *agenda) next(now time.Time) (job func(context.Context), wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) == 0 {
		return nil, time.Hour
	}
	if wait := a.list[0].at.Sub(now); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&a.list).(entry).job, 0
}

// run carries out the agenda until ctx ends, and returns when the last job has.
func (a *agenda) run(ctx context.Context) {
	var jobs sync.WaitGroup
	defer jobs.Wait()
	room := make(chan struct{}, a.width)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		job, wait := a.next(time.Now())
		if job == nil {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-a.fresh:
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		jobs.Go(func() {
			defer func() { <-room }()
			job(ctx)
		})
	}
}

// entries is a heap by time.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push is for package heap.
func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }

// Pop is for package heap.
func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	(*e)[len(*e)-1] = entry{}
	*e = (*e)[:len(*e)-1]
	return last
}

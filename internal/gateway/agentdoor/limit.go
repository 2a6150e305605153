package agentdoor

import (
	"sync"
	"time"
)

// rate is how often something may happen: Burst at once, then one every Every.
type rate struct {
	Burst float64
	Every time.Duration
}

// limiter keeps one bucket a key. It forgets full buckets, and never holds more than maxBuckets: beyond that, new keys
// share what is left of the room by pushing out idle ones.
type limiter struct {
	mu      sync.Mutex
	rate    rate
	buckets map[string]*bucket
	now     func() time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

const maxBuckets = 200_000

func newLimiter(r rate, now func() time.Time) *limiter {
	return &limiter{rate: r, buckets: make(map[string]*bucket), now: now}
}

// take uses one token and says whether there was one; if not, after is when to try again.
func (l *limiter) take(key string) (ok bool, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.refill(key)
	if b.tokens < 1 {
		return false, time.Duration((1 - b.tokens) * float64(l.rate.Every))
	}
	b.tokens--
	return true, 0
}

// empty says whether no token is left, without using one.
func (l *limiter) empty(key string) (empty bool, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[key]
	if !ok {
		return false, 0
	}
	if b = l.refill(key); b.tokens >= 1 {
		return false, 0
	}
	return true, time.Duration((1 - b.tokens) * float64(l.rate.Every))
}

func (l *limiter) refill(key string) *bucket {
	now := l.now()
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		b = &bucket{tokens: l.rate.Burst, at: now}
		l.buckets[key] = b
		return b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(l.rate.Burst, b.tokens+float64(passed)/float64(l.rate.Every))
		b.at = now
	}
	return b
}

// forget drops the buckets that are full again by now, and any half of the rest when that frees nothing.
func (l *limiter) forget(now time.Time) {
	whole := time.Duration(l.rate.Burst * float64(l.rate.Every))
	for key, b := range l.buckets {
		if now.Sub(b.at) >= whole {
			delete(l.buckets, key)
		}
	}
	for key := range l.buckets {
		if len(l.buckets) <= maxBuckets/2 {
			return
		}
		delete(l.buckets, key)
	}
}

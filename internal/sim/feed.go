package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// record is one thing that somebody else's system saw; exactly one part is set.
type record struct {
	at      time.Time
	message *seen
	notice  *hostNotice
	sim     *simStatus
	power   *areaPower
}

type hostNotice struct {
	id, kind, host string
	from, until    time.Time
	text           lang.Text
}

type simStatus struct{ tid, state string }

type areaPower struct {
	area string
	on   bool
}

// Bounds of the feed.
const (
	feedBatch = 500
	feedKept  = 100_000 // while the server cannot be reached; then the oldest go
	feedPause = 200 * time.Millisecond
)

// feed carries what hosts, carriers and utilities saw to the server. Each record has an id of its own and is posted
// until it is taken, so a lost answer only means that it is posted twice under the same id.
type feed struct {
	url, token string
	client     *http.Client
	log        *slog.Logger
	boot       string

	mu     sync.Mutex
	next   uint64
	queue  []json.RawMessage
	lost   int
	poked  chan struct{}
	posted uint64
}

func newFeed(url, token string, log *slog.Logger) *feed {
	return &feed{
		url: url, token: token, log: log, boot: bootWord(), poked: make(chan struct{}, 1),
		client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}},
	}
}

// bootWord names this run of the feed, in letters only: digits might add up to what looks like a card number.
func bootWord() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	for i := range b {
		b[i] = 'a' + b[i]%26
	}
	return string(b[:])
}

// put queues a record. It does not wait.
func (f *feed) put(r record) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	raw, err := json.Marshal(r.line(fmt.Sprintf("%s-%d", f.boot, f.next)))
	if err != nil {
		f.log.Error("feed record", slog.Any("err", err))
		return
	}
	f.queue = append(f.queue, raw)
	if over := len(f.queue) - feedKept; over > 0 {
		f.lost += over
		f.queue = slices.Delete(f.queue, 0, over)
	}
	select {
	case f.poked <- struct{}{}:
	default: // it is awake
	}
}

// run posts what is queued until ctx ends.
func (f *feed) run(ctx context.Context) {
	defer f.client.CloseIdleConnections()
	pause := feedPause
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.poked:
		}
		for f.waiting() > 0 {
			if wait(ctx, pause) != nil {
				return
			}
			if err := f.post(ctx); err != nil {
				if ctx.Err() != nil {
					return
				}
				f.log.Warn("the feed was not taken", slog.Any("err", err), slog.Int("waiting", f.waiting()))
				pause = min(pause*2, 10*time.Second)
				continue
			}
			pause = feedPause
		}
	}
}

func (f *feed) waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queue)
}

// post sends the oldest records and forgets them when they are taken.
func (f *feed) post(ctx context.Context) error {
	f.mu.Lock()
	batch := slices.Clone(f.queue[:min(feedBatch, len(f.queue))])
	lost := f.lost
	f.mu.Unlock()
	body := bytes.Join(rawLines(batch), []byte("\n"))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(append(body, '\n')))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Authorization", "Bearer "+f.token)
	response, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s: %.300s", response.Status, answer)
	}
	f.heed(answer)
	f.mu.Lock()
	defer f.mu.Unlock()
	// Records that were given up meanwhile are gone from the front already.
	f.queue = slices.Delete(f.queue, 0, max(0, len(batch)-(f.lost-lost)))
	f.posted += uint64(len(batch))
	return nil
}

// heed looks at what became of the records that were not taken; they are not posted again, for they would not be then.
func (f *feed) heed(answer []byte) {
	var said struct {
		Unknown int               `json:"unknown"`
		Refused []json.RawMessage `json:"refused"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		f.log.Warn("the feed's answer cannot be read", slog.Any("err", err))
		return
	}
	if said.Unknown > 0 || len(said.Refused) > 0 {
		f.log.Warn("not all of the feed was taken", slog.Int("unknown", said.Unknown), slog.Int("refused", len(said.Refused)))
	}
}

func rawLines(batch []json.RawMessage) [][]byte {
	out := make([][]byte, len(batch))
	for i, raw := range batch {
		out[i] = raw
	}
	return out
}

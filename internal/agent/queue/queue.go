package queue

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/posmedic/posmedic/wire"
)

// Limits bound a queue. The zero value has the defaults.
type Limits struct {
	Bytes   int // on disk altogether; 0: 8 MiB, about two weeks of silence at one report a minute
	Segment int // of one segment; 0: 64 KiB
	Memory  int // reports kept in memory while the disk refuses them; 0: 32
}

func (l Limits) withDefaults() Limits {
	l.Bytes = cmp.Or(l.Bytes, 8<<20)
	l.Segment = cmp.Or(l.Segment, min(64<<10, max(1, l.Bytes/8)))
	l.Memory = cmp.Or(l.Memory, 32)
	return l
}

// ErrNotDurable says that a report is kept in memory only, because the disk would not take it.
var ErrNotDurable = errors.New("the report is queued in memory only")

// Queue keeps reports. It is safe for concurrent use.
type Queue struct {
	mu       sync.Mutex
	limits   Limits
	medium   medium
	segments []segment // oldest first; the last one is written while fresh
	newest   uint64    // the highest segment number so far
	fresh    bool      // the last segment is ours, whole, and may be written on
	volatile []wire.Report
	lost     int // given up and not yet declared
}

// segment is what is known of one without reading it.
type segment struct {
	number   uint64
	records  int
	released int // the first ones were delivered
	bytes    int
	declared int // sum of Lost in its reports: goes on to a newer report if this segment is given up
	thin     bool
}

// Mark is a place in the queue: everything up to it was delivered.
type Mark struct {
	segment  uint64
	records  int // of that segment
	volatile int
}

// Open opens the queue in a directory, and makes it when it is missing. Only one process may have it open.
func Open(path string, limits Limits) (*Queue, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	q := &Queue{limits: limits.withDefaults(), medium: &directory{path: path}}
	return q, q.recover()
}

// InMemory makes a queue that lives as long as the process.
func InMemory(limits Limits) *Queue {
	return &Queue{limits: limits.withDefaults(), medium: &memory{}}
}

// recover looks through what an earlier run has left. A segment with a damaged end keeps its good beginning; the
// damage is a report that was never counted as queued, or a broken disk.
func (q *Queue) recover() error {
	numbers, err := q.medium.list()
	if err != nil {
		return err
	}
	for _, number := range numbers {
		data, err := q.medium.read(number)
		if err != nil {
			return fmt.Errorf("queue segment %d: %w", number, err)
		}
		q.newest = number
		payloads, _ := split(data)
		if len(payloads) == 0 {
			if err := q.medium.remove(number); err != nil {
				return err
			}
			continue
		}
		s := segment{number: number, records: len(payloads), bytes: len(data)}
		for _, payload := range payloads {
			var r struct {
				Lost int `json:"lost"`
			}
			if err := json.Unmarshal(payload, &r); err != nil {
				return fmt.Errorf("queue segment %d: %w", number, err)
			}
			s.declared += r.Lost
		}
		q.segments = append(q.segments, s)
	}
	return nil
}

// Len gives the number of reports not yet released.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.volatile)
	for _, s := range q.segments {
		n += s.records - s.released
	}
	return n
}

// Put queues a report; see the package for what its errors mean.
func (q *Queue) Put(r wire.Report) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	gone, space := q.outdated(q.limits.Bytes)
	r.Lost += q.lost + gone
	payload, err := json.Marshal(r)
	if err != nil || len(payload) > maxRecord {
		q.lost++
		return fmt.Errorf("a report of %d bytes cannot be queued: %w", len(payload), errors.Join(err, errLarge))
	}
	if err := q.write(appendRecord(nil, payload), r.Lost); err != nil {
		q.keep(r)
		return errors.Join(ErrNotDurable, err)
	}
	// Only now, when the declaration of the loss is on disk, may the old ones go.
	q.lost = 0
	return q.discard(space)
}

var errLarge = fmt.Errorf("the limit is %d bytes", maxRecord)

// outdated counts what must go to get below limit even after all else was thinned: how many reports that have not
// been delivered (with those they declared lost), in how many segments. The newest segment always stays.
func (q *Queue) outdated(limit int) (reports, segments int) {
	bytes := q.bytes()
	for i := 0; i < len(q.segments)-1 && bytes > limit && q.segments[i].thin; i++ {
		reports += q.segments[i].records - q.segments[i].released + q.segments[i].declared
		bytes -= q.segments[i].bytes
		segments++
	}
	return reports, segments
}

func (q *Queue) bytes() int {
	n := 0
	for _, s := range q.segments {
		n += s.bytes
	}
	return n
}

// write appends to the newest segment, or begins a new one when that is full, not ours, or damaged.
func (q *Queue) write(record []byte, declared int) error {
	last := len(q.segments) - 1
	if !q.fresh || last < 0 || q.segments[last].bytes >= q.limits.Segment {
		q.newest++
		q.segments = append(q.segments, segment{number: q.newest})
		last++
		q.fresh = true
	}
	s := &q.segments[last]
	if err := q.medium.add(s.number, record); err != nil {
		q.fresh = false
		return err
	}
	s.records++
	s.bytes += len(record)
	s.declared += declared
	return nil
}

// keep holds a report in memory while the disk refuses it; of too many the oldest go.
func (q *Queue) keep(r wire.Report) {
	q.lost = 0 // r declares it
	q.volatile = append(q.volatile, r)
	if over := len(q.volatile) - q.limits.Memory; over > 0 {
		for _, gone := range q.volatile[:over] {
			q.lost += 1 + gone.Lost
		}
		q.volatile = append([]wire.Report(nil), q.volatile[over:]...)
	}
}

// discard drops the oldest segments, then thins the oldest one that has detail while there is still too much.
func (q *Queue) discard(segments int) error {
	for range segments {
		if err := q.medium.remove(q.segments[0].number); err != nil {
			return err
		}
		q.segments = q.segments[1:]
	}
	for i := 0; i < len(q.segments)-1 && q.bytes() > q.limits.Bytes; i++ {
		if err := q.thin(&q.segments[i]); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) thin(s *segment) error {
	if s.thin {
		return nil
	}
	data, err := q.medium.read(s.number)
	if err != nil {
		return err
	}
	less, err := thinSegment(data)
	if err != nil {
		return err
	}
	if err := q.medium.put(s.number, less); err != nil {
		return err
	}
	s.thin, s.bytes = true, len(less)
	return nil
}

// Peek gives the oldest reports not yet released, at most count and about bytes of them (at least one), and the mark
// to release them by.
func (q *Queue) Peek(count, bytes int) ([]wire.Report, Mark, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := &peek{count: count, bytes: bytes}
	for i := range q.segments {
		s := &q.segments[i]
		if s.records == s.released {
			continue
		}
		if p.full(0) {
			return p.reports, p.mark, nil
		}
		data, err := q.medium.read(s.number)
		if err != nil {
			return nil, Mark{}, err
		}
		payloads, _ := split(data)
		q.believe(i, len(payloads))
		if err := p.segment(s, payloads); err != nil {
			return nil, Mark{}, err
		}
	}
	for _, r := range q.volatile {
		if p.full(0) {
			break
		}
		p.reports = append(p.reports, r)
		p.mark.volatile++
	}
	return p.reports, p.mark, nil
}

// believe accepts that a segment has only so many readable records left: what a dying disk has eaten is declared lost.
func (q *Queue) believe(i, readable int) {
	s := &q.segments[i]
	if readable >= s.records {
		return
	}
	left := max(readable, s.released)
	q.lost += s.records - left
	s.records = left
	if i == len(q.segments)-1 {
		q.fresh = false // nothing can be read behind the damage
	}
}

// peek gathers reports until it has enough.
type peek struct {
	count, bytes int
	reports      []wire.Report
	mark         Mark
	done         bool
}

func (p *peek) full(next int) bool {
	if len(p.reports) >= p.count || (len(p.reports) > 0 && next > p.bytes) {
		p.done = true
	}
	return p.done
}

func (p *peek) segment(s *segment, payloads [][]byte) error {
	for i := s.released; i < s.records; i++ {
		if p.full(len(payloads[i])) {
			return nil
		}
		var r wire.Report
		if err := json.Unmarshal(payloads[i], &r); err != nil {
			return fmt.Errorf("queue segment %d: %w", s.number, err)
		}
		p.reports = append(p.reports, r)
		p.bytes -= len(payloads[i])
		p.mark.segment, p.mark.records = s.number, i+1
	}
	return nil
}

// Release forgets everything up to a mark. Reports that were given up meanwhile do not matter to it.
func (q *Queue) Release(m Mark) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.volatile = q.volatile[min(m.volatile, len(q.volatile)):]
	if len(q.volatile) == 0 {
		q.volatile = nil
	}
	for len(q.segments) > 0 && q.segments[0].number <= m.segment {
		s := &q.segments[0]
		if s.number == m.segment {
			s.released = max(s.released, m.records)
		} else {
			s.released = s.records
		}
		if s.released < s.records {
			return nil
		}
		if err := q.medium.remove(s.number); err != nil {
			return err
		}
		if q.segments = q.segments[1:]; len(q.segments) == 0 {
			q.segments, q.fresh = nil, false
		}
	}
	return nil
}

// Close gives back the file. What was not released is there at the next Open.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fresh = false
	return q.medium.close()
}

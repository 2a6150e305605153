package queue

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// report is one with detail of some weight.
func report(seq uint64) wire.Report {
	at := time.Date(2026, 11, 23, 12, 0, int(seq), 0, time.UTC)
	return wire.Report{Boot: "b", Seq: seq, At: at,
		Readings: []wire.Reading{{Name: "note", Text: strings.Repeat("x", 200), At: at}},
		Findings: []finding.Finding{{Variable: "app_state", State: "hung", At: at, Source: finding.Probe, Detail: "no answer for 20 s"}}}
}

func put(t *testing.T, q *Queue, from, to uint64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if err := q.Put(report(seq)); err != nil {
			t.Fatal(err)
		}
	}
}

func peeked(t *testing.T, q *Queue, count, bytes int) ([]wire.Report, Mark) {
	t.Helper()
	reports, mark, err := q.Peek(count, bytes)
	if err != nil {
		t.Fatal(err)
	}
	return reports, mark
}

func seqs(reports []wire.Report) []uint64 {
	var out []uint64
	for _, r := range reports {
		out = append(out, r.Seq)
	}
	return out
}

func wantSeqs(t *testing.T, reports []wire.Report, want ...uint64) {
	t.Helper()
	if diff := cmp.Diff(want, seqs(reports)); diff != "" {
		t.Fatal(diff)
	}
}

const plenty = 1 << 30

// TestQueues is the suite for both kinds of queue.
func TestQueues(t *testing.T) {
	t.Parallel()
	for kind, open := range map[string]func(*testing.T, Limits) *Queue{
		"on disk": func(t *testing.T, l Limits) *Queue {
			q, err := Open(filepath.Join(t.TempDir(), "queue"), l)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { q.Close() })
			return q
		},
		"in memory": func(_ *testing.T, l Limits) *Queue { return InMemory(l) },
	} {
		t.Run(kind+" reports come out as they went in, until released", func(t *testing.T) {
			t.Parallel()
			q := open(t, Limits{Segment: 1000})
			put(t, q, 1, 10)
			for range 2 {
				got, _ := peeked(t, q, 3, plenty)
				wantSeqs(t, got, 1, 2, 3)
				if diff := cmp.Diff(report(2), got[1]); diff != "" {
					t.Fatal(diff)
				}
			}
			_, mark := peeked(t, q, 7, plenty)
			put(t, q, 11, 11)
			if err := q.Release(mark); err != nil || q.Len() != 4 {
				t.Fatalf("%v %d", err, q.Len())
			}
			got, mark := peeked(t, q, 100, plenty)
			wantSeqs(t, got, 8, 9, 10, 11)
			if err := q.Release(mark); err != nil || q.Len() != 0 {
				t.Fatalf("%v %d", err, q.Len())
			}
			put(t, q, 12, 12)
			got, _ = peeked(t, q, 100, plenty)
			wantSeqs(t, got, 12)
		})
		t.Run(kind+" a peek keeps within its bytes, but gives at least one", func(t *testing.T) {
			t.Parallel()
			q := open(t, Limits{})
			put(t, q, 1, 5)
			got, _ := peeked(t, q, 100, 1)
			wantSeqs(t, got, 1)
			one, err := json.Marshal(report(1))
			if err != nil {
				t.Fatal(err)
			}
			got, _ = peeked(t, q, 100, 3*len(one)+10)
			wantSeqs(t, got, 1, 2, 3)
		})
		t.Run(kind+" a full queue gives up the oldest detail before any report", func(t *testing.T) {
			t.Parallel()
			q := open(t, Limits{Bytes: 8000, Segment: 1000})
			put(t, q, 1, 25)
			got, _ := peeked(t, q, 1000, plenty)
			if len(got) != 25 || got[0].Readings != nil || got[0].Findings[0].Detail != "" || got[0].Findings[0].State != "hung" {
				t.Fatalf("%d: %+v", len(got), got[0])
			}
			if last := got[24]; last.Readings == nil || last.Findings[0].Detail == "" || last.Lost != 0 {
				t.Fatalf("got %+v", last)
			}
		})
		t.Run(kind+" what is given up altogether is declared, neither more nor less", func(t *testing.T) {
			t.Parallel()
			q := open(t, Limits{Bytes: 8000, Segment: 1000})
			put(t, q, 1, 500)
			got, _ := peeked(t, q, 1000, plenty)
			lost := 0
			for _, r := range got {
				lost += r.Lost
			}
			first := got[0].Seq
			if got[len(got)-1].Seq != 500 || uint64(len(got)) != 501-first || q.bytes() > 10_000 || q.bytes() < 4000 {
				t.Fatalf("kept %d from %d in %d bytes", len(got), first, q.bytes())
			}
			if lost == 0 || uint64(lost) != first-1 {
				t.Fatalf("declared %d, gone %d", lost, first-1)
			}
		})
		t.Run(kind+" releasing what was given up meanwhile does no harm", func(t *testing.T) {
			t.Parallel()
			q := open(t, Limits{Bytes: 4000, Segment: 1000})
			put(t, q, 1, 3)
			_, mark := peeked(t, q, 3, plenty)
			put(t, q, 4, 200)
			before, _ := peeked(t, q, 1000, plenty)
			if err := q.Release(mark); err != nil {
				t.Fatal(err)
			}
			after, _ := peeked(t, q, 1000, plenty)
			if diff := cmp.Diff(seqs(before), seqs(after)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, path string, l Limits) *Queue {
		t.Helper()
		q, err := Open(path, l)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { q.Close() })
		return q
	}
	files := func(t *testing.T, path string) []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(path, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	t.Run("what was queued is there after a restart", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		q := open(t, path, Limits{Segment: 1000})
		put(t, q, 1, 10)
		_, mark := peeked(t, q, 4, plenty)
		if err := errors.Join(q.Release(mark), q.Close()); err != nil {
			t.Fatal(err)
		}
		q = open(t, path, Limits{Segment: 1000})
		put(t, q, 11, 11)
		got, mark := peeked(t, q, 100, plenty)
		if got[0].Seq > 5 || got[len(got)-1].Seq != 11 || uint64(len(got)) != 12-got[0].Seq {
			t.Fatalf("got %v", seqs(got))
		}
		if err := q.Release(mark); err != nil || len(files(t, path)) != 0 {
			t.Fatalf("%v %v", err, files(t, path))
		}
	})
	t.Run("a torn end costs only what was never counted, and is not written on", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		q := open(t, path, Limits{})
		put(t, q, 1, 3)
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		name := files(t, path)[0]
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(raw, raw[:50]...), 0o600); err != nil {
			t.Fatal(err)
		}
		q = open(t, path, Limits{})
		put(t, q, 4, 5)
		got, _ := peeked(t, q, 100, plenty)
		wantSeqs(t, got, 1, 2, 3, 4, 5)
	})
	t.Run("a file that rots under a running queue is declared lost and holds up nothing", func(t *testing.T) {
		t.Parallel()
		path := t.TempDir()
		q := open(t, path, Limits{})
		put(t, q, 1, 3)
		if err := os.WriteFile(files(t, path)[0], []byte("rotten"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _ := peeked(t, q, 100, plenty); len(got) != 0 || q.Len() != 0 {
			t.Fatalf("got %v, %d left", seqs(got), q.Len())
		}
		put(t, q, 4, 4)
		got, mark := peeked(t, q, 100, plenty)
		wantSeqs(t, got, 4)
		if got[0].Lost != 3 {
			t.Fatalf("declared %d", got[0].Lost)
		}
		if err := q.Release(mark); err != nil || len(files(t, path)) != 0 {
			t.Fatalf("%v %v", err, files(t, path))
		}
	})
	t.Run("when the disk takes nothing, the newest reports are kept in memory and the loss is declared", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "queue")
		q := open(t, path, Limits{Memory: 3})
		put(t, q, 1, 1)
		if err := errors.Join(q.Close(), os.RemoveAll(path)); err != nil { // no file can be made in what is not there
			t.Fatal(err)
		}
		for seq := uint64(2); seq <= 6; seq++ {
			if err := q.Put(report(seq)); !errors.Is(err, ErrNotDurable) {
				t.Fatalf("got %v", err)
			}
		}
		q.segments = nil // report 1 went with the directory
		got, mark := peeked(t, q, 100, plenty)
		wantSeqs(t, got, 4, 5, 6)
		if err := q.Release(mark); err != nil || q.Len() != 0 {
			t.Fatalf("%v %d", err, q.Len())
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, q, 7, 7)
		got, _ = peeked(t, q, 100, plenty)
		lost := 0
		for _, r := range got {
			lost += r.Lost
		}
		wantSeqs(t, got, 7)
		if lost == 0 {
			t.Fatal("nothing declared")
		}
	})
}

// putter is the environment variable that turns this test binary into a process that queues without end.
const putter = "POSMEDIC_TEST_PUTTER"

func TestMain(m *testing.M) {
	path := os.Getenv(putter)
	if path == "" {
		os.Exit(m.Run())
	}
	q, err := Open(path, Limits{Segment: 4000})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	start, err := strconv.ParseUint(os.Getenv(putter+"_FROM"), 10, 64)
	for seq := start; err == nil; seq++ {
		if err = q.Put(report(seq)); err == nil {
			_, err = fmt.Println(seq)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func TestSIGKILL(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	queued := uint64(0)
	for run := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), putter+"="+path, putter+"_FROM="+strconv.FormatUint(queued+1, 10))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 5+run*3 {
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			if queued, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
			t.Fatalf("the process was not killed: %v %s", err, stderr.String())
		}
		q, err := Open(path, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got, _ := peeked(t, q, 10_000, plenty)
		// One more than was said may be there: queued, but killed before it could say so.
		if n := uint64(len(got)); n != queued && n != queued+1 {
			t.Fatalf("run %d: %d were counted as queued, %d are there", run, queued, n)
		}
		for i, r := range got {
			if r.Seq != uint64(i)+1 {
				t.Fatalf("run %d: report %d stands at %d", run, r.Seq, i)
			}
		}
		queued = uint64(len(got))
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzSegment throws bytes at the reader: what it gives back, written again, must read the same, and must be the
// beginning of what was there.
func FuzzSegment(f *testing.F) {
	good := appendRecord(appendRecord(nil, []byte(`{"seq":1}`)), []byte(`{"seq":2}`))
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(bytes.Repeat([]byte{0xff}, 9))
	f.Fuzz(func(t *testing.T, raw []byte) {
		payloads, whole := split(raw)
		var again []byte
		for _, p := range payloads {
			again = appendRecord(again, p)
		}
		if !bytes.HasPrefix(raw, again) || whole != (len(again) == len(raw)) {
			t.Fatalf("read %d records, whole %v", len(payloads), whole)
		}
	})
}

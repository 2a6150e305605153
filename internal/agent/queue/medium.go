package queue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// medium is where segments lie. A segment's number is never used twice.
type medium interface {
	list() ([]uint64, error)               // ascending
	read(segment uint64) ([]byte, error)   // what was appended to or put into it
	add(segment uint64, data []byte) error // durable when it returns nil; on an error the end of the segment may be damaged
	put(segment uint64, data []byte) error // replaces it whole, durably
	remove(segment uint64) error
	close() error
}

// memory is the medium of simulated terminals.
type memory struct{ segments map[uint64][]byte }

func (m *memory) list() ([]uint64, error) { return nil, nil }

func (m *memory) read(segment uint64) ([]byte, error) { return m.segments[segment], nil }

func (m *memory) add(segment uint64, data []byte) error {
	if m.segments == nil {
		m.segments = make(map[uint64][]byte, 1)
	}
	m.segments[segment] = append(m.segments[segment], data...)
	return nil
}

func (m *memory) put(segment uint64, data []byte) error {
	m.segments[segment] = data
	return nil
}

func (m *memory) remove(segment uint64) error {
	delete(m.segments, segment)
	return nil
}

func (m *memory) close() error { return nil }

// directory is the medium of real ones: a file a segment.
type directory struct {
	path   string
	number uint64   // of the open segment
	open   *os.File // the segment being written, nil when none is
}

const (
	suffix     = ".reports"
	unfinished = "thin." // a rewrite that a crash has cut off
)

func (d *directory) name(segment uint64) string {
	return filepath.Join(d.path, fmt.Sprintf("%020d%s", segment, suffix))
}

func (d *directory) list() ([]uint64, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			if err := os.Remove(filepath.Join(d.path, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		digits, ok := strings.CutSuffix(e.Name(), suffix)
		if number, err := strconv.ParseUint(digits, 10, 64); ok && err == nil {
			out = append(out, number)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (d *directory) read(segment uint64) ([]byte, error) { return os.ReadFile(d.name(segment)) }

func (d *directory) add(segment uint64, data []byte) error {
	if d.open == nil || d.number != segment {
		if err := d.create(segment); err != nil {
			return err
		}
	}
	if _, err := d.open.Write(data); err != nil {
		return err
	}
	return d.open.Sync()
}

// create begins a segment. The directory is synced too: a file whose name is lost in a power cut is lost.
func (d *directory) create(segment uint64) error {
	if err := d.close(); err != nil {
		return err
	}
	f, err := os.OpenFile(d.name(segment), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	d.open, d.number = f, segment
	return d.sync()
}

func (d *directory) put(segment uint64, data []byte) error {
	tmp, err := os.CreateTemp(d.path, unfinished+"*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), d.name(segment))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return d.sync()
}

func (d *directory) remove(segment uint64) error {
	if d.open != nil && d.number == segment {
		if err := d.close(); err != nil {
			return err
		}
	}
	return os.Remove(d.name(segment))
}

func (d *directory) sync() error {
	dir, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d *directory) close() error {
	if d.open == nil {
		return nil
	}
	err := d.open.Close()
	d.open = nil
	return err
}

// Package store keeps the few small things an agent must not forget: its key, who it is, and which commands it has
// carried out. Save is durable when it returns and never leaves half a value behind; there is a directory of files for
// terminals and a map for simulated ones.
package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Dir keeps each value in one file of a directory that only its owner can read.
type Dir struct{ path string }

// OpenDir opens a directory, and makes it when it is missing.
func OpenDir(path string) (Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Dir{}, err
	}
	return Dir{path}, nil
}

// Load gives a value, or fs.ErrNotExist.
func (d Dir) Load(name string) ([]byte, error) { return os.ReadFile(filepath.Join(d.path, name)) }

// Save replaces a value: written beside it, synced, renamed over it, and the directory synced.
func (d Dir) Save(name string, value []byte) error {
	tmp, err := os.CreateTemp(d.path, name+".*") // created 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(value)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(d.path, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	dir, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Memory keeps values for as long as the process lives. The zero value is ready.
type Memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

// Load gives a value, or fs.ErrNotExist.
func (m *Memory) Load(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(value), nil
}

// Save replaces a value.
func (m *Memory) Save(name string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = make(map[string][]byte, 3)
	}
	m.values[name] = slices.Clone(value)
	return nil
}

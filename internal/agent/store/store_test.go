package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/posmedic/posmedic/internal/agent/store"
)

type keeper interface {
	Load(name string) ([]byte, error)
	Save(name string, value []byte) error
}

func TestStores(t *testing.T) {
	t.Parallel()
	for kind, open := range map[string]func(t *testing.T) keeper{
		"a directory": func(t *testing.T) keeper {
			d, err := store.OpenDir(filepath.Join(t.TempDir(), "new"))
			if err != nil {
				t.Fatal(err)
			}
			return d
		},
		"memory": func(*testing.T) keeper { return &store.Memory{} },
	} {
		t.Run(kind+" says when there is nothing", func(t *testing.T) {
			t.Parallel()
			if _, err := open(t).Load("key"); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("got %v", err)
			}
		})
		t.Run(kind+" gives back the newest value, untouched by what the caller does with his", func(t *testing.T) {
			t.Parallel()
			s := open(t)
			value := []byte("second")
			if err := errors.Join(s.Save("key", []byte("first, longer")), s.Save("other", nil), s.Save("key", value)); err != nil {
				t.Fatal(err)
			}
			value[0] = 'X'
			for range 2 {
				got, err := s.Load("key")
				if err != nil || string(got) != "second" {
					t.Fatalf("got %q %v", got, err)
				}
				got[0] = 'Y'
			}
		})
	}
	t.Run("a directory is for its owner only and leaves nothing beside its values", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "new")
		d, err := store.OpenDir(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Save("device.key", []byte("secret")); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(path)
		if err != nil || len(files) != 1 {
			t.Fatalf("%v %v", files, err)
		}
		for _, name := range []string{path, filepath.Join(path, "device.key")} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Fatalf("%s: %v %v", name, info.Mode(), err)
			}
		}
	})
}

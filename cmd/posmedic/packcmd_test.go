package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/pack"
)

// corePack is the built-in pack as its authors see it.
func corePack(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "packs", "core"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// spoiltPack is a pack with a mistake in each of two files.
func spoiltPack(t *testing.T) world {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "pack"), os.DirFS(corePack(t))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pack.yaml", "faults"} {
		path := filepath.Join(dir, "pack", name)
		if name == "faults" {
			files, err := filepath.Glob(filepath.Join(path, "*.yaml"))
			if err != nil || len(files) == 0 {
				t.Fatal(err, files)
			}
			path = files[0]
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append([]byte("no_such_key: 1\n"), text...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return world{folder: dir}
}

func TestPackCheck(t *testing.T) {
	t.Parallel()
	t.Run("the core pack has no mistakes", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{}, "pack", "check", corePack(t))
		if got.code != 0 || !strings.Contains(got.out, "no mistakes") || got.err != "" {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("every mistake is a line with file, line and column, and the exit code is 1", func(t *testing.T) {
		t.Parallel()
		got := play(t, spoiltPack(t), "pack", "check", "pack")
		if got.code != 1 || !strings.Contains(got.out, "pack/pack.yaml:1:1: ") || !strings.Contains(got.out, "pack/faults/") || lines(got.out) < 3 {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a folder that is not there is wrong usage", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{}, "pack", "check", "nowhere"); got.code != 2 || !strings.Contains(got.err, "nowhere") {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestPackExplain(t *testing.T) {
	t.Parallel()
	t.Run("a fault is explained in both languages", func(t *testing.T) {
		t.Parallel()
		for flag, says := range map[string]string{"--lang=en": "who repairs it", "--lang=zh": "谁来修"} {
			if got := play(t, world{}, "pack", "explain", "sw_hang", flag); got.code != 0 || !strings.Contains(got.out, says) {
				t.Errorf("%s: got %+v", flag, got)
			}
		}
	})
	t.Run("for one that does not exist it names those that are near", func(t *testing.T) {
		t.Parallel()
		got := play(t, world{}, "pack", "explain", "hang")
		if got.code != 2 || got.out != "" || !strings.Contains(got.err, "sw_hang") {
			t.Fatalf("got %+v", got)
		}
	})
	t.Run("a third language is wrong usage", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{}, "pack", "explain", "sw_hang", "--lang=fr"); got.code != 2 || got.out != "" {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestPackCompile(t *testing.T) {
	t.Parallel()
	t.Run("what is written is the same pack", func(t *testing.T) {
		t.Parallel()
		w := world{folder: t.TempDir()}
		got := play(t, w, "pack", "compile", corePack(t), "-o", "core.pack")
		compiled, err := os.ReadFile(filepath.Join(w.folder, "core.pack"))
		if err != nil || got.code != 0 {
			t.Fatalf("%v: got %+v", err, got)
		}
		p, err := pack.Decode(compiled)
		if err != nil || !strings.Contains(got.out, p.Ref.Hash) || len(p.Faults) == 0 {
			t.Fatalf("%v: got %+v", err, got)
		}
	})
	t.Run("a pack with mistakes is not written", func(t *testing.T) {
		t.Parallel()
		w := spoiltPack(t)
		got := play(t, w, "pack", "compile", "pack", "-o", "out.pack")
		if _, err := os.Stat(filepath.Join(w.folder, "out.pack")); got.code != 1 || !os.IsNotExist(err) || !strings.Contains(got.err, "pack.yaml:1:1") {
			t.Fatalf("%v: got %+v", err, got)
		}
	})
	t.Run("a place that cannot be written is told", func(t *testing.T) {
		t.Parallel()
		if got := play(t, world{}, "pack", "compile", corePack(t), "-o", "no/such/folder/x"); got.code != 2 || !strings.Contains(got.err, "no/such/folder/x") {
			t.Fatalf("got %+v", got)
		}
	})
}

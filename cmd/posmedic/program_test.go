package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built is the binary under test, built once a process and only when a test asks for it.
type built struct {
	dir   string
	build func() (string, error)
}

var binary built // set by TestMain, which also removes what was built

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "posmedic-binary-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = built{dir: dir, build: sync.OnceValues(func() (string, error) {
		path := filepath.Join(dir, "posmedic")
		out, err := exec.Command("go", "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", path, ".").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return path, err
	})}
	return m.Run()
}

// played is what a run of the binary left behind.
type played struct {
	code     int
	out, err string
}

// play runs the real binary in a folder of its own, with the files and the environment given.
func play(t *testing.T, world world, args ...string) played {
	t.Helper()
	path, err := binary.build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = world.dir(t)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TMPDIR=" + os.TempDir()}, world.env...)
	cmd.Stdin = strings.NewReader(world.in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return played{code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

// world is what the binary finds: files, environment and standard input.
type world struct {
	folder string // one to use as it is; empty: a fresh one
	files  map[string]string
	env    []string
	in     string
}

func (w world) dir(t *testing.T) string {
	t.Helper()
	dir := w.folder
	if dir == "" {
		dir = t.TempDir()
	}
	for name, text := range w.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lines counts the lines of a text.
func lines(s string) int { return strings.Count(s, "\n") }

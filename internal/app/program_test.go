package app_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// program builds the real binary, for tests that end it the hard way or look at its exit code.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "posmedic")
	build := exec.CommandContext(t.Context(), "go", "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", path,
		"github.com/posmedic/posmedic/cmd/posmedic")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

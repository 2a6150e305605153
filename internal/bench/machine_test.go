package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestMachine(t *testing.T) {
	t.Parallel()
	t.Run("the processor is what the kernel calls it, else its architecture", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "cpuinfo")
		if err := os.WriteFile(path, []byte("processor\t: 0\nmodel name\t: Fast 9000\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := cpu(path); got != "Fast 9000" {
			t.Errorf("got %q", got)
		}
		if got := cpu(path + ".none"); got != runtime.GOARCH {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a commit says whether files had been changed", func(t *testing.T) {
		t.Parallel()
		info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}}
		if got := commit(info, true); got != "abc+dirty" {
			t.Errorf("got %q", got)
		}
		info.Settings[1].Value = "false"
		if got := commit(info, true); got != "abc" {
			t.Errorf("got %q", got)
		}
		if a, b := commit(&debug.BuildInfo{}, true), commit(nil, false); a != "" || b != "" {
			t.Errorf("got %q, %q", a, b)
		}
		if m := ThisMachine("v1"); m.Commit == "" || m.Go != runtime.Version() || m.GOMAXPROCS < 1 {
			t.Errorf("got %+v", m)
		}
	})
}

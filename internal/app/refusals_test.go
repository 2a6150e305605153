package app_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/posmedic/posmedic/internal/bench"
)

// setting is a configuration that cannot work.
type setting struct {
	args  []string
	names string // what the sentence must name
}

func impossible(t *testing.T) map[string]setting {
	t.Helper()
	taken := loopback(t)
	t.Cleanup(func() { _ = taken.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	torn := t.TempDir()
	if err := os.WriteFile(filepath.Join(torn, "pack.yaml"), []byte("no_such_key: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := bench.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]setting{
		"an address that is none":                 {[]string{"--listen=nonsense"}, "--listen"},
		"a port that is none":                     {[]string{"--listen=127.0.0.1:http:80"}, "--listen"},
		"a port beyond the last":                  {[]string{"--listen=127.0.0.1:99999"}, "--listen"},
		"a port that is taken":                    {[]string{"--listen=" + taken.Addr().String()}, taken.Addr().String()},
		"an agents' door without a port":          {[]string{"--agents=127.0.0.1"}, "--agents"},
		"an agents' door on a port that is taken": {[]string{"--agents=" + taken.Addr().String()}, taken.Addr().String()},
		"an address of another machine":           {[]string{"--agents=192.0.2.1:8443"}, "--agents"},
		"a data folder that is a file":            {[]string{"--dir=" + file}, "--dir"},
		"a data folder below a file":              {[]string{"--dir=" + filepath.Join(file, "data")}, "--dir"},
		"a data folder that cannot be written":    {[]string{"--dir=/proc/posmedic"}, "--dir"},
		"a store of no known kind":                {[]string{"--store=mysql://localhost/x"}, "--store"},
		"a store whose address cannot be read":    {[]string{"--store=postgres://user:hunter2@:port/x"}, ""},
		"a store that nobody serves":              {[]string{"--store=postgres://user:hunter2@" + free + "/x?connect_timeout=3"}, ""},
		"a store that is a folder":                {[]string{"--store=" + torn}, ""},
		"a pack that is not there":                {[]string{"--pack=" + filepath.Join(torn, "none")}, "--pack"},
		"a pack with mistakes":                    {[]string{"--pack=" + torn}, "pack"},
		"a bus that nobody serves":                {[]string{"--bus=nats://" + free}, ""},
		"a flag that does not exist":              {[]string{"--no-such-flag"}, "--no-such-flag"},
	}
}

// TestSettingsThatCannotWork starts the real server with them: the start ends with exit code 2, one sentence and a hint,
// in the reader's language, and nothing that only developers understand.
func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()
	binary := program(t)
	for name, s := range impossible(t) {
		t.Run("the start is refused with "+name, func(t *testing.T) {
			t.Parallel()
			for _, locale := range []string{"en_GB.UTF-8", "zh_CN.UTF-8"} {
				code, out, errs := serve(t, binary, locale, s.args...)
				lines := strings.Split(strings.TrimSuffix(errs, "\n"), "\n")
				if code != 2 || out != "" || len(lines) != 2 {
					t.Errorf("%s: exit code %d, output %q, %d lines:\n%s", locale, code, out, len(lines), errs)
					continue
				}
				if !strings.Contains(lines[0], s.names) || strings.Contains(errs, "hunter2") {
					t.Errorf("%s: %s", locale, errs)
				}
				if chinese := strings.ContainsFunc(lines[1], func(r rune) bool { return unicode.Is(unicode.Han, r) }); chinese != (locale == "zh_CN.UTF-8") {
					t.Errorf("%s: the hint is %q", locale, lines[1])
				}
			}
		})
	}
}

// TestOneServerAFolder keeps a second server from the folder of one that runs: both would write the same events and send
// the same commands.
func TestOneServerAFolder(t *testing.T) {
	t.Parallel()
	binary, dir := program(t), t.TempDir()
	first, err := bench.StartServer(t.Context(), bench.ServerConfig{Binary: binary, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := serve(t, binary, "en_GB.UTF-8", "--dir="+dir); code != 2 || out != "" || !strings.Contains(errs, "--dir "+dir) {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	again, err := bench.StartServer(t.Context(), bench.ServerConfig{Binary: binary, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Up(t.Context()); err != nil {
		t.Errorf("after a crash the folder is not free: %v", err)
	}
	if err := again.Stop(); err != nil {
		t.Error(err)
	}
}

// serve starts the server in a fresh folder and on free ports, unless args say otherwise, and waits until it ends.
func serve(t *testing.T, binary, locale string, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// Of a flag that is given twice the last counts.
	cmd := exec.CommandContext(ctx, binary, append([]string{"serve", "--dir=" + t.TempDir(), "--listen=127.0.0.1:0", "--agents=127.0.0.1:0"}, args...)...)
	cmd.Env = []string{"LANG=" + locale, "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

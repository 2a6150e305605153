package app_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/bench"
)

// talkative is the host whose answers are right, but for what they hold beside.
const talkative = "that repeats card, track and PIN block"

// leakyHosts answer a terminal's frames with card data where none belongs.
func leakyHosts() map[string]func(t *testing.T) (address string) {
	const track, pin = "6250947000000014=29122011987654321098", "0412AC89ABCDEF67"
	tell := func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
		reply := acquirer.Reply(m, acquirer.CodeApproved, time.Now())
		reply.Set(acquirer.FieldPAN, "4111111111111111")
		reply.Set(acquirer.FieldTrack2, track)
		reply.Set(acquirer.FieldPIN, "\x04\x12\xac\x89\xab\xcd\xef\x67")
		return reply, nil
	}
	refuse := func(_ context.Context, m *acquirer.Message) (*acquirer.Message, error) {
		reply := acquirer.Reply(m, "96", time.Now())
		reply.Set(acquirer.FieldPrivate63, "card 4111111111111111 PIN block "+pin)
		return reply, nil
	}
	return map[string]func(t *testing.T) string{
		talkative:                            func(t *testing.T) string { return serveFrames(t, tell) },
		"that names the card in its refusal": func(t *testing.T) string { return serveFrames(t, refuse) },
		"whose frames are card data and no message": func(t *testing.T) string {
			return serveRaw(t, []byte("4111111111111111;"+track+"?"+pin))
		},
		"that breaks off inside the card number": func(t *testing.T) string {
			return serveRaw(t, append([]byte{0x60, 0, 0, 0, 0, 0x60, 0x22, 0, 0, 0, 0, 0x08, 0x10, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x19}, "4111111111111111"...))
		},
	}
}

func serveFrames(t *testing.T, handle acquirer.Handler) string {
	t.Helper()
	listener := loopback(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- acquirer.Serve(ctx, listener, handle, acquirer.Limits{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// serveRaw answers every frame with these bytes in a frame.
func serveRaw(t *testing.T, frame []byte) string {
	t.Helper()
	listener := loopback(t)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := acquirer.ReadFrame(conn, acquirer.MaxFrame); err == nil {
					_ = acquirer.WriteFrame(conn, frame)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestFramesLeaveNothing has the real program look at hosts whose frames hold card data, and searches what it prints, in
// words and as JSON, and what it keeps.
func TestFramesLeaveNothing(t *testing.T) {
	t.Parallel()
	binary := program(t)
	for name, start := range leakyHosts() {
		t.Run("a host "+name, func(t *testing.T) {
			t.Parallel()
			for _, form := range []string{"--json", "--lang=zh"} {
				state := t.TempDir()
				out := diagnosed(t, binary, start(t), state, form)
				if name == talkative && form == "--json" && !bytes.Contains(out, []byte("went through")) {
					t.Errorf("the frames were not read: %s", out)
				}
				kept, err := filepath.Glob(filepath.Join(state, "*"))
				if err != nil {
					t.Fatal(err)
				}
				for _, path := range kept {
					raw, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, raw...)
				}
				for _, needle := range []string{"4111111111111111", "6250947000000014", "29122011987654321098", "0412ac89abcdef67", "34313131313131"} {
					if text := plain(out); bytes.Contains(text, []byte(needle)) {
						t.Errorf("%s is in %s", needle, text)
					}
				}
			}
		})
	}
}

// diagnosed runs the check-up against a host, with a test sale, and gives what it printed.
func diagnosed(t *testing.T, binary, host, state, form string) []byte {
	t.Helper()
	silent, err := bench.FreeAddress() // nothing outside this machine is asked
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "diagnose", "--host=tcp://"+host, "--tid=10000001", "--mid=898000000000001", "--test-sale=1",
		"--dns="+silent, "--ntp="+silent, "--portal=http://"+silent, "--ask=never", "--state="+state, form)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if code := cmd.ProcessState.ExitCode(); code == 2 || code < 0 || out.Len() == 0 {
		t.Fatalf("exit code %d: %s", code, out.Bytes())
	}
	return out.Bytes()
}

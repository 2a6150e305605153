package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server is a posmedic that runs as a process of its own, on loopback.
type Server struct {
	Page   string // http://host:port of the people's door
	Agents string // host:port of the agents' door

	cmd   *exec.Cmd
	log   *tail
	began time.Time
	ended chan struct{} // closed when the process is gone
	exit  error         // why; read it after ended
}

// ServerConfig says which server to start.
type ServerConfig struct {
	Binary string
	Dir    string // data folder
	Store  string // DSN; empty: SQLite in Dir
	Page   string // host:port; empty: a free one on loopback
	Agents string // host:port; empty: a free one on loopback
	Log    io.Writer
	Args   []string // more of the command line
}

// FreeAddress names an address on loopback that nothing listens on right now.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// StartServer starts a server and returns at once; Up waits for it. It ends with ctx at the latest.
func StartServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	for _, address := range []*string{&cfg.Page, &cfg.Agents} {
		if *address == "" {
			free, err := FreeAddress()
			if err != nil {
				return nil, err
			}
			*address = free
		}
	}
	args := []string{"serve", "--dir", cfg.Dir, "--listen", cfg.Page, "--agents", cfg.Agents}
	if cfg.Store != "" {
		args = append(args, "--store", cfg.Store)
	}
	s := &Server{Page: "http://" + cfg.Page, Agents: cfg.Agents, log: &tail{also: cfg.Log}, ended: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, cfg.Binary, append(args, cfg.Args...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "POSMEDIC_") }) // its own settings
	endWithUs(s.cmd)
	s.began = time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.exit = s.cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

const readyWithin = 60 * time.Second

// FirstPage waits until the first page is there and says how long that took from the start of the process.
func (s *Server) FirstPage(ctx context.Context) (time.Duration, error) {
	return s.await(ctx, s.Page+"/")
}

// Up waits until everything is open.
func (s *Server) Up(ctx context.Context) error {
	_, err := s.await(ctx, s.Page+"/api/v1/session")
	return err
}

// await asks for a page until it is served.
func (s *Server) await(ctx context.Context, url string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if served(ctx, client, url) {
			return time.Since(s.began), nil
		}
		select {
		case <-s.ended:
			return 0, fmt.Errorf("the server ended by itself: %w: %s", s.exit, s.log)
		case <-ctx.Done():
			return 0, fmt.Errorf("the server does not answer: %w: %s", ctx.Err(), s.log)
		case <-tick.C:
		}
	}
}

// served reports whether a page is there: answered with 200, and whole.
func served(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	return err == nil && n > 0 && response.StatusCode == http.StatusOK
}

// Kill ends the server as a power cut would, and waits until it is gone.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.ended
	return nil
}

const stopWithin = 30 * time.Second

// Stop asks the server to end and waits until it has. It is an error when it does not end well.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(stopWithin):
		return errors.Join(errors.New("the server does not stop"), s.Kill())
	}
	if s.exit != nil {
		return fmt.Errorf("the server ended badly: %w: %s", s.exit, s.log)
	}
	return nil
}

// Said is the end of what the server has printed and logged.
func (s *Server) Said() string { return s.log.String() }

// tail keeps the end of what a process says, for errors.
type tail struct {
	mu   sync.Mutex
	last []byte
	also io.Writer // nil: nobody
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	if t.also != nil {
		return t.also.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}

package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	feeddoor "github.com/posmedic/posmedic/internal/gateway/feed"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
	"github.com/posmedic/posmedic/wire"
)

// server is a real agent door and a real feed door with rooms in memory behind them.
type server struct {
	t     *testing.T
	rooms *doortest.Rooms
	door  *agentdoor.Door
	agent string // address
	print string // fingerprint
	feed  *httptest.Server

	mu      sync.Mutex
	codes   int
	records map[string]observe.Record // of the feed, by id
	again   int                       // records that came once more
	dumb    int                       // so many posts are taken and not answered
}

func serve(t *testing.T) *server {
	t.Helper()
	knowledge, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	known := func(variable, state string) bool {
		v, ok := knowledge.Variable(variable)
		return ok && slices.ContainsFunc(v.States, func(s pack.StateWords) bool { return s.ID == state })
	}
	identity, err := agentdoor.LoadIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, rooms: doortest.NewRooms(), print: identity.Fingerprint, records: map[string]observe.Record{}}
	s.rooms.Every = 30 * time.Millisecond
	s.door, err = agentdoor.New(agentdoor.Config{DeviceBurst: 100_000, DeviceEvery: time.Microsecond, AddressBurst: 100_000}, agentdoor.Deps{
		Identity: identity, Intake: s.rooms, Commands: s.rooms, Devices: s.rooms, Nudges: s.rooms, Known: known, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.agent = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.door.Serve(ctx, l) }()
	take := feeddoor.Handler(feeddoor.Deps{Tokens: s, Sink: s, Known: known, Log: slog.New(slog.DiscardHandler)})
	s.feed = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.mute() {
			take.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // taken, but the answer is lost
		}
		take.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.feed.Close()
	})
	return s
}

func (s *server) mute() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dumb--
	return s.dumb >= 0
}

// Scope is the feed door's Tokens.
func (s *server) Scope(_ context.Context, token string) (string, error) {
	if token != "secret" {
		return "", problem.New(problem.NotFound, "token", lang.Text{ZH: "没有", EN: "none"})
	}
	return feeddoor.Scope, nil
}

// Accept is its Sink.
func (s *server) Accept(_ context.Context, records []observe.Record) (observe.Taken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken observe.Taken
	for _, r := range records {
		if _, known := s.records[r.ID]; known {
			s.again++
			taken.Duplicate++
			continue
		}
		s.records[r.ID] = r
		taken.Accepted++
	}
	return taken, nil
}

// fed counts the feed's records that fit.
func (s *server) fed(fits func(observe.Record) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.records {
		if fits(r) {
			n++
		}
	}
	return n
}

// enrol makes a code; the terminal's id is its TID.
func (s *server) enrol(_ context.Context, tid, _ string) (string, error) {
	s.mu.Lock()
	s.codes++
	code := fmt.Sprintf("CODE%d", s.codes)
	s.mu.Unlock()
	s.rooms.Allow(code, tid, time.Now().Add(time.Hour))
	return wire.FormatEnrolment(code, s.print), nil
}

// live starts an estate against the server, with everything moving.
func (s *server) live(cfg Config) *Estate {
	s.t.Helper()
	cfg.Server, cfg.Enrol, cfg.FeedURL, cfg.FeedToken = s.agent, s.enrol, s.feed.URL, "secret"
	cfg.AlwaysOpen, cfg.ReportEvery = true, 30*time.Millisecond
	e, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := e.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cancel()
		if err := e.Wait(); err != nil {
			s.t.Error(err)
		}
	})
	return e
}

func (s *server) until(what string, ok func() bool) {
	s.t.Helper()
	s.rooms.Until(s.t, what, ok)
}

// state gives the newest state of a variable that the terminal's agent has reported.
func (s *server) state(tid, variable string) string {
	reports := s.rooms.Reports(tid)
	for _, r := range slices.Backward(reports) {
		for _, f := range r.Findings {
			if f.Variable == variable {
				return f.State
			}
		}
	}
	return ""
}

func (s *server) order(tid, name string) string {
	s.mu.Lock()
	s.codes++
	id := fmt.Sprintf("cmd%d", s.codes)
	s.mu.Unlock()
	s.rooms.Order(tid, wire.Command{ID: id, Name: name, Expires: time.Now().Add(time.Minute)})
	return id
}

// carried waits for a command's end.
func (s *server) carried(tid, name string) wire.Progress {
	s.t.Helper()
	id := s.order(tid, name)
	var end wire.Progress
	s.until(name+" to end", func() (ok bool) { end, ok = s.rooms.Ended(tid, id); return ok })
	return end
}

func sold(e *Estate, tid string) int { n, _ := e.Sales(tid); return n }

func TestEstateAgainstTheRealDoors(t *testing.T) {
	t.Parallel()
	const hurried = 600
	t.Run("a hung app is seen by its agent, freed by a command and sells again", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		e := s.live(Config{Terminals: 4, Speed: hurried})
		played, err := e.waitAndPlay(s, "app-hung")
		if err != nil {
			t.Fatal(err)
		}
		tid := played.Terminal
		s.until("the frozen screen", func() bool { return s.state(tid, "screen_state") == "frozen_picture" })
		if end := s.carried(tid, "sign_in"); end.State != "failed" {
			t.Fatalf("a hung app signed in: %+v", end)
		}
		if got := e.Truth(tid); !slices.Equal(got, []string{"sw_hang"}) {
			t.Fatalf("the truth is %v", got)
		}
		end := s.carried(tid, "restart_app")
		if end.State != "done" || end.Proof["app_pid_before"] == end.Proof["app_pid_after"] {
			t.Fatalf("%+v", end)
		}
		before := sold(e, tid)
		s.until("a sale", func() bool { return sold(e, tid) > before && s.state(tid, "screen_state") == "normal" })
		if n := s.door.Counts(); n[agentdoor.FindingUnknown] > 0 || n[agentdoor.HostShape] > 0 || n[agentdoor.FindingSource] > 0 {
			t.Fatalf("the door did not take all that was said: %v", n)
		}
	})
	t.Run("without power there is not a word, and the reports go on afterwards", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		e := s.live(Config{Terminals: 12, Speed: hurried, Seed: 2})
		played, err := e.waitAndBreak(s, "power-cut")
		if err != nil {
			t.Fatal(err)
		}
		if len(played.Hit) < 2 || !slices.Contains(played.Hit, played.Terminal) {
			t.Fatalf("hit: %v", played.Hit)
		}
		s.until("the utility's word", func() bool {
			return s.fed(func(r observe.Record) bool { return r.Power != nil && !r.Power.On }) == 1
		})
		boots := func() map[string]bool {
			out := map[string]bool{}
			for _, r := range s.rooms.Reports(played.Terminal) {
				out[r.Boot] = true
			}
			return out
		}
		s.until("its agent to end", func() bool { return s.door.Live() <= 12-len(played.Hit) })
		before, was := sold(e, played.Terminal), len(boots())
		e.pass(played.Terminal)
		t.Cleanup(func() {
			if t.Failed() {
				x := e.world.byTID[played.Terminal]
				n, a := e.Sales(x.tid)
				t.Logf("sold %d→%d of %d, boots %d→%d, truth %v, on %v hung %v screen %s reached %s code %s session %v power %v, power records %d", before, n, a, was, len(boots()),
					e.Truth(x.tid), x.on, x.hung, x.screen, x.reached, x.lastCode, x.session, x.shop.street.power,
					s.fed(func(r observe.Record) bool { return r.Power != nil && r.Power.On }))
			}
		})
		s.until("the power to come back and a sale", func() bool {
			return sold(e, played.Terminal) > before && len(boots()) > was && len(e.Truth(played.Terminal)) == 0 &&
				s.fed(func(r observe.Record) bool { return r.Power != nil && r.Power.On }) == 1
		})
	})
	t.Run("a SIM without data cuts the agent off, and the carrier says why", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		e := s.live(Config{Terminals: 12, Speed: hurried, Seed: 3})
		played, err := e.waitAndPlay(s, "sim-no-data")
		if err != nil {
			t.Fatal(err)
		}
		tid := played.Terminal
		s.until("the carrier's word", func() bool {
			return s.fed(func(r observe.Record) bool { return r.SIM != nil && r.SIM.TID == tid && r.SIM.State == "data_used_up" }) == 1
		})
		s.until("the live connection to end", func() bool { return s.door.Live() == 11 })
		quiet := len(s.rooms.Reports(tid))
		other := e.find(t, func(x *Terminal) bool { return x.tid != tid })
		heard := len(s.rooms.Reports(other.tid))
		s.until("others to report on", func() bool { return len(s.rooms.Reports(other.tid)) > heard+5 })
		if len(s.rooms.Reports(tid)) != quiet {
			t.Fatal("its agent was heard")
		}
		e.world.mu.Lock()
		addData(e.world, e.world.byTID[tid])
		e.world.mu.Unlock()
		before := sold(e, tid)
		s.until("a sale, and what was queued", func() bool { return sold(e, tid) > before && len(s.rooms.Reports(tid)) > quiet })
	})
	t.Run("a tampered unit is replaced: another serial number, enrolled anew, and it sells", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		desk := &desk{ended: map[string]string{}}
		e := s.live(Config{Terminals: 3, Speed: hurried, Desk: desk})
		played, err := e.waitAndPlay(s, "tampered")
		if err != nil {
			t.Fatal(err)
		}
		tid := played.Terminal
		s.until("the tamper flag", func() bool { return s.state(tid, "tamper_flag") == "set" })
		was := serialOf(e, tid)
		desk.ask(Task{Attempt: "att1", Terminal: tid, Step: "restart_terminal", By: "merchant"})
		s.until("the wrong step", func() bool { return desk.said("att1") != "" })
		if got := e.Truth(tid); !slices.Equal(got, []string{"sec_tamper_impact"}) {
			t.Fatalf("after a restart the truth is %v", got)
		}
		desk.ask(Task{Attempt: "att2", Terminal: tid, Step: "cure.sec_tamper_impact", By: "depot"})
		s.until("the replacement", func() bool { return desk.said("att2") != "" })
		before := sold(e, tid)
		s.until("a sale on the new unit", func() bool { return sold(e, tid) > before && s.state(tid, "tamper_flag") == "clear" })
		if serialOf(e, tid) == was || len(e.Truth(tid)) > 0 {
			t.Fatalf("serial %s, truth %v", serialOf(e, tid), e.Truth(tid))
		}
	})
	t.Run("a host that is down is silent in its feed too, and comes back by itself", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		e := s.live(Config{Terminals: 5, Speed: hurried})
		played, err := e.waitAndBreak(s, "host-down")
		if err != nil {
			t.Fatal(err)
		}
		down := time.Now()
		s.until("terminals to say that nothing answers", func() bool {
			n := 0
			for _, r := range e.Register() {
				if s.state(r.TID, "host_connect_test") == "connects_no_answer" {
					n++
				}
			}
			return n == 5
		})
		up := time.Now()
		if n := s.fed(func(r observe.Record) bool {
			return r.Message != nil && r.At.After(down) && r.At.Before(up) || r.Notice != nil
		}); n > 0 {
			t.Fatalf("%d records of a host that is down", n)
		}
		e.pass(played.Terminal)
		before := sold(e, played.Terminal)
		s.until("a sale", func() bool { return sold(e, played.Terminal) > before })
	})
	t.Run("what passes by itself passes", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		e := s.live(Config{Terminals: 6, Speed: 6000, Seed: 2})
		for _, name := range []string{"host-down", "power-cut"} {
			played, err := e.waitAndPlay(s, name)
			if err != nil {
				t.Fatal(err)
			}
			s.until(name+" to pass", func() bool { return len(e.Truth(played.Terminal)) == 0 })
		}
	})
	t.Run("an answer that is lost makes the feed post again, and nothing is stored twice", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		s.dumb = 2
		e := s.live(Config{Terminals: 3, Speed: hurried})
		s.until("sales in the feed", func() bool {
			return s.fed(func(r observe.Record) bool {
				return r.Message != nil && r.Message.Kind == observe.Sale && r.Message.Code == "00"
			}) > 5
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.again == 0 {
			t.Fatal("nothing was posted twice: the test shows nothing")
		}
		seen := map[string]int{}
		for _, r := range s.records {
			if r.Message != nil && r.Message.RRN != "" {
				seen[r.Message.RRN]++
				if seen[r.Message.RRN] > 1 {
					t.Fatalf("sale %s is there twice", r.Message.RRN)
				}
			}
		}
		if len(e.Truth("31000001")) > 0 {
			t.Fatal("it broke by itself")
		}
	})
	t.Run("people answer what they can see, and say so when they cannot", func(t *testing.T) {
		t.Parallel()
		s := serve(t)
		asked := &inquiry{open: []Question{{"c1", "31000001", "main_symptom"}, {"c1", "31000001", "device_origin"}}, answers: map[string]string{}}
		e := s.live(Config{Terminals: 1, Speed: hurried, Inquiry: asked})
		if err := e.Inject("sw_hang", "31000001"); err != nil {
			t.Fatal(err)
		}
		s.until("both answers", func() bool { return len(asked.given()) == 2 })
		if got := asked.given(); got["main_symptom"] != "frozen_or_crashes" || got["device_origin"] != "" {
			t.Fatalf("got %v", got)
		}
	})
}

// waitAndBreak is waitAndPlay for a story that lasts until the test ends it.
func (e *Estate) waitAndBreak(s *server, story string) (Played, error) {
	s.t.Helper()
	e.everybodyWorks(s)
	begun, err := FindStory(story)
	if err != nil {
		return Played{}, err
	}
	begun.Lasts = 0
	return e.play(begun)
}

// waitAndPlay begins a story when every terminal has reported and sold.
func (e *Estate) waitAndPlay(s *server, story string) (Played, error) {
	s.t.Helper()
	e.everybodyWorks(s)
	return e.Play(story)
}

func (e *Estate) everybodyWorks(s *server) {
	s.t.Helper()
	s.until("everybody to work", func() bool {
		return !slices.ContainsFunc(e.Register(), func(r Entry) bool { return sold(e, r.TID) == 0 || len(s.rooms.Reports(r.TID)) == 0 })
	})
	s.until("live connections", func() bool { return s.door.Live() == len(e.Register()) })
}

func serialOf(e *Estate, tid string) string {
	for _, r := range e.Register() {
		if r.TID == tid {
			return r.Serial
		}
	}
	return ""
}

// desk is one where the test asks for steps.
type desk struct {
	mu    sync.Mutex
	tasks []Task
	ended map[string]string
}

func (d *desk) ask(t Task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tasks = append(d.tasks, t)
}

func (d *desk) said(attempt string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended[attempt]
}

// Tasks is Desk.
func (d *desk) Tasks(context.Context) ([]Task, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.tasks), nil
}

// Done is Desk.
func (d *desk) Done(_ context.Context, attempt string, done bool, text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended[attempt] != "" {
		return errors.New("reported twice")
	}
	d.ended[attempt] = fmt.Sprint(done, " ", text)
	return nil
}

// inquiry is one where the test asks questions.
type inquiry struct {
	mu      sync.Mutex
	open    []Question
	answers map[string]string
}

// Questions is Inquiry.
func (i *inquiry) Questions(context.Context) ([]Question, error) { return i.open, nil }

// Answer is Inquiry.
func (i *inquiry) Answer(_ context.Context, q Question, state string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answers[q.Variable] = state
	return nil
}

func (i *inquiry) given() map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := map[string]string{}
	for k, v := range i.answers {
		out[k] = v
	}
	return out
}

func TestStories(t *testing.T) {
	t.Parallel()
	t.Run("every story can be cast in a small estate and makes its fault true", func(t *testing.T) {
		t.Parallel()
		for _, story := range Stories() {
			e := begin(t, Config{Terminals: 16, Seed: 1})
			for _, x := range e.world.terminals {
				mustSell(t, x)
			}
			played, err := e.Play(story.Name)
			if err != nil {
				t.Fatalf("%s: %v", story.Name, err)
			}
			if got := e.Truth(played.Terminal); !slices.Equal(got, []string{story.Fault}) {
				t.Errorf("%s: the truth is %v", story.Name, got)
			}
			if story.Shared == (len(played.Hit) < 2) {
				t.Errorf("%s hits %v", story.Name, played.Hit)
			}
		}
	})
	t.Run("an unknown story names the known ones", func(t *testing.T) {
		t.Parallel()
		_, err := FindStory("boredom")
		if p := problem.Of(err); !errors.Is(err, errStory) || !strings.Contains(p.Hint.EN, "app-hung") {
			t.Fatalf("got %v", err)
		}
	})
}

func TestWhatTheFeedSaysIsJSONInTheDoorsWords(t *testing.T) {
	t.Parallel()
	var line feeddoor.Line
	raw, err := json.Marshal(record{notice: &hostNotice{id: "n", kind: "maintenance", host: "host-1", from: time.Unix(1, 0), text: lang.Text{ZH: "一", EN: "one"}}}.line("a-1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &line); err != nil || line.Notice.Scope != "host" || line.Notice.Value != "host-1" || !line.Notice.Until.IsZero() {
		t.Fatalf("%v %s", err, raw)
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/sim"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// simulateCommand is `posmedic simulate`: virtual terminals and an acquirer's host against a running server.
type simulateCommand struct {
	Terminals int           `short:"n" default:"20" help:"How many terminals."`
	Seed      uint64        `default:"1" help:"The same seed makes the same estate."`
	Hosts     int           `default:"1" help:"How many acquirer hosts."`
	Speed     float64       `default:"1" help:"How much faster than in life customers come and hardware ages."`
	Always    bool          `name:"always-open" help:"Shops trade around the clock."`
	Server    string        `help:"The server's agent door; without it terminals run without agents." placeholder:"HOST:PORT"`
	Enrol     string        `type:"existingfile" help:"File with a line \"TID CODE@fingerprint\" for each terminal." placeholder:"FILE"`
	Console   string        `help:"The server's console, to make enrolment codes there instead of --enrol." placeholder:"URL"`
	Operator  string        `help:"Who signs in at the console; the password is taken from POSMEDIC_OPERATOR_PASSWORD." placeholder:"NAME"`
	Feed      string        `help:"Where the hosts post what they see, usually URL/v1/feed." placeholder:"URL"`
	Token     string        `env:"POSMEDIC_FEED_TOKEN" help:"Integration token for --feed." placeholder:"TOKEN"`
	Poll      bool          `help:"Agents keep no live connection; commands come with the receipts."`
	Inject    []string      `help:"Make a fault happen once everything sells: FAULT, or FAULT@TARGET with a TID, host, area or parameter set." placeholder:"FAULT[@TARGET]"`
	Trouble   float64       `default:"1" help:"Factor on the rate at which faults happen by themselves; 0: none do."`
	Register  bool          `help:"Print the terminals as JSON lines, for the server's register, and end."`
	Every     time.Duration `default:"10s" help:"How often a line of progress is printed."`
	For       time.Duration `help:"End after so long (default: never)."`
	Verbose   bool          `short:"v" help:"Say more."`
}

// The mistakes of a command line that only show together.
var (
	errSimulateEnrol = problem.New(problem.Invalid, "simulate.enrol",
		lang.Text{ZH: "--server 需要 --enrol，或 --console 加 --operator", EN: "--server needs --enrol, or --console with --operator"})
	errSimulateFeed = problem.New(problem.Invalid, "simulate.feed",
		lang.Text{ZH: "--feed 需要 --token", EN: "--feed needs --token"}).
		WithHint(lang.Text{ZH: "在控制台生成一个用于上送数据的接口令牌", EN: "make an integration token for feeds in the console"})
	errSimulateUnsure = problem.New(problem.Invalid, "simulate.negative",
		lang.Text{ZH: "--trouble 和 --every 不能是负数或零间隔", EN: "--trouble cannot be negative, and --every must be longer than nothing"})
)

// Run is called by the command line.
func (s *simulateCommand) Run(ctx context.Context, c *console) (err error) {
	if err := s.validate(); err != nil {
		return err
	}
	if s.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.For)
		defer cancel()
	}
	enrol, done, err := s.enrolment(ctx, c)
	if err != nil {
		return err
	}
	defer done()
	estate, err := s.estate(c, enrol)
	if err != nil {
		return err
	}
	if s.Register {
		return printRegister(c, estate)
	}
	running, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		err = errors.Join(err, estate.Wait())
	}()
	if err := estate.Start(running); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	for _, h := range estate.Hosts() {
		say(c, lang.Text{ZH: "收单后台 %s：TCP %s，TLS %s（%s）", EN: "host %s: TCP %s, TLS %s (%s)"}, h.ID, h.Plain, h.Secure, h.ServerName)
	}
	return s.watch(ctx, c, estate)
}

func (s *simulateCommand) validate() error {
	switch {
	case s.Server != "" && s.Enrol == "" && (s.Console == "" || s.Operator == ""):
		return errSimulateEnrol
	case s.Feed != "" && s.Token == "":
		return errSimulateFeed
	case s.Trouble < 0, s.Every <= 0:
		return errSimulateUnsure
	}
	return nil
}

// enroller gives the enrolment string of a terminal.
type enroller func(ctx context.Context, tid, serial string) (string, error)

func (s *simulateCommand) enrolment(ctx context.Context, c *console) (enroller, func(), error) {
	nothing := func() {}
	switch {
	case s.Server == "" || s.Register:
		return nil, nothing, nil
	case s.Enrol != "":
		f, err := os.Open(s.Enrol)
		if err != nil {
			return nil, nothing, err
		}
		defer f.Close()
		codes, err := sim.ReadCodes(f)
		if err != nil {
			return nil, nothing, err
		}
		return codes.Enrol, nothing, nil
	default:
		operator, err := sim.SignInOperator(ctx, s.Console, s.Operator, c.Getenv("POSMEDIC_OPERATOR_PASSWORD"))
		if err != nil {
			return nil, nothing, err
		}
		return operator.Enrol, operator.Close, nil
	}
}

func (s *simulateCommand) estate(c *console, enrol enroller) (*sim.Estate, error) {
	rates, err := coreRates(s.Trouble)
	if err != nil {
		return nil, err
	}
	return sim.New(sim.Config{
		Seed: s.Seed, Terminals: s.Terminals, Hosts: s.Hosts, Speed: s.Speed, AlwaysOpen: s.Always, Server: s.Server, Poll: s.Poll,
		FeedURL: s.Feed, FeedToken: s.Token, Enrol: enrol, Rates: rates, Log: logger(c, s.Verbose),
	})
}

// coreRates are the rates of the core pack's faults, times a factor.
func coreRates(factor float64) (map[string]float64, error) {
	if factor == 0 {
		return nil, nil
	}
	knowledge, err := pack.Load(packs.Core())
	if err != nil {
		return nil, err
	}
	rates := make(map[string]float64, len(knowledge.Faults))
	for _, f := range knowledge.Faults {
		rates[f.ID] = f.Rate.Mean * factor
	}
	return rates, nil
}

// printRegister writes one terminal a line.
func printRegister(c *console, estate *sim.Estate) error {
	out := json.NewEncoder(c.Out)
	for _, entry := range estate.Register() {
		if err := out.Encode(entry); err != nil {
			return err
		}
	}
	return nil
}

// watch prints progress until ctx ends, and injects what was asked for as soon as every open shop sells.
func (s *simulateCommand) watch(ctx context.Context, c *console, estate *sim.Estate) error {
	const settleEvery = 100 * time.Millisecond
	tick, look := time.NewTicker(s.Every), time.NewTicker(settleEvery)
	defer tick.Stop()
	defer look.Stop()
	begun, waiting := time.Now(), s.Inject
	for {
		select {
		case <-ctx.Done():
			s.progress(c, estate, begun)
			return nil
		case <-tick.C:
			s.progress(c, estate, begun)
		case <-look.C:
			if len(waiting) == 0 || estate.Count().Selling < s.Terminals {
				continue
			}
			if err := s.inject(c, estate, waiting); err != nil {
				return err
			}
			waiting = nil
			look.Stop()
		}
	}
}

func (s *simulateCommand) inject(c *console, estate *sim.Estate, list []string) error {
	for _, one := range list {
		fault, target, aimed := strings.Cut(one, "@")
		var err error
		if aimed {
			err = estate.Inject(fault, target)
		} else {
			target, err = estate.InjectSomewhere(fault)
		}
		if err != nil {
			return err
		}
		say(c, lang.Text{ZH: "注入故障 %s：%s", EN: "injected %s at %s"}, fault, target)
	}
	return nil
}

// progress is one line: how the estate does.
func (s *simulateCommand) progress(c *console, estate *sim.Estate, begun time.Time) {
	count := estate.Count()
	var wrong []string
	for _, id := range slices.Sorted(maps.Keys(count.Faults)) {
		wrong = append(wrong, fmt.Sprintf("%s×%d", id, count.Faults[id]))
	}
	faults := strings.Join(wrong, " ")
	if faults == "" {
		faults = lang.Text{ZH: "无", EN: "none"}.In(c.Lang)
	}
	say(c, lang.Text{
		ZH: "%6.0f 秒  可收款 %d/%d  成交 %d/%d  故障：%s", EN: "%6.0fs  %d of %d can sell  %d of %d customers paid  faults: %s",
	}, time.Since(begun).Seconds(), count.Selling, count.Terminals, count.Sold, count.Attempted, faults)
}

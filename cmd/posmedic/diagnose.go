package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/posmedic/posmedic/internal/agent/checkup"
	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/knowledge/words"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// diagnoseCommand is `posmedic diagnose`. It exits with 0 when the terminal is healthy, 1 when a fault was found, 2 on
// wrong usage and 3 when it could not tell.
type diagnoseCommand struct {
	Host       string   `placeholder:"HOST:PORT" help:"Acquirer host: tls://host:port (tls:// may be left out) or tcp://host:port."`
	CA         string   `name:"ca" placeholder:"FILE" help:"Certificates (PEM) to trust instead of the system's."`
	ServerName string   `placeholder:"NAME" help:"Name in the host's certificate; the host by default."`
	TID        string   `name:"tid" help:"Terminal number, 8 characters; with --mid the host is asked for echo and sign-in."`
	MID        string   `name:"mid" help:"Merchant number, 15 characters."`
	TestSale   int64    `placeholder:"CENTS" help:"Also make a test sale of so many cents with a test card and take it back."`
	NTP        string   `name:"ntp" placeholder:"HOST[:PORT]" help:"Time server to compare the clock with."`
	DNS        []string `name:"dns" placeholder:"HOST[:PORT]" help:"Name server to ask instead of the system's; a second one is compared with the first."`
	Portal     string   `placeholder:"URL" help:"http:// page that answers 204, to find a captive portal."`
	Lang       string   `placeholder:"zh|en" help:"Language of the report; by default that of the locale."`
	JSON       bool     `name:"json" help:"Print one JSON object."`
	Ask        string   `default:"auto" enum:"auto,always,never" help:"Ask the person what probes cannot see: auto (on a terminal), always, never."`
	Case       string   `placeholder:"FILE" help:"Diagnose a coded case (- is standard input) instead of this machine."`
	Say        string   `placeholder:"TEXT" help:"What the merchant says, in his own words."`
	Pack       string   `placeholder:"DIR" help:"Knowledge pack to use instead of the built-in one."`
	State      string   `placeholder:"DIR" help:"Where the last proof is kept; ~/.local/state/posmedic by default."`
}

// Run is called by the command line.
func (d *diagnoseCommand) Run(ctx context.Context, c *console) error {
	if err := d.language(c); err != nil {
		return err
	}
	knowledge, err := d.knowledge()
	if err != nil {
		return err
	}
	cfg := checkup.Config{
		Engine: diagnose.New(knowledge, diagnose.Policy{}), Lang: c.Lang, JSON: d.JSON, StateDir: d.stateDir(c.Getenv),
		Out: c.Out, Progress: c.Err, Live: isTerminal(c.Err), Now: time.Now,
	}
	cfg.Ask = d.Ask == "always" || d.Ask == "auto" && d.Case != "-" && isTerminal(c.In) && isTerminal(c.Err)
	if cfg.Ask {
		cfg.In = c.In
	}
	if cfg.Given, err = d.given(c, knowledge); err != nil {
		return err
	}
	if d.Case == "" {
		if cfg.Machine, err = d.machine(); err != nil {
			return err
		}
	}
	outcome, err := checkup.Run(ctx, cfg)
	if err != nil {
		return err
	}
	return exitCode(outcome)
}

func usage(zh, en string) *problem.Error {
	return problem.New(problem.Invalid, "diagnose.usage", lang.Text{ZH: zh, EN: en}).
		WithHint(lang.Text{ZH: "用法见 posmedic diagnose --help", EN: "See posmedic diagnose --help"})
}

func (d *diagnoseCommand) language(c *console) error {
	switch l := lang.Lang(d.Lang); l {
	case "":
	case lang.ZH, lang.EN:
		c.Lang = l
	default:
		return usage("--lang 只能是 zh 或 en", "--lang is zh or en")
	}
	return nil
}

// knowledge loads the pack.
func (d *diagnoseCommand) knowledge() (*pack.Pack, error) {
	if d.Pack == "" {
		return pack.Load(packs.Core())
	}
	if info, err := os.Stat(d.Pack); err != nil || !info.IsDir() {
		return nil, usage("--pack 指的文件夹不存在", "--pack names no folder")
	}
	p, err := pack.Load(os.DirFS(d.Pack))
	if err != nil {
		return nil, usage("知识包有错误："+err.Error(), "the knowledge pack has mistakes: "+err.Error()).
			WithHint(lang.Text{ZH: "用 posmedic pack check 检查", EN: "Check it with posmedic pack check"})
	}
	return p, nil
}

// given collects what is known before any probe or question.
func (d *diagnoseCommand) given(c *console, p *pack.Pack) ([]finding.Finding, error) {
	now := time.Now()
	text := d.Say
	var out []finding.Finding
	if d.Case != "" {
		coded, err := d.readCase(c)
		if err != nil {
			return nil, err
		}
		if out, err = coded.Findings(p, now); err != nil {
			return nil, err
		}
		text = strings.TrimSpace(coded.Report + "\n" + d.Say)
	}
	if text != "" {
		reading := words.NewReader(p).Read(text, now, finding.Merchant)
		out = append(reading.Findings, out...) // coded evidence wins over words
		for _, clause := range reading.NotUnderstood {
			fmt.Fprintln(c.Err, lang.Text{ZH: "没有听懂：", EN: "not understood: "}.In(c.Lang)+clause)
		}
	}
	return out, nil
}

func (d *diagnoseCommand) readCase(c *console) (checkup.Coded, error) {
	if d.Case == "-" {
		return checkup.ReadCase(c.In)
	}
	f, err := os.Open(d.Case)
	if err != nil {
		return checkup.Coded{}, usage("--case 指的文件打不开", "the file of --case cannot be opened").Because(err)
	}
	defer f.Close()
	return checkup.ReadCase(f)
}

// machine turns the flags into what the probes look at.
func (d *diagnoseCommand) machine() (*probe.Env, error) {
	target, err := d.target()
	if err != nil {
		return nil, err
	}
	env := probe.ThisMachine(target)
	if len(d.DNS) > 2 {
		return nil, usage("--dns 最多给两台", "--dns takes two servers at most")
	}
	for i, server := range d.DNS {
		address, err := withPort(server, "53")
		if err != nil {
			return nil, usage("--dns 的地址看不懂", "the address of --dns makes no sense").Because(err)
		}
		if i == 0 {
			env.Resolver = probe.NameServer(address)
		} else {
			env.Second = probe.NameServer(address)
		}
	}
	return &env, nil
}

func (d *diagnoseCommand) target() (probe.Target, error) {
	t := probe.Target{ServerName: d.ServerName, TID: d.TID, MID: d.MID, PortalURL: d.Portal, TestCents: d.TestSale}
	scheme, address, found := strings.Cut(d.Host, "://")
	if !found {
		scheme, address = "tls", d.Host
	}
	if d.Host != "" {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || port == "" || scheme != "tls" && scheme != "tcp" {
			return t, usage("--host 要写成 主机:端口，前面可加 tls:// 或 tcp://", "--host is host:port, with tls:// or tcp:// before it if you like")
		}
		t.Address, t.Plain = address, scheme == "tcp"
	}
	if (d.TID == "") != (d.MID == "") {
		return t, usage("--tid 和 --mid 要一起给", "--tid and --mid go together")
	}
	if d.TID != "" && (len(d.TID) != 8 || len(d.MID) != 15) {
		return t, usage("--tid 是8位，--mid 是15位", "--tid has 8 characters and --mid 15")
	}
	if d.TestSale < 0 || d.TestSale > 0 && d.TID == "" {
		return t, usage("--test-sale 需要 --tid、--mid 和大于0的金额", "--test-sale needs --tid, --mid and an amount above 0")
	}
	if d.Portal != "" {
		if u, err := url.Parse(d.Portal); err != nil || u.Scheme != "http" || u.Host == "" {
			return t, usage("--portal 要以 http:// 开头", "--portal starts with http://")
		}
	}
	var err error
	if t.NTP, err = withPort(d.NTP, "123"); err != nil {
		return t, usage("--ntp 的地址看不懂", "the address of --ntp makes no sense").Because(err)
	}
	t.Roots, err = d.roots()
	return t, err
}

func (d *diagnoseCommand) roots() (*x509.CertPool, error) {
	if d.CA == "" {
		return nil, nil // the system's
	}
	raw, err := os.ReadFile(d.CA)
	if err != nil {
		return nil, usage("--ca 指的文件打不开", "the file of --ca cannot be read").Because(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, usage("--ca 的文件里没有PEM证书", "the file of --ca has no PEM certificate")
	}
	return pool, nil
}

// withPort adds the usual port where none was given; nothing stays nothing.
func withPort(address, port string) (string, error) {
	if address == "" {
		return "", nil
	}
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address, nil
	}
	if strings.ContainsAny(address, "/@ ") {
		return "", errors.New("not an address")
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port), nil
}

// stateDir follows the XDG base directories; "" where there is no home, and then nothing is kept.
func (d *diagnoseCommand) stateDir(getenv func(string) string) string {
	if d.State != "" {
		return d.State
	}
	if base := getenv("XDG_STATE_HOME"); base != "" {
		return filepath.Join(base, "posmedic")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "posmedic")
	}
	return ""
}

// isTerminal reports whether a person is at the other end.
func isTerminal(stream any) bool {
	f, isFile := stream.(*os.File)
	return isFile && isatty.IsTerminal(f.Fd())
}

//go:build linux

package daemon

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/beevik/ntp"

	"github.com/posmedic/posmedic/internal/acquirer"
	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/internal/agent/probe"
	"github.com/posmedic/posmedic/internal/agent/remote"
	"github.com/posmedic/posmedic/internal/agent/sensor"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/wire"
)

// machine is the terminal this process runs on: what it can sense and what it can be told to do.
type machine struct {
	flags    Flags
	data     string
	log      *slog.Logger
	terminal *remote.Linux
	who      func() (wire.Enrolled, bool)

	mu      sync.Mutex
	client  *acquirer.Client // made when the terminal's numbers are known
	climbed time.Time        // when the whole ladder was last looked at
}

func newMachine(flags Flags, data string, log *slog.Logger) *machine {
	m := &machine{flags: flags, data: data, log: log}
	m.terminal = &remote.Linux{
		App: newApp(flags, data, log), Probe: m.probe, LogFiles: flags.Log, Config: flags.Keep,
		GoodCopy: filepath.Join(data, "good"), Interface: flags.Interface,
	}
	if flags.Host != "" {
		m.terminal.Host = m.signIn
	}
	if flags.NTP != "" {
		m.terminal.TrueTime = m.trueTime
	}
	return m
}

// cheap are the probes that go along with every report; the others knock at other machines' doors.
var cheap = []string{"power", "temperature", "storage", "memory", "uptime", "link"}

// ladder are the probes of the whole way to the host that change nothing there.
var ladder = append(slices.Clone(cheap), "clock", "gateway", "dns", "portal", "tcp", "tls", "echo")

// status is what the agent reports.
func (m *machine) status(ctx context.Context) agent.Status {
	names := cheap
	if m.due() {
		names = ladder
	}
	found, err := m.probe(ctx, names)
	if err == nil && blocked(found.Findings) {
		// One lost packet must not stop a shop: what is reported has failed twice, and is looked at again soon.
		found, err = m.probe(ctx, names)
		m.lookAgain()
	}
	if err != nil {
		m.log.Warn("not all probes could be run", "err", err)
	}
	s := agent.Status{Readings: sensor.Readings("/", m.data), Findings: found.Findings}
	if m.flags.AppVersion != "" {
		s.Readings = append(s.Readings, wire.Reading{Name: "app_version", Text: m.flags.AppVersion})
	}
	if m.terminal.App != nil {
		s.Findings = append(s.Findings, m.app(ctx))
	}
	s.Host = found.Host
	return s
}

// blocked reports whether the way to the host was found closed.
func blocked(findings []finding.Finding) bool {
	return slices.ContainsFunc(findings, func(f finding.Finding) bool {
		return f.Variable == "host_connect_test" && f.State != "ok"
	})
}

// soon is when the ladder is climbed again after the way was found closed, so that its opening is not noticed late.
const soon = 10 * time.Second

func (m *machine) lookAgain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.climbed = time.Now().Add(min(soon, m.flags.Ladder) - m.flags.Ladder)
}

func (m *machine) due() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.climbed.IsZero() && time.Since(m.climbed) < m.flags.Ladder {
		return false
	}
	m.climbed = time.Now()
	return true
}

// app says whether the payment app runs.
func (m *machine) app(ctx context.Context) finding.Finding {
	f := finding.Finding{Variable: "app_state", State: "runs", Source: finding.Probe}
	if m.terminal.App.Now(ctx) == (remote.Process{}) {
		f.State = "crashes_on_start"
	}
	return f
}

// probe runs probes by name, with those they need; no names are all but the test sale.
func (m *machine) probe(ctx context.Context, names []string) (remote.Result, error) {
	var chosen []probe.Probe
	all := probe.Standard()
	wanted := make(map[string]bool, len(all))
	for _, p := range slices.Backward(all) { // whoever needs another stands behind it
		if wanted[p.ID] || slices.Contains(names, p.ID) || (len(names) == 0 && p.ID != "sale") {
			chosen = append(chosen, p)
			for _, needed := range p.Needs {
				wanted[needed] = true
			}
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p probe.Probe) bool { return p.ID == name }) {
			return remote.Result{}, remote.Refuse("there is no probe %.40q", name)
		}
	}
	slices.Reverse(chosen)
	tid, mid := m.numbers()
	report := probe.Run(ctx, probe.ThisMachine(probe.Target{
		Address: m.flags.Host, Plain: m.flags.HostPlain, TID: tid, MID: mid, NTP: m.flags.NTP,
	}), chosen, nil)
	r := remote.Result{Findings: report.Findings, Proof: make(map[string]string, len(report.Results))}
	for _, one := range report.Results {
		r.Proof["probe_"+one.ID] = string(one.State) + ": " + one.Text.EN
	}
	if report.SignIn != nil {
		r.Host = append(r.Host, answer(*report.SignIn, acquirer.KindSignIn))
	}
	if report.Sale != nil {
		r.Host = append(r.Host, answer(*report.Sale, acquirer.KindSale))
	}
	return r, nil
}

// numbers are the terminal's and the merchant's at the host: as given, else as enrolled.
func (m *machine) numbers() (tid, mid string) {
	tid, mid = m.flags.TID, m.flags.MID
	if who, ok := m.who(); ok {
		if tid == "" {
			tid = who.TID
		}
		if mid == "" {
			mid = who.MID
		}
	}
	return tid, mid
}

// signIn signs in at the acquirer's host. A host that says yes proves that the configuration is a good one: it is kept.
func (m *machine) signIn(ctx context.Context) (wire.HostAnswer, error) {
	client, err := m.host()
	if err != nil {
		return wire.HostAnswer{}, err
	}
	result, err := client.SignIn(ctx)
	a := answer(result, acquirer.KindSignIn)
	if err == nil && result.Approved() {
		if err := m.terminal.KeepConfig(); err != nil {
			m.log.Warn("the good configuration is not kept", "err", err)
		}
	}
	return a, err
}

func (m *machine) host() (*acquirer.Client, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client != nil {
		return m.client, nil
	}
	dial := new(net.Dialer).DialContext
	way := acquirer.Plain(dial, m.flags.Host)
	if !m.flags.HostPlain {
		name, _, err := net.SplitHostPort(m.flags.Host)
		if err != nil {
			return nil, remote.Refuse("--host must read host:port")
		}
		way = acquirer.Secure(dial, m.flags.Host, &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12})
	}
	tid, mid := m.numbers()
	client, err := acquirer.NewClient(acquirer.Config{Dial: way, TID: tid, MID: mid, Serial: m.flags.serial()})
	m.client = client
	return client, err
}

func answer(r acquirer.Result, kind acquirer.Kind) wire.HostAnswer {
	a := wire.HostAnswer{At: r.At, MTI: r.MTI, Kind: string(kind), Code: r.Code, STAN: r.STAN, RRN: r.RRN, MS: int(r.RTT.Milliseconds())}
	if a.At.IsZero() {
		a.At = time.Now()
	}
	if a.MTI == "" {
		a.MTI = acquirer.MTINetwork
	}
	return a
}

// trueTime asks the time server.
func (m *machine) trueTime(ctx context.Context) (time.Time, error) {
	timeout := 5 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	response, err := ntp.QueryWithOptions(m.flags.NTP, ntp.QueryOptions{Timeout: timeout})
	if err != nil {
		return time.Time{}, err
	}
	if err := response.Validate(); err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(response.ClockOffset), nil
}

// Package probe finds out, on the terminal itself, how far the way to a sale is open: power, temperature, storage,
// memory, restarts and clock, and then the ladder link → gateway → name → portal → TCP → TLS → the acquirer's host.
//
// A probe reads; it changes nothing on the terminal. It needs neither root nor a network, has a deadline of its own and
// says "unknown" when it could not look, which is different from "failed": that it looked and something is broken.
// What it sees becomes findings in the words of the knowledge pack. Everything it touches comes through Env.
package probe

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// State is how a probe ended.
type State string

// The states.
const (
	OK      State = "ok"
	Failed  State = "failed"  // it looked, and something is broken
	Skipped State = "skipped" // it does not apply here, or a rung below is broken
	Unknown State = "unknown" // it could not look, or what it saw can mean both
)

// Result is what one probe says.
type Result struct {
	ID     string        `json:"id"`
	Name   lang.Text     `json:"name"`
	State  State         `json:"state"`
	Text   lang.Text     `json:"text"`
	Detail string        `json:"detail,omitempty"` // raw values for a technician; never card data
	Took   time.Duration `json:"took_ns"`

	findings []finding.Finding
	stops    bool // skipped, and nothing above makes sense either
}

// Probe is one thing to find out.
type Probe struct {
	ID       string
	Name     lang.Text
	Needs    []string // probes that must not have failed or been skipped, or this one is skipped
	Deadline time.Duration
	Run      func(ctx context.Context, b *Board) Result
}

// Target is the acquirer's host and who we are there.
type Target struct {
	Address    string         // host:port; empty: the ladder ends at the gateway
	Plain      bool           // TCP without TLS
	ServerName string         // name in the certificate; empty: the host of Address
	Roots      *x509.CertPool // nil: those of the system
	TID, MID   string         // empty: no ISO 8583 is spoken
	NTP        string         // host:port; empty: the clock is not compared with a time server
	PortalURL  string         // answers 204 when nobody is in between; empty: not looked at
	TestCents  int64          // amount of a test sale, taken back at once; 0: none is made
}

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Interface is a network interface with its addresses.
type Interface struct {
	Name      string
	Up        bool
	Loopback  bool
	Addresses []netip.Addr
}

// Env is the machine as the probes see it.
type Env struct {
	Target     Target
	Root       string                                                                 // folder that holds sys and proc
	Now        func() time.Time                                                       // the terminal's clock
	Dial       func(ctx context.Context, network, address string) (net.Conn, error)   // TCP and UDP
	Resolver   Resolver                                                               // the one payments use
	Second     Resolver                                                               // to compare with; nil: none
	Interfaces func() ([]Interface, error)                                            //
	DiskFree   func(ctx context.Context, path string) (free, total uint64, err error) // bytes
}

// ThisMachine is the machine the program runs on.
func ThisMachine(target Target) Env {
	return Env{
		Target: target, Root: "/", Now: time.Now, Dial: new(net.Dialer).DialContext, Resolver: net.DefaultResolver,
		Interfaces: interfaces,
		DiskFree: func(ctx context.Context, path string) (uint64, uint64, error) {
			u, err := disk.UsageWithContext(ctx, path)
			if err != nil {
				return 0, 0, err
			}
			return u.Free, u.Total, nil
		},
	}
}

func (e Env) file(path ...string) string { return filepath.Join(append([]string{e.Root}, path...)...) }

// Standard are all probes, in the order in which a person reads them.
func Standard() []Probe {
	const short, normal, exchange = 2 * time.Second, 3 * time.Second, 4 * time.Second
	return []Probe{
		{ID: "power", Name: lang.Text{ZH: "供电和电池", EN: "power and battery"}, Deadline: short, Run: power},
		{ID: "temperature", Name: lang.Text{ZH: "温度", EN: "temperature"}, Deadline: short, Run: temperature},
		{ID: "storage", Name: lang.Text{ZH: "存储空间", EN: "storage"}, Deadline: short, Run: storage},
		{ID: "memory", Name: lang.Text{ZH: "内存", EN: "memory"}, Deadline: short, Run: memory},
		{ID: "uptime", Name: lang.Text{ZH: "运行时间和意外重启", EN: "uptime and unexpected restarts"}, Deadline: short, Run: uptime},
		{ID: "clock", Name: lang.Text{ZH: "时钟", EN: "clock"}, Deadline: normal, Run: clock},
		{ID: "link", Name: lang.Text{ZH: "网络接口和地址", EN: "link and address"}, Deadline: short, Run: link},
		{ID: "gateway", Name: lang.Text{ZH: "路由器（网关）", EN: "router (gateway)"}, Needs: []string{"link"}, Deadline: short, Run: gateway},
		{ID: "dns", Name: lang.Text{ZH: "域名解析", EN: "name lookup"}, Needs: []string{"link"}, Deadline: normal, Run: lookup},
		{ID: "portal", Name: lang.Text{ZH: "上网登录页", EN: "captive portal"}, Needs: []string{"link"}, Deadline: normal, Run: portal},
		{ID: "tcp", Name: lang.Text{ZH: "连接收单后台", EN: "connection to the host"}, Needs: []string{"dns"}, Deadline: exchange, Run: connect},
		{ID: "tls", Name: lang.Text{ZH: "加密和证书", EN: "encryption and certificate"}, Needs: []string{"tcp"}, Deadline: exchange, Run: secure},
		{ID: "echo", Name: lang.Text{ZH: "回响测试", EN: "echo"}, Needs: []string{"tls"}, Deadline: normal, Run: echo},
		{ID: "sign_in", Name: lang.Text{ZH: "签到", EN: "sign-in"}, Needs: []string{"tls"}, Deadline: normal, Run: signIn},
		{ID: "sale", Name: lang.Text{ZH: "测试交易", EN: "test sale"}, Needs: []string{"sign_in"}, Deadline: exchange, Run: sale},
	}
}

func ok(zh, en string) Result      { return Result{State: OK, Text: lang.Text{ZH: zh, EN: en}} }
func failed(zh, en string) Result  { return Result{State: Failed, Text: lang.Text{ZH: zh, EN: en}} }
func skipped(zh, en string) Result { return Result{State: Skipped, Text: lang.Text{ZH: zh, EN: en}} }
func unknown(zh, en string) Result { return Result{State: Unknown, Text: lang.Text{ZH: zh, EN: en}} }

// with adds a finding.
func (r Result) with(variable, state string, certainty float64) Result {
	r.findings = append(r.findings, finding.Finding{Variable: variable, State: state, Confidence: certainty})
	return r
}

// because adds raw values for a technician.
func (r Result) because(detail string) Result { r.Detail = detail; return r }

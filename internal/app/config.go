package app

import (
	"cmp"
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/incident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/observe"
	"github.com/posmedic/posmedic/internal/loop/repair"
	"github.com/posmedic/posmedic/internal/loop/verify"
	"github.com/posmedic/posmedic/internal/silence"
	"github.com/posmedic/posmedic/wire"
)

// Config is everything an operator may set. The zero value is not usable: start from DefaultConfig.
type Config struct {
	Dir    string // data folder: database, events, keys
	Store  string // SQLite path or postgres:// DSN; empty: posmedic.db in Dir
	Bus    string // URL of an outside NATS cluster; empty: inside this process
	Pack   string // folder of a knowledge pack; empty: the core pack
	Listen string // the people's door, host:port
	Agents string // the agents' door, host:port
	Host   string // name under which agents reach this machine, for the enrolment command; empty: that of Agents

	Acquirer    string // whose TIDs the feeds speak of
	CodeSet     string // of its response codes
	ReportEvery time.Duration
	Keep        time.Duration // raw reports and answers

	Observe  observe.Rules
	Diagnose diagnose.Policy
	Weigh    map[string]float64 // laid over the weights of Diagnose, by their names
	Repair   repair.Policy
	Verify   verify.Rules
	Learn    learn.ShadowRule
	Incident incident.Rules
	Silence  silence.Config
	Pace     loop.Pace
}

// DefaultConfig needs nothing to be set.
func DefaultConfig() Config {
	return Config{
		Dir: defaultDir(), Listen: "127.0.0.1:8080", Agents: ":8443",
		Acquirer: "acquirer", CodeSet: "unionpay", ReportEvery: wire.HeartbeatInterval, Keep: 30 * 24 * time.Hour,
		Observe: observe.DefaultRules(), Repair: repair.DefaultPolicy(), Verify: verify.DefaultRules(), Learn: learn.DefaultShadowRule(),
		Incident: incident.DefaultRules(), Silence: silence.DefaultConfig(), Pace: loop.Pace{Sweep: 2 * time.Second, Incident: 10 * time.Second},
	}
}

// defaultDir is where a program of the user or, for root, of the system keeps its data.
func defaultDir() string {
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "posmedic")
	}
	if os.Geteuid() == 0 {
		return "/var/lib/posmedic"
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "posmedic-data"
	}
	return filepath.Join(home, ".local", "share", "posmedic")
}

// settle lays the operator's weights over the policy, and refuses a start with one sentence and a hint for the first setting
// that cannot work.
func (c Config) settle() (Config, error) {
	policy, err := c.policy()
	if err != nil {
		return c, err
	}
	c.Diagnose, c.Weigh = policy, nil
	return c, c.validate()
}

func (c Config) validate() error {
	for flag, address := range map[string]string{"--listen": c.Listen, "--agents": c.Agents} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return wrong(flag, address, "写成 主机:端口，例如 127.0.0.1:8080", "write host:port, for example 127.0.0.1:8080", err)
		}
	}
	if c.Store != "" && strings.Contains(c.Store, "://") && !strings.HasPrefix(c.Store, "postgres://") && !strings.HasPrefix(c.Store, "postgresql://") {
		return wrong("--store", "", "写文件路径，或 postgres://用户@主机/库", "give a file path, or postgres://user@host/database",
			errors.New("unknown kind of store"))
	}
	if c.Pack != "" {
		if _, err := os.Stat(filepath.Join(c.Pack, "pack.yaml")); err != nil {
			return wrong("--pack", c.Pack, "应是含有 pack.yaml 的文件夹", "it must be a folder with a pack.yaml", err)
		}
	}
	if c.Dir == "" {
		return wrong("--dir", "", "指定一个可写的数据文件夹", "give a folder that can be written", errors.New("empty"))
	}
	return nil
}

// policy is how the engine acts, with the operator's weights.
func (c Config) policy() (diagnose.Policy, error) {
	p := c.Diagnose
	if act := p.Act; act != 0 && !(act >= 0.5 && act < 1) {
		return p, wrong("--act", strconv.FormatFloat(act, 'g', -1, 64), "写0.5到1之间的概率，例如 0.8", "give a probability from 0.5 to below 1, for example 0.8", errors.New("out of range"))
	}
	if len(c.Weigh) == 0 {
		return p, nil
	}
	weights := cmp.Or(p.Weights, diagnose.DefaultWeights())
	for _, name := range slices.Sorted(maps.Keys(c.Weigh)) {
		var ok bool
		if weights, ok = weights.With(name, c.Weigh[name]); !ok {
			return p, wrong("--weigh", name, "可以写 merchant、desk、downtime、truck、money、risk、insult、attempt、question，值不小于0",
				"names are merchant, desk, downtime, truck, money, risk, insult, attempt, question, values from 0 on", errors.New("no such weight"))
		}
	}
	p.Weights = weights
	return p, nil
}

func wrong(flag, value, zh, en string, cause error) error {
	shown := flag
	if value != "" {
		shown += " " + value
	}
	return problem.New(problem.Config, "config."+strings.ReplaceAll(strings.TrimLeft(flag, "-"), "-", "_"), lang.Text{
		ZH: "设置不对：" + shown, EN: "this setting cannot work: " + shown,
	}).WithHint(lang.Text{ZH: zh, EN: en}).Because(cause)
}

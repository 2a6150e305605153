package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Flags is the command line of an agent.
type Flags struct {
	Server     string        `required:"" env:"POSMEDIC_SERVER" placeholder:"HOST:PORT" help:"The agent door of the posmedic server."`
	Enrol      string        `env:"POSMEDIC_ENROL" placeholder:"CODE@FINGERPRINT" help:"Enrolment string from the console; needed once."`
	Data       string        `env:"POSMEDIC_AGENT_DATA" type:"path" placeholder:"DIR" help:"Where the agent keeps its key and its queue. Default: /var/lib/posmedic-agent for root, else ~/.local/state/posmedic-agent."`
	Serial     string        `help:"Serial number of this device. Default: what the firmware says, else the host name."`
	Model      string        `help:"Model of this device. Default: what the firmware says."`
	AppVersion string        `help:"Version of the payment app."`
	AppCommand string        `xor:"app" placeholder:"COMMAND" help:"Payment app that the agent starts and keeps running (words separated by blanks)."`
	AppUnit    string        `xor:"app" placeholder:"UNIT" help:"systemd unit of the payment app."`
	Log        []string      `placeholder:"PATTERN" help:"Log files that may be fetched; patterns are allowed."`
	Keep       []string      `type:"path" placeholder:"FILE" help:"Configuration files of the payment app, kept for restoring."`
	Host       string        `placeholder:"HOST:PORT" help:"The acquirer's host."`
	HostPlain  bool          `help:"The acquirer's host speaks TCP without TLS."`
	TID        string        `name:"tid" help:"Terminal number at the host. Default: that of the enrolment."`
	MID        string        `name:"mid" help:"Merchant number at the host. Default: that of the enrolment."`
	NTP        string        `name:"ntp" placeholder:"HOST:PORT" help:"Time server. Default: the posmedic server's time is used."`
	Interface  string        `placeholder:"NAME" help:"Network interface. Default: that of the default route."`
	Every      time.Duration `default:"30s" help:"How often to report, until the server asks for another pace."`
	Ladder     time.Duration `default:"5m" help:"How often to look at the whole way to the host."`
	Poll       bool          `help:"Keep no live connection; commands come with the reports."`
}

// validate says in one sentence what is wrong.
func (f Flags) validate() error {
	for _, pattern := range f.Log {
		if _, err := filepath.Match(pattern, ""); err != nil {
			return problem.New(problem.Config, "config.agent_log", lang.Text{
				ZH: "--log 的文件名模式不对：" + pattern, EN: "--log is not a valid pattern: " + pattern,
			})
		}
	}
	if f.Every <= 0 || f.Ladder <= 0 {
		return problem.New(problem.Config, "config.agent_every", lang.Text{
			ZH: "--every 和 --ladder 必须大于零", EN: "--every and --ladder must be positive",
		})
	}
	return nil
}

// data gives the agent's directory.
func (f Flags) data() (string, error) {
	if f.Data != "" {
		return f.Data, nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/posmedic-agent", nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", problem.New(problem.Config, "config.agent_data", lang.Text{
			ZH: "请用 --data 指定数据目录", EN: "say with --data where to keep data",
		}).Because(err)
	}
	return filepath.Join(home, ".local", "state", "posmedic-agent"), nil
}

// serial and model fall back on what the firmware says of itself.
func (f Flags) serial() string {
	if f.Serial != "" {
		return f.Serial
	}
	if s := firmware("product_serial"); s != "" {
		return s
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return short(name)
}

func (f Flags) model() string {
	if f.Model != "" {
		return f.Model
	}
	return firmware("product_name")
}

func firmware(name string) string {
	for _, path := range []string{"/sys/class/dmi/id/" + name, "/proc/device-tree/" + map[string]string{
		"product_serial": "serial-number", "product_name": "model"}[name]} {
		raw, err := os.ReadFile(path)
		if text := strings.Trim(string(raw), "\x00 \n"); err == nil && text != "" {
			return short(text)
		}
	}
	return ""
}

// short keeps a word within what the gateway takes.
func short(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "") }

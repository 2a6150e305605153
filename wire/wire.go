// Package wire holds the messages between an agent on a terminal and the gateway: JSON over one outbound TLS 1.3
// connection. The device proves itself with its own Ed25519 key (a self-signed client certificate whose fingerprint
// was bound at enrolment); the server is known by the fingerprint in the enrolment code.
//
//	POST /v1/enrol     Enrol    → Enrolled     (no binding yet; the code is used up)
//	POST /v1/reports   Batch    → Receipt      (answered only after the batch is committed)
//	POST /v1/progress  Progress → 204      (answered only after it is stored: how a command's end is never lost)
//	GET  /v1/live      WebSocket: Command down, Progress up (at most once; the end of a command is posted as well)
//
// Every refusal is a Problem. Neither side trusts the other's clock: certificates are known by their keys, not their
// dates, and an agent judges Command.Expires by the Date header of the gateway's answers.
package wire

import (
	"encoding/json"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
)

// Version grows with every change of the messages; a gateway accepts the current one and those it lists here.
//
//	1  2026-11-23  first
const Version = 1

// Bounds of what a gateway accepts; an agent keeps within them.
const (
	MaxBatchBytes     = 1 << 20
	MaxReports        = 200
	MaxReadings       = 64
	MaxFindings       = 64
	MaxHostAnswers    = 200
	MaxTextBytes      = 512
	MaxClockAhead     = 5 * time.Minute     // a report from later than this is normalised to the time of receipt and counted
	MaxReportAge      = 30 * 24 * time.Hour // older ones are refused
	ServerName        = "agent.posmedic"    // TLS server name of the agent door
	HeartbeatInterval = 30 * time.Second    // default; Receipt.ReportEvery may change it
)

// Enrol binds the device key of this TLS connection to a terminal.
type Enrol struct {
	Version int    `json:"version"`
	Code    string `json:"code"`
	Serial  string `json:"serial"`
	Model   string `json:"model"`
	App     string `json:"app"`
}

// Enrolled tells the agent who it is.
type Enrolled struct {
	Terminal string `json:"terminal"`
	Device   string `json:"device"`
	TID      string `json:"tid"`
	MID      string `json:"mid"`
}

// Batch carries reports that the agent has queued, oldest first.
type Batch struct {
	Version int       `json:"version"`
	SentAt  time.Time `json:"sent_at"` // the terminal's clock; the gateway learns its offset from it
	Reports []Report  `json:"reports"`
}

// Report is one status report. (device, Boot, Seq) is its identity: sent again, it is stored once.
type Report struct {
	Boot     string            `json:"boot"` // random id of this start of the agent
	Seq      uint64            `json:"seq"`  // 1, 2, 3 … within Boot
	At       time.Time         `json:"at"`   // the terminal's clock
	Lost     int               `json:"lost,omitempty"`
	Readings []Reading         `json:"readings,omitempty"`
	Findings []finding.Finding `json:"findings,omitempty"`
	Host     []HostAnswer      `json:"host,omitempty"`
	Unsent   int               `json:"unsent,omitempty"` // stored sales the host has not had yet
}

// Reading is a raw value.
type Reading struct {
	Name  string    `json:"name"` // battery_percent, temperature_c, disk_free_bytes, uptime_s, clock_offset_ms, app_version, …
	Value float64   `json:"value,omitempty"`
	Text  string    `json:"text,omitempty"`
	At    time.Time `json:"at"`
}

// HostAnswer is what the acquirer's host answered to this terminal: no amount, no card.
type HostAnswer struct {
	At   time.Time `json:"at"`
	MTI  string    `json:"mti"`            // of the request: 0800, 0820, 0200, 0400
	Kind string    `json:"kind"`           // sign_in, echo, sale, reversal
	Code string    `json:"code,omitempty"` // field 39; empty: no answer
	STAN string    `json:"stan,omitempty"`
	RRN  string    `json:"rrn,omitempty"`
	MS   int       `json:"ms,omitempty"` // round trip
}

// Receipt acknowledges a batch: everything in it is durable, or named in Refused.
type Receipt struct {
	Accepted    int           `json:"accepted"`
	Duplicate   int           `json:"duplicate"`
	Refused     []Refusal     `json:"refused,omitempty"`
	ReportEvery time.Duration `json:"report_every,omitempty"` // the server may ask for calm
	Commands    []Command     `json:"commands,omitempty"`     // waiting ones, for agents without a live connection
}

// Refusal says which report was not taken and why; the agent gives it up.
type Refusal struct {
	Boot string `json:"boot"`
	Seq  uint64 `json:"seq"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// Command is one allowed remote step or a request to run probes. An agent carries out each ID once.
type Command struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"` // restart_app, sign_in, set_clock, renew_address, fetch_logs, restore_config, send_unsent, run_probes
	Args    json.RawMessage `json:"args,omitempty"`
	Expires time.Time       `json:"expires"`
}

// Progress is what the agent says of a command; Done carries its proof.
type Progress struct {
	ID       string            `json:"id"`
	State    string            `json:"state"` // running, done, failed, refused
	At       time.Time         `json:"at"`
	Text     string            `json:"text,omitempty"`     // scrubbed, ≤ MaxTextBytes
	Proof    map[string]string `json:"proof,omitempty"`    // e.g. app_pid_before, app_pid_after, clock_offset_ms
	Findings []finding.Finding `json:"findings,omitempty"` // seen right after it
	Logs     string            `json:"logs,omitempty"`     // for fetch_logs: scrubbed, ≤ 64 KiB
}

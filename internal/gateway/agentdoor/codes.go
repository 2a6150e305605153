package agentdoor

import (
	"maps"
	"sync"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Code names one way in which input was refused or normalised. Codes are stable: they stand in receipts, problems and
// counters.
type Code string

// What a door can have against a message, coarse to fine.
const (
	KeyKind      Code = "tls.key_kind"       // the client certificate is not Ed25519
	RateAddress  Code = "rate.address"       // too many requests from one address
	RateDevice   Code = "rate.device"        // too many requests from one device
	RateEnrol    Code = "rate.enrolment"     // too many failed enrolments
	RateLive     Code = "rate.live"          // too many live connections
	BodyTooLarge Code = "body.too_large"     // over wire.MaxBatchBytes
	BodyShape    Code = "body.malformed"     // not the JSON it should be
	BodyDeep     Code = "body.too_deep"      // nested beyond maxDepth
	BodyUnknown  Code = "body.unknown_field" // tolerated, counted
	WireVersion  Code = "version.unsupported"
	BatchLarge   Code = "batch.too_many" // over wire.MaxReports

	ReportShape     Code = "report.malformed"    // refused
	ReportIdentity  Code = "report.identity"     // refused: no usable boot or seq
	ReportLarge     Code = "report.too_many"     // refused: too many readings, findings or host answers
	ReportOld       Code = "report.too_old"      // refused
	ReportAhead     Code = "report.clock_ahead"  // normalised to the time of receipt
	ReportSkew      Code = "report.clock_skew"   // normalised by the clock offset of the batch
	ReportOrder     Code = "report.out_of_order" // the batch was sorted
	ReportDuplicate Code = "report.duplicate"    // the same (boot, seq) twice in a batch: the first stays
	TextLong        Code = "text.too_long"       // cut
	TextCard        Code = "text.card_data"      // masked
	ReadingName     Code = "reading.name"        // left out
	ReadingValue    Code = "reading.value"       // left out: not a finite number, or one that looks like a card number
	FindingUnknown  Code = "finding.unknown"     // left out: the pack does not know this variable or state
	FindingSource   Code = "finding.source"      // left out: an agent cannot speak for this source
	FindingDoubt    Code = "finding.confidence"  // left out: not within 0 and 1
	HostShape       Code = "host.malformed"      // left out: not ISO 8583 words
	ProgressShape   Code = "progress.malformed"  // refused
	EnrolShape      Code = "enrol.malformed"     // refused
	DeviceUnknown   Code = "device.unknown"      // no terminal is bound to this key
)

// Counts counts what the door refused or normalised, by code. The zero value is ready; it is safe for concurrent use.
type Counts struct {
	mu sync.Mutex
	by map[Code]uint64
}

// Add counts n more of a code.
func (c *Counts) Add(code Code, n int) {
	if n <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = make(map[Code]uint64)
	}
	c.by[code] += uint64(n)
}

// Snapshot gives the counts so far.
func (c *Counts) Snapshot() map[Code]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.by)
}

func (c *Counts) addAll(tally map[Code]int) {
	for code, n := range tally {
		c.Add(code, n)
	}
}

// refusal makes the door's own problems: kind decides the HTTP status, code is the stable one.
func refusal(kind problem.Code, code Code, zh, en string) *problem.Error {
	return problem.New(kind, string(code), lang.Text{ZH: zh, EN: en})
}

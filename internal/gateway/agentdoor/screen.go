package agentdoor

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Known reports whether the pack has this variable and, for variables with fixed states, this state.
type Known func(variable, state string) bool

// Bounds of numbers that an agent counts itself; beyond them it is lying or broken.
const (
	maxLost       = 10_000_000
	maxUnsent     = 1_000_000
	maxRoundTrip  = 10 * 60 * 1000 // ms
	maxLogBytes   = 64 << 10
	maxProof      = 32
	smallestPAN   = 1e12 // 13 digits; smaller numbers cannot be a card number
	largestIntPAN = 1e19
)

// absurd is a clock offset that no clock shows: a device without one starts in 1970 or at the making of its firmware.
const absurd = 100 * 365 * 24 * time.Hour

// Screened is a batch fit to pass on, and what was done to make it so.
type Screened struct {
	Batch   wire.Batch
	Refused []wire.Refusal
	Tally   map[Code]int
}

// Screen makes a batch fit to pass on: it sorts, removes duplicates, puts times right, cuts and masks texts, leaves out
// parts that make no sense, and refuses reports as a whole when their identity, size or age is wrong. It is an error
// only when the whole batch must be refused.
//
// Times stay on the clock of SentAt: received - (SentAt - t) is when t was by our clock, within the age we keep and never
// in the future by more than MaxClockAhead. When there is no usable SentAt it is zero, and the times are on our clock.
func Screen(b wire.Batch, received time.Time, known Known) (Screened, error) {
	if b.Version != wire.Version {
		return Screened{}, refusal(problem.Invalid, WireVersion, "终端程序的报文版本不受支持", "this version of the messages is not supported")
	}
	if len(b.Reports) > wire.MaxReports {
		return Screened{}, refusal(problem.TooLarge, BatchLarge, "一次上送的报告太多", "too many reports in one batch")
	}
	s := &screen{received: received, known: known, tally: map[Code]int{}}
	if !b.SentAt.IsZero() {
		s.offset = b.SentAt.Sub(received)
	}
	if s.offset.Abs() > absurd {
		b.SentAt, s.offset = time.Time{}, 0
	}
	out := Screened{Batch: wire.Batch{Version: b.Version, SentAt: b.SentAt}, Tally: s.tally}
	seen := make(map[identity]bool, len(b.Reports))
	for _, r := range b.Reports {
		r, code, why := s.report(r)
		if code != "" {
			s.tally[code]++
			out.Refused = append(out.Refused, wire.Refusal{Boot: r.Boot, Seq: r.Seq, Code: string(code), Text: why})
			continue
		}
		if seen[identity{r.Boot, r.Seq}] {
			s.tally[ReportDuplicate]++
			continue
		}
		seen[identity{r.Boot, r.Seq}] = true
		out.Batch.Reports = append(out.Batch.Reports, r)
	}
	s.order(out.Batch.Reports)
	return out, nil
}

// identity is what makes a report the same report, within a device.
type identity struct {
	boot string
	seq  uint64
}

// screen carries what the rules for one batch or progress need, and counts what they did.
type screen struct {
	received time.Time
	offset   time.Duration // terminal clock minus ours
	known    Known
	tally    map[Code]int
}

// order sorts by boot in order of first appearance (an agent's queue keeps boots in order, its clock may not), then
// by sequence.
func (s *screen) order(reports []wire.Report) {
	rank := make(map[string]int, 2)
	for _, r := range reports {
		if _, ok := rank[r.Boot]; !ok {
			rank[r.Boot] = len(rank)
		}
	}
	before := func(a, b wire.Report) int {
		return cmp.Or(cmp.Compare(rank[a.Boot], rank[b.Boot]), cmp.Compare(a.Seq, b.Seq))
	}
	if slices.IsSortedFunc(reports, before) {
		return
	}
	s.tally[ReportOrder]++
	slices.SortStableFunc(reports, before)
}

var (
	bootWord    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	readingWord = regexp.MustCompile(`^[a-z][a-z0-9_.]{0,63}$`)
	proofWord   = readingWord
	variable    = readingWord
	mti         = regexp.MustCompile(`^[0-9]{4}$`)
	answerCode  = regexp.MustCompile(`^[0-9A-Za-z]{0,4}$`)
	stan        = regexp.MustCompile(`^[0-9]{0,6}$`)
	rrn         = regexp.MustCompile(`^[0-9A-Za-z]{0,12}$`)
)

// report screens one report; a code means that it is refused as a whole.
func (s *screen) report(r wire.Report) (wire.Report, Code, string) {
	if !bootWord.MatchString(r.Boot) || r.Seq == 0 || s.hasCard(r.Boot) {
		return wire.Report{Seq: r.Seq}, ReportIdentity, "boot or seq is missing or malformed"
	}
	if len(r.Readings) > wire.MaxReadings || len(r.Findings) > wire.MaxFindings || len(r.Host) > wire.MaxHostAnswers {
		return r, ReportLarge, "too many readings, findings or host answers in one report"
	}
	at, code := s.when(r.At)
	switch code {
	case ReportOld:
		return r, ReportOld, "the report is older than we keep"
	case "":
	default:
		s.tally[code]++
	}
	shift := at.Sub(r.At)
	r.At = at
	r.Lost = min(max(r.Lost, 0), maxLost)
	r.Unsent = min(max(r.Unsent, 0), maxUnsent)
	r.Readings = s.readings(r.Readings, at, shift)
	r.Findings = s.findings(r.Findings, at, shift)
	r.Host = s.host(r.Host, at, shift)
	return r, "", ""
}

// when puts a time right. A terminal whose clock is off is understood by the offset its batch shows: a wrong clock is a
// fault we must hear of, not a reason not to listen. A code says that the offset was great, or the time was changed.
func (s *screen) when(at time.Time) (time.Time, Code) {
	inWindow := func(t time.Time) bool {
		return !t.After(s.received.Add(wire.MaxClockAhead)) && !t.Before(s.received.Add(-wire.MaxReportAge))
	}
	switch ours := at.Add(-s.offset); {
	case inWindow(ours) && s.offset.Abs() <= wire.MaxClockAhead:
		return at, ""
	case inWindow(ours):
		return at, ReportSkew
	case inWindow(at): // stamped before the clock went wrong: right as it is, so put it onto the wrong clock
		return at.Add(s.offset), ReportSkew
	case ours.After(s.received) || at.After(s.received):
		return s.received.Add(s.offset), ReportAhead
	default:
		return at, ReportOld
	}
}

// part gives the time of a part of a report: moved like its report, never later than it nor older than we keep, and
// the report's when the part has none.
func part(t, report time.Time, shift time.Duration) time.Time {
	if t.IsZero() {
		return report
	}
	t = t.Add(shift)
	switch oldest := report.Add(-wire.MaxReportAge); {
	case t.After(report):
		return report
	case t.Before(oldest):
		return oldest
	default:
		return t
	}
}

func (s *screen) readings(list []wire.Reading, at time.Time, shift time.Duration) []wire.Reading {
	out := list[:0:0]
	for _, r := range list {
		switch {
		case !readingWord.MatchString(r.Name) || s.hasCard(r.Name):
			s.tally[ReadingName]++
			continue
		case !plausible(r.Value):
			s.tally[ReadingValue]++
			continue
		}
		r.Text = s.named(r.Name, r.Text, wire.MaxTextBytes)
		r.At = part(r.At, at, shift)
		out = append(out, r)
	}
	return out
}

// plausible refuses what is no measurement: not finite, or a whole number whose digits are those of a card.
func plausible(v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	whole := math.Abs(v)
	if whole < smallestPAN || whole > largestIntPAN {
		return true
	}
	_, cards := carddata.Scrub(strconv.FormatFloat(whole, 'f', -1, 64))
	return cards == 0
}

// sources are those an agent can know anything of; the others speak for people and systems it is not.
var sources = []finding.Source{finding.Probe, finding.TMS, finding.Merchant}

func (s *screen) findings(list []finding.Finding, at time.Time, shift time.Duration) []finding.Finding {
	out := list[:0:0]
	for _, f := range list {
		if f.Source == "" {
			f.Source = finding.Probe
		}
		f.State = s.text(f.State, wire.MaxTextBytes)
		switch {
		case !slices.Contains(sources, f.Source):
			s.tally[FindingSource]++
			continue
		case !(f.Confidence >= 0 && f.Confidence <= 1):
			s.tally[FindingDoubt]++
			continue
		case !variable.MatchString(f.Variable) || s.hasCard(f.Variable) || !s.known(f.Variable, f.State):
			s.tally[FindingUnknown]++
			continue
		}
		f.Detail = s.text(f.Detail, wire.MaxTextBytes)
		f.At = part(f.At, at, shift)
		out = append(out, f)
	}
	return out
}

var kinds = []string{"sign_in", "echo", "sale", "reversal"}

func (s *screen) host(list []wire.HostAnswer, at time.Time, shift time.Duration) []wire.HostAnswer {
	out := list[:0:0]
	for _, h := range list {
		if !mti.MatchString(h.MTI) || !slices.Contains(kinds, h.Kind) || !answerCode.MatchString(h.Code) ||
			!stan.MatchString(h.STAN) || !rrn.MatchString(h.RRN) {
			s.tally[HostShape]++
			continue
		}
		h.MS = min(max(h.MS, 0), maxRoundTrip)
		h.At = part(h.At, at, shift)
		out = append(out, h)
	}
	return out
}

// text masks card data and cuts to limit bytes at a rune's edge. It masks first: a cut must not hide a card number
// from the scrubber by halving it.
func (s *screen) text(t string, limit int) string {
	t, cards := carddata.Scrub(t)
	s.tally[TextCard] += cards
	if len(t) <= limit {
		return t
	}
	s.tally[TextLong]++
	for limit > 0 && !utf8.RuneStart(t[limit]) {
		limit--
	}
	return t[:limit]
}

// named also masks what only its name gives away: a PIN block by itself looks like any other number.
func (s *screen) named(name, value string, limit int) string {
	if s.hasCard(strings.ReplaceAll(name, "_", " ")+": "+value) && !s.hasCard(value) {
		s.tally[TextCard]++
		return carddata.Removed
	}
	return s.text(value, limit)
}

func (s *screen) hasCard(word string) bool {
	_, cards := carddata.Scrub(word)
	return cards > 0
}

// progressStates are the words of wire.Progress.State.
var progressStates = []string{"running", "done", "failed", "refused"}

// ScreenProgress makes the progress of a command fit to pass on, by the same rules as a report.
func ScreenProgress(p wire.Progress, received time.Time, known Known) (wire.Progress, map[Code]int, error) {
	s := &screen{received: received, known: known, tally: map[Code]int{}}
	if !bootWord.MatchString(p.ID) || s.hasCard(p.ID) || !slices.Contains(progressStates, p.State) ||
		len(p.Findings) > wire.MaxFindings || len(p.Proof) > maxProof {
		return wire.Progress{}, nil, refusal(problem.Invalid, ProgressShape, "命令进度的格式不对", "the progress of the command is malformed")
	}
	// A command runs for minutes at most: its times are ours at receipt, whatever the terminal's clock says.
	shift := received.Sub(p.At)
	if p.At.IsZero() {
		shift = 0
	}
	p.At = received
	p.Text = s.text(p.Text, wire.MaxTextBytes)
	p.Logs = s.text(p.Logs, maxLogBytes)
	p.Proof = s.proof(p.Proof)
	p.Findings = s.findings(p.Findings, received, shift)
	return p, s.tally, nil
}

func (s *screen) proof(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if !proofWord.MatchString(name) || s.hasCard(name) {
			s.tally[ReadingName]++
			continue
		}
		out[name] = s.named(name, in[name], wire.MaxTextBytes)
	}
	return out
}

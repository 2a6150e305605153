package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// IngestConfig is for Ingest.
type IngestConfig struct {
	Binary    string
	Store     string // DSN; empty: SQLite in a fresh folder
	Terminals int
	For       time.Duration
	Stage     func(name string) // called when a stage begins: furnish, enrol, load, check; nil: nobody watches
}

// IngestResult says what the server took, and what that cost it alone.
type IngestResult struct {
	Reports              int     `json:"reports"` // acknowledged, and found in the database afterwards
	ReportsPerSecond     float64 `json:"reports_per_second"`
	CPUMicrosPerReport   float64 `json:"cpu_us_per_report"`
	AckMSP50             float64 `json:"ack_ms_p50"`
	AckMSP99             float64 `json:"ack_ms_p99"`
	BytesPerReportStored float64 `json:"bytes_per_report_stored"` // growth of the database, indexes included
	RSSMB                float64 `json:"rss_mb"`                  // at the end of the load
	HeldBack             int     `json:"held_back"`               // refusals with "slow down"; then the load was limited by the door, not by the machine
	Terminals            int     `json:"terminals"`
}

// ErrLost says that something acknowledged is not in the database.
var ErrLost = problem.New(problem.Internal, "bench.lost", lang.Text{
	ZH: "已确认的报告不在数据库中", EN: "reports that were acknowledged are not in the database",
})

// Ingest measures durable status reports end to end: every device sends one report a batch, waits until it is
// acknowledged, and sends the next.
func Ingest(ctx context.Context, cfg IngestConfig) (result IngestResult, err error) {
	if cfg.Stage == nil {
		cfg.Stage = func(string) {}
	}
	dir, err := os.MkdirTemp("", "posmedic-bench-")
	if err != nil {
		return IngestResult{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg.Stage("furnish")
	estate, err := Furnish(ctx, dir, cfg.Store, cfg.Terminals)
	if err != nil {
		return IngestResult{}, err
	}
	s, err := StartServer(ctx, ServerConfig{Binary: cfg.Binary, Dir: dir, Store: cfg.Store})
	if err != nil {
		return IngestResult{}, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.Up(ctx); err != nil {
		return IngestResult{}, err
	}
	cfg.Stage("enrol")
	devices, err := estate.Enrol(ctx, s.Agents, Scattered)
	if err != nil {
		return IngestResult{}, err
	}
	defer closeAll(devices)
	return measure(ctx, cfg, s, storeDSN(dir, cfg.Store), devices)
}

func closeAll(devices []Enrolled) {
	for _, d := range devices {
		d.Close()
	}
}

// measure loads the server and reads its meters before and after.
func measure(ctx context.Context, cfg IngestConfig, s *Server, dsn string, devices []Enrolled) (IngestResult, error) {
	before, err := openLedger(ctx, dsn)
	if err != nil {
		return IngestResult{}, err
	}
	defer before.close()
	size, err := before.size(ctx)
	if err != nil {
		return IngestResult{}, err
	}
	cfg.Stage("load")
	start, err := used(s.cmd.Process.Pid)
	if err != nil {
		return IngestResult{}, err
	}
	l := &load{boot: ident.New("boot")}
	began := time.Now()
	if err := l.run(ctx, devices, cfg.For); err != nil {
		return IngestResult{}, err
	}
	took := time.Since(began)
	end, err := used(s.cmd.Process.Pid)
	if err != nil {
		return IngestResult{}, err
	}
	cfg.Stage("check")
	if err := before.holds(ctx, l.acknowledged(devices)); err != nil {
		return IngestResult{}, err
	}
	grown, err := before.size(ctx)
	if err != nil {
		return IngestResult{}, err
	}
	n := len(l.waits)
	return IngestResult{
		Reports: n, ReportsPerSecond: float64(n) / took.Seconds(), CPUMicrosPerReport: per(float64((end.cpu - start.cpu).Microseconds()), n),
		AckMSP50: percentile(l.waits, 0.5), AckMSP99: percentile(l.waits, 0.99),
		BytesPerReportStored: per(float64(grown-size), n), RSSMB: float64(end.rss) / megabyte,
		HeldBack: int(l.heldBack.Load()), Terminals: len(devices),
	}, nil
}

func per(total float64, n int) float64 { return total / float64(max(n, 1)) }

// load is what all devices do together.
type load struct {
	boot     string
	heldBack atomic.Int64

	mu    sync.Mutex
	waits []float64 // ms from sending a report to its acknowledgement
	acked []uint64  // by device: reports acknowledged, which have the sequence numbers 1 to this
}

// run keeps every device sending for a time.
func (l *load) run(ctx context.Context, devices []Enrolled, d time.Duration) error {
	l.acked = make([]uint64, len(devices))
	over, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	errs := make([]error, len(devices))
	var g sync.WaitGroup
	for i, device := range devices {
		g.Go(func() { errs[i] = l.play(ctx, over, i, device) })
	}
	g.Wait()
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == nil })...)
}

// play sends reports until over ends; the last one is waited for, so that nobody has to guess what became of it.
func (l *load) play(ctx, over context.Context, i int, d Enrolled) error {
	var waits []float64
	seq := uint64(0)
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waits = append(l.waits, waits...)
		l.acked[i] = seq
	}()
	for over.Err() == nil {
		began := time.Now()
		receipt, err := d.Send(ctx, StatusReport(l.boot, seq+1, began))
		var no *Refused
		switch {
		case errors.As(err, &no) && no.After > 0:
			l.heldBack.Add(1)
			pause(over, no.After)
		case err != nil:
			return err
		case receipt.Accepted != 1:
			return fmt.Errorf("a report was not taken: %+v", receipt)
		default:
			seq++
			waits = append(waits, float64(time.Since(began))/float64(time.Millisecond))
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// acknowledged names what must be in the database.
func (l *load) acknowledged(devices []Enrolled) []Claim {
	claims := make([]Claim, len(devices))
	for i, d := range devices {
		claims[i] = Claim{Device: d.ID, Boot: l.boot, Reports: int64(l.acked[i])}
	}
	return claims
}

// StatusReport is what a healthy terminal in use says of itself every half minute: raw values, what it knows of its
// parts, and the host's answer to an echo.
func StatusReport(boot string, seq uint64, at time.Time) wire.Report {
	r := wire.Report{Boot: boot, Seq: seq, At: at}
	for name, value := range map[string]float64{
		"temperature_c": 34, "disk_free_bytes": 2_400_000_000, "memory_free_bytes": 310_000_000, "uptime_s": float64(30 * seq),
		"battery_percent": float64(100 - seq%40), "clock_offset_ms": float64(seq % 17),
	} {
		r.Readings = append(r.Readings, wire.Reading{Name: name, Value: value, At: at})
	}
	for variable, state := range map[string]string{
		"battery_level": "over_50", "charging": "charges", "link_type": "sim_4g", "signal_bars": "good", "network_check": "ok",
		"key_status": "loaded", "tamper_flag": "clear", "paper_present": "yes", "app_state": "runs", "storage_free": "enough",
	} {
		r.Findings = append(r.Findings, finding.Finding{Variable: variable, State: state, Source: finding.TMS, At: at})
	}
	r.Host = []wire.HostAnswer{{At: at, MTI: "0800", Kind: "echo", Code: "00", STAN: fmt.Sprintf("%06d", seq%1_000_000), MS: 120}}
	return r
}

package bench

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"
)

// StartConfig is for Start.
type StartConfig struct {
	Binary string
	Runs   int
	Done   func(run int) // called after each run; nil: nobody watches
}

// StartResult are medians over the runs.
type StartResult struct {
	FirstPageMS float64 `json:"first_page_ms"` // from the start of the process to the first whole page, on a fresh data folder
	IdleRSSMB   float64 `json:"idle_rss_mb"`   // resident memory after it has come to rest
	BinaryMB    float64 `json:"binary_mb"`
}

const megabyte = 1e6

// Start measures how fast the server is there, and what it costs while it has nothing to do.
func Start(ctx context.Context, cfg StartConfig) (StartResult, error) {
	info, err := os.Stat(cfg.Binary)
	if err != nil {
		return StartResult{}, err
	}
	var pages, idle []float64
	for run := range cfg.Runs {
		page, rss, err := startOnce(ctx, cfg.Binary)
		if err != nil {
			return StartResult{}, err
		}
		pages = append(pages, float64(page)/float64(time.Millisecond))
		idle = append(idle, float64(rss)/megabyte)
		if cfg.Done != nil {
			cfg.Done(run + 1)
		}
	}
	return StartResult{
		FirstPageMS: percentile(pages, 0.5), IdleRSSMB: percentile(idle, 0.5), BinaryMB: float64(info.Size()) / megabyte,
	}, nil
}

func startOnce(ctx context.Context, binary string) (page time.Duration, rss int64, err error) {
	dir, err := os.MkdirTemp("", "posmedic-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := StartServer(ctx, ServerConfig{Binary: binary, Dir: dir})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if page, err = s.FirstPage(ctx); err != nil {
		return 0, 0, err
	}
	rss, err = s.settle(ctx)
	return page, rss, err
}

// A server has settled when for so long its memory moved by no more than a hundredth; if it never rests, what it has
// after a while counts.
const (
	restFor      = 2 * time.Second
	settleWithin = 15 * time.Second
	lookEvery    = 100 * time.Millisecond
)

// settle waits until the server is at rest and gives its memory then.
func (s *Server) settle(ctx context.Context) (int64, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	now, err := used(s.cmd.Process.Pid)
	began, since, level := time.Now(), time.Now(), now.rss
	for err == nil && time.Since(since) < restFor && time.Since(began) < settleWithin {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
		if now, err = used(s.cmd.Process.Pid); abs(now.rss-level) > level/100 {
			since, level = time.Now(), now.rss
		}
	}
	return now.rss, err
}

func abs(n int64) int64 { return max(n, -n) }

// percentile gives the value below which the share of the values lies; 0 when there are none.
func percentile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); share == 0.5 && n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

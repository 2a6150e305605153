package demo_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/demo"
	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// TestStories plays a story that ends by a remote step and one that ends at somebody's desk, each on an estate of its own.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, story := range []string{"app-hung", "unregistered-97"} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cfg := app.DefaultConfig()
			cfg.Dir, cfg.Listen, cfg.Agents = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
			d, err := demo.Start(ctx, demo.Config{
				App: cfg, Version: "test", Terminals: 8, Speed: 60, Seed: 7, Lang: lang.EN, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := d.Stop(); err != nil {
					t.Error(err)
				}
			}()
			report, err := d.Play(ctx, story, func(line string) { t.Log(line) })
			if err != nil {
				t.Fatal(err)
			}
			if !report.Passed() {
				t.Errorf("%s: %+v", report.Verdict, report)
			}
		})
	}
}

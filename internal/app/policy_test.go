package app_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

func TestAnOperatorsPolicyIsCheckedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*app.Config)
		code   string
	}{
		"weights that exist":          {func(c *app.Config) { c.Weigh = map[string]float64{"truck": 600, "downtime": 2} }, ""},
		"a weight nobody knows":       {func(c *app.Config) { c.Weigh = map[string]float64{"lorry": 1} }, "config.weigh"},
		"a weight below nothing":      {func(c *app.Config) { c.Weigh = map[string]float64{"truck": -1} }, "config.weigh"},
		"acting on one in three":      {func(c *app.Config) { c.Diagnose.Act = 0.3 }, "config.act"},
		"acting only when it is sure": {func(c *app.Config) { c.Diagnose.Act = 0.95 }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := app.DefaultConfig()
			cfg.Dir = t.TempDir()
			tt.change(&cfg)
			_, err := app.New(cfg, "test", slog.New(slog.DiscardHandler))
			var p *problem.Error
			switch {
			case tt.code == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case tt.code != "" && (!errors.As(err, &p) || p.Code != tt.code || p.Hint.Empty()):
				t.Fatalf("got %v, want %s with a hint", err, tt.code)
			}
		})
	}
}

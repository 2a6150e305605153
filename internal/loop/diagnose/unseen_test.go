package diagnose_test

import (
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/finding"
	"github.com/posmedic/posmedic/internal/loop/diagnose"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

// TestUnseenTexts: a text on the screen that no list has speaks by the texts it resembles.
func TestUnseenTexts(t *testing.T) {
	t.Parallel()
	p, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	e := diagnose.New(p, diagnose.Policy{})
	group := func(text string) (top string, share float64) {
		at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		d := e.Diagnose(diagnose.Input{Now: at, Findings: []finding.Finding{{Variable: "screen_text", State: text, At: at, Source: finding.Merchant}}})
		by := map[string]float64{}
		for _, r := range d.Ranked {
			f, _ := p.Fault(r.Fault)
			by[f.Group] += r.P
			if by[f.Group] > share {
				top, share = f.Group, by[f.Group]
			}
		}
		return top, share
	}
	for text, want := range map[string]string{
		"tamper switch event 12, unit disabled": "security",
		"检测到防拆触发，设备停用":                          "security",
		"TMK lost, inject key":                  "security",
		"主密钥校验不通过":                              "security",
		"Printer paper roll is finished":        "consumables",
		"电池电量过低，请连接充电座":                         "power",
	} {
		t.Run(text+" points to "+want, func(t *testing.T) {
			t.Parallel()
			if got, share := group(text); got != want {
				t.Errorf("points to %s (%.2f)", got, share)
			}
		})
	}
	t.Run("a text that resembles nothing changes nothing", func(t *testing.T) {
		t.Parallel()
		got, share := group("Qwzx Vbnm Jklo")
		none, plain := group("")
		if got != none || share != plain {
			t.Errorf("%s %.3f, without it %s %.3f", got, share, none, plain)
		}
	})
}

package pack_test

import (
	"strings"
	"testing"

	"github.com/posmedic/posmedic/pack"
)

func TestHazards(t *testing.T) {
	t.Parallel()
	all := pack.Hazards()
	if len(all) != 15 {
		t.Errorf("%d hazards, want 15", len(all))
	}
	for _, h := range all {
		if h.Words.ZH == "" || h.Words.EN == "" {
			t.Errorf("%s is not said in both languages", h.ID)
		}
		if forbids := strings.Contains(h.ID, "do_not"); forbids != h.Forbids {
			t.Errorf("%s forbids: %v", h.ID, h.Forbids)
		}
		if found, ok := pack.FindHazard(h.ID); !ok || found != h {
			t.Errorf("%s is not found", h.ID)
		}
	}
	if _, ok := pack.FindHazard("do_not_breathe"); ok {
		t.Error("found a hazard that is none")
	}
}

func TestEveryCommandThatRestartsForbidsIt(t *testing.T) {
	t.Parallel()
	for _, c := range pack.Commands() {
		for _, id := range c.Breaks {
			if h, ok := pack.FindHazard(id); !ok || !h.Forbids {
				t.Errorf("%s breaks %s, which forbids nothing", c.ID, id)
			}
		}
	}
}

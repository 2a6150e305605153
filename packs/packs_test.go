package packs_test

import (
	"bytes"
	"testing"

	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/packs"
)

func TestCoreIsWithoutMistakes(t *testing.T) {
	t.Parallel()
	p, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatalf("the core pack has mistakes:\n%v", err)
	}
	for _, w := range pack.Lint(p) {
		switch w.Kind {
		case pack.Unreachable, pack.Impossible:
			t.Errorf("%s: %s", w.Kind, w.Text.EN)
		}
	}
	first, err := pack.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := pack.Load(packs.Core())
	if err != nil {
		t.Fatal(err)
	}
	if second, err := pack.Encode(again); err != nil || !bytes.Equal(first, second) {
		t.Errorf("loading the core pack twice gives two packs (%v)", err)
	}
}

func BenchmarkCore(b *testing.B) {
	p, err := pack.Load(packs.Core())
	if err != nil {
		b.Fatal(err)
	}
	data, err := pack.Encode(p)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if _, err := pack.Load(packs.Core()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportMetric(float64(len(data)), "bytes")
		for b.Loop() {
			if _, err := pack.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

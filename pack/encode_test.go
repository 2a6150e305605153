package pack_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

func encode(t testing.TB, p *pack.Pack) []byte {
	t.Helper()
	data, err := pack.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEncodeThenDecodeGivesTheSamePack(t *testing.T) {
	t.Parallel()
	p := load(t, good(t))
	data := encode(t, p)
	back, err := pack.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back, cmpopts.IgnoreUnexported(pack.Pack{})); diff != "" {
		t.Error(diff)
	}
	if !pack.Verify(back) {
		t.Error("the content is not what the hash says")
	}
	if _, ok := back.Fault("net_dns"); !ok {
		t.Error("the decoded pack cannot look faults up")
	}
	if !bytes.Equal(data, encode(t, back)) {
		t.Error("the same pack was compiled to other bytes")
	}
}

func TestDecodeRefusesWhatIsNotWhole(t *testing.T) {
	t.Parallel()
	data := encode(t, load(t, good(t)))
	flipped := bytes.Clone(data)
	flipped[len(flipped)/2] ^= 0x10
	tests := map[string][]byte{
		"nothing":         nil,
		"something else":  []byte("pack: core\nversion: 1\n"),
		"another version": bytes.Replace(data, []byte("posmedic-pack 1 "), []byte("posmedic-pack 9 "), 1),
		"another layout":  bytes.Replace(data, data[16:24], []byte("xxxxxxxx"), 1),
		"another seal":    bytes.Replace(data, data[50:58], []byte("xxxxxxxx"), 1),
		"a bit flipped":   flipped,
		"the end cut off": data[:len(data)-9],
		"only the header": data[:bytes.IndexByte(data, '\n')+1],
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := pack.Decode(bad)
			if p != nil || err == nil {
				t.Fatal("it was read")
			}
			var e *problem.Error
			if !errors.As(err, &e) || e.Kind != problem.Invalid || e.Hint.Empty() {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, load(f, good(f))))
	f.Add([]byte("posmedic-pack 1 00\n\x01\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := pack.Decode(data)
		if (p == nil) == (err == nil) {
			t.Fatalf("pack %v, error %v", p, err)
		}
	})
}

// FuzzLoad gives any bytes as any file of a pack: Load must neither panic nor hang, and what it accepts must survive
// its own compiled form.
func FuzzLoad(f *testing.F) {
	kinds := []string{"pack.yaml", "findings/all.yaml", "faults/all.yaml", "steps/all.yaml", "codes/all.yaml", "messages/all.yaml", "phrases/all.yaml"}
	base := good(f)
	for i, name := range kinds {
		f.Add(uint8(i), base[name].Data)
	}
	f.Add(uint8(2), []byte("faults: [{id: a, shows: {b: {c: {mean: .nan}}}}]"))
	f.Add(uint8(6), []byte(strings.Repeat("? ", 50)+"a"))
	f.Add(uint8(6), []byte("a: &a\n  <<: *a\n"))
	f.Add(uint8(1), []byte("findings:\n- {id: \"\\ud800\", leak: {? [a] : 1}}\n"))
	f.Add(uint8(3), []byte("%YAML 1.2\n---\nsteps: |+2\n  x\n...\n--- !!str\n"))
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		files := fstest.MapFS{}
		for name, file := range base {
			files[name] = file
		}
		files[kinds[int(kind)%len(kinds)]] = &fstest.MapFile{Data: data}
		p, err := pack.Load(files)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("refused without a word")
			}
			return
		}
		back, err := pack.Decode(encode(t, p))
		if err != nil || back.Ref != p.Ref {
			t.Fatalf("an accepted pack did not survive: %v", err)
		}
		pack.Lint(p)
	})
}

func BenchmarkDecode(b *testing.B) {
	data := encode(b, load(b, good(b)))
	for b.Loop() {
		if _, err := pack.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	files := good(b)
	for b.Loop() {
		if _, err := pack.Load(files); err != nil {
			b.Fatal(err)
		}
	}
}

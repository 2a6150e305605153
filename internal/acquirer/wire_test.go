package acquirer_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/posmedic/posmedic/internal/acquirer"
)

// publishedSignIn is a sign-in request with the values of one that a developer published (trace number 000027, terminal
// 88888888, a hardware serial in field 62).
const publishedSignIn = "6000030000" + "603100311100" + "0800" + "0020000000C00016" + "000027" +
	"3838383838383838" + "313030303030303030303030303031" + "0011" + "000000010030" +
	"0028" + "53657175656E6365204E6F" + "3135" + "333133353332302D3031372D363837" + "0003" + "303120"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessage(t *testing.T) {
	t.Parallel()
	t.Run("the published sign-in is read and written back byte for byte", func(t *testing.T) {
		t.Parallel()
		raw := unhex(t, publishedSignIn)
		m, err := acquirer.Unpack(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := map[int]string{}
		for f := range 65 {
			if m.Has(f) {
				got[f] = m.Get(f)
			}
		}
		want := map[int]string{11: "000027", 41: "88888888", 42: "100000000000001", 60: "00000001003",
			62: "Sequence No153135320-017-687", 63: "01 "}
		if diff := cmp.Diff(want, got); diff != "" || m.MTI != "0800" || m.Kind() != acquirer.KindSignIn || m.NetworkCode() != "003" || m.Batch() != "000001" {
			t.Fatalf("%s %s %s %s", m.MTI, m.NetworkCode(), m.Batch(), diff)
		}
		if again, err := m.Pack(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%v\n% x\n% x", err, again, raw)
		}
	})
	t.Run("a card on the wire can be read on purpose and printed by nobody", func(t *testing.T) {
		t.Parallel()
		const number = "6250947000000014"
		for field, text := range map[int]string{2: number, 35: number + "=30121011234567"} {
			m := &acquirer.Message{MTI: "0200"}
			m.Set(field, text)
			m.Set(acquirer.FieldPIN, "12345678")
			raw, err := m.Pack()
			if err != nil {
				t.Fatal(err)
			}
			back, err := acquirer.Unpack(raw)
			if err != nil {
				t.Fatal(err)
			}
			card, ok := back.Card()
			if !ok || card.Expose() != number || back.Get(field) != "" || back.Get(acquirer.FieldPIN) != "" {
				t.Fatalf("field %d: card %v, %v", field, card, ok)
			}
			printed := fmt.Sprintf("%v %+v %#v %s %q %x %+v", back, back, *back, back, back, back, struct{ m acquirer.Message }{*back})
			for _, secret := range []string{number, number[:8], "12345678", "3132333435363738"} {
				if strings.Contains(printed, secret) {
					t.Fatalf("printed %s: %s", secret, printed)
				}
			}
		}
	})
	malformed := map[string]string{
		"nothing":                "",
		"only a header":          publishedSignIn[:22],
		"cut in a field":         publishedSignIn[:len(publishedSignIn)-4],
		"bytes too many":         publishedSignIn + "00",
		"letters among digits":   strings.Replace(publishedSignIn, "000027", "0000A7", 1),
		"a second bitmap":        strings.Replace(publishedSignIn, "0020000000C00016", "8020000000C00016", 1),
		"a field nobody uses":    strings.Replace(publishedSignIn, "0020000000C00016", "0120000000C00016", 1),
		"a length above the max": strings.Replace(publishedSignIn, "00280000", "0999", 1)[:60] + "0999",
	}
	for name, raw := range malformed {
		t.Run(name+" is refused as malformed", func(t *testing.T) {
			t.Parallel()
			m, err := acquirer.Unpack(unhex(t, raw))
			var e *acquirer.Error
			if !errors.As(err, &e) || e.Rung != acquirer.RungFormat || e.Reason != acquirer.Malformed {
				t.Fatalf("%v, %v", m, err)
			}
		})
	}
	t.Run("values that do not fit are refused, and the error does not repeat them", func(t *testing.T) {
		t.Parallel()
		for field, text := range map[int]string{2: "62509470000000146250947000000014", 4: "12", 11: "abc", 39: "000", 41: "1", 99: "x"} {
			m := &acquirer.Message{MTI: "0200"}
			m.Set(field, text)
			if _, err := m.Pack(); err == nil || len(text) > 3 && strings.Contains(err.Error(), text) {
				t.Errorf("field %d: %v", field, err)
			}
		}
	})
}

func TestFrame(t *testing.T) {
	t.Parallel()
	t.Run("what is written is read", func(t *testing.T) {
		t.Parallel()
		var b bytes.Buffer
		for _, frame := range []string{"a", strings.Repeat("x", acquirer.MaxFrame)} {
			if err := acquirer.WriteFrame(&b, []byte(frame)); err != nil {
				t.Fatal(err)
			}
			if got, err := acquirer.ReadFrame(&b, acquirer.MaxFrame); err != nil || string(got) != frame {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
		}
		if _, err := acquirer.ReadFrame(&b, acquirer.MaxFrame); err != io.EOF {
			t.Fatalf("after the last frame: %v", err)
		}
	})
	t.Run("empty and huge frames are refused on both sides", func(t *testing.T) {
		t.Parallel()
		for _, frame := range [][]byte{nil, make([]byte, acquirer.MaxFrame+1)} {
			if acquirer.WriteFrame(io.Discard, frame) == nil {
				t.Errorf("%d bytes were written", len(frame))
			}
		}
		for _, head := range []string{"\x00\x00", "\xff\xff"} {
			var e *acquirer.Error
			if _, err := acquirer.ReadFrame(strings.NewReader(head), acquirer.MaxFrame); !errors.As(err, &e) || e.Reason != acquirer.Malformed {
				t.Errorf("%q: %v", head, err)
			}
		}
	})
	t.Run("a frame that breaks off is an error and not an end", func(t *testing.T) {
		t.Parallel()
		for _, part := range []string{"\x00", "\x00\x05", "\x00\x05abc"} {
			if _, err := acquirer.ReadFrame(strings.NewReader(part), acquirer.MaxFrame); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: %v", part, err)
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 0})
	f.Add([]byte{0xff, 0xff, 1})
	f.Add(append([]byte{0, byte(len(publishedSignIn) / 2)}, unhex(f, publishedSignIn)...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			frame, err := acquirer.ReadFrame(r, acquirer.MaxFrame)
			if err != nil {
				return
			}
			var out bytes.Buffer
			if err := acquirer.WriteFrame(&out, frame); err != nil {
				t.Fatalf("read but cannot be written: %v", err)
			}
			if again, err := acquirer.ReadFrame(&out, acquirer.MaxFrame); err != nil || !bytes.Equal(again, frame) {
				t.Fatalf("changed on the way: %v", err)
			}
		}
	})
}

// FuzzUnpack holds that no bytes can make the reader panic, and that what was read once is written and read the same.
func FuzzUnpack(f *testing.F) {
	f.Add(unhex(f, publishedSignIn))
	for _, mutation := range []string{"0200", "0210", "0400", "0810", "0820"} {
		f.Add(unhex(f, strings.Replace(publishedSignIn, "08000020", mutation+"0020", 1)))
	}
	sale := &acquirer.Message{MTI: "0200"}
	for field, text := range map[int]string{2: "6250947000000014", 3: "000000", 4: "000000000100", 7: "1123215536", 11: "000001", 12: "215536",
		13: "1123", 14: "4912", 22: "012", 23: "001", 25: "00", 32: "12345678", 35: "6250947000000014=4912101123456789", 37: "000000000001",
		38: "123456", 39: "00", 41: "88888888", 42: "100000000000001", 48: "1", 49: "156", 52: "12345678", 55: "\x9f\x26", 60: "22000001000",
		61: "1", 62: "x", 63: "\xff", 64: "12345678"} {
		sale.Set(field, text)
	}
	raw, err := sale.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := acquirer.Unpack(raw)
		if err != nil {
			return
		}
		_, _ = m.Card()
		first, err := m.Pack()
		if err != nil {
			t.Fatalf("read but cannot be written: %v", err)
		}
		again, err := acquirer.Unpack(first)
		if err != nil {
			t.Fatalf("written but cannot be read: %v", err)
		}
		second, err := again.Pack()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("not stable: %v", err)
		}
	})
}

package carddata_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
)

func testPAN(t *testing.T) (carddata.PAN, string) {
	t.Helper()
	for c := '0'; c <= '9'; c++ {
		candidate := "629999000000123" + string(c)
		if p, err := carddata.NewPAN(candidate); err == nil {
			return p, candidate
		}
	}
	t.Fatal("no check digit fits")
	return carddata.PAN{}, ""
}

func TestPAN(t *testing.T) {
	t.Parallel()
	pan, raw := testPAN(t)
	type holder struct {
		Public carddata.PAN
		hidden carddata.PAN
	}
	h := holder{pan, pan}
	t.Run("no verb of fmt prints the digits, not even through unexported fields", func(t *testing.T) {
		t.Parallel()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v", "%p", "%08b"} {
			for _, value := range []any{pan, &pan, h, &h, []carddata.PAN{pan}, map[string]carddata.PAN{"a": pan}, h.hidden} {
				mustHide(t, verb, fmt.Sprintf(verb, value), raw)
			}
		}
	})
	t.Run("no encoder writes the digits", func(t *testing.T) {
		t.Parallel()
		out, err := json.Marshal(h)
		if err != nil || !strings.Contains(string(out), "****") {
			t.Fatalf("json: %s, %v", out, err)
		}
		mustHide(t, "json", string(out), raw)
		text, err := xml.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		mustHide(t, "xml", string(text), raw)
	})
	t.Run("no logger writes the digits", func(t *testing.T) {
		t.Parallel()
		var text, js bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&js, nil)} {
			slog.New(handler).Info("x", "pan", pan, "holder", h, "any", slog.AnyValue(&h))
		}
		mustHide(t, "slog text", text.String(), raw)
		mustHide(t, "slog json", js.String(), raw)
	})
	t.Run("it gives the digits to whoever puts them on the wire", func(t *testing.T) {
		t.Parallel()
		if pan.Expose() != raw || pan.Masked() != "****"+raw[12:] {
			t.Fatal("exposed or masked digits are wrong")
		}
	})
	t.Run("a wrong check digit or length is refused without repeating it", func(t *testing.T) {
		t.Parallel()
		wrong := raw[:15] + string('0'+(raw[15]-'0'+1)%10)
		for _, bad := range []string{"", "1234", wrong, raw + "0000", "62999900000012a4", strings.Repeat("0", 40)} {
			_, err := carddata.NewPAN(bad)
			if err == nil || (bad != "" && strings.Contains(err.Error(), bad)) {
				t.Fatalf("error of a wrong number: %v", err)
			}
		}
	})
	t.Run("the zero value is empty and harmless", func(t *testing.T) {
		t.Parallel()
		var zero carddata.PAN
		if zero.Expose() != "" || fmt.Sprint(zero) != "****" {
			t.Fatal("zero value")
		}
	})
}

func mustHide(t *testing.T, how, out, raw string) {
	t.Helper()
	hex := fmt.Sprintf("%x", raw)
	if strings.Contains(out, raw) || strings.Contains(out, raw[:10]) || strings.Contains(strings.ToLower(out), hex[:20]) {
		t.Errorf("%s printed the digits: %s", how, out)
	}
}

func TestScrub(t *testing.T) {
	t.Parallel()
	_, n := testPAN(t)
	fullWidth := strings.Map(func(r rune) rune { return r + 0xFEE0 }, n)
	arabic := strings.Map(func(r rune) rune { return r - '0' + 0x0660 }, n)
	removed := map[string]string{
		"a bare number":            "card " + n + " declined",
		"groups with blanks":       "card " + n[:4] + " " + n[4:8] + " " + n[8:12] + " " + n[12:] + " declined",
		"groups with dashes":       "card " + n[:4] + "-" + n[4:8] + "-" + n[8:12] + "-" + n[12:] + " declined",
		"groups with odd blanks":   "card " + n[:4] + "\u00a0" + n[4:8] + "\u3000" + n[8:12] + "\u200b" + n[12:] + " declined",
		"uneven groups":            "card " + n[:6] + " " + n[6:] + " declined",
		"full-width digits":        "card " + fullWidth + " declined",
		"digits of another script": "card " + arabic + " declined",
		"track 2":                  "card ;" + n + "=28062013949031013? declined",
		"track 2 with D":           "card " + n + "D28062013949031013 declined",
		"track 1":                  "card %B" + n + "^WANG/XIAO^28062010000000000? declined",
		"hidden in a long number":  "card 00000000" + n + "99999999 declined",
	}
	for name, text := range removed {
		t.Run(name+" is removed", func(t *testing.T) {
			t.Parallel()
			got, count := carddata.Scrub(text)
			if want := "card " + carddata.Removed + " declined"; got != want || count != 1 {
				t.Fatalf("got %q (%d), want %q", got, count, want)
			}
		})
	}
	for name, text := range map[string]string{
		"PIN block":           "PIN block: 0123456789ABCDEF",
		"PIN block in json":   `{"pin_block":"0123456789abcdef"}`,
		"field 52":            "F52=0123456789ABCDEF",
		"AES PIN block":       "PINBLOCK 0123456789ABCDEF0123456789ABCDEF",
		"a PIN that was said": "顾客的密码是123456",
		"a PIN in clear":      "my PIN is 4821.",
	} {
		t.Run(name+" is removed", func(t *testing.T) {
			t.Parallel()
			got, count := carddata.Scrub(text)
			if count != 1 || regexp.MustCompile(`[0-9]{4}`).MatchString(got) {
				t.Fatalf("got %q (%d)", got, count)
			}
		})
	}
	for _, text := range []string{
		"", "response code 97", "TID 88888888 MID 100000000000001", "2026-11-23T21:55:36Z", "shipping 0123456789abcdef",
		"tel. 010-1234567", "PIN pad 9600 baud", "密码错误", strings.Repeat("0", 0), "\xff\xfe 123",
	} {
		t.Run("left as it is: "+text, func(t *testing.T) {
			t.Parallel()
			if got, count := carddata.Scrub(text); got != text || count != 0 {
				t.Fatalf("got %q (%d)", got, count)
			}
		})
	}
	t.Run("two numbers count as two", func(t *testing.T) {
		t.Parallel()
		if got, count := carddata.ScrubBytes([]byte(n + " and " + n)); count != 2 || strings.Contains(string(got), n) {
			t.Fatalf("got %q (%d)", got, count)
		}
	})
	t.Run("bytes without card data are given back as they are", func(t *testing.T) {
		t.Parallel()
		in := []byte("nothing")
		if out, count := carddata.ScrubBytes(in); count != 0 || &out[0] != &in[0] {
			t.Fatal("copied for nothing")
		}
	})
}

// FuzzScrub holds the two promises of Scrub: doing it twice changes nothing, and no card number is left.
func FuzzScrub(f *testing.F) {
	for _, seed := range []string{
		"", "4242424242424242", "4242 4242 4242 4242 1", "pin 0123456789ABCDEF 0123456789ABCDEF", "4242424242424242=2512",
		"４２４２４２４２４２４２４２４２", "424242424242=4242424242424242=4242", "pin pin 1234", "%B4242424242424242^A/B^2512^2512",
		"4242-4242_4242.4242", "\xff4242424242424242\xc3", "[card-data]4242424242424242[card-data]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, _ := carddata.Scrub(text)
		if twice, n := carddata.Scrub(once); twice != once || n != 0 {
			t.Fatalf("not stable: %q → %q → %q", text, once, twice)
		}
		if left := plainCardNumber(once); left != "" {
			t.Fatalf("%q left %q in %q", text, left, once)
		}
	})
}

// plainCardNumber is an independent, simple-minded search over ASCII digits.
func plainCardNumber(text string) string {
	groups := regexp.MustCompile(`[0-9]+(?:[ -][0-9]+)*`)
	for _, run := range groups.FindAllString(text, -1) {
		parts := regexp.MustCompile(`[0-9]+`).FindAllString(run, -1)
		for i := range parts {
			number := ""
			for j := i; j < len(parts) && len(number) < 20; j++ {
				if number += parts[j]; isCardNumber(number) {
					return number
				}
			}
		}
	}
	return ""
}

func isCardNumber(s string) bool {
	_, err := carddata.NewPAN(s)
	return err == nil
}

package wire

import (
	"errors"
	"strings"
	"testing"
)

func TestEnrolmentString(t *testing.T) {
	t.Parallel()
	fp := strings.Repeat("0a", 32)
	t.Run("what was formatted parses back", func(t *testing.T) {
		t.Parallel()
		code, got, err := ParseEnrolment("  " + FormatEnrolment("K7QX-29TM", strings.ToUpper(fp)) + "\n")
		if err != nil || code != "K7QX-29TM" || got != fp {
			t.Fatalf("got %q %q %v", code, got, err)
		}
	})
	for name, bad := range map[string]string{
		"no fingerprint is refused":           "K7QX-29TM",
		"an empty code is refused":            "@" + fp,
		"a short fingerprint is refused":      "K7QX@" + fp[:62],
		"a fingerprint not in hex is refused": "K7QX@" + strings.Repeat("zz", 32),
		"an endless code is refused":          strings.Repeat("A", 65) + "@" + fp,
		"nothing is refused":                  "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := ParseEnrolment(bad); !errors.Is(err, ErrEnrolment) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

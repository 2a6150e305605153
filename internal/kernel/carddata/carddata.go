// Package carddata keeps card data out of whatever is written or shown: card numbers (PAN), track data and PINs.
//
// Text from outside goes through Scrub before it is logged, stored, sent on or shown. A card number that a program
// must hold, such as that of a test card, is a PAN: it can be put on the wire on purpose and cannot be printed by
// accident. Scrub errs on the side of removing: one in ten innocent numbers of 12 to 19 digits passes the check digit
// and is removed too, so identifiers that matter belong into fields of their own and not into free text.
package carddata

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// The length of a card number, ISO/IEC 7812-1.
const (
	minDigits = 12
	maxDigits = 19
)

// PAN is a card number that no format verb, encoder or logger can print; they all get Masked.
//
// The digits hide in a closure: reflection, which fmt uses for unexported fields of other people's structs, finds only
// a function's address there.
type PAN struct{ digits func() string }

// NewPAN takes 12 to 19 digits with a right check digit. The error never repeats what was given.
func NewPAN(digits string) (PAN, error) {
	if len(digits) < minDigits || len(digits) > maxDigits || !luhn(digits) {
		return PAN{}, problem.New(problem.Invalid, "carddata.not_a_card_number",
			lang.Text{ZH: "不是有效的卡号", EN: "not a valid card number"})
	}
	return PAN{digits: func() string { return digits }}, nil
}

// Expose gives the digits, for putting them on the wire to the host and for nothing else.
func (p PAN) Expose() string {
	if p.digits == nil {
		return ""
	}
	return p.digits()
}

// Masked gives the last four digits, which may be shown (PCI DSS 3.4.1).
func (p PAN) Masked() string {
	d := p.Expose()
	if d == "" {
		return "****"
	}
	return "****" + d[len(d)-4:]
}

// String, GoString, Format, MarshalText, MarshalJSON and LogValue are the doors a value can be printed through.
func (p PAN) String() string { return p.Masked() }

// GoString answers %#v.
func (p PAN) GoString() string { return p.Masked() }

// Format answers every verb of fmt.
func (p PAN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.Masked()) } // fmt has no way to report it

// MarshalText answers encoders of text.
func (p PAN) MarshalText() ([]byte, error) { return []byte(p.Masked()), nil }

// MarshalJSON answers encoders of JSON.
func (p PAN) MarshalJSON() ([]byte, error) { return []byte(`"` + p.Masked() + `"`), nil }

// LogValue answers slog.
func (p PAN) LogValue() slog.Value { return slog.StringValue(p.Masked()) }

// luhn checks the check digit of a string of ASCII digits, ISO/IEC 7812-1 annex B.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		c := digits[len(digits)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) > 0 && sum%10 == 0
}

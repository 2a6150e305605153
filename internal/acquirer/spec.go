package acquirer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
)

// digits writes decimal digits two a byte. An odd number of them is filled up with a zero at the right (left-aligned,
// as fields of variable length are) or at the left. It is stricter than the library's own encoders, which let some
// bytes pass that are no digits.
type digits struct{ alignLeft bool }

var errDigits = errors.New("not decimal digits")

func (d digits) Encode(src []byte) ([]byte, error) {
	text := string(src)
	if strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		return nil, errDigits
	}
	return packNibbles(text, d.alignLeft)
}

func (d digits) Decode(src []byte, length int) ([]byte, int, error) {
	text, read, err := unpackNibbles(src, length, d.alignLeft)
	if err == nil && strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		err = errDigits
	}
	return []byte(text), read, err
}

// trackDigits is digits with D for the separator of track data; the message has "=" there.
type trackDigits struct{}

func (trackDigits) Encode(src []byte) ([]byte, error) {
	return packNibbles(strings.ReplaceAll(string(src), "=", "d"), true)
}

func (trackDigits) Decode(src []byte, length int) ([]byte, int, error) {
	text, read, err := unpackNibbles(src, length, true)
	if err == nil && strings.ContainsAny(text, "abcef") {
		err = errDigits
	}
	return []byte(strings.ReplaceAll(text, "d", "=")), read, err
}

func packNibbles(text string, alignLeft bool) ([]byte, error) {
	if len(text)%2 == 1 {
		if alignLeft {
			text += "0"
		} else {
			text = "0" + text
		}
	}
	return hex.DecodeString(text)
}

func unpackNibbles(src []byte, length int, alignLeft bool) (string, int, error) {
	size := (length + 1) / 2
	if length < 0 || len(src) < size {
		return "", 0, fmt.Errorf("%d bytes are missing", size-len(src))
	}
	text := hex.EncodeToString(src[:size])
	if alignLeft {
		return text[:length], size, nil
	}
	return text[len(text)-length:], size, nil
}

func fixedDigits(length int) field.Field {
	return field.NewString(&field.Spec{Length: length, Enc: digits{}, Pref: prefix.BCD.Fixed})
}

func leftDigits(length int) field.Field {
	return field.NewString(&field.Spec{Length: length, Enc: digits{alignLeft: true}, Pref: prefix.BCD.Fixed})
}

func varDigits(longest int, pref prefix.Prefixer) field.Field {
	return field.NewString(&field.Spec{Length: longest, Enc: digits{alignLeft: true}, Pref: pref})
}

func varTrack(longest int, pref prefix.Prefixer) field.Field {
	return field.NewString(&field.Spec{Length: longest, Enc: trackDigits{}, Pref: pref})
}

// octets are bytes as they are: ASCII in most fields, GBK in some, cryptograms in others.
func octets(length int, pref prefix.Prefixer) field.Field {
	return field.NewString(&field.Spec{Length: length, Enc: encoding.Binary, Pref: pref})
}

// newSpec is the layout of the messages of POS terminals of the UnionPay kind.
func newSpec() *iso8583.MessageSpec {
	fixed, ll, lll := prefix.BCD.Fixed, prefix.BCD.LL, prefix.BCD.LLL
	return &iso8583.MessageSpec{Name: "UnionPay POS", Fields: map[int]field.Field{
		0:        fixedDigits(4),
		1:        field.NewBitmap(&field.Spec{Length: 8, Enc: encoding.Binary, Pref: prefix.Binary.Fixed, DisableAutoExpand: true}),
		FieldPAN: varDigits(19, ll), FieldProcessing: fixedDigits(6), FieldAmount: fixedDigits(12), FieldSentAt: fixedDigits(10),
		FieldSTAN: fixedDigits(6), FieldTime: fixedDigits(6), FieldDate: fixedDigits(4), FieldExpiry: fixedDigits(4),
		15: fixedDigits(4), FieldEntryMode: leftDigits(3), 23: fixedDigits(3), 24: fixedDigits(3), FieldCondition: fixedDigits(2),
		26: fixedDigits(2), 32: varDigits(11, ll), FieldTrack2: varTrack(37, ll), FieldTrack3: varTrack(104, lll),
		FieldRRN: octets(12, fixed), FieldAuthorisation: octets(6, fixed), FieldCode: octets(2, fixed),
		FieldTID: octets(8, fixed), FieldMID: octets(15, fixed), 44: octets(25, ll), 48: varDigits(322, lll),
		FieldCurrency: octets(3, fixed), FieldPIN: octets(8, fixed), 53: fixedDigits(16), 54: octets(20, lll),
		FieldChip: octets(255, lll), 58: octets(100, lll), 59: octets(600, lll), FieldPrivate60: varDigits(17, lll),
		FieldOriginal: varDigits(29, lll), FieldPrivate62: octets(512, lll), FieldPrivate63: octets(163, lll),
		FieldMAC: octets(8, fixed),
	}}
}

// posSpec is read only.
var posSpec = newSpec()

// Pack gives the bytes of the message: TPDU, header, ISO 8583.
func (m *Message) Pack() ([]byte, error) {
	iso := iso8583.NewMessage(posSpec)
	iso.MTI(m.MTI)
	for number, v := range m.values {
		if err := iso.Field(number, v.text()); err != nil {
			return nil, formatError(fmt.Errorf("field %d is not one of a POS message", number))
		}
	}
	body, err := iso.Pack()
	if err != nil {
		return nil, formatError(fieldOnly(err))
	}
	out := make([]byte, 0, len(m.TPDU)+len(m.Header)+len(body))
	out = append(append(out, m.TPDU[:]...), m.Header[:]...)
	return append(out, body...), nil
}

// Unpack reads a message from exactly the bytes of one frame.
func Unpack(frame []byte) (*Message, error) {
	m := &Message{}
	ahead := len(m.TPDU) + len(m.Header)
	const mtiAndBitmap = 2 + 8
	if len(frame) < ahead+mtiAndBitmap {
		return nil, formatError(fmt.Errorf("%d bytes are no message", len(frame)))
	}
	copy(m.TPDU[:], frame)
	copy(m.Header[:], frame[len(m.TPDU):])
	body := frame[ahead:]
	if body[2]&0x80 != 0 {
		return nil, formatError(errors.New("a second bitmap is not used by terminals"))
	}
	iso := iso8583.NewMessage(posSpec)
	if err := iso.Unpack(body); err != nil {
		return nil, formatError(fieldOnly(err))
	}
	m.MTI, _ = iso.GetMTI() // cannot fail: the field is in the spec
	for number := range iso.GetFields() {
		if number < FieldPAN {
			continue
		}
		text, err := iso.GetString(number)
		if err != nil {
			return nil, formatError(fmt.Errorf("field %d", number))
		}
		if text == "" {
			return nil, formatError(fmt.Errorf("field %d is empty", number))
		}
		m.Set(number, text)
	}
	return m, m.spent(body)
}

// spent refuses bytes after the last field: the library ignores them, and they mean that both sides count differently.
func (m *Message) spent(body []byte) error {
	again, err := m.Pack()
	if err != nil {
		return err
	}
	if extra := len(body) + len(m.TPDU) + len(m.Header) - len(again); extra != 0 {
		return formatError(fmt.Errorf("%d bytes after the last field", extra))
	}
	return nil
}

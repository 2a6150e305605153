// Package acquirer speaks ISO 8583 with an acquirer's host the way POS terminals of the UnionPay kind do, from both
// ends: Client is the terminal's side, Serve the host's.
//
// On the wire a message is a length of two bytes (big endian), a TPDU of five, a header of six, and then the ISO 8583
// message with a binary bitmap and digits in BCD. Terminals open a connection for each exchange. A sign-in and an echo
// are 0800, a sale is 0200, and 0400 takes back a sale whose answer never came.
//
// A Message cannot print card data. What goes wrong is an *Error that names the rung of the ladder it happened on
// (name, connect, TLS, send, answer, format), because that is what a diagnosis needs.
package acquirer

import (
	"fmt"
	"io"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/carddata"
)

// The message types of a POS terminal. The host's answer has ten more.
const (
	MTINetwork  = "0800" // sign-in, echo
	MTIControl  = "0820" // sign-off and, at some hosts, echo
	MTISale     = "0200"
	MTIReversal = "0400"
)

// The network management codes in field 60.3 that are used here.
const (
	NetworkSignInSingle = "001" // working keys of single length
	NetworkSignInDouble = "003" // of double length
	NetworkSignInTrack  = "004" // of double length, with one for track data
	NetworkEcho         = "301"
)

// Kind says what a request is for.
type Kind string

// The kinds of request.
const (
	KindSignIn   Kind = "sign_in"
	KindEcho     Kind = "echo"
	KindSale     Kind = "sale"
	KindReversal Kind = "reversal"
	KindOther    Kind = "other"
)

// The numbers of the fields that are read or written by name.
const (
	FieldPAN           = 2
	FieldProcessing    = 3
	FieldAmount        = 4
	FieldSentAt        = 7
	FieldSTAN          = 11
	FieldTime          = 12
	FieldDate          = 13
	FieldExpiry        = 14
	FieldEntryMode     = 22
	FieldCondition     = 25
	FieldTrack2        = 35
	FieldTrack3        = 36
	FieldRRN           = 37
	FieldAuthorisation = 38
	FieldCode          = 39
	FieldTID           = 41
	FieldMID           = 42
	FieldCurrency      = 49
	FieldPIN           = 52
	FieldChip          = 55
	FieldPrivate60     = 60
	FieldOriginal      = 61
	FieldPrivate62     = 62
	FieldPrivate63     = 63
	FieldMAC           = 64
)

// CodeApproved is the response code (field 39) of success.
const CodeApproved = "00"

// TPDU routes a message through the acquirer's network: 60, destination and source.
type TPDU [5]byte

// Header is the message header: class of application, software versions, state of the terminal, what the host asks for.
type Header [6]byte

// DefaultTPDU and DefaultHeader are what a terminal of the UnionPay kind sends when its profile says nothing else.
func DefaultTPDU() TPDU { return TPDU{0x60, 0x00, 0x03, 0x00, 0x00} }

// DefaultHeader says: financial application, version 31, normal state.
func DefaultHeader() Header { return Header{0x60, 0x31, 0x00, 0x31, 0x00, 0x00} }

// back is the TPDU of the answer: destination and source change places.
func (t TPDU) back() TPDU { return TPDU{t[0], t[3], t[4], t[1], t[2]} }

// Message is one ISO 8583 message with its TPDU and header. The zero value is empty and ready to be filled.
type Message struct {
	TPDU   TPDU
	Header Header
	MTI    string
	values map[int]value
}

// value keeps what must not be printed in a closure, where reflection cannot read it.
type value struct {
	plain  string
	secret func() string
}

func (v value) text() string {
	if v.secret != nil {
		return v.secret()
	}
	return v.plain
}

// sensitive reports the fields that hold card data or a PIN.
func sensitive(field int) bool {
	switch field {
	case FieldPAN, FieldExpiry, FieldTrack2, FieldTrack3, FieldPIN, FieldChip:
		return true
	}
	return false
}

// Set puts a value into a field; an empty one removes it. Whether it fits is checked by Pack.
func (m *Message) Set(field int, text string) {
	if text == "" {
		delete(m.values, field)
		return
	}
	if m.values == nil {
		m.values = make(map[int]value)
	}
	if sensitive(field) {
		m.values[field] = value{secret: func() string { return text }}
		return
	}
	m.values[field] = value{plain: text}
}

// Has reports whether the field is there.
func (m *Message) Has(field int) bool { _, ok := m.values[field]; return ok }

// Get gives a field's value, and nothing for fields that hold card data or a PIN: see Card.
func (m *Message) Get(field int) string {
	if sensitive(field) {
		return ""
	}
	return m.values[field].plain
}

// Card gives the card number of field 2, or of track 2 in field 35.
func (m *Message) Card() (carddata.PAN, bool) {
	number := m.values[FieldPAN].text()
	if number == "" {
		number, _, _ = strings.Cut(m.values[FieldTrack2].text(), "=")
	}
	pan, err := carddata.NewPAN(number)
	return pan, err == nil
}

// Kind tells from the message type and field 60.3 what the request is for.
func (m *Message) Kind() Kind {
	switch m.MTI {
	case MTISale:
		return KindSale
	case MTIReversal:
		return KindReversal
	case MTINetwork, MTIControl:
		switch m.NetworkCode() {
		case NetworkSignInSingle, NetworkSignInDouble, NetworkSignInTrack:
			return KindSignIn
		case NetworkEcho:
			return KindEcho
		}
	}
	return KindOther
}

// NetworkCode is field 60.3: what a 0800 or 0820 is for.
func (m *Message) NetworkCode() string {
	const batchEnd, codeEnd = 8, 11 // 60.1 has two digits, 60.2 (batch) six, 60.3 three
	if f := m.Get(FieldPrivate60); len(f) >= codeEnd {
		return f[batchEnd:codeEnd]
	}
	return ""
}

// Batch is field 60.2, the number of the terminal's open batch.
func (m *Message) Batch() string {
	if f := m.Get(FieldPrivate60); len(f) >= 8 {
		return f[2:8]
	}
	return ""
}

// String says which message it is, for logs: type, trace number, terminal and response code, never a card.
func (m *Message) String() string {
	return fmt.Sprintf("%s stan=%s tid=%s code=%s", m.MTI, m.Get(FieldSTAN), m.Get(FieldTID), m.Get(FieldCode))
}

// Format answers every verb of fmt with String.
func (m *Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) } // fmt has no way to report it

package wire

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// ErrEnrolment is what ParseEnrolment answers to anything that is not CODE@fingerprint.
var ErrEnrolment = problem.New(problem.Invalid, "enrolment.malformed", lang.Text{
	ZH: "接入码的格式不对，应为“接入码@服务器指纹”",
	EN: "the enrolment string must read CODE@fingerprint",
}).WithHint(lang.Text{
	ZH: "请从控制台完整复制",
	EN: "copy it whole from the console",
})

// maxCode bounds the code part; real ones are far shorter.
const maxCode = 64

// Fingerprint names a key: SHA-256 over the certificate's public key (SPKI), in lower-case hex. Both sides use it, so
// that a certificate may be renewed around the same key.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// FormatEnrolment joins a one-time code and the fingerprint of the server that redeems it: what an operator copies
// onto the terminal.
func FormatEnrolment(code, fingerprint string) string { return code + "@" + fingerprint }

// ParseEnrolment takes apart what FormatEnrolment joined.
func ParseEnrolment(s string) (code, fingerprint string, err error) {
	code, fingerprint, ok := strings.Cut(strings.TrimSpace(s), "@")
	fingerprint = strings.ToLower(fingerprint)
	raw, hexErr := hex.DecodeString(fingerprint)
	if !ok || code == "" || len(code) > maxCode || hexErr != nil || len(raw) != sha256.Size {
		return "", "", ErrEnrolment
	}
	return code, fingerprint, nil
}

// Problem is how the gateway says no: RFC 9457 problem details (application/problem+json) with our stable code.
type Problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail,omitempty"`
	Code   string    `json:"code"`
	Text   lang.Text `json:"text"`
	Hint   lang.Text `json:"hint,omitzero"`
}

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

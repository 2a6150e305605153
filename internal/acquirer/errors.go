package acquirer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	iso8583errors "github.com/moov-io/iso8583/errors"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// Rung is a step of the ladder from the terminal to the host's answer.
type Rung string

// The rungs, from the bottom.
const (
	RungName    Rung = "name"    // the host's name became an address
	RungConnect Rung = "connect" // TCP
	RungTLS     Rung = "tls"
	RungSend    Rung = "send"
	RungAnswer  Rung = "answer"
	RungFormat  Rung = "format" // bytes came that are no message, or not the answer to ours
)

// Reason says in which way a rung broke.
type Reason string

// The reasons.
const (
	NotFound    Reason = "not_found"     // the name does not exist
	Refused     Reason = "refused"       // nobody listens there
	Reset       Reason = "reset"         // the connection was cut
	Closed      Reason = "closed"        // the other side closed it in good order, without an answer
	Timeout     Reason = "timeout"       // nothing came in time
	NoRoute     Reason = "no_route"      // this machine, or a router, knows no way there
	Blocked     Reason = "blocked"       // a firewall on this machine or on the way said no
	Expired     Reason = "expired"       // by our clock the certificate is too old
	NotYetValid Reason = "not_yet_valid" // by our clock the certificate is from the future
	WrongName   Reason = "wrong_name"    // the certificate is for another host
	Untrusted   Reason = "untrusted"     // signed by nobody we trust
	NotTLS      Reason = "not_tls"       // the other side does not speak TLS
	Handshake   Reason = "handshake"     // TLS failed in another way
	Malformed   Reason = "malformed"     // not a message
	Mismatch    Reason = "mismatch"      // an answer, but to something else
	Other       Reason = "other"
)

// Error is a failed exchange. Its cause is for logs; it never holds message bytes.
type Error struct {
	Rung   Rung
	Reason Reason
	Cause  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("acquirer host: %s: %s: %v", e.Rung, e.Reason, e.Cause)
}

func (e *Error) Unwrap() error { return e.Cause }

// Problem is the error as a door shows it.
func (e *Error) Problem() *problem.Error {
	return problem.New(problem.Unavailable, "acquirer."+string(e.Rung)+"."+string(e.Reason), e.Reason.Text()).Because(e)
}

// Text says the reason to a person.
func (r Reason) Text() lang.Text {
	switch r {
	case NotFound:
		return lang.Text{ZH: "查不到这个名称", EN: "the name does not exist"}
	case Refused:
		return lang.Text{ZH: "对方拒绝连接", EN: "the connection was refused"}
	case Reset:
		return lang.Text{ZH: "连接被中途切断", EN: "the connection was cut"}
	case Closed:
		return lang.Text{ZH: "对方没有应答就断开了", EN: "the other side closed without an answer"}
	case Timeout:
		return lang.Text{ZH: "超时没有应答", EN: "nothing came in time"}
	case NoRoute:
		return lang.Text{ZH: "找不到通往那里的路（不可达）", EN: "no way there was found (unreachable)"}
	case Blocked:
		return lang.Text{ZH: "被防火墙拦截", EN: "a firewall said no"}
	case Expired:
		return lang.Text{ZH: "证书已过期", EN: "the certificate has expired"}
	case NotYetValid:
		return lang.Text{ZH: "证书尚未生效", EN: "the certificate is not valid yet"}
	case WrongName:
		return lang.Text{ZH: "证书属于另一台主机", EN: "the certificate is for another host"}
	case Untrusted:
		return lang.Text{ZH: "证书不是由受信任的机构签发", EN: "the certificate is signed by nobody we trust"}
	case NotTLS:
		return lang.Text{ZH: "对方没有使用加密（TLS）", EN: "the other side does not speak TLS"}
	case Handshake:
		return lang.Text{ZH: "加密握手失败", EN: "the secure handshake failed"}
	case Malformed:
		return lang.Text{ZH: "收到的不是有效报文", EN: "what came is no message"}
	case Mismatch:
		return lang.Text{ZH: "应答与请求对不上", EN: "the answer belongs to another request"}
	default:
		return lang.Text{ZH: "其他通讯错误", EN: "another communication error"}
	}
}

// Classify turns an error of a dial, a handshake, a write or a read into an *Error. The rung is where the caller was;
// a failed look-up or handshake inside a dial moves it to where it belongs.
func Classify(rung Rung, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	if e := classifyTLS(err); e != nil {
		return e
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		reason := NotFound
		if !dns.IsNotFound {
			reason = Other
		}
		if dns.IsTimeout {
			reason = Timeout
		}
		return &Error{RungName, reason, err}
	}
	return &Error{rung, reasonOf(err), err}
}

func reasonOf(err error) Reason {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return NoRoute
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return Blocked
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT),
		errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	}
	return Other
}

func classifyTLS(err error) *Error {
	var (
		invalid   x509.CertificateInvalidError
		host      x509.HostnameError
		authority x509.UnknownAuthorityError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &Error{RungTLS, expiry(invalid.Cert), err}
	case errors.As(err, &host):
		return &Error{RungTLS, WrongName, err}
	case errors.As(err, &authority):
		return &Error{RungTLS, Untrusted, err}
	case errors.As(err, &record):
		return &Error{RungTLS, NotTLS, err}
	case errors.As(err, &alert), errors.As(err, &verify), errors.As(err, &invalid):
		return &Error{RungTLS, Handshake, err}
	}
	return nil
}

// expiry tells too old from too young; x509 calls both expired. Handshakes go by this machine's clock, so does this.
func expiry(cert *x509.Certificate) Reason {
	if cert != nil && time.Now().Before(cert.NotBefore) {
		return NotYetValid
	}
	return Expired
}

func formatError(cause error) *Error { return &Error{RungFormat, Malformed, cause} }

// fieldOnly keeps the number of the field that broke and drops the rest: the library's errors carry the raw message.
func fieldOnly(err error) error {
	var unpack *iso8583errors.UnpackError
	if errors.As(err, &unpack) {
		return fmt.Errorf("field %s cannot be read", unpack.FieldID)
	}
	return errors.New("a field's value does not fit its place")
}

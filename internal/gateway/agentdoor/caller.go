package agentdoor

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/ident"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// tls is the door's side of the handshake. The client's certificate is only a carrier for its key: TLS proves that
// the device holds the key, and the register says whom it is bound to.
func (d *Door) tls() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{d.Identity.certificate},
		ClientAuth:   tls.RequireAnyClientCert,
		NextProtos:   []string{"http/1.1"}, // a live connection needs to take the connection over
		VerifyConnection: func(s tls.ConnectionState) error {
			if _, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey); !ok {
				d.counts.Add(KeyKind, 1)
				return errors.New("the client's key is not Ed25519")
			}
			return nil
		},
	}
}

// caller is who stands at the door.
type caller struct {
	fingerprint string
	address     string // without port
	from        From   // empty while enrolling
}

// handler answers a request or returns why not; it is the only kind of handler this door has.
type handler func(w http.ResponseWriter, r *http.Request, c caller) error

// door turns a handler into an http.Handler: it names the caller, holds back whoever comes too often, and writes every
// error as a problem.
func (d *Door) door(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := caller{fingerprint: wire.Fingerprint(r.TLS.PeerCertificates[0]), address: r.RemoteAddr}
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			c.address = host
		}
		err := d.admit(c)
		if err == nil {
			err = h(w, r, c)
		}
		if err != nil {
			d.refuse(r.Context(), w, c, err)
		}
	})
}

var (
	errAddress = refusal(problem.TooMany, RateAddress, "该地址的请求过于频繁", "too many requests from this address")
	errDevice  = refusal(problem.TooMany, RateDevice, "该终端的请求过于频繁", "too many requests from this device")
	errGuesses = refusal(problem.TooMany, RateEnrol, "接入失败次数过多，请稍后再试", "too many failed attempts; try again later")
	errNoDoor  = refusal(problem.NotFound, BodyShape, "没有这个入口", "there is no such entrance")
)

func (d *Door) admit(c caller) error {
	if ok, after := d.byAddress.take(c.address); !ok {
		return tooOften{errAddress, after}
	}
	if ok, after := d.byDevice.take(c.fingerprint); !ok {
		return tooOften{errDevice, after}
	}
	return nil
}

// known lets only bound keys through. Unknown keys use up the address's failures, so that nobody can try keys out.
func (d *Door) known(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, c caller) error {
		from, err := d.who(r.Context(), c)
		if err != nil {
			return err
		}
		c.from = from
		return h(w, r, c)
	}
}

func (d *Door) who(ctx context.Context, c caller) (From, error) {
	from, err := d.Devices.ByKey(ctx, c.fingerprint)
	if err == nil {
		return from, nil
	}
	p := problem.Of(err)
	if p.Kind != problem.NotFound {
		return From{}, err
	}
	if ok, after := d.failures.take(c.address); !ok {
		return From{}, tooOften{errGuesses, after}
	}
	return From{}, refusal(problem.Unauthorized, DeviceUnknown, "这台设备还没有接入", "this device is not enrolled").Because(err)
}

func (d *Door) nothing(http.ResponseWriter, *http.Request, caller) error { return errNoDoor }

// tooOften carries when to come back.
type tooOften struct {
	error
	after time.Duration
}

func (t tooOften) Unwrap() error { return t.error }

// refuse writes an error as a problem, counts it, and logs those that are our own fault.
func (d *Door) refuse(ctx context.Context, w http.ResponseWriter, c caller, err error) {
	p := problem.Of(err)
	d.counts.Add(Code(p.Code), 1)
	level := slog.LevelDebug
	if p.Kind == problem.Internal && ctx.Err() == nil { // an agent that hangs up is no fault of ours
		level = slog.LevelError
	}
	id := ident.New("err")
	d.Log.Log(ctx, level, "agent refused", "id", id, "code", p.Code, "terminal", c.from.Terminal, "address", c.address, "err", err)
	w.Header().Set("Content-Type", wire.ProblemType)
	var t tooOften
	if errors.As(err, &t) {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(t.after.Seconds()))))
	}
	w.WriteHeader(p.Kind.Status())
	writeJSON(w, wire.Problem{
		Type: "urn:posmedic:problem:" + p.Code, Title: string(p.Kind), Status: p.Kind.Status(),
		Detail: id, Code: p.Code, Text: p.Text, Hint: p.Hint,
	})
}

// writeJSON writes an answer. If the caller is gone there is nobody to tell.
func writeJSON(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	writeJSON(w, v)
}

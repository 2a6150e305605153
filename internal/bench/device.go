package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/posmedic/posmedic/internal/agent"
	"github.com/posmedic/posmedic/wire"
)

// Device is one terminal's side of the agents' door: its own key, one TLS 1.3 connection that it opens again when it
// broke, one message in flight. It is not safe for several goroutines at once.
//
// It speaks HTTP by hand. An http.Client would do, but costs as much processor time as the server that it measures.
type Device struct {
	address string // of the door
	from    net.IP // source address; nil: whatever the system takes
	config  *tls.Config

	conn   *tls.Conn
	reader *bufio.Reader
}

// Refused is the door's no.
type Refused struct {
	wire.Problem
	After time.Duration // wait so long before trying again; 0: it did not say
}

func (r *Refused) Error() string { return fmt.Sprintf("refused: %d %s", r.Status, r.Code) }

const answerWithin = 30 * time.Second

// NewDevice makes a device with a fresh key that only talks to the door with this fingerprint.
func NewDevice(address, fingerprint string, from net.IP) (*Device, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(0, 0).AddDate(100, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		ServerName:         wire.ServerName,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		InsecureSkipVerify: true, // as agents do: the key behind the certificate is everything
		VerifyConnection: func(s tls.ConnectionState) error {
			if wire.Fingerprint(s.PeerCertificates[0]) != fingerprint {
				return agent.ErrWrongServer
			}
			return nil
		},
	}
	return &Device{address: address, from: from, config: config}, nil
}

// Enrol redeems a code.
func (d *Device) Enrol(ctx context.Context, code, serial string) (wire.Enrolled, error) {
	var enrolled wire.Enrolled
	err := d.Post(ctx, "/v1/enrol", wire.Enrol{Version: wire.Version, Code: code, Serial: serial, Model: "bench", App: "1.0"}, &enrolled)
	return enrolled, err
}

// Send posts reports and returns when they are acknowledged.
func (d *Device) Send(ctx context.Context, reports ...wire.Report) (wire.Receipt, error) {
	var receipt wire.Receipt
	err := d.Post(ctx, "/v1/reports", wire.Batch{Version: wire.Version, SentAt: time.Now(), Reports: reports}, &receipt)
	return receipt, err
}

// Close ends the connection.
func (d *Device) Close() {
	if d.conn != nil {
		_ = d.conn.Close() // nobody waits for anything on it
		d.conn = nil
	}
}

// Post sends a message and reads the answer, unless into is nil. After an error other than Refused nobody knows
// whether the message was taken.
func (d *Device) Post(ctx context.Context, path string, message, into any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	status, answer, err := d.exchange(ctx, path, body)
	switch {
	case err != nil:
		d.Close()
		return err
	case status >= 300:
		return refusal(status, answer)
	case into == nil:
		return nil
	default:
		return json.Unmarshal(answer.body, into)
	}
}

type answer struct {
	header http.Header
	body   []byte
}

func refusal(status int, a answer) error {
	r := &Refused{}
	if json.Unmarshal(a.body, &r.Problem) != nil {
		r.Code = "http." + strconv.Itoa(status)
	}
	r.Status = status
	if seconds, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil {
		r.After = time.Duration(seconds) * time.Second
	}
	return r
}

func (d *Device) exchange(ctx context.Context, path string, body []byte) (int, answer, error) {
	if err := d.dial(ctx); err != nil {
		return 0, answer{}, err
	}
	if err := d.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return 0, answer{}, err
	}
	cut := context.AfterFunc(ctx, func() { _ = d.conn.SetDeadline(time.Unix(1, 0)) }) // a closed connection has ended too
	defer cut()
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, wire.ServerName, len(body))
	request.Write(body)
	if _, err := d.conn.Write(request.Bytes()); err != nil {
		return 0, answer{}, err
	}
	response, err := http.ReadResponse(d.reader, nil)
	if err != nil {
		return 0, answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, wire.MaxBatchBytes))
	if err != nil {
		return 0, answer{}, err
	}
	if response.Close {
		d.Close()
	}
	return response.StatusCode, answer{response.Header, raw}, nil
}

func (d *Device) dial(ctx context.Context) error {
	if d.conn != nil {
		return nil
	}
	dialer := &net.Dialer{Timeout: answerWithin}
	if d.from != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: d.from}
	}
	conn, err := (&tls.Dialer{NetDialer: dialer, Config: d.config}).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return err
	}
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return errors.Join(errors.New("the connection is not TLS"), conn.Close())
	}
	d.conn, d.reader = secure, bufio.NewReaderSize(secure, 4<<10)
	return nil
}

// TLS is how the device shows itself, for connections that it does not make itself.
func (d *Device) TLS() *tls.Config { return d.config.Clone() }

package agentdoor_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/gateway/agentdoor/doortest"
	"github.com/posmedic/posmedic/wire"
)

// device is a hand-made client, so that the door is not only tested with the agent that was written beside it.
type device struct {
	t           *testing.T
	door        *doortest.Open
	client      *http.Client
	fingerprint string
}

func newDevice(t *testing.T, door *doortest.Open) *device {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return deviceWith(t, door, key)
}

func deviceWith(t *testing.T, door *doortest.Open, key crypto.Signer) *device {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		InsecureSkipVerify: true, // the pin is the agent's business and tested there
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &device{t: t, door: door, client: &http.Client{Transport: transport}, fingerprint: wire.Fingerprint(leaf)}
}

// enrolled is a device already bound to a terminal.
func enrolled(t *testing.T, door *doortest.Open, terminal string) *device {
	d := newDevice(t, door)
	door.Rooms.Bind(d.fingerprint, terminal)
	return d
}

// post sends a message and gives the status and what came back.
func (d *device) post(path string, message any) (int, []byte) {
	d.t.Helper()
	raw, isRaw := message.([]byte)
	if !isRaw {
		var err error
		if raw, err = json.Marshal(message); err != nil {
			d.t.Fatal(err)
		}
	}
	response, err := d.client.Post("https://"+d.door.Address+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response.StatusCode, answer
}

// report posts reports and wants a receipt.
func (d *device) report(reports ...wire.Report) wire.Receipt {
	d.t.Helper()
	status, answer := d.post("/v1/reports", wire.Batch{Version: wire.Version, SentAt: time.Now(), Reports: reports})
	if status != http.StatusOK {
		d.t.Fatalf("status %d: %s", status, answer)
	}
	return as[wire.Receipt](d.t, answer)
}

// refused posts a message and wants a problem with this code.
func (d *device) refused(path string, message any, status int, code string) {
	d.t.Helper()
	got, answer := d.post(path, message)
	p := as[wire.Problem](d.t, answer)
	if got != status || p.Status != status || p.Code != code || p.Text.ZH == "" || p.Text.EN == "" || p.Type == "" {
		d.t.Fatalf("got %d %s, want %d %s", got, answer, status, code)
	}
}

// live opens a live connection.
func (d *device) live() *websocket.Conn {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "https://"+d.door.Address+"/v1/live", &websocket.DialOptions{HTTPClient: d.client})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func as[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func ecdsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

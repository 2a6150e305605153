package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// The names under which an agent keeps things in its store.
const (
	keyName      = "device.key"
	identityName = "identity.json"
	commandsName = "commands.json"
)

// identity is what enrolment has told the agent.
type identity struct {
	Server   string        `json:"server"` // fingerprint
	Code     string        `json:"code"`   // hash of the code that was used, to know a new one by
	Enrolled wire.Enrolled `json:"enrolled"`
}

var errNotEnrolled = problem.New(problem.Config, "agent.not_enrolled", lang.Text{
	ZH: "这台终端还没有接入", EN: "this terminal is not enrolled",
}).WithHint(lang.Text{
	ZH: "请在控制台为该终端生成接入码，并用 --enrol 提供", EN: "make an enrolment code for this terminal in the console and pass it with --enrol",
})

// loadKey reads the device's key, or makes one. It is the only secret an agent has.
func loadKey(s Store) (ed25519.PrivateKey, error) {
	raw, err := s.Load(keyName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeKey(s)
	case err != nil:
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, badKey(errors.New("not a PEM file"))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, badKey(err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, badKey(fmt.Errorf("a %T", parsed))
	}
	return key, nil
}

func badKey(cause error) error {
	return problem.New(problem.Config, "agent.key", lang.Text{
		ZH: "设备密钥文件已损坏", EN: "the device key is damaged",
	}).WithHint(lang.Text{
		ZH: "请删除它并重新接入这台终端", EN: "remove it and enrol this terminal again",
	}).Because(cause)
}

func makeKey(s Store) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, s.Save(keyName, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// certificate wraps the key for TLS. Nobody looks at its dates or names.
func certificate(key ed25519.PrivateKey) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// become finds out who the agent is: as it was enrolled before, or by redeeming the code it was given.
func (a *Agent) become(ctx context.Context, key ed25519.PrivateKey) error {
	id, known, err := loadIdentity(a.deps.Store)
	if err != nil {
		return err
	}
	if a.cfg.Enrolment == "" && !known {
		return errNotEnrolled
	}
	cert, err := certificate(key)
	if err != nil {
		return err
	}
	if a.cfg.Enrolment != "" {
		code, server, err := wire.ParseEnrolment(a.cfg.Enrolment)
		if err != nil {
			return err
		}
		if !known || id.Code != hash(code) || id.Server != server {
			return a.enrol(ctx, cert, code, server)
		}
	}
	a.link = newLink(a, cert, id.Server)
	a.settle(id.Enrolled)
	return nil
}

func (a *Agent) settle(e wire.Enrolled) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.who = e
}

func loadIdentity(s Store) (id identity, known bool, err error) {
	raw, err := s.Load(identityName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return identity{}, false, nil
	case err != nil:
		return identity{}, false, err
	}
	if err := json.Unmarshal(raw, &id); err != nil {
		return identity{}, false, nil // it can be had again: the same key may ask with the same code
	}
	return id, true, nil
}

// hash keeps a used code recognisable but not readable.
func hash(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// enrol redeems a code, as often as it takes while the gateway cannot be reached, and keeps the answer.
func (a *Agent) enrol(ctx context.Context, cert tls.Certificate, code, server string) error {
	a.link = newLink(a, cert, server)
	ask := wire.Enrol{Version: wire.Version, Code: code, Serial: a.cfg.Serial, Model: a.cfg.Model, App: a.cfg.App}
	retry := backoff{min: a.cfg.RetryMin, max: a.cfg.RetryMax}
	for {
		var enrolled wire.Enrolled
		err := a.link.post(ctx, "/v1/enrol", ask, &enrolled)
		if err == nil {
			return a.remember(identity{Server: server, Code: hash(code), Enrolled: enrolled})
		}
		if final(err) {
			return err
		}
		wait := retry.next(err)
		a.deps.Log.Warn("not enrolled yet", "again_in", wait.Round(time.Millisecond), "err", err)
		if !sleep(ctx, wait) {
			return ctx.Err()
		}
	}
}

func (a *Agent) remember(id identity) error {
	raw, err := json.Marshal(id)
	if err != nil {
		return err
	}
	if err := a.deps.Store.Save(identityName, raw); err != nil {
		return err
	}
	a.settle(id.Enrolled)
	return nil
}

// sleep waits, and says whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

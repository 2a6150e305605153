package agentdoor

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

// Identity is who the door is: a key that every agent has pinned. Losing it means enrolling every terminal again, so
// it belongs into the backup; whoever has it can play the server.
type Identity struct {
	Fingerprint string // what stands behind the @ of an enrolment string
	certificate tls.Certificate
}

// keyFile is the identity's name in the data directory.
const keyFile = "agent-door.key"

// HasIdentity reports whether a server has made its key in the data directory.
func HasIdentity(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, keyFile))
	return err == nil
}

// LoadIdentity reads the door's key from the data directory, or creates it there. Several processes on one directory
// get the same one.
func LoadIdentity(dir string) (Identity, error) {
	path := filepath.Join(dir, keyFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKey(dir, path); err == nil {
			raw, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return Identity{}, badIdentity(err)
	}
	key, err := parseKey(raw)
	if err != nil {
		return Identity{}, badIdentity(fmt.Errorf("%s: %w", path, err))
	}
	return NewIdentity(key)
}

func badIdentity(cause error) error {
	return problem.New(problem.Config, "config.agent_door_key", lang.Text{
		ZH: "无法读取或创建终端接入口的密钥", EN: "the key of the agent door cannot be read or created",
	}).WithHint(lang.Text{
		ZH: "请检查数据目录的权限；若文件损坏，请从备份恢复，否则所有终端都要重新接入",
		EN: "check the permissions of the data directory; if the file is damaged, restore it from a backup, or every terminal must enrol again",
	}).Because(cause)
}

func parseKey(raw []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("not a PEM file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("holds a %T, not an Ed25519 key", parsed)
	}
	return key, nil
}

// createKey writes a new key durably and links it to its name, so that of two processes that create it at the same
// time one wins whole.
func createKey(dir, path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, keyFile+".*") // created 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// NewIdentity makes the identity of a key. The certificate around it is made anew at each start: agents pin the key,
// and look neither at dates nor at names, because a terminal with a wrong clock must still get through.
func NewIdentity(key ed25519.PrivateKey) (Identity, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: wire.ServerName},
		DNSNames:     []string{wire.ServerName},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280 4.1.2.5: no expiry
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Identity{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		Fingerprint: wire.Fingerprint(leaf),
		certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
	}, nil
}

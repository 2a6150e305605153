package checkup

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/posmedic/posmedic/internal/agent/probe"
)

// Proof is the last time the terminal has shown that it can do its work at the host.
type Proof struct {
	Kind string    `json:"kind"` // sign_in or sale
	At   time.Time `json:"at"`
	Host string    `json:"host"`
	TID  string    `json:"tid"`
}

const proofFile = "last-proof.json"

// newProof gives the best proof of this run.
func newProof(r probe.Report, t probe.Target) *Proof {
	switch {
	case r.Sale != nil:
		return &Proof{Kind: "sale", At: r.Sale.At.Add(r.Offset), Host: t.Address, TID: t.TID}
	case r.SignIn != nil:
		return &Proof{Kind: "sign_in", At: r.SignIn.At.Add(r.Offset), Host: t.Address, TID: t.TID}
	}
	return nil
}

// readProof gives the kept proof of this terminal at this host. A file that is missing or damaged is no proof.
func readProof(dir string, t probe.Target) *Proof {
	if dir == "" || t.Address == "" {
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, proofFile))
	if err != nil {
		return nil
	}
	var p Proof
	if json.Unmarshal(raw, &p) != nil || p.Host != t.Address || p.TID != t.TID || p.At.IsZero() {
		return nil
	}
	return &p
}

// writeProof replaces the file in one move, so that a crash leaves the old one.
func writeProof(dir string, p Proof) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, proofFile+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	if _, err := f.Write(raw); err != nil {
		_ = f.Close() // the write's error is the one that matters
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, proofFile))
}

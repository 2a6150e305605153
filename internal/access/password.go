package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of a password in argon2id: memory in KiB, passes, lanes. One check takes 19 MiB for some 20 ms; changing these
// leaves stored passwords valid, for each carries its own.
const (
	argonMemory = 19 * 1024
	argonTime   = 2
	argonLanes  = 1
	argonBytes  = 32
	saltBytes   = 16
)

// Passwords makes and checks hashes, only so many at once: each needs memory.
type Passwords struct {
	slots chan struct{}
	dummy string // what an unknown user's password is checked against, so that it takes as long
}

// NewPasswords allows at most n checks at once.
func NewPasswords(n int) (*Passwords, error) {
	random := make([]byte, saltBytes+argonBytes)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	// No password is known to give a sum that was drawn at random, and drawing one costs nothing at the start.
	return &Passwords{slots: make(chan struct{}, n), dummy: encode(random[:saltBytes], random[saltBytes:])}, nil
}

// encode writes the usual form of argon2.
func encode(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func (p *Passwords) acquire(ctx context.Context) (release func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hash encodes a password in the usual form of argon2: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	release, err := p.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonBytes)
	return encode(salt, sum), nil
}

// Check reports whether the password is the one of the hash. An empty hash, of an unknown user, is checked against a
// password that nobody has.
func (p *Passwords) Check(ctx context.Context, hash, password string) (bool, error) {
	release, err := p.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	c, err := parse(hash)
	if err != nil {
		return false, err
	}
	sum := argon2.IDKey([]byte(password), c.salt, c.time, c.memory, c.lanes, uint32(len(c.sum)))
	return subtle.ConstantTimeCompare(sum, c.sum) == 1 && known, nil
}

type coded struct {
	memory, time uint32
	lanes        uint8
	salt, sum    []byte
}

var errHash = errors.New("a stored password cannot be read")

func parse(hash string) (c coded, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.lanes); err != nil {
		return c, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	sum, sumErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || sumErr != nil || len(sum) == 0 || c.time == 0 || c.lanes == 0 {
		return c, errHash
	}
	c.salt, c.sum = salt, sum
	return c, nil
}

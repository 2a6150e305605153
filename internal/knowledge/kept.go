package knowledge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/pack"
)

// Packs that cases were diagnosed with are kept by the hash of their content: the built-in ones too, since the next program
// comes with another. The compiled form would not do, because it is refused as soon as the types of a pack have changed.
// So they are kept as the very bytes that the hash was taken of: canonical JSON, which any later program can read and
// which proves by itself that it is whole.

// ErrDamaged says that a pack is not what its hash says.
var ErrDamaged = problem.New(problem.Internal, "knowledge.damaged",
	lang.Text{ZH: "保存的知识包已损坏", EN: "a kept knowledge pack is damaged"})

// maxContent bounds what is read back; the core pack has a tenth of it.
const maxContent = 64 << 20

// Content is the canonical JSON of a pack, of which its hash was taken.
func Content(p *pack.Pack) ([]byte, error) {
	plain := *p
	plain.Ref.Hash = ""
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&plain); err != nil {
		return nil, fmt.Errorf("write pack %s: %w", p.Ref.ID, err)
	}
	if hashOf(b.Bytes()) != p.Ref.Hash {
		return nil, ErrDamaged.Because(fmt.Errorf("pack %s %s is not what its hash %s says", p.Ref.ID, p.Ref.Version, p.Ref.Hash))
	}
	return b.Bytes(), nil
}

// FromContent reads what Content wrote, perhaps years ago. Numbers that today's packs have and that one did not are zero.
func FromContent(in io.Reader, hash string) (*pack.Pack, error) {
	raw, err := io.ReadAll(io.LimitReader(in, maxContent))
	if err != nil {
		return nil, ErrDamaged.Because(err)
	}
	if got := hashOf(raw); got != hash {
		return nil, ErrDamaged.Because(fmt.Errorf("content of pack %s has the hash %s", hash, got))
	}
	var p pack.Pack
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, ErrDamaged.Because(err)
	}
	p.Ref.Hash = hash
	compiled, err := pack.Encode(&p)
	if err != nil {
		return nil, ErrDamaged.Because(err)
	}
	return pack.Decode(compiled) // it makes the tables behind the pack's look-ups
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Keep keeps a pack for as long as there are cases; it is quick when it is kept already.
func (r *Room) Keep(ctx context.Context, p *pack.Pack) error {
	if last := r.kept.Load(); last != nil && *last == p.Ref.Hash {
		return nil
	}
	if err := r.store.Keep(ctx, p); err != nil {
		return err
	}
	r.kept.Store(&p.Ref.Hash)
	return nil
}

// ByHash gives a pack that is in force, built in, or kept; ErrUnknown when it is none of these.
func (r *Room) ByHash(ctx context.Context, hash string) (*pack.Pack, error) {
	for _, p := range []*pack.Pack{r.Pack(), r.builtin} {
		if p.Ref.Hash == hash {
			return p, nil
		}
	}
	return r.store.Kept(ctx, hash)
}

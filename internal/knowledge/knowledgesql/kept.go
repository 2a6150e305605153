package knowledgesql

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/pack"
)

// Keep keeps a pack by the hash of its content, once.
func (s *Store) Keep(ctx context.Context, p *pack.Pack) error {
	var there int
	err := s.db.Read().QueryRowContext(ctx, `SELECT 1 FROM knowledge_kept WHERE hash = $1`, p.Ref.Hash).Scan(&there)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	body, err := pressed(p)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO knowledge_kept (hash, pack, version, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (hash) DO NOTHING`, p.Ref.Hash, p.Ref.ID, p.Ref.Version, body)
		return err
	})
}

func pressed(p *pack.Pack) (string, error) {
	content, err := knowledge.Content(p)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return "", fmt.Errorf("keep pack: %w", err)
	}
	if _, err := z.Write(content); err != nil {
		return "", fmt.Errorf("keep pack: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("keep pack: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// Kept gives a kept pack, or one that was promoted before packs were kept.
func (s *Store) Kept(ctx context.Context, hash string) (*pack.Pack, error) {
	var body string
	err := s.db.Read().QueryRowContext(ctx, `SELECT body FROM knowledge_kept WHERE hash = $1`, hash).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return s.Get(ctx, hash)
	}
	if err != nil {
		return nil, err
	}
	packed, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, knowledge.ErrDamaged.Because(err)
	}
	return knowledge.FromContent(flate.NewReader(bytes.NewReader(packed)), hash)
}

package casefilesql

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/posmedic/posmedic/internal/casefile"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// Diagnosed replaces the diagnosis of a case by the answer, and keeps what it was made from. Grounds that cannot be kept
// do not stand in the way of the diagnosis.
func (s *Store) Diagnosed(ctx context.Context, g casefile.Grounds, entry casefile.Entry) error {
	entry.Case = g.Case
	if entry.At.IsZero() {
		entry.At = g.At
	}
	return s.Write(ctx, func(w *Writer) error {
		err := w.Change(casefile.DiagnosedEvent, 0, entry, func(c *casefile.Case) error {
			return c.SetDiagnosis(g.Answer, g.PackHash)
		})
		if err != nil || !g.Keepable() {
			return err
		}
		return w.keep(g)
	})
}

// keep writes grounds under the next number. Change holds the case's row, so nobody else gives numbers meanwhile.
func (w *Writer) keep(g casefile.Grounds) error {
	body, err := pressed(g)
	if err != nil {
		return err
	}
	var last int64
	row := w.tx.QueryRowContext(w.ctx, `SELECT COALESCE(MAX(seq), 0) FROM casefile_grounds WHERE case_id = $1`, g.Case)
	if err := row.Scan(&last); err != nil {
		return fmt.Errorf("keep grounds: %w", err)
	}
	g.Seq = last + 1
	_, err = w.tx.ExecContext(w.ctx, `INSERT INTO casefile_grounds (case_id, seq, at, pack_hash, engine, body)
		VALUES ($1, $2, $3, $4, $5, $6)`, g.Case, g.Seq, sqldb.Millis(g.At), g.PackHash, g.Engine, body)
	if err != nil {
		return fmt.Errorf("keep grounds: %w", err)
	}
	if drop := casefile.Dropped(g.Seq); drop > 1 {
		_, err = w.tx.ExecContext(w.ctx, `DELETE FROM casefile_grounds WHERE case_id = $1 AND seq > 1 AND seq <= $2`, g.Case, drop)
	}
	return err
}

// body is what is pressed into one column: the two repeat each other a good deal.
type body struct {
	Basis  json.RawMessage `json:"basis"`
	Answer json.RawMessage `json:"answer"`
}

// maxBody bounds what is unpacked.
const maxBody = casefile.MaxBasis + casefile.MaxDiagnosis + 1<<10

func pressed(g casefile.Grounds) (string, error) {
	raw, err := json.Marshal(body{g.Basis, g.Answer})
	if err != nil {
		return "", fmt.Errorf("keep grounds: %w", err)
	}
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return "", fmt.Errorf("keep grounds: %w", err)
	}
	if _, err := z.Write(raw); err != nil {
		return "", fmt.Errorf("keep grounds: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("keep grounds: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

func unpressed(text string) (body, error) {
	var b body
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return b, fmt.Errorf("read grounds: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxBody))
	if err != nil {
		return b, fmt.Errorf("read grounds: %w", err)
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, fmt.Errorf("read grounds: %w", err)
	}
	return b, nil
}

const selectGrounds = `SELECT case_id, seq, at, pack_hash, engine, body FROM casefile_grounds WHERE case_id = $1`

// Grounds gives what the diagnoses of a case were made from, oldest first; none for cases of older programs.
func (s *Store) Grounds(ctx context.Context, caseID string) ([]casefile.Grounds, error) {
	return s.grounds(ctx, selectGrounds+` ORDER BY seq`, caseID)
}

// GroundsAt gives those of one diagnosis; number 0 is the newest. ErrNoGrounds when they were not kept.
func (s *Store) GroundsAt(ctx context.Context, caseID string, seq int64) (casefile.Grounds, error) {
	q, args := selectGrounds+` ORDER BY seq DESC LIMIT 1`, []any{caseID}
	if seq != 0 {
		q, args = selectGrounds+` AND seq = $2`, []any{caseID, seq}
	}
	list, err := s.grounds(ctx, q, args...)
	if err == nil && len(list) == 0 {
		err = casefile.ErrNoGrounds
	}
	if err != nil {
		return casefile.Grounds{}, err
	}
	return list[0], nil
}

func (s *Store) grounds(ctx context.Context, q string, args ...any) ([]casefile.Grounds, error) {
	rows, err := s.db.Read().QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("read grounds: %w", err)
	}
	return sqldb.Collect(rows, func(r *sql.Rows) (casefile.Grounds, error) {
		var g casefile.Grounds
		var at int64
		var text string
		err := r.Scan(&g.Case, &g.Seq, &at, &g.PackHash, &g.Engine, &text)
		b, unread := unpressed(text)
		g.At, g.Basis, g.Answer = sqldb.Time(at), b.Basis, b.Answer
		return g, errors.Join(err, unread)
	})
}

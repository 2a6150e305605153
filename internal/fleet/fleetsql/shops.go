package fleetsql

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/posmedic/posmedic/internal/fleet"
)

// ChangeMerchant puts the name and phone of a merchant right. Finer errors than ErrInvalid name the field.
func (s *Store) ChangeMerchant(ctx context.Context, m fleet.Merchant) (fleet.Merchant, error) {
	if m = m.Trimmed(); m.Check() != nil {
		return m, fleet.ErrMerchantName
	}
	if fleet.HoldsCard(m.Name) {
		return m, fleet.ErrCardData
	}
	return m, s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exists(ctx, tx, `SELECT 1 FROM fleet_merchants WHERE id = $1`, m.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE fleet_merchants SET name = $1, phone = $2 WHERE id = $3`, m.Name, m.Phone, m.ID)
		if err != nil {
			return fmt.Errorf("change merchant: %w", err)
		}
		return index(ctx, tx, `merchant = $1`, m.ID)
	})
}

// ChangeSite puts the name, address and area of a merchant's site right.
func (s *Store) ChangeSite(ctx context.Context, p fleet.Site) (fleet.Site, error) {
	if p = p.Trimmed(); p.Check() != nil {
		return p, fleet.ErrSiteName
	}
	if fleet.HoldsCard(p.Name, p.Address, p.Area) {
		return p, fleet.ErrCardData
	}
	return p, s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := exists(ctx, tx, `SELECT 1 FROM fleet_sites WHERE id = $1 AND merchant = $2`, p.ID, p.Merchant); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE fleet_sites SET name = $1, address = $2, area = $3 WHERE id = $4`,
			p.Name, p.Address, p.Area, p.ID)
		if err != nil {
			return fmt.Errorf("change site: %w", err)
		}
		return index(ctx, tx, `site = $1`, p.ID)
	})
}

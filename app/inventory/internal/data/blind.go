package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// CountedBlind names what blind stocktakes count now, within the caller's organisations.
func (s *Store) CountedBlind(ctx context.Context) (biz.Blind, error) {
	cond, args, err := tenancy.SQL(ctx, "t.org")
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT DISTINCT l.sku, t.location FROM stocktakes t JOIN stocktake_lines l ON l.stocktake = t.id WHERE t.state = ? AND t.blind = ? AND "+cond,
		append([]any{int8(biz.StocktakeCounting), true}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("find blind stocktakes: %w", err)
	}
	shelves, err := scanAll(rows, func(scan func(...any) error) (shelf biz.Shelf, err error) {
		return shelf, scan(&shelf.SKU, &shelf.Location)
	})
	blind := make(biz.Blind, len(shelves))
	for _, shelf := range shelves {
		blind[shelf] = true
	}
	return blind, err
}

package data

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	// maxParameters of one statement; both engines allow far more, but a plan for more is no plan.
	maxParameters = 1000
	// maxRanges bounds SKUs x locations of one statement, so that the optimizer keeps to the index.
	maxRanges    = 4096
	stockColumns = "id, org, sku, location, owner, on_hand, reserved, safety, seq, chain, version, in_transit, damaged, blocked, batched, outage_until_us, received_us"
)

// AtLocations reads what these locations have of the SKUs, without locks.
func (s *Store) AtLocations(ctx context.Context, skus, locations []string) ([]*biz.Stock, error) {
	var all []*biz.Stock
	if len(skus) == 0 {
		return nil, nil
	}
	per := min(maxParameters-len(skus), max(1, maxRanges/len(skus)))
	for chunk := range slices.Chunk(locations, per) {
		rows, err := s.stock(ctx, "WHERE sku IN ("+marks(len(skus))+") AND location IN ("+marks(len(chunk))+") ORDER BY sku, location, owner",
			append(anys(skus), anys(chunk)...)...)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// Walk reads stock page by page, by location and SKU if locations are named, else by SKU and location: each has an index.
func (s *Store) Walk(ctx context.Context, skus, locations []string, after biz.Shelf, limit int) ([]*biz.Stock, bool, error) {
	first, second, last := "sku", "location", []any{after.SKU, after.SKU, after.Location}
	if len(locations) > 0 {
		first, second, last = "location", "sku", []any{after.Location, after.Location, after.SKU}
	}
	where := "(" + first + " > ? OR " + first + " = ? AND " + second + " > ?)"
	args := last
	if len(skus) > 0 {
		where += " AND sku IN (" + marks(len(skus)) + ")"
		args = append(args, anys(skus)...)
	}
	if len(locations) > 0 {
		where += " AND location IN (" + marks(len(locations)) + ")"
		args = append(args, anys(locations)...)
	}
	rows, err := s.stock(ctx, "WHERE "+where+" ORDER BY "+first+", "+second+", owner LIMIT ?", append(args, limit+1)...)
	if err != nil || len(rows) <= limit {
		return rows, false, err
	}
	// The owners of the last place may be cut apart: it belongs to the next page.
	cut, n := rows[limit].Key(), limit
	for n > 0 && rows[n-1].Key().SKU == cut.SKU && rows[n-1].Key().Location == cut.Location {
		n--
	}
	if n == 0 {
		return nil, false, fmt.Errorf("%s at %s has more than %d owners", cut.SKU, cut.Location, limit)
	}
	return rows[:n], true, nil
}

func (s *Store) stock(ctx context.Context, rest string, args ...any) ([]*biz.Stock, error) {
	return s.scanStock(ctx, "SELECT "+stockColumns+" FROM stock "+rest, args...)
}

func (s *Store) scanStock(ctx context.Context, query string, args ...any) ([]*biz.Stock, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	defer rows.Close()
	var all, out []*biz.Stock
	for rows.Next() {
		var r biz.StockRow
		if err := rows.Scan(&r.ID, &r.Org, &r.Key.SKU, &r.Key.Location, &r.Key.Owner, &r.OnHand, &r.Reserved, &r.SafetyStock, &r.Seq, &r.Chain, &r.Version,
			&r.InTransit, &r.Damaged, &r.Blocked, &r.Batched, &r.OutageUntilUS, &r.ReceivedUS); err != nil {
			return nil, fmt.Errorf("read stock: %w", err)
		}
		row, err := biz.RestoreStock(r)
		if err != nil {
			return nil, err
		}
		if all = append(all, row); r.OutageUntilUS > 0 {
			out = append(out, row)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	return all, s.asOf(ctx, out)
}

// asOf says for which moment outages count. Rows with one are few, so the clock is asked for those only.
func (s *Store) asOf(ctx context.Context, out []*biz.Stock) error {
	if len(out) == 0 {
		return nil
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	for _, row := range out {
		row.AsOf(now)
	}
	return nil
}

package data

import (
	"context"
	"fmt"
	"strconv"

	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data/ent"
	listed "github.com/onepool/onepool/app/inventory/internal/data/ent/discrepancy"
)

// DiscrepancyFilter says which discrepancies.
type DiscrepancyFilter struct {
	Location, Kind string
	ClosedToo      bool
}

// ListDiscrepancies lists the newest first, within the caller's organisations.
func (s *Store) ListDiscrepancies(ctx context.Context, f DiscrepancyFilter, p Page) ([]biz.Listed, string, error) {
	l, err := s.open(ctx, p, 2, "discrepancies", f.Location, f.Kind, strconv.FormatBool(f.ClosedToo))
	if err != nil {
		return nil, "", err
	}
	q := s.ent.Discrepancy.Query().Order(ent.Desc(listed.FieldOpenedUs, listed.FieldID)).Limit(l.size + 1)
	if f.Location != "" {
		q = q.Where(listed.LocationEQ(f.Location))
	}
	if f.Kind != "" {
		q = q.Where(listed.KindEQ(f.Kind))
	}
	if !f.ClosedToo {
		q = q.Where(listed.OpenGT(0))
	}
	if len(l.after) > 0 {
		at, err := l.at()
		if err != nil {
			return nil, "", err
		}
		q.WhereP(beyond([]string{listed.FieldOpenedUs, listed.FieldID}, []any{at, l.after[1]}, true))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list discrepancies: %w", err)
	}
	rows, next := cut(l, rows, func(r *ent.Discrepancy) []string { return []string{strconv.FormatInt(r.OpenedUs, 10), r.ID} })
	all := make([]biz.Listed, len(rows))
	for i, r := range rows {
		all[i] = fromDBDiscrepancy(r)
	}
	return all, next, nil
}

// ListedDiscrepancy reads one within the caller's organisations.
func (s *Store) ListedDiscrepancy(ctx context.Context, id string) (biz.Listed, error) {
	r, err := s.ent.Discrepancy.Query().Where(listed.IDEQ(id)).Only(ctx)
	if ent.IsNotFound(err) {
		return biz.Listed{}, biz.UnknownDiscrepancy{ID: id}
	}
	if err != nil {
		return biz.Listed{}, fmt.Errorf("read discrepancy: %w", err)
	}
	return fromDBDiscrepancy(r), nil
}

// ShortAfter returns shelves with an open shortfall, by SKU and location.
func (s *Store) ShortAfter(ctx context.Context, after biz.Shelf, limit int) ([]biz.Shelf, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT DISTINCT sku, location FROM discrepancies WHERE kind = ? AND open > 0 AND (sku > ? OR sku = ? AND location > ?) ORDER BY sku, location LIMIT ?",
		biz.KindShortfall, after.SKU, after.SKU, after.Location, limit)
	if err != nil {
		return nil, fmt.Errorf("find shortfalls: %w", err)
	}
	return scanAll(rows, func(scan func(...any) error) (shelf biz.Shelf, err error) {
		return shelf, scan(&shelf.SKU, &shelf.Location)
	})
}

// CloseDiscrepancy closes what is open of it. One that is closed already stays as it is.
func (s *Store) CloseDiscrepancy(ctx context.Context, id string) error {
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE discrepancies SET open = 0, closed_us = ? WHERE id = ? AND open > 0", now, id); err != nil {
		return fmt.Errorf("close discrepancy: %w", err)
	}
	return nil
}

func fromDBDiscrepancy(r *ent.Discrepancy) biz.Listed {
	return biz.Listed{ID: r.ID, Discrepancy: biz.Discrepancy{Org: r.Org, Document: r.Document, ReservationID: r.ReservationID,
		Key: biz.StockKey{SKU: r.Sku, Location: r.Location, Owner: r.Owner}, Kind: r.Kind, Size: r.Size}, Open: r.Open, OpenedUS: r.OpenedUs, ClosedUS: r.ClosedUs}
}

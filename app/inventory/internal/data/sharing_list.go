package data

import (
	"context"
	"strconv"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// SharingFilter says which policies. Empty: any.
type SharingFilter struct {
	Channel, Location, SKU string
	Over                   bool // also those that are over
}

// ListSharing lists the newest first. Who does not see all organisations sees the policies for locations of those that he
// does.
func (s *Store) ListSharing(ctx context.Context, f SharingFilter, p Page) ([]biz.SharingRow, string, error) {
	l, err := s.open(ctx, p, 2, "sharing", f.Channel, f.Location, f.SKU, strconv.FormatBool(f.Over))
	if err != nil {
		return nil, "", err
	}
	scope, args, err := tenancy.SQL(ctx, "l.org")
	if err != nil {
		return nil, "", err
	}
	where := "WHERE 1 = 1"
	if by, err := tenancy.FromContext(ctx); err != nil || !by.Scope.All {
		where = "WHERE place_kind = ? AND EXISTS (SELECT 1 FROM locations l WHERE l.id = sharing_policies.place AND " + scope + ")"
		args = append([]any{int8(biz.AtLocation)}, args...)
	}
	narrow := func(condition string, values ...any) {
		where += " AND " + condition
		args = append(args, values...)
	}
	if f.Channel != "" {
		narrow("channel = ?", f.Channel)
	}
	if f.Location != "" {
		narrow("place_kind = ? AND place = ?", int8(biz.AtLocation), f.Location)
	}
	if f.SKU != "" {
		narrow("product_kind = ? AND product = ?", int8(biz.OfSKU), f.SKU)
	}
	if !f.Over {
		now, err := s.db.Now(ctx)
		if err != nil {
			return nil, "", err
		}
		narrow("ended_us = 0 AND (until_us = 0 OR until_us > ?)", now)
	}
	if len(l.after) > 0 {
		older, more, err := l.older("")
		if err != nil {
			return nil, "", err
		}
		narrow(older, more...)
	}
	found, err := s.policies(ctx, where+" ORDER BY created_us DESC, id DESC LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", err
	}
	rows := make([]biz.SharingRow, len(found))
	for i, p := range found {
		rows[i] = p.Row()
	}
	rows, next := cut(l, rows, func(r biz.SharingRow) []string { return []string{strconv.FormatInt(r.CreatedAtUS, 10), r.ID} })
	return rows, next, nil
}

// DryRunPage reads where a dry run continues, and how many differences a page has. The query is all that was asked.
func (s *Store) DryRunPage(ctx context.Context, p Page, query ...string) (after biz.Shelf, size int, next func(biz.Shelf) string, err error) {
	l, err := s.open(ctx, p, 2, append([]string{"sharing dry run"}, query...)...)
	if err != nil {
		return after, 0, nil, err
	}
	if len(l.after) > 0 {
		after = biz.Shelf{SKU: l.after[0], Location: l.after[1]}
	}
	return after, l.size, func(at biz.Shelf) string { return page.Encode(s.pageSecret, l.query, at.SKU, at.Location) }, nil
}

package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/capture"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/refund"
)

// RefundFilter narrows a list; empty fields do not.
type RefundFilter struct {
	State     biz.State
	ShopStore string // of the order
}

// OpenRefund is a refund that is not paid yet, with the money that it is part of.
type OpenRefund struct {
	biz.Refund
	OrderID string
	Capture biz.Capture
}

// OpenRefunds reads a page of the refunds that the caller may see and that are not paid yet, the newest first.
func (s *Orders) OpenRefunds(ctx context.Context, f RefundFilter, after After, limit int) ([]OpenRefund, error) {
	states := []string{string(biz.RefundPending), string(biz.RefundWaiting), string(biz.RefundFailed)}
	if f.State != biz.None {
		states = []string{string(f.State)}
	}
	q := s.ent.Refund.Query().Where(refund.StateIn(states...), after.before(refund.FieldCreatedUs, refund.FieldID))
	if f.ShopStore != "" {
		q = q.Where(func(sel *sql.Selector) {
			o := sql.Table(order.Table)
			sel.Where(sql.In(sel.C(refund.FieldOrderID), sql.Select(o.C(order.FieldID)).From(o).Where(sql.EQ(o.C(order.FieldShopStore), f.ShopStore))))
		})
	}
	rows, err := q.Order(ent.Desc(refund.FieldCreatedUs), ent.Desc(refund.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("open refunds: %w", err)
	}
	wanted := make([]string, len(rows))
	for i, row := range rows {
		wanted[i] = row.CaptureID
	}
	captures, err := s.ent.Capture.Query().Where(capture.IDIn(wanted...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("open refunds: %w", err)
	}
	by := make(map[string]biz.Capture, len(captures))
	for _, row := range captures {
		by[row.ID] = toCapture(row)
	}
	found := make([]OpenRefund, len(rows))
	for i, row := range rows {
		found[i] = OpenRefund{Refund: toRefund(row), OrderID: row.OrderID, Capture: by[row.CaptureID]}
	}
	return found, nil
}

// HasCaptured says whether a provider's transaction was booked before, for this seller.
func (s *Orders) HasCaptured(ctx context.Context, org, provider, transactionNo string) (bool, error) {
	found, err := s.ent.Capture.Query().Where(capture.Org(org), capture.Provider(provider), capture.TransactionNo(transactionNo)).Exist(AsService(ctx))
	if err != nil {
		return false, fmt.Errorf("captures: %w", err)
	}
	return found, nil
}

// OrderOfRefund finds the order of a refund; empty if there is none.
func (s *Orders) OrderOfRefund(ctx context.Context, id string) (string, error) {
	return ofPart(s.ent.Refund.Query().Where(refund.ID(id)).Select(refund.FieldOrderID).String(AsService(ctx)))
}

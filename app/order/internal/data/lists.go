package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/goodsreturn"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/payment"
	"github.com/onepool/onepool/app/order/internal/data/ent/predicate"
)

// OrderFilter narrows a list; empty fields do not.
type OrderFilter struct {
	Unallocated                  bool // only those that wait for stock
	MemberID, Channel, ShopStore string
	State                        biz.State
	Kind                         biz.Kind
}

// After is the last row of the page before; zero for the first page.
type After struct {
	US int64
	ID string
}

// before is the rest of a list that starts with the newest.
func (a After) before(us, id string) func(*sql.Selector) {
	return func(q *sql.Selector) {
		if a.ID != "" {
			q.Where(sql.Or(sql.LT(q.C(us), a.US), sql.And(sql.EQ(q.C(us), a.US), sql.LT(q.C(id), a.ID))))
		}
	}
}

// List reads a page of the orders that the caller may see, the newest first.
func (s *Orders) List(ctx context.Context, f OrderFilter, after After, limit int) ([]biz.Record, error) {
	q := s.ent.Order.Query().Where(after.before(order.FieldPlacedUs, order.FieldID))
	for _, cond := range []struct {
		value string
		where func(string) predicate.Order
	}{{f.MemberID, order.MemberID}, {f.Channel, order.Channel}, {f.ShopStore, order.ShopStore}, {string(f.State), order.State}, {string(f.Kind), order.Kind}} {
		if cond.value != "" {
			q = q.Where(cond.where(cond.value))
		}
	}
	if f.Unallocated {
		q = q.Where(order.Unallocated(true))
	}
	visible, err := q.Order(ent.Desc(order.FieldPlacedUs), ent.Desc(order.FieldID)).Limit(limit).IDs(ctx)
	if err != nil || len(visible) == 0 {
		return nil, err
	}
	return s.gather(AsService(ctx), s.ent.Order.Query().Where(order.IDIn(visible...)).Order(ent.Desc(order.FieldPlacedUs), ent.Desc(order.FieldID)))
}

// FulfilmentFilter narrows a list; empty fields do not.
type FulfilmentFilter struct {
	Location, OrderID  string
	Channel, SellerOrg string
	State              biz.State
}

// VisibleFulfilments reads a page of the fulfilments that the caller may see, the newest first.
func (s *Orders) VisibleFulfilments(ctx context.Context, f FulfilmentFilter, after After, limit int) ([]Due, []After, error) {
	q := s.ent.Fulfilment.Query().Where(after.before(fulfilment.FieldCreatedUs, fulfilment.FieldID))
	for _, cond := range []struct {
		value string
		where func(string) predicate.Fulfilment
	}{{f.Location, fulfilment.Location}, {f.OrderID, fulfilment.OrderID}, {f.Channel, fulfilment.Channel}, {f.SellerOrg, fulfilment.SellerOrg}, {string(f.State), fulfilment.State}} {
		if cond.value != "" {
			q = q.Where(cond.where(cond.value))
		}
	}
	rows, err := q.Order(ent.Desc(fulfilment.FieldCreatedUs), ent.Desc(fulfilment.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list fulfilments: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.CreatedUs, row.ID}
	}
	return found, keys, nil
}

// maxPickups bounds what may wait at one store.
const maxPickups = 20_000

// Pickups are the fulfilments that are ready to be collected at a location, as far as the caller may see them.
func (s *Orders) Pickups(ctx context.Context, location string) ([]string, error) {
	found, err := s.ent.Fulfilment.Query().Where(fulfilment.Location(location), fulfilment.Way(string(biz.WayPickup)),
		fulfilment.StateIn(string(biz.FulfilmentAccepted), string(biz.FulfilmentPicked), string(biz.FulfilmentPacked), string(biz.FulfilmentUncollected))).Limit(maxPickups).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("pickups at %s: %w", location, err)
	}
	return found, nil
}

// Visible says whether the caller's scope covers an order.
func (s *Orders) Visible(ctx context.Context, orderID string) (bool, error) {
	return s.ent.Order.Query().Where(order.ID(orderID)).Exist(ctx)
}

// VisibleFulfilment says whether the caller's scope covers a fulfilment.
func (s *Orders) VisibleFulfilment(ctx context.Context, id string) (bool, error) {
	return s.ent.Fulfilment.Query().Where(fulfilment.ID(id)).Exist(ctx)
}

// OrderOfFulfilment finds the order of a fulfilment; empty if there is none.
func (s *Orders) OrderOfFulfilment(ctx context.Context, id string) (string, error) {
	row, err := s.ent.Fulfilment.Query().Where(fulfilment.ID(id)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return row.OrderID, nil
}

// OrderOfPayment finds the order of a payment; empty if there is none.
func (s *Orders) OrderOfPayment(ctx context.Context, id string) (string, error) {
	row, err := s.ent.Payment.Query().Where(payment.ID(id)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return row.OrderID, nil
}

// OrderOfReturn finds the order of a return; empty if there is none.
func (s *Orders) OrderOfReturn(ctx context.Context, id string) (string, error) {
	row, err := s.ent.GoodsReturn.Query().Where(goodsreturn.ID(id)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return row.OrderID, nil
}

// BySourceNo finds the order that a seller's channel knows by this number; empty if there is none. An empty seller is any
// that the caller may see.
func (s *Orders) BySourceNo(ctx context.Context, org, channel, sourceNo string) (string, error) {
	q := s.ent.Order.Query().Where(order.Channel(channel), order.SourceNo(sourceNo))
	if org != "" {
		q = q.Where(order.Org(org))
		ctx = AsService(ctx)
	}
	found, err := q.Order(ent.Asc(order.FieldPlacedUs)).Limit(1).IDs(ctx)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

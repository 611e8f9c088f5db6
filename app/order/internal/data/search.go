package data

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/orderline"
	"github.com/onepool/onepool/app/order/internal/data/ent/predicate"
)

// OrderFilter narrows a list; empty fields do not.
type OrderFilter struct {
	Unallocated                  bool // only those that wait for stock
	MemberID, Channel, ShopStore string
	State                        biz.State
	Kind                         biz.Kind
	ID, ExternalNo               string
	// PhoneKey is that of the receiver's phone, see Receivers.PhoneKey.
	PhoneKey string
	// Location ships a part of the order; SKU stands in a line of it.
	Location, SKU string
	// Placed from FromUS on and before UntilUS.
	FromUS, UntilUS int64
}

// Names of the joined tables in a search.
const (
	asLine, asPart = "line", "part"
)

// by says which table a search goes through by time: the one whose index finds the fewest rows in their order. An order has
// few lines and parts, so that what is pinned by its own columns is looked at row by row.
func (f OrderFilter) by() string {
	switch {
	case f.ID != "" || f.ExternalNo != "" || f.PhoneKey != "" || f.MemberID != "":
	case f.SKU != "":
		return asLine
	case f.Location != "":
		return asPart
	}
	return ""
}

// keys are the columns by which the search goes: the time of placement and the order's id.
func (f OrderFilter) keys(q *sql.Selector) (us, id string) {
	switch f.by() {
	case asLine:
		line := sql.Table(orderline.Table).As(asLine)
		return line.C(orderline.FieldPlacedUs), line.C(orderline.FieldOrderID)
	case asPart:
		part := sql.Table(fulfilment.Table).As(asPart)
		return part.C(fulfilment.FieldPlacedUs), part.C(fulfilment.FieldOrderID)
	}
	return q.C(order.FieldPlacedUs), q.C(order.FieldID)
}

// order puts the newest first.
func (f OrderFilter) order(q *sql.Selector) {
	us, id := f.keys(q)
	q.OrderBy(sql.Desc(us), sql.Desc(id))
}

// where is the filter, and the rest of the list.
func (f OrderFilter) where(after After) predicate.Order {
	return func(q *sql.Selector) {
		for _, cond := range []struct{ column, value string }{
			{order.FieldID, f.ID}, {order.FieldExternalNo, f.ExternalNo}, {order.FieldPhoneKey, f.PhoneKey}, {order.FieldMemberID, f.MemberID},
			{order.FieldChannel, f.Channel}, {order.FieldShopStore, f.ShopStore}, {order.FieldState, string(f.State)}, {order.FieldKind, string(f.Kind)},
		} {
			if cond.value != "" {
				q.Where(sql.EQ(q.C(cond.column), cond.value))
			}
		}
		if f.Unallocated {
			q.Where(sql.EQ(q.C(order.FieldUnallocated), true))
		}
		f.whereHas(q, asLine, orderline.Table, orderline.FieldSku, f.SKU)
		f.whereHas(q, asPart, fulfilment.Table, fulfilment.FieldLocation, f.Location)
		us, id := f.keys(q)
		if f.FromUS > 0 {
			q.Where(sql.GTE(us, f.FromUS))
		}
		if f.UntilUS > 0 {
			q.Where(sql.LT(us, f.UntilUS))
		}
		if after.ID != "" {
			q.Where(after.below(us, id))
		}
	}
}

// whereHas keeps orders that have a row with the value in a table of parts: by going through that table, each order once, or
// by looking at the order's rows. Lines and fulfilments name their order and their number in it alike.
func (f OrderFilter) whereHas(q *sql.Selector, as, table, column, value string) {
	const orderID, no = orderline.FieldOrderID, orderline.FieldNo
	if value == "" {
		return
	}
	t := sql.Table(table).As(as)
	if f.by() != as {
		q.Where(sql.Exists(sql.Select(t.C(orderID)).From(t).Where(sql.And(sql.ColumnsEQ(t.C(orderID), q.C(order.FieldID)), sql.EQ(t.C(column), value)))))
		return
	}
	earlier := sql.Table(table).As("earlier")
	q.Join(t).On(t.C(orderID), q.C(order.FieldID)).Where(sql.And(sql.EQ(t.C(column), value),
		sql.Not(sql.Exists(sql.Select(earlier.C(orderID)).From(earlier).Where(sql.And(
			sql.ColumnsEQ(earlier.C(orderID), t.C(orderID)), sql.EQ(earlier.C(column), value), sql.ColumnsLT(earlier.C(no), t.C(no))))))))
}

// search finds a page of the orders that the caller may see, the newest first.
func (s *Orders) search(ctx context.Context, f OrderFilter, after After, limit int) ([]string, error) {
	found, err := s.ent.Order.Query().Where(f.where(after)).Order(f.order).Limit(limit).Select(order.FieldID).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("search orders: %w", err)
	}
	return found, nil
}

// List reads a page of the orders that the caller may see, the newest first.
func (s *Orders) List(ctx context.Context, f OrderFilter, after After, limit int) ([]biz.Record, error) {
	visible, err := s.search(ctx, f, after, limit)
	if err != nil || len(visible) == 0 {
		return nil, err
	}
	return s.gather(AsService(ctx), s.ent.Order.Query().Where(order.IDIn(visible...)).Order(ent.Desc(order.FieldPlacedUs), ent.Desc(order.FieldID)))
}

// Matching counts the orders that a search finds.
func (s *Orders) Matching(ctx context.Context, f OrderFilter) (int, error) {
	n, err := s.ent.Order.Query().Where(f.where(After{})).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count orders: %w", err)
	}
	return n, nil
}

// batchTimeout bounds the reading of one batch of a walk.
const batchTimeout = 30 * time.Second

// Walk gives do all orders that a search finds, the newest first, in batches of at most size: no more of them are in memory,
// however many there are. The orders of a batch are seen at one moment; nothing is locked between batches.
func (s *Orders) Walk(ctx context.Context, f OrderFilter, size int, do func([]biz.Record) error) error {
	for after := (After{}); ; {
		rows, err := s.batch(ctx, f, after, size)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := do(rows); err != nil {
				return err
			}
			after = After{rows[len(rows)-1].PlacedAtUS, rows[len(rows)-1].ID}
		}
		if len(rows) < size {
			return nil
		}
	}
}

func (s *Orders) batch(ctx context.Context, f OrderFilter, after After, size int) (rows []biz.Record, err error) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	err = s.db.InSnapshot(ctx, func(ctx context.Context) error {
		rows, err = s.List(ctx, f, after, size)
		return err
	})
	return rows, err
}

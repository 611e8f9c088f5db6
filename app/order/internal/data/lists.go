package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/capture"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/goodsreturn"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/payment"
	"github.com/onepool/onepool/app/order/internal/data/ent/refund"
)

// After is the last row of the page before; zero for the first page.
type After struct {
	US int64
	ID string
}

// before is the rest of a list that starts with the newest. Its first condition is one that an index serves.
func (a After) before(us, id string) func(*sql.Selector) {
	return func(q *sql.Selector) {
		if a.ID != "" {
			q.Where(a.below(q.C(us), q.C(id)))
		}
	}
}

func (a After) below(us, id string) *sql.Predicate {
	return sql.And(sql.LTE(us, a.US), sql.Or(sql.LT(us, a.US), sql.LT(id, a.ID)))
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

// ofPart is what a part's row names; nothing if there is no such part.
func ofPart(id string, err error) (string, error) {
	if ent.IsNotFound(err) {
		return "", nil
	}
	return id, err
}

// OrderOfFulfilment finds the order of a fulfilment; empty if there is none.
func (s *Orders) OrderOfFulfilment(ctx context.Context, id string) (string, error) {
	return ofPart(s.ent.Fulfilment.Query().Where(fulfilment.ID(id)).Select(fulfilment.FieldOrderID).String(AsService(ctx)))
}

// OrderOfPayment finds the order of a payment; empty if there is none.
func (s *Orders) OrderOfPayment(ctx context.Context, id string) (string, error) {
	return ofPart(s.ent.Payment.Query().Where(payment.ID(id)).Select(payment.FieldOrderID).String(AsService(ctx)))
}

// OrderOfReturn finds the order of a return; empty if there is none.
func (s *Orders) OrderOfReturn(ctx context.Context, id string) (string, error) {
	return ofPart(s.ent.GoodsReturn.Query().Where(goodsreturn.ID(id)).Select(goodsreturn.FieldOrderID).String(AsService(ctx)))
}

// VisibleReturns reads a page of the returns that the caller may see, the newest first.
func (s *Orders) VisibleReturns(ctx context.Context, state biz.State, after After, limit int) ([]Due, []After, error) {
	q := s.ent.GoodsReturn.Query().Where(after.before(goodsreturn.FieldRequestedUs, goodsreturn.FieldID))
	if state != biz.None {
		q = q.Where(goodsreturn.State(string(state)))
	}
	rows, err := q.Order(ent.Desc(goodsreturn.FieldRequestedUs), ent.Desc(goodsreturn.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list returns: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.RequestedUs, row.ID}
	}
	return found, keys, nil
}

// OriginOf follows money that moved between orders, from a refund back to the capture that came from outside.
func (s *Orders) OriginOf(ctx context.Context, refundID string) (biz.Capture, error) {
	ctx = AsService(ctx)
	for range maxExchanges {
		f, err := s.ent.Refund.Query().Where(refund.ID(refundID)).Only(ctx)
		if err != nil {
			return biz.Capture{}, fmt.Errorf("origin of %s: %w", refundID, err)
		}
		c, err := s.ent.Capture.Query().Where(capture.ID(f.CaptureID)).Only(ctx)
		if err != nil {
			return biz.Capture{}, fmt.Errorf("origin of %s: %w", refundID, err)
		}
		if c.Provider != biz.ProviderExchange {
			return toCapture(c), nil
		}
		refundID = c.TransactionNo
	}
	return biz.Capture{}, fmt.Errorf("origin of %s: goods were exchanged more than %d times", refundID, maxExchanges)
}

// maxExchanges bounds how often goods for one payment are exchanged.
const maxExchanges = 100

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

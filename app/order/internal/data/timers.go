package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/payment"
	"github.com/onepool/onepool/app/order/internal/data/ent/refund"
)

// Due is something whose time has come: an order, and a part of it.
type Due struct{ OrderID, PartID string }

// UnpaidDue are orders whose time to pay is over.
func (s *Orders) UnpaidDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Order.Query().Where(order.State(string(biz.OrderUnpaid)), order.PayUntilUsLTE(nowUS)).
		Order(ent.Asc(order.FieldPayUntilUs)).Limit(limit).IDs(AsService(ctx))
	return dueOrders(rows, err)
}

// ReceiptsDue are shipped fulfilments whose receipt confirms itself.
func (s *Orders) ReceiptsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Fulfilment.Query().Where(fulfilment.StateIn(string(biz.FulfilmentShipped), string(biz.FulfilmentDelivered)), fulfilment.AutoReceiveUsLTE(nowUS)).
		Order(ent.Asc(fulfilment.FieldAutoReceiveUs, fulfilment.FieldNo)).Limit(limit).All(AsService(ctx))
	return dueFulfilments(rows, err)
}

// WindowsDue are received fulfilments whose return window may be over, and those whose goods came back.
func (s *Orders) WindowsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Fulfilment.Query().Where(fulfilment.StateIn(string(biz.FulfilmentReceived), string(biz.FulfilmentBack)), fulfilment.CloseUsLTE(nowUS)).
		Order(ent.Asc(fulfilment.FieldCloseUs, fulfilment.FieldNo)).Limit(limit).All(AsService(ctx))
	return dueFulfilments(rows, err)
}

// RefundsDue are refunds that the provider has to be asked for, or about.
func (s *Orders) RefundsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Refund.Query().Where(refund.StateIn(string(biz.RefundPending), string(biz.RefundWaiting)), refund.NextUsLTE(nowUS)).
		Order(ent.Asc(refund.FieldNextUs)).Limit(limit).All(AsService(ctx))
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due{row.OrderID, row.ID}
	}
	return due, wrapDue(err)
}

// PaymentsDue are payments that the provider has to be asked about.
func (s *Orders) PaymentsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Payment.Query().Where(payment.AskUsGT(0), payment.AskUsLTE(nowUS)).Order(ent.Asc(payment.FieldAskUs)).Limit(limit).All(AsService(ctx))
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due{row.OrderID, row.ID}
	}
	return due, wrapDue(err)
}

// AllocationsDue are orders that wait for stock: first those that have to be shipped first.
func (s *Orders) AllocationsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	waiting := func(q *sql.Selector) { q.Where(sql.ExprP(q.C(order.FieldUnallocated)+" = ?", true)) } // a bare column finds no index
	rows, err := s.ent.Order.Query().Where(waiting, order.AllocateAtUsLTE(nowUS)).
		Order(func(q *sql.Selector) {
			q.OrderExpr(sql.Expr("CASE WHEN "+q.C(order.FieldShipByUs)+" = 0 THEN 1 ELSE 0 END"), sql.Expr(q.C(order.FieldShipByUs)), sql.Expr(q.C(order.FieldPlacedUs)))
		}).Limit(limit).IDs(AsService(ctx))
	return dueOrders(rows, err)
}

func dueOrders(rows []string, err error) ([]Due, error) {
	due := make([]Due, len(rows))
	for i, id := range rows {
		due[i] = Due{OrderID: id}
	}
	return due, wrapDue(err)
}

func dueFulfilments(rows []*ent.Fulfilment, err error) ([]Due, error) {
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due{row.OrderID, row.ID}
	}
	return due, wrapDue(err)
}

func wrapDue(err error) error {
	if err != nil {
		return fmt.Errorf("what is due: %w", err)
	}
	return nil
}

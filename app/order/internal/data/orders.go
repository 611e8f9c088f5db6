// Package data keeps orders, and knows the other centers.
//
// Always true:
//   - An order is loaded, changed and saved as a whole, under the lock of its row; its version guards each save.
//   - What an order's change entails in other centers is written to the outbox in the transaction of the change.
//   - History is only ever added to.
//   - A receiver is kept encrypted, and found by a keyed hash of its phone; no error and no log of this package holds one.
//   - Orders are loaded and saved as the service "order": a seller's order and another organisation's fulfilment are one
//     thing here. Whether the caller may see it is asked first, through Visible..., whose queries carry the caller's scope.
package data

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/capture"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilmentline"
	"github.com/onepool/onepool/app/order/internal/data/ent/goodsreturn"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/orderevent"
	"github.com/onepool/onepool/app/order/internal/data/ent/orderline"
	"github.com/onepool/onepool/app/order/internal/data/ent/payment"
	"github.com/onepool/onepool/app/order/internal/data/ent/refund"
	"github.com/onepool/onepool/app/order/internal/data/ent/returnline"
	_ "github.com/onepool/onepool/app/order/internal/data/ent/runtime" // binds the tenancy rules
)

const serviceName = "order"

// errLost means that an order changed under its lock: a defect.
var errLost = errors.New("order: changed by somebody else")

// Orders keeps orders.
type Orders struct {
	db  *database.DB
	ent *ent.Client
	*Receivers
}

// NewOrders opens the client.
func NewOrders(db *database.DB, receivers *Receivers) *Orders {
	return &Orders{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), Receivers: receivers}
}

// AsService is the scope in which orders are loaded and saved. The caller stays the actor of the history.
func AsService(ctx context.Context) context.Context { return tenancy.WithService(ctx, serviceName) }

// Load reads an order; in a transaction it is locked until the end.
func (s *Orders) Load(ctx context.Context, id string) (biz.Record, error) {
	ctx = AsService(ctx)
	q := s.ent.Order.Query().Where(order.ID(id))
	if database.InTransaction(ctx) {
		if _, err := database.FromContext(ctx); err == nil {
			q = q.ForUpdate()
		}
	}
	return s.only(ctx, q)
}

// LoadVisible reads an order that the caller's scope covers, without a lock: its header and these parts, also those that the
// caller sees nothing of; none: all parts. Any other order is unknown.
func (s *Orders) LoadVisible(ctx context.Context, id string, parts ...Part) (biz.Record, error) {
	return s.only(ctx, s.ent.Order.Query().Where(order.ID(id)), parts...)
}

// Part is a part of orders that can be read by itself.
type Part func(s *Orders, ctx context.Context, wanted []string, at map[string]*biz.Record) error

// Lines and Money (payments, captures, refunds) are such parts.
var (
	Lines Part = (*Orders).gatherLines
	Money Part = (*Orders).gatherMoney
)

var allParts = []Part{
	Lines, (*Orders).gatherFulfilments, Money, (*Orders).gatherReturns, (*Orders).gatherGoodwills, (*Orders).gatherInvoices, (*Orders).gatherReviews,
	(*Orders).gatherDeposits, (*Orders).gatherGiftOrders,
}

// only is the one order of a query in ctx's scope.
func (s *Orders) only(ctx context.Context, q *ent.OrderQuery, parts ...Part) (biz.Record, error) {
	found, err := s.gather(ctx, q, parts...)
	if err != nil {
		return biz.Record{}, err
	}
	if len(found) == 0 {
		return biz.Record{}, biz.OrderUnknown()
	}
	return found[0], nil
}

// LoadAll reads orders, in the order of their ids. Unknown ids are absent.
func (s *Orders) LoadAll(ctx context.Context, orderIDs []string) ([]biz.Record, error) {
	return s.gather(AsService(ctx), s.ent.Order.Query().Where(order.IDIn(orderIDs...)).Order(ent.Asc(order.FieldID)))
}

// gather reads orders, one query a table: the orders in ctx's scope, and these parts of them; none: all of their parts.
func (s *Orders) gather(ctx context.Context, q *ent.OrderQuery, parts ...Part) ([]biz.Record, error) {
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load orders: %w", err)
	}
	ctx = AsService(ctx)
	records := make([]biz.Record, len(rows))
	at := make(map[string]*biz.Record, len(rows))
	wanted := make([]string, len(rows))
	for i, row := range rows {
		h, err := s.toHeader(row)
		if err != nil {
			return nil, fmt.Errorf("load order %s: %w", row.ID, err)
		}
		records[i], wanted[i] = biz.Record{Header: h}, h.ID
		at[h.ID] = &records[i]
	}
	if len(rows) == 0 {
		return nil, nil
	}
	if len(parts) == 0 {
		parts = allParts
	}
	for _, part := range parts {
		if err := part(s, ctx, wanted, at); err != nil {
			return nil, fmt.Errorf("load orders: %w", err)
		}
	}
	return records, nil
}

func (s *Orders) gatherLines(ctx context.Context, wanted []string, at map[string]*biz.Record) error {
	rows, err := s.ent.OrderLine.Query().Where(orderline.OrderIDIn(wanted...)).Order(ent.Asc(orderline.FieldNo)).All(ctx)
	for _, row := range rows {
		r := at[row.OrderID]
		r.Lines = append(r.Lines, toLine(row))
	}
	return err
}

func (s *Orders) gatherFulfilments(ctx context.Context, wanted []string, at map[string]*biz.Record) error {
	rows, err := s.ent.Fulfilment.Query().Where(fulfilment.OrderIDIn(wanted...)).Order(ent.Asc(fulfilment.FieldNo)).All(ctx)
	if err != nil {
		return err
	}
	lines, err := s.ent.FulfilmentLine.Query().Where(fulfilmentline.OrderIDIn(wanted...)).Order(ent.Asc(fulfilmentline.FieldNo)).All(ctx)
	if err != nil {
		return err
	}
	byFulfilment := make(map[string][]biz.FulfilmentLine, len(rows))
	for _, l := range lines {
		byFulfilment[l.FulfilmentID] = append(byFulfilment[l.FulfilmentID], toFulfilmentLine(l))
	}
	parcels, err := s.gatherParcels(ctx, wanted, rows)
	if err != nil {
		return err
	}
	for _, row := range rows {
		f := toFulfilment(row)
		f.Lines, f.Parcels = byFulfilment[f.ID], parcels[f.ID]
		r := at[row.OrderID]
		r.Fulfilments = append(r.Fulfilments, f)
	}
	return nil
}

func (s *Orders) gatherMoney(ctx context.Context, wanted []string, at map[string]*biz.Record) error {
	payments, err := s.ent.Payment.Query().Where(payment.OrderIDIn(wanted...)).Order(ent.Asc(payment.FieldNo)).All(ctx)
	if err != nil {
		return err
	}
	for _, row := range payments {
		r := at[row.OrderID]
		r.Payments = append(r.Payments, toPayment(row))
	}
	if wanted = these(at, func(h biz.Header) bool { return h.CapturedMinor != 0 }); len(wanted) == 0 {
		return nil // no money has come: nothing was captured, and nothing can go back
	}
	captures, err := s.ent.Capture.Query().Where(capture.OrderIDIn(wanted...)).Order(ent.Asc(capture.FieldNo)).All(ctx)
	if err != nil {
		return err
	}
	for _, row := range captures {
		r := at[row.OrderID]
		r.Captures = append(r.Captures, toCapture(row))
	}
	refunds, err := s.ent.Refund.Query().Where(refund.OrderIDIn(wanted...)).Order(ent.Asc(refund.FieldNo)).All(ctx)
	for _, row := range refunds {
		r := at[row.OrderID]
		r.Refunds = append(r.Refunds, toRefund(row))
	}
	return err
}

// these are the orders of which a condition is true.
func these(at map[string]*biz.Record, is func(h biz.Header) bool) (wanted []string) {
	for id, r := range at {
		if is(r.Header) {
			wanted = append(wanted, id)
		}
	}
	slices.Sort(wanted)
	return wanted
}

func (s *Orders) gatherReturns(ctx context.Context, _ []string, at map[string]*biz.Record) error {
	wanted := these(at, func(h biz.Header) bool { return h.State != biz.OrderUnpaid })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := s.ent.GoodsReturn.Query().Where(goodsreturn.OrderIDIn(wanted...)).Order(ent.Asc(goodsreturn.FieldNo)).All(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	lines, err := s.ent.ReturnLine.Query().Where(returnline.OrderIDIn(wanted...)).Order(ent.Asc(returnline.FieldNo)).All(ctx)
	if err != nil {
		return err
	}
	byReturn := make(map[string][]biz.ReturnLine, len(rows))
	for _, l := range lines {
		byReturn[l.ReturnID] = append(byReturn[l.ReturnID], toReturnLine(l))
	}
	for _, row := range rows {
		ret := toReturn(row)
		ret.Lines = byReturn[ret.ID]
		r := at[row.OrderID]
		r.Returns = append(r.Returns, ret)
	}
	return nil
}

// History reads the changes of an order.
func (s *Orders) History(ctx context.Context, orderID string) ([]biz.HistoryEvent, error) {
	rows, err := s.ent.OrderEvent.Query().Where(orderevent.OrderID(orderID)).Order(ent.Asc(orderevent.FieldVersion)).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", orderID, err)
	}
	events := make([]biz.HistoryEvent, len(rows))
	for i, row := range rows {
		events[i] = toEvent(row)
	}
	return events, nil
}

// Change loads an order under its lock, changes it and saves it. fn may run several times.
func (s *Orders) Change(ctx context.Context, id string, terms biz.Terms, actor string, fn func(o *biz.Order) error) (biz.Record, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return biz.Record{}, err
	}
	before, err := s.Load(ctx, id)
	if err != nil {
		return biz.Record{}, err
	}
	o := biz.Restore(before, terms, now, actor)
	if err := fn(o); err != nil {
		return biz.Record{}, err
	}
	if err := s.settleInvoices(ctx, o); err != nil {
		return biz.Record{}, err
	}
	return o.Record(), s.save(AsService(ctx), before, o)
}

// Create writes a new order. The same number of the same seller's channel a second time is a unique violation.
func (s *Orders) Create(ctx context.Context, o *biz.Order) error {
	ctx = AsService(ctx)
	r := o.Record()
	receiver, err := s.Receivers.Seal(r.Receiver, r.ID)
	if err != nil {
		return fmt.Errorf("create order: %w", err)
	}
	if err := s.createOrder(r.Header, receiver).Exec(ctx); err != nil {
		return fmt.Errorf("create order: %w", err)
	}
	lines := make([]*ent.OrderLineCreate, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = s.createLine(r.Header, l)
	}
	if err := s.ent.OrderLine.CreateBulk(lines...).Exec(ctx); err != nil {
		return fmt.Errorf("create order: lines: %w", err)
	}
	return s.saveParts(ctx, biz.Record{Header: r.Header, Lines: r.Lines}, o)
}

func (s *Orders) appendHistory(ctx context.Context, h biz.Header, events []biz.HistoryEvent) error {
	if len(events) == 0 {
		return nil
	}
	rows := make([]*ent.OrderEventCreate, len(events))
	for i, e := range events {
		rows[i] = s.ent.OrderEvent.Create().SetID(ids.New("evt")).SetOrg(h.Org).SetOrderID(h.ID).SetVersion(e.Version).
			SetSubject(string(e.Subject)).SetSubjectID(e.SubjectID).SetEvent(string(e.Event)).SetFromState(string(e.From)).
			SetToState(string(e.To)).SetActor(e.Actor).SetNote(e.Note).SetAtUs(e.AtUS)
	}
	if err := s.ent.OrderEvent.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("history of %s: %w", h.ID, err)
	}
	return nil
}

// Package service is the order center's API: it says who may do what, gives each change its one shape, and maps.
//
// Always true:
//   - A caller that may not see an order, fulfilment, payment or return gets the answer for one that does not exist.
//   - A change is a command of package command, the effect of a provider's transaction, or the work of a timer; nothing
//     else opens a transaction. Other centers and providers are asked outside of it.
//   - Receivers leave in answers to those who may see them, never in logs or lists of orders.
package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/internal/data/sandboxpay"
)

// Limits bound what one request may hold.
type Limits struct {
	Lines    int
	Quantity int64
}

// Settings are what can be chosen.
type Settings struct {
	Terms        biz.Terms
	Limits       Limits
	FreightMinor int64
	PageSecret   []byte
}

// Parts are what the service works with.
type Parts struct {
	DB      *database.DB
	Orders  *data.Orders
	Seeker  biz.Seeker
	Stock   biz.StockHolder
	Answers biz.LocationAnswers
	// Router sends what is held for an order to another place.
	Router biz.StockRouter
	Points biz.PointsHolder
	// Packing knows goods and senders.
	Packing biz.PackingFacts
	// Levels are the service levels of channels; nil: there are none.
	Levels *data.Levels
	// Tills books what tills have sold offline.
	Tills biz.TillBooker
	// Promotions keeps what orders hold of budgets and quotas.
	Promotions biz.PromotionUses
	Rebates    biz.RebateReader
	Saga       *saga.Coordinator
	// Sandbox is nil unless it is switched on.
	Sandbox *sandboxpay.Provider
	// Wallets are asked by the audit, for orders that were paid with stored value.
	Wallets biz.WalletReader
	// Payer takes stored value at tills.
	Payer biz.WalletPayer
	// Providers besides the sandbox.
	Providers []biz.PaymentProvider
	// Issuer issues invoices; nil: nobody does.
	Issuer biz.InvoiceIssuer
	// Report gets what a worker, or work after a reply, could not do and will try again.
	Report func(context.Context, error)
}

// Order serves the order center.
type Order struct {
	orderv1.UnimplementedOrderServer
	Parts
	settings  Settings
	providers map[string]biz.PaymentProvider
	silent    silence
	soldOut   soldOut
	exporting chan struct{} // a place for each export that runs
	// patience is how long the end of an order waits for a provider, far below the time of a request.
	patience time.Duration
}

// New makes the service.
func New(p Parts, s Settings) *Order {
	o := &Order{Parts: p, settings: s, providers: map[string]biz.PaymentProvider{}, patience: closePatience, exporting: make(chan struct{}, maxExports)}
	if p.Sandbox != nil {
		o.providers[p.Sandbox.Name()] = p.Sandbox
	}
	for _, provider := range p.Providers {
		o.providers[provider.Name()] = provider
	}
	return o
}

// decide runs a command that this center decides alone. allowed is asked before, decide runs in the transaction.
func decide[R proto.Message](ctx context.Context, s *Order, method string, req command.Request,
	allowed func(ctx context.Context) error, change func(ctx context.Context) (R, error)) (R, error) {
	return command.Local[struct{}, R]{
		Method: method, Request: req,
		Facts:  func(ctx context.Context) (struct{}, error) { return struct{}{}, allowed(ctx) },
		Decide: func(ctx context.Context, _ struct{}) (R, error) { return change(ctx) },
	}.Run(ctx, s.DB)
}

// caller names the caller in request ids that are made of its own.
func caller(ctx context.Context) string {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return ""
	}
	return p.Caller()
}

// actor names the caller in the history.
func actor(ctx context.Context) string {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return ""
	}
	return p.Actor()
}

// change changes an order inside a transaction.
func (s *Order) change(ctx context.Context, orderID string, fn func(o *biz.Order) error) (biz.Record, error) {
	terms, err := s.terms(ctx)
	if err != nil {
		return biz.Record{}, err
	}
	return s.Orders.Change(ctx, orderID, terms, actor(ctx), fn)
}

// terms are the terms of the trade, with the service levels in force.
func (s *Order) terms(ctx context.Context) (biz.Terms, error) {
	terms := s.settings.Terms
	if s.Levels == nil {
		return terms, nil
	}
	var err error
	terms.Levels, err = s.Levels.Current(ctx)
	return terms, err
}

// kept is an order as an answer that is kept for repeats: without its receiver, which addressed puts in again.
func (s *Order) kept(ctx context.Context, r biz.Record) (*orderv1.OrderInfo, error) {
	history, err := s.Orders.History(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return s.keptWith(ctx, r, history)
}

// keptNew is kept of an order that has just been made.
func (s *Order) keptNew(ctx context.Context, o *biz.Order) (*orderv1.OrderInfo, error) {
	return s.keptWith(ctx, o.Record(), o.Events())
}

func (s *Order) keptWith(ctx context.Context, r biz.Record, history []biz.HistoryEvent) (*orderv1.OrderInfo, error) {
	info, err := s.infoWith(ctx, r, history)
	if err == nil {
		info.Receiver = nil
	}
	return info, err
}

// addressed completes the answer of a command whose caller may see the receiver.
func (s *Order) addressed(ctx context.Context, info *orderv1.OrderInfo, err error) (*orderv1.OrderInfo, error) {
	if err != nil {
		return nil, err
	}
	r, err := s.Orders.Receiver(ctx, info.GetId())
	if err != nil {
		return nil, err
	}
	info.Receiver = toReceiver(r)
	p, err := tenancy.FromContext(ctx)
	buyerSees(p, info)
	return info, err
}

// info is an order with its history.
func (s *Order) info(ctx context.Context, r biz.Record) (*orderv1.OrderInfo, error) {
	history, err := s.Orders.History(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return s.infoWith(ctx, r, history)
}

func (s *Order) infoWith(ctx context.Context, r biz.Record, history []biz.HistoryEvent) (*orderv1.OrderInfo, error) {
	if p, err := tenancy.FromContext(ctx); err == nil && (p.Kind == tenancy.Member || p.Kind == tenancy.Channel) {
		history = hideReview(history)
	}
	info := toOrderInfo(r, history)
	seller, err := s.Seeker.Terms.TaxProfile(ctx, r.TaxProfile)
	if err != nil {
		return nil, err
	}
	if seller.ID != "" {
		info.SellerTax = toSellerTax(seller)
	}
	return info, nil
}

// Package order is the door of the order (trade) center (交易中心): cart, price, order, payment, fulfilment, return, refund.
//
// Always true:
//   - No money is kept without an order that can be delivered: what comes too late, twice or for a cancelled order goes
//     back by itself.
//   - Nothing ships that was not held for the order; what a change entails elsewhere leaves with its commit.
//   - An order belongs to its seller, a fulfilment to its location's organisation, which sees its part only.
package order

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/center"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/lease"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/internal/data/invoicing"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
	"github.com/onepool/onepool/app/order/internal/data/sandboxpay"
	"github.com/onepool/onepool/app/order/internal/data/walletpay"
	"github.com/onepool/onepool/app/order/internal/service"
)

const (
	name        = "order"
	tickEvery   = 500 * time.Millisecond
	orphanEvery = 2 * time.Second
	hideEvery   = 2 * time.Second
	// takeOver is how often a replica looks whether the one that keeps the timers is gone.
	takeOver   = time.Second
	purgeEvery = time.Hour

	defaultPayWindow    = 30 * time.Minute
	defaultHoldGrace    = 5 * time.Minute
	defaultReturnWindow = 7 * 24 * time.Hour
	defaultAutoReceive  = 10 * 24 * time.Hour
	defaultQuantity     = 1_000_000
	// notification is the name of the sandbox's call in metrics and logs.
	notification = "/onepool.order.v1.Order/SandboxNotification"
	// providerNotification is the name of all other providers' calls.
	providerNotification = "/onepool.order.v1.Order/PaymentNotification"
)

// Config is what can be chosen. Zeros become the defaults.
type Config struct {
	DB database.Config
	// PayWindow is how long an order waits for its payment, 30 min. Stock is held HoldGrace longer, 5 min.
	PayWindow, HoldGrace time.Duration
	// ReturnWindow runs from receipt, 7 days. Receipt confirms itself AutoReceive after shipment, 10 days.
	ReturnWindow, AutoReceive time.Duration
	// FreightMinor is charged for a delivery, 0.
	FreightMinor int64
	// MaxLines of an order and a cart, 200; MaxQuantity of a line, 1,000,000.
	MaxLines    int
	MaxQuantity int64
	// HomeCountry is the calling code that phones are written without, 86.
	HomeCountry string
	// Sandbox switches the sandbox payment provider on, SandboxInvoices the sandbox issuer of invoices, LoopbackWebhooks lets webhooks
	// go to this machine. Never in production.
	Sandbox, SandboxInvoices, LoopbackWebhooks bool
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	Saga    *saga.Coordinator
	// Dial is the way to another center.
	Dial func(center string) grpc.ClientConnInterface
	// PageSecret is the key of page tokens, SandboxSecret that of the sandbox's signatures.
	PageSecret, SandboxSecret []byte
	// ReceiverKey finds receivers by their phone, PersonKey encrypts them: 32 bytes each.
	ReceiverKey, PersonKey []byte
	// WebhookKey is the key of webhooks' secrets.
	WebhookKey []byte
	// PublicURL is where the sandbox reaches the platform; asked when a payment is made.
	PublicURL func() string
	// Providers move money besides the sandbox.
	Providers []biz.PaymentProvider
	// Invoices says who issues them besides the sandbox; nil: nobody.
	Invoices *invoicing.Config
}

func (c Config) complete() (Config, error) {
	for _, d := range []struct {
		key      string
		value    *time.Duration
		standard time.Duration
	}{
		{"pay_window", &c.PayWindow, defaultPayWindow}, {"hold_grace", &c.HoldGrace, defaultHoldGrace},
		{"return_window", &c.ReturnWindow, defaultReturnWindow}, {"auto_receive", &c.AutoReceive, defaultAutoReceive},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
		if *d.value < 0 {
			return c, fmt.Errorf("order: %s %v is negative", d.key, *d.value)
		}
	}
	if c.HomeCountry == "" {
		c.HomeCountry = "86"
	}
	if c.MaxLines == 0 {
		c.MaxLines = biz.MaxLines
	}
	if c.MaxQuantity == 0 {
		c.MaxQuantity = defaultQuantity
	}
	switch {
	case c.MaxLines < 0 || c.MaxLines > biz.MaxLines:
		return c, fmt.Errorf("order: max_lines %d is not 1 to %d", c.MaxLines, biz.MaxLines)
	case c.MaxQuantity < 0 || c.MaxQuantity > defaultQuantity:
		return c, fmt.Errorf("order: max_quantity %d is not 1 to %d", c.MaxQuantity, defaultQuantity)
	case c.FreightMinor < 0:
		return c, fmt.Errorf("order: freight_minor %d is negative", c.FreightMinor)
	}
	return c, nil
}

// Center is the order center of one process.
type Center struct {
	*center.Frame
	orders     *data.Orders
	service    *service.Order
	promotions *service.Promotions
	coupons    *service.Coupons
	events     *service.TradeEvents
	windows    *service.ReturnWindows
	deliverer  *hooks.Deliverer
	terms      *service.TradeTerms
	profiles   *service.TaxProfiles
	// issuing is the sandbox issuer of invoices; nil: it is off.
	issuing   *invoicing.Sandbox
	reviews   *service.Reviews
	sandbox   *sandboxpay.Provider
	providers []biz.PaymentProvider
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if d.Observe == nil || d.Saga == nil || d.Dial == nil || len(d.PageSecret) == 0 || len(d.WebhookKey) == 0 {
		return nil, errors.New("order: observer, coordinator, dialer, page secret and webhook key are required")
	}
	if c.SandboxInvoices && d.Invoices != nil {
		return nil, errors.New("order: invoices are issued by the sandbox or by the gateway, not by both")
	}
	if (c.Sandbox || c.SandboxInvoices) && d.PublicURL == nil {
		return nil, errors.New("order: the sandbox needs a public address")
	}
	receivers, err := data.NewReceivers(d.ReceiverKey, d.PersonKey, c.HomeCountry)
	if err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	frame, err := center.Open(ctx, center.Config{Name: name, DB: c.DB, Migrations: migrations.Files, Outbox: d.Saga.Outbox()}, d.Observe)
	if err != nil {
		return nil, err
	}
	var sandbox *sandboxpay.Provider
	if c.Sandbox {
		if sandbox, err = sandboxpay.New(d.SandboxSecret, d.PublicURL, data.NewSandboxBooks(frame.DB())); err != nil {
			return nil, errors.Join(fmt.Errorf("order: %w", err), frame.Close())
		}
	}
	issuer, issuing, err := openIssuer(c, d, frame.DB())
	if err != nil {
		return nil, errors.Join(err, frame.Close())
	}
	bounds := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "onepool_order_bound_hits_total", Help: "How often a run stopped at its bound."}, []string{"bound"})
	told := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "onepool_order_webhook_deliveries_total", Help: "Deliveries to webhooks: told, failed (tried again later), parked, lost (to another replica or by a change).",
	}, []string{"outcome"})
	if err := d.Observe.Register(bounds, told); err != nil {
		return nil, errors.Join(fmt.Errorf("order: metrics: %w", err), frame.Close())
	}
	stock, members := data.Stock{Client: inventoryv1.NewInventoryClient(d.Dial("inventory"))}, data.Members{Client: memberv1.NewMemberClient(d.Dial("member"))}
	orders, promotions := data.NewOrders(frame.DB(), receivers), data.NewPromotions(frame.DB())
	wallets := walletpay.New(memberv1.NewWalletsClient(d.Dial("member")))
	terms := biz.Terms{
		PayWindowUS: c.PayWindow.Microseconds(), HoldGraceUS: c.HoldGrace.Microseconds(),
		ReturnWindowUS: c.ReturnWindow.Microseconds(), AutoReceiveUS: c.AutoReceive.Microseconds(),
	}
	policies, tradeTerms, reviewRules := data.NewReturnPolicies(frame.DB(), terms), data.NewTradeTerms(frame.DB()), data.NewReviewRules(frame.DB())
	trade := service.New(service.Parts{
		DB: frame.DB(), Orders: orders, Saga: d.Saga, Sandbox: sandbox, Stock: stock, Points: members, Promotions: promotions, Issuer: issuer,
		Packing: data.Packing{Products: productv1.NewProductClient(d.Dial("product")), Stores: storev1.NewStoreClient(d.Dial("store"))},
		Levels:  data.NewLevels(frame.DB()),
		Answers: data.Answers{Client: inventoryv1.NewAssignmentsClient(d.Dial("inventory"))},
		Router:  data.Router{Client: inventoryv1.NewRedirectsClient(d.Dial("inventory"))},
		Tills:   data.TillSales{Client: inventoryv1.NewTillSalesClient(d.Dial("inventory"))},
		Rebates: data.Rebates{Client: rebatev1.NewRebateClient(d.Dial("rebate"))},
		Seeker: biz.Seeker{
			Catalog: data.Catalog{Client: productv1.NewProductClient(d.Dial("product")), Lists: productv1.NewPriceListsClient(d.Dial("product"))},
			Sellers: data.Sellers{Client: storev1.NewStoreClient(d.Dial("store"))}, Members: members, Promotions: promotions, Stock: stock, Returns: policies, Terms: tradeTerms, Reviews: reviewRules,
		},
		Wallets: wallets, Payer: wallets, Providers: append([]biz.PaymentProvider{wallets}, d.Providers...),
		Report: frame.Report("after a reply"),
	}, service.Settings{
		Terms:  terms,
		Limits: service.Limits{Lines: c.MaxLines, Quantity: c.MaxQuantity}, FreightMinor: c.FreightMinor, PageSecret: d.PageSecret,
	})
	events := service.NewTradeEvents(orders, d.PageSecret, d.WebhookKey, c.LoopbackWebhooks)
	deliverer := events.Deliverer(hooks.Config{
		Key: d.WebhookKey, Loopback: c.LoopbackWebhooks, Hit: func(bound string) { bounds.WithLabelValues(bound).Inc() },
		Note: func(outcome string) { told.WithLabelValues(outcome).Inc() }, Report: frame.Report("tell webhooks"),
	})
	return &Center{Frame: frame, service: trade, promotions: service.NewPromotions(frame.DB(), promotions, d.PageSecret),
		coupons: service.NewCoupons(frame.DB(), promotions, d.PageSecret), sandbox: sandbox,
		events: events, orders: orders, deliverer: deliverer, windows: service.NewReturnWindows(trade, policies), reviews: service.NewReviews(trade, reviewRules), providers: d.Providers, terms: service.NewTradeTerms(frame.DB(), tradeTerms, d.PageSecret),
		issuing: issuing, profiles: service.NewTaxProfiles(frame.DB(), tradeTerms, trade.Seeker.Sellers, d.PageSecret)}, nil
}

// Migrate brings the tables up to date, and refuses other keys than those that receivers are kept under.
func (c *Center) Migrate(ctx context.Context) error {
	if err := c.Frame.Migrate(ctx); err != nil {
		return err
	}
	return c.orders.CheckKeys(ctx)
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	orderv1.RegisterOrderServer(r.GRPC, c.service)
	pickups := service.NewPickups(c.service)
	orderv1.RegisterPickupsServer(r.GRPC, pickups)
	fulfilments := service.NewFulfilments(c.service)
	orderv1.RegisterFulfilmentsServer(r.GRPC, fulfilments)
	parcels := service.NewParcels(c.service)
	orderv1.RegisterParcelsServer(r.GRPC, parcels)
	reports := service.NewShippingReports(c.service)
	orderv1.RegisterShippingReportsServer(r.GRPC, reports)
	levels := service.NewServiceLevels(c.service)
	orderv1.RegisterServiceLevelsServer(r.GRPC, levels)
	changes := service.NewOrderChanges(c.service)
	orderv1.RegisterOrderChangesServer(r.GRPC, changes)
	packing := service.NewPacking(c.service)
	orderv1.RegisterPackingServer(r.GRPC, packing)
	tills := service.NewTills(c.service)
	orderv1.RegisterTillsServer(r.GRPC, tills)
	orderv1.RegisterPromotionsServer(r.GRPC, c.promotions)
	orderv1.RegisterReturnWindowsServer(r.GRPC, c.windows)
	afterSales := service.NewAfterSales(c.service)
	orderv1.RegisterAfterSalesServer(r.GRPC, afterSales)
	goodwills, counter := service.NewGoodwills(c.service), service.NewCounterReturns(c.service)
	orderv1.RegisterCounterReturnsServer(r.GRPC, counter)
	exchanges := service.NewExchanges(c.service)
	orderv1.RegisterExchangesServer(r.GRPC, exchanges)
	orderv1.RegisterGoodwillsServer(r.GRPC, goodwills)
	orderv1.RegisterCouponsServer(r.GRPC, c.coupons)
	orderv1.RegisterTradeEventsServer(r.GRPC, c.events)
	payments := service.NewPayments(c.service)
	orderv1.RegisterPaymentsServer(r.GRPC, payments)
	unmatched := service.NewUnmatched(c.service)
	orderv1.RegisterUnmatchedPaymentsServer(r.GRPC, unmatched)
	orderv1.RegisterTradeTermsServer(r.GRPC, c.terms)
	windows := service.NewPayWindows(c.terms)
	orderv1.RegisterPayWindowsServer(r.GRPC, windows)
	carts := service.NewCarts(c.service)
	orderv1.RegisterCartsServer(r.GRPC, carts)
	addresses := service.NewAddressChanges(c.service)
	orderv1.RegisterAddressChangesServer(r.GRPC, addresses)
	orderv1.RegisterTaxProfilesServer(r.GRPC, c.profiles)
	invoices := service.NewInvoices(c.service)
	orderv1.RegisterInvoicesServer(r.GRPC, invoices)
	orderv1.RegisterReviewsServer(r.GRPC, c.reviews)
	merges := service.NewMergedParcels(c.service)
	orderv1.RegisterMergedParcelsServer(r.GRPC, merges)
	deposits := service.NewDeposits(c.terms)
	orderv1.RegisterDepositsServer(r.GRPC, deposits)
	gifts := service.NewGiftOrders(c.service)
	orderv1.RegisterGiftOrdersServer(r.GRPC, gifts)
	if r.HTTP != nil {
		orderv1.RegisterCartsHTTPServer(r.HTTP, carts)
		orderv1.RegisterAddressChangesHTTPServer(r.HTTP, addresses)
		orderv1.RegisterOrderHTTPServer(r.HTTP, c.service)
		orderv1.RegisterPickupsHTTPServer(r.HTTP, pickups)
		orderv1.RegisterTillsHTTPServer(r.HTTP, tills)
		orderv1.RegisterFulfilmentsHTTPServer(r.HTTP, fulfilments)
		orderv1.RegisterParcelsHTTPServer(r.HTTP, parcels)
		orderv1.RegisterShippingReportsHTTPServer(r.HTTP, reports)
		orderv1.RegisterServiceLevelsHTTPServer(r.HTTP, levels)
		orderv1.RegisterOrderChangesHTTPServer(r.HTTP, changes)
		orderv1.RegisterPackingHTTPServer(r.HTTP, packing)
		orderv1.RegisterPromotionsHTTPServer(r.HTTP, c.promotions)
		orderv1.RegisterReturnWindowsHTTPServer(r.HTTP, c.windows)
		orderv1.RegisterAfterSalesHTTPServer(r.HTTP, afterSales)
		orderv1.RegisterGoodwillsHTTPServer(r.HTTP, goodwills)
		orderv1.RegisterCounterReturnsHTTPServer(r.HTTP, counter)
		orderv1.RegisterExchangesHTTPServer(r.HTTP, exchanges)
		orderv1.RegisterCouponsHTTPServer(r.HTTP, c.coupons)
		orderv1.RegisterTradeEventsHTTPServer(r.HTTP, c.events)
		orderv1.RegisterPaymentsHTTPServer(r.HTTP, payments)
		orderv1.RegisterUnmatchedPaymentsHTTPServer(r.HTTP, unmatched)
		orderv1.RegisterTradeTermsHTTPServer(r.HTTP, c.terms)
		orderv1.RegisterPayWindowsHTTPServer(r.HTTP, windows)
		orderv1.RegisterTaxProfilesHTTPServer(r.HTTP, c.profiles)
		orderv1.RegisterInvoicesHTTPServer(r.HTTP, invoices)
		orderv1.RegisterReviewsHTTPServer(r.HTTP, c.reviews)
		orderv1.RegisterMergedParcelsHTTPServer(r.HTTP, merges)
		orderv1.RegisterDepositsHTTPServer(r.HTTP, deposits)
		orderv1.RegisterGiftOrdersHTTPServer(r.HTTP, gifts)
	}
	for path, export := range map[string]server.StreamHandler{service.ExportCSVPath: c.service.ExportCSV, service.ExportXLSXPath: c.service.ExportXLSX} {
		r.Stream(path, service.ExportOperation, func() proto.Message { return &orderv1.ListOrdersRequest{} }, export)
	}
	if c.sandbox != nil {
		r.Open(notification) // the provider's signature is its credential
		r.Raw(http.MethodPost, sandboxpay.Path, notification, c.service.Notified(c.sandbox))
	}
	c.registerIssuing(r)
	for _, p := range c.providers {
		r.Open(providerNotification)
		r.Raw(http.MethodPost, "/v1/order/payments/"+p.Name()+"/{"+service.AccountVariable+"}/notify", providerNotification, c.service.Notified(p))
	}
	orderv1.RegisterOrderBranchServer(r.Branch, c.service.Branch())
	if err := saga.RegisterExecutor(r.Branch, map[string]saga.Handler{
		service.PlacementWorkflow: c.service.ResumePlacement, service.ReaddressWorkflow: c.service.ResumePlacement,
	}); err != nil {
		panic(err) // a name that is no name: found by the first start
	}
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	// The lease is kept between turns: taking it anew each time would write twice a turn, also when nothing is due.
	alone := func(what string, interval time.Duration, fn func(context.Context) error) func(context.Context) error {
		report := c.Report(what)
		return func(ctx context.Context) error {
			lease.Every(ctx, c.DB(), what, takeOver, func(ctx context.Context) error {
				tick := time.NewTicker(interval)
				defer tick.Stop()
				for {
					turn, over := c.Turn(ctx, what)
					if err := fn(turn); err != nil && ctx.Err() == nil {
						report(turn, err)
					}
					over()
					select {
					case <-ctx.Done():
						return nil
					case <-tick.C:
					}
				}
			}, report)
			return nil
		}
	}
	return append(c.Frame.Workers(),
		alone("order.timers", tickEvery, c.service.Tick),
		alone("order.payments", tickEvery, c.service.TickPayments),
		alone("order.invoices", tickEvery, c.service.TickInvoices),
		alone("order.orphans", orphanEvery, c.service.ResumeOrphans),
		alone("order.receivers", hideEvery, c.service.HideReceivers),
		func(ctx context.Context) error {
			c.orders.SequenceTold(tenancy.WithService(ctx, name), c.Report("number the trade events"))
			return nil
		},
		c.Every(purgeEvery, "purge the trade events", c.orders.PurgeTold),
		c.Every(purgeEvery, "clear the carts of guests", c.orders.PurgeGuests),
		func(ctx context.Context) error { c.deliverer.Run(tenancy.WithService(ctx, name)); return nil },
	)
}

// Package inventory is the door of the inventory center (库存中心): one pool of stock for all channels, who holds it, and
// which locations ship.
//
// Always true: it never sells one unit twice, and never loses one. Stock is changed by commands of other centers, which
// are repeated safely, by staff of headquarters and of the location's own organisation, and by the deadline of a hold. Goods
// come in under a SKU that the product center knows.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/center"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/lease"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
	"github.com/onepool/onepool/app/inventory/internal/service"
)

const (
	name = "inventory"
	// expireEvery leaves room below the 60 s in which a hold must be freed after its deadline.
	expireEvery = 5 * time.Second
	// closeWait is how long the commands that wait for their transaction may take when the process ends.
	closeWait       = 10 * time.Second
	purgeEvery      = time.Hour
	endFreezesEvery = time.Minute
	// simulateEvery is how soon a simulation begins that was started here or elsewhere.
	simulateEvery = 500 * time.Millisecond
	// serveEvery is how long stock that came in otherwise than by a delivery note may wait for those who wait for it.
	serveEvery = 2 * time.Second
	// blockEvery leaves room below the 60 s in which an expired lot must be blocked.
	blockEvery = 10 * time.Second
	// momentEvery leaves a second between a policy's beginning, or an outage's end, and the first that hears of it.
	momentEvery = time.Second
	// silentEvery is how soon silence past its time is taken for a decline.
	silentEvery = 5 * time.Second
	// waitingEvery is how soon stock that has come is looked at; takeOver is how soon another replica does it.
	waitingEvery = time.Second
	takeOver     = 2 * time.Second
)

// Config is what can be chosen.
type Config struct {
	DB database.Config
	// LoopbackWebhooks lets webhooks go to this machine. Never in production.
	LoopbackWebhooks bool
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	// Saga hands on what documents' centers are told.
	Saga *saga.Coordinator
	// Dial is the way to another center.
	Dial func(center string) grpc.ClientConnInterface
	// PageSecret is the key of page tokens, WebhookKey that of webhooks' secrets.
	PageSecret, WebhookKey []byte
}

// Center is the inventory center of one process.
type Center struct {
	*center.Frame
	store   *data.Store
	offers  []offer
	branch  *service.Branch
	workers []func(context.Context) error
	hit     func(bound string)
}

// offer puts one service on the process's servers.
type offer func(*server.Registrar)

// over makes an offer of a service over gRPC and, where there is a server for it, HTTP.
func over[G, H any](onGRPC func(grpc.ServiceRegistrar, G), g G, onHTTP func(*khttp.Server, H), h H) offer {
	return func(r *server.Registrar) {
		onGRPC(r.GRPC, g)
		if r.HTTP != nil {
			onHTTP(r.HTTP, h)
		}
	}
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	if d.Observe == nil || d.Saga == nil || d.Dial == nil || len(d.PageSecret) == 0 || len(d.WebhookKey) == 0 {
		return nil, errors.New("inventory: observer, coordinator, dialer, page secret and webhook key are required")
	}
	bounds := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "onepool_inventory_bound_hits_total", Help: "How often a search or a run stopped at its bound.",
	}, []string{"bound"})
	told := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "onepool_inventory_webhook_deliveries_total", Help: "Deliveries to webhooks: told, failed (tried again later), parked, lost (to another replica or by a change).",
	}, []string{"outcome"})
	frame, err := center.Open(ctx, center.Config{Name: name, DB: c.DB, Migrations: migrations.Files, Outbox: d.Saga.Outbox(), Metrics: []prometheus.Collector{bounds, told}}, d.Observe)
	if err != nil {
		return nil, err
	}
	store := data.New(frame.DB(), d.PageSecret)
	if err := d.Observe.Register(append(store.Group().Collectors(), store.PoolCollectors()...)...); err != nil {
		return nil, errors.Join(fmt.Errorf("metrics of the store: %w", err), frame.Close())
	}
	products := productv1.NewProductClient(d.Dial("product"))
	catalogue, categories := data.Catalogue{Client: products}, data.NewCategories(products)
	hit := func(bound string) { bounds.WithLabelValues(bound).Inc() }
	inventory := service.New(frame.DB(), store, catalogue, biz.NearThenSplit(), categories, hit)
	feed := service.FeedConfig{Key: d.WebhookKey, Loopback: c.LoopbackWebhooks, Hit: hit}
	deliverer := service.NewDeliverer(store, inventory, feed, func(outcome string) { told.WithLabelValues(outcome).Inc() }, frame.Report("tell webhooks"))
	reservations := service.NewReservations(frame.DB(), store, categories)
	sharing := service.NewSharing(frame.DB(), store, catalogue, categories)
	strategies := service.NewStrategies(frame.DB(), store)
	till := service.NewTillSales(frame.DB(), store, catalogue, categories, biz.NearThenSplit())
	assignments, unattended := service.NewAssignments(inventory), service.NewWorkers(inventory, till)
	room := service.NewStockroom(frame.DB(), store, hit)
	transfers := service.NewTransfers(frame.DB(), store, catalogue)
	stocktakes := service.NewStocktakes(frame.DB(), store, catalogue)
	simulations := service.NewSimulations(frame.DB(), store, categories)
	kits, presales := service.NewKits(frame.DB(), store, catalogue), service.NewPresales(frame.DB(), store, catalogue)
	pickups, redirects := service.NewPickupOptions(frame.DB(), store, categories), service.NewRedirects(inventory)
	stockFeed := service.NewFeed(frame.DB(), store, inventory, feed)
	all := &Center{Frame: frame, store: store, hit: hit, branch: service.NewBranch(frame.DB(), store, d.Observe.Log())}
	all.offers = []offer{
		over[inventoryv1.InventoryServer, inventoryv1.InventoryHTTPServer](inventoryv1.RegisterInventoryServer, inventory, inventoryv1.RegisterInventoryHTTPServer, inventory),
		over[inventoryv1.ReservationsServer, inventoryv1.ReservationsHTTPServer](inventoryv1.RegisterReservationsServer, reservations, inventoryv1.RegisterReservationsHTTPServer, reservations),
		over[inventoryv1.SharingPoliciesServer, inventoryv1.SharingPoliciesHTTPServer](inventoryv1.RegisterSharingPoliciesServer, sharing, inventoryv1.RegisterSharingPoliciesHTTPServer, sharing),
		over[inventoryv1.StrategiesServer, inventoryv1.StrategiesHTTPServer](inventoryv1.RegisterStrategiesServer, strategies, inventoryv1.RegisterStrategiesHTTPServer, strategies),
		over[inventoryv1.TillSalesServer, inventoryv1.TillSalesHTTPServer](inventoryv1.RegisterTillSalesServer, till, inventoryv1.RegisterTillSalesHTTPServer, till),
		over[inventoryv1.AssignmentsServer, inventoryv1.AssignmentsHTTPServer](inventoryv1.RegisterAssignmentsServer, assignments, inventoryv1.RegisterAssignmentsHTTPServer, assignments),
		over[inventoryv1.StockroomServer, inventoryv1.StockroomHTTPServer](inventoryv1.RegisterStockroomServer, room, inventoryv1.RegisterStockroomHTTPServer, room),
		over[inventoryv1.TransfersServer, inventoryv1.TransfersHTTPServer](inventoryv1.RegisterTransfersServer, transfers, inventoryv1.RegisterTransfersHTTPServer, transfers),
		over[inventoryv1.StocktakesServer, inventoryv1.StocktakesHTTPServer](inventoryv1.RegisterStocktakesServer, stocktakes, inventoryv1.RegisterStocktakesHTTPServer, stocktakes),
		over[inventoryv1.SimulationsServer, inventoryv1.SimulationsHTTPServer](inventoryv1.RegisterSimulationsServer, simulations, inventoryv1.RegisterSimulationsHTTPServer, simulations),
		over[inventoryv1.KitsServer, inventoryv1.KitsHTTPServer](inventoryv1.RegisterKitsServer, kits, inventoryv1.RegisterKitsHTTPServer, kits),
		over[inventoryv1.PresalesServer, inventoryv1.PresalesHTTPServer](inventoryv1.RegisterPresalesServer, presales, inventoryv1.RegisterPresalesHTTPServer, presales),
		over[inventoryv1.StockFeedServer, inventoryv1.StockFeedHTTPServer](inventoryv1.RegisterStockFeedServer, stockFeed, inventoryv1.RegisterStockFeedHTTPServer, stockFeed),
		over[inventoryv1.RedirectsServer, inventoryv1.RedirectsHTTPServer](inventoryv1.RegisterRedirectsServer, redirects, inventoryv1.RegisterRedirectsHTTPServer, redirects),
		over[inventoryv1.PickupOptionsServer, inventoryv1.PickupOptionsHTTPServer](inventoryv1.RegisterPickupOptionsServer, pickups, inventoryv1.RegisterPickupOptionsHTTPServer, pickups),
	}
	all.workers = []func(context.Context) error{
		all.Every(expireEvery, "free expired holds", all.expire),
		all.Every(blockEvery, "block expired lots", func(ctx context.Context) error { return room.BlockExpired(tenancy.WithService(ctx, "inventory-lots")) }),
		all.Every(endFreezesEvery, "end forgotten stocktakes", func(ctx context.Context) error {
			_, err := stocktakes.EndFreezes(tenancy.WithService(ctx, "inventory-stocktakes"))
			return err
		}),
		all.Every(simulateEvery, "simulate", simulations.Work),
		all.Every(serveEvery, "serve those who wait for stock", all.serve),
		all.Every(momentEvery, "tell what time has changed", all.tellMoments),
		all.Every(silentEvery, "decline for the silent", func(ctx context.Context) error { return timeOut(ctx, unattended) }),
		func(ctx context.Context) error { return all.allocateWaiting(ctx, unattended) },
		all.Every(purgeEvery, "purge the change log", store.PurgeChanges),
		func(ctx context.Context) error {
			store.Sequence(ctx, frame.Report("number the change log"))
			return nil
		},
		func(ctx context.Context) error { store.FollowStock(ctx, frame.Report("follow the stock")); return nil },
		func(ctx context.Context) error { deliverer.Run(tenancy.WithService(ctx, name)); return nil },
	}
	return all, nil
}

// Close answers what waits for its transaction, then ends the connections.
func (c *Center) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	return errors.Join(c.store.Group().Close(ctx), c.Frame.Close())
}

// Ready says whether the database answers and the pool of stock is in memory.
func (c *Center) Ready(ctx context.Context) error {
	return errors.Join(c.Frame.Ready(ctx), c.store.PoolReady())
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	for _, offer := range c.offers {
		offer(r)
	}
	inventoryv1.RegisterInventoryBranchServer(r.Branch, c.branch)
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	return append(c.Frame.Workers(), c.workers...)
}

// expire frees what was held past its deadline. Several replicas may do so at once.
func (c *Center) expire(ctx context.Context) error {
	ctx = tenancy.WithService(ctx, "inventory-expiry")
	_, err := biz.Expire{Due: c.store, Together: c.store.Together, NowUS: c.DB().Now, Hit: c.hit}.Run(ctx)
	return err
}

// tellMoments tells followers of the stock what time alone has changed. Several replicas may do so at once.
func (c *Center) tellMoments(ctx context.Context) error {
	return biz.TellMoments{Due: c.store, NowUS: c.DB().Now, Hit: c.hit}.Run(tenancy.WithService(ctx, "inventory-moments"))
}

// serve gives stock that has come in to those who wait for it. Several replicas may do so at once.
func (c *Center) serve(ctx context.Context) error {
	_, err := biz.ServeWaiting{Waiting: c.store, Together: c.store.Together, Hit: c.hit}.Run(tenancy.WithService(ctx, "inventory-arrivals"))
	return err
}

// timeOut turns silence into a decline. Several replicas may do so at once.
func timeOut(ctx context.Context, w service.Workers) error {
	_, err := w.TimeOut.Run(tenancy.WithService(ctx, "inventory-timeout"))
	return err
}

// allocateWaiting gives stock that has come to the documents that wait: one replica at a time, because of their order.
func (c *Center) allocateWaiting(ctx context.Context, w service.Workers) error {
	const what = "allocate what waits"
	report := c.Report(what)
	lease.Every(ctx, c.DB(), "inventory.waiting", takeOver, func(ctx context.Context) error {
		follow := w.Follow()
		tick := time.NewTicker(waitingEvery)
		defer tick.Stop()
		for {
			turn, over := c.Turn(tenancy.WithService(ctx, "inventory-waiting"), what)
			if _, err := follow.Turn(turn); err != nil && ctx.Err() == nil {
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

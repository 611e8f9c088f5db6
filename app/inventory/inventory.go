// Package inventory is the door of the inventory center (库存中心): one pool of stock for all channels, who holds it, and
// which locations ship.
//
// Always true: it never sells one unit twice, and never loses one. Stock is changed by commands of other centers, which
// are repeated safely, by staff of headquarters and of the location's own organisation, and by the deadline of a hold.
package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
	"github.com/onepool/onepool/app/inventory/internal/service"
)

const (
	// expireEvery leaves room below the 60 s in which a hold must be freed after its deadline.
	expireEvery = 5 * time.Second
	purgeEvery  = time.Hour
)

// Config is what can be chosen.
type Config struct {
	DB database.Config
	// MaxParcels of an order that does not say; 0: the default of 5.
	MaxParcels int
	// LocalRadiusM is how far local delivery goes; 0: the default of 20 km.
	LocalRadiusM int64
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	// PageSecret is the key of page tokens.
	PageSecret []byte
}

// Center is the inventory center of one process.
type Center struct {
	db      *database.DB
	deps    Deps
	store   *data.Store
	service *service.Inventory
	branch  *service.Branch
	bounds  *prometheus.CounterVec
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	strategy, err := c.strategy()
	if err != nil {
		return nil, err
	}
	if d.Observe == nil || len(d.PageSecret) == 0 {
		return nil, errors.New("inventory: observer and page secret are required")
	}
	if c.DB.Name == "" {
		c.DB.Name = "inventory"
	}
	db, err := database.Open(ctx, c.DB)
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	bounds := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "onepool_inventory_bound_hits_total", Help: "How often a search or a run stopped at its bound.",
	}, []string{"bound"})
	if err := d.Observe.Register(append(db.Collectors(), bounds)...); err != nil {
		return nil, errors.Join(fmt.Errorf("inventory: metrics: %w", err), db.Close())
	}
	store := data.New(db, d.PageSecret)
	hit := func(bound string) { bounds.WithLabelValues(bound).Inc() }
	return &Center{db: db, deps: d, store: store, bounds: bounds, service: service.New(db, store, strategy, hit), branch: service.NewBranch(db, store, d.Observe.Log())}, nil
}

// strategy checks the configuration; an error names the key.
func (c Config) strategy() (biz.Strategy, error) {
	s := biz.NearThenSplit()
	switch {
	case c.MaxParcels < 0 || c.MaxParcels > 200:
		return s, fmt.Errorf("inventory: max_parcels is %d, must be between 0 and 200", c.MaxParcels)
	case c.LocalRadiusM < 0:
		return s, fmt.Errorf("inventory: local_radius_m is %d, must not be negative", c.LocalRadiusM)
	}
	if c.MaxParcels > 0 {
		s.MaxParcels = c.MaxParcels
	}
	if c.LocalRadiusM > 0 {
		s.LocalRadiusM = c.LocalRadiusM
	}
	return s, nil
}

// Migrate brings the tables up to date.
func (c *Center) Migrate(ctx context.Context) error {
	return migrate.Apply(ctx, c.db, migrations.Files)
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	inventoryv1.RegisterInventoryServer(r.GRPC, c.service)
	if r.HTTP != nil {
		inventoryv1.RegisterInventoryHTTPServer(r.HTTP, c.service)
	}
	inventoryv1.RegisterInventoryBranchServer(r.Branch, c.branch)
	r.Ready("inventory", c.Ready)
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	return []func(context.Context) error{
		every(expireEvery, c.expire, c.report("free expired holds")),
		every(purgeEvery, c.purge, c.report("purge answers")),
	}
}

// expire frees what was held past its deadline. Several replicas may do so at once.
func (c *Center) expire(ctx context.Context) error {
	ctx = tenancy.WithService(ctx, "inventory-expiry")
	_, err := biz.Expire{Due: c.store, Writer: c.store, InTx: c.db.InTx, NowUS: c.db.Now, Hit: func(bound string) { c.bounds.WithLabelValues(bound).Inc() }}.Run(ctx)
	return err
}

func (c *Center) purge(ctx context.Context) error {
	_, err := command.Purge(ctx, c.db, 0)
	_, berr := barrier.Purge(ctx, c.db, 0)
	return errors.Join(err, berr)
}

func (c *Center) report(what string) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		c.deps.Observe.Log().ErrorContext(ctx, what, "center", "inventory", "error", err)
	}
}

// every is a worker that does fn at each interval, also after an error.
func every(interval time.Duration, fn func(context.Context) error, report func(context.Context, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			if err := fn(ctx); err != nil && ctx.Err() == nil {
				report(ctx, err)
			}
		}
	}
}

// Ready says whether the database answers.
func (c *Center) Ready(ctx context.Context) error {
	var one int
	return c.db.Conn(ctx).QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Close ends the connections.
func (c *Center) Close() error { return c.db.Close() }

// Package product is the door of the product center (商品中心): what is sold, under which code, at which list price.
//
// Always true: everybody reads the same catalogue; headquarters alone writes it.
package product

import (
	"context"
	"errors"
	"fmt"
	"time"

	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/product/internal/data"
	"github.com/onepool/onepool/app/product/internal/data/migrations"
	"github.com/onepool/onepool/app/product/internal/service"
)

// purgeEvery is how often answers past their retention are removed.
const purgeEvery = time.Hour

// Config is what can be chosen.
type Config struct {
	DB database.Config
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	// PageSecret is the key of page tokens.
	PageSecret []byte
}

// Center is the product center of one process.
type Center struct {
	db      *database.DB
	deps    Deps
	service *service.Product
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	if d.Observe == nil || len(d.PageSecret) == 0 {
		return nil, errors.New("product: observer and page secret are required")
	}
	if c.DB.Name == "" {
		c.DB.Name = "product"
	}
	db, err := database.Open(ctx, c.DB)
	if err != nil {
		return nil, fmt.Errorf("product: %w", err)
	}
	if err := d.Observe.Register(db.Collectors()...); err != nil {
		return nil, errors.Join(fmt.Errorf("product: metrics: %w", err), db.Close())
	}
	return &Center{db: db, deps: d, service: service.New(db, data.NewCatalogue(db), d.PageSecret)}, nil
}

// Migrate brings the tables up to date.
func (c *Center) Migrate(ctx context.Context) error {
	return migrate.Apply(ctx, c.db, migrations.Files)
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	productv1.RegisterProductServer(r.GRPC, c.service)
	if r.HTTP != nil {
		productv1.RegisterProductHTTPServer(r.HTTP, c.service)
	}
	r.Ready("product", c.Ready)
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	return []func(context.Context) error{c.purge}
}

func (c *Center) purge(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := command.Purge(ctx, c.db, 0); err != nil && ctx.Err() == nil {
			c.deps.Observe.Log().ErrorContext(ctx, "purge answers", "center", "product", "error", err)
		}
	}
}

// Ready says whether the database answers.
func (c *Center) Ready(ctx context.Context) error {
	_, err := c.db.Now(ctx)
	if err != nil {
		return err
	}
	var one int
	return c.db.Conn(ctx).QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Close ends the connections.
func (c *Center) Close() error { return c.db.Close() }

// Package product is the door of the product center (商品中心): what is sold, under which code, at which list price.
//
// Always true: everybody reads the same catalogue; headquarters alone writes it.
package product

import (
	"context"
	"errors"
	"time"

	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/center"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/product/internal/data"
	"github.com/onepool/onepool/app/product/internal/data/migrations"
	"github.com/onepool/onepool/app/product/internal/service"
)

const name = "product"

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
	*center.Frame
	service *service.Product
	prices  *service.PriceLists
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	if d.Observe == nil || len(d.PageSecret) == 0 {
		return nil, errors.New("product: observer and page secret are required")
	}
	frame, err := center.Open(ctx, center.Config{Name: name, DB: c.DB, Migrations: migrations.Files}, d.Observe)
	if err != nil {
		return nil, err
	}
	return &Center{Frame: frame, service: service.New(frame.DB(), data.NewCatalogue(frame.DB()), d.PageSecret),
		prices: service.NewPriceLists(frame.DB(), data.NewPriceLists(frame.DB(), time.Now), d.PageSecret)}, nil
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	productv1.RegisterProductServer(r.GRPC, c.service)
	productv1.RegisterPriceListsServer(r.GRPC, c.prices)
	if r.HTTP != nil {
		productv1.RegisterPriceListsHTTPServer(r.HTTP, c.prices)
		productv1.RegisterProductHTTPServer(r.HTTP, c.service)
	}
}

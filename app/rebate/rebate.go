// Package rebate is the door of the rebate center (返利中心): who earns on an order, what the parties owe each other, and the
// books that prove it.
package rebate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/rebate/internal/data"
	"github.com/onepool/onepool/app/rebate/internal/data/migrations"
	"github.com/onepool/onepool/app/rebate/internal/service"
)

const (
	name = "rebate"
	// purgeEvery is how often answers and barriers past their retention are removed.
	purgeEvery = time.Hour
	// defaultTimezone is where the months of a Chinese brand begin.
	defaultTimezone = "Asia/Shanghai"
)

// Config is what can be chosen.
type Config struct {
	DB database.Config
	// Timezone is where the brand's months begin, an IANA name.
	Timezone string
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	// PageSecret is the key of page tokens.
	PageSecret []byte
}

// Center is the rebate center of one process.
type Center struct {
	db      *database.DB
	deps    Deps
	service *service.Rebate
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	if d.Observe == nil || len(d.PageSecret) == 0 {
		return nil, errors.New("rebate: observer and page secret are required")
	}
	if c.DB.Name == "" {
		c.DB.Name = name
	}
	if c.Timezone == "" {
		c.Timezone = defaultTimezone
	}
	zone, err := clock.Zone(c.Timezone)
	if err != nil {
		return nil, fmt.Errorf("rebate: timezone: %w", err)
	}
	db, err := database.Open(ctx, c.DB)
	if err != nil {
		return nil, fmt.Errorf("rebate: %w", err)
	}
	if err := d.Observe.Register(db.Collectors()...); err != nil {
		return nil, errors.Join(fmt.Errorf("rebate: metrics: %w", err), db.Close())
	}
	return &Center{db: db, deps: d, service: service.New(db, data.NewLedger(db), zone, d.PageSecret)}, nil
}

// Migrate brings the tables up to date.
func (c *Center) Migrate(ctx context.Context) error {
	return migrate.Apply(ctx, c.db, migrations.Files)
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	rebatev1.RegisterRebateServer(r.GRPC, c.service)
	if r.HTTP != nil {
		rebatev1.RegisterRebateHTTPServer(r.HTTP, c.service)
	}
	r.Raw(http.MethodGet, service.DownloadPath, service.DownloadOperation, c.service.Download)
	rebatev1.RegisterRebateBranchServer(r.Branch, service.NewBranch(c.service))
	r.Ready(name, c.Ready)
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	return []func(context.Context) error{c.purge}
}

func (c *Center) purge(ctx context.Context) error {
	ctx = tenancy.WithService(ctx, name)
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		_, commands := command.Purge(ctx, c.db, 0)
		_, barriers := barrier.Purge(ctx, c.db, 0)
		if err := errors.Join(commands, barriers); err != nil && ctx.Err() == nil {
			c.deps.Observe.Log().ErrorContext(ctx, "purge", "center", name, "error", err)
		}
	}
}

// Ready says whether the database answers.
func (c *Center) Ready(ctx context.Context) error { return c.db.Ping(ctx) }

// Close ends the connections.
func (c *Center) Close() error { return c.db.Close() }

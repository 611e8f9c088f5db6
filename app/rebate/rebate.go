// Package rebate is the door of the rebate center (返利中心): who earns on an order, what the parties owe each other, and the
// books that prove it.
package rebate

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/center"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/rebate/internal/data"
	"github.com/onepool/onepool/app/rebate/internal/data/migrations"
	"github.com/onepool/onepool/app/rebate/internal/service"
)

const (
	name = "rebate"
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
	*center.Frame
	service *service.Rebate
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	if d.Observe == nil || len(d.PageSecret) == 0 {
		return nil, errors.New("rebate: observer and page secret are required")
	}
	if c.Timezone == "" {
		c.Timezone = defaultTimezone
	}
	zone, err := clock.Zone(c.Timezone)
	if err != nil {
		return nil, fmt.Errorf("rebate: timezone: %w", err)
	}
	frame, err := center.Open(ctx, center.Config{Name: name, DB: c.DB, Migrations: migrations.Files}, d.Observe)
	if err != nil {
		return nil, err
	}
	return &Center{Frame: frame, service: service.New(frame.DB(), data.NewLedger(frame.DB()), zone, d.PageSecret)}, nil
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	rebatev1.RegisterRebateServer(r.GRPC, c.service)
	if r.HTTP != nil {
		rebatev1.RegisterRebateHTTPServer(r.HTTP, c.service)
	}
	r.Raw(http.MethodGet, service.DownloadPath, service.DownloadOperation, c.service.Download)
	rebatev1.RegisterRebateBranchServer(r.Branch, service.NewBranch(c.service))
}

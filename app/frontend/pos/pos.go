// Package pos is the door of the point of sale: what a till of a store does.
//
// Always true: everything acts for the store of the device key, never for one that a request names.
package pos

import (
	"context"

	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	"github.com/onepool/onepool/app/frontend/pos/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Frontend is the pos frontend of one process. It has no database: what it needs it asks of the centers.
type Frontend struct{ service *service.Pos }

// Door opens the frontend in a process.
func Door() process.Door {
	return process.Door{Name: "pos", Open: func(_ context.Context, d process.Deps) (process.Module, error) {
		return &Frontend{service: service.New(d.Dial)}, nil
	}}
}

// Migrate has nothing to do.
func (*Frontend) Migrate(context.Context) error { return nil }

// Register puts the service on the process's servers.
func (f *Frontend) Register(r *server.Registrar) {
	posv1.RegisterPosServer(r.GRPC, f.service)
	if r.HTTP != nil {
		posv1.RegisterPosHTTPServer(r.HTTP, f.service)
	}
}

// Workers are none.
func (*Frontend) Workers() []func(context.Context) error { return nil }

// Close has nothing to close.
func (*Frontend) Close() error { return nil }

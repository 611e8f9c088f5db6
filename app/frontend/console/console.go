// Package console is the door of the operations console: what looks over all centers at once.
//
// Always true: a center that cannot be asked is an error, never a missing row.
package console

import (
	"context"

	consolev1 "github.com/onepool/onepool/api/frontend/console/v1"
	"github.com/onepool/onepool/app/frontend/console/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Frontend is the console frontend of one process. It has no database: what it needs it asks of the centers.
type Frontend struct{ service *service.Console }

// Door opens the frontend in a process.
func Door() process.Door {
	return process.Door{Name: "console", Open: func(_ context.Context, d process.Deps) (process.Module, error) {
		return &Frontend{service: service.New(d.Dial)}, nil
	}}
}

// Migrate has nothing to do.
func (*Frontend) Migrate(context.Context) error { return nil }

// Register puts the service on the process's servers.
func (f *Frontend) Register(r *server.Registrar) {
	consolev1.RegisterConsoleServer(r.GRPC, f.service)
	if r.HTTP != nil {
		consolev1.RegisterConsoleHTTPServer(r.HTTP, f.service)
	}
}

// Workers are none.
func (*Frontend) Workers() []func(context.Context) error { return nil }

// Close has nothing to close.
func (*Frontend) Close() error { return nil }

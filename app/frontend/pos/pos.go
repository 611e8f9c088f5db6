// Package pos is the door of the point of sale: what a till of a store does.
//
// Always true: everything acts for the store of the device key, never for one that a request names.
package pos

import (
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	"github.com/onepool/onepool/app/frontend/pos/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Door opens the frontend in a process. It has no database: what it needs it asks of the centers.
func Door() process.Door {
	return process.Frontend("pos", func(d process.Deps, r *server.Registrar) {
		s := service.New(d.Dial)
		posv1.RegisterPosServer(r.GRPC, s)
		returns := service.NewReturns(d.Dial)
		posv1.RegisterPosReturnsServer(r.GRPC, returns)
		if r.HTTP != nil {
			posv1.RegisterPosHTTPServer(r.HTTP, s)
			posv1.RegisterPosReturnsHTTPServer(r.HTTP, returns)
		}
	})
}

// Package console is the door of the operations console: what looks over all centers at once.
//
// Always true: a center that cannot be asked is an error, never a missing row.
package console

import (
	consolev1 "github.com/onepool/onepool/api/frontend/console/v1"
	"github.com/onepool/onepool/app/frontend/console/internal/service"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

// Door opens the frontend in a process. It has no database: what it needs it asks of the centers.
func Door() process.Door {
	return process.Frontend("console", func(d process.Deps, r *server.Registrar) {
		s := service.New(d.Dial)
		consolev1.RegisterConsoleServer(r.GRPC, s)
		if r.HTTP != nil {
			consolev1.RegisterConsoleHTTPServer(r.HTTP, s)
		}
	})
}

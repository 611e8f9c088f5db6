// Package about answers what the platform says of itself: version, addresses, and what a client must know to try it.
package about

import (
	"encoding/json"
	"net/http"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/internal/version"
)

const operation = "about"

// About is the answer of GET /v1/about. Nothing in it is secret: it is open to everybody.
type About struct {
	Version string `json:"version"`
	// GRPC is the host:port of gRPC.
	GRPC string `json:"grpc"`
	// Sandbox says that payments and text messages are sandboxes.
	Sandbox       bool  `json:"sandbox"`
	ReturnWindowS int64 `json:"return_window_s"`
}

// Door opens the module.
func Door() process.Door {
	return process.Frontend("about", func(d process.Deps, r *server.Registrar) {
		r.Open(operation)
		r.Raw(http.MethodGet, "/v1/about", operation, func(w http.ResponseWriter, _ *http.Request) error {
			c := d.Config
			w.Header().Set("Content-Type", "application/json")
			return json.NewEncoder(w).Encode(About{
				Version: version.Get().Version, GRPC: d.GRPCAddr(), Sandbox: c.Sandbox.Payments && c.Sandbox.Sms, ReturnWindowS: c.Trade.ReturnWindowS,
			})
		})
	})
}

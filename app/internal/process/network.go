package process

import (
	"github.com/go-kratos/kratos/v2/registry"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/server"
)

// newNetwork is how centers of other processes are found, and where this process announces itself.
func newNetwork(c *conf.Config) (*server.Network, registry.Registrar, error) {
	switch c.Discovery.Mode {
	case "static":
		peers := map[string]server.Peer{}
		for center, address := range c.Discovery.Grpc {
			peers[center] = server.Peer{GRPC: address, HTTP: "http://" + c.Discovery.Http[center]}
		}
		return server.NewNetwork(server.NetworkConfig{Static: peers}), nil, nil
	case "consul":
		consul, err := server.Consul(c.Discovery.Consul)
		if err != nil {
			return nil, nil, err
		}
		return server.NewNetwork(server.NetworkConfig{Discovery: consul}), consul, nil
	}
	return server.NewNetwork(server.NetworkConfig{}), nil, nil
}

//go:build tools

// Package consul pins the version of the Consul server that `make tools-consul` builds.
package consul

import _ "github.com/hashicorp/consul"

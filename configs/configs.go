// Package configs holds the default configuration and the demo brand, embedded in the binary.
package configs

import "embed"

// Default is the configuration that a file, the environment and flags are laid over.
//
//go:embed onepool.yaml
var Default []byte

// DemoOverlay is what --demo lays over the default: the sandbox is on, and time runs fast.
//
//go:embed demo.yaml
var DemoOverlay []byte

// Demo is the demo brand as CSV files: demo/*.csv and demo/*.json.
//
//go:embed demo/*.csv demo/*.json
var Demo embed.FS

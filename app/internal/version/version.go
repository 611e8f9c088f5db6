// Package version says which build is running.
package version

import (
	"fmt"
	"runtime"
)

// Set by the linker: -X github.com/onepool/onepool/app/internal/version.number=... and .commit=...
var (
	number = "0.1.0-dev"
	commit = "unknown"
)

// Info is a build's identity.
type Info struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// Get is the identity of this build.
func Get() Info { return Info{Version: number, Commit: commit, Go: runtime.Version()} }

func (i Info) String() string { return fmt.Sprintf("onepool %s (%s, %s)", i.Version, i.Commit, i.Go) }

//go:build !unix

package coordinator

import "os/exec"

func detach(*exec.Cmd) {}

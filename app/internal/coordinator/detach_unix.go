//go:build unix

package coordinator

import (
	"os/exec"
	"syscall"
)

// detach keeps a terminal's interrupt from the child: it must outlast our own orderly end.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

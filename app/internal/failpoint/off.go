//go:build !failpoint

package failpoint

import "errors"

// Enabled tells whether the binary carries the hooks.
const Enabled = false

// Hit does nothing in this build.
func Hit(string) error { return nil }

// Arm is refused in this build.
func Arm(string) (disarm func(), err error) {
	return nil, errors.New("failpoint: build with -tags failpoint to arm points")
}

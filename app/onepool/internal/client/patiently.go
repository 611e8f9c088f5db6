package client

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
)

const (
	attempts  = 6
	firstWait = 200 * time.Millisecond
)

// Patiently repeats a call whose outcome is unknown or that was told to come later: a bounded number of times. The call has
// the same request id each time.
func Patiently(ctx context.Context, call func() error) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := call()
		if err == nil || attempt == attempts || !passing(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait *= 2
		}
	}
}

func passing(err error) bool {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	code := kerrors.Code(err)
	return code == 429 || code == 503 || code == 504
}

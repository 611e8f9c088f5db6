package server

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
)

// sharedConn is a connection that is opened at its first use. Whoever needs it meanwhile waits for the same attempt, at
// most as long as its own context; the attempt ends after dialTimeout. A failure is not kept: the next use tries again.
type sharedConn struct {
	flight singleflight.Group

	mu   sync.Mutex
	conn *grpc.ClientConn
}

func (s *sharedConn) get(ctx context.Context, connect func(ctx context.Context) (*grpc.ClientConn, error)) (*grpc.ClientConn, error) {
	if conn := s.known(); conn != nil {
		return conn, nil
	}
	attempt := s.flight.DoChan("", func() (any, error) {
		if conn := s.known(); conn != nil {
			return conn, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
		defer cancel()
		conn, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conn = conn
		return conn, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-attempt:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*grpc.ClientConn), nil
	}
}

func (s *sharedConn) known() *grpc.ClientConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

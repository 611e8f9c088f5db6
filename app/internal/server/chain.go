package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/observe"
)

// chain is the one order of things for every request. Tenancy is authentication's result (tenancy.Principal in the
// context), applied where rows are; the deadline is set by the transport before the chain.
func chain(name string, slots int, o *observe.Observer, auth *authn.Authenticator, v *validation) []middleware.Middleware {
	return []middleware.Middleware{
		public(),
		o.ServerTracing(),
		o.ServerMetrics(),
		o.ServerLogging(),
		recovery(),
		limit(name, slots, o),
		auth.Middleware(),
		decoded(),
		v.middleware(),
	}
}

// branchChain is the chain of calls by the coordinator. Who calls is proven by a MAC that an interceptor of package saga
// checks; load is not shed, because the coordinator would only come again later.
func branchChain(o *observe.Observer) []middleware.Middleware {
	return []middleware.Middleware{
		branchEdge(),
		o.ServerTracing(),
		o.ServerMetrics(),
		o.ServerLogging(),
		recovery(),
		decoded(),
	}
}

// public is outermost: whatever went wrong inside leaves as fault.Public says.
func public() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			reply, err := next(ctx, req)
			if err == nil {
				return reply, nil
			}
			pub := errors.FromError(fault.Public(err))
			if s := fault.RetryAfterS(pub); s > 0 {
				if tr, ok := transport.FromServerContext(ctx); ok {
					tr.ReplyHeader().Set("Retry-After", strconv.FormatInt(s, 10))
				}
			}
			if tr, ok := transport.FromServerContext(ctx); ok && tr.Kind() == transport.KindGRPC && pub.Code == http.StatusRequestEntityTooLarge {
				// Kratos has no gRPC code for 413.
				p := pub.GRPCStatus().Proto()
				p.Code = int32(codes.ResourceExhausted)
				return nil, status.FromProto(p).Err()
			}
			return nil, pub
		}
	}
}

// branchEdge makes sure that the coordinator never sees an unmapped error: a handler that forgot fault.Branch must not
// roll a transaction back by the code that a client's error happens to have.
func branchEdge() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			reply, err := next(ctx, req)
			if err == nil {
				return reply, nil
			}
			if _, unmapped := err.(*errors.Error); !unmapped {
				if s, ok := status.FromError(err); ok && s.Code() != codes.Unknown {
					return nil, err
				}
			}
			if mapped := fault.Branch(fault.Action, err); status.Code(mapped) == codes.FailedPrecondition {
				return nil, mapped
			}
			return nil, status.Error(codes.Unavailable, errors.Reason(fault.Public(err)))
		}
	}
}

// panicked is the cause of an error that a panic became.
type panicked struct {
	value any
	stack string
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// recovery turns a panic into an error of ours, with the stack for the log and without the request.
func recovery() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (reply any, err error) {
			defer func() {
				if r := recover(); r != nil {
					buf := make([]byte, 16<<10)
					err = fault.Internal().WithCause(panicked{r, string(buf[:runtime.Stack(buf, false)])})
				}
			}()
			return next(ctx, req)
		}
	}
}

// limit sheds what is above slots at once: a queue would only make everybody late.
func limit(name string, slots int, o *observe.Observer) middleware.Middleware {
	sem := make(chan struct{}, slots)
	inFlight, shed := o.InFlight(name), o.Shed(name)
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			if tr, ok := transport.FromServerContext(ctx); ok && unlimited[tr.Operation()] {
				return next(ctx, req)
			}
			select {
			case sem <- struct{}{}:
			default:
				shed.Inc()
				return nil, fault.RateLimited(1)
			}
			inFlight.Inc()
			// Deferred: a panic gives its slot back too.
			defer func() { <-sem; inFlight.Dec() }()
			return next(ctx, req)
		}
	}
}

// unlimited operations answer also when the server is full: a full server is not a dead one.
var unlimited = map[string]bool{opHealthz: true, opReadyz: true, opMetrics: true, opHealthCheck: true}

// verdict is what a decoder found wrong. Kratos decodes before the chain runs; the verdict waits in the context until the
// chain has found out who asks.
type verdict struct {
	mu  sync.Mutex
	err error
}

type verdictKey struct{}

func withVerdict(ctx context.Context) context.Context {
	return context.WithValue(ctx, verdictKey{}, new(verdict))
}

// postpone keeps the first error for the chain; where no verdict is expected it is returned at once.
func postpone(ctx context.Context, err error) error {
	v, ok := ctx.Value(verdictKey{}).(*verdict)
	if !ok || err == nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil {
		v.err = err
	}
	return nil
}

func decoded() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			if v, ok := ctx.Value(verdictKey{}).(*verdict); ok {
				v.mu.Lock()
				err := v.err
				v.mu.Unlock()
				if err != nil {
					return nil, err
				}
			}
			return next(ctx, req)
		}
	}
}

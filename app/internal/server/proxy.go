package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/observe"
)

// Route says which center answers a path or a gRPC package.
type Route struct {
	// Paths are prefixes with a slash at the end ("/v1/order/", "/m/v1/").
	Paths []string
	// Package of its services ("onepool.order.").
	Package string
	Center  string
}

// CenterRoutes are the routes of centers by the rule that all follow: /v1/<center>/ and onepool.<center>.
func CenterRoutes(centers ...string) []Route {
	routes := make([]Route, len(centers))
	for i, c := range centers {
		routes[i] = Route{Paths: []string{"/v1/" + c + "/"}, Package: "onepool." + c + ".", Center: c}
	}
	return routes
}

// Proxy passes requests on to the centers, unchanged, credentials included: each center authenticates for itself. It is
// the edge of an installation in several processes.
type Proxy struct {
	network *Network
	routes  []Route
	observe *observe.Observer
	slots   chan struct{}
	reverse *httputil.ReverseProxy

	conns map[string]*sharedConn // one a center, fixed
}

// NewProxy returns a proxy that works on at most maxConcurrent requests at once.
func NewProxy(n *Network, routes []Route, maxConcurrent int, o *observe.Observer) *Proxy {
	if maxConcurrent <= 0 {
		maxConcurrent = defaultMaxConcurrent
	}
	p := &Proxy{network: n, routes: routes, observe: o, slots: make(chan struct{}, maxConcurrent), conns: map[string]*sharedConn{}}
	for _, r := range routes {
		p.conns[r.Center] = new(sharedConn)
	}
	p.reverse = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			target, _ := r.In.Context().Value(targetKey{}).(*url.URL)
			r.SetURL(target)
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConns: 256, MaxIdleConnsPerHost: 64, MaxConnsPerHost: maxConcurrent, IdleConnTimeout: time.Minute,
			ResponseHeaderTimeout: proxyTimeout, DisableCompression: true,
		},
		ErrorLog: slog.NewLogLogger(o.Log().Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if _, is := errors.AsType[*http.MaxBytesError](err); is { // it was not the center that failed
				encodeError(w, r, err)
				return
			}
			o.Log().WarnContext(r.Context(), "center did not answer", "error", err)
			encodeError(w, r, fault.Unavailable().WithCause(err))
		},
	}
	return p
}

// proxyTimeout is above every center's own: the center's answer counts.
const proxyTimeout = time.Minute

type targetKey struct{}

func (p *Proxy) acquire() bool {
	select {
	case p.slots <- struct{}{}:
		return true
	default:
		p.observe.Shed("proxy").Inc()
		return false
	}
}

func (p *Proxy) release() { <-p.slots }

// httpHandler passes on what a center answers, the rest goes to notFound.
func (p *Proxy) httpHandler(notFound http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		center := p.centerOfPath(r.URL.Path)
		if center == "" {
			notFound.ServeHTTP(w, r)
			return
		}
		if !p.acquire() {
			encodeError(w, r, fault.RateLimited(1))
			return
		}
		defer p.release()
		target, err := p.network.peers.pick(r.Context(), center)
		if err != nil {
			p.observe.Log().WarnContext(r.Context(), "center not found", "error", err)
			encodeError(w, r, fault.Unavailable().WithCause(err))
			return
		}
		// A center's answer may be a long one: its parts have a deadline, the whole has none.
		p.reverse.ServeHTTP(&streamWriter{ResponseWriter: w}, r.WithContext(context.WithValue(r.Context(), targetKey{}, target)))
	})
}

func (p *Proxy) centerOfPath(path string) string {
	for _, r := range p.routes {
		for _, prefix := range r.Paths {
			if strings.HasPrefix(path, prefix) {
				return r.Center
			}
		}
	}
	return ""
}

func (p *Proxy) centerOfMethod(method string) string {
	name := strings.TrimPrefix(method, "/")
	for _, r := range p.routes {
		if r.Package != "" && strings.HasPrefix(name, r.Package) {
			return r.Center
		}
	}
	return ""
}

func (p *Proxy) routesMethod(method string) bool { return p.centerOfMethod(method) != "" }

// serveGRPC passes one unary call on without knowing its messages.
func (p *Proxy) serveGRPC(_ any, ss grpc.ServerStream) error {
	method, ok := grpc.MethodFromServerStream(ss)
	center := p.centerOfMethod(method)
	if !ok || center == "" {
		return status.Error(codes.Unimplemented, "unknown method")
	}
	if !p.acquire() {
		return fault.RateLimited(1)
	}
	defer p.release()
	ctx, cancel := context.WithTimeout(ss.Context(), proxyTimeout)
	defer cancel()
	var in, out frame
	if err := ss.RecvMsg(&in); err != nil {
		return err
	}
	conn, err := p.conn(ctx, center)
	if err != nil {
		return fault.Unavailable().WithCause(err)
	}
	var header, trailer metadata.MD
	err = conn.Invoke(metadata.NewOutgoingContext(ctx, passedOn(ss.Context())), method, &in, &out,
		grpc.ForceCodecV2(wireCodec{}), grpc.Header(&header), grpc.Trailer(&trailer))
	_ = ss.SetHeader(header)
	ss.SetTrailer(trailer)
	if err != nil {
		if s, ok := status.FromError(err); ok && len(s.Details()) > 0 {
			return err // the center's own answer
		}
		return fault.Public(err)
	}
	return ss.SendMsg(&out)
}

// passedOn is the caller's metadata without what belongs to the connection.
func passedOn(ctx context.Context) metadata.MD {
	in, _ := metadata.FromIncomingContext(ctx)
	out := metadata.MD{}
	for k, v := range in {
		if strings.HasPrefix(k, ":") || strings.HasPrefix(k, "grpc-") || k == "content-type" || k == "user-agent" || k == "te" {
			continue
		}
		out[k] = v
	}
	return out
}

func (p *Proxy) conn(ctx context.Context, center string) (*grpc.ClientConn, error) {
	return p.conns[center].get(ctx, func(ctx context.Context) (*grpc.ClientConn, error) {
		return p.network.connect(ctx, center, proxyTimeout, nil)
	})
}

package server

import (
	"context"
	"errors"
	"net/http"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc"
)

// Registrar is what a center's door gets to register its services. HTTP is nil in a process without HTTP; use the
// generated Register...HTTPServer only when it is there, or let Serve decide.
type Registrar struct {
	// HTTP for the generated Register...HTTPServer.
	HTTP *khttp.Server
	// GRPC is public gRPC and the one between centers, at once.
	GRPC grpc.ServiceRegistrar
	// Branch is for the transaction coordinator.
	Branch grpc.ServiceRegistrar

	servers *Servers
}

// Registrar returns the way to register services; all must be registered before Run.
func (s *Servers) Registrar() *Registrar {
	both := checkedRegistrar{s.inside}
	if s.grpc != nil {
		both = append(both, s.grpc)
	}
	branch := checkedRegistrar{}
	if s.branch != nil {
		branch = append(branch, s.branch)
	}
	return &Registrar{HTTP: s.http, GRPC: both, Branch: branch, servers: s}
}

// Open registers operations that need no credentials, by their full name ("/onepool.member.v1.Member/SignIn"; for raw
// routes the operation given to Raw).
func (r *Registrar) Open(operations ...string) { r.servers.deps.Auth.Open(operations...) }

// Ready adds a check to /readyz and gRPC health. A check gets 2 s.
func (r *Registrar) Ready(name string, fn func(context.Context) error) {
	r.servers.mu.Lock()
	defer r.servers.mu.Unlock()
	r.servers.checks = append(r.servers.checks, check{name, fn})
}

// RawHandler answers a request that is no message: a download, a callback whose raw bytes are signed. The request's
// context is the chain's: caller, deadline, trace. Variables of the path are in mux.Vars. An error becomes the error body,
// unless something was written already.
type RawHandler func(w http.ResponseWriter, r *http.Request) error

// Raw registers a raw route with the whole chain around it. operation is its name in metrics, logs, and Open.
func (r *Registrar) Raw(method, path, operation string, h RawHandler) {
	if r.HTTP != nil {
		r.servers.raw(method, path, operation, h)
	}
}

// errAfterWrite is for the log: the reply had begun, nothing else can be told to the client.
var errAfterWrite = errors.New("failed after the reply had begun")

func (s *Servers) raw(method, path, operation string, h RawHandler) {
	s.http.Route("/").Handle(method, path, func(kctx khttp.Context) error {
		req := kctx.Request()
		khttp.SetOperation(req.Context(), operation)
		w := &countingWriter{ResponseWriter: kctx.Response()}
		_, err := kctx.Middleware(func(ctx context.Context, _ any) (any, error) {
			if err := h(w, req.WithContext(ctx)); err != nil {
				if w.began {
					return nil, errors.Join(errAfterWrite, err)
				}
				return nil, err
			}
			return nil, nil
		})(req.Context(), nil)
		if w.began {
			return nil // logged by the chain
		}
		return err
	})
}

type countingWriter struct {
	http.ResponseWriter
	began bool
}

func (w *countingWriter) WriteHeader(code int) {
	w.began = true
	w.ResponseWriter.WriteHeader(code)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.began = true
	return w.ResponseWriter.Write(b)
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

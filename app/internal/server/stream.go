package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/protobuf/proto"
)

// StreamPatience is how long a client of a long answer may take none of it.
const StreamPatience = 30 * time.Second

// StreamHandler writes an answer of any length. req is what the query said, checked. The request's context has no deadline:
// it ends when the client leaves. An error becomes the error body; if something was written already, the connection breaks, so
// that nobody takes a part for the whole.
type StreamHandler func(w http.ResponseWriter, r *http.Request, req proto.Message) error

// Stream registers a download that may take longer than a request has, with the whole chain around it. request makes the empty
// message that the query's parameters fill. operation is its name in metrics, logs, and Open.
func (r *Registrar) Stream(path, operation string, request func() proto.Message, h StreamHandler) {
	if r.HTTP != nil {
		r.servers.stream(path, operation, request, h)
	}
}

func (s *Servers) stream(path, operation string, request func() proto.Message, h StreamHandler) {
	s.http.Route("/").Handle(http.MethodGet, path, func(kctx khttp.Context) error {
		req := kctx.Request()
		khttp.SetOperation(req.Context(), operation)
		in := request()
		if err := decodeQuery(req, in); err != nil {
			return err
		}
		w := &streamWriter{ResponseWriter: kctx.Response()}
		_, err := kctx.Middleware(func(ctx context.Context, _ any) (any, error) {
			ctx, leave := whileConnected(ctx)
			defer leave()
			if err := h(w, req.WithContext(ctx), in); err != nil {
				if w.began {
					return nil, errors.Join(errAfterWrite, err)
				}
				return nil, err
			}
			return nil, nil
		})(req.Context(), in)
		if err != nil && w.began { // logged by the chain
			panic(http.ErrAbortHandler)
		}
		return err
	})
}

type connectionKey struct{}

// withConnection remembers the context that ends with the client's connection, and has no other deadline.
func withConnection(ctx, connection context.Context) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection)
}

// whileConnected has what ctx knows, and ends with the connection only.
func whileConnected(ctx context.Context) (context.Context, context.CancelFunc) {
	connection, ok := ctx.Value(connectionKey{}).(context.Context)
	if !ok {
		return context.WithCancel(ctx)
	}
	free, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(connection, cancel)
	return free, func() { stop(); cancel() }
}

// streamWriter gives each part of an answer its time: a client that reads on is served to the end.
type streamWriter struct {
	http.ResponseWriter
	began bool
}

func (w *streamWriter) patient() error {
	err := http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(StreamPatience))
	if errors.Is(err, http.ErrNotSupported) { // it has no deadline then
		return nil
	}
	return err
}

func (w *streamWriter) WriteHeader(code int) {
	w.began = true
	w.ResponseWriter.WriteHeader(code)
}

func (w *streamWriter) Write(b []byte) (int, error) {
	w.began = true
	if err := w.patient(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController looks for.
func (w *streamWriter) FlushError() error {
	w.began = true
	if err := w.patient(); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *streamWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

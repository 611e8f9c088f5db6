package server

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/observe"
)

// get begins a download; the caller reads it.
func (h *house) get(t *testing.T, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.HTTPURL()+path, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+h.token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func next(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func locations() proto.Message { return &inventoryv1.ListLocationsRequest{} }

// A download outlives the deadline of requests, also through the edge, and its parts arrive when they are written.
func TestALongAnswerHasNoDeadline(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.Timeout = time.Millisecond })
	scripts, gone := make(chan chan string, 1), make(chan struct{})
	script := func(first string) chan string { // what the next download writes
		parts := make(chan string, 1)
		parts <- first
		scripts <- parts
		return parts
	}
	r := h.Registrar()
	r.Stream("/v1/inventory/export", "export", locations, func(w http.ResponseWriter, r *http.Request, req proto.Message) error {
		if _, limited := r.Context().Deadline(); limited {
			return errors.New("a deadline")
		}
		w.Header().Set("Trailer", "X-Parts")
		for part := range <-scripts {
			if part == "fail" {
				return errors.New("disk /srv/secret")
			}
			if _, err := io.WriteString(w, part); err != nil {
				return err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
		}
		w.Header().Set("X-Parts", req.(*inventoryv1.ListLocationsRequest).GetKind().String())
		return nil
	})
	r.Stream("/v1/inventory/leave", "leave", locations, func(w http.ResponseWriter, r *http.Request, _ proto.Message) error {
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
		<-r.Context().Done()
		close(gone)
		return r.Context().Err()
	})
	r.Raw("GET", "/v1/inventory/wait", "wait", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	})
	obs, err := observe.New(t.Context(), observe.Config{}, &safeBuffer{})
	require.NoError(t, err)
	n := h.network(t, NetworkConfig{Static: map[string]Peer{"inventory": {GRPC: h.GRPCAddr(), HTTP: h.HTTPURL()}}})
	edge := startEdge(t, h, NewProxy(n, CenterRoutes("inventory"), 0, obs))
	edge.token = h.token

	for name, via := range map[string]*house{"center": h, "edge": edge} {
		parts := script("one ")
		resp := via.get(t, "/v1/inventory/export?kind=WAREHOUSE")
		require.Equal(t, 200, resp.StatusCode, name)
		next(t, resp.Body, "one ")
		requireFault(t, h.do(t, "GET", "/v1/inventory/wait", h.token, ""), 504, "TIMEOUT") // by now it would be over
		parts <- "two"
		next(t, resp.Body, "two")
		close(parts)
		rest, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, "WAREHOUSE", resp.Trailer.Get("X-Parts"), name)

		parts = script("one ")
		resp = via.get(t, "/v1/inventory/export")
		next(t, resp.Body, "one ")
		parts <- "fail"
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a part is not the whole")
	}
	require.Contains(t, h.log.String(), "disk /srv/secret")

	script("fail")
	requireFault(t, h.do(t, "GET", "/v1/inventory/export", h.token, ""), 500, "INTERNAL")
	requireFault(t, h.do(t, "GET", "/v1/inventory/export", "", ""), 401, "UNAUTHENTICATED")
	requireFault(t, h.do(t, "GET", "/v1/inventory/export?no=1", h.token, ""), 400, "CODEC")
	requireFault(t, h.do(t, "GET", "/v1/inventory/export?page_size=-1", h.token, ""), 400, "VALIDATOR")

	resp := edge.get(t, "/v1/inventory/leave")
	require.NoError(t, resp.Body.Close())
	<-gone // who leaves ends the work
}

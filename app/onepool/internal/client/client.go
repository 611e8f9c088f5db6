// Package client speaks to a running platform the way any frontend does: over its public HTTP API.
package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc/metadata"

	consolev1 "github.com/onepool/onepool/api/frontend/console/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
)

const requestTimeout = 30 * time.Second

// maxDownload_bytes bounds what Download keeps in memory.
const maxDownload_bytes = 256 << 20

// Client holds a connection to one server and one credential.
type Client struct {
	base  *url.URL
	token string
	http  *khttp.Client
}

// New makes a client of the server at base, e.g. http://127.0.0.1:8000. An empty token is a guest.
func New(ctx context.Context, base, token string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("server address %q: want http://host:port", base)
	}
	c := &Client{base: u, token: token}
	c.http, err = khttp.NewClient(ctx,
		khttp.WithEndpoint(u.String()),
		khttp.WithTimeout(requestTimeout),
		khttp.WithMiddleware(c.authorize, fillPath),
	)
	if err != nil {
		return nil, fmt.Errorf("server address %q: %w", base, err)
	}
	return c, nil
}

// As is the same server with another credential.
func (c *Client) As(ctx context.Context, token string) (*Client, error) {
	return New(ctx, c.base.String(), token)
}

// Base is the server's address.
func (c *Client) Base() string { return c.base.String() }

func (c *Client) authorize(next middleware.Handler) middleware.Handler {
	return func(ctx context.Context, req any) (any, error) {
		if tr, ok := transport.FromClientContext(ctx); ok && c.token != "" {
			tr.RequestHeader().Set("Authorization", "Bearer "+c.token)
		}
		return next(ctx, req)
	}
}

// GRPC puts the credential where gRPC servers look for it.
func (c *Client) GRPC(ctx context.Context) context.Context {
	if c.token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.token)
}

// The centers and frontends of the server.
func (c *Client) Product() productv1.ProductHTTPClient { return productv1.NewProductHTTPClient(c.http) }
func (c *Client) PriceLists() productv1.PriceListsHTTPClient {
	return productv1.NewPriceListsHTTPClient(c.http)
}
func (c *Client) Store() storev1.StoreHTTPClient { return storev1.NewStoreHTTPClient(c.http) }
func (c *Client) Inventory() inventoryv1.InventoryHTTPClient {
	return inventoryv1.NewInventoryHTTPClient(c.http)
}
func (c *Client) Simulations() inventoryv1.SimulationsHTTPClient {
	return inventoryv1.NewSimulationsHTTPClient(c.http)
}
func (c *Client) Order() orderv1.OrderHTTPClient    { return orderv1.NewOrderHTTPClient(c.http) }
func (c *Client) Member() memberv1.MemberHTTPClient { return memberv1.NewMemberHTTPClient(c.http) }
func (c *Client) Wallets() memberv1.WalletsHTTPClient {
	return memberv1.NewWalletsHTTPClient(c.http)
}
func (c *Client) Rebate() rebatev1.RebateHTTPClient { return rebatev1.NewRebateHTTPClient(c.http) }
func (c *Client) Console() consolev1.ConsoleHTTPClient {
	return consolev1.NewConsoleHTTPClient(c.http)
}
func (c *Client) MiniProgram() miniprogramv1.MiniProgramHTTPClient {
	return miniprogramv1.NewMiniProgramHTTPClient(c.http)
}

// Send sends raw bytes with own headers and answers status and body: signed requests and downloads.
func (c *Client) Send(ctx context.Context, method, path string, header http.Header, body io.Reader) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.base.String(), "/")+path, body)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	for key, values := range header {
		req.Header[key] = values
	}
	if c.token != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := (&http.Client{Timeout: requestTimeout}).Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxDownload_bytes+1))
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if len(raw) > maxDownload_bytes {
		return 0, nil, fmt.Errorf("%s %s: answer is larger than %d bytes", method, path, maxDownload_bytes)
	}
	return resp.StatusCode, raw, nil
}

// Download asks for a long answer and gives it to take while it comes: nothing of it is kept, and it may last as long as ctx
// does. A refusal is returned as the error it is.
func (c *Client) Download(ctx context.Context, path string, header http.Header, take func(*http.Response) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.base.String(), "/")+path, nil)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	for key, values := range header {
		req.Header[key] = values
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer resp.Body.Close()
	if err := khttp.DefaultErrorDecoder(ctx, resp); err != nil {
		return err
	}
	return take(resp)
}

// RequestID is a new random request id.
func RequestID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // the system has no randomness: nothing can go on
	}
	return hex.EncodeToString(b[:])
}

// Credential finds the token of a command: the flag, $ONEPOOL_TOKEN, the file, or the key of a server that runs in
// this folder, in this order. Without any it is empty: a guest.
func Credential(flag, file string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if env := os.Getenv("ONEPOOL_TOKEN"); env != "" && file == "" {
		return env, nil
	}
	optional := file == ""
	if optional {
		file = "data/admin.key"
	}
	raw, err := os.ReadFile(file)
	if optional && errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("credential: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

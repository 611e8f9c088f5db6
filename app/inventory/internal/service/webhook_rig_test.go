package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
)

// message is what a receiver gets, in its own words: the test reads the wire, not our types.
type message struct {
	Webhook, Channel string
	From, To         int64
	Part, Parts      int
	AtUS             int64 `json:"at_us"`
	Reset            bool
	Changes          []struct {
		SKU    string `json:"sku"`
		Online int64
	}
}

// receiver is the other side: it checks each signature, and takes a message unless mood says otherwise.
type receiver struct {
	*httptest.Server
	t      testing.TB
	secret string
	// mood answers in its own way and returns true; nil takes everything.
	mood func(w http.ResponseWriter, r *http.Request, m message) bool

	mu     sync.Mutex
	nonces map[string]bool
	all    []message // also those that were not taken
	taken  []message
	stock  map[string]int64 // by the rule of the documentation: what was taken before is dropped
	seen   int64
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t, nonces: map[string]bool{}, stock: map[string]int64{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		r.t.Errorf("%s: %v", body, err)
	}
	r.note(req, body, m)
	if r.mood == nil || !r.mood(w, req, m) {
		r.take(m)
	}
}

func (r *receiver) note(req *http.Request, body []byte, m message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verify(req, body)
	r.all = append(r.all, m)
}

// take takes a message, but drops one that is older than what it has.
func (r *receiver) take(m message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = append(r.taken, m)
	if m.To < r.seen {
		return
	}
	for _, c := range m.Changes {
		r.stock[c.SKU] = c.Online
	}
	r.seen = m.To
}

// verify follows the documentation.
func (r *receiver) verify(req *http.Request, body []byte) {
	at, nonce := req.Header.Get("X-Onepool-Timestamp"), req.Header.Get("X-Onepool-Nonce")
	mac := hmac.New(sha256.New, []byte(r.secret))
	mac.Write([]byte(at + "." + nonce + "." + string(body)))
	if want := hex.EncodeToString(mac.Sum(nil)); req.Header.Get("X-Onepool-Signature") != want || r.secret == "" {
		r.t.Errorf("signature %s, want %s", req.Header.Get("X-Onepool-Signature"), want)
	}
	if r.nonces[nonce] || len(nonce) < 16 {
		r.t.Errorf("nonce %q", nonce)
	}
	r.nonces[nonce] = true
	if _, err := strconv.ParseInt(at, 10, 64); err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" {
		r.t.Errorf("%s at %s: %v", req.Method, at, err)
	}
}

func (r *receiver) messages() (all, taken []message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.all...), append([]message(nil), r.taken...)
}

// subscribe tells a receiver of a channel's stock.
func (r *feedRig) subscribe(t testing.TB, to *receiver, channel string) *inventoryv1.Webhook {
	t.Helper()
	r.number(t)
	hook, err := r.PutWebhook(account(t.Context(), "HQ", channel), &inventoryv1.PutWebhookRequest{RequestId: requestID(), Url: to.URL + "/stock", Active: true})
	require.NoError(t, err)
	to.secret = hook.Secret
	return hook
}

func (r *feedRig) hook(t testing.TB, id string) *inventoryv1.Webhook {
	t.Helper()
	got, err := r.ListWebhooks(hq(t.Context(), "admin"), &inventoryv1.ListWebhooksRequest{})
	require.NoError(t, err)
	for _, h := range got.Webhooks {
		if h.Id == id {
			require.Empty(t, h.Secret, "never shown again")
			return h
		}
	}
	t.Fatalf("webhook %s is not listed", id)
	return nil
}

// impatient gives a receiver no more time than a test has.
type impatient struct{ webhook.Receiver }

func (i impatient) Tell(ctx context.Context, to webhook.Row, message any, nowUS int64) error {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	return i.Receiver.Tell(ctx, to, message, nowUS)
}

// outcomes counts what became of deliveries.
type outcomes struct {
	mu  sync.Mutex
	all map[string]int
}

func (o *outcomes) note(outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[outcome]++
}

func (o *outcomes) of(outcome string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[outcome]
}

func (r *feedRig) deliverer(t testing.TB) (*hooks.Deliverer, *outcomes) {
	o := &outcomes{all: map[string]int{}}
	return NewDeliverer(r.rig.store, r.Inventory, FeedConfig{Key: webhookKey, Loopback: true, Hit: func(string) {}}, o.note,
		func(_ context.Context, err error) { t.Error(err) }), o
}

func turn(t testing.TB, d *hooks.Deliverer) int {
	t.Helper()
	n, err := d.Turn(t.Context())
	require.NoError(t, err)
	return n
}

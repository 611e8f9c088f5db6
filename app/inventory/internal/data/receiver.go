package data

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	receiverTime     = 8 * time.Second // from the dial to the answer's head
	receiverDialTime = 3 * time.Second
	receiverIdleTime = 30 * time.Second
	receiverConns    = 4   // of one host
	answerMost       = 512 // bytes of an answer that are read, so that the connection can be used again
)

// Receiver sends webhooks' messages.
//
// Always true: it connects to addresses that biz.WebhookAddress allows, whatever a name resolves to at that moment; it
// follows no redirect and uses no proxy; and nothing that the other side answers is kept but the status.
type Receiver struct {
	http *http.Client
	key  []byte
	// loopback allows receivers on this machine.
	loopback bool
}

// NewReceiver takes the key that secrets are made of.
func NewReceiver(key []byte, loopback bool) *Receiver { return newReceiver(key, loopback, nil) }

func newReceiver(key []byte, loopback bool, names *net.Resolver) *Receiver {
	dialer := &net.Dialer{Timeout: receiverDialTime, Resolver: names, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !biz.WebhookAddress(at.Addr(), loopback) {
			return errAddress
		}
		return nil
	}}
	return &Receiver{key: key, loopback: loopback, http: &http.Client{
		Timeout:       receiverTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: receiverDialTime, IdleConnTimeout: receiverIdleTime, MaxConnsPerHost: receiverConns,
			MaxIdleConns: 64, MaxResponseHeaderBytes: 16 << 10, DisableCompression: true, ForceAttemptHTTP2: true,
		},
	}}
}

var errAddress = errors.New("its address is not public")

type noticeBody struct {
	Webhook string         `json:"webhook"`
	Channel string         `json:"channel"`
	From    int64          `json:"from"`
	To      int64          `json:"to"`
	Part    int            `json:"part"`
	Parts   int            `json:"parts"`
	AtUS    int64          `json:"at_us"`
	Reset   bool           `json:"reset"`
	Changes []noticeChange `json:"changes"`
}

type noticeChange struct {
	SKU    string `json:"sku"`
	Online int64  `json:"online"`
}

// Tell sends one message. Its error is for the webhook's owner: it says nothing of this side.
func (r *Receiver) Tell(ctx context.Context, to biz.WebhookRow, n biz.Notice, nowUS int64) error {
	if database.InTransaction(ctx) {
		return database.ErrNested
	}
	if err := biz.CheckWebhookURL(to.URL, r.loopback); err != nil {
		return err // it was allowed when it was saved
	}
	body, err := encodeNotice(n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the url cannot be called")
	}
	r.sign(req.Header, to, nowUS, body)
	resp, err := r.http.Do(req)
	if err != nil {
		return errors.New(unreached(err))
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, answerMost)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("answered %d", resp.StatusCode)
	}
	return nil
}

func encodeNotice(n biz.Notice) ([]byte, error) {
	b := noticeBody{Webhook: n.Webhook, Channel: n.Channel, From: n.From, To: n.To, Part: n.Part, Parts: n.Parts, AtUS: n.AtUS, Reset: n.Reset,
		Changes: make([]noticeChange, len(n.Changes))}
	for i, c := range n.Changes {
		b.Changes[i] = noticeChange{c.SKU, c.Online}
	}
	return json.Marshal(b)
}

func (r *Receiver) sign(h http.Header, to biz.WebhookRow, nowUS int64, body []byte) {
	at, nonce := nowUS/int64(time.Second/time.Microsecond), ids.New("non")
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "onepool-webhook")
	h.Set(authn.HeaderKeyID, biz.WebhookSecretID(to.ID, to.Salt))
	h.Set(authn.HeaderTimestamp, strconv.FormatInt(at, 10))
	h.Set(authn.HeaderNonce, nonce)
	h.Set(authn.HeaderSignature, biz.SignWebhook(biz.WebhookSecret(r.key, to.ID, to.Salt), at, nonce, body))
}

// unreached says in few words why there was no answer.
func unreached(err error) string {
	var resolving *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errAddress):
		return errAddress.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &resolving):
		return "its name cannot be resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return "the connection failed"
}

package hooks

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
	"github.com/onepool/onepool/app/internal/webhook"
)

const (
	receiverTime     = 8 * time.Second // from the dial to the answer's head
	receiverDialTime = 3 * time.Second
	receiverIdleTime = 30 * time.Second
	receiverConns    = 4   // of one host
	answerMost       = 512 // bytes of an answer that are read, so that the connection can be used again
)

// Sender sends webhooks' messages.
//
// Always true: it connects to addresses that webhook.Address allows, whatever a name resolves to at that moment; it
// follows no redirect and uses no proxy; and nothing that the other side answers is kept but the status.
type Sender struct {
	http *http.Client
	key  []byte
	// loopback allows receivers on this machine.
	loopback bool
}

// NewSender takes the key that secrets are made of.
func NewSender(key []byte, loopback bool) *Sender { return newSender(key, loopback, nil) }

func newSender(key []byte, loopback bool, names *net.Resolver) *Sender {
	dialer := &net.Dialer{Timeout: receiverDialTime, Resolver: names, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !webhook.Address(at.Addr(), loopback) {
			return errAddress
		}
		return nil
	}}
	return &Sender{key: key, loopback: loopback, http: &http.Client{
		Timeout:       receiverTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: receiverDialTime, IdleConnTimeout: receiverIdleTime, MaxConnsPerHost: receiverConns,
			MaxIdleConns: 64, MaxResponseHeaderBytes: 16 << 10, DisableCompression: true, ForceAttemptHTTP2: true,
		},
	}}
}

var errAddress = errors.New("its address is not public")

// Tell sends one message. Its error is for the webhook's owner: it says nothing of this side.
func (r *Sender) Tell(ctx context.Context, to webhook.Row, message any, nowUS int64) error {
	if database.InTransaction(ctx) {
		return database.ErrNested
	}
	if err := webhook.CheckURL(to.URL, r.loopback); err != nil {
		return err // it was allowed when it was saved
	}
	body, err := json.Marshal(message)
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

func (r *Sender) sign(h http.Header, to webhook.Row, nowUS int64, body []byte) {
	at, nonce := nowUS/int64(time.Second/time.Microsecond), ids.New("non")
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "onepool-webhook")
	h.Set(authn.HeaderKeyID, webhook.SecretID(to.ID, to.Salt))
	h.Set(authn.HeaderTimestamp, strconv.FormatInt(at, 10))
	h.Set(authn.HeaderNonce, nonce)
	h.Set(authn.HeaderSignature, webhook.Sign(webhook.Secret(r.key, to.ID, to.Salt), at, nonce, body))
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

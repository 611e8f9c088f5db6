// Package sandboxpay is a payment provider to try things out with: it moves no money, but speaks a signed protocol over
// real HTTP, as real providers do.
//
// Always true:
//   - It keeps nothing: a transaction number follows from the payment, a refund's reference from the refund, so a repeat is
//     the same transaction.
//   - A notification is verified over its raw bytes and its timestamp, before anything is decoded.
package sandboxpay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Name of the provider.
const Name = "sandbox"

// Path of the notifications, below the platform's public address.
const Path = "/v1/order/payments/sandbox/notify"

// Headers of a notification.
const (
	HeaderTimestamp = "X-Sandbox-Timestamp" // seconds since 1970
	HeaderSignature = "X-Sandbox-Signature" // hex HMAC-SHA256 over timestamp, a dot, and the raw body
)

const (
	windowUS      = 5 * 60 * 1_000_000
	notifyTimeout = 5 * time.Second
	maxReplyBytes = 1 << 20
	statusPaid    = "PAID"
)

// body is a notification.
type body struct {
	NotificationID string `json:"notification_id"`
	PaymentID      string `json:"payment_id"`
	TransactionNo  string `json:"transaction_no"`
	AmountMinor    int64  `json:"amount_minor"`
	Currency       string `json:"currency"`
	Payee          string `json:"payee"`
	Status         string `json:"status"`
}

// Provider is both sides: what the platform talks to, and what calls back.
type Provider struct {
	secret []byte
	// publicURL is where the platform serves HTTP; known when it listens.
	publicURL func() string
	client    *http.Client
}

// New needs the key of signatures.
func New(secret []byte, publicURL func() string) (*Provider, error) {
	if len(secret) < sha256.Size {
		return nil, errors.New("sandbox: secret shorter than 32 bytes")
	}
	return &Provider{secret: secret, publicURL: publicURL, client: &http.Client{Timeout: notifyTimeout}}, nil
}

// Name is "sandbox".
func (p *Provider) Name() string { return Name }

// Open gives what a frontend needs: the payment itself, to be paid with PayInSandbox.
func (p *Provider) Open(_ context.Context, payment biz.Payment, currency string) (map[string]string, error) {
	return map[string]string{"payment_id": payment.ID, "amount_minor": strconv.FormatInt(payment.AmountMinor, 10), "currency": currency}, nil
}

// Refund pays back at once.
func (p *Provider) Refund(_ context.Context, r biz.RefundOrder) (string, error) {
	return ids.Derived("sbr", r.ID), nil
}

// Sign makes the signature of a notification.
func Sign(secret []byte, timestampS string, raw []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestampS + "."))
	mac.Write(raw)
	return hex.EncodeToString(mac.Sum(nil))
}

// ParseNotification verifies raw bytes and reads them.
func (p *Provider) ParseNotification(raw []byte, header func(string) string, nowUS int64) (biz.Notification, error) {
	at := header(HeaderTimestamp)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || seconds > (nowUS+windowUS)/1_000_000 || seconds < (nowUS-windowUS)/1_000_000 {
		return biz.Notification{}, biz.SignatureInvalid()
	}
	if !hmac.Equal([]byte(Sign(p.secret, at, raw)), []byte(header(HeaderSignature))) {
		return biz.Notification{}, biz.SignatureInvalid()
	}
	var b body
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil || b.PaymentID == "" || b.TransactionNo == "" || b.Status != statusPaid {
		return biz.Notification{}, biz.Invalid("body", "is no notification of a payment")
	}
	return biz.Notification{
		ID: b.NotificationID, Provider: Name, PaymentID: b.PaymentID, TransactionNo: b.TransactionNo, AmountMinor: b.AmountMinor,
		Currency: b.Currency, Payee: b.Payee,
	}, nil
}

// Pay is the buyer's side: the provider takes the money and calls the platform back. It returns the transaction number
// and the HTTP status of the platform's answer.
func (p *Provider) Pay(ctx context.Context, payment biz.Payment, currency string, nowUS int64) (transactionNo string, status int, err error) {
	b := body{
		NotificationID: ids.New("ntf"), PaymentID: payment.ID, TransactionNo: ids.Derived("sbx", payment.ID), AmountMinor: payment.AmountMinor,
		Currency: currency, Payee: payment.Payee, Status: statusPaid,
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return "", 0, fmt.Errorf("sandbox: notification: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.publicURL()+Path, bytes.NewReader(raw))
	if err != nil {
		return "", 0, fmt.Errorf("sandbox: notification: %w", err)
	}
	at := strconv.FormatInt(nowUS/1_000_000, 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(HeaderTimestamp, at)
	req.Header.Set(HeaderSignature, Sign(p.secret, at, raw))
	reply, err := p.client.Do(req)
	if err != nil {
		return "", 0, fmt.Errorf("sandbox: notify: %w", err)
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(reply.Body, maxReplyBytes)) // so that the connection can be used again
	return b.TransactionNo, reply.StatusCode, nil
}

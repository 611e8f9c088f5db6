// Package sandboxpay is a payment provider to try things out with: it moves no money, but speaks a signed protocol over
// real HTTP, as real providers do.
//
// Always true:
//   - Its books say what it took, closed and paid back: a payment is paid or closed, once; a refund's number stands for one
//     refund, and a transaction's refunds are never more than it.
//   - A transaction number follows from the payment, a refund's reference from its number, so a repeat is the same one.
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

// Kind is what an entry is about.
type Kind string

// The kinds of entries.
const (
	KindPaid   Kind = "PAID"
	KindClosed Kind = "CLOSED"
	KindRefund Kind = "REFUND"
)

// Entry is a line of the provider's books. Its id is the payment's, or the number of the refund.
type Entry struct {
	ID, PaymentID   string
	Kind            Kind
	TransactionNo   string
	AmountMinor     int64
	Currency, Payee string
}

// Books keep entries for all replicas.
type Books interface {
	// Enter writes an entry and returns what stands under its id: the entry, or the one that was first.
	Enter(ctx context.Context, e Entry) (Entry, error)
	// Of reads the entries of a payment.
	Of(ctx context.Context, paymentID string) ([]Entry, error)
}

// Provider is both sides: what the platform talks to, and what calls back.
type Provider struct {
	secret []byte
	books  Books
	// publicURL is where the platform serves HTTP; known when it listens.
	publicURL func() string
	client    *http.Client
}

// New needs the key of signatures.
func New(secret []byte, publicURL func() string, books Books) (*Provider, error) {
	if len(secret) < sha256.Size {
		return nil, errors.New("sandbox: secret shorter than 32 bytes")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns // all of them lead to one host
	return &Provider{secret: secret, publicURL: publicURL, books: books, client: &http.Client{Timeout: notifyTimeout, Transport: transport}}, nil
}

// Name is "sandbox".
func (p *Provider) Name() string { return Name }

// Remote is false: its notifications are signed with the platform's own secret.
func (p *Provider) Remote() bool { return false }

// Serves everybody.
func (p *Provider) Serves(biz.PaymentOrder) error { return nil }

// Create gives what a frontend needs: the payment itself, to be paid with PayInSandbox.
func (p *Provider) Create(_ context.Context, o biz.PaymentOrder) (map[string]string, error) {
	return map[string]string{"payment_id": o.ID, "amount_minor": strconv.FormatInt(o.AmountMinor, 10), "currency": o.Currency}, nil
}

// Query reads the books.
func (p *Provider) Query(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	entries, err := p.books.Of(ctx, ref.ID)
	if err != nil {
		return biz.PaymentAnswer{}, err
	}
	for _, e := range entries {
		if e.ID == ref.ID {
			return answer(e), nil
		}
	}
	return biz.PaymentAnswer{Standing: biz.StandingOpen}, nil
}

// Close enters that the payment is closed, unless it was paid.
func (p *Provider) Close(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	e, err := p.books.Enter(ctx, Entry{ID: ref.ID, PaymentID: ref.ID, Kind: KindClosed, AmountMinor: ref.AmountMinor, Currency: ref.Currency, Payee: ref.Payee})
	if err != nil {
		return biz.PaymentAnswer{}, err
	}
	return answer(e), nil
}

func answer(e Entry) biz.PaymentAnswer {
	if e.Kind != KindPaid {
		return biz.PaymentAnswer{Standing: biz.StandingClosed}
	}
	return biz.PaymentAnswer{Standing: biz.StandingPaid, Paid: biz.Notification{
		Provider: Name, PaymentID: e.PaymentID, TransactionNo: e.TransactionNo, AmountMinor: e.AmountMinor, Currency: e.Currency, Payee: e.Payee,
	}}
}

// Refund pays back at once, no more than the transaction.
func (p *Provider) Refund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	entries, err := p.books.Of(ctx, r.PaymentID)
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	left := r.OfMinor
	for _, e := range entries {
		if e.ID == r.Number {
			return refunded(e, r), nil
		}
		if e.Kind == KindRefund && e.TransactionNo == r.TransactionNo {
			left -= e.AmountMinor
		}
	}
	if r.AmountMinor > left {
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: "more than is left of the transaction"}, nil
	}
	e, err := p.books.Enter(ctx, Entry{
		ID: r.Number, PaymentID: r.PaymentID, Kind: KindRefund, TransactionNo: r.TransactionNo, AmountMinor: r.AmountMinor, Currency: r.Currency, Payee: r.Payee,
	})
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	return refunded(e, r), nil
}

// QueryRefund reads the books.
func (p *Provider) QueryRefund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	entries, err := p.books.Of(ctx, r.PaymentID)
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	for _, e := range entries {
		if e.ID == r.Number {
			return refunded(e, r), nil
		}
	}
	return biz.RefundAnswer{Standing: biz.RefundUnknown, Number: r.Number}, nil
}

// refunded answers for a number; one that was used for another amount is refused, as real providers do.
func refunded(e Entry, r biz.RefundOrder) biz.RefundAnswer {
	if e.AmountMinor != r.AmountMinor || e.TransactionNo != r.TransactionNo {
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: "the number was used for another refund"}
	}
	return biz.RefundAnswer{Standing: biz.RefundPaidOut, Number: r.Number, Reference: ids.Derived("sbr", r.Number)}
}

// Thanks are read by nobody.
func (p *Provider) Thanks() (contentType, body string) {
	return "application/json", `{"code":"SUCCESS"}`
}

// Sign makes the signature of a notification.
func Sign(secret []byte, timestampS string, raw []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestampS + "."))
	mac.Write(raw)
	return hex.EncodeToString(mac.Sum(nil))
}

// Notification verifies raw bytes and reads them. The merchant account stands in the signed body.
func (p *Provider) Notification(_ string, raw []byte, header func(string) string, nowUS int64) (biz.Notification, error) {
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
// and the HTTP status of the platform's answer. What is closed cannot be paid.
func (p *Provider) Pay(ctx context.Context, payment biz.Payment, currency string, nowUS int64) (transactionNo string, status int, err error) {
	entry, err := p.books.Enter(ctx, Entry{
		ID: payment.ID, PaymentID: payment.ID, Kind: KindPaid, TransactionNo: ids.Derived("sbx", payment.ID), AmountMinor: payment.AmountMinor,
		Currency: currency, Payee: payment.Payee,
	})
	if err != nil {
		return "", 0, err
	}
	if entry.Kind != KindPaid {
		return "", 0, biz.PaymentOver()
	}
	b := body{
		NotificationID: ids.New("ntf"), PaymentID: payment.ID, TransactionNo: entry.TransactionNo, AmountMinor: entry.AmountMinor,
		Currency: entry.Currency, Payee: entry.Payee, Status: statusPaid,
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

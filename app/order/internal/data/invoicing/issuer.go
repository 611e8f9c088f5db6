package invoicing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onepool/onepool/app/order/internal/biz"
)

// Config says which issuer is asked.
type Config struct {
	// Gateway is where it is, https (http to this machine only), without the action; asked with each question.
	Gateway func() string
	// App names the platform to it; Key signs, at least 32 bytes.
	App string
	Key []byte
	// Timeout of a question, 10 s.
	Timeout time.Duration
	// NowUS is the time that questions are signed at.
	NowUS func(ctx context.Context) (int64, error)
}

const standardTimeout = 10 * time.Second

// Issuer is an issuer behind HTTP.
type Issuer struct {
	c      Config
	client *http.Client
}

// errSigned means that an answer was not signed, or not for this question.
var errSigned = errors.New("the answer is not signed by the issuer for this question")

// New refuses a configuration that cannot work.
func New(c Config) (*Issuer, error) {
	switch {
	case c.Gateway == nil || c.NowUS == nil:
		return nil, errors.New("invoices: gateway and clock are required")
	case c.App == "" || strings.ContainsAny(c.App, "\r\n"):
		return nil, errors.New("invoices: app is not a name")
	case len(c.Key) < sha256.Size:
		return nil, errors.New("invoices: key shorter than 32 bytes")
	}
	if c.Timeout == 0 {
		c.Timeout = standardTimeout
	}
	return &Issuer{c: c, client: &http.Client{Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// CheckGateway refuses an address that what is sent would not be safe on its way to.
func CheckGateway(gateway string) error {
	u, err := url.Parse(gateway)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("gateway is no address without a query")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("gateway must be https")
}

// Issue asks for an invoice.
func (i *Issuer) Issue(ctx context.Context, ask biz.InvoiceAsk) (biz.InvoiceAnswer, error) {
	return i.ask(ctx, ActionIssue, toQuestion(ask))
}

// Redden asks for a red letter.
func (i *Issuer) Redden(ctx context.Context, ask biz.InvoiceAsk) (biz.InvoiceAnswer, error) {
	return i.ask(ctx, ActionRedden, toQuestion(ask))
}

// Query asks how a number stands.
func (i *Issuer) Query(ctx context.Context, ask biz.InvoiceAsk) (biz.InvoiceAnswer, error) {
	return i.ask(ctx, ActionQuery, question{Number: ask.Number, Seller: party{TaxNo: ask.Seller.TaxNo}})
}

func (i *Issuer) ask(ctx context.Context, action string, q question) (biz.InvoiceAnswer, error) {
	none := biz.InvoiceAnswer{}
	body, err := json.Marshal(q)
	if err != nil {
		return none, fmt.Errorf("issuer of invoices: %s: the question cannot be written", action)
	}
	now, err := i.c.NowUS(ctx)
	if err != nil {
		return none, err
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return none, fmt.Errorf("issuer of invoices: nonce: %w", err)
	}
	at, nonce := strconv.FormatInt(now/1_000_000, 10), hex.EncodeToString(random[:])
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(i.c.Gateway(), "/")+"/"+action, bytes.NewReader(body))
	if err != nil {
		return none, fmt.Errorf("issuer of invoices: %s: %w", action, err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", HeaderApp: i.c.App, HeaderTimestamp: at, HeaderNonce: nonce,
		HeaderSignature: SignQuestion(i.c.Key, action, i.c.App, at, nonce, body),
	} {
		req.Header.Set(name, value)
	}
	reply, err := i.client.Do(req)
	if err != nil {
		return none, fmt.Errorf("issuer of invoices: %w", err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(reply.Body, maxBytes))
	switch {
	case err != nil:
		return none, fmt.Errorf("issuer of invoices: %s: read the answer: %w", action, err)
	case reply.StatusCode != http.StatusOK:
		return none, fmt.Errorf("issuer of invoices: %s of %s: status %d", action, q.Number, reply.StatusCode)
	case !hmac.Equal([]byte(reply.Header.Get(HeaderSignature)), []byte(SignAnswer(i.c.Key, nonce, reply.StatusCode, raw))):
		return none, fmt.Errorf("issuer of invoices: %s of %s: %w", action, q.Number, errSigned)
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return none, fmt.Errorf("issuer of invoices: %s of %s: the answer cannot be read", action, q.Number)
	}
	return a.check(action, q)
}

// check refuses an answer that says nothing about the question.
func (a answer) check(action string, q question) (biz.InvoiceAnswer, error) {
	out := a.read()
	known := out.Standing == biz.InvoiceUnderWay || out.Standing == biz.InvoiceIsIssued || out.Standing == biz.InvoiceRefused || out.Standing == biz.InvoiceUnknown && action == ActionQuery
	if a.Number != q.Number || !known || out.Standing == biz.InvoiceIsIssued && (a.OfficialNo == "" || len(a.OfficialNo) > maxOfficialNo || len(a.URL) > maxURL) {
		return biz.InvoiceAnswer{}, fmt.Errorf("issuer of invoices: %s of %s: the answer is about something else", action, q.Number)
	}
	return out, nil
}

// What is kept of an answer, in characters.
const (
	maxOfficialNo = 64
	maxURL        = 500
)

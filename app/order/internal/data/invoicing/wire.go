// Package invoicing asks an issuer of tax invoices over HTTP, and is one itself, to try things out with: the sandbox. docs/INVOICES.md
// says what goes over the wire.
//
// Always true:
//   - Questions and answers are signed with a key that both have, over their raw bytes; an answer also over the question's nonce, so
//     that it answers this question. What is not signed so is no answer.
//   - No error holds what was sent or received: there is personal data in it.
package invoicing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/onepool/onepool/app/order/internal/biz"
)

// Headers of questions and answers.
const (
	HeaderApp       = "X-Invoice-App"
	HeaderTimestamp = "X-Invoice-Timestamp" // seconds since 1970
	HeaderNonce     = "X-Invoice-Nonce"
	HeaderSignature = "X-Invoice-Signature"
)

// Actions are the last part of the address.
const (
	ActionIssue  = "issue"
	ActionRedden = "redden"
	ActionQuery  = "query"
)

const maxBytes = 1 << 20

// question is the body of what is asked.
type question struct {
	Number      string `json:"number"`
	RedOf       string `json:"red_of,omitempty"`
	RedOfficial string `json:"red_of_official_no,omitempty"`
	Seller      party  `json:"seller"`
	Buyer       *party `json:"buyer,omitempty"`
	Currency    string `json:"currency,omitempty"`
	AmountMinor int64  `json:"amount_minor,omitempty"`
	TaxMinor    int64  `json:"tax_minor,omitempty"`
	Lines       []line `json:"lines,omitempty"`
}

type party struct {
	TaxNo    string `json:"tax_no,omitempty"`
	Title    string `json:"title,omitempty"`
	Taxpayer string `json:"taxpayer,omitempty"`
	Email    string `json:"email,omitempty"`
}

type line struct {
	Kind        string            `json:"kind"` // GOODS or FREIGHT
	SKU         string            `json:"sku,omitempty"`
	Title       map[string]string `json:"title,omitempty"`
	TaxClass    string            `json:"tax_class,omitempty"`
	Quantity    int64             `json:"quantity,omitempty"`
	RateBP      int64             `json:"rate_bp"`
	AmountMinor int64             `json:"amount_minor"`
	TaxMinor    int64             `json:"tax_minor"`
}

const (
	kindGoods   = "GOODS"
	kindFreight = "FREIGHT"
)

// answer is the body of an answer.
type answer struct {
	Number      string `json:"number"`
	Status      string `json:"status"` // UNKNOWN, UNDER_WAY, ISSUED or REFUSED
	AmountMinor int64  `json:"amount_minor,omitempty"`
	OfficialNo  string `json:"official_no,omitempty"`
	URL         string `json:"url,omitempty"`
	Code        string `json:"code,omitempty"`
	Message     string `json:"message,omitempty"`
}

func toQuestion(a biz.InvoiceAsk) question {
	q := question{
		Number: a.Number, RedOf: a.Of, RedOfficial: a.OfOfficialNo, Seller: party{TaxNo: a.Seller.TaxNo, Title: a.Seller.Title, Taxpayer: a.Seller.Taxpayer},
		Buyer: &party{TaxNo: a.Buyer.TaxNo, Title: a.Buyer.Title, Email: a.Buyer.Email}, Currency: a.Currency, AmountMinor: a.AmountMinor, TaxMinor: a.TaxMinor,
	}
	for _, l := range a.Lines {
		kind := kindGoods
		if l.LineID == "" {
			kind = kindFreight
		}
		q.Lines = append(q.Lines, line{Kind: kind, SKU: l.SKU, Title: l.Title, TaxClass: l.TaxClass, Quantity: l.Quantity, RateBP: l.RateBP, AmountMinor: l.AmountMinor, TaxMinor: l.TaxMinor})
	}
	return q
}

func (a answer) read() biz.InvoiceAnswer {
	return biz.InvoiceAnswer{
		Number: a.Number, Standing: biz.InvoiceStanding(a.Status), AmountMinor: a.AmountMinor, OfficialNo: a.OfficialNo, URL: a.URL, Code: a.Code, Message: a.Message,
	}
}

// sign makes the signature of parts, of which none but the last holds a line break.
func sign(key []byte, parts ...[]byte) string {
	mac := hmac.New(sha256.New, key)
	for i, p := range parts {
		if i > 0 {
			mac.Write([]byte{'\n'})
		}
		mac.Write(p)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// SignQuestion makes the signature of a question.
func SignQuestion(key []byte, action, app, timestampS, nonce string, body []byte) string {
	return sign(key, []byte("ASK"), []byte(action), []byte(app), []byte(timestampS), []byte(nonce), body)
}

// SignAnswer makes the signature of the answer to the question with a nonce.
func SignAnswer(key []byte, nonce string, status int, body []byte) string {
	return sign(key, []byte("ANSWER"), []byte(nonce), []byte(strconv.Itoa(status)), body)
}

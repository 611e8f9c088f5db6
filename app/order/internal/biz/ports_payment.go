package biz

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// PaymentProvider moves money, for any number of merchant accounts. An error that is no Refusal means that the outcome is not
// known: the provider has to be asked, and may be asked again.
type PaymentProvider interface {
	Name() string
	// Remote providers are asked before money is booked: their notification is a reason to ask, not an answer. What the
	// platform's own sandbox signs is the answer itself.
	Remote() bool
	// Serves refuses what the provider takes no money for: a merchant account that is not configured, another currency, a
	// buyer who is not named.
	Serves(p PaymentOrder) error
	// Create asks for a payment and gives what a frontend hands to the provider's SDK, or shows. The same payment again is
	// the same one. ErrPaid: it was paid already.
	Create(ctx context.Context, p PaymentOrder) (params map[string]string, err error)
	// Query says what the provider knows.
	Query(ctx context.Context, p PaymentRef) (PaymentAnswer, error)
	// Close ends a payment that nobody has paid: the answer is Closed, or Paid. Unknown: the provider has not heard of it, and
	// may yet, until the payment's time is over.
	Close(ctx context.Context, p PaymentRef) (PaymentAnswer, error)
	// Refund pays back a part of a transaction; the same number again is the same refund. A refund that the provider does not
	// want is Failed, which is an answer.
	Refund(ctx context.Context, r RefundOrder) (RefundAnswer, error)
	// QueryRefund says how a refund stands.
	QueryRefund(ctx context.Context, r RefundOrder) (RefundAnswer, error)
	// Notification verifies raw bytes that came for a merchant account, and reads them; SIGNATURE_INVALID otherwise.
	Notification(merchant string, raw []byte, header func(string) string, nowUS int64) (Notification, error)
	// Thanks is what the provider wants to read when it need not come again.
	Thanks() (contentType, body string)
}

// ErrPaid means that a payment which was to be made had been paid.
var ErrPaid = errors.New("the payment was paid already")

// Scene is where the buyer pays.
type Scene string

// The scenes.
const (
	// SceneApp: in the provider's own app, where the mini-program and the in-app browser run; the buyer is known there.
	SceneApp Scene = "IN_APP"
	// SceneCode: the buyer scans a code.
	SceneCode Scene = "QR_CODE"
)

// PaymentRef names a payment to its provider. Payee is the merchant account, Member whose order it is, if it is a member's.
type PaymentRef struct {
	ID, Payee, Currency string
	Member              string
	AmountMinor         int64
}

// PaymentOrder is what a provider is asked to take.
type PaymentOrder struct {
	PaymentRef
	Title string
	Scene Scene
	// Buyer is the buyer's id at the provider, below the merchant's app.
	Buyer       string
	ExpiresAtUS int64
}

// PaymentStanding is what a provider knows of a payment.
type PaymentStanding int

// The standings.
const (
	StandingUnknown PaymentStanding = iota // not heard of
	StandingOpen                           // can be paid
	StandingPaid
	StandingClosed // can never be paid
)

// PaymentAnswer is what a provider says when it is asked. Paid is the transaction of a paid one.
type PaymentAnswer struct {
	Standing PaymentStanding
	Paid     Notification
}

// Notification is what a provider says about a transaction, after its signature was verified, or about a refund.
type Notification struct {
	ID            string
	Provider      string
	PaymentID     string
	TransactionNo string
	AmountMinor   int64
	Currency      string
	Payee         string
	// RefundNumber is the number of the refund that has changed; then there is nothing else.
	RefundNumber string
}

// RefundOrder asks a provider to pay back part of a transaction. Number is what makes a repeat the same refund.
type RefundOrder struct {
	Number, PaymentID, TransactionNo string
	Payee, Currency, Reason          string
	// OfMinor is the amount of the transaction.
	AmountMinor, OfMinor int64
}

// RefundStanding is how a refund stands at its provider.
type RefundStanding int

// The standings.
const (
	RefundUnknown RefundStanding = iota // not heard of
	RefundUnderWay
	RefundPaidOut
	RefundRefused
)

// RefundAnswer is what a provider says about a refund.
type RefundAnswer struct {
	Standing RefundStanding
	// Number that the provider was asked with.
	Number string
	// Reference is the provider's number.
	Reference string
	// Failure says why it was refused, for a person.
	Failure string
	// Spent: the number stands for a refund that is over; another attempt needs another one.
	Spent bool
}

// Number is what the provider knows a refund by. It changes only when a refund under the number before is over for good.
func (f Refund) Number() string {
	if f.Round == 0 {
		return f.ID
	}
	return fmt.Sprintf("%s_%d", f.ID, f.Round)
}

// RefundOfNumber is the refund that a number belongs to.
func RefundOfNumber(number string) string {
	if at := strings.LastIndexByte(number, '_'); at > strings.IndexByte(number, '_') {
		return number[:at]
	}
	return number
}

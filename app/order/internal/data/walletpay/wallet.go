// Package walletpay pays orders with a member's stored value, which the member center keeps. To the order it is a provider like
// any other: it may not answer, and what it says when it is asked, counts.
//
// Always true: a payment takes its amount when it is made, once, or is closed; what comes back goes to the wallet that paid.
package walletpay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	kratos "github.com/go-kratos/kratos/v2/errors"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Name of the provider.
const Name = biz.ProviderWallet

// sumsAtATime bounds one question.
const sumsAtATime = 500

// Provider asks the member center.
type Provider struct{ client memberv1.WalletsClient }

// New pays by the member center.
func New(client memberv1.WalletsClient) *Provider { return &Provider{client: client} }

// Name is "wallet".
func (p *Provider) Name() string { return Name }

// Remote is true: another center's books.
func (p *Provider) Remote() bool { return true }

// Serves members, who pay themselves.
func (p *Provider) Serves(o biz.PaymentOrder) error {
	if o.Member == "" {
		return biz.Invalid("provider", "stored value is a member's: this order has none")
	}
	return nil
}

// Create takes the amount: there is nothing left to do for a frontend. A wallet that has not enough refuses.
func (p *Provider) Create(ctx context.Context, o biz.PaymentOrder) (map[string]string, error) {
	_, err := p.client.PayFromWallet(ctx, &memberv1.PayFromWalletRequest{
		PaymentId: o.ID, MemberId: o.Member, AmountMinor: o.AmountMinor, Currency: o.Currency, Payee: o.Payee,
	})
	if err != nil {
		return nil, told("pay", err)
	}
	return nil, biz.ErrPaid
}

// Query asks how a payment stands.
func (p *Provider) Query(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	got, err := p.client.GetWalletPayment(ctx, &memberv1.GetWalletPaymentRequest{PaymentId: ref.ID})
	return answer(got, told("query", err))
}

// Close gives a payment up that has taken nothing.
func (p *Provider) Close(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	if ref.Member == "" {
		return biz.PaymentAnswer{}, errors.New("wallet: close: a payment without a member")
	}
	got, err := p.client.CloseWalletPayment(ctx, &memberv1.CloseWalletPaymentRequest{PaymentId: ref.ID, MemberId: ref.Member})
	return answer(got, told("close", err))
}

func answer(got *memberv1.WalletPayment, err error) (biz.PaymentAnswer, error) {
	if err != nil {
		return biz.PaymentAnswer{}, err
	}
	switch got.GetKind() {
	case memberv1.WalletEntryKind_PAY:
		return biz.PaymentAnswer{Standing: biz.StandingPaid, Paid: biz.Notification{
			Provider: Name, PaymentID: got.GetPaymentId(), TransactionNo: got.GetTransactionNo(), AmountMinor: got.GetAmount().GetAmountMinor(),
			Currency: got.GetAmount().GetCurrency(), Payee: got.GetPayee(),
		}}, nil
	case memberv1.WalletEntryKind_CLOSED:
		return biz.PaymentAnswer{Standing: biz.StandingClosed}, nil
	}
	return biz.PaymentAnswer{Standing: biz.StandingUnknown}, nil
}

// Refund gives back to the wallet that paid.
func (p *Provider) Refund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	got, err := p.client.RefundToWallet(ctx, &memberv1.RefundToWalletRequest{Number: r.Number, PaymentId: r.PaymentID, AmountMinor: r.AmountMinor})
	if e := kratos.FromError(err); err != nil && refusal(e) {
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: e.Reason + ": " + e.Message}, nil
	}
	if err != nil {
		return biz.RefundAnswer{}, told("refund", err)
	}
	return stands(got, r), nil
}

// QueryRefund asks whether it was given back.
func (p *Provider) QueryRefund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	got, err := p.client.GetWalletRefund(ctx, &memberv1.GetWalletRefundRequest{Number: r.Number})
	if err != nil {
		return biz.RefundAnswer{}, told("query refund", err)
	}
	return stands(got, r), nil
}

func stands(got *memberv1.WalletRefund, r biz.RefundOrder) biz.RefundAnswer {
	switch {
	case !got.GetDone():
		return biz.RefundAnswer{Standing: biz.RefundUnknown, Number: r.Number}
	case got.GetAmount().GetAmountMinor() != r.AmountMinor || got.GetPaymentId() != r.PaymentID:
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: "the number was used for another refund"}
	}
	return biz.RefundAnswer{Standing: biz.RefundPaidOut, Number: r.Number, Reference: got.GetNumber()}
}

// WalletSums are what payments took, and what came back of them.
func (p *Provider) WalletSums(ctx context.Context, payments []string) (map[string]biz.WalletSum, error) {
	sums := make(map[string]biz.WalletSum, len(payments))
	for part := range slices.Chunk(payments, sumsAtATime) {
		got, err := p.client.GetWalletSums(ctx, &memberv1.GetWalletSumsRequest{PaymentIds: part})
		if err != nil {
			return nil, fmt.Errorf("wallet: sums: %w", err)
		}
		for _, s := range got.GetSums() {
			sums[s.GetPaymentId()] = biz.WalletSum{PaidMinor: s.GetPaidMinor(), RefundedMinor: s.GetRefundedMinor()}
		}
	}
	return sums, nil
}

// Notification is refused: the member center calls nobody.
func (p *Provider) Notification(string, []byte, func(string) string, int64) (biz.Notification, error) {
	return biz.Notification{}, biz.SignatureInvalid()
}

// Thanks are read by nobody.
func (p *Provider) Thanks() (contentType, body string) { return "text/plain", "" }

// refusal says whether the member center has decided: after everything else the outcome is not known.
func refusal(e *kratos.Error) bool {
	return e.Code >= 400 && e.Code < 500 && e.Code != 401 && e.Code != 408 && e.Code != 429 && e.Code != 499
}

// told passes refusals on as they are: the member can do something about them.
func told(what string, err error) error {
	if err == nil {
		return nil
	}
	if e := kratos.FromError(err); refusal(e) {
		return biz.Refusal{Code: int(e.Code), Reason: e.Reason, Message: e.Message, Metadata: e.Metadata}
	}
	return fmt.Errorf("wallet: %s: %w", what, err)
}

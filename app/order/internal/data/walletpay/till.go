package walletpay

import (
	"context"
	"errors"
	"fmt"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Take takes the amount of a sale at a till at once.
func (p *Provider) Take(ctx context.Context, ref biz.PaymentRef) (string, error) {
	got, err := p.client.PayFromWallet(ctx, &memberv1.PayFromWalletRequest{
		PaymentId: ref.ID, MemberId: ref.Member, AmountMinor: ref.AmountMinor, Currency: ref.Currency, Payee: ref.Payee,
	})
	if err != nil {
		return "", told("pay", err)
	}
	return got.GetTransactionNo(), nil
}

// GiveUp closes a payment, so that a late attempt takes nothing, and gives back what it took. Where the member center has
// nothing to close, for there is no such member, there is nothing to give back either.
func (p *Provider) GiveUp(ctx context.Context, number string, ref biz.PaymentRef) error {
	got, err := p.client.CloseWalletPayment(ctx, &memberv1.CloseWalletPaymentRequest{PaymentId: ref.ID, MemberId: ref.Member})
	if err = told("close", err); err != nil {
		if refusal, is := errors.AsType[biz.Refusal](err); is && refusal.Code == 404 {
			return nil
		}
		return fmt.Errorf("give up %s: %w", ref.ID, err)
	}
	if got.GetKind() != memberv1.WalletEntryKind_PAY {
		return nil
	}
	if _, err := p.client.RefundToWallet(ctx, &memberv1.RefundToWalletRequest{Number: number, PaymentId: ref.ID, AmountMinor: ref.AmountMinor}); err != nil {
		return fmt.Errorf("give %s back: %w", ref.ID, err)
	}
	return nil
}

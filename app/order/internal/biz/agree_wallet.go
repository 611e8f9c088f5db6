package biz

import (
	"context"
	"fmt"
)

// WalletReader knows what payments took of stored value.
type WalletReader interface {
	// WalletSums of payments, by payment; those that took nothing are absent.
	WalletSums(ctx context.Context, payments []string) (map[string]WalletSum, error)
}

// WalletSum is what a payment took, and what came back of it.
type WalletSum struct{ PaidMinor, RefundedMinor int64 }

// WalletPayments are the payments of an order that stored value was asked for.
func (r Record) WalletPayments() (payments []string) {
	for _, p := range r.Payments {
		if p.Provider == ProviderWallet {
			payments = append(payments, p.ID)
		}
	}
	return payments
}

// AgreeWallet compares a settled order with the wallet that paid it (I7): what was captured was taken, what has come back is
// there, and nothing else. A payment that is still asked about may have taken what the order does not know yet.
func AgreeWallet(r Record, sums map[string]WalletSum) (found []Disagreement) {
	for _, p := range r.Payments {
		if p.Provider != ProviderWallet {
			continue
		}
		var want WalletSum
		var open int64
		for _, c := range r.Captures {
			if c.PaymentID != p.ID {
				continue
			}
			want.PaidMinor += c.AmountMinor
			for _, f := range r.Refunds {
				switch {
				case f.CaptureID != c.ID:
				case f.State == RefundDone && f.Reason != ReasonExchange:
					want.RefundedMinor += f.AmountMinor
				default: // what moved to the order of a replacement comes back from there, or never
					open += f.AmountMinor
				}
			}
		}
		got := sums[p.ID]
		if got.PaidMinor != want.PaidMinor && (p.AskAtUS == 0 || want.PaidMinor > 0) {
			found = append(found, Disagreement{p.ID, fmt.Sprintf("stored value: %d taken, not %d", got.PaidMinor, want.PaidMinor)})
		}
		if got.RefundedMinor < want.RefundedMinor || got.RefundedMinor > want.RefundedMinor+open {
			found = append(found, Disagreement{p.ID, fmt.Sprintf("stored value: %d came back, not %d", got.RefundedMinor, want.RefundedMinor)})
		}
	}
	return found
}

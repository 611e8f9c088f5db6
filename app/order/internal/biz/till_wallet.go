package biz

import "context"

// WalletTender is stored value that pays a sale at a till. Its payment is known to the member center before there is an order.
type WalletTender struct {
	PaymentID   string
	AmountMinor int64
	// TransactionNo is the member center's, once it was taken.
	TransactionNo string
}

// WalletPayer takes stored value at once.
type WalletPayer interface {
	// Take takes a payment's amount and names the transaction; again it is the same one. WALLET_INSUFFICIENT where there is
	// less, STATE_CONFLICT after it was given up.
	Take(ctx context.Context, p PaymentRef) (transactionNo string, err error)
	// GiveUp ends a payment of which nothing is to stay taken: what it took goes back under the number, and it takes nothing any
	// more. It never refuses.
	GiveUp(ctx context.Context, number string, p PaymentRef) error
}

// walletStep takes the stored value that pays a sale.
func (p *Placement) walletStep() Step {
	h, w := p.Draft.Record.Header, p.Draft.Wallet
	ref := PaymentRef{ID: w.PaymentID, Payee: h.MerchantAccount, Currency: h.Currency, Member: h.MemberID, AmountMinor: w.AmountMinor}
	return Step{
		Name: "wallet",
		Do: func(ctx context.Context) (err error) {
			p.walletNo, err = p.Wallet.Take(ctx, ref)
			return err
		},
		Undo: func(ctx context.Context) error { return p.Wallet.GiveUp(ctx, p.GID+"-back", ref) },
	}
}

// takeWallet books stored value that was taken for a sale.
func (o *Order) takeWallet(w WalletTender) error {
	if w.AmountMinor == 0 {
		return nil
	}
	return o.takeAs(w.PaymentID, ProviderWallet, w.TransactionNo, w.AmountMinor)
}

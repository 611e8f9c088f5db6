package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data/ent"
	"github.com/onepool/onepool/app/member/internal/data/ent/wallet"
	"github.com/onepool/onepool/app/member/internal/data/ent/walletentry"
)

// Wallets keep stored value in one database. The lock of a wallet is that of its member's row.
type Wallets struct {
	ent      *ent.Client
	members  *Members
	currency string
}

// NewWallets uses a migrated database; all wallets are in one currency.
func NewWallets(members *Members, currency string) *Wallets {
	return &Wallets{ent: members.ent, members: members, currency: currency}
}

// Open locks a member's wallet.
func (w *Wallets) Open(ctx context.Context, member string) (biz.WalletState, error) {
	if _, err := w.members.Lock(ctx, member); err != nil {
		return biz.WalletState{}, err
	}
	row, err := w.ent.Wallet.Query().Where(wallet.ID(member)).Only(ctx)
	if ent.IsNotFound(err) {
		row, err = w.ent.Wallet.Create().SetID(member).SetOrg(BrandOrg).SetCurrency(w.currency).Save(ctx)
	}
	if err != nil {
		return biz.WalletState{}, fmt.Errorf("open wallet: %w", err)
	}
	if row.Currency != w.currency {
		return biz.WalletState{}, fmt.Errorf("wallet of %s is in %s, and the brand's currency is %s now", member, row.Currency, w.currency)
	}
	return biz.WalletState{Member: row.ID, Currency: row.Currency, BalanceMinor: row.BalanceMinor, Seq: row.Seq}, nil
}

// Balance reads a wallet that the caller may see; a member who never had one has 0. Unknown if there is no such member.
func (w *Wallets) Balance(ctx context.Context, member string) (int64, error) {
	if _, err := w.members.Get(ctx, member); err != nil {
		return 0, err
	}
	row, err := w.ent.Wallet.Query().Where(wallet.ID(member)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read wallet: %w", err)
	}
	return row.BalanceMinor, nil
}

// Entry returns the entry under an id.
func (w *Wallets) Entry(ctx context.Context, id string) (biz.WalletEntry, bool, error) {
	row, err := w.ent.WalletEntry.Query().Where(walletentry.ID(id)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return biz.WalletEntry{}, false, nil
	case err != nil:
		return biz.WalletEntry{}, false, fmt.Errorf("wallet entry: %w", err)
	}
	return toWalletEntry(row), true, nil
}

// Refunded is what came back of a payment.
func (w *Wallets) Refunded(ctx context.Context, payment string) (sum int64, err error) {
	rows, err := w.ent.WalletEntry.Query().Where(walletentry.PaymentID(payment), walletentry.Kind(string(biz.WalletRefund))).All(ctx)
	if err != nil {
		return 0, fmt.Errorf("refunds to the wallet: %w", err)
	}
	for _, row := range rows {
		sum += row.AmountMinor
	}
	return sum, nil
}

// Sums are what payments took, and what came back of them.
func (w *Wallets) Sums(ctx context.Context, payments []string) (paid, refunded map[string]int64, err error) {
	rows, err := w.ent.WalletEntry.Query().Where(walletentry.PaymentIDIn(payments...)).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("sums of wallets: %w", err)
	}
	paid, refunded = map[string]int64{}, map[string]int64{}
	for _, row := range rows {
		switch biz.WalletKind(row.Kind) {
		case biz.WalletPay:
			paid[row.PaymentID] -= row.AmountMinor
		case biz.WalletRefund:
			refunded[row.PaymentID] += row.AmountMinor
		}
	}
	return paid, refunded, nil
}

// Append writes an entry and the wallet's new balance; the guard is the last line of defence against a ledger with two entries
// of one number.
func (w *Wallets) Append(ctx context.Context, s biz.WalletState, e biz.WalletEntry) error {
	n, err := w.ent.Wallet.Update().Where(wallet.ID(s.Member), wallet.Seq(s.Seq-1), wallet.BalanceMinorGTE(-e.AmountMinor)).
		SetBalanceMinor(s.BalanceMinor).SetSeq(s.Seq).Save(ctx)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed: somebody else booked", n)
	}
	if err != nil {
		return fmt.Errorf("update wallet %s: %w", s.Member, err)
	}
	err = w.ent.WalletEntry.Create().SetID(e.ID).SetOrg(BrandOrg).SetMemberID(e.Member).SetSeq(e.Seq).SetKind(string(e.Kind)).SetPaymentID(e.Payment).
		SetAmountMinor(e.AmountMinor).SetBalanceAfter(e.BalanceAfter).SetPayee(e.Payee).SetNote(e.Note).SetActor(e.Actor).SetAtUs(e.AtUS).Exec(ctx)
	if err != nil {
		return fmt.Errorf("book to wallet %s: %w", s.Member, err)
	}
	return nil
}

// Entries reads a page of a ledger that the caller may see, the latest first; before 0: from the end.
func (w *Wallets) Entries(ctx context.Context, member string, before int64, limit int) ([]biz.WalletEntry, error) {
	q := w.ent.WalletEntry.Query().Where(walletentry.MemberID(member))
	if before > 0 {
		q = q.Where(walletentry.SeqLT(before))
	}
	rows, err := q.Order(ent.Desc(walletentry.FieldSeq)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("wallet entries: %w", err)
	}
	entries := make([]biz.WalletEntry, len(rows))
	for i, row := range rows {
		entries[i] = toWalletEntry(row)
	}
	return entries, nil
}

func toWalletEntry(row *ent.WalletEntry) biz.WalletEntry {
	return biz.WalletEntry{
		ID: row.ID, Member: row.MemberID, Kind: biz.WalletKind(row.Kind), Payment: row.PaymentID, AmountMinor: row.AmountMinor, BalanceAfter: row.BalanceAfter,
		Seq: row.Seq, Payee: row.Payee, Note: row.Note, Actor: row.Actor, AtUS: row.AtUs,
	}
}

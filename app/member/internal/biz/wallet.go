package biz

import (
	"context"
	"math"
	"net/http"
	"strconv"
)

// WalletKind says what an entry of a wallet is.
type WalletKind string

// The kinds of entries.
const (
	WalletTopUp  WalletKind = "TOP_UP"
	WalletPay    WalletKind = "PAY"
	WalletRefund WalletKind = "REFUND"
	// WalletClosed stands for a payment that was given up before it took anything: it never will.
	WalletClosed WalletKind = "CLOSED"
)

// WalletEntry is a line of the ledger of stored value, in minor units; AmountMinor is negative for what was paid.
type WalletEntry struct {
	ID, Member   string
	Kind         WalletKind
	Payment      string // the order center's, for all but a top-up
	AmountMinor  int64
	BalanceAfter int64
	Seq          int64
	Payee        string
	Note, Actor  string
	AtUS         int64
}

// WalletState is a wallet as it is kept.
type WalletState struct {
	Member, Currency  string
	BalanceMinor, Seq int64
}

// WalletBook keeps wallets. All its methods run in the context's transaction.
type WalletBook interface {
	// Open locks a member's wallet, which is there from then on. Unknown if there is no such member.
	Open(ctx context.Context, member string) (WalletState, error)
	// Entry returns the entry under an id, and whether there is one.
	Entry(ctx context.Context, id string) (WalletEntry, bool, error)
	// Refunded is the sum of what came back of a payment.
	Refunded(ctx context.Context, payment string) (int64, error)
	// Append writes an entry and the wallet's new balance.
	Append(ctx context.Context, w WalletState, e WalletEntry) error
}

// Wallets decide about stored value.
//
// Always true: a balance is the sum of its entries and never negative; a payment takes its amount once or is closed; what
// comes back of a payment is never more than it took, and comes back to the wallet that paid.
type Wallets struct {
	book     WalletBook
	clock    Clock
	currency string
}

// NewWallets keeps value in one currency, the brand's.
func NewWallets(book WalletBook, clock Clock, currency string) *Wallets {
	return &Wallets{book: book, clock: clock, currency: currency}
}

// Currency of all wallets.
func (w *Wallets) Currency() string { return w.currency }

// WalletInsufficient refuses to pay more than there is.
type WalletInsufficient struct{ Wanted, Left int64 }

func (e WalletInsufficient) Error() string {
	return "wanted " + strconv.FormatInt(e.Wanted, 10) + ", " + strconv.FormatInt(e.Left, 10) + " left in the wallet"
}

// Fault tells a client.
func (e WalletInsufficient) Fault() (int, string, string, map[string]string) {
	return http.StatusConflict, "WALLET_INSUFFICIENT", "not enough stored value: pay no more than what is left, and the rest in another way",
		map[string]string{"wanted_minor": strconv.FormatInt(e.Wanted, 10), "left_minor": strconv.FormatInt(e.Left, 10)}
}

// TopUp books value in, once for an id.
func (w *Wallets) TopUp(ctx context.Context, id, member string, amountMinor int64, currency, note, actor string) (WalletState, error) {
	if err := w.check(amountMinor, currency); err != nil {
		return WalletState{}, err
	}
	return w.enter(ctx, WalletEntry{ID: id, Member: member, Kind: WalletTopUp, AmountMinor: amountMinor, Note: note, Actor: actor})
}

// Pay takes a payment's amount; again it is the same payment.
func (w *Wallets) Pay(ctx context.Context, payment, member string, amountMinor int64, currency, payee, actor string) (WalletEntry, error) {
	if err := w.check(amountMinor, currency); err != nil {
		return WalletEntry{}, err
	}
	state, err := w.book.Open(ctx, member) // before the entry is looked for: whoever writes one has the lock
	if err != nil {
		return WalletEntry{}, err
	}
	before, there, err := w.book.Entry(ctx, payment)
	switch {
	case err != nil:
		return WalletEntry{}, err
	case there && before.Kind == WalletClosed:
		return WalletEntry{}, Conflict{State: string(WalletClosed), Message: "the payment was closed: open another one"}
	case there && (before.Kind != WalletPay || before.Member != member || before.AmountMinor != -amountMinor || before.Payee != payee):
		return WalletEntry{}, Conflict{State: string(before.Kind), Message: "the payment was another one: check its number"}
	case there:
		return before, nil
	case state.BalanceMinor < amountMinor:
		return WalletEntry{}, WalletInsufficient{Wanted: amountMinor, Left: state.BalanceMinor}
	}
	return w.append(ctx, state, WalletEntry{ID: payment, Kind: WalletPay, Payment: payment, AmountMinor: -amountMinor, Payee: payee, Actor: actor})
}

// Close gives a payment up, unless it has taken its amount. It returns what stands there.
func (w *Wallets) Close(ctx context.Context, payment, member, actor string) (WalletEntry, error) {
	state, err := w.book.Open(ctx, member)
	if err != nil {
		return WalletEntry{}, err
	}
	before, there, err := w.book.Entry(ctx, payment)
	if err != nil || there {
		return before, err
	}
	return w.append(ctx, state, WalletEntry{ID: payment, Kind: WalletClosed, Payment: payment, Actor: actor})
}

// Refund gives a part of a payment back to the wallet that paid; the same number again is the same refund.
func (w *Wallets) Refund(ctx context.Context, number, payment string, amountMinor int64, actor string) (WalletEntry, error) {
	paid, there, err := w.book.Entry(ctx, payment)
	if err != nil {
		return WalletEntry{}, err
	}
	if !there || paid.Kind != WalletPay {
		return WalletEntry{}, Conflict{State: string(paid.Kind), Message: "nothing was paid by this payment: check its number"}
	}
	state, err := w.book.Open(ctx, paid.Member)
	if err != nil {
		return WalletEntry{}, err
	}
	before, there, err := w.book.Entry(ctx, number)
	if err != nil {
		return WalletEntry{}, err
	}
	if there && (before.Kind != WalletRefund || before.Payment != payment || before.AmountMinor != amountMinor) {
		return WalletEntry{}, Conflict{State: string(before.Kind), Message: "the number was used for another refund: check it"}
	}
	if there {
		return before, nil
	}
	refunded, err := w.book.Refunded(ctx, payment)
	if err != nil {
		return WalletEntry{}, err
	}
	if left := -paid.AmountMinor - refunded; amountMinor <= 0 || amountMinor > left {
		return WalletEntry{}, Conflict{State: "left " + strconv.FormatInt(left, 10), Message: "more than is left of the payment: refund no more than that"}
	}
	return w.append(ctx, state, WalletEntry{ID: number, Kind: WalletRefund, Payment: payment, AmountMinor: amountMinor, Payee: paid.Payee, Actor: actor})
}

func (w *Wallets) check(amountMinor int64, currency string) error {
	switch {
	case currency != w.currency:
		return Invalid{Field: "currency", Rule: "stored value is in " + w.currency}
	case amountMinor <= 0:
		return Invalid{Field: "amount_minor", Rule: "must be above 0"}
	}
	return nil
}

// enter writes an entry to a wallet that need not be there yet.
func (w *Wallets) enter(ctx context.Context, e WalletEntry) (WalletState, error) {
	state, err := w.book.Open(ctx, e.Member)
	if err != nil {
		return state, err
	}
	if state.BalanceMinor > math.MaxInt64-e.AmountMinor {
		return state, Invalid{Field: "amount_minor", Rule: "is more than a wallet holds"}
	}
	e, err = w.append(ctx, state, e)
	state.BalanceMinor, state.Seq = e.BalanceAfter, e.Seq
	return state, err
}

func (w *Wallets) append(ctx context.Context, state WalletState, e WalletEntry) (WalletEntry, error) {
	now, err := w.clock.Now(ctx)
	if err != nil {
		return e, err
	}
	state.BalanceMinor += e.AmountMinor
	state.Seq++
	e.Member, e.Seq, e.BalanceAfter, e.AtUS = state.Member, state.Seq, state.BalanceMinor, now
	return e, w.book.Append(ctx, state, e)
}

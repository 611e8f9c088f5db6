package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
)

func (b *bench) wallets() *Wallets {
	book := data.NewWallets(b.Members, "CNY")
	return NewWallets(b.db, biz.NewWallets(book, b.db, "CNY"), book, key)
}

func (b *bench) topUp(t require.TestingT, w *Wallets, id string, amount int64) {
	_, err := w.TopUpWallet(hq(context.Background(), "finance"), &memberv1.TopUpWalletRequest{RequestId: b.request(), MemberId: id, AmountMinor: amount, Currency: "CNY", Note: "gift card 17"})
	require.NoError(t, err)
}

func (b *bench) balance(t *testing.T, w *Wallets, id string) int64 {
	got, err := w.GetWallet(self(t.Context(), id), &memberv1.GetWalletRequest{MemberId: id})
	require.NoError(t, err)
	require.Equal(t, "CNY", got.Balance.Currency)
	return got.Balance.AmountMinor
}

func TestStoredValuePaysAndComesBack(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		w, id := b.wallets(), b.newMember(t, "13812345678", 0)
		require.Zero(t, b.balance(t, w, id))
		req := &memberv1.TopUpWalletRequest{RequestId: b.request(), MemberId: id, AmountMinor: 10_000, Currency: "CNY", Note: "gift card 17"}
		for range 2 { // the same request
			got, err := w.TopUpWallet(hq(t.Context(), "finance"), req)
			require.NoError(t, err)
			require.Equal(t, int64(10_000), got.Balance.AmountMinor)
		}
		inside := b.inside(t, self(t.Context(), id))
		pay := func(payment string, amount int64) (*memberv1.WalletPayment, error) {
			return w.PayFromWallet(inside, &memberv1.PayFromWalletRequest{PaymentId: payment, MemberId: id, AmountMinor: amount, Currency: "CNY", Payee: "acct-fra"})
		}
		_, err := pay("pay_1", 10_001)
		require.Equal(t, "WALLET_INSUFFICIENT", reason(err))
		for range 3 { // less than before: a refusal is not for ever, and a payment is once
			paid, err := pay("pay_1", 7_000)
			require.NoError(t, err)
			require.Equal(t, []any{memberv1.WalletEntryKind_PAY, int64(7_000), "acct-fra"}, []any{paid.Kind, paid.Amount.AmountMinor, paid.Payee})
			require.NotEmpty(t, paid.TransactionNo)
		}
		_, err = pay("pay_1", 6_999)
		require.Equal(t, "STATE_CONFLICT", reason(err))
		require.Equal(t, int64(3_000), b.balance(t, w, id))
		stands, err := w.GetWalletPayment(inside, &memberv1.GetWalletPaymentRequest{PaymentId: "pay_1"})
		require.NoError(t, err)
		require.Equal(t, memberv1.WalletEntryKind_PAY, stands.Kind)
		none, err := w.GetWalletPayment(inside, &memberv1.GetWalletPaymentRequest{PaymentId: "pay_none"})
		require.NoError(t, err)
		require.Equal(t, memberv1.WalletEntryKind_WALLET_ENTRY_KIND_UNSPECIFIED, none.Kind)

		// What was paid cannot be closed; what was closed cannot be paid, whatever comes first.
		closing := func(payment string) memberv1.WalletEntryKind {
			got, err := w.CloseWalletPayment(inside, &memberv1.CloseWalletPaymentRequest{PaymentId: payment, MemberId: id})
			require.NoError(t, err)
			return got.Kind
		}
		require.Equal(t, memberv1.WalletEntryKind_PAY, closing("pay_1"))
		require.Equal(t, memberv1.WalletEntryKind_CLOSED, closing("pay_2"))
		require.Equal(t, memberv1.WalletEntryKind_CLOSED, closing("pay_2"))
		_, err = pay("pay_2", 1)
		require.Equal(t, "STATE_CONFLICT", reason(err))

		refund := func(number, payment string, amount int64) error {
			got, err := w.RefundToWallet(inside, &memberv1.RefundToWalletRequest{Number: number, PaymentId: payment, AmountMinor: amount})
			if err == nil {
				require.Equal(t, []any{true, amount, payment}, []any{got.Done, got.Amount.AmountMinor, got.PaymentId})
			}
			return err
		}
		require.NoError(t, refund("rfd_1", "pay_1", 2_000))
		require.NoError(t, refund("rfd_1", "pay_1", 2_000))
		require.Equal(t, "STATE_CONFLICT", reason(refund("rfd_1", "pay_1", 2_001)))
		require.Equal(t, "STATE_CONFLICT", reason(refund("rfd_2", "pay_1", 5_001)))
		require.Equal(t, "STATE_CONFLICT", reason(refund("rfd_2", "pay_2", 1)))
		require.NoError(t, refund("rfd_2", "pay_1", 5_000))
		require.Equal(t, int64(10_000), b.balance(t, w, id))
		done, err := w.GetWalletRefund(inside, &memberv1.GetWalletRefundRequest{Number: "rfd_2"})
		require.NoError(t, err)
		require.True(t, done.Done)
		done, err = w.GetWalletRefund(inside, &memberv1.GetWalletRefundRequest{Number: "pay_1"})
		require.NoError(t, err)
		require.False(t, done.Done, "a payment is no refund")

		sums, err := w.GetWalletSums(inside, &memberv1.GetWalletSumsRequest{PaymentIds: []string{"pay_1", "pay_2", "pay_none"}})
		require.NoError(t, err)
		require.Len(t, sums.Sums, 1)
		require.Equal(t, []int64{7_000, 7_000}, []int64{sums.Sums[0].PaidMinor, sums.Sums[0].RefundedMinor})

		// The ledger has a page at a time.
		var kinds []string
		token := ""
		for {
			list, err := w.ListWalletEntries(self(t.Context(), id), &memberv1.ListWalletEntriesRequest{MemberId: id, PageSize: 2, PageToken: token})
			require.NoError(t, err)
			for _, e := range list.Entries {
				kinds = append(kinds, fmt.Sprint(e.Kind, " ", e.Amount.AmountMinor, " ", e.BalanceAfter.AmountMinor))
			}
			if token = list.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, []string{"REFUND 5000 10000", "REFUND 2000 5000", "CLOSED 0 3000", "PAY -7000 3000", "TOP_UP 10000 10000"}, kinds)
		require.Empty(t, b.audit(t, t.Context()))
	})
}

func TestWhoseStoredValueItIs(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		w, id, other := b.wallets(), b.newMember(t, "13812345678", 0), b.newMember(t, "13912345678", 0)
		b.topUp(t, w, id, 500)
		for _, ctx := range []context.Context{self(t.Context(), other), staff(t.Context(), "FR1")} {
			_, err := w.GetWallet(ctx, &memberv1.GetWalletRequest{MemberId: id})
			require.Equal(t, "MEMBER_UNKNOWN", reason(err))
			_, err = w.ListWalletEntries(ctx, &memberv1.ListWalletEntriesRequest{MemberId: id})
			require.Equal(t, "MEMBER_UNKNOWN", reason(err))
		}
		top := func(ctx context.Context, change func(r *memberv1.TopUpWalletRequest)) error {
			r := &memberv1.TopUpWalletRequest{RequestId: b.request(), MemberId: id, AmountMinor: 1, Currency: "CNY", Note: "x"}
			change(r)
			_, err := w.TopUpWallet(ctx, r)
			return err
		}
		same := func(*memberv1.TopUpWalletRequest) {}
		require.Equal(t, "FORBIDDEN", reason(top(hq(t.Context(), "operator"), same)))
		require.Equal(t, "FORBIDDEN", reason(top(self(t.Context(), id), same)))
		require.Equal(t, "VALIDATOR", reason(top(hq(t.Context(), "admin"), func(r *memberv1.TopUpWalletRequest) { r.Currency = "USD" })))
		require.Equal(t, "VALIDATOR", reason(top(hq(t.Context(), "admin"), func(r *memberv1.TopUpWalletRequest) { r.AmountMinor = 1<<63 - 1 })))
		require.Equal(t, "MEMBER_UNKNOWN", reason(top(hq(t.Context(), "admin"), func(r *memberv1.TopUpWalletRequest) { r.MemberId = "mbr_none" })))
		// From outside nobody pays with it, not even its member: that is the order center's.
		_, err := w.PayFromWallet(self(t.Context(), id), &memberv1.PayFromWalletRequest{PaymentId: "pay_1", MemberId: id, AmountMinor: 1, Currency: "CNY"})
		require.Equal(t, "FORBIDDEN", reason(err))
		require.Equal(t, int64(500), b.balance(t, w, id))
		got, err := w.GetWallet(hq(t.Context(), "operator"), &memberv1.GetWalletRequest{MemberId: id})
		require.NoError(t, err)
		require.Equal(t, int64(500), got.Balance.AmountMinor)
	})
}

// Many payments at once take no more than there is, each once, though all are repeated and some are closed meanwhile.
func TestStoredValueIsNeverOverspent(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		w, id := b.wallets(), b.newMember(t, "13812345678", 0)
		b.topUp(t, w, id, 1_000)
		inside := b.inside(t, self(t.Context(), id))
		var all sync.WaitGroup
		for i := range 12 {
			payment := fmt.Sprint("pay_", i)
			for range 2 {
				all.Go(func() {
					_, err := w.PayFromWallet(inside, &memberv1.PayFromWalletRequest{PaymentId: payment, MemberId: id, AmountMinor: 100, Currency: "CNY"})
					if err != nil && reason(err) != "WALLET_INSUFFICIENT" && reason(err) != "STATE_CONFLICT" {
						t.Errorf("pay: %v", err)
					}
				})
			}
			if i%4 == 0 {
				all.Go(func() {
					if _, err := w.CloseWalletPayment(inside, &memberv1.CloseWalletPaymentRequest{PaymentId: payment, MemberId: id}); err != nil {
						t.Errorf("close: %v", err)
					}
				})
			}
		}
		all.Wait()
		paid := int64(0)
		for i := range 12 {
			got, err := w.GetWalletPayment(inside, &memberv1.GetWalletPaymentRequest{PaymentId: fmt.Sprint("pay_", i)})
			require.NoError(t, err)
			if got.Kind == memberv1.WalletEntryKind_PAY {
				paid += 100
			}
		}
		require.Equal(t, 1_000-paid, b.balance(t, w, id))
		require.GreaterOrEqual(t, paid, int64(900), "nine are never closed")
		require.Empty(t, b.audit(t, t.Context()))
	})
}

// Random questions, repeated, end where a simple model ends.
func TestRandomPaymentsAgreeWithAModel(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		w, round := b.wallets(), 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			id := b.newMember(t, fmt.Sprintf("137%08d", round), 0)
			b.topUp(r, w, id, 1_000)
			inside := b.inside(t, self(t.Context(), id))
			balance, paid, closed, back := int64(1_000), map[string]int64{}, map[string]bool{}, map[string]int64{}
			for i := range rapid.IntRange(1, 12).Draw(r, "steps") {
				payment := fmt.Sprintf("pay_%d_%d", round, rapid.IntRange(1, 3).Draw(r, "payment"))
				amount := rapid.Int64Range(1, 600).Draw(r, "amount")
				var err error
				var possible bool
				switch rapid.SampledFrom([]string{"pay", "close", "refund"}).Draw(r, "step") {
				case "pay":
					_, err = w.PayFromWallet(inside, &memberv1.PayFromWalletRequest{PaymentId: payment, MemberId: id, AmountMinor: amount, Currency: "CNY"})
					possible = paid[payment] == amount || paid[payment] == 0 && !closed[payment] && amount <= balance
					if possible && paid[payment] == 0 {
						balance, paid[payment] = balance-amount, amount
					}
				case "close":
					_, err = w.CloseWalletPayment(inside, &memberv1.CloseWalletPaymentRequest{PaymentId: payment, MemberId: id})
					possible, closed[payment] = true, closed[payment] || paid[payment] == 0
				case "refund":
					_, err = w.RefundToWallet(inside, &memberv1.RefundToWalletRequest{Number: fmt.Sprint("rfd_", round, "_", i), PaymentId: payment, AmountMinor: amount})
					if possible = amount <= paid[payment]-back[payment]; possible {
						balance, back[payment] = balance+amount, back[payment]+amount
					}
				}
				require.Equal(r, possible, err == nil, "%v", err)
			}
			require.Equal(r, balance, b.balance(t, w, id))
			require.Empty(r, b.audit(r, t.Context()))
		})
	})
}

// Each check of stored value goes red when what it guards is broken behind the center's back.
func TestTheAuditSeesBrokenWallets(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			for name, c := range map[string]struct{ sql, id, title string }{
				"balance":              {"UPDATE wallets SET balance_minor = balance_minor + 1", "I6", "sum of its entries"},
				"an entry changed":     {"UPDATE wallet_entries SET amount_minor = amount_minor + 1 WHERE kind = 'TOP_UP'", "I19", "stored value"},
				"an entry deleted":     {"DELETE FROM wallet_entries WHERE kind = 'TOP_UP'", "I19", "stored value"},
				"too much came back":   {"UPDATE wallet_entries SET amount_minor = -100 WHERE kind = 'PAY'", "I7", "not more than it took"},
				"of nothing":           {"UPDATE wallet_entries SET payment_id = 'pay_none' WHERE kind = 'REFUND'", "I7", "not more than it took"},
				"a sign":               {"UPDATE wallet_entries SET kind = 'CLOSED' WHERE kind = 'TOP_UP'", "I7", "not more than it took"},
				"another member":       {"UPDATE wallet_entries SET member_id = 'mbr_x', seq = 9 WHERE kind = 'REFUND'", "I7", "its payer's"},
				"another organisation": {"UPDATE wallets SET org = 'FR1'", "I18", "the brand's"},
			} {
				t.Run(name, func(t *testing.T) {
					b := newBench(t, engine)
					w, id := b.wallets(), b.newMember(t, "13812345678", 0)
					b.topUp(t, w, id, 1_000)
					inside := b.inside(t, self(t.Context(), id))
					_, err := w.PayFromWallet(inside, &memberv1.PayFromWalletRequest{PaymentId: "pay_1", MemberId: id, AmountMinor: 500, Currency: "CNY"})
					require.NoError(t, err)
					_, err = w.RefundToWallet(inside, &memberv1.RefundToWalletRequest{Number: "rfd_1", PaymentId: "pay_1", AmountMinor: 200})
					require.NoError(t, err)
					require.Empty(t, b.audit(t, t.Context()))
					require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context) error {
						_, err := b.db.Conn(ctx).ExecContext(ctx, c.sql)
						return err
					}))
					found, violated := false, b.audit(t, t.Context())
					for _, v := range violated {
						found = found || strings.HasPrefix(v, c.id+" ") && strings.Contains(v, c.title)
					}
					require.True(t, found, "%s is not seen by %s: %v", c.sql, c.id, violated)
				})
			}
		})
	}
}

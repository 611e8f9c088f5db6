package biz

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// A presale in any life: its deposit and balance in any tenders, ended by any side at any time, paid late as often as the
// providers like. The order keeps what its state says, to the cent: nothing, a part, all of it, or the share that is forfeited.
func TestADepositInAnyLifeKeepsWhatWasAgreed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := Calculate(PriceInput{Lines: []WantedLine{{SKU: "tea", Quantity: 3}}, SKUs: shelf(map[string]int64{"tea": rapid.Int64Range(1, 9999).Draw(t, "price")}), FreightMinor: rapid.Int64Range(0, 1000).Draw(t, "freight")})
		require.NoError(t, err)
		terms := DepositTerms{SKU: "tea", BalanceFromUS: 200 * second, BalanceUntilUS: 400 * second, DepositUntilUS: 200 * second, ForfeitBP: rapid.Int64Range(0, 10_000).Draw(t, "forfeit")}
		if rapid.Bool().Draw(t, "share") {
			terms.DepositBP = rapid.Int64Range(1, 9999).Draw(t, "bp")
		} else {
			terms.DepositMinor = rapid.Int64Range(1, 12_000).Draw(t, "deposit")
		}
		require.NoError(t, terms.Validate())
		deposit, err := (TradeTerms{Deposits: []DepositTerms{terms}}).Deposit("hq", p, nil, 1)
		require.NoError(t, err)
		if deposit == nil {
			return // a share of a cent
		}
		d := NewDraft(Header{ID: ids.New("ord"), Org: "hq", Kind: KindPresale, MemberID: "m", MerchantAccount: "acct", PayUntilUS: 100 * second, HeldUntilUS: 460 * second}, p)
		d.Record.Deposit = deposit
		o, err := Place(d, []Reservation{{ID: "r", LineID: d.Record.Lines[0].ID, SKU: "tea", Location: "S", LocationOrg: "hq", Owner: "hq", Quantity: 3}}, demoTerms, 1, "m")
		require.NoError(t, err)
		b := &book{nowUS: 1}
		b.keep(o)
		buyerLeft := false
		for i := range rapid.IntRange(4, 30).Draw(t, "steps") {
			before := b.r.State
			switch rapid.SampledFrom([]string{"open", "open", "open", "capture", "capture", "capture", "wait", "wait", "tick", "leave"}).Draw(t, "step") {
			case "open":
				_ = b.do(func(o *Order) error {
					_, err := o.OpenPayment(rapid.SampledFrom([]string{"wechat", "alipay"}).Draw(t, "provider"), rapid.SampledFrom([]int64{0, 0, 0, 1, max(0, b.r.LeftMinor()/2)}).Draw(t, "amount"))
					return err
				})
			case "capture":
				if len(b.r.Payments) == 0 {
					continue
				}
				p := rapid.SampledFrom(b.r.Payments).Draw(t, "payment")
				require.NoError(t, b.do(func(o *Order) error {
					return o.Capture(Notification{Provider: p.Provider, PaymentID: p.ID, TransactionNo: fmt.Sprint("tx-", i), AmountMinor: p.AmountMinor, Currency: "CNY", Payee: p.Payee})
				}))
			case "wait":
				b.nowUS += rapid.Int64Range(1, 150).Draw(t, "seconds") * second
			case "tick":
				for _, step := range []func(o *Order) error{(*Order).RemindBalance, (*Order).Forfeit, (*Order).Expire} {
					if err := b.do(step); err != nil {
						requireReason(t, "STATE_CONFLICT", err)
					}
				}
			case "leave":
				cancel := (*Order).CancelByBuyer
				bySeller := rapid.Bool().Draw(t, "seller")
				if bySeller {
					cancel = (*Order).Cancel
				}
				if err := b.do(func(o *Order) error { return cancel(o, "x") }); err != nil {
					require.Equal(t, OrderCancelled, before, "%v", err)
					continue
				}
				buyerLeft = before == OrderDepositPaid && !bySeller
			}
			kept, dep := b.r.KeptMinor(), *b.r.Deposit
			for _, c := range b.r.Captures {
				require.LessOrEqual(t, c.RefundedMinor, c.AmountMinor)
			}
			switch b.r.State {
			case OrderUnpaid:
				require.Less(t, kept, dep.AmountMinor)
			case OrderDepositPaid:
				require.GreaterOrEqual(t, kept, dep.AmountMinor)
				require.Less(t, kept, b.r.ToPayMinor())
				require.NotZero(t, dep.DueUS)
			case OrderPaid:
				require.Equal(t, b.r.ToPayMinor(), kept)
			case OrderCancelled:
				var due int64
				if buyerLeft || slices.ContainsFunc(b.history, func(e HistoryEvent) bool { return e.Event == EventForfeit }) {
					due = money.Proportion(dep.AmountMinor, dep.ForfeitBP, 10_000)
				}
				require.Equal(t, []int64{due, due}, []int64{dep.ForfeitedMinor, kept})
			}
			if b.r.State != OrderDepositPaid {
				require.Zero(t, dep.DueUS)
			}
		}
	})
}

package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What stored value paid, and went on to the order of a replacement, is still out: it comes back to the wallet from there, or
// never. It is not missed meanwhile, and no more than it may come back.
func TestStoredValueOfAReplacementIsNotMissed(t *testing.T) {
	r := Record{
		Payments: []Payment{{ID: "pay_1", Provider: ProviderWallet}},
		Captures: []Capture{{ID: "cap_1", PaymentID: "pay_1", Provider: ProviderWallet, AmountMinor: 100, RefundedMinor: 70}},
		Refunds: []Refund{
			{ID: "rfd_1", CaptureID: "cap_1", State: RefundDone, Reason: "return", AmountMinor: 30},
			{ID: "rfd_2", CaptureID: "cap_1", State: RefundDone, Reason: ReasonExchange, AmountMinor: 40},
		},
	}
	for back, agreed := range map[int64]bool{29: false, 30: true, 70: true, 71: false} {
		found := AgreeWallet(r, map[string]WalletSum{"pay_1": {PaidMinor: 100, RefundedMinor: back}})
		require.Equal(t, agreed, len(found) == 0, "%d: %v", back, found)
	}
}

func TestAReplacementIsTaxedAsWhatItReplaces(t *testing.T) {
	l := Line{ID: "lin_1", SKU: "tea", Quantity: 3, UnitMinor: 1000, GrossMinor: 3390, DiscountMinor: 390, PayableMinor: 3000, TaxBP: 1300, TaxMinor: 345,
		Discounts: []Discount{{Promotion: "OFF", AmountMinor: 390}}}
	p := Price{}
	p.replace(l, 2, 2000)
	require.Equal(t, []int64{2260, 260, 2000, 1300, 230}, []int64{p.Lines[0].GrossMinor, p.Lines[0].DiscountMinor, p.Lines[0].PayableMinor, p.Lines[0].TaxBP, p.Lines[0].TaxMinor})
	require.Equal(t, []int64{2000, 260, 2000, 230}, []int64{p.GoodsMinor, p.DiscountMinor, p.TotalMinor, p.TaxMinor})
	require.Equal(t, int64(260), p.Lines[0].Discounts[0].AmountMinor)
}

// What the goods give back is looked at before the replacement is held. When others come back meanwhile it is another sum, and
// the replacement is not paid with what nobody has.
func TestAnExchangeIsApprovedForWhatItGivesBackNow(t *testing.T) {
	b := teasWithCups(t, 2)
	for i := range b.r.Fulfilments {
		b.ship(t, i)
	}
	tea := b.r.Lines[0].ID
	request := func() (id string) {
		require.NoError(t, b.do(func(o *Order) (err error) {
			id, err = o.RequestReturn([]ReturnWish{{tea, 1}}, "x", true)
			return err
		}))
		return id
	}
	ret := request()
	require.NoError(t, b.do(func(o *Order) error {
		return o.WishExchange(ret, []ExchangeWish{{LineID: tea, SKU: "pot", Quantity: 1}})
	}))
	before := b.r.Returns[0].RefundMinor - b.r.Returns[0].GiftMinor
	require.Equal(t, int64(19900-3000), before, "a tea alone does not earn the cups")
	other := request()
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(other) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(other, "") }))
	require.Equal(t, int64(3000), b.r.GiftChargedMinor, "the other one has paid for them")
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.ApproveExchange(ret, "ord_x", before) }))
	require.Equal(t, ReturnRequested, b.r.Returns[0].State)
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveExchange(ret, "ord_x", 19900) }))
	require.Equal(t, "ord_x", b.r.Returns[0].ExchangeOrder)
	b.audit(t)
}

// Nothing is held for a request that nobody made for other goods, or that was answered.
func TestOnlyAnOpenRequestForOtherGoodsIsExchanged(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	draft := func(id string) error {
		return b.do(func(o *Order) error { _, err := Seeker{}.ExchangeDraft(t.Context(), o, id, b.nowUS); return err })
	}
	var plain, wished string
	request := func(line string) (id string) {
		require.NoError(t, b.do(func(o *Order) (err error) {
			id, err = o.RequestReturn([]ReturnWish{{line, 1}}, "x", true)
			return err
		}))
		return id
	}
	tea, cup := b.r.Lines[0].ID, b.r.Lines[2].ID
	plain, wished = request(cup), request(tea)
	requireReason(t, "STATE_CONFLICT", draft(plain))
	require.NoError(t, b.do(func(o *Order) error { return o.WishExchange(wished, []ExchangeWish{{LineID: tea, Quantity: 1}}) }))
	require.NoError(t, draft(wished))
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveExchange(wished, "ord_x", 19901) }))
	requireReason(t, "STATE_CONFLICT", draft(wished))
}

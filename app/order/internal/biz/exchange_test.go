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

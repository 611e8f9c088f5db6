package biz

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/pricing"
)

// teasWithCups is a paid order of teas at 199.00, two of which earn two cups worth 15.00 each, and of a pot: the cups are at S2.
func teasWithCups(t *testing.T, teas int64) *book {
	cups := pricing.Promotion{
		ID: "CUPS", Version: 1, Kind: pricing.Gift, Stacking: pricing.WithAll, GiftSKU: "cup", GiftPieces: 2, Every: true,
		Levels: []pricing.Level{{FromQuantity: 2}}, Scope: pricing.Scope{SKUs: []string{"tea"}},
		Bearers: []pricing.Bearer{{Party: pricing.Party{Role: pricing.Headquarters}, ShareBP: 10_000}},
	}
	p, err := Calculate(PriceInput{
		Lines: []WantedLine{{SKU: "tea", Quantity: teas}, {SKU: "pot", Quantity: 1}}, SKUs: shelf(map[string]int64{"tea": 19900, "pot": 8900, "cup": 1500}),
		FreightMinor: 800, Promotions: PromotionFacts{Promotions: []pricing.Promotion{cups}, Left: map[string]pricing.Left{"CUPS": pricing.Unlimited}},
	})
	require.NoError(t, err)
	require.Len(t, p.Lines, 3)
	d := NewDraft(Header{ID: ids.New("ord"), Org: "hq", Kind: KindMall, MemberID: "mbr_1", MerchantAccount: "acct-hq", PayUntilUS: 100 * second}, p)
	var held []Reservation
	for i, l := range d.Record.Lines {
		held = append(held, Reservation{ID: "res_" + l.SKU, LineID: l.ID, SKU: l.SKU, Location: []string{"S1", "S1", "S2"}[i], LocationOrg: "hq", Owner: "hq", Quantity: l.Quantity})
	}
	o, err := Place(d, held, demoTerms, second, "m")
	require.NoError(t, err)
	b := &book{nowUS: second}
	b.keep(o)
	b.pay(t)
	return b
}

func TestAGiftIsCancelledWithWhatEarnedIt(t *testing.T) {
	b := teasWithCups(t, 5)
	tea, pot, cup := b.r.Lines[0].ID, b.r.Lines[1].ID, b.r.Lines[2].ID
	require.Equal(t, int64(4), b.r.Lines[2].Quantity)
	require.NoError(t, b.cancel(tea, 1))
	require.Equal(t, int64(4), b.r.Lines[2].Live(), "four teas earn them still")
	require.NoError(t, b.cancel(tea, 1))
	require.Equal(t, int64(2), b.r.Lines[2].Live())
	part := b.effects[len(b.effects)-1].(PartCancelled).Part
	require.Equal(t, []MissingStock{{"res_tea", 1}, {"res_cup", 2}}, part.Stock)
	require.Equal(t, int64(2*19900), b.r.RefundedMinor, "they cost nothing, and give nothing back")
	b.audit(t)

	// One is let go by the buyer: no other goes for it, until nothing is earned.
	require.NoError(t, b.cancel(cup, 1))
	require.NoError(t, b.cancel(tea, 1))
	require.Equal(t, []int64{2, 1}, []int64{b.r.Lines[0].Live(), b.r.Lines[2].Live()})
	require.NoError(t, b.cancel(pot, 1))
	require.Equal(t, int64(1), b.r.Lines[2].Live(), "a pot earns nothing")
	require.NoError(t, b.cancel(tea, 1))
	require.Equal(t, []int64{1, 0}, []int64{b.r.Lines[0].Live(), b.r.Lines[2].Live()})
	require.Equal(t, FulfilmentCancelled, b.r.Fulfilments[1].State)
	require.Zero(t, b.r.GiftChargedMinor)
	b.audit(t)
}

// All that was paid for is cancelled: the gift is not sent alone, and the freight comes back too.
func TestAnOrderOfNothingButAGiftIsCancelled(t *testing.T) {
	b := teasWithCups(t, 2)
	require.NoError(t, b.do(func(o *Order) error {
		return o.CancelLines([]ReturnWish{{b.r.Lines[0].ID, 2}, {b.r.Lines[1].ID, 1}}, "changed my mind")
	}))
	require.Equal(t, OrderCancelled, b.r.State)
	require.Equal(t, b.r.CapturedMinor, b.r.RefundedMinor)
	b.audit(t)
}

// The cups have left when the teas are cancelled: they are kept of the money, and paid back when they come.
func TestAGiftThatHasLeftIsDeducted(t *testing.T) {
	b := teasWithCups(t, 2)
	b.ship(t, 1)
	tea, cup := b.r.Lines[0].ID, b.r.Lines[2].ID
	require.NoError(t, b.cancel(tea, 1))
	require.Equal(t, []int64{3000, 19900 - 3000}, []int64{b.r.GiftChargedMinor, b.r.RefundedMinor})
	require.NoError(t, b.cancel(tea, 1))
	require.Equal(t, []int64{3000, 2*19900 - 3000}, []int64{b.r.GiftChargedMinor, b.r.RefundedMinor}, "once")
	b.audit(t)
	var ret string
	require.NoError(t, b.do(func(o *Order) (err error) {
		ret, err = o.RequestReturn([]ReturnWish{{cup, 2}}, "x", true)
		return err
	}))
	require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(ret) }))
	require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(ret, "") }))
	require.Equal(t, []int64{0, 2 * 19900}, []int64{b.r.GiftChargedMinor, b.r.RefundedMinor})
	b.audit(t)
}

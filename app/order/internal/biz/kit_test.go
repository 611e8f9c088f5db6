package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// kitOrder sells three boxes of one pot and two cups, one cup of which has another owner.
func kitOrder(t *testing.T) (*book, Draft) {
	p, err := Calculate(PriceInput{Lines: []WantedLine{{SKU: "box", Quantity: 3}}, SKUs: shelf(map[string]int64{"box": 10000})})
	require.NoError(t, err)
	d := NewDraft(Header{ID: "ord_1", Org: "hq", Kind: KindMall, MerchantAccount: "acct", PayUntilUS: 100 * second}, p)
	return &book{nowUS: 1 * second}, d
}

func boxes(d Draft, pots, hqCups, fraCups int64) []Reservation {
	at := func(id, sku, owner string, n int64) Reservation {
		return Reservation{ID: id, LineID: d.Record.Lines[0].ID, SKU: sku, Location: "S2", LocationOrg: "fra", Owner: owner, Quantity: n}
	}
	return []Reservation{at("r1", "pot", "fra", pots), at("r2", "cup", "hq", hqCups), at("r3", "cup", "fra", fraCups)}
}

func TestWholeKitsComeBackWhateverTheirOwners(t *testing.T) {
	b, d := kitOrder(t)
	o, err := Place(d, boxes(d, 3, 1, 5), demoTerms, b.nowUS, "test")
	require.NoError(t, err)
	b.keep(o)
	b.pay(t)
	b.ship(t, 0)
	line := b.r.Lines[0].ID
	for n := int64(1); n <= 3; n++ {
		var ret string
		require.NoError(t, b.do(func(o *Order) (err error) {
			ret, err = o.RequestReturn([]ReturnWish{{line, 1}}, "x", true)
			return err
		}))
		pieces := map[string]int64{}
		for _, p := range b.r.Returns[n-1].Lines {
			pieces[p.SKU] += p.Quantity
		}
		require.Equal(t, map[string]int64{"pot": 1, "cup": 2}, pieces, "kit %d", n)
		require.Equal(t, int64(10000), b.r.Returns[n-1].RefundMinor, "one kit's money, once")
		require.NoError(t, b.do(func(o *Order) error { return o.ApproveReturn(ret) }))
		require.NoError(t, b.do(func(o *Order) error { return o.ReceiveReturn(ret, "") }))
		require.Equal(t, n, b.r.Lines[0].ReturnedQuantity)
		b.audit(t)
	}
	for _, l := range b.r.Fulfilments[0].Lines {
		require.Equal(t, l.Quantity, l.ReturnedQuantity, "every piece of every owner is back: %s of %s", l.SKU, l.Owner)
	}
	requireReason(t, "REFUND_EXCEEDS_PAID", b.do(func(o *Order) error {
		_, err := o.RequestReturn([]ReturnWish{{line, 1}}, "x", false)
		return err
	}))
}

func TestABrokenKitIsNoOrder(t *testing.T) {
	_, d := kitOrder(t)
	_, err := Place(d, boxes(d, 3, 1, 4), demoTerms, 1*second, "test")
	require.ErrorContains(t, err, "5 pieces of cup are held for 3 kits")
}

// A store has declined three boxes: their parts come from elsewhere, one after the other. Meanwhile they are no whole boxes, and
// in the end they are.
func TestPartsOfDeclinedKitsComeOneAfterTheOther(t *testing.T) {
	b, d := kitOrder(t)
	held := boxes(d, 3, 1, 5)
	o, err := Place(d, held, demoTerms, b.nowUS, "test")
	require.NoError(t, err)
	b.keep(o)
	b.pay(t)
	var stock []HeldStock
	for _, r := range held {
		stock = append(stock, HeldStock{Reservation: r}) // let go of
	}
	more := func(id, sku string, n int64) {
		stock = append(stock, HeldStock{Open: n, Reservation: Reservation{
			ID: id, LineID: d.Record.Lines[0].ID, SKU: sku, Location: "S1", LocationOrg: "hq", Owner: "hq", Quantity: n,
		}})
	}
	follow := func(waiting bool) { require.NoError(t, b.do(func(o *Order) error { return o.Follow(stock, waiting) })) }
	more("r4", "pot", 2)
	follow(true)
	require.True(t, b.r.Unallocated)
	more("r5", "cup", 6)
	follow(true)
	more("r6", "pot", 1)
	follow(false)
	require.False(t, b.r.Unallocated)
	pieces := map[string]int64{}
	for _, f := range b.r.Fulfilments {
		for _, l := range f.Lines {
			if f.Ends() {
				pieces[l.SKU] += l.Quantity
			}
		}
	}
	require.Equal(t, map[string]int64{"pot": 3, "cup": 6}, pieces)
	require.Empty(t, AgreeStock(b.r, stock))
	b.audit(t)
}

// An order knows the reservation that it was given; inventory may hold its units under others.
func TestStockThatStandsInAReservationsPlaceIsTheOrders(t *testing.T) {
	b := placed(t, 0)
	held := func(change func(id string, h HeldStock) []HeldStock) (all []HeldStock) {
		for _, f := range b.r.Fulfilments {
			for _, l := range f.Lines {
				h := HeldStock{Reservation: Reservation{ID: l.ReservationID, LineID: l.LineID, SKU: l.SKU}, Open: l.Quantity}
				all = append(all, change(l.ReservationID, h)...)
			}
		}
		return all
	}
	inPlace := func(h HeldStock, id, of string, open int64) HeldStock {
		h.ID, h.Replaces, h.Open = id, of, open
		return h
	}
	served := held(func(id string, h HeldStock) []HeldStock {
		if id != "res_2" {
			return []HeldStock{h}
		}
		// Of four that waited three have come, one of which expired and was paid late.
		return []HeldStock{inPlace(h, "res_2c", "res_2b", 1), inPlace(h, "res_2a", "res_2", 2), inPlace(h, "res_2", "", 1), inPlace(h, "res_2b", "res_2", 0)}
	})
	require.Empty(t, AgreeStock(b.r, served))
	served[1].Open++
	require.NotEmpty(t, AgreeStock(b.r, served))
}

// Before a location has anything of an order, nothing says of what its lines consist: each is its own SKU.
func TestMoreThanWasOrderedIsSeenBeforeALocationHasAny(t *testing.T) {
	b := placed(t, 0)
	r := b.r
	r.Fulfilments = nil
	cup := r.Lines[2]
	held := func(n int64) []HeldStock {
		return []HeldStock{{Open: n, Reservation: Reservation{ID: "res_x", LineID: cup.ID, SKU: cup.SKU, Quantity: n}}}
	}
	require.Empty(t, AgreeStock(r, held(cup.Quantity)))
	require.Len(t, AgreeStock(r, held(cup.Quantity+1)), 1)
}

package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// parcelled is a paid order whose first fulfilment, of a tea and four cups, is accepted.
func parcelled(t *testing.T) (b *book, id string, tea, cup string) {
	b = placed(t, 0)
	b.pay(t)
	id = b.r.Fulfilments[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	return b, id, b.r.Lines[0].ID, b.r.Lines[2].ID
}

func (b *book) parcel(i int) Parcel { return b.r.Fulfilments[0].Parcels[i] }

func (b *book) standing() (n int) {
	for _, p := range b.r.Fulfilments[0].Parcels {
		if p.State != ParcelUndone {
			n++
		}
	}
	return n
}

func TestParcelsAreSplitAndMergedUntilTheyLeave(t *testing.T) {
	b, id, tea, cup := parcelled(t)
	put := func(contents ...[]Content) error {
		return b.do(func(o *Order) error { return o.PutParcels(id, contents) })
	}
	all := []Content{{tea, "", 1}, {cup, "", 4}}
	require.NoError(t, put(all))
	require.NoError(t, put([]Content{{tea, "", 1}, {cup, "", 1}}, []Content{{cup, "", 3}}), "split")
	require.Equal(t, []State{ParcelUndone, ParcelMade, ParcelMade}, []State{b.parcel(0).State, b.parcel(1).State, b.parcel(2).State})
	before := b.r
	for name, bad := range map[string][][]Content{
		"more than there is": {{{cup, "", 5}}}, "twice": {{{cup, "", 3}}, {{cup, "", 2}}}, "nothing": {{}}, "another location's": {{{b.r.Lines[1].ID, "", 1}}},
		"unknown": {{{"lin_none", "", 1}}}, "less than a piece": {{{cup, "", -1}}}, "another SKU": {{{cup, "tea", 1}}},
	} {
		requireReason(t, "VALIDATOR", put(bad...))
		require.Equal(t, before, b.r, name)
	}
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.Ship(id, "SF", "1") }))

	require.NoError(t, b.do(func(o *Order) error { return o.ShipParcel(b.parcel(2).ID, "SF", "1") }))
	require.Equal(t, FulfilmentPartShipped, b.r.Fulfilments[0].State)
	require.Equal(t, PartShipped, b.r.Shipping())
	require.Equal(t, Shipped{FulfilmentID: id, ParcelID: b.parcel(2).ID}, b.effects[len(b.effects)-1])
	requireReason(t, "VALIDATOR", put(all))
	require.NoError(t, put([]Content{{tea, "", 1}}, []Content{{cup, "", 1}}))
	require.NoError(t, put([]Content{{tea, "", 1}, {cup, "", 1}}), "merged again, without the one that has left")
	require.Equal(t, 2, b.standing())
	require.Equal(t, ParcelShipped, b.parcel(2).State)
	last := b.parcel(len(b.r.Fulfilments[0].Parcels) - 1)
	require.NoError(t, b.do(func(o *Order) error { return o.ShipParcel(last.ID, "SF", "2") }))
	require.Equal(t, FulfilmentShipped, b.r.Fulfilments[0].State)
	requireReason(t, "STATE_CONFLICT", put(all))
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(b.r.Fulfilments[1].ID) }))
	require.NoError(t, b.do(func(o *Order) error { return o.Ship(b.r.Fulfilments[1].ID, "SF", "3") }))
	require.Equal(t, AllShipped, b.r.Shipping())
	b.audit(t)
}

func TestRepeatedAndLateMessagesOfCarriersChangeNothing(t *testing.T) {
	b, id, tea, cup := parcelled(t)
	content := []Content{{tea, "", 1}, {cup, "", 2}}
	ship := func(content []Content, no string) error {
		return b.do(func(o *Order) error { return o.ShipPart(id, content, "SF", no) })
	}
	require.NoError(t, ship(content, "1"))
	unchanged := func(step func(o *Order) error) {
		t.Helper()
		before, effects := b.r, len(b.effects)
		require.NoError(t, b.do(step))
		require.Equal(t, before, b.r)
		require.Len(t, b.effects, effects)
	}
	first := b.parcel(0).ID
	shipFirst := func(o *Order) error { return o.ShipParcel(first, "SF", "1") }
	unchanged(func(o *Order) error { return o.ShipPart(id, content, "SF", "1") })
	unchanged(shipFirst)
	requireReason(t, "VALIDATOR", ship([]Content{{cup, "", 1}}, "1"))
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.ShipParcel(first, "SF", "9") }))
	require.NoError(t, b.do(func(o *Order) error { return o.DeliverParcel(first, "") }))
	unchanged(func(o *Order) error { return o.DeliverParcel(first, "again") })
	unchanged(shipFirst)
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.FailParcel(first, "late") }))
	require.Equal(t, FulfilmentPartShipped, b.r.Fulfilments[0].State, "the rest is there still")
	require.NoError(t, ship([]Content{{cup, "", 2}}, "2"))
	require.Equal(t, FulfilmentShipped, b.r.Fulfilments[0].State)
	require.NoError(t, b.do(func(o *Order) error { return o.DeliverParcel(b.parcel(1).ID, "") }))
	require.Equal(t, FulfilmentDelivered, b.r.Fulfilments[0].State)
	require.NoError(t, b.do(func(o *Order) error { return o.Receive(id) }))
	unchanged(shipFirst)
	unchanged(func(o *Order) error { return o.ShipPart(id, content, "SF", "1") })
	b.audit(t)
}

func TestAParcelThatFailsIsSentOnceMoreOrRefundedAlone(t *testing.T) {
	b, id, tea, cup := parcelled(t)
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(id, []Content{{tea, "", 1}}, "SF", "1") }))
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(id, []Content{{cup, "", 4}}, "SF", "2") }))
	first, second := b.parcel(0).ID, b.parcel(1).ID
	for _, p := range []string{first, second} {
		require.NoError(t, b.do(func(o *Order) error { return o.FailParcel(p, "nobody at home") }))
	}
	require.Equal(t, FulfilmentFailed, b.r.Fulfilments[0].State)
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.TakeBack(id) }))
	effects := len(b.effects)
	require.NoError(t, b.do(func(o *Order) error { return o.ShipParcel(first, "SF", "3") }))
	require.Len(t, b.effects, effects, "off the books since the first time")
	require.Equal(t, FulfilmentShipped, b.r.Fulfilments[0].State)
	b.nowUS = b.r.Fulfilments[0].AutoReceiveAtUS
	require.NoError(t, b.do(func(o *Order) error { return o.AutoReceive(id) }))
	require.Equal(t, FulfilmentShipped, b.r.Fulfilments[0].State, "nobody has received a parcel that failed")
	require.NoError(t, b.do(func(o *Order) error { return o.DeliverParcel(first, "") }))
	require.NoError(t, b.do(func(o *Order) error { return o.TakeBackParcel(second) }))
	require.Equal(t, FulfilmentDelivered, b.r.Fulfilments[0].State)
	require.Equal(t, []int64{0, 4}, []int64{b.r.Lines[0].ReturnedQuantity, b.r.Lines[2].ReturnedQuantity})
	require.Equal(t, b.r.Lines[2].Back(0, 4).MoneyMinor, b.r.RefundedMinor)
	b.audit(t)

	// All of it back is a fulfilment that is back.
	b, id, tea, cup = parcelled(t)
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(id, []Content{{tea, "", 1}, {cup, "", 4}}, "SF", "1") }))
	require.NoError(t, b.do(func(o *Order) error { return o.FailParcel(b.parcel(0).ID, "refused") }))
	require.NoError(t, b.do(func(o *Order) error { return o.TakeBackParcel(b.parcel(0).ID) }))
	require.Equal(t, []any{FulfilmentBack, b.nowUS}, []any{b.r.Fulfilments[0].State, b.r.Fulfilments[0].CloseAtUS})
	b.audit(t)
}

// What is not held any more does not leave from here; what has left stays.
func TestTheRestOfAPartlyShippedFulfilmentMayComeFromElsewhere(t *testing.T) {
	b, id, tea, cup := parcelled(t)
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(id, []Content{{cup, "", 3}}, "SF", "1") }))
	require.NoError(t, b.do(func(o *Order) error { return o.PutParcels(id, [][]Content{{{tea, "", 1}, {cup, "", 1}}}) }))
	held := func(id, line, sku, location string, open, shipped int64, replaces string) HeldStock {
		return HeldStock{Reservation: Reservation{ID: id, LineID: line, SKU: sku, Location: location, LocationOrg: "hq", Owner: "hq", Quantity: open + shipped},
			Open: open, Shipped: shipped, Replaces: replaces}
	}
	pot := b.r.Lines[1].ID
	stock := []HeldStock{
		held("res_1", tea, "tea", "S1", 1, 0, ""), held("res_2", cup, "cup", "S1", 1, 3, ""), held("res_3", pot, "pot", "S2", 1, 0, ""), held("res_4", cup, "cup", "S2", 3, 0, ""),
	}
	require.Empty(t, AgreeStock(b.r, stock))
	require.NoError(t, b.do(func(o *Order) error { return o.Follow(stock, false) }))
	require.Len(t, b.r.Fulfilments, 2, "all is held as the order says")
	stock[1].Open = 0
	stock = append(stock, held("res_5", cup, "cup", "S3", 1, 0, "res_2"))
	require.NoError(t, b.do(func(o *Order) error { return o.Follow(stock, false) }))
	require.Equal(t, FulfilmentShipped, b.r.Fulfilments[0].State)
	require.Equal(t, []int64{0, 3}, []int64{b.r.Fulfilments[0].Lines[0].Quantity, b.r.Fulfilments[0].Lines[1].Quantity})
	require.Equal(t, 1, b.standing(), "the parcel that was planned is undone")
	require.Len(t, b.r.Fulfilments, 4)
	places := map[string]State{}
	for _, f := range b.r.Fulfilments[2:] {
		places[f.Location] = f.State
	}
	require.Equal(t, map[string]State{"S1": FulfilmentAccepted, "S3": FulfilmentAssigned}, places, "who ships what it keeps has said yes")
	version := b.r.Version
	require.NoError(t, b.do(func(o *Order) error { return o.Follow(stock, false) }))
	require.Equal(t, version, b.r.Version)
	require.Empty(t, AgreeStock(b.r, stock))
	b.audit(t)
}

func TestAKitTravelsInOneParcel(t *testing.T) {
	b, d := kitOrder(t)
	o, err := Place(d, boxes(d, 3, 1, 5), demoTerms, b.nowUS, "test")
	require.NoError(t, err)
	b.keep(o)
	b.pay(t)
	id, line := b.r.Fulfilments[0].ID, b.r.Lines[0].ID
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	ship := func(pots, cups int64, no string) error {
		content := []Content{{line, "pot", pots}, {line, "cup", cups}}
		if pots == 0 {
			content = content[1:]
		}
		return b.do(func(o *Order) error { return o.ShipPart(id, content, "SF", no) })
	}
	requireReason(t, "VALIDATOR", ship(1, 1, "1"))
	requireReason(t, "VALIDATOR", ship(0, 2, "1"))
	requireReason(t, "VALIDATOR", b.do(func(o *Order) error { return o.ShipPart(id, []Content{{line, "", 1}}, "SF", "1") }))
	require.NoError(t, ship(1, 2, "1"))
	require.NoError(t, ship(2, 4, "2"))
	require.NoError(t, b.do(func(o *Order) error { return o.FailParcel(b.parcel(0).ID, "x") }))
	require.NoError(t, b.do(func(o *Order) error { return o.TakeBackParcel(b.parcel(0).ID) }))
	require.Equal(t, []int64{1, 10000}, []int64{b.r.Lines[0].ReturnedQuantity, b.r.RefundedMinor})
	b.audit(t)
}

func TestWhatABuyerCollectsHasNoParcels(t *testing.T) {
	b, id, tea, _ := parcelled(t)
	b.r.Fulfilments[0].Way = WayPickup
	requireReason(t, "STATE_CONFLICT", b.do(func(o *Order) error { return o.ShipPart(id, []Content{{tea, "", 1}}, "SF", "1") }))
}

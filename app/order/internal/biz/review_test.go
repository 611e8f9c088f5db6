package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever is done with an order, while it is held nothing of it is with a location, and nothing leaves.
func TestAHeldOrderNeverShips(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := draft(rt, 0)
		if rapid.Bool().Draw(rt, "found") {
			silence := rapid.SampledFrom([]Silence{SilenceWaits, SilenceReleases, SilenceEscalates}).Draw(rt, "silence")
			d.Hits = []ReviewHit{{Code: "r", Silence: silence, AfterUS: 20 * second}}
		}
		o, err := Place(d, holds(d), demoTerms, second, "member:mbr_1")
		require.NoError(rt, err)
		b := &book{nowUS: second}
		b.keep(o)
		n := b.payment(rt)
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			before, shipped := b.r, len(b.effects)
			f := b.r.Fulfilments[rapid.IntRange(0, len(b.r.Fulfilments)-1).Draw(rt, "fulfilment")]
			var change func(o *Order) error
			switch rapid.IntRange(0, 14).Draw(rt, "step") {
			case 0, 1:
				change = func(o *Order) error { return o.Capture(n) }
			case 2:
				change = func(o *Order) error { return o.Hold("have a look") }
			case 3:
				change = func(o *Order) error { return o.Release("") }
			case 4:
				change = func(o *Order) error { return o.Reject("no", "") }
			case 5:
				change = (*Order).Silent
			case 6, 7:
				change = func(o *Order) error { return o.Accept(f.ID) }
			case 8:
				change = func(o *Order) error { return o.Ship(f.ID, "SF", "1") }
			case 9:
				change = func(o *Order) error { return o.Pick(f.ID) }
			case 10:
				change = func(o *Order) error { return o.Pack(f.ID) }
			case 11:
				change = func(o *Order) error {
					return o.ShipPart(f.ID, []Content{{LineID: f.Lines[0].LineID, Quantity: 1}}, "SF", "2")
				}
			case 12:
				change = func(o *Order) error { return o.Collect(f.ID) }
			case 13: // the other location takes what this one lacks
				change = func(o *Order) error {
					held := heldBy(before)
					for i := range held {
						if held[i].Location == f.Location && held[i].Shipped == 0 {
							held[i].ID, held[i].Location, held[i].Replaces = held[i].ID+"m", "S3", held[i].ID
						}
					}
					return o.Follow(held, false)
				}
			case 14:
				b.nowUS += 7 * second
				change = func(o *Order) error { return o.Cancel("x") }
				if rapid.IntRange(0, 4).Draw(rt, "cancel") > 0 {
					continue
				}
			}
			if b.do(change) != nil {
				require.Equal(rt, before, b.r)
				continue
			}
			if !b.r.Held() {
				continue
			}
			for _, f := range b.r.Fulfilments {
				require.Contains(rt, []State{FulfilmentPlanned, FulfilmentCancelled, FulfilmentDeclined}, f.State)
				require.Zero(rt, f.DueUS, "no location is late with it")
			}
			for _, e := range b.effects[shipped:] {
				_, left := e.(Shipped)
				require.False(rt, left)
			}
			require.Equal(rt, b.r.Review, b.r.Reviews[len(b.r.Reviews)-1].State)
		}
		if b.r.Review == ReviewHeld && b.r.State == OrderPaid { // and it is not stuck
			require.NoError(rt, b.do(func(o *Order) error { return o.Release("") }))
			for _, f := range b.r.Fulfilments {
				require.NotEqual(rt, FulfilmentPlanned, f.State)
			}
		}
	})
}

// heldBy is what inventory holds for an order that nothing has moved of.
func heldBy(r Record) (held []HeldStock) {
	for _, f := range r.Fulfilments {
		if !f.Ends() {
			continue
		}
		for _, l := range f.Lines {
			h := HeldStock{Reservation: Reservation{ID: l.ReservationID, LineID: l.LineID, SKU: l.SKU, Location: f.Location, LocationOrg: f.Org, Owner: l.Owner, Quantity: l.Quantity}}
			if h.Shipped = f.Gone(l); h.Shipped < l.Quantity {
				h.Open = l.Quantity - h.Shipped
			}
			held = append(held, h)
		}
	}
	return held
}

// What costs a question is asked only where its answer decides.
func TestAnOrderThatNoRuleCanTouchNeedsNothing(t *testing.T) {
	d := draft(t, 0)
	r := d.Record
	r.Way, r.Receiver.Address = WayParcel, "Long Lane 1"
	far := ReviewRule{Code: "a", FirstOrder: true, ToAddress: 2, WithinUS: second, AmountMinor: r.TotalMinor + 1, Currency: "CNY"}
	near := ReviewRule{Code: "b", FirstOrder: true, PiecesFrom: 9}
	same := ReviewRule{Code: "c", ToAddress: 2, WithinUS: 5 * second}
	require.Zero(t, Needs(r, ReviewFacts{}, []ReviewRule{far}))
	require.Equal(t, ReviewNeeds{FirstOrder: true, WithinUS: 5 * second}, Needs(r, ReviewFacts{}, []ReviewRule{far, near, same}))
	require.Empty(t, ReviewHits(r, ReviewFacts{}, []ReviewRule{far, near, same}, 10*second))
	hits := ReviewHits(r, ReviewFacts{FirstOrder: true, Placed: []int64{5 * second}}, []ReviewRule{far, near, same}, 10*second)
	require.Len(t, hits, 2)
	require.Len(t, ReviewHits(r, ReviewFacts{FirstOrder: true, Placed: []int64{5*second - 1}}, []ReviewRule{far, near, same}, 10*second), 1)
	r.Receiver.Ciphertext = true
	require.Equal(t, ReviewNeeds{FirstOrder: true}, Needs(r, ReviewFacts{}, []ReviewRule{near, same}), "nobody is matched by a ciphertext")
	require.Empty(t, r.Place())
}

// Rules are dated: the version that began last counts, for the orders that it is for.
func TestTheVersionInForceCounts(t *testing.T) {
	dated := func(from, version int64) Dated { return Dated{FromUS: from, Version: version} }
	all := ReviewRules{
		{Org: "hq", Code: "a", PiecesFrom: 1, Dated: dated(10, 1)}, {Org: "hq", Code: "a", PiecesFrom: 2, Dated: dated(20, 2)},
		{Org: "hq", Code: "a", Withdrawn: true, Dated: dated(40, 3)}, {Org: "hq", Code: "b", Everyone: true, Channel: "tmall", Dated: dated(10, 1)},
		{Org: "fra", Code: "a", PiecesFrom: 7, Dated: dated(10, 1)},
	}
	pieces := func(h Header, at int64) (list []int64) {
		for _, r := range all.For(h, at) {
			list = append(list, r.PiecesFrom)
		}
		return list
	}
	require.Empty(t, pieces(Header{Org: "hq", Kind: KindMall}, 9))
	require.Equal(t, []int64{1}, pieces(Header{Org: "hq", Kind: KindMall}, 19))
	require.Equal(t, []int64{2}, pieces(Header{Org: "hq", Kind: KindMall}, 20))
	require.Empty(t, pieces(Header{Org: "hq", Kind: KindMall}, 40))
	require.Equal(t, []int64{7, 0}, pieces(Header{Org: "fra", Kind: KindChannel, Channel: "tmall"}, 40))
	require.Empty(t, pieces(Header{Org: "fra", Kind: KindTill}, 40), "the goods have left")
	require.Empty(t, pieces(Header{Org: "fra", Kind: KindMall, OriginReturn: "ret_1"}, 40), "it is a replacement")
}

func TestTheStrictestSilenceCounts(t *testing.T) {
	hit := func(s Silence, after int64) ReviewHit { return ReviewHit{Silence: s, AfterUS: after} }
	for _, x := range []struct {
		hits  []ReviewHit
		s     Silence
		after int64
	}{
		{nil, SilenceWaits, 0},
		{[]ReviewHit{hit(SilenceReleases, 5), hit(SilenceReleases, 9)}, SilenceReleases, 9},
		{[]ReviewHit{hit(SilenceReleases, 5), hit(SilenceWaits, 0)}, SilenceWaits, 0},
		{[]ReviewHit{hit(SilenceWaits, 0), hit(SilenceEscalates, 7), hit(SilenceEscalates, 3), hit(SilenceReleases, 1)}, SilenceEscalates, 3},
	} {
		s, after := silenceOf(x.hits)
		require.Equal(t, x.s, s)
		require.Equal(t, x.after, after)
	}
}

package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A link that another one has replaced takes nothing, also when it was looked up before.
func TestARevokedLinkTakesNothing(t *testing.T) {
	o := Restore(Record{Header: Header{State: OrderPaid, Kind: KindGift, Way: WayParcel}, GiftOrder: &GiftOrder{UntilUS: 9}, Fulfilments: []Fulfilment{{State: FulfilmentPlanned}}}, Terms{}, 1, "member:ann")
	require.NoError(t, o.ShareGift("a"))
	require.NoError(t, o.ShareGift("b"))
	to := Receiver{Name: "Bob", Phone: "13800000001", Address: "1 Road", Point: &Point{Lat: 30, Lng: 120}}
	refusal, ok := o.TakeGift("a", "bob", to).(Refusal)
	require.True(t, ok && refusal.Reason == reasonNotFound)
	require.Zero(t, o.Record().GiftOrder.TakenAtUS)
	require.NoError(t, o.TakeGift("b", "bob", to))
	require.Equal(t, "bob", o.Record().GiftOrder.TakenBy)
}

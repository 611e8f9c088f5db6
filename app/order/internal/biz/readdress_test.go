package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An address is changed while nothing has left, of an order that is delivered and is no gift.
func TestWhichOrdersGetAnotherAddress(t *testing.T) {
	here, there := Point{Lat: 31}, Point{Lat: 41}
	order := func(change func(r *Record)) Record {
		r := Record{Header: Header{State: OrderPaid, Way: WayParcel, Receiver: Receiver{Name: "Ann", Point: &here}}, Fulfilments: []Fulfilment{{State: FulfilmentPacked}}}
		change(&r)
		return r
	}
	to := Receiver{Name: "Eve", Point: &there}
	for name, change := range map[string]func(r *Record){
		"paid": func(*Record) {}, "unpaid": func(r *Record) { r.State = OrderUnpaid },
	} {
		require.NoError(t, order(change).MayReaddress(to), name)
		o := Restore(order(change), Terms{}, 1, "member:ann")
		a, err := o.BeginReaddress(AddressState{}, "g", to)
		require.NoError(t, err, name)
		a, err = o.Readdressed(a, "g", to)
		require.NoError(t, err, name)
		require.Equal(t, AddressState{Changes: 1}, a)
	}
	for name, change := range map[string]func(r *Record){
		"cancelled": func(r *Record) { r.State = OrderCancelled }, "complete": func(r *Record) { r.State = OrderCompleted },
		"collected": func(r *Record) { r.Way = WayPickup }, "left": func(r *Record) { r.Fulfilments[0].State = FulfilmentShipped },
		"left in part": func(r *Record) { r.Fulfilments[0].State = FulfilmentPartShipped }, "a gift": func(r *Record) { r.GiftOrder = &GiftOrder{} },
		"its balance is not paid": func(r *Record) { r.State, r.Deposit = OrderDepositPaid, &Deposit{} },
	} {
		refusal, ok := order(change).MayReaddress(to).(Refusal)
		require.True(t, ok && refusal.Reason == reasonState, name)
	}
	require.Error(t, order(func(*Record) {}).MayReaddress(Receiver{Name: "Eve"}), "without a place")
	require.Error(t, order(func(*Record) {}).MayReaddress(Receiver{Name: "~", Point: &there, Ciphertext: true}))
}

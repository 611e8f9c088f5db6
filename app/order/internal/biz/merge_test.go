package biz

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// accepted is an order of one fulfilment that S2 has accepted.
func accepted(id string, change func(r *Record)) Record {
	r := Record{
		Header:      Header{ID: "ord_" + id, Org: "hq", MemberID: "ann", Way: WayParcel, State: OrderPaid, Receiver: Receiver{Name: "Ann", Phone: "1", Address: "1 Road", Point: &Point{}}},
		Fulfilments: []Fulfilment{{ID: "ful_" + id, Location: "S2", Org: "fra", Way: WayParcel, State: FulfilmentAccepted}},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestWhatTravelsTogether(t *testing.T) {
	why := func(change func(r *Record)) string {
		a, b := accepted("a", nil), accepted("b", change)
		_, err := NewMergedParcel([]Record{a, b}, []string{"ful_a", "ful_b"}, "x", 1)
		var refusal Refusal
		if !errors.As(err, &refusal) {
			require.NoError(t, err)
			require.Len(t, Mergeable([]Record{a, b}, "S2"), 1)
			return ""
		}
		require.Equal(t, "ful_b", refusal.Metadata["fulfilment_id"])
		require.Empty(t, Mergeable([]Record{a, b}, "S2"), "%v", refusal)
		return refusal.Metadata["why"]
	}
	require.Empty(t, why(nil))
	require.Equal(t, "it is of another seller", why(func(r *Record) { r.Org = "fra" }))
	require.Equal(t, "it is of another buyer", why(func(r *Record) { r.MemberID = "bob" }))
	require.Equal(t, "it goes to another receiver", why(func(r *Record) { r.Receiver.Address = "2 Road" }))
	require.Equal(t, "it is a gift, which has a waybill and a card of its own", why(func(r *Record) { r.GiftOrder = &GiftOrder{Message: "for you"} }))
	require.Equal(t, "the buyer collects it", why(func(r *Record) { r.Fulfilments[0].Way = WayPickup }))
	require.Equal(t, "it is SHIPPED, not accepted and still there", why(func(r *Record) { r.Fulfilments[0].State = FulfilmentShipped }))
}

func TestAParcelHoldsSoManyFulfilments(t *testing.T) {
	var records []Record
	var list []string
	for i := range mostMerged + 1 {
		r := accepted(fmt.Sprintf("%02d", i), func(r *Record) { r.Fulfilments[0].CreatedAtUS = int64(i) })
		records, list = append(records, r), append(list, r.Fulfilments[0].ID)
	}
	for _, ids := range [][]string{list, list[:1], nil} {
		_, err := NewMergedParcel(records, ids, "x", 1)
		var refusal Refusal
		require.True(t, errors.As(err, &refusal) && refusal.Metadata["field"] == "fulfilment_ids", "%v", err)
	}
	_, err := NewMergedParcel(records, list[:mostMerged], "x", 1)
	require.NoError(t, err)
	groups := Mergeable(records, "S2")
	require.Len(t, groups, 1, "one is alone")
	for i, m := range groups[0] {
		require.Equal(t, list[i], m.FulfilmentID, "the oldest first")
	}
	require.Len(t, groups[0], mostMerged)
	require.Empty(t, Mergeable(records, "S1"))
}

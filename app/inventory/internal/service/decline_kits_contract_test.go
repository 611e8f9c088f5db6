package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// A kit that lacks a piece moves as a whole: its parts come from one place. The books lose what is missing, not what is there.
func TestAKitThatLacksAPieceMovesAsAWhole(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		for _, at := range []string{"S-01", "S-02"} {
			r.stock(t, at, "POT", 3)
			r.stock(t, at, "CUP", 11)
		}
		r.paid(t, parcel("ord_1", line("1", "BOX", 3), line("2", "CUP", 2)))
		held := func() map[string]int64 {
			list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
			require.NoError(t, err)
			held := map[string]int64{}
			for _, res := range list.Reservations {
				if res.Open > 0 {
					held[res.Location+" "+res.LineId+" "+res.Sku+" of "+res.KitSku] += res.Open
				}
			}
			return held
		}
		require.Equal(t, map[string]int64{"S-01 1 POT of BOX": 3, "S-01 1 CUP of BOX": 9, "S-01 2 CUP of ": 2}, held())

		in := declining("ord_1", "S-01", &inventoryv1.MissingLine{LineId: "1", Sku: "CUP", Quantity: 4})
		in.Effect = inventoryv1.StockEffect_MINUS_QUANTITY
		got, err := r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		require.Equal(t, int64(4), got.Lost, "four cups, which are of two boxes")
		require.Equal(t, map[string]int64{"S-01 1 POT of BOX": 1, "S-01 1 CUP of BOX": 3, "S-01 2 CUP of ": 2, "S-02 1 POT of BOX": 2, "S-02 1 CUP of BOX": 6}, held())
		require.Equal(t, []int64{3, 7}, []int64{r.rows(t, "S-01", "POT").OnHand, r.rows(t, "S-01", "CUP").OnHand})
		r.audit(t)

		// Where no place has a whole box, all of it waits, however many pots there are.
		r.stock(t, "W-01", "POT", 1)
		in = declining("ord_1", "S-02", &inventoryv1.MissingLine{LineId: "1", Sku: "POT", Quantity: 1})
		got, err = r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		open := map[string]int64{}
		for _, l := range got.Reallocations[0].Open {
			open[l.Sku] = l.Quantity
		}
		require.Equal(t, map[string]int64{"POT": 1, "CUP": 3}, open)
		require.Equal(t, int64(1), held()["S-02 1 POT of BOX"])
		r.stock(t, "F-01", "POT", 5)
		require.Zero(t, r.sweep(t), "pots alone are no box")
		r.stock(t, "F-01", "CUP", 5)
		require.Equal(t, 1, r.sweep(t))
		require.Equal(t, map[string]int64{"S-01 1 POT of BOX": 1, "S-01 1 CUP of BOX": 3, "S-01 2 CUP of ": 2, "S-02 1 POT of BOX": 1, "S-02 1 CUP of BOX": 3,
			"F-01 1 POT of BOX": 1, "F-01 1 CUP of BOX": 3}, held())

		// Another order's box goes with the shelf that turns out to be empty.
		r.stock(t, "W-01", "POT", 9)
		r.stock(t, "W-01", "CUP", 30)
		in = declining("ord_1", "F-01", &inventoryv1.MissingLine{LineId: "1", Sku: "CUP", Quantity: 1})
		in.Effect = inventoryv1.StockEffect_TO_ZERO
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		require.Equal(t, []int64{5, 0}, []int64{r.rows(t, "F-01", "POT").OnHand, r.rows(t, "F-01", "CUP").OnHand}, "the pots are there")
		require.Equal(t, []int64{1, 3}, []int64{held()["W-01 1 POT of BOX"], held()["W-01 1 CUP of BOX"]})
		r.audit(t)
	})
}

func TestOthersKitsGoAlongWithAnEmptyShelf(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		r.stock(t, "S-01", "POT", 2)
		r.stock(t, "S-01", "CUP", 6)
		r.stock(t, "W-01", "POT", 2)
		r.stock(t, "W-01", "CUP", 6)
		r.paid(t, parcel("ord_1", line("1", "BOX", 1)))
		r.paid(t, parcel("ord_2", line("1", "BOX", 1)))
		in := declining("ord_1", "S-01", &inventoryv1.MissingLine{LineId: "1", Sku: "CUP", Quantity: 3})
		in.Effect, in.OthersToo = inventoryv1.StockEffect_TO_ZERO, true
		_, err := r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		for _, document := range []string{"ord_1", "ord_2"} {
			require.Equal(t, map[string]int64{"W-01/1": 4}, r.open(t, document), document)
		}
		require.Equal(t, []int64{2, 0}, []int64{r.rows(t, "S-01", "POT").OnHand, r.rows(t, "S-01", "CUP").OnHand})
		r.audit(t)
	})
}

// Where nobody is waited for, nothing is written until a location answers: the reservations say what it is to ship. It can
// answer all the same.
func TestWithoutATimeToAnswerALocationIsListedWhenItAnswers(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 2)
		list := func(document string) (said []string) {
			got, err := r.ListAssignments(hq(t.Context(), "operator"), &inventoryv1.ListAssignmentsRequest{Document: document})
			require.NoError(t, err)
			for _, a := range got.Assignments {
				said = append(said, a.Location+" "+a.State.String())
			}
			return said
		}
		r.paid(t, parcel("ord_1", line("1", "LJ", 1)))
		require.Empty(t, list("ord_1"))
		require.Equal(t, map[string]int64{"S-01/1": 1}, r.open(t, "ord_1"))
		_, err := r.AcceptAssignment(inStore(t.Context(), "S-01", "clerk"), &inventoryv1.AcceptAssignmentRequest{RequestId: requestID(), Document: "ord_1", Location: "S-01"})
		require.NoError(t, err)
		require.Equal(t, []string{"S-01 ACCEPTED"}, list("ord_1"))
		r.answered(t, "")
		r.paid(t, parcel("ord_2", line("1", "LJ", 1)))
		require.Equal(t, []string{"S-01 ASSIGNED"}, list("ord_2"), "a strategy that waits opens it at once")
		r.audit(t)
	})
}

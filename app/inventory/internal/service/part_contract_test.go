package service

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func pieces(id string, n int64) *inventoryv1.ReservationPart {
	return &inventoryv1.ReservationPart{ReservationId: id, Quantity: n}
}

func (r *rig) releasePart(t testing.TB, document string, parts ...*inventoryv1.ReservationPart) (*inventoryv1.ReleasePartResponse, error) {
	t.Helper()
	return r.ReleasePart(order(t.Context()), &inventoryv1.ReleasePartRequest{RequestId: requestID(), Document: document, Parts: parts, Reason: "the buyer wants less"})
}

func (r *rig) shipPart(t testing.TB, document, fulfilment string, parts ...*inventoryv1.ReservationPart) error {
	t.Helper()
	_, err := r.ShipPart(order(t.Context()), &inventoryv1.ShipPartRequest{RequestId: requestID(), Document: document, Fulfilment: fulfilment, Parts: parts})
	return err
}

func TestReservationsAreConfirmedReleasedAndShippedInPart(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 9)
		r.stock(t, "S-01", "TG", 9)
		in := parcel("ord_1", line("1", "LJ", 5), line("2", "TG", 4))
		in.ExpiresAtUs = r.now(t) + time.Minute.Microseconds()
		held, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		lj, tg := held.Reservations[0].Id, held.Reservations[1].Id

		left, err := r.releasePart(t, "ord_1", pieces(lj, 2))
		require.NoError(t, err)
		require.Equal(t, []int64{3, 5}, []int64{left.Reservations[0].Open, left.Reservations[0].Quantity})
		require.Equal(t, inventoryv1.ReservationState_HELD, left.Reservations[0].State)
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").Reserved)
		var actor string
		require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT actor FROM reservation_changes WHERE reservation_id = ? AND version = 2", lj).Scan(&actor))
		require.Equal(t, "service:order: the buyer wants less", actor, "the history says why")

		confirmed, err := r.ConfirmReservations(order(t.Context()), &inventoryv1.ConfirmReservationsRequest{RequestId: requestID(), Document: "ord_1", ReservationIds: []string{lj}})
		require.NoError(t, err)
		require.Len(t, confirmed.Reservations, 1)
		r.clock.Advance(2 * time.Minute)
		_, err = r.ConfirmReservations(order(t.Context()), &inventoryv1.ConfirmReservationsRequest{RequestId: requestID(), Document: "ord_1"})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "the other's deadline has passed")
		require.Equal(t, 1, r.expire(t))
		_, err = r.ConfirmReservations(order(t.Context()), &inventoryv1.ConfirmReservationsRequest{RequestId: requestID(), Document: "ord_1", ReservationIds: []string{tg}})
		require.Equal(t, "EXPIRED", metadataOf(err)["state"])

		require.NoError(t, r.shipPart(t, "ord_1", "ful_1", pieces(lj, 1)))
		require.Equal(t, "STATE_CONFLICT", reasonOf(r.shipPart(t, "ord_1", "ful_1", pieces(lj, 1))), "once a fulfilment")
		refused := r.shipPart(t, "ord_1", "ful_2", pieces(lj, 3))
		require.Equal(t, map[string]string{"state": "CONFIRMED", "reservation_id": lj, "wanted": "3", "open": "2"}, metadataOf(refused))
		require.NoError(t, r.shipPart(t, "ord_1", "ful_2", pieces(lj, 1)))
		_, err = r.releasePart(t, "ord_1", pieces(lj, 1))
		require.NoError(t, err)
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{7, 0}, []int64{row.OnHand, row.Reserved})
		for _, final := range r.of(t, "ord_1") {
			require.Zero(t, final.Open)
			require.Equal(t, final.Id == lj, final.Shipped == 2)
		}
		r.audit(t)

		for reason, err := range map[string]error{
			"RESERVATION_UNKNOWN": func() error { _, err := r.releasePart(t, "ord_1", pieces("res_x", 1)); return err }(),
			"STATE_CONFLICT":      func() error { _, err := r.releasePart(t, "ord_1", pieces(lj, 1)); return err }(),
			"VALIDATOR":           func() error { _, err := r.releasePart(t, "ord_1", pieces(lj, 0)); return err }(),
		} {
			require.Equal(t, reason, reasonOf(err))
		}
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "TG", 3)))
		require.NoError(t, err)
		other := r.of(t, "ord_2")[0].Id
		_, err = r.releasePart(t, "ord_1", pieces(other, 1))
		require.Equal(t, "RESERVATION_UNKNOWN", reasonOf(err), "of another document")
		_, err = r.releasePart(t, "ord_2", pieces(other, 1), pieces(other, 1))
		require.Equal(t, "VALIDATOR", reasonOf(err))
		require.Equal(t, int64(3), r.rows(t, "S-01", "TG").Reserved, "all parts or none")
		_, err = r.ReleasePart(hq(t.Context(), "admin"), &inventoryv1.ReleasePartRequest{RequestId: requestID(), Document: "ord_2", Parts: []*inventoryv1.ReservationPart{pieces(other, 1)}, Reason: "x"})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = r.ConfirmReservations(order(t.Context()), &inventoryv1.ConfirmReservationsRequest{RequestId: requestID(), Document: "ord_9"})
		require.Equal(t, "RESERVATION_UNKNOWN", reasonOf(err))
		r.audit(t)
	})
}

// A part of a promise that has come in, and a part that has not, are one reservation to the caller.
// A cancelled part is let go of whatever has become of it, once for each call of the coordinator.
func TestACancelledPartIsReleasedAsFarAsItIsHeld(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 9)
		held, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 5)))
		require.NoError(t, err)
		id := held.Reservations[0].Id
		release := func(call context.Context, document string, lines ...*inventoryv1.ShipLine) {
			t.Helper()
			_, err := r.branch.ReleaseParts(call, &inventoryv1.ReleasePartsCall{Document: document, Lines: lines})
			require.NoError(t, err)
		}
		part := func(id string, n int64) *inventoryv1.ShipLine {
			return &inventoryv1.ShipLine{ReservationId: id, Quantity: n}
		}
		call := called(t.Context())
		for range 3 { // a repeat
			release(call, "ord_1", part(id, 2))
			require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").Reserved)
		}
		release(called(t.Context()), "ord_1", part("res_none", 1), part(id, 0))
		release(called(t.Context()), "ord_none", part(id, 1))
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").Reserved, "of another document, or none")
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{part(id, 1)}})
		require.NoError(t, err)
		release(called(t.Context()), "ord_1", part(id, 9))
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{8, 0}, []int64{row.OnHand, row.Reserved}, "what has left stays away")
		r.audit(t)
	})
}

func TestAPartOfAPromiseIsReleased(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.promise(t, "S-01", "LJ", 5, 9)
		held, err := r.Hold(order(t.Context()), waiting("ord_1", line("1", "LJ", 5)))
		require.NoError(t, err)
		id := held.Reservations[0].Id
		r.stock(t, "S-01", "LJ", 2)
		_, err = r.releasePart(t, "ord_1", pieces(id, 4))
		require.NoError(t, err)
		require.Equal(t, int64(2), r.presale(t, p.Id).Used, "the three that were waited for come back first")
		require.Equal(t, int64(1), r.rows(t, "S-01", "LJ").Reserved)
		_, err = r.releasePart(t, "ord_1", pieces(id, 2))
		require.Equal(t, "1", metadataOf(err)["open"])
		require.NoError(t, r.shipPart(t, "ord_1", "ful_1", pieces(id, 1)))
		require.Equal(t, []int64{1, 0}, []int64{r.rows(t, "S-01", "LJ").OnHand, r.rows(t, "S-01", "LJ").Reserved})
		r.audit(t)
	})
}

// A part was cancelled while its goods moved: they are let go of where they are now, and no others.
func TestACancelledPartIsReleasedWhereItHasMoved(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-02", "LJ", 5)
		held := r.paid(t, parcel("ord_1", line("1", "LJ", 3)))
		r.tick()
		_, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01", missing("1", 2)))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-01/1": 1, "S-02/1": 2}, r.open(t, "ord_1"))
		release := func(in *inventoryv1.ReleasePartsCall) {
			t.Helper()
			in.Document = "ord_1"
			_, err := r.branch.ReleaseParts(called(t.Context()), in)
			require.NoError(t, err)
		}
		gone := []*inventoryv1.ShipLine{{ReservationId: held[0].Id, Quantity: 2}}
		release(&inventoryv1.ReleasePartsCall{Lines: gone})
		require.Equal(t, map[string]int64{"S-02/1": 1}, r.open(t, "ord_1"), "one where it was, one where it is now")
		release(&inventoryv1.ReleasePartsCall{NotHeld: gone[:1]})
		require.Empty(t, r.open(t, "ord_1"), "what was waited for has been found meanwhile")
		require.Zero(t, r.rows(t, "S-02", "LJ").Reserved)
		r.audit(t)
	})
}

// What an order gives back it does not ask for any more: a decline must not have it held anew.
func TestWhatIsReleasedIsNotHeldAnewAfterADecline(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		r.stock(t, "S-01", "LJ", 2)
		held := r.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		_, err := r.releasePart(t, "ord_1", pieces(held[0].Id, 1))
		require.NoError(t, err)
		r.tick()
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01"))
		require.NoError(t, err)
		require.Equal(t, map[string]inventoryv1.WorkState{"ord_1": inventoryv1.WorkState_WAITS_FOR_STOCK}, r.work(t))
		r.stock(t, "S-02", "LJ", 5)
		r.sweep(t)
		require.Equal(t, map[string]int64{"S-02/1": 1}, r.open(t, "ord_1"))
		r.audit(t)
	})
}

package service

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func reserving(document string, lines ...*inventoryv1.ReserveLine) *inventoryv1.ReserveRequest {
	return &inventoryv1.ReserveRequest{RequestId: requestID(), Document: document, Channel: "miniprogram", SellerOrg: "HQ", Way: inventoryv1.DeliveryWay_PARCEL, Lines: lines}
}

func at(id, location, sku string, qty int64) *inventoryv1.ReserveLine {
	return &inventoryv1.ReserveLine{LineId: id, Location: location, Sku: sku, Quantity: qty, ListPriceMinor: 9990}
}

func TestReserveHoldsWhereItIsTold(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "F-01", "LJ", 5)
		in := reserving("ord_1", at("1", "S-01", "LJ", 2), at("2", "F-01", "LJ", 3))
		got, err := r.Reserve(order(t.Context()), in)
		require.NoError(t, err)
		require.Len(t, got.Reservations, 2)
		require.Equal(t, []int64{2, 3}, []int64{got.Lines[0].Reserved, got.Lines[1].Reserved})
		require.Zero(t, got.Reservations[0].SettlementPriceMinor)
		require.Equal(t, int64(6044), got.Reservations[1].SettlementPriceMinor, "frozen where the owner does not sell")
		again, err := r.Reserve(order(t.Context()), in)
		require.NoError(t, err)
		require.Equal(t, got.Reservations[0].Id, again.Reservations[0].Id)
		require.Equal(t, int64(2), r.rows(t, "S-01", "LJ").Reserved)

		_, err = r.Reserve(order(t.Context()), reserving("ord_1", at("2", "S-01", "LJ", 1)))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "the line is held already")
		_, err = r.Reserve(order(t.Context()), reserving("ord_1", at("3", "S-01", "LJ", 1)))
		require.NoError(t, err, "another line of the same document")

		// What Reserve holds lives on as what Hold holds does.
		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "ord_1"})
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Lines: []*inventoryv1.ShipLine{{ReservationId: got.Reservations[0].Id, Quantity: 2}}})
		require.NoError(t, err)
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, []int64{3, 0}, []int64{r.rows(t, "S-01", "LJ").OnHand, r.rows(t, "S-01", "LJ").Reserved})
		require.Zero(t, r.rows(t, "F-01", "LJ").Reserved)
		r.audit(t)
	})
}

func TestReserveIsAllOrNothingUnlessAPartIsEnough(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		r.stock(t, "S-01", "TG", 9)
		all := reserving("ord_1", at("1", "S-01", "TG", 1), at("2", "S-01", "LJ", 2), at("3", "S-01", "LJ", 2))
		_, err := r.Reserve(order(t.Context()), all)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "4", "left": "3"}, metadataOf(err), "lines of one SKU see each other")
		require.Zero(t, r.rows(t, "S-01", "TG").Reserved, "nothing is left of the other line")
		r.stock(t, "S-01", "LJ", 5)
		_, err = r.Reserve(order(t.Context()), all)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "the refusal is recorded")
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)

		part := reserving("ord_2", at("1", "S-01", "LJ", 6), at("2", "S-01", "LJ", 6), at("3", "S-02", "LJ", 1))
		part.Partial = true
		got, err := r.Reserve(order(t.Context()), part)
		require.NoError(t, err)
		require.Equal(t, []int64{6, 2, 0}, []int64{got.Lines[0].Reserved, got.Lines[1].Reserved, got.Lines[2].Reserved})
		require.Len(t, got.Reservations, 2)
		nothing := reserving("ord_3", at("1", "S-01", "LJ", 1))
		nothing.Partial = true
		_, err = r.Reserve(order(t.Context()), nothing)
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "1", "left": "0"}, metadataOf(err))
		r.audit(t)
	})
}

func TestReserveRefusesWhatMayNotServe(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 3)
		r.stock(t, "F-01", "LJ", 3)
		refused := func(change func(*inventoryv1.ReserveRequest)) string {
			in := reserving("ord_1", at("1", "S-01", "LJ", 1))
			change(in)
			_, err := r.Reserve(order(t.Context()), in)
			return reasonOf(err)
		}
		require.Equal(t, "LOCATION_UNKNOWN", refused(func(in *inventoryv1.ReserveRequest) { in.Lines[0].Location = "S-99" }))
		require.Equal(t, "STOCK_INSUFFICIENT", refused(func(in *inventoryv1.ReserveRequest) { in.Lines[0].Owner = "FR1" }), "the owner's own pieces, nobody else's")
		require.Equal(t, "VALIDATOR", refused(func(in *inventoryv1.ReserveRequest) { in.Lines = append(in.Lines, in.Lines[0]) }))
		require.Equal(t, "VALIDATOR", refused(func(in *inventoryv1.ReserveRequest) { in.ExpiresAtUs = 1 }))
		require.Equal(t, "NO_LOCATION", refused(func(in *inventoryv1.ReserveRequest) {
			in.Lines[0].Location, in.Way = "W-01", inventoryv1.DeliveryWay_CARRY_OUT
		}))
		closed := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740)
		closed.Active, closed.Version = false, 2
		newRig(r.db).put(t, closed) // by another replica, this very moment
		require.Equal(t, "NO_LOCATION", refused(func(*inventoryv1.ReserveRequest) {}))
		alone := location("F-01", "FR1", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2306, 121.4738)
		alone.Shared, alone.Version = false, 2
		newRig(r.db).put(t, alone)
		require.Equal(t, "NO_LOCATION", refused(func(in *inventoryv1.ReserveRequest) { in.Lines[0].Location = "F-01" }))
		require.Empty(t, refused(func(in *inventoryv1.ReserveRequest) { in.Lines[0].Location, in.SellerOrg = "F-01", "FR1" }))
		for _, who := range []context.Context{hq(t.Context(), "operator"), franchisee(t.Context(), "FR1", "manager"), member(t.Context())} {
			_, err := r.Reserve(who, reserving("ord_9", at("1", "F-01", "LJ", 1)))
			require.Equal(t, "FORBIDDEN", reasonOf(err))
			_, err = r.ExtendReservation(who, &inventoryv1.ExtendReservationRequest{RequestId: requestID(), Document: "ord_1", ExpiresAtUs: 1})
			require.Equal(t, "FORBIDDEN", reasonOf(err))
		}
		r.audit(t)
	})
}

func TestADeadlineMovesToLaterOnly(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 9)
		now := func() int64 {
			us, err := r.db.Now(t.Context())
			require.NoError(t, err)
			return us
		}
		start := now()
		in := reserving("ord_1", at("1", "S-01", "LJ", 2), at("2", "S-01", "LJ", 1))
		in.ExpiresAtUs = start + time.Minute.Microseconds()
		_, err := r.Reserve(order(t.Context()), in)
		require.NoError(t, err)
		extend := func(document string, until int64, lines ...string) (*inventoryv1.ExtendReservationResponse, error) {
			return r.ExtendReservation(order(t.Context()), &inventoryv1.ExtendReservationRequest{RequestId: requestID(), Document: document, ExpiresAtUs: until, LineIds: lines})
		}
		_, err = extend("ord_1", start+1)
		require.Equal(t, "VALIDATOR", reasonOf(err), "never shorter")
		_, err = extend("ord_1", start)
		require.Equal(t, "VALIDATOR", reasonOf(err))
		_, err = extend("ord_9", start+time.Hour.Microseconds())
		require.Equal(t, "RESERVATION_UNKNOWN", reasonOf(err))
		_, err = extend("ord_1", start+time.Hour.Microseconds(), "1", "7")
		require.Equal(t, map[string]string{"document": "ord_1", "line_id": "7"}, metadataOf(err))
		got, err := extend("ord_1", start+time.Hour.Microseconds(), "1")
		require.NoError(t, err)
		require.Len(t, got.Reservations, 1)
		require.Equal(t, start+time.Hour.Microseconds(), got.Reservations[0].ExpiresAtUs)

		r.clock.Advance(2 * time.Minute)
		_, err = extend("ord_1", start+2*time.Hour.Microseconds(), "2")
		require.Equal(t, "EXPIRED", metadataOf(err)["state"], "past its deadline, though nobody has freed it yet")
		require.Equal(t, 1, r.expire(t), "line 2 alone")
		require.Equal(t, int64(2), r.rows(t, "S-01", "LJ").Reserved)
		_, err = extend("ord_1", start+2*time.Hour.Microseconds())
		require.NoError(t, err, "what is still held")
		r.audit(t)
		r.clock.Advance(3 * time.Hour)
		require.Equal(t, 1, r.expire(t))
		_, err = extend("ord_1", now()+1)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
	})
}

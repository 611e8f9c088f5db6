package service

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

var (
	// nextDoor is some steps from the square, upriver some 19 km from it: beside the warehouse.
	nextDoor = &commonv1.GeoPoint{Lat: 31.2306, Lng: 121.4741}
	upriver  = &commonv1.GeoPoint{Lat: 31.40, Lng: 121.50}
)

func (r *rig) redirects() *Redirects { return NewRedirects(r.Inventory) }

func redirecting(document string, to *commonv1.GeoPoint) *inventoryv1.RedirectRequest {
	return &inventoryv1.RedirectRequest{RequestId: requestID(), Document: document, Destination: to, Actor: "member:ann"}
}

// within makes a strategy active by which stores serve what is at most 10 km away.
func (r *rig) within(t testing.TB, answerS int) {
	t.Helper()
	r.activate(t, strategyKind, "within", fmt.Sprintf(`{"for": [{}], "decline": {"rounds": 3, "answer_within_s": %d}, "filters": [{"rule": "distance", "at_most_m": 10000}],
		"stages": [{"name": "only", "preferences": [{"rule": "fewest_parcels"}, {"rule": "nearest"}], "split": {"parcels": 5}}]}`, answerS))
}

// A location that may serve the new place keeps what it holds, though another one is nearer, and though it has nothing left.
func TestWhatMayServeTheNewPlaceStaysWhereItIs(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.within(t, 0)
		r.stock(t, "S-02", "LJ", 3)
		r.profile(t, &inventoryv1.LocationProfile{Location: "S-02", TimeZone: "Asia/Shanghai", DailyOrders: 1})
		held := r.paid(t, parcel("ord_1", line("1", "LJ", 3)))
		require.Equal(t, "S-02", held[0].Location)
		r.stock(t, "F-01", "LJ", 9) // nearer to both places
		before := r.deliver(t)["ord_1"]
		r.tick()
		in := redirecting("ord_1", nextDoor)
		got, err := r.redirects().Redirect(order(t.Context()), in)
		require.NoError(t, err)
		require.Empty(t, got.Left)
		require.Empty(t, got.Reservations)
		list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
		require.NoError(t, err)
		require.Len(t, list.Reservations, 1)
		require.Equal(t, held[0].Id, list.Reservations[0].Id)
		require.Equal(t, before, r.deliver(t)["ord_1"], "nothing has changed of the allocation")
		again, err := r.redirects().Redirect(order(t.Context()), in)
		require.NoError(t, err)
		require.True(t, proto.Equal(got, again))
		// From now on it is asked by the new place: what is declined goes to what is near it.
		r.stock(t, "W-01", "LJ", 9)
		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_1", upriver))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"W-01/1": 3}, r.open(t, "ord_1"))
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "W-01"))
		require.NoError(t, err)
		require.Empty(t, r.open(t, "ord_1"), "no store serves what is so far away")
		r.audit(t)
	})
}

func TestWhatCannotServeTheNewPlaceIsHeldElsewhere(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.within(t, 600)
		for _, at := range []string{"S-01", "W-01"} {
			r.stock(t, at, "LJ", 5)
		}
		first := r.paid(t, parcel("ord_1", line("1", "LJ", 3)))
		require.Equal(t, "S-01", first[0].Location)
		before := r.deliver(t)["ord_1"]
		r.tick()
		got, err := r.redirects().Redirect(order(t.Context()), redirecting("ord_1", upriver))
		require.NoError(t, err)
		require.Equal(t, []string{"S-01"}, got.Left)
		require.Len(t, got.Reservations, 1)
		moved := got.Reservations[0]
		require.Equal(t, []any{"W-01", int64(3), first[0].Id, inventoryv1.ReservationState_CONFIRMED}, []any{moved.Location, moved.Open, moved.Replaces, moved.State})
		require.Equal(t, before+1, r.deliver(t)["ord_1"], "the order's center is told")
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		answers, err := r.ListAssignments(hq(t.Context(), "operator"), &inventoryv1.ListAssignmentsRequest{Document: "ord_1"})
		require.NoError(t, err)
		states := map[string]inventoryv1.AssignmentState{}
		for _, a := range answers.Assignments {
			states[a.Location] = a.State
		}
		require.Equal(t, map[string]inventoryv1.AssignmentState{"S-01": inventoryv1.AssignmentState_LAPSED, "W-01": inventoryv1.AssignmentState_ASSIGNED}, states)
		// It has declined nothing: back in town it may have the order again.
		r.tick()
		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_1", square))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-01/1": 3}, r.open(t, "ord_1"))
		r.audit(t)
	})
}

// Nothing changes where the new place cannot be served: not what is held, and not where the goods go.
func TestAPlaceThatNobodyServesIsRefusedByName(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.within(t, 0)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-02", "BC", 5)
		r.stock(t, "W-01", "LJ", 5)
		held := r.paid(t, parcel("ord_1", line("1", "LJ", 3), line("2", "BC", 1)))
		require.Len(t, held, 2)
		open := r.open(t, "ord_1")
		demand := func() string {
			var text string
			require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT demand FROM holds WHERE id = 'ord_1'").Scan(&text))
			return text
		}
		was, told := demand(), r.deliver(t)["ord_1"]
		in := redirecting("ord_1", upriver)
		_, err := r.redirects().Redirect(order(t.Context()), in)
		require.Contains(t, []string{"STOCK_INSUFFICIENT", "NO_LOCATION"}, reasonOf(err), "%v", err)
		require.Equal(t, open, r.open(t, "ord_1"))
		require.Equal(t, was, demand())
		require.Equal(t, told, r.deliver(t)["ord_1"])
		r.stock(t, "W-01", "BC", 5)
		_, err = r.redirects().Redirect(order(t.Context()), in)
		require.Contains(t, []string{"STOCK_INSUFFICIENT", "NO_LOCATION"}, reasonOf(err), "what was refused stays refused")
		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_1", upriver))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"W-01/1": 3, "W-01/2": 1}, r.open(t, "ord_1"))

		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_none", upriver))
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		_, err = r.redirects().Redirect(hq(t.Context(), "admin"), redirecting("ord_1", upriver))
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_1", &commonv1.GeoPoint{Lat: 91}))
		require.Equal(t, "GEO_INVALID", reasonOf(err))
		pickup := parcel("ord_2", line("1", "BC", 1))
		pickup.Way, pickup.Location = inventoryv1.DeliveryWay_PICKUP, "S-02"
		r.paid(t, pickup)
		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_2", upriver))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		r.audit(t)
	})
}

// Of several locations those alone lose the goods that may not serve the place; what has left is left alone, and what is not paid
// is held as long as before.
func TestOnlyWhatHasToMoveMoves(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.activate(t, strategyKind, "cold", `{"for": [{}], "filters": [{"rule": "distance", "at_most_m": 15000}],
			"stages": [{"name": "only", "preferences": [{"rule": "nearest"}], "split": {"parcels": 5}}]}`)
		r.stock(t, "S-02", "LJ", 5)
		r.stock(t, "S-01", "BC", 5)
		r.put(t, location("N-01", "HQ", inventoryv1.LocationKind_WAREHOUSE, 31.33, 121.49)) // half-way
		r.stock(t, "N-01", "GP", 5)
		ask := parcel("ord_1", line("1", "LJ", 2), line("2", "BC", 1), line("3", "GP", 1))
		ask.ExpiresAtUs = r.nowUS(t) + time.Hour.Microseconds()
		_, err := r.Hold(order(t.Context()), ask)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 2, "S-01/2": 1, "N-01/3": 1}, r.open(t, "ord_1"))
		r.stock(t, "W-01", "LJ", 5)
		r.stock(t, "W-01", "BC", 5)
		r.stock(t, "W-01", "GP", 5)
		r.tick()
		got, err := r.redirects().Redirect(order(t.Context()), redirecting("ord_1", upriver))
		require.NoError(t, err)
		require.Equal(t, []string{"S-01", "S-02"}, got.Left)
		require.Equal(t, map[string]int64{"W-01/1": 2, "W-01/2": 1, "N-01/3": 1}, r.open(t, "ord_1"))
		for _, moved := range got.Reservations {
			require.Equal(t, ask.ExpiresAtUs, moved.ExpiresAtUs)
			require.Equal(t, inventoryv1.ReservationState_HELD, moved.State)
		}
		r.confirm(t, "ord_1")
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Location: "N-01", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: reservationOf(t, r, "ord_1", "N-01"), Quantity: 1}}})
		require.NoError(t, err)
		_, err = r.redirects().Redirect(order(t.Context()), redirecting("ord_1", square))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 2, "S-01/2": 1}, r.open(t, "ord_1"))
		r.audit(t)
	})
}

func reservationOf(t testing.TB, r *rig, document, location string) string {
	list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
	require.NoError(t, err)
	for _, res := range list.Reservations {
		if res.Location == location && res.Open > 0 {
			return res.Id
		}
	}
	t.Fatal("nothing is open at " + location)
	return ""
}

// Redirects, declines and others' orders at the same time: no piece is lost, promised twice or left behind.
func TestRedirectsAndDeclinesAtTheSameTime(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.within(t, 0)
		for _, at := range []string{"F-01", "S-01", "S-02", "W-01"} {
			r.stock(t, at, "LJ", 8)
		}
		const orders = 6
		for i := range orders {
			r.paid(t, parcel(fmt.Sprintf("ord_%d", i), line("1", "LJ", 2)))
		}
		var wg sync.WaitGroup
		run := func(what func(ctx context.Context) error) {
			wg.Go(func() {
				if err := what(order(t.Context())); err != nil {
					require.Contains(t, []string{"STOCK_INSUFFICIENT", "NO_LOCATION", "STATE_CONFLICT", "NOT_FOUND"}, reasonOf(err), "%v", err)
				}
			})
		}
		for i := range orders {
			document := fmt.Sprintf("ord_%d", i)
			for _, to := range []*commonv1.GeoPoint{upriver, square} {
				in := redirecting(document, to)
				run(func(ctx context.Context) error {
					_, err := r.redirects().Redirect(ctx, in)
					return err
				})
			}
			in := declining(document, []string{"F-01", "W-01"}[i%2])
			run(func(ctx context.Context) error {
				_, err := r.DeclineAssignment(ctx, in)
				return err
			})
		}
		wg.Wait()
		r.audit(t)
		var held int64
		for i := range orders {
			for _, n := range r.open(t, fmt.Sprintf("ord_%d", i)) {
				require.Equal(t, int64(2), n)
				held += n
			}
		}
		var reserved int64
		for _, at := range []string{"F-01", "S-01", "S-02", "W-01"} {
			reserved += r.rows(t, at, "LJ").Reserved
		}
		require.Equal(t, held, reserved)
	})
}

// What comes to a location after it was found out who may serve the new place is not moved unasked.
func TestWhatMovesMeanwhileIsAskedAboutAnew(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.within(t, 0)
		r.stock(t, "S-01", "LJ", 1)
		r.paid(t, parcel("ord_1", line("1", "LJ", 1)))
		r.stock(t, "S-02", "LJ", 1)
		r.tick()
		ctx, by, err := answering(order(t.Context()), "member:ann")
		require.NoError(t, err)
		redirect, in := r.redirects().redirect, biz.RedirectInput{Document: "ord_1", To: geo.Point{Lat: nextDoor.Lat, Lng: nextDoor.Lng}}
		facts, err := redirect.Gather(ctx, in)
		require.NoError(t, err)
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01"))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 1}, r.open(t, "ord_1"))
		decide := func() (out biz.Redirected, err error) {
			err = r.db.InTx(ctx, func(ctx context.Context) error { out, err = redirect.Decide(ctx, by, in, facts); return err })
			return out, err
		}
		_, err = decide()
		require.ErrorIs(t, err, biz.ErrMovedMeanwhile)
		facts, err = redirect.Gather(ctx, in)
		require.NoError(t, err)
		out, err := decide()
		require.NoError(t, err)
		require.Empty(t, out.Left, "it may serve it")
		r.audit(t)
	})
}

// Nobody has declined what an address change moves: the rounds are for those who do.
func TestChangesOfAddressUseUpNoRounds(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.within(t, 0)
		r.stock(t, "S-02", "LJ", 3)
		r.stock(t, "W-01", "LJ", 3)
		r.paid(t, parcel("ord_1", line("1", "LJ", 3)))
		for range 3 {
			for _, to := range []*commonv1.GeoPoint{upriver, nextDoor} {
				_, err := r.redirects().Redirect(order(t.Context()), redirecting("ord_1", to))
				require.NoError(t, err)
			}
		}
		require.Equal(t, map[string]int64{"S-02/1": 3}, r.open(t, "ord_1"))
		r.stock(t, "F-01", "LJ", 3)
		r.tick()
		_, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-02"))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"F-01/1": 3}, r.open(t, "ord_1"))
		r.audit(t)
	})
}

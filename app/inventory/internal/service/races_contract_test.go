package service

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/ids"
)

// Whatever meets on one document, each of its reservations ends once and nobody is refused.
func TestWhatMeetsOnOneDocumentWaitsForEachOther(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 100)
		r.stock(t, "S-01", "TG", 100)
		for round := range 15 {
			document := fmt.Sprintf("ord_%d", round)
			held, err := r.Hold(order(t.Context()), parcel(document, line("1", "LJ", 2), line("2", "TG", 1)))
			require.NoError(t, err)
			ship := &inventoryv1.ShipCall{Document: document, Fulfilment: "ful_" + document, Reason: "SHIP"}
			for _, res := range held.Reservations {
				ship.Lines = append(ship.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
			}
			errs := make(chan error, 8)
			var wg sync.WaitGroup
			for range 2 {
				for _, call := range []func() error{
					func() error {
						_, err := r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
						return err
					},
					func() error {
						_, err := r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: document})
						return err
					},
					func() error { _, err := r.branch.Ship(called(t.Context()), ship); return err },
				} {
					wg.Go(func() { errs <- call() })
				}
			}
			wg.Wait()
			close(errs)
			for err := range errs {
				require.NoError(t, err)
			}
		}
		require.Equal(t, int64(70), r.rows(t, "S-01", "LJ").OnHand, "each fulfilment left once")
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
	})
}

// Many orders of many SKUs at many places, in any order of their lines: nothing is sold twice, and whoever is refused was
// refused for a reason.
func TestCrowdedHoldsOfSeveralSKUs(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		skus := []string{"A", "B", "C"}
		for _, at := range []string{"S-01", "S-02", "F-01"} {
			for _, sku := range skus {
				r.stock(t, at, sku, 8)
			}
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		held := map[string]int64{}
		for client := range 16 {
			wg.Go(func() {
				for n := range 4 {
					in := parcel(fmt.Sprintf("ord_%d_%d", client, n), line("1", skus[(client+n)%3], 1), line("2", skus[(client+2*n+1)%3], 1))
					got, err := r.Hold(order(t.Context()), in)
					mu.Lock()
					if err != nil {
						assert.Contains(t, []string{"STOCK_INSUFFICIENT", "UNAVAILABLE"}, reasonOf(err), "%v", err)
					}
					for _, res := range got.GetReservations() {
						held[res.Sku] += res.Quantity
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, sku := range skus {
			require.LessOrEqual(t, held[sku], int64(24))
			var reserved int64
			for _, at := range []string{"S-01", "S-02", "F-01"} {
				reserved += r.rows(t, at, sku).Reserved
			}
			require.Equal(t, held[sku], reserved)
		}
		r.audit(t)
	})
}

// The directory is a hint: a location that another replica has closed this very moment ships nothing.
func TestALocationThatWasClosedMeanwhileShipsNothing(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 1)
		r.stock(t, "S-02", "LJ", 1)
		_, err := r.store.Directory(t.Context())
		require.NoError(t, err)
		closed := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740)
		closed.Active, closed.Version = false, 2
		newRig(r.db).put(t, closed)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 1)))
		require.NoError(t, err)
		require.Equal(t, "S-02", got.Reservations[0].Location)
	})
}

// A hold and its undo race within one distributed transaction: in no order is anything left held.
func TestAHoldNeverSurvivesItsUndo(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 50)
		for n := range 20 {
			gid := ids.GID("po", ids.New("ord"), 1)
			in := parcel(fmt.Sprintf("ord_%d", n), line("1", "LJ", 1))
			in.Gid = gid
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := r.Hold(order(t.Context()), in); err != nil {
					assert.Equal(t, "LATE_TRY", reasonOf(err))
				}
			})
			wg.Go(func() {
				_, err := r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: in.Document, Gid: gid})
				assert.NoError(t, err)
			})
			wg.Wait()
			require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		}
		r.audit(t)
	})
}

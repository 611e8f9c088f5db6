package service

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

const (
	lastUnitRounds = 100
	lastUnitBuyers = 1000
)

// A thousand buyers want the last unit, a hundred times, at two replicas of the center, half of them by Reserve and half by
// Hold: each time one of them gets it, and all others are told that none is left.
func TestAThousandBuyersForTheLastUnit(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		replicas := []*rig{r, newRig(r.db)}
		in := &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "opening"}
		for round := range lastUnitRounds {
			in.Lines = append(in.Lines, &inventoryv1.StockLine{Location: "S-01", Sku: fmt.Sprintf("LAST-%d", round), Quantity: 1})
		}
		_, err := r.ReceiveStock(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		buy := func(ctx context.Context, sku string, buyer int) error {
			at, document := replicas[buyer%2], fmt.Sprintf("%s-%d", sku, buyer)
			if buyer%4 < 2 {
				_, err := at.Reserve(ctx, &inventoryv1.ReserveRequest{RequestId: "reserve-" + document, Document: document, Channel: "miniprogram", SellerOrg: "HQ",
					Way: inventoryv1.DeliveryWay_PICKUP, Lines: []*inventoryv1.ReserveLine{{LineId: "1", Sku: sku, Location: "S-01", Quantity: 1}}})
				return err
			}
			_, err := at.Hold(ctx, &inventoryv1.HoldRequest{RequestId: "hold-of-" + document, Document: document, Channel: "miniprogram", SellerOrg: "HQ",
				Way: inventoryv1.DeliveryWay_PICKUP, Location: "S-01", Lines: []*inventoryv1.HoldLine{{LineId: "1", Sku: sku, Quantity: 1}}})
			return err
		}
		for round := range lastUnitRounds {
			sku := fmt.Sprintf("LAST-%d", round)
			errs := make([]error, lastUnitBuyers)
			var all sync.WaitGroup
			for buyer := range errs {
				all.Go(func() { errs[buyer] = buy(order(t.Context()), sku, buyer) })
			}
			all.Wait()
			sold := 0
			for buyer, err := range errs {
				if err == nil {
					sold++
					continue
				}
				require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "round %d, buyer %d: %v", round, buyer, err)
				require.Equal(t, "0", metadataOf(err)["left"])
			}
			require.Equal(t, 1, sold, "round %d", round)
		}
		var reserved, open int64
		require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT (SELECT SUM(reserved) FROM stock), (SELECT SUM(open) FROM reservations)").Scan(&reserved, &open))
		require.Equal(t, []int64{lastUnitRounds, lastUnitRounds}, []int64{reserved, open})
		r.audit(t)
	})
}

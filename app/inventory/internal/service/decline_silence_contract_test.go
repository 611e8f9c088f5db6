package service

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func (r *rig) timeOut(t testing.TB) int {
	t.Helper()
	n, err := r.workers.TimeOut.Run(order(t.Context()))
	require.NoError(t, err)
	return n
}

func TestSilenceIsADeclineAndAnAnswerStopsTheClock(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		for _, at := range []string{"F-01", "S-01", "S-02"} {
			r.stock(t, at, "LJ", 5)
		}
		_, err := r.Hold(order(t.Context()), parcel("ord_0", line("1", "LJ", 1)))
		require.NoError(t, err)
		r.paid(t, parcel("ord_1", line("1", "LJ", 1)))
		r.paid(t, parcel("ord_2", line("1", "LJ", 1)))
		r.paid(t, parcel("ord_3", line("1", "LJ", 1)))
		accepted, err := r.AcceptAssignment(franchisee(t.Context(), "FR1", "clerk"), &inventoryv1.AcceptAssignmentRequest{RequestId: requestID(), Document: "ord_2", Location: "F-01"})
		require.NoError(t, err)
		require.Equal(t, inventoryv1.AssignmentState_ACCEPTED, accepted.State)
		require.Zero(t, accepted.AnswerByUs)
		held, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_3"}})
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_3", Fulfilment: "ful_3", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: 1}}})
		require.NoError(t, err)

		r.clock.Advance(10*time.Minute - time.Microsecond)
		require.Zero(t, r.timeOut(t), "not a microsecond early")
		r.clock.Advance(time.Microsecond)
		require.Equal(t, 1, r.timeOut(t), "one has answered, one has shipped, one is not paid")
		require.Equal(t, map[string]int64{"S-01/1": 1}, r.open(t, "ord_1"))
		require.Equal(t, map[string]int64{"F-01/1": 1}, r.open(t, "ord_2"))
		require.Equal(t, map[string]int64{"F-01/1": 1}, r.open(t, "ord_0"))
		_, err = r.AcceptAssignment(franchisee(t.Context(), "FR1", "clerk"), &inventoryv1.AcceptAssignmentRequest{RequestId: requestID(), Document: "ord_1", Location: "F-01"})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "too late: it is another's")
		require.Zero(t, r.timeOut(t))
		require.Contains(t, r.texts(t, "ord_1")[1], "declined this document")

		r.clock.Advance(10 * time.Minute)
		require.Equal(t, 1, r.timeOut(t), "the next one has as long")
		require.Equal(t, map[string]int64{"S-02/1": 1}, r.open(t, "ord_1"))
		r.clock.Advance(10 * time.Minute)
		require.Equal(t, 1, r.timeOut(t))
		require.Equal(t, map[string]inventoryv1.WorkState{"ord_1": inventoryv1.WorkState_TO_PERSON}, r.work(t))
		r.audit(t)
	})
}

func TestReplicasTurnOneSilenceIntoOneDecline(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		for _, at := range []string{"F-01", "S-01", "S-02"} {
			r.stock(t, at, "LJ", 30)
		}
		for i := range 12 {
			r.paid(t, parcel(fmt.Sprintf("ord_%d", i), line("1", "LJ", 1)))
		}
		r.clock.Advance(10 * time.Minute)
		other := newRig(r.db)
		var mu sync.Mutex
		var wg sync.WaitGroup
		declined, accepted := 0, 0
		for _, replica := range []*rig{r, other} {
			wg.Go(func() {
				n := replica.timeOut(t)
				mu.Lock()
				defer mu.Unlock()
				declined += n
			})
		}
		for i := range 12 { // the store answers at the same moment
			wg.Go(func() {
				_, err := r.AcceptAssignment(franchisee(t.Context(), "FR1", "clerk"), &inventoryv1.AcceptAssignmentRequest{RequestId: requestID(), Document: fmt.Sprintf("ord_%d", i), Location: "F-01"})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					accepted++
				} else {
					require.Equal(t, "STATE_CONFLICT", reasonOf(err))
				}
			})
		}
		wg.Wait()
		declined += r.timeOut(t)
		require.Equal(t, 12, declined+accepted, "each is either accepted or declined")
		for i := range 12 {
			open := r.open(t, fmt.Sprintf("ord_%d", i))
			require.Len(t, open, 1)
		}
		require.Equal(t, int64(accepted), r.rows(t, "F-01", "LJ").Reserved)
		require.Equal(t, int64(declined), r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
	})
}

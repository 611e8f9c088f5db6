package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// hush says whether the locations of a document are to answer, as of a version of its order.
func (r *rig) hush(t testing.TB, document string, quiet bool, version int64) {
	t.Helper()
	_, err := r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document, Quiet: quiet, Version: version})
	require.NoError(t, err)
}

// While an order waits for a person, no location is asked, silence is no decline, and its stock stays held.
func TestNobodyIsAskedAboutAnOrderThatIsHeldForAPerson(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		for _, at := range []string{"F-01", "S-01", "S-02"} {
			r.stock(t, at, "LJ", 5)
		}
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 1)))
		require.NoError(t, err)
		r.hush(t, "ord_1", true, 7)
		require.Zero(t, r.tally(t, "SELECT COUNT(*) FROM assignments WHERE document = ?", "ord_1"))
		r.clock.Advance(time.Hour)
		require.Zero(t, r.expire(t), "it is paid")
		require.Zero(t, r.timeOut(t))
		require.Equal(t, map[string]int64{"F-01/1": 1}, r.open(t, "ord_1"))

		r.hush(t, "ord_1", false, 6) // overtaken
		require.Zero(t, r.tally(t, "SELECT COUNT(*) FROM assignments WHERE document = ?", "ord_1"))
		r.hush(t, "ord_1", false, 9)
		r.hush(t, "ord_1", true, 7) // once more, late
		require.Equal(t, 1, r.tally(t, "SELECT COUNT(*) FROM assignments WHERE document = ? AND state = ?", "ord_1", 1))

		// A person holds what is with a location: its time is over, and it has not declined.
		r.hush(t, "ord_1", true, 11)
		r.clock.Advance(time.Hour)
		require.Zero(t, r.timeOut(t))
		require.Equal(t, map[string]int64{"F-01/1": 1}, r.open(t, "ord_1"))
		require.Equal(t, 1, r.tally(t, "SELECT COUNT(*) FROM assignments WHERE document = ? AND state = ?", "ord_1", 5))
		r.hush(t, "ord_1", false, 13)
		for range 2 { // the round that nobody answered does not count: two are left
			r.clock.Advance(10 * time.Minute)
			require.Equal(t, 1, r.timeOut(t))
			require.Len(t, r.open(t, "ord_1"), 1)
		}
		r.audit(t)
	})
}

// An order that waits for stock, and for a person: when stock comes, no location is asked either.
func TestStockThatComesForAHeldOrderIsGivenToNobody(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		in := parcel("ord_1", line("1", "LJ", 1))
		in.WaitForStock, in.ExpiresAtUs = true, 0
		r.waits(t, in)
		r.hush(t, "ord_1", true, 3)
		r.stock(t, "S-01", "LJ", 5)
		r.sweep(t)
		require.Equal(t, map[string]int64{"S-01/1": 1}, r.open(t, "ord_1"))
		r.clock.Advance(time.Hour)
		require.Zero(t, r.timeOut(t))
		r.hush(t, "ord_1", false, 5)
		r.clock.Advance(10 * time.Minute)
		require.Equal(t, 1, r.timeOut(t))
		r.audit(t)
	})
}

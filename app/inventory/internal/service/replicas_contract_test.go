package service

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Whoever decides that a document is not there, while another replica makes it, decides again: no refusal is recorded for what
// is there.
func TestARefusalThatAnotherReplicaOvertookIsDecidedAgain(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		if r.db.Engine() == database.SQLite {
			return // one process, one writer: nobody can come between
		}
		r.city(t)
		r.stock(t, "S-01", "LJ", 2)
		other := newRig(r.db)
		var seen []int
		err := r.store.Together(order(t.Context()), biz.Need{Documents: []biz.DocumentLock{{Document: "ord_1"}}}, func(b *biz.Book) error {
			if seen = append(seen, len(b.Of("ord_1"))); len(seen) == 1 {
				_, err := other.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 2)))
				require.NoError(t, err)
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, []int{0, 1}, seen)
	})
}

// A decision about more documents than one statement locks has the reservations of each once.
func TestManyDocumentsAreLockedWithTheirReservations(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 600)
		var need biz.Need
		for i := range 600 {
			document := fmt.Sprintf("ord_%03d", i)
			need.Documents = append(need.Documents, biz.DocumentLock{Document: document})
			if i%2 == 0 {
				_, err := r.Reserve(order(t.Context()), reserving(document, at("1", "S-01", "LJ", 1)))
				require.NoError(t, err)
			}
		}
		need.Touches = func(*biz.Reservation, int64) bool { return true }
		require.NoError(t, r.store.Together(order(t.Context()), need, func(b *biz.Book) error {
			for i, d := range need.Documents {
				held := b.Of(d.Document)
				require.Len(t, held, (i+1)%2, d.Document)
				for _, res := range held {
					require.NoError(t, b.ReleasePart(res, 1))
				}
			}
			return nil
		}))
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		got, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_000", "ord_598"}})
		require.NoError(t, err)
		for _, res := range got.Reservations {
			require.Equal(t, inventoryv1.ReservationState_RELEASED, res.State)
		}
		r.audit(t)
	})
}

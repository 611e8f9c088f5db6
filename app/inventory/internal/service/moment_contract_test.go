package service

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// tellMoments runs what each replica runs, on all of them at once.
func tellMoments(t testing.TB, all ...*feedRig) {
	t.Helper()
	var running sync.WaitGroup
	for _, r := range all {
		running.Go(func() {
			told := biz.TellMoments{Due: r.rig.store, NowUS: r.rig.db.Now, Hit: func(bound string) { t.Error(bound) }}
			if err := told.Run(tenancy.WithService(t.Context(), "inventory-moments")); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	all[0].number(t)
}

func TestTheFeedTellsWhatTimeAloneHasChanged(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		tmall := account(t.Context(), "HQ", "tmall")
		a.stock(t, "S-01", "LJ", 5)
		a.stock(t, "S-02", "LJ", 9)
		a.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		begin := a.nowUS(t)
		in := declining("ord_1", "S-01")
		in.Effect, in.OutageUntilUs = inventoryv1.StockEffect_OUTAGE, begin+30*time.Minute.Microseconds()
		_, err := a.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		later := quota("douyin", "S-02", "LJ", 3)
		later.FromUs, later.UntilUs = begin+time.Minute.Microseconds(), begin+time.Hour.Microseconds()
		a.policy(t, later)
		cursor := a.now(t, tmall)

		// next is what a follower hears; positions are the commits since it last asked.
		next := func(positions int64) *inventoryv1.ListStockChangesResponse {
			t.Helper()
			before, err := b.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor, Limit: 1})
			require.NoError(t, err)
			_, last, err := b.rig.store.ChangeEnds(t.Context())
			require.NoError(t, err)
			tellMoments(t, a, b)
			_, now, err := b.rig.store.ChangeEnds(t.Context())
			require.NoError(t, err)
			require.Equal(t, positions, now-last, "told once, by one replica")
			require.Empty(t, before.Changes)
			got, err := b.ListStockChanges(tmall, &inventoryv1.ListStockChangesRequest{Cursor: cursor})
			require.NoError(t, err)
			cursor = got.NextCursor
			return got
		}
		got := next(0)
		require.False(t, got.Reset_)
		require.Empty(t, got.Changes, "nothing has come yet")
		require.Equal(t, int64(7), a.total(t, tmall, "LJ"))

		a.clock.Advance(time.Minute)
		require.True(t, next(1).Reset_, "a policy begins: any figure may be another")
		require.Equal(t, int64(4), a.total(t, tmall, "LJ"))

		a.clock.Advance(29 * time.Minute)
		got = next(1)
		require.False(t, got.Reset_, "one row is promised again")
		require.Len(t, got.Changes, 1)
		require.Equal(t, "LJ", got.Changes[0].Sku)
		require.Equal(t, int64(9), got.Changes[0].Online)

		a.clock.Advance(30 * time.Minute)
		require.True(t, next(1).Reset_, "the quota is given back")
		require.Equal(t, int64(12), a.total(t, tmall, "LJ"))
		require.Empty(t, next(0).Changes)
		a.audit(t)
	})
}

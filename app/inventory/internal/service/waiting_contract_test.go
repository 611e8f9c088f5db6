package service

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// patient is a paid channel order that waits when there is no stock.
func patient(document string, priority int32, shipBy int64, lines ...*inventoryv1.HoldLine) *inventoryv1.HoldRequest {
	in := parcel(document, lines...)
	in.WaitForStock, in.Priority, in.ShipByUs = true, priority, shipBy
	return in
}

func (r *rig) waits(t testing.TB, in *inventoryv1.HoldRequest) {
	t.Helper()
	got, err := r.Hold(order(t.Context()), in)
	require.NoError(t, err)
	require.True(t, got.Waiting)
	require.Empty(t, got.Reservations)
	r.tick()
}

// sweep gives stock to all that can have some, whatever has come.
func (r *rig) sweep(t testing.TB) int {
	t.Helper()
	n, err := r.workers.Waiting.Run(order(t.Context()), nil)
	require.NoError(t, err)
	return n
}

func (r *rig) queue(t testing.TB) []string {
	t.Helper()
	var documents []string
	token := ""
	for {
		page, err := r.ListWaiting(hq(t.Context(), "operator"), &inventoryv1.ListWaitingRequest{PageSize: 2, PageToken: token})
		require.NoError(t, err)
		for _, w := range page.Work {
			documents = append(documents, w.Document)
		}
		if token = page.NextPageToken; token == "" {
			return documents
		}
	}
}

func TestStockGoesToThoseThatWaitByPriorityThenShipByThenAge(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.waits(t, patient("old", 0, 0, line("1", "LJ", 1)))
		r.waits(t, patient("young", 0, 0, line("1", "LJ", 1)))
		r.waits(t, patient("urgent", 0, 9_000, line("1", "LJ", 1)))
		r.waits(t, patient("more urgent", 0, 8_000, line("1", "LJ", 1)))
		r.waits(t, patient("last", -1, 1, line("1", "LJ", 1)))
		r.waits(t, patient("first", 7, 0, line("1", "LJ", 1)))
		want := []string{"first", "more urgent", "urgent", "old", "young", "last"}
		require.Equal(t, want, r.queue(t))
		list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"old", "none"}})
		require.NoError(t, err)
		require.Equal(t, []string{"old"}, list.Waiting)
		require.Contains(t, r.texts(t, "old")[0], "waits for stock")
		for i, document := range want {
			require.Zero(t, r.sweep(t))
			r.stock(t, "S-01", "LJ", 1)
			require.Equal(t, 1, r.sweep(t))
			require.Equal(t, map[string]int64{"S-01/1": 1}, r.open(t, document))
			require.Equal(t, want[i+1:], append([]string{}, r.queue(t)...))
			require.Equal(t, i+1, len(r.deliver(t)), "the order center is told")
		}
		r.audit(t)
	})
}

func TestOneThatCannotBeFilledKeepsItsPlaceAndLetsOthersPass(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.waits(t, patient("big", 0, 0, line("1", "LJ", 5), line("2", "TG", 1)))
		r.waits(t, patient("small", 0, 0, line("1", "LJ", 1)))
		r.waits(t, patient("tea", 0, 0, line("1", "TG", 1)))
		r.waits(t, patient("pot", 0, 0, line("1", "PT", 1)))
		theirs := patient("theirs", 0, 0, line("1", "LJ", 1))
		theirs.SellerOrg = "FR1"
		r.waits(t, theirs)
		r.stock(t, "S-01", "LJ", 3)
		r.stock(t, "S-01", "TG", 3)
		r.stock(t, "S-01", "PT", 3)
		require.Equal(t, 2, r.sweep(t))
		require.Equal(t, []string{"big", "small", "tea"}, r.queue(t), "the pot passes, nothing of what the big one waits for does; another seller draws on other shelves")
		r.stock(t, "S-02", "LJ", 4)
		require.Equal(t, 3, r.sweep(t))
		require.Empty(t, r.queue(t))
		require.Len(t, r.open(t, "big"), 3, "a split")
		r.audit(t)
	})
}

func TestOneThatNoLocationMayDeliverKeepsNoPlace(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		pickup := patient("closed", 9, 0, line("1", "LJ", 1))
		pickup.Way, pickup.Location = inventoryv1.DeliveryWay_PICKUP, "S-02"
		closed := location("S-02", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2400, 121.4800)
		closed.Active, closed.Version = false, 2
		r.put(t, closed)
		r.waits(t, pickup)
		r.waits(t, patient("open", 0, 0, line("1", "LJ", 1)))
		r.stock(t, "S-01", "LJ", 1)
		require.Equal(t, 1, r.sweep(t))
		require.Equal(t, []string{"closed"}, r.queue(t))
	})
}

func TestStockThatComesIsFollowedByTheChangeLog(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		turn := r.following(t)
		require.Zero(t, turn()) // the first looks at all
		r.waits(t, patient("ord_1", 0, 0, line("1", "LJ", 2)))
		require.Zero(t, turn())
		r.stock(t, "S-01", "TG", 2)
		require.Zero(t, turn())
		r.stock(t, "S-01", "LJ", 2)
		require.Equal(t, 1, turn(), "in the next turn, a second later")
		require.Zero(t, turn())
		// What somebody gives back is stock that comes, too.
		r.waits(t, patient("ord_2", 0, 0, line("1", "LJ", 2)))
		_, err := r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, 1, turn())
		// And what no change log tells is found by the sweep.
		r.waits(t, patient("ord_3", 0, 0, line("1", "PT", 1)))
		off := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740)
		off.Active, off.Version = false, 2
		r.put(t, off)
		r.stock(t, "S-01", "PT", 1)
		require.Zero(t, turn())
		on := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740)
		on.Version = 3
		r.put(t, on)
		found := 0
		for range sweepTurns {
			found += turn()
		}
		require.Equal(t, 1, found)
		r.audit(t)
	})
}

func TestReplicasAllocateEachThatWaitsOnce(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for i := range 20 {
			r.waits(t, patient(fmt.Sprintf("ord_%02d", i), 0, 0, line("1", "LJ", 1)))
		}
		r.stock(t, "S-01", "LJ", 12)
		replicas := []*rig{r, newRig(r.db), newRig(r.db)}
		var mu sync.Mutex
		var wg sync.WaitGroup
		total := 0
		for _, replica := range replicas {
			wg.Go(func() {
				n, err := replica.workers.Waiting.Run(order(t.Context()), nil)
				mu.Lock()
				defer mu.Unlock()
				require.NoError(t, err)
				total += n
			})
		}
		wg.Wait()
		require.Equal(t, 12, total)
		require.Equal(t, int64(12), r.rows(t, "S-01", "LJ").Reserved)
		require.Len(t, r.queue(t), 8)
		for document, n := range r.deliver(t) {
			require.Equal(t, 1, n, document)
		}
		r.audit(t)
	})
}

func TestOnlyThePaidWaitAndACancelEndsIt(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		unpaid := patient("ord_0", 0, 0, line("1", "LJ", 1))
		unpaid.ExpiresAtUs = now + time.Hour.Microseconds()
		_, err = r.Hold(order(t.Context()), unpaid)
		require.Equal(t, "VALIDATOR", reasonOf(err))

		first := patient("ord_1", 0, 0, line("1", "LJ", 1))
		first.Gid = ids.GID("al", ids.New("ord"), 1)
		r.waits(t, first)
		repeat := patient("ord_1", 0, 0, line("1", "LJ", 1))
		repeat.Gid = first.Gid
		r.waits(t, repeat) // one transaction waits once, under whatever request id
		r.waits(t, patient("ord_2", 0, 0, line("1", "LJ", 1)))
		require.Equal(t, []string{"ord_1", "ord_2"}, r.queue(t))
		_, err = r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_1", Gid: ids.GID("al", ids.New("ord"), 7)})
		require.NoError(t, err)
		require.Equal(t, []string{"ord_1", "ord_2"}, r.queue(t), "another transaction's cancel is not its own")
		_, err = r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_1", Gid: first.Gid})
		require.NoError(t, err)
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_2"})
		require.NoError(t, err)
		require.Empty(t, r.queue(t))
		r.stock(t, "S-01", "LJ", 9)
		require.Zero(t, r.sweep(t))
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
	})
}

func TestADeclinedPaidOrderWaitsForOthersStockNotForTheDecliners(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-01", "TG", 5)
		r.paid(t, parcel("ord_1", line("1", "LJ", 2), line("2", "TG", 1)))
		got, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01", missing("1", 2)))
		require.NoError(t, err)
		require.Equal(t, inventoryv1.WorkState_WAITS_FOR_STOCK, got.Reallocations[0].State)
		require.Len(t, got.Reallocations[0].Open, 1)
		require.Zero(t, r.sweep(t), "S-01 has some by the books, but has declined")
		r.stock(t, "S-02", "LJ", 2)
		require.Equal(t, 1, r.sweep(t))
		require.Equal(t, map[string]int64{"S-01/2": 1, "S-02/1": 2}, r.open(t, "ord_1"))
		list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{"ord_1"}})
		require.NoError(t, err)
		for _, res := range list.Reservations {
			if res.Open > 0 {
				require.Equal(t, inventoryv1.ReservationState_CONFIRMED, res.State, "it is paid")
			}
		}
		r.audit(t)
	})
}

func TestWhatWaitsIsSeenByThoseWhoSellIt(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.waits(t, patient("ord_1", 0, 0, line("1", "LJ", 1)))
		for ctx, n := range map[context.Context]int{hq(t.Context(), "operator"): 1, franchisee(t.Context(), "FR1", "manager"): 0} {
			got, err := r.ListWaiting(ctx, &inventoryv1.ListWaitingRequest{})
			require.NoError(t, err)
			require.Len(t, got.Work, n)
		}
		page, err := r.ListWaiting(hq(t.Context(), "operator"), &inventoryv1.ListWaitingRequest{PageSize: 1})
		require.NoError(t, err)
		require.Empty(t, page.NextPageToken)
		_, err = r.ListWaiting(hq(t.Context(), "operator"), &inventoryv1.ListWaitingRequest{PageToken: "zzzz"})
		require.Equal(t, "PAGE_TOKEN_INVALID", reasonOf(err))
		other := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Channel, ID: "acc", Org: "HQ", Channel: "tmall"}.WithScope())
		_, err = r.ListOpenWork(other, &inventoryv1.ListOpenWorkRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err), "marketplaces see no shelves")
	})
}

// The time to answer is shorter where the goods have to leave soon: some is left for each further round.
func TestShipByShortensTheTimeToAnswer(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		r.stock(t, "S-01", "LJ", 5)
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		minute := time.Minute.Microseconds()
		for document, c := range map[string]struct{ shipBy, answer int64 }{"far": {now + 1000*minute, now + 10*minute}, "near": {now + 24*minute, now + 8*minute}, "late": {now - minute, now + 5*minute}} {
			in := parcel(document, line("1", "LJ", 1))
			in.ShipByUs = c.shipBy
			r.paid(t, in)
			list, err := r.ListAssignments(hq(t.Context(), "operator"), &inventoryv1.ListAssignmentsRequest{Document: document})
			require.NoError(t, err)
			require.Len(t, list.Assignments, 1)
			require.Equal(t, c.answer, list.Assignments[0].AnswerByUs, document)
		}
	})
}

// following runs turns of the worker that gives out what comes.
func (r *rig) following(t testing.TB) (turn func() int) {
	follow := r.workers.Follow()
	return func() int {
		t.Helper()
		r.number(t)
		n, err := follow.Turn(order(t.Context()))
		require.NoError(t, err)
		return n
	}
}

// late is what the audit says of those that wait.
func (r *rig) late(t testing.TB) (named []string) {
	t.Helper()
	got, err := r.CheckInvariants(hq(t.Context(), "admin"), &commonv1.CheckInvariantsRequest{})
	require.NoError(t, err)
	for _, result := range got.Results {
		for _, e := range result.Examples {
			if result.Id == "I3b" {
				named = append(named, e.Subject)
			}
		}
	}
	return named
}

// The audit sees that nobody works for those that wait: that is what a stopped worker looks like.
func TestTheAuditNamesWhoWaitsForStockThatIsThere(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		minute := func() { r.clock.Advance(61 * time.Second) }
		r.waits(t, patient("big", 1, 0, line("1", "LJ", 5)))
		r.waits(t, patient("small", 0, 0, line("1", "LJ", 2)))
		r.waits(t, patient("tea", 0, 0, line("1", "TG", 1)))
		minute()
		require.Empty(t, r.late(t), "nothing has come")
		r.stock(t, "S-01", "TG", 1)
		r.stock(t, "S-01", "LJ", 2)
		require.Empty(t, r.late(t), "it has just come")
		minute()
		require.Equal(t, []string{"tea"}, r.late(t), "the small one is behind the big one")
		r.stock(t, "S-01", "LJ", 3)
		require.Equal(t, []string{"tea"}, r.late(t))
		minute()
		require.Equal(t, []string{"big", "tea"}, r.late(t))
		require.Equal(t, 2, r.sweep(t))
		minute()
		require.Empty(t, r.late(t), "it holds all there is")

		// What a policy kept until now has just come, too.
		r.waits(t, patient("pot", 0, 0, line("1", "PT", 1)))
		r.policy(t, &inventoryv1.SharingTerms{Channel: "miniprogram", Place: &inventoryv1.SharingTerms_Location{Location: "S-02"}, Product: &inventoryv1.SharingTerms_Sku{Sku: "PT"},
			Mode: inventoryv1.SharingMode_SHARE_NONE, UntilUs: r.nowUS(t) + 100*time.Second.Microseconds()})
		r.stock(t, "S-02", "PT", 1)
		r.clock.Advance(101 * time.Second)
		require.Empty(t, r.late(t))
		minute()
		require.Equal(t, []string{"pot"}, r.late(t))
	})
}

package service

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// person is staff of headquarters by name.
func person(ctx context.Context, name string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.HQ, ID: name, Org: "HQ", Roles: []string{"operator"}}.WithScope())
}

func (r *rig) opened(t testing.TB, in *inventoryv1.OpenStocktakeRequest) *inventoryv1.Stocktake {
	t.Helper()
	in.RequestId = requestID()
	got, err := r.OpenStocktake(person(t.Context(), "ann"), in)
	require.NoError(t, err)
	return got
}

func (r *rig) count(t testing.TB, who, id string, counts ...*inventoryv1.StocktakeCount) {
	t.Helper()
	_, err := r.CountStocktake(person(t.Context(), who), &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: id, Counts: counts})
	require.NoError(t, err)
}

func found(sku string, qty int64) *inventoryv1.StocktakeCount {
	return &inventoryv1.StocktakeCount{Sku: sku, Counted: qty}
}

func (r *rig) submit(t testing.TB, who, id string) {
	t.Helper()
	_, err := r.SubmitStocktake(person(t.Context(), who), &inventoryv1.SubmitStocktakeRequest{RequestId: requestID(), Id: id})
	require.NoError(t, err)
}

func deciding(id string) *inventoryv1.DecideStocktakeRequest {
	return &inventoryv1.DecideStocktakeRequest{RequestId: requestID(), Id: id}
}

func (r *rig) linesOf(t testing.TB, id string) map[string]*inventoryv1.StocktakeLine {
	t.Helper()
	got, err := r.ListStocktakeLines(person(t.Context(), "ann"), &inventoryv1.ListStocktakeLinesRequest{Id: id})
	require.NoError(t, err)
	lines := map[string]*inventoryv1.StocktakeLine{}
	for _, l := range got.Lines {
		lines[l.Sku+l.Batch] = l
	}
	return lines
}

func TestADifferenceIsBookedOnceBySomebodyWhoHasNotCounted(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 10)
		r.stock(t, "S-01", "TG", 5)
		take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01"})
		require.Equal(t, []int64{2, 0}, []int64{take.Lines, take.Counted})
		require.Equal(t, int64(10), *r.linesOf(t, take.Id)["LJ"].Book, "a guided list shows the books")

		r.count(t, "bob", take.Id, found("LJ", 7))
		_, err := r.SubmitStocktake(person(t.Context(), "bob"), &inventoryv1.SubmitStocktakeRequest{RequestId: requestID(), Id: take.Id})
		require.Equal(t, "STOCKTAKE_INCOMPLETE", reasonOf(err))
		require.Equal(t, map[string]string{"missed": "1", "sku": "TG"}, metadataOf(err))
		missed, err := r.ListStocktakeLines(person(t.Context(), "bob"), &inventoryv1.ListStocktakeLinesRequest{Id: take.Id, Missed: true})
		require.NoError(t, err)
		require.Len(t, missed.Lines, 1)
		r.count(t, "cid", take.Id, found("LJ", 8), found("TG", 5)) // the last count counts
		_, err = r.CountStocktake(person(t.Context(), "cid"), &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: take.Id, Counts: []*inventoryv1.StocktakeCount{found("NONE", 1)}})
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		_, err = r.CountStocktake(person(t.Context(), "cid"), &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: take.Id, Counts: []*inventoryv1.StocktakeCount{found("LJ", 1), found("LJ", 2)}})
		require.Equal(t, "VALIDATOR", reasonOf(err))
		r.submit(t, "dan", take.Id)
		_, err = r.CountStocktake(person(t.Context(), "cid"), &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: take.Id, Counts: []*inventoryv1.StocktakeCount{found("LJ", 1)}})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))

		for _, who := range []string{"bob", "cid", "dan"} { // bob's count is not the last, and he has counted
			_, err := r.ApproveStocktake(person(t.Context(), who), deciding(take.Id))
			require.Equal(t, "SECOND_PERSON_NEEDED", reasonOf(err), who)
			_, err = r.RejectStocktake(person(t.Context(), who), &inventoryv1.RejectStocktakeRequest{RequestId: requestID(), Id: take.Id})
			require.Equal(t, "SECOND_PERSON_NEEDED", reasonOf(err), who)
		}
		approve := deciding(take.Id)
		for range 2 {
			got, err := r.ApproveStocktake(person(t.Context(), "eve"), approve)
			require.NoError(t, err)
			require.Equal(t, []any{inventoryv1.StocktakeState_STOCKTAKE_APPROVED, "hq:eve"}, []any{got.State, got.DecidedBy})
		}
		require.Equal(t, int64(8), r.rows(t, "S-01", "LJ").OnHand)
		_, err = r.ApproveStocktake(person(t.Context(), "fay"), deciding(take.Id))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		moves, err := r.ListMovements(hq(t.Context()), &inventoryv1.ListMovementsRequest{Document: take.Id})
		require.NoError(t, err)
		require.Len(t, moves.Movements, 1, "what agrees is no movement")
		m := moves.Movements[0]
		require.Equal(t, []any{"STOCKTAKE", int64(-2), "hq:eve", approve.RequestId}, []any{m.Reason, m.Quantity, m.Actor, m.RequestId})
		r.audit(t)
	})
}

func TestWhatMovesBetweenCountAndApprovalIsNotLost(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 10)
		take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01", Skus: []string{"LJ"}})
		r.stock(t, "S-01", "LJ", 2) // after opening, before the count
		r.count(t, "bob", take.Id, found("LJ", 11))
		r.stock(t, "S-01", "LJ", 5)
		sold, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 3)))
		require.NoError(t, err)
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SALE",
			Lines: []*inventoryv1.ShipLine{{ReservationId: sold.Reservations[0].Id, Quantity: 3}}})
		require.NoError(t, err)
		r.submit(t, "bob", take.Id)
		_, err = r.ApproveStocktake(person(t.Context(), "eve"), deciding(take.Id))
		require.NoError(t, err)
		require.Equal(t, int64(11+5-3), r.rows(t, "S-01", "LJ").OnHand)
		require.Equal(t, int64(-1), *r.linesOf(t, take.Id)["LJ"].Difference)
		r.audit(t)
	})
}

func TestTheShelfIsTheTruthAlsoWhereCustomersHoldMore(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 6)
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 5)))
		require.NoError(t, err)
		take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01"})
		r.count(t, "bob", take.Id, found("LJ", 2))
		r.submit(t, "bob", take.Id)
		_, err = r.ApproveStocktake(person(t.Context(), "eve"), deciding(take.Id))
		require.NoError(t, err)
		require.Equal(t, int64(2), r.rows(t, "S-01", "LJ").OnHand)
		gaps, err := r.ListDiscrepancies(hq(t.Context()), &inventoryv1.ListDiscrepanciesRequest{})
		require.NoError(t, err)
		require.Len(t, gaps.Discrepancies, 1)
		require.Equal(t, []any{"SHORTFALL", int64(3), take.Id}, []any{gaps.Discrepancies[0].Kind, gaps.Discrepancies[0].Open, gaps.Discrepancies[0].Document})
		r.audit(t)
	})
}

func TestABlindCountHidesTheBooksUntilItIsSubmitted(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 6)
		take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01", Skus: []string{"LJ", "NEW"}, Blind: true})
		r.count(t, "bob", take.Id, found("LJ", 5), found("NEW", 1)) // a SKU that the location has never had
		l := r.linesOf(t, take.Id)["LJ"]
		require.Equal(t, int64(5), *l.Counted)
		require.Nil(t, l.Book)
		require.Nil(t, l.Difference)
		r.submit(t, "bob", take.Id)
		l = r.linesOf(t, take.Id)["LJ"]
		require.Equal(t, []int64{6, -1}, []int64{*l.Book, *l.Difference})

		again, err := r.RejectStocktake(person(t.Context(), "eve"), &inventoryv1.RejectStocktakeRequest{RequestId: requestID(), Id: take.Id, Recount: true})
		require.NoError(t, err)
		require.Equal(t, inventoryv1.StocktakeState_STOCKTAKE_COUNTING, again.State)
		require.Nil(t, r.linesOf(t, take.Id)["LJ"].Book, "hidden again")
		r.count(t, "bob", take.Id, found("LJ", 6))
		r.submit(t, "bob", take.Id)
		stale := deciding(take.Id)
		stale.Version = 1
		_, err = r.ApproveStocktake(person(t.Context(), "eve"), stale)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		_, err = r.ApproveStocktake(person(t.Context(), "eve"), deciding(take.Id))
		require.NoError(t, err)
		require.Equal(t, int64(1), r.rows(t, "S-01", "NEW").OnHand)
		r.audit(t)
	})
}

// While a frozen stocktake is open nothing of it is promised online, the till sells on, and however it ends the freeze ends.
func TestAFreezeIsEffectiveAndEndsInEveryCase(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 9)
		online := func() int64 {
			got, err := r.GetAvailability(hq(t.Context()), &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Location: "S-01"})
			require.NoError(t, err)
			require.Equal(t, r.rows(t, "S-01", "LJ").Online, got.Items[0].Online)
			return got.Items[0].Online
		}
		end := map[string]func(id string) error{
			"approve": func(id string) error {
				r.count(t, "bob", id, found("LJ", r.rows(t, "S-01", "LJ").OnHand))
				r.submit(t, "bob", id)
				_, err := r.ApproveStocktake(person(t.Context(), "eve"), deciding(id))
				return err
			},
			"reject": func(id string) error {
				r.count(t, "bob", id, found("LJ", 1))
				r.submit(t, "bob", id)
				_, err := r.RejectStocktake(person(t.Context(), "eve"), &inventoryv1.RejectStocktakeRequest{RequestId: requestID(), Id: id})
				return err
			},
			"cancel": func(id string) error {
				_, err := r.CancelStocktake(person(t.Context(), "ann"), deciding(id))
				return err
			},
			"forgotten": func(id string) error {
				n, err := r.EndFreezes(tenancy.WithService(t.Context(), "test"))
				require.NoError(t, err)
				require.Zero(t, n)
				r.clock.Advance(biz.FreezeMost + 1_000_000)
				n, err = r.EndFreezes(tenancy.WithService(t.Context(), "test"))
				require.Equal(t, 1, n)
				return err
			},
		}
		for _, how := range []string{"approve", "reject", "cancel", "forgotten"} {
			take := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01", Frozen: true})
			require.Zero(t, online(), how)
			require.True(t, r.rows(t, "S-01", "LJ").Frozen)
			r.audit(t)
			_, err := r.Hold(order(t.Context()), parcel("ord_"+how, line("1", "LJ", 1)))
			require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), how)
			till := parcel("till_"+how, line("1", "LJ", 1))
			till.Way, till.Location, till.Destination = inventoryv1.DeliveryWay_CARRY_OUT, "S-01", nil
			_, err = r.Hold(order(t.Context()), till)
			require.NoError(t, err, "the till sells on")
			require.NoError(t, end[how](take.Id), how)
			require.Positive(t, online(), how)
			got, err := r.GetStocktake(person(t.Context(), "ann"), &inventoryv1.GetStocktakeRequest{Id: take.Id})
			require.NoError(t, err)
			require.False(t, got.Frozen)
			r.audit(t)
		}
	})
}

func TestARowIsCountedByOneOpenStocktakeAtATime(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 9)
		r.stock(t, "S-01", "TG", 9)
		first := r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01", Skus: []string{"LJ"}})
		_, err := r.OpenStocktake(person(t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: "S-01"})
		require.Equal(t, "STOCKTAKE_OPEN", reasonOf(err))
		require.Equal(t, map[string]string{"stocktake": first.Id, "sku": "LJ", "owner": "HQ"}, metadataOf(err))
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				_, err := r.OpenStocktake(person(t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: "S-01", Skus: []string{"TG"}, Frozen: true})
				if err != nil && reasonOf(err) != "STOCKTAKE_OPEN" {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		list, err := r.ListStocktakes(person(t.Context(), "ann"), &inventoryv1.ListStocktakesRequest{Location: "S-01", State: inventoryv1.StocktakeState_STOCKTAKE_COUNTING})
		require.NoError(t, err)
		require.Len(t, list.Stocktakes, 2)
		_, err = r.CancelStocktake(person(t.Context(), "ann"), deciding(first.Id))
		require.NoError(t, err)
		r.opened(t, &inventoryv1.OpenStocktakeRequest{Location: "S-01", Skus: []string{"LJ"}})
		_, err = r.OpenStocktake(person(t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: "S-02"})
		require.Equal(t, "VALIDATOR", reasonOf(err), "nothing to count")
		_, err = r.OpenStocktake(person(t.Context(), "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: "S-02", Skus: []string{"no such SKU"}})
		require.Equal(t, "SKU_UNKNOWN", reasonOf(err))
		r.audit(t)
	})
}

func TestWhoMayCountAndDecide(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 3)
		_, err := r.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "consigned",
			Lines: []*inventoryv1.StockLine{{Location: "F-01", Sku: "LJ", Owner: "HQ", Quantity: 4}}})
		require.NoError(t, err)
		manager, clerk := franchisee(t.Context(), "FR1", "manager"), tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Franchisee, ID: "clerk", Org: "FR1", Roles: []string{"clerk"}}.WithScope())
		stranger := franchisee(t.Context(), "FR2", "manager")
		open := func(ctx context.Context) (*inventoryv1.Stocktake, error) {
			return r.OpenStocktake(ctx, &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: "F-01"})
		}
		_, err = open(clerk)
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		for _, ctx := range []context.Context{stranger, member(t.Context())} {
			_, err = open(ctx)
			require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		}
		take, err := open(manager)
		require.NoError(t, err)
		require.Equal(t, int64(2), take.Lines, "goods on consignment are on the shelf too")
		count := func(ctx context.Context, counts ...*inventoryv1.StocktakeCount) error {
			_, err := r.CountStocktake(ctx, &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: take.Id, Counts: counts})
			return err
		}
		require.Equal(t, "NOT_FOUND", reasonOf(count(stranger, found("LJ", 3))))
		require.Equal(t, "FORBIDDEN", reasonOf(count(member(t.Context()), found("LJ", 3))))
		require.NoError(t, count(clerk, found("LJ", 3), &inventoryv1.StocktakeCount{Sku: "LJ", Owner: "HQ", Counted: 2}))
		_, err = r.SubmitStocktake(clerk, &inventoryv1.SubmitStocktakeRequest{RequestId: requestID(), Id: take.Id})
		require.NoError(t, err)
		_, err = r.ApproveStocktake(manager, deciding(take.Id))
		require.Equal(t, "FORBIDDEN", reasonOf(err), "what is missing of another's goods is not the store's to approve")
		_, err = r.ApproveStocktake(stranger, deciding(take.Id))
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		for _, get := range []func() error{
			func() error {
				_, err := r.GetStocktake(stranger, &inventoryv1.GetStocktakeRequest{Id: take.Id})
				return err
			},
			func() error {
				_, err := r.ListStocktakeLines(stranger, &inventoryv1.ListStocktakeLinesRequest{Id: take.Id})
				return err
			},
		} {
			require.Equal(t, "NOT_FOUND", reasonOf(get()))
		}
		_, err = r.ApproveStocktake(person(t.Context(), "eve"), deciding(take.Id))
		require.NoError(t, err)
		r.audit(t)
	})
}

// Staff of a direct store is no franchisee's, and its books say so. What it did under the name of before is still its own: who
// counted then does not decide now.
func TestStaffOfADirectStoreIsNamedTruly(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		manager := inStore(t.Context(), "S-01", "manager")
		received := &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "DN-1", Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 5}}}
		_, err := r.ReceiveStock(manager, received)
		require.NoError(t, err)
		moves, err := r.ListMovements(manager, &inventoryv1.ListMovementsRequest{})
		require.NoError(t, err)
		require.Equal(t, "direct:manager", moves.Movements[0].Actor)
		require.Equal(t, int64(1), int64(r.tally(t, "SELECT COUNT(*) FROM commands WHERE caller = 'franchisee:manager' AND request_id = ?", received.RequestId)),
			"answers are found by the name of before")

		take, err := r.OpenStocktake(manager, &inventoryv1.OpenStocktakeRequest{RequestId: requestID(), Location: "S-01"})
		require.NoError(t, err)
		_, err = r.CountStocktake(manager, &inventoryv1.CountStocktakeRequest{RequestId: requestID(), Id: take.Id, Counts: []*inventoryv1.StocktakeCount{found("LJ", 4)}})
		require.NoError(t, err)
		r.submit(t, "bob", take.Id)
		for _, name := range []string{"direct:manager", "franchisee:manager"} {
			require.NoError(t, r.db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := r.db.Conn(ctx).ExecContext(ctx, "UPDATE stocktake_counts SET actor = ?", name)
				return err
			}))
			_, err = r.ApproveStocktake(manager, deciding(take.Id))
			require.Equal(t, "SECOND_PERSON_NEEDED", reasonOf(err), name)
		}
		r.audit(t)
	})
}

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
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func (r *rig) now(t testing.TB) int64 {
	t.Helper()
	now, err := r.clock.NowUS(t.Context())
	require.NoError(t, err)
	return now
}

// promise opens a presale that arrives in so many days.
func (r *rig) promise(t testing.TB, at, sku string, quota, days int64) *inventoryv1.Presale {
	t.Helper()
	p, err := r.OpenPresale(hq(t.Context(), "operator"), &inventoryv1.OpenPresaleRequest{RequestId: requestID(), Sku: sku, Location: at, Quota: quota,
		ArrivesUs: r.now(t) + days*24*time.Hour.Microseconds()})
	require.NoError(t, err)
	return p
}

func (r *rig) presale(t testing.TB, id string) *inventoryv1.Presale {
	t.Helper()
	list, err := r.ListPresales(hq(t.Context()), &inventoryv1.ListPresalesRequest{PageSize: 200})
	require.NoError(t, err)
	for _, p := range list.Presales {
		if p.Id == id {
			return p
		}
	}
	require.Fail(t, "no such presale")
	return nil
}

// arrive lets the worker serve once.
func (r *rig) arrive(t testing.TB) int64 {
	t.Helper()
	n, err := biz.ServeWaiting{Waiting: r.store, Together: r.store.Together, Hit: func(string) {}}.Run(tenancy.WithService(t.Context(), "arrivals"))
	require.NoError(t, err)
	return n
}

func waiting(document string, lines ...*inventoryv1.HoldLine) *inventoryv1.HoldRequest {
	in := parcel(document, lines...)
	in.AllowPresale = true
	return in
}

func (r *rig) of(t testing.TB, document string) []*inventoryv1.Reservation {
	t.Helper()
	list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
	require.NoError(t, err)
	return list.Reservations
}

func (r *rig) confirmed(t testing.TB, document string) {
	t.Helper()
	_, err := r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
	require.NoError(t, err)
}

func TestAPresaleIsDrawnOnAfterWhatIsOnHand(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-02", "LJ", 2)
		later := r.promise(t, "S-01", "LJ", 5, 20)
		sooner := r.promise(t, "W-01", "LJ", 3, 10)
		plain := parcel("ord_0", line("1", "LJ", 3))
		_, err := r.Hold(order(t.Context()), plain)
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "3", "left": "2"}, metadataOf(err), "only who allows it waits")

		in := waiting("ord_1", line("1", "LJ", 6))
		got, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		drawn := map[string][3]int64{}
		for _, res := range got.Reservations {
			drawn[res.Location+" "+res.Presale] = [3]int64{res.Quantity, res.ArrivesUs, res.Open}
		}
		require.Equal(t, map[string][3]int64{"S-02 ": {2, 0, 2}, "W-01 " + sooner.Id: {3, sooner.ArrivesUs, 3}, "S-01 " + later.Id: {1, later.ArrivesUs, 1}}, drawn,
			"on hand first, then the earliest arrival")
		require.Empty(t, got.Short)
		require.Zero(t, r.rows(t, "W-01", "LJ").Reserved, "what is not there is not reserved")
		require.Equal(t, int64(3), r.presale(t, sooner.Id).Used)
		require.Equal(t, int64(3), r.presale(t, sooner.Id).Waiting)
		repeat, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		require.Len(t, repeat.Reservations, 3)
		require.Equal(t, int64(3), r.presale(t, sooner.Id).Used, "held once")
		for _, res := range r.of(t, "ord_1") {
			require.Equal(t, res.Presale != "", res.ArrivesUs > 0, "lists say it too")
		}

		_, err = r.Hold(order(t.Context()), waiting("ord_2", line("1", "LJ", 5)))
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "5", "left": "4"}, metadataOf(err), "never more than the quota")
		some := waiting("ord_3", line("1", "LJ", 5))
		some.Partial = true
		rest, err := r.Hold(order(t.Context()), some)
		require.NoError(t, err)
		require.Equal(t, int64(1), rest.Short[0].Short)
		require.Equal(t, int64(5), r.presale(t, later.Id).Used)
		why, err := r.GetAllocation(hq(t.Context()), &inventoryv1.GetAllocationRequest{Document: "ord_3"})
		require.NoError(t, err)
		require.Contains(t, why.Text, "4 x LJ that will arrive there")
		r.audit(t)
	})
}

func TestWhatIsNotPaidOrIsCancelledComesBackToThePresale(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.promise(t, "S-01", "LJ", 5, 10)
		unpaid := waiting("ord_1", line("1", "LJ", 2))
		unpaid.ExpiresAtUs = r.now(t) + time.Minute.Microseconds()
		_, err := r.Hold(order(t.Context()), unpaid)
		require.NoError(t, err)
		_, err = r.Hold(order(t.Context()), waiting("ord_2", line("1", "LJ", 3)))
		require.NoError(t, err)
		r.clock.Advance(2 * time.Minute)
		require.Equal(t, 1, r.expire(t))
		require.Equal(t, int64(3), r.presale(t, p.Id).Used)
		r.audit(t)
		undone, err := r.ReleaseHold(order(t.Context()), &inventoryv1.ReleaseHoldRequest{RequestId: requestID(), Document: "ord_2"})
		require.NoError(t, err)
		require.Equal(t, int64(3), undone.Released)
		require.Zero(t, r.presale(t, p.Id).Used)
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)

		// Its money came after all: it is held, and the gap is listed until the goods are there.
		for range 2 {
			r.confirmed(t, "ord_1")
		}
		require.Equal(t, int64(2), r.rows(t, "S-01", "LJ").Reserved)
		r.audit(t)
		r.stock(t, "S-01", "LJ", 2)
		require.Len(t, r.of(t, "ord_1"), 2)
		r.audit(t)
	})
}

func TestWhatArrivesGoesToThosePaidFirstThenTheOldest(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.promise(t, "S-01", "LJ", 9, 10)
		for i, n := range []int64{2, 3, 4} {
			_, err := r.Hold(order(t.Context()), waiting(fmt.Sprintf("ord_%d", i+1), line("1", "LJ", n)))
			require.NoError(t, err)
			r.clock.Advance(time.Second)
		}
		r.confirmed(t, "ord_2")
		r.confirmed(t, "ord_3")
		first := r.of(t, "ord_2")[0]

		r.stock(t, "S-01", "LJ", 4)
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{4, 4, 0}, []int64{row.OnHand, row.Reserved, row.Online}, "it is theirs at once: nothing is left for others")
		here := func(document string) (n int64) {
			for _, res := range r.of(t, document) {
				if res.Replaces != "" {
					require.Equal(t, p.Id, res.Presale)
					require.Equal(t, inventoryv1.ReservationState_CONFIRMED, res.State, "in the same state")
					n += res.Open
				}
			}
			return n
		}
		require.Equal(t, []int64{0, 3, 1}, []int64{here("ord_1"), here("ord_2"), here("ord_3")}, "the unpaid one waits, though it was first")
		require.Equal(t, int64(5), r.presale(t, p.Id).Waiting)
		require.Equal(t, int64(9), r.presale(t, p.Id).Used, "what arrived is used up")
		r.audit(t)

		// The order knows the first reservation only; its goods leave under that name, once.
		ship := &inventoryv1.ShipCall{Document: "ord_2", Fulfilment: "ful_2", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{{ReservationId: first.Id, Quantity: 3}}}
		for range 2 {
			_, err := r.branch.Ship(called(t.Context()), ship)
			require.NoError(t, err)
		}
		row = r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{1, 1}, []int64{row.OnHand, row.Reserved})
		r.audit(t)

		// What comes in otherwise is served by the worker.
		_, err := r.AdjustStock(hq(t.Context(), "operator"), corrected("LJ", 9))
		require.NoError(t, err)
		require.Equal(t, int64(5), r.arrive(t))
		require.Zero(t, r.arrive(t))
		row = r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{10, 6, 4}, []int64{row.OnHand, row.Reserved, row.Online})
		require.Zero(t, r.presale(t, p.Id).Waiting)

		// A part came, the rest came: the order ships all of it under the one name that it knows.
		var known string
		for _, res := range r.of(t, "ord_3") {
			if res.Replaces == "" {
				known = res.Id
			}
		}
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_3", Fulfilment: "ful_3", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{{ReservationId: known, Quantity: 4}}})
		require.NoError(t, err)
		require.Equal(t, []int64{6, 2}, []int64{r.rows(t, "S-01", "LJ").OnHand, r.rows(t, "S-01", "LJ").Reserved})
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		require.Zero(t, r.rows(t, "S-01", "LJ").Reserved)
		require.Equal(t, int64(9), r.presale(t, p.Id).Used, "what has arrived goes to the pool, not back to the promise")
		r.audit(t)
	})
}

func TestGoodsThatLeaveBeforeTheyArriveAreBooked(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.promise(t, "S-01", "LJ", 5, 10)
		got, err := r.Hold(order(t.Context()), waiting("ord_1", line("1", "LJ", 2)))
		require.NoError(t, err)
		r.confirmed(t, "ord_1")
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{{ReservationId: got.Reservations[0].Id, Quantity: 2}}})
		require.NoError(t, err)
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{-2, 0}, []int64{row.OnHand, row.Reserved})
		require.Equal(t, int64(2), r.presale(t, p.Id).Used)
		require.Zero(t, r.presale(t, p.Id).Waiting)
		r.audit(t) // the gap is listed
		r.stock(t, "S-01", "LJ", 2)
		r.audit(t)
	})
}

func TestAPresaleIsChangedClosedAndListed(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.promise(t, "F-01", "LJ", 5, 1)
		_, err := r.Hold(order(t.Context()), waiting("ord_1", line("1", "LJ", 3)))
		require.NoError(t, err)
		change := func(ctx context.Context, quota, arrives int64) (*inventoryv1.Presale, error) {
			return r.ChangePresale(ctx, &inventoryv1.ChangePresaleRequest{RequestId: requestID(), Id: p.Id, Quota: quota, ArrivesUs: arrives})
		}
		_, err = change(hq(t.Context(), "operator"), 2, p.ArrivesUs)
		require.Equal(t, "PRESALE_BELOW_USED", reasonOf(err))
		require.Equal(t, "3", metadataOf(err)["used"])
		_, err = change(hq(t.Context(), "operator"), 5, r.now(t))
		require.Equal(t, "VALIDATOR", reasonOf(err))
		_, err = change(hq(t.Context(), "finance"), 5, p.ArrivesUs)
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		_, err = change(franchisee(t.Context(), "FR2", "manager"), 5, p.ArrivesUs)
		require.Equal(t, "PRESALE_UNKNOWN", reasonOf(err), "another's presale is not there")
		changed, err := change(franchisee(t.Context(), "FR1", "manager"), 3, p.ArrivesUs+1)
		require.NoError(t, err, "its own manager may")
		require.Equal(t, []int64{3, 3, p.ArrivesUs + 1}, []int64{changed.Quota, changed.Used, changed.ArrivesUs})

		list := func(ctx context.Context, f inventoryv1.PresaleFilter) int {
			got, err := r.ListPresales(ctx, &inventoryv1.ListPresalesRequest{Filter: f, Sku: "LJ", Location: "F-01"})
			require.NoError(t, err)
			return len(got.Presales)
		}
		require.Equal(t, 1, list(franchisee(t.Context(), "FR1"), inventoryv1.PresaleFilter_PRESALE_OPEN))
		require.Zero(t, list(franchisee(t.Context(), "FR2"), inventoryv1.PresaleFilter_PRESALE_FILTER_UNSPECIFIED))
		_, err = r.ListPresales(member(t.Context()), &inventoryv1.ListPresalesRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		require.Zero(t, list(hq(t.Context()), inventoryv1.PresaleFilter_PRESALE_LATE))
		r.clock.Advance(25 * time.Hour)
		require.Equal(t, 1, list(hq(t.Context()), inventoryv1.PresaleFilter_PRESALE_LATE), "its date is past, and somebody waits")
		require.True(t, r.presale(t, p.Id).Late)
		_, err = change(hq(t.Context(), "operator"), 4, p.ArrivesUs+1)
		require.NoError(t, err, "the date stays as it is")

		for range 2 {
			closed, err := r.ClosePresale(hq(t.Context(), "operator"), &inventoryv1.ClosePresaleRequest{RequestId: requestID(), Id: p.Id})
			require.NoError(t, err)
			require.False(t, closed.Open)
		}
		require.Equal(t, 1, list(hq(t.Context()), inventoryv1.PresaleFilter_PRESALE_CLOSED_WAITING))
		_, err = change(hq(t.Context(), "operator"), 9, p.ArrivesUs+1)
		require.Equal(t, "PRESALE_CLOSED", reasonOf(err))
		_, err = r.Hold(order(t.Context()), waiting("ord_2", line("1", "LJ", 1)))
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "1", "left": "0"}, metadataOf(err), "no more is sold of it")
		r.stock(t, "F-01", "LJ", 3)
		require.Equal(t, int64(3), r.rows(t, "F-01", "LJ").Reserved, "who waits is served all the same")
		require.Zero(t, list(hq(t.Context()), inventoryv1.PresaleFilter_PRESALE_CLOSED_WAITING))
		r.audit(t)

		for reason, in := range map[string]*inventoryv1.OpenPresaleRequest{
			"SKU_UNKNOWN":      {RequestId: requestID(), Sku: "NO-LJ", Location: "S-01", Quota: 1, ArrivesUs: r.now(t) + 9},
			"LOCATION_UNKNOWN": {RequestId: requestID(), Sku: "LJ", Location: "S-99", Quota: 1, ArrivesUs: r.now(t) + 9},
			"VALIDATOR":        {RequestId: requestID(), Sku: "LJ", Location: "S-01", Quota: 1, ArrivesUs: r.now(t)},
		} {
			_, err := r.OpenPresale(hq(t.Context(), "operator"), in)
			require.Equal(t, reason, reasonOf(err))
		}
		_, err = r.OpenPresale(franchisee(t.Context(), "FR1", "manager"), &inventoryv1.OpenPresaleRequest{RequestId: requestID(), Sku: "LJ", Location: "F-01", Owner: "HQ", Quota: 1, ArrivesUs: r.now(t) + 9})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
		r.box(t)
		_, err = r.OpenPresale(hq(t.Context(), "operator"), &inventoryv1.OpenPresaleRequest{RequestId: requestID(), Sku: "BOX", Location: "S-01", Quota: 1, ArrivesUs: r.now(t) + 9})
		require.Equal(t, "KIT_HAS_STOCK", reasonOf(err))
	})
}

// A presale at another place never serves a pickup: the buyer comes to the store that he chose.
func TestAPickupWaitsAtTheChosenStoreOnly(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.promise(t, "S-02", "LJ", 5, 1)
		in := waiting("ord_1", line("1", "LJ", 1))
		in.Way, in.Location = inventoryv1.DeliveryWay_PICKUP, "S-01"
		_, err := r.Hold(order(t.Context()), in)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		here := r.promise(t, "S-01", "LJ", 5, 9)
		in.RequestId = requestID()
		got, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		require.Equal(t, here.Id, got.Reservations[0].Presale)
		r.audit(t)
	})
}

// Each invariant of presales turns red by a row that breaks it.
func TestTheAuditSeesABrokenPresale(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.promise(t, "S-01", "LJ", 5, 1)
		_, err := r.Hold(order(t.Context()), waiting("ord_1", line("1", "LJ", 2)))
		require.NoError(t, err)
		r.audit(t)
		for _, c := range []struct{ breaks, mends string }{
			{"UPDATE presales SET used = 1", "UPDATE presales SET used = 2"},
			{"UPDATE presales SET quota = 1", "UPDATE presales SET quota = 5"},
			{"UPDATE reservations SET presale = 'psl_x'", "UPDATE reservations SET presale = '" + p.Id + "'"},
			{"UPDATE stock SET reserved = 2", "UPDATE stock SET reserved = 0"},
		} {
			require.NotEmpty(t, r.broken(t, c.breaks)["I3"], c.breaks)
			r.broken(t, c.mends)
			r.audit(t)
		}
	})
}

// broken runs a statement past all rules and says what the audit sees then.
func (r *rig) broken(t testing.TB, statement string) map[string]int64 {
	t.Helper()
	require.NoError(t, r.db.InTx(t.Context(), func(ctx context.Context) error {
		res, err := r.db.Conn(ctx).ExecContext(ctx, statement)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		require.Positive(t, n, statement)
		return err
	}))
	got, err := r.CheckInvariants(hq(t.Context(), "admin"), &commonv1.CheckInvariantsRequest{})
	require.NoError(t, err)
	seen := map[string]int64{}
	for _, result := range got.Results {
		if result.Violations > 0 {
			seen[result.Id] += result.Violations
		}
	}
	return seen
}

// Buyers on two replicas want the last pieces of a promise while some of them arrive: each piece is sold once.
func TestAPromiseIsSoldOnceOnTwoReplicas(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		other := newRig(r.db)
		for round := range 3 {
			sku := fmt.Sprintf("LJ-%d", round)
			p := r.promise(t, "S-01", sku, 10, 9)
			var wg sync.WaitGroup
			errs := make(chan error, 64)
			for i := range 32 {
				by := []*rig{r, other}[i%2]
				wg.Go(func() {
					document := fmt.Sprintf("ord_%d_%d", round, i)
					_, err := by.Hold(order(t.Context()), waiting(document, line("1", sku, 1)))
					if err == nil && i%3 == 0 {
						_, err = by.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
					}
					errs <- err
				})
			}
			for i := range 5 {
				by := []*rig{r, other}[i%2]
				wg.Go(func() {
					_, err := by.ReceiveStock(hq(t.Context(), "operator"), received(&inventoryv1.StockLine{Location: "S-01", Sku: sku, Quantity: 1}))
					errs <- err
				})
				wg.Go(func() { by.arrive(t) })
			}
			wg.Wait()
			close(errs)
			sold := int64(-5) // the deliveries
			for err := range errs {
				if err == nil {
					sold++
					continue
				}
				require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "%v", err)
			}
			r.arrive(t)
			row, now := r.rows(t, "S-01", sku), r.presale(t, p.Id)
			require.Equal(t, []int64{5, 5}, []int64{row.OnHand, row.Reserved}, "what arrived is somebody's")
			require.Equal(t, sold, row.Reserved+now.Waiting, "each piece once")
			require.Equal(t, int64(10), now.Used+sold-row.Reserved-now.Waiting)
			require.LessOrEqual(t, sold, int64(15))
		}
		r.audit(t)
	})
}

// A till sale that was made offline moves what is held; what waits for a presale holds nothing that could move, and the
// parts of a kit stay together.
func TestATillSaleMovesNeitherPromisesNorPartsOfKits(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		p := r.promise(t, "S-01", "CUP", 5, 9)
		r.stock(t, "S-01", "POT", 1)
		r.stock(t, "S-01", "CUP", 4)
		kit, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "BOX", 1)))
		require.NoError(t, err)
		require.Equal(t, "S-01", kit.Reservations[0].Location)
		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "CUP", 1)))
		require.NoError(t, err)
		_, err = r.Hold(order(t.Context()), waiting("ord_3", line("1", "CUP", 2)))
		require.NoError(t, err)
		r.stock(t, "S-02", "CUP", 9)
		_, err = r.till.BookTillSale(order(t.Context()), tillSale("till_1", "S-01", soldAt("1", "CUP", 3)))
		require.NoError(t, err)
		for _, res := range r.of(t, "ord_1") {
			require.Equal(t, "S-01", res.Location, "a part of a kit stays with the others")
		}
		require.Equal(t, int64(2), r.presale(t, p.Id).Waiting)
		require.Equal(t, int64(1), r.rows(t, "S-02", "CUP").Reserved, "the plain cup has moved")
		r.audit(t) // the gap of the kit is listed
	})
}

package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// answered makes a strategy active by which locations have to answer within ten minutes, and orders are given to another one
// twice.
func (r *rig) answered(t testing.TB, lastResort string) {
	t.Helper()
	r.activate(t, strategyKind, "answered", fmt.Sprintf(`{"for": [{}], "decline": {"rounds": 2, "answer_within_s": 600, "last_resort": %q},
		"stages": [{"name": "only", "preferences": [{"rule": "fewest_parcels"}, {"rule": "nearest"}], "split": {"parcels": 5}}]}`, lastResort))
}

func declining(document, location string, lines ...*inventoryv1.MissingLine) *inventoryv1.DeclineAssignmentRequest {
	return &inventoryv1.DeclineAssignmentRequest{RequestId: requestID(), Document: document, Location: location, Lines: lines,
		Reason: inventoryv1.DeclineReason_SHELF_EMPTY}
}

func missing(line string, qty int64) *inventoryv1.MissingLine {
	return &inventoryv1.MissingLine{LineId: line, Quantity: qty}
}

// paid holds and confirms.
func (r *rig) paid(t testing.TB, in *inventoryv1.HoldRequest) []*inventoryv1.Reservation {
	t.Helper()
	got, err := r.Hold(order(t.Context()), in)
	require.NoError(t, err)
	r.confirm(t, in.Document)
	return got.Reservations
}

func (r *rig) confirm(t testing.TB, document string) {
	t.Helper()
	_, err := r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: document})
	require.NoError(t, err)
}

// open is what a document holds, as location/line: pieces.
func (r *rig) open(t testing.TB, document string) map[string]int64 {
	t.Helper()
	list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
	require.NoError(t, err)
	open := map[string]int64{}
	for _, res := range list.Reservations {
		if res.Open > 0 {
			open[res.Location+"/"+res.LineId] += res.Open
		}
	}
	return open
}

// reservation is the id of what a document holds at a location, where it is one.
func (r *rig) reservation(t testing.TB, document, location string) string {
	t.Helper()
	list, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{document}})
	require.NoError(t, err)
	var there []string
	for _, res := range list.Reservations {
		if res.Open > 0 && res.Location == location {
			there = append(there, res.Id)
		}
	}
	require.Len(t, there, 1)
	return there[0]
}

// work lists what waits, as document: state.
func (r *rig) work(t testing.TB) map[string]inventoryv1.WorkState {
	t.Helper()
	all := map[string]inventoryv1.WorkState{}
	waiting, err := r.ListWaiting(hq(t.Context(), "operator"), &inventoryv1.ListWaitingRequest{})
	require.NoError(t, err)
	open, err := r.ListOpenWork(hq(t.Context(), "operator"), &inventoryv1.ListOpenWorkRequest{})
	require.NoError(t, err)
	for _, w := range append(waiting.Work, open.Work...) {
		all[w.Document] = w.State
	}
	return all
}

func (r *rig) texts(t testing.TB, document string) []string {
	t.Helper()
	rows, err := r.db.Conn(t.Context()).QueryContext(t.Context(), "SELECT text FROM allocations WHERE document = ? ORDER BY decided_at_us, id", document)
	require.NoError(t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		all = append(all, text)
	}
	require.NoError(t, rows.Err())
	return all
}

func (r *rig) tally(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

// tick lets a microsecond and more pass, so that what follows is later.
func (r *rig) tick() { r.clock.Advance(time.Millisecond) }

func TestADeclinedOrderGoesToTheNextNearestAndTheExplanationSaysSo(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"F-01", "S-01", "S-02", "W-01"} {
			r.stock(t, at, "LJ", 5)
		}
		first := r.paid(t, parcel("ord_1", line("1", "LJ", 3)))
		require.Equal(t, "F-01", first[0].Location)
		r.tick()
		in := declining("ord_1", "F-01")
		in.Text = "sold in the shop"
		got, err := r.DeclineAssignment(franchisee(t.Context(), "FR1", "clerk"), in)
		require.NoError(t, err)
		require.Len(t, got.Reallocations, 1)
		require.Equal(t, inventoryv1.WorkState_SETTLED, got.Reallocations[0].State)
		require.Equal(t, "S-01", got.Reallocations[0].Reservations[0].Location)
		require.Equal(t, inventoryv1.ReservationState_CONFIRMED, got.Reallocations[0].Reservations[0].State, "it is paid")
		require.Equal(t, first[0].Id, got.Reallocations[0].Reservations[0].Replaces)
		require.Zero(t, got.Reallocations[0].Reservations[0].SettlementPriceMinor, "headquarters ships its own")
		again, err := r.DeclineAssignment(franchisee(t.Context(), "FR1", "clerk"), in)
		require.NoError(t, err)
		require.True(t, proto.Equal(got, again), "sent twice, it is one decline")
		require.Equal(t, map[string]int64{"S-01/1": 3}, r.open(t, "ord_1"))
		require.Zero(t, r.rows(t, "F-01", "LJ").Reserved)
		require.Equal(t, int64(5), r.rows(t, "F-01", "LJ").OnHand, "no effect was asked for")

		r.tick()
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01"))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 3}, r.open(t, "ord_1"), "neither of the decliners")
		texts := r.texts(t, "ord_1")
		require.Len(t, texts, 3, "one a round")
		require.Contains(t, texts[1], "round 2")
		require.Contains(t, texts[2], "round 3")
		require.Contains(t, texts[2], "declined this document in round 2 (SHELF_EMPTY: sold in the shop)")
		for _, text := range texts[1:] {
			require.Equal(t, 1, strings.Count(text, "  F-01 "), "a decliner is named once: %s", text)
		}
		last, err := r.GetAllocation(hq(t.Context(), "operator"), &inventoryv1.GetAllocationRequest{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, texts[2], last.Text)

		list, err := r.ListAssignments(hq(t.Context(), "operator"), &inventoryv1.ListAssignmentsRequest{Document: "ord_1"})
		require.NoError(t, err)
		require.Len(t, list.Assignments, 2)
		mine, err := r.ListAssignments(franchisee(t.Context(), "FR1", "clerk"), &inventoryv1.ListAssignmentsRequest{Document: "ord_1"})
		require.NoError(t, err)
		require.Len(t, mine.Assignments, 1, "its own answer only")
		require.Equal(t, "F-01", mine.Assignments[0].Location)
		require.Equal(t, map[string]int{"ord_1": 2}, r.deliver(t), "the order center is told of each")
		r.audit(t)
	})
}

func TestOnlyTheMissingPiecesMove(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-01", "TG", 5)
		r.stock(t, "S-02", "LJ", 5)
		r.paid(t, parcel("ord_1", line("1", "LJ", 3), line("2", "TG", 2)))
		require.Equal(t, map[string]int64{"S-01/1": 3, "S-01/2": 2}, r.open(t, "ord_1"))
		in := declining("ord_1", "S-01", missing("1", 2))
		in.Effect = inventoryv1.StockEffect_MINUS_QUANTITY
		got, err := r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		require.Equal(t, int64(2), got.Lost)
		require.Equal(t, map[string]int64{"S-01/1": 1, "S-01/2": 2, "S-02/1": 2}, r.open(t, "ord_1"), "the rest stays where it is")
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").OnHand)
		moves, err := r.ListMovements(hq(t.Context(), "operator"), &inventoryv1.ListMovementsRequest{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, "SHORT_PICK", moves.Movements[0].Reason)
		require.Equal(t, int64(-2), moves.Movements[0].Quantity)

		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01", missing("1", 2)))
		require.Equal(t, "VALIDATOR", reasonOf(err), "more than is open there")
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01", missing("9", 1)))
		require.Equal(t, "VALIDATOR", reasonOf(err))
		r.audit(t)
	})
}

func TestOnePartOfALineMovesWhereALocationHoldsTwo(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 2)
		r.stock(t, "S-02", "LJ", 1)
		r.paid(t, parcel("ord_1", line("1", "LJ", 3)))
		require.Equal(t, map[string]int64{"S-01/1": 2, "S-02/1": 1}, r.open(t, "ord_1"))
		first := r.reservation(t, "ord_1", "S-01")
		r.stock(t, "S-01", "LJ", 1)
		_, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-02"))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-01/1": 3}, r.open(t, "ord_1"), "in two parts")

		r.stock(t, "F-01", "LJ", 9)
		older := func(lines ...*inventoryv1.MissingLine) *inventoryv1.DeclineAssignmentRequest {
			in := declining("ord_1", "S-01", lines...)
			in.ReservationIds = []string{first}
			return in
		}
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), older(missing("1", 3)))
		require.Equal(t, "VALIDATOR", reasonOf(err), "the third piece is of the other part")
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), older(missing("1", 2)))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-01/1": 1, "F-01/1": 2}, r.open(t, "ord_1"))
		require.NotEqual(t, first, r.reservation(t, "ord_1", "S-01"), "the newer part stays")
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), older())
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		r.audit(t)
	})
}

func TestALossNeverTakesWhatOthersHold(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		r.paid(t, parcel("ord_2", line("1", "LJ", 2)))
		in := declining("ord_1", "S-01")
		in.Effect = inventoryv1.StockEffect_TO_ZERO
		got, err := r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		require.Equal(t, int64(3), got.Lost)
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{2, 2}, []int64{row.OnHand, row.Reserved}, "what ord_2 holds stays in the books")
		require.Equal(t, 1, r.tally(t, "SELECT COUNT(*) FROM discrepancies WHERE kind = 'SHORT_PICK' AND open = 2 AND org = 'HQ'"), "and is listed")
		require.Equal(t, inventoryv1.WorkState_WAITS_FOR_STOCK, r.work(t)["ord_1"], "a paid one waits")
		require.Empty(t, r.open(t, "ord_1"))
		r.audit(t)
	})
}

func TestOthersThatHoldTheSameThereAreDeclinedToo(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 60)
		r.stock(t, "S-02", "LJ", 30)
		for i := range 24 {
			r.paid(t, parcel(fmt.Sprintf("ord_%02d", i), line("1", "LJ", 1)))
			r.tick()
		}
		unpaid, err := r.Hold(order(t.Context()), func() *inventoryv1.HoldRequest {
			in := parcel("ord_a", line("1", "LJ", 1))
			now, _ := r.clock.NowUS(t.Context())
			in.ExpiresAtUs = now + time.Hour.Microseconds()
			return in
		}())
		require.NoError(t, err)
		require.Equal(t, "S-01", unpaid.Reservations[0].Location)
		in := declining("ord_00", "S-01")
		in.Effect, in.OthersToo = inventoryv1.StockEffect_TO_ZERO, true
		got, err := r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		require.Len(t, got.Reallocations, 21, "twenty others at most")
		require.True(t, got.More)
		for _, a := range got.Reallocations {
			require.Equal(t, map[string]int64{"S-02/1": 1}, r.open(t, a.Document))
		}
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{4, 4}, []int64{row.OnHand, row.Reserved}, "three paid ones beyond the bound, and the unpaid one")
		in = declining("ord_23", "S-01")
		in.Effect, in.OthersToo = inventoryv1.StockEffect_TO_ZERO, true
		got, err = r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		require.Len(t, got.Reallocations, 3)
		require.True(t, got.More, "who has not paid keeps his")
		require.Equal(t, map[string]int64{"S-01/1": 1}, r.open(t, "ord_a"))
		r.audit(t)
	})
}

func TestAnOutagePromisesNothingOnlineUntilItIsOver(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-02", "LJ", 9)
		r.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		in := declining("ord_1", "S-01")
		in.Effect, in.OutageUntilUs = inventoryv1.StockEffect_OUTAGE, now+time.Hour.Microseconds()
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.NoError(t, err)
		row := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{5, 0, 0, 5}, []int64{row.OnHand, row.Reserved, row.Online, row.AtTheTill}, "a customer in the shop takes what he sees")
		total, err := r.GetAvailability(hq(t.Context(), "operator"), &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}})
		require.NoError(t, err)
		require.Equal(t, int64(7), total.Items[0].Online)
		require.Equal(t, "S-02", r.paid(t, parcel("ord_2", line("1", "LJ", 1)))[0].Location, "the next one is not sent there either")
		r.clock.Advance(time.Hour)
		require.Equal(t, int64(5), r.rows(t, "S-01", "LJ").Online)
		require.Equal(t, "S-01", r.paid(t, parcel("ord_3", line("1", "LJ", 1)))[0].Location)

		for _, until := range []int64{0, now, now + 200*24*time.Hour.Microseconds()} {
			in := declining("ord_3", "S-01")
			in.Effect, in.OutageUntilUs = inventoryv1.StockEffect_OUTAGE, until
			_, err = r.DeclineAssignment(hq(t.Context(), "operator"), in)
			require.Equal(t, "VALIDATOR", reasonOf(err))
		}
		r.audit(t)
	})
}

func TestAfterTheLastRoundComesTheLastResort(t *testing.T) {
	for resort, want := range map[string]string{"": "", "W-01": "W-01"} {
		t.Run("last resort "+resort, func(t *testing.T) {
			contract(t, func(t *testing.T, r *rig) {
				r.city(t)
				r.answered(t, resort)
				r.put(t, location("S-03", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2500, 121.4900))
				for _, at := range []string{"F-01", "S-01", "S-02", "S-03", "W-01"} {
					r.stock(t, at, "LJ", 5)
				}
				r.paid(t, parcel("ord_1", line("1", "LJ", 1)))
				for _, at := range []string{"F-01", "S-01", "S-02"} {
					require.Equal(t, map[string]int64{at + "/1": 1}, r.open(t, "ord_1"))
					_, err := r.DeclineAssignment(order(t.Context()), declining("ord_1", at))
					require.NoError(t, err)
				}
				if want != "" {
					require.Equal(t, map[string]int64{want + "/1": 1}, r.open(t, "ord_1"), "given to another twice, then to the default warehouse, though S-03 is nearer")
					_, err := r.DeclineAssignment(order(t.Context()), declining("ord_1", want))
					require.NoError(t, err)
				}
				require.Empty(t, r.open(t, "ord_1"))
				require.Equal(t, map[string]inventoryv1.WorkState{"ord_1": inventoryv1.WorkState_TO_PERSON}, r.work(t))

				_, err := r.ResolveOpenWork(franchisee(t.Context(), "FR1", "manager"), &inventoryv1.ResolveOpenWorkRequest{RequestId: requestID(), Document: "ord_1", Location: "F-01"})
				require.Equal(t, "FORBIDDEN", reasonOf(err))
				got, err := r.ResolveOpenWork(hq(t.Context(), "operator"), &inventoryv1.ResolveOpenWorkRequest{RequestId: requestID(), Document: "ord_1", Location: "S-01"})
				require.NoError(t, err)
				require.Equal(t, "S-01", got.Reallocation.Reservations[0].Location, "a person may name a location that had declined")
				require.Empty(t, r.work(t))
				_, err = r.ResolveOpenWork(hq(t.Context(), "operator"), &inventoryv1.ResolveOpenWorkRequest{RequestId: requestID(), Document: "ord_1", Location: "S-02"})
				require.Equal(t, "STATE_CONFLICT", reasonOf(err))
				r.audit(t)
			})
		})
	}
}

func TestAPickupIsNeverMovedSilently(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"S-01", "S-02"} {
			r.stock(t, at, "LJ", 5)
			r.stock(t, at, "TG", 5)
		}
		pickup := parcel("ord_1", line("1", "LJ", 1), line("2", "TG", 1))
		pickup.Way, pickup.Location = inventoryv1.DeliveryWay_PICKUP, "S-01"
		r.paid(t, pickup)
		_, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01", missing("1", 1)))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-01/2": 1}, r.open(t, "ord_1"), "what is there is kept, what is not is held nowhere")
		list, err := r.ListOpenWork(hq(t.Context(), "operator"), &inventoryv1.ListOpenWorkRequest{State: inventoryv1.WorkState_CHOICE_NEEDED})
		require.NoError(t, err)
		require.Len(t, list.Work, 1)
		require.Equal(t, "S-01", list.Work[0].Location)
		require.Len(t, list.Work[0].Open, 1)
		require.Equal(t, "LJ", list.Work[0].Open[0].Sku)

		_, err = r.ResolveOpenWork(order(t.Context()), &inventoryv1.ResolveOpenWorkRequest{RequestId: requestID(), Document: "ord_1"})
		require.Equal(t, "VALIDATOR", reasonOf(err), "no rule chooses a store for the buyer")
		got, err := r.ResolveOpenWork(order(t.Context()), &inventoryv1.ResolveOpenWorkRequest{RequestId: requestID(), Document: "ord_1", Location: "S-02"})
		require.NoError(t, err)
		require.Equal(t, inventoryv1.WorkState_SETTLED, got.Reallocation.State)
		require.Equal(t, map[string]int64{"S-01/2": 1, "S-02/1": 1}, r.open(t, "ord_1"))
		r.audit(t)
	})
}

func TestAnUnpaidOrderIsCoveredElsewhereOrKeepsWhatItHolds(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-02", "LJ", 2)
		now, err := r.clock.NowUS(t.Context())
		require.NoError(t, err)
		for i, qty := range []int64{3, 2} {
			in := parcel(fmt.Sprintf("ord_%d", i+1), line("1", "LJ", qty))
			in.ExpiresAtUs = now + time.Hour.Microseconds()
			_, err := r.Hold(order(t.Context()), in)
			require.NoError(t, err)
		}
		in := declining("ord_1", "S-01")
		_, err = r.DeclineAssignment(hq(t.Context(), "operator"), in)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, map[string]string{"sku": "LJ", "wanted": "3", "left": "2"}, metadataOf(err))
		require.Equal(t, map[string]int64{"S-01/1": 3}, r.open(t, "ord_1"), "nothing has changed")
		got, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_2", "S-01"))
		require.NoError(t, err)
		require.Equal(t, inventoryv1.ReservationState_HELD, got.Reallocations[0].Reservations[0].State)
		require.Equal(t, now+time.Hour.Microseconds(), got.Reallocations[0].Reservations[0].ExpiresAtUs, "its deadline stays")
		r.clock.Advance(time.Hour)
		require.Equal(t, 2, r.expire(t))
		r.audit(t)
	})
}

func TestWhoMayAnswerForALocation(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 5)
		r.paid(t, parcel("ord_1", line("1", "LJ", 1)))
		for name, ctx := range map[string]context.Context{"another organisation": franchisee(t.Context(), "FR2", "manager"), "a member": member(t.Context())} {
			_, err := r.DeclineAssignment(ctx, declining("ord_1", "F-01"))
			require.Equal(t, "NOT_FOUND", reasonOf(err), name)
			_, missing := r.DeclineAssignment(ctx, declining("ord_9", "F-01"))
			require.Equal(t, metadataOf(missing), metadataOf(err), "like what is not there")
			_, err = r.AcceptAssignment(ctx, &inventoryv1.AcceptAssignmentRequest{RequestId: requestID(), Document: "ord_1", Location: "F-01"})
			require.Equal(t, "NOT_FOUND", reasonOf(err), name)
		}
		for _, ctx := range []context.Context{franchisee(t.Context(), "FR1", "guide"), hq(t.Context(), "finance")} {
			_, err := r.DeclineAssignment(ctx, declining("ord_1", "F-01"))
			require.Equal(t, "FORBIDDEN", reasonOf(err))
		}
		_, err := r.DeclineAssignment(franchisee(t.Context(), "FR1", "clerk"), declining("ord_1", "S-01"))
		require.Equal(t, "NOT_FOUND", reasonOf(err), "another's location")
		in := declining("ord_1", "F-01")
		in.Reason = inventoryv1.DeclineReason_OTHER_REASON
		_, err = r.DeclineAssignment(franchisee(t.Context(), "FR1", "clerk"), in)
		require.Equal(t, "VALIDATOR", reasonOf(err), "another reason needs words")
		require.Equal(t, map[string]int64{"F-01/1": 1}, r.open(t, "ord_1"))
		_, err = r.ListWaiting(member(t.Context()), &inventoryv1.ListWaitingRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))
	})
}

func TestWhatIsShippedAfterItWasDeclinedNeedsNoOther(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		r.stock(t, "S-02", "LJ", 5)
		held := r.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		_, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining("ord_1", "S-01"))
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S-02/1": 2}, r.open(t, "ord_1"))
		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: held[0].Id, Quantity: 2}}})
		require.NoError(t, err)
		require.Empty(t, r.open(t, "ord_1"), "the goods have left: nobody else ships")
		require.Equal(t, int64(3), r.rows(t, "S-01", "LJ").OnHand)
		require.Zero(t, r.rows(t, "S-02", "LJ").Reserved)
		r.audit(t)
	})
}

// Declines and shipments of the same orders at once: each piece leaves once, and the books agree.
func TestDeclinesAndShipmentsAtOnceLeaveTheBooksInOrder(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"F-01", "S-01", "S-02", "W-01"} {
			r.stock(t, at, "LJ", 40)
		}
		var wg sync.WaitGroup
		for i := range 10 {
			document := fmt.Sprintf("ord_%d", i)
			held := r.paid(t, parcel(document, line("1", "LJ", 2)))
			wg.Go(func() {
				_, err := r.DeclineAssignment(hq(t.Context(), "operator"), declining(document, held[0].Location))
				if err != nil {
					require.Equal(t, "STATE_CONFLICT", reasonOf(err))
				}
			})
			wg.Go(func() {
				_, err := r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: document, Fulfilment: "ful_" + document, Reason: "SHIP",
					Lines: []*inventoryv1.ShipLine{{ReservationId: held[0].Id, Quantity: 2}}})
				require.NoError(t, err)
			})
		}
		wg.Wait()
		for i := range 10 {
			require.Empty(t, r.open(t, fmt.Sprintf("ord_%d", i)))
		}
		total := int64(0)
		for _, at := range []string{"F-01", "S-01", "S-02", "W-01"} {
			row := r.rows(t, at, "LJ")
			require.Zero(t, row.Reserved)
			total += row.OnHand
		}
		require.Equal(t, int64(160-20), total)
		r.audit(t)
	})
}

// What a location gives back goes back to the lot that it was held in.
func TestADeclinedLotIsFreeAgain(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.answered(t, "")
		r.lot(t, "S-01", "LJ", "A", 3, r.today(t)+50)
		r.stock(t, "S-02", "LJ", 2)
		r.paid(t, parcel("ord_1", line("1", "LJ", 2)))
		require.Equal(t, map[string][3]int64{"A": {3, 2, 0}}, r.lots(t, "S-01", "LJ"))
		_, err := r.DeclineAssignment(order(t.Context()), declining("ord_1", "S-01"))
		require.NoError(t, err)
		require.Equal(t, map[string][3]int64{"A": {3, 0, 0}}, r.lots(t, "S-01", "LJ"))
		require.Equal(t, []string{"S-02 2 CONFIRMED"}, r.held(t, "ord_1"))
		r.audit(t)
	})
}

package service

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// at is the fulfilment of a location in a state, or nil.
func at(o *orderv1.OrderInfo, location string, state orderv1.FulfilmentState) *orderv1.Fulfilment {
	for _, f := range o.Fulfilments {
		if f.Location == location && f.State == state {
			return f
		}
	}
	return nil
}

func decline(f *orderv1.Fulfilment, lines ...*inventoryv1.MissingLine) *orderv1.DeclineFulfilmentRequest {
	return &orderv1.DeclineFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id, Reason: inventoryv1.DeclineReason_SHELF_EMPTY, Lines: lines}
}

// told is the coordinator's call that an order's allocation has changed.
func (s *shop) told(id string) {
	b := s.Branch()
	b.branchOf = func(context.Context) (saga.Branch, bool) { return saga.Branch{GID: "x", ID: "01", Op: "action"}, true }
	_, err := b.Reallocated(s.t.Context(), &orderv1.ReallocatedCall{Document: id})
	require.NoError(s.t, err)
}

func TestADeclinedFulfilmentEndsAndAnotherStoreShips(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.leaving()
		mine := at(o, "S2", orderv1.FulfilmentState_ASSIGNED)
		require.Equal(t, int64(2), mine.Lines[0].Quantity)
		s.world.stock["S1"]["cup"] = 2
		for p, reason := range map[*tenancy.Principal]string{&other: "NOT_FOUND", &ann: "FORBIDDEN", &bob: "NOT_FOUND"} {
			_, err := s.DeclineFulfilment(s.as(*p), decline(mine))
			requireReason(t, reason, err)
		}
		req := decline(mine)
		got, err := s.DeclineFulfilment(s.as(keeper), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_FULFILMENT_DECLINED, got.State)
		again, err := s.DeclineFulfilment(s.as(keeper), req)
		require.NoError(t, err)
		require.Equal(t, got.String(), again.String())
		o = s.get(o.Id)
		require.Len(t, o.Fulfilments, 3)
		require.False(t, o.Unallocated)
		moved := o.Fulfilments[2]
		require.Equal(t, []any{"S1", orderv1.FulfilmentState_ASSIGNED, int64(2)}, []any{moved.Location, moved.State, moved.Lines[0].Quantity})
		for range 2 {
			s.told(o.Id) // the message of inventory, twice
		}
		require.Len(t, s.get(o.Id).Fulfilments, 3, "following again changes nothing")
		_, err = s.DeclineFulfilment(s.as(keeper), decline(mine))
		require.NoError(t, err, "what is declined stays declined")
		_, err = s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: mine.Id})
		requireReason(t, "STATE_CONFLICT", err)

		live := s.get(o.Id)
		live.Fulfilments = []*orderv1.Fulfilment{live.Fulfilments[0], live.Fulfilments[2]}
		s.ship(live)
		require.Contains(t, s.world.answers, "accept "+o.Id+" S1 hq:boss")
		require.Empty(t, s.audit(), "nothing of another owner was shipped, nothing is supplied")
		s.receive(live)
		s.later(2 * time.Hour)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State, "what was declined keeps no order open")
		require.Empty(t, s.audit())
	})
}

func TestWhatComesBackToAStoreIsNotDeclinedByItsOldFulfilment(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.leaving()
		s.world.stock["S1"]["cup"], s.world.stock["S2"]["cup"] = 9, 9
		first := at(o, "S2", orderv1.FulfilmentState_ASSIGNED)
		_, err := s.DeclineFulfilment(s.as(keeper), decline(first))
		require.NoError(t, err)
		second := s.get(o.Id).Fulfilments[2]
		require.Equal(t, "S1", second.Location)
		_, err = s.DeclineFulfilment(s.as(boss), decline(second))
		require.NoError(t, err)
		require.NotNil(t, at(s.get(o.Id), "S1", orderv1.FulfilmentState_ASSIGNED), "what the store had of the line before stays")
		third := at(s.get(o.Id), "S2", orderv1.FulfilmentState_ASSIGNED)
		require.NotNil(t, third, "it is the first store's again")

		_, err = s.DeclineFulfilment(s.as(keeper), decline(first))
		require.NoError(t, err, "what is declined stays declined")
		require.Equal(t, third.Id, at(s.get(o.Id), "S2", orderv1.FulfilmentState_ASSIGNED).GetId(), "and nothing else is")
		s.leaving()
		require.Empty(t, s.audit())
	})
}

func TestAShortLineMovesAndTheRestStaysAccepted(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.leaving()
		mine := at(o, "S1", orderv1.FulfilmentState_ASSIGNED)
		_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: mine.Id})
		require.NoError(t, err)
		var cups *orderv1.FulfilmentLine
		for _, l := range mine.Lines {
			if l.Sku == "cup" {
				cups = l
			}
		}
		_, err = s.DeclineFulfilment(s.as(boss), decline(mine, &inventoryv1.MissingLine{LineId: cups.LineId, Quantity: 9}))
		requireReason(t, "VALIDATOR", err)
		_, err = s.DeclineFulfilment(s.as(boss), decline(mine, &inventoryv1.MissingLine{LineId: "lin_other", Quantity: 1}))
		requireReason(t, "VALIDATOR", err)
		_, err = s.DeclineFulfilment(s.as(boss), decline(mine, &inventoryv1.MissingLine{LineId: cups.LineId, Quantity: 1}))
		require.NoError(t, err)
		o = s.get(o.Id)
		kept := at(o, "S1", orderv1.FulfilmentState_ACCEPTED)
		require.NotNil(t, kept, "the store ships what it has, as it has said")
		pieces := map[string]int64{}
		for _, l := range kept.Lines {
			pieces[l.Sku] += l.Quantity
		}
		require.Equal(t, map[string]int64{"tea": 1, "cup": 3}, pieces)
		require.Len(t, o.Fulfilments, 4)
		s.leaving()
		require.Empty(t, s.audit())
	})
}

func TestWhatNobodyHasWaitsAndTheOrderSaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.leaving()
		s.world.stock["S1"]["cup"] = 0
		_, err := s.DeclineFulfilment(s.as(keeper), decline(at(o, "S2", orderv1.FulfilmentState_ASSIGNED)))
		require.NoError(t, err)
		o = s.get(o.Id)
		require.True(t, o.Unallocated)
		held := s.world.holdings
		s.later(10 * time.Second)
		s.later(time.Minute)
		require.Equal(t, held, s.world.holdings, "nothing is held a second time")
		require.True(t, s.get(o.Id).Unallocated)

		first := at(o, "S1", orderv1.FulfilmentState_ASSIGNED)
		s.ship(&orderv1.OrderInfo{Fulfilments: []*orderv1.Fulfilment{first}})
		s.receive(&orderv1.OrderInfo{Fulfilments: []*orderv1.Fulfilment{first}})
		s.later(2 * time.Hour)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State, "a part is still to come")
		require.Empty(t, s.audit())

		// Inventory finds stock, and its message is lost: the question finds it.
		s.world.mu.Lock()
		list := s.world.holds[o.Id]
		s.world.stock["S1"]["cup"] = 2
		delete(s.world.waiting, o.Id)
		s.world.moveTo(o.Id, list[len(list)-1], 2)
		s.world.mu.Unlock()
		s.later(time.Minute)
		o = s.get(o.Id)
		require.False(t, o.Unallocated)
		require.NotNil(t, at(o, "S1", orderv1.FulfilmentState_ASSIGNED))
		require.Empty(t, s.audit())
		_, err = s.CancelOrder(s.as(boss), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "late"})
		requireReason(t, "STATE_CONFLICT", err)
	})
}

func TestACancelledOrderLeavesItsDeclinedFulfilmentsAsTheyAre(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.leaving()
		_, err := s.DeclineFulfilment(s.as(keeper), decline(at(o, "S2", orderv1.FulfilmentState_ASSIGNED)))
		require.NoError(t, err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "late"})
		require.NoError(t, err)
		o = s.get(o.Id)
		require.Equal(t, orderv1.OrderState_CANCELLED, o.State)
		require.NotNil(t, at(o, "S2", orderv1.FulfilmentState_FULFILMENT_DECLINED))
		s.later(time.Minute)
		require.False(t, s.get(o.Id).Unallocated)
		s.told(o.Id)
		require.Empty(t, s.audit())
	})
}

// An order whose stock inventory holds back in a queue is asked about, many at once, and never asked for again.
func TestAChannelOrderWaitsInInventory(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.patient = true
		var ids []string
		for _, no := range []string{"T1", "T2", "T3"} {
			o, err := s.ImportChannelOrder(s.as(tmall), external(no, "pot", 100, 200000))
			require.NoError(t, err)
			require.True(t, s.get(o.Id).Unallocated)
			ids = append(ids, o.Id)
		}
		asks := s.world.asks
		s.later(10 * time.Second)
		require.Equal(t, asks, s.world.asks, "inventory will tell")
		s.later(30 * time.Second)
		require.Equal(t, asks+1, s.world.asks, "one question for all")
		require.Zero(t, s.world.holdings)

		hold := func(id string, line string) {
			s.world.mu.Lock()
			defer s.world.mu.Unlock()
			delete(s.world.waiting, id)
			s.world.holds[id] = []*inventoryv1.Reservation{{Id: "res_" + id, Document: id, LineId: line, Sku: "pot", Location: "S1", LocationName: "S1", LocationOrg: "hq",
				Owner: "hq", Quantity: 100, Open: 100, State: inventoryv1.ReservationState_HELD}}
		}
		hold(ids[1], s.get(ids[1]).Lines[0].LineId)
		s.told(ids[1])
		o := s.get(ids[1])
		require.False(t, o.Unallocated)
		require.Equal(t, orderv1.FulfilmentState_ASSIGNED, o.Fulfilments[0].State)
		require.Contains(t, s.leaving(), "inventory.ConfirmHold", "it is paid")
		require.True(t, s.get(ids[0]).Unallocated)
		s.told("ord_of_nobody")

		_, err := s.CancelOrder(s.as(tmall), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: ids[0], Reason: "buyer"})
		require.NoError(t, err)
		require.Contains(t, s.leaving(), "inventory.Release")
		s.later(30 * time.Second)
		require.False(t, s.get(ids[0]).Unallocated)
	})
}

// What inventory said before somebody else changed the order does not count.
func TestAnOldAnswerNeverOverwritesANewerOne(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.leaving()
		mine := at(o, "S2", orderv1.FulfilmentState_ASSIGNED)
		s.world.stock["S1"]["cup"] = 2
		once := true
		s.world.asked = func() {
			if !once {
				return
			}
			once = false
			s.world.mu.Unlock()
			defer s.world.mu.Lock()
			_, err := s.DeclineFulfilment(s.as(keeper), decline(mine))
			require.NoError(t, err)
		}
		s.told(o.Id) // asks first, and is overtaken before it writes
		o = s.get(o.Id)
		require.Len(t, o.Fulfilments, 3)
		require.NotNil(t, at(o, "S1", orderv1.FulfilmentState_ASSIGNED))
		s.world.asked = nil
		require.Empty(t, s.audit())
	})
}

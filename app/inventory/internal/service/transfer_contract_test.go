package service

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func transferring(from, to string, lines ...*inventoryv1.TransferWish) *inventoryv1.CreateTransferRequest {
	return &inventoryv1.CreateTransferRequest{RequestId: requestID(), FromLocation: from, ToLocation: to, Lines: lines}
}

func wish(sku string, qty int64) *inventoryv1.TransferWish {
	return &inventoryv1.TransferWish{Sku: sku, Quantity: qty}
}

func arrived(id string, lines ...*inventoryv1.TransferArrival) *inventoryv1.ReceiveTransferRequest {
	return &inventoryv1.ReceiveTransferRequest{RequestId: requestID(), Id: id, Lines: lines}
}

func (r *rig) planned(t testing.TB, from, to string, lines ...*inventoryv1.TransferWish) *inventoryv1.Transfer {
	t.Helper()
	got, err := r.CreateTransfer(hq(t.Context(), "operator"), transferring(from, to, lines...))
	require.NoError(t, err)
	return got
}

func (r *rig) sent(t testing.TB, id string) *inventoryv1.Transfer {
	t.Helper()
	got, err := r.SendTransfer(hq(t.Context(), "operator"), &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: id})
	require.NoError(t, err)
	return got
}

func TestATransferMovesGoodsInPartsAndListsWhatIsMissing(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		ctx := hq(t.Context(), "operator")
		r.stock(t, "W-01", "LJ", 10)
		r.stock(t, "W-01", "TG", 4)
		plan := transferring("W-01", "S-01", wish("LJ", 8), wish("TG", 4))
		plan.Number, plan.ExpectedUs = "DN-7", 99
		moved, err := r.CreateTransfer(ctx, plan)
		require.NoError(t, err)
		require.Equal(t, inventoryv1.TransferState_TRANSFER_DRAFT, moved.State)
		require.Equal(t, int64(10), r.rows(t, "W-01", "LJ").OnHand, "a plan books nothing")
		again := transferring("W-01", "S-02", wish("LJ", 1))
		again.Number = "DN-7"
		_, err = r.CreateTransfer(ctx, again)
		require.Equal(t, "TRANSFER_NUMBER_TAKEN", reasonOf(err))

		send := &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id, Version: moved.Version,
			Lines: []*inventoryv1.TransferSending{{Line: 1, Quantity: 7}, {Line: 2, Quantity: 4}}}
		for range 2 { // a repeat is the same command
			moved, err = r.SendTransfer(ctx, send)
			require.NoError(t, err)
		}
		require.Equal(t, []int64{7, 4}, []int64{moved.Lines[0].Sent, moved.Lines[1].Sent})
		require.Equal(t, int64(3), r.rows(t, "W-01", "LJ").OnHand)
		there := r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{0, 7, 0}, []int64{there.OnHand, there.InTransit, there.Online}, "what is on its way is not promised")
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		require.Equal(t, "TRANSFER_SENT", metadataOf(err)["state"])
		r.audit(t)

		moved, err = r.ReceiveTransfer(ctx, arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 3, Damaged: 1}))
		require.NoError(t, err)
		require.Equal(t, inventoryv1.TransferState_TRANSFER_RECEIVING, moved.State)
		there = r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{3, 3, 1}, []int64{there.OnHand, there.InTransit, there.Damaged})
		_, err = r.ReceiveTransfer(ctx, arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 4}))
		require.Equal(t, "TRANSFER_EXCEEDED", reasonOf(err))
		require.Equal(t, map[string]string{"line": "1", "left": "3"}, metadataOf(err))
		stale := arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 1})
		stale.Version = moved.Version - 1
		_, err = r.ReceiveTransfer(ctx, stale)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err), "somebody has received meanwhile")

		last := arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 1, Missing: 1}, &inventoryv1.TransferArrival{Line: 2, Received: 4})
		last.Last = true
		moved, err = r.ReceiveTransfer(ctx, last)
		require.NoError(t, err)
		require.Equal(t, inventoryv1.TransferState_TRANSFER_RECEIVED, moved.State)
		require.Equal(t, []int64{4, 1, 2}, []int64{moved.Lines[0].Received, moved.Lines[0].Damaged, moved.Lines[0].Missing}, "what is not named of the last is missing")
		require.Len(t, moved.History, 4)
		require.Equal(t, "hq:boss", moved.History[3].Actor)
		there = r.rows(t, "S-01", "LJ")
		require.Equal(t, []int64{4, 0, 1}, []int64{there.OnHand, there.InTransit, there.Damaged})

		gaps, err := r.ListDiscrepancies(ctx, &inventoryv1.ListDiscrepanciesRequest{Kind: "TRANSFER_SHORT"})
		require.NoError(t, err)
		require.Len(t, gaps.Discrepancies, 1)
		gap := gaps.Discrepancies[0]
		require.Equal(t, []any{moved.Id, "S-01", "LJ", "HQ", int64(2)}, []any{gap.Document, gap.Location, gap.Sku, gap.Owner, gap.Open})
		lost, err := r.ListMovements(ctx, &inventoryv1.ListMovementsRequest{Document: moved.Id, Reason: "TRANSFER_LOSS"})
		require.NoError(t, err)
		require.Len(t, lost.Movements, 1)
		require.Equal(t, []any{"IN_TRANSIT", int64(-2), last.RequestId}, []any{lost.Movements[0].Bucket, lost.Movements[0].Quantity, lost.Movements[0].RequestId})
		_, err = r.CloseDiscrepancy(ctx, &inventoryv1.CloseDiscrepancyRequest{RequestId: requestID(), Id: gap.Id})
		require.NoError(t, err)
		_, err = r.ReceiveTransfer(ctx, arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 1}))
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		r.audit(t)
	})
}

func TestATransferNeverTakesWhatCustomersHold(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "LJ", 3)))
		require.NoError(t, err)
		ctx := hq(t.Context(), "operator")
		moved := r.planned(t, "S-01", "S-02", wish("LJ", 5))
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id})
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, "2", metadataOf(err)["left"])
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id, Lines: []*inventoryv1.TransferSending{{Line: 1, Quantity: 6}}})
		require.Equal(t, "TRANSFER_EXCEEDED", reasonOf(err))
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id, Lines: []*inventoryv1.TransferSending{{Line: 2, Quantity: 1}}})
		require.Equal(t, "VALIDATOR", reasonOf(err))
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: moved.Id, Lines: []*inventoryv1.TransferSending{{Line: 1, Quantity: 2}}})
		require.NoError(t, err)
		never := r.planned(t, "S-02", "S-01", wish("TG", 1))
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: never.Id})
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "the shelf has never had any")
		for field, in := range map[string]*inventoryv1.CreateTransferRequest{
			"VALIDATOR": transferring("S-01", "S-01", wish("LJ", 1)), "LOCATION_UNKNOWN": transferring("S-01", "S-99", wish("LJ", 1)),
			"SKU_UNKNOWN": transferring("S-01", "S-02", wish("no such SKU", 1)),
		} {
			_, err := r.CreateTransfer(ctx, in)
			require.Equal(t, field, reasonOf(err))
		}
		r.audit(t)
	})
}

func TestACancelledTransferLeavesGoodsWhereTheyWere(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 5)
		ctx := hq(t.Context(), "operator")
		cancel := func(id string) (*inventoryv1.Transfer, error) {
			return r.CancelTransfer(ctx, &inventoryv1.CancelTransferRequest{RequestId: requestID(), Id: id})
		}
		never, err := cancel(r.planned(t, "S-01", "S-02", wish("LJ", 1)).Id)
		require.NoError(t, err)
		require.Equal(t, inventoryv1.TransferState_TRANSFER_CANCELLED, never.State)
		_, err = r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: never.Id})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))

		half := r.sent(t, r.planned(t, "S-01", "S-02", wish("LJ", 4)).Id)
		_, err = r.ReceiveTransfer(ctx, arrived(half.Id, &inventoryv1.TransferArrival{Line: 1, Received: 1}))
		require.NoError(t, err)
		back, err := cancel(half.Id)
		require.NoError(t, err)
		require.Equal(t, inventoryv1.TransferState_TRANSFER_RETURNED, back.State)
		require.Equal(t, int64(3), back.Lines[0].Returned)
		require.Equal(t, int64(4), r.rows(t, "S-01", "LJ").OnHand)
		there := r.rows(t, "S-02", "LJ")
		require.Equal(t, []int64{1, 0}, []int64{there.OnHand, there.InTransit})
		_, err = cancel(half.Id)
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		r.audit(t)
	})
}

// Goods of headquarters go to a franchisee's store and stay headquarters': it can sell them, and owes the settlement price.
func TestATransferBetweenOrganisationsIsConsignment(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "W-01", "LJ", 5)
		store, stranger := franchisee(t.Context(), "FR1", "manager"), franchisee(t.Context(), "FR2", "manager")
		asked, err := r.CreateTransfer(store, transferring("W-01", "F-01", wish("LJ", 2)))
		require.NoError(t, err)
		require.Equal(t, inventoryv1.TransferState_TRANSFER_REQUESTED, asked.State)
		require.Equal(t, "HQ", asked.Lines[0].Owner)
		numbered := transferring("W-01", "F-01", wish("LJ", 2))
		numbered.Number = "X"
		_, err = r.CreateTransfer(store, numbered)
		require.Equal(t, "VALIDATOR", reasonOf(err), "the sender's numbers are the sender's")

		send := func(ctx context.Context) error {
			_, err := r.SendTransfer(ctx, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: asked.Id})
			return err
		}
		require.Equal(t, "FORBIDDEN", reasonOf(send(store)), "the sending side sends")
		require.Equal(t, "NOT_FOUND", reasonOf(send(stranger)))
		require.Equal(t, "FORBIDDEN", reasonOf(send(member(t.Context()))))
		_, err = r.GetTransfer(stranger, &inventoryv1.GetTransferRequest{Id: asked.Id})
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		_, missing := r.GetTransfer(stranger, &inventoryv1.GetTransferRequest{Id: "trf_nobody"})
		require.Equal(t, missing.Error(), err.Error()[:len(err.Error())-len(asked.Id)]+"trf_nobody")
		list := func(ctx context.Context) int {
			got, err := r.ListTransfers(ctx, &inventoryv1.ListTransfersRequest{})
			require.NoError(t, err)
			return len(got.Transfers)
		}
		require.Equal(t, []int{1, 0, 1}, []int{list(store), list(stranger), list(hq(t.Context()))})

		require.NoError(t, send(hq(t.Context(), "operator")))
		_, err = r.ReceiveTransfer(stranger, arrived(asked.Id, &inventoryv1.TransferArrival{Line: 1, Received: 2}))
		require.Equal(t, "NOT_FOUND", reasonOf(err))
		_, err = r.CancelTransfer(store, &inventoryv1.CancelTransferRequest{RequestId: requestID(), Id: asked.Id})
		require.Equal(t, "FORBIDDEN", reasonOf(err), "what is on its way goes back by the hands of the sender")
		_, err = r.ReceiveTransfer(store, arrived(asked.Id, &inventoryv1.TransferArrival{Line: 1, Received: 2}))
		require.NoError(t, err)
		there := r.rows(t, "F-01", "LJ")
		require.Equal(t, []any{"HQ", int64(2)}, []any{there.Owner, there.OnHand})

		sale := parcel("ord_1", line("1", "LJ", 1))
		sale.SellerOrg, sale.Way, sale.Location, sale.Destination = "FR1", inventoryv1.DeliveryWay_CARRY_OUT, "F-01", nil
		held, err := r.Hold(order(t.Context()), sale)
		require.NoError(t, err)
		require.Equal(t, "HQ", held.Reservations[0].Owner)
		require.Positive(t, held.Reservations[0].SettlementPriceMinor, "frozen when it was held")
		own := transferring("F-01", "W-01", &inventoryv1.TransferWish{Sku: "LJ", Owner: "HQ", Quantity: 1})
		_, err = r.CreateTransfer(store, own)
		require.Equal(t, "FORBIDDEN", reasonOf(err), "goods of another owner are headquarters' to send")
		home, err := r.CreateTransfer(hq(t.Context(), "operator"), transferring("F-01", "W-01", &inventoryv1.TransferWish{Sku: "LJ", Owner: "HQ", Quantity: 1}))
		require.NoError(t, err)
		_, err = r.SendTransfer(store, &inventoryv1.SendTransferRequest{RequestId: requestID(), Id: home.Id})
		require.NoError(t, err)
		_, err = r.ReceiveTransfer(hq(t.Context(), "operator"), arrived(home.Id, &inventoryv1.TransferArrival{Line: 1, Received: 1}))
		require.NoError(t, err)
		require.Equal(t, int64(4), r.rows(t, "W-01", "LJ").OnHand)
		r.audit(t)
	})
}

// Two people receive the same goods at once: each piece arrives once.
func TestGoodsArriveOnceHoweverManyReceiveThem(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 20)
		for range 3 {
			moved := r.sent(t, r.planned(t, "S-01", "S-02", wish("LJ", 5)).Id)
			before := r.rows(t, "S-02", "LJ").OnHand
			var wait sync.WaitGroup
			for range 4 {
				wait.Go(func() {
					_, err := r.ReceiveTransfer(hq(t.Context(), "operator"), arrived(moved.Id, &inventoryv1.TransferArrival{Line: 1, Received: 3}))
					if err != nil && reasonOf(err) != "TRANSFER_EXCEEDED" {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			require.Equal(t, before+3, r.rows(t, "S-02", "LJ").OnHand)
		}
		r.audit(t)
	})
}

// Who has the paper in hand has its number, not our id: each side finds its own movements by it, also where two
// organisations have given the same number.
func TestMovementsAreFoundByTheNumberOnATransfersPaper(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.put(t, location("F-02", "FR2", inventoryv1.LocationKind_FRANCHISE_STORE, 31.2308, 121.4739))
		operator := hq(t.Context(), "operator")
		found := func(ctx context.Context, in *inventoryv1.ListMovementsRequest) (list []string) {
			t.Helper()
			for {
				got, err := r.ListMovements(ctx, in)
				require.NoError(t, err)
				for _, m := range got.Movements {
					list = append(list, m.Location+" "+m.Reason+" "+m.Bucket)
				}
				if in.PageToken = got.NextPageToken; in.PageToken == "" {
					return list
				}
			}
		}
		r.stock(t, "W-01", "LJ", 5)
		r.stock(t, "F-01", "LJ", 5)
		theirs := transferring("F-01", "F-02", wish("LJ", 1))
		ours := transferring("W-01", "F-01", wish("LJ", 2))
		for _, plan := range []*inventoryv1.CreateTransferRequest{ours, theirs} {
			plan.Number = "DN-7"
			made, err := r.CreateTransfer(operator, plan)
			require.NoError(t, err)
			r.sent(t, made.Id)
		}
		paper := func() *inventoryv1.ListMovementsRequest {
			return &inventoryv1.ListMovementsRequest{Document: "DN-7", PageSize: 1, Reason: "TRANSFER_OUT"}
		}
		require.ElementsMatch(t, []string{"W-01 TRANSFER_OUT ON_HAND", "F-01 TRANSFER_OUT IN_TRANSIT", "F-01 TRANSFER_OUT ON_HAND", "F-02 TRANSFER_OUT IN_TRANSIT"}, found(operator, paper()))
		require.ElementsMatch(t, []string{"F-01 TRANSFER_OUT IN_TRANSIT", "F-01 TRANSFER_OUT ON_HAND"}, found(franchisee(t.Context(), "FR1", "manager"), paper()))
		require.Equal(t, []string{"F-02 TRANSFER_OUT IN_TRANSIT"}, found(franchisee(t.Context(), "FR2", "manager"), paper()))
		require.Empty(t, found(operator, &inventoryv1.ListMovementsRequest{Document: "DN-8"}))
	})
}

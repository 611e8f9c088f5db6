package service

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/outbox"
)

// apply does in the fake centers what a branch call asks for: a point for each 1.00, a rebate of 5 % to each payee.
func (w *world) apply(c outbox.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch c.Method {
	case inventoryv1.InventoryBranch_ConfirmHold_FullMethodName:
		if in := read(c, &inventoryv1.ConfirmHoldCall{}); in.Version > w.hushed[in.Document] {
			w.hushed[in.Document], w.quiet[in.Document] = in.Version, in.Quiet
		}
	case inventoryv1.InventoryBranch_Release_FullMethodName:
		in := read(c, &inventoryv1.ReleaseCall{})
		for _, r := range w.holds[in.Document] {
			w.stock[r.Location][r.Sku] += r.Open
			r.Open = 0
		}
	case inventoryv1.InventoryBranch_ReleaseParts_FullMethodName:
		in := read(c, &inventoryv1.ReleasePartsCall{})
		if len(in.NotHeld) > 0 {
			delete(w.waiting, in.Document)
			delete(w.lacking, in.Document)
		}
		for _, l := range in.Lines {
			here, moved := w.holders(in.Document, l.ReservationId)
			left := l.Quantity
			for _, r := range append(here, moved...) {
				n := min(r.Open, left)
				r.Open, left = r.Open-n, left-n
				w.stock[r.Location][r.Sku] += n
			}
		}
	case inventoryv1.InventoryBranch_Ship_FullMethodName:
		in := read(c, &inventoryv1.ShipCall{})
		for _, l := range in.Lines {
			here, moved := w.holders(in.Document, l.ReservationId)
			left := l.Quantity
			for _, r := range here {
				n := min(r.Open, left)
				r.Open, r.Shipped, left = r.Open-n, r.Shipped+n, left-n
			}
			for _, r := range moved { // the first location has shipped after all
				n := min(r.Open, left)
				r.Open, left = r.Open-n, left-n
				here[0].Shipped += n
				w.stock[r.Location][r.Sku] += n
			}
			if left > 0 {
				panic(fmt.Sprint(left, " of ", l.ReservationId, " shipped and not held"))
			}
		}
	case inventoryv1.InventoryBranch_TakeBack_FullMethodName:
		for _, l := range read(c, &inventoryv1.TakeBackCall{}).Lines {
			w.stock[l.Location][l.Sku] += l.Quantity - l.Damaged
			w.damaged[l.Location+"/"+l.Sku] += l.Damaged
		}
	case memberv1.MemberBranch_SettlePaid_FullMethodName:
		in := read(c, &memberv1.SettlePaidCall{})
		p := w.document(in.Document)
		p.Spent += w.frozen[in.Document]
		delete(w.frozen, in.Document)
		for _, l := range in.Lines {
			p.Lines = append(p.Lines, &memberv1.LinePoints{LineId: l.LineId, Accrued: l.BaseMinor / 100})
		}
	case memberv1.MemberBranch_Unfreeze_FullMethodName:
		in := read(c, &memberv1.UnfreezeCall{})
		w.points["mbr_ann"] += w.frozen[in.Document]
		delete(w.frozen, in.Document)
	case memberv1.MemberBranch_Earn_FullMethodName:
		in := read(c, &memberv1.EarnCall{})
		for _, l := range w.document(in.Document).Lines {
			for _, id := range in.LineIds {
				if l.LineId == id {
					l.Earned = l.Accrued - l.ClawedBack
				}
			}
		}
	case memberv1.MemberBranch_ClawBack_FullMethodName:
		in := read(c, &memberv1.ClawBackCall{})
		p := w.document(in.Document)
		for _, l := range in.Lines {
			p.GivenBack += l.GiveBackPoints
			for _, known := range p.Lines {
				if known.LineId == l.LineId {
					known.ClawedBack = money.Proportion(known.Accrued, l.RefundedMinor, l.BaseMinor)
				}
			}
		}
	case rebatev1.RebateBranch_Accrue_FullMethodName:
		in := read(c, &rebatev1.AccrueCall{})
		for _, l := range in.Lines {
			for _, a := range in.Attributions {
				w.accruals = append(w.accruals, &rebatev1.Accrual{
					Id: fmt.Sprint("acc_", len(w.accruals)), OrderId: in.OrderId, LineId: l.LineId, Role: a.Role, Payee: a.Payee, BaseMinor: l.BaseMinor,
					AccruedMinor: l.BaseMinor / 20, State: "pending",
				})
			}
		}
	case rebatev1.RebateBranch_Earn_FullMethodName:
	case rebatev1.RebateBranch_ClawBack_FullMethodName:
		in := read(c, &rebatev1.ClawBackCall{})
		for _, l := range in.Lines {
			for _, a := range w.accruals {
				if a.LineId == l.LineId {
					a.ClawedBackMinor = money.Proportion(a.AccruedMinor, l.RefundedMinor, l.BaseMinor)
				}
			}
		}
	case rebatev1.RebateBranch_RecordSupply_FullMethodName:
		in := read(c, &rebatev1.RecordSupplyCall{})
		for _, l := range in.Lines {
			w.supplies = append(w.supplies, &rebatev1.SupplyEntry{
				Id: fmt.Sprint("sup_", len(w.supplies)), OrderId: in.OrderId, LineId: l.LineId, FulfilmentId: in.Document, Sku: l.Sku, OwnerOrg: l.OwnerOrg,
				Quantity: l.Quantity, PriceMinor: l.PriceMinor, FeeMinor: l.FeeMinor,
			})
		}
	default:
		panic(c.Method)
	}
}

// holders are the reservations that hold a reservation's pieces now: at its location, and elsewhere.
func (w *world) holders(document, id string) (here, moved []*inventoryv1.Reservation) {
	byID := map[string]*inventoryv1.Reservation{}
	for _, r := range w.holds[document] {
		byID[r.Id] = r
	}
	for _, r := range w.holds[document] {
		stayed := true
		for up := r; up != nil; up = byID[up.Replaces] {
			if stayed = stayed && up.Location == r.Location; up.Id != id {
				continue
			}
			if stayed {
				here = append(here, r)
			} else {
				moved = append(moved, r)
			}
		}
	}
	return here, moved
}

func (w *world) document(id string) *memberv1.DocumentPoints {
	if w.documents[id] == nil {
		w.documents[id] = &memberv1.DocumentPoints{Document: id}
	}
	return w.documents[id]
}

func read[M proto.Message](c outbox.Call, m M) M {
	if err := proto.Unmarshal(c.Payload, m); err != nil {
		panic(err)
	}
	return m
}

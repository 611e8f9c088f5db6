package data

import (
	"context"
	"fmt"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Kinds of messages: the first two characters of their gids.
const (
	kindPaid      = "pd"
	kindSold      = "so"
	kindAllocated = "aa"
	kindShipped   = "sh"
	kindEarned    = "ea"
	kindCancelled = "cx"
	kindPart      = "pc"
	kindGoodsBack = "gb"
	kindAsked     = "ra"
)

// followUp collects the calls of one message.
type followUp struct {
	message outbox.Message
	err     error
}

func (f *followUp) call(center, method string, request proto.Message) {
	if f.err != nil {
		return
	}
	var c outbox.Call
	if c, f.err = outbox.NewCall(center, method, request); f.err == nil {
		f.message.Calls = append(f.message.Calls, c)
	}
}

// emit writes what a change entails to the outbox, one message an effect.
func emit(ctx context.Context, r biz.Record, effects []biz.Effect) error {
	for _, e := range effects {
		f := &followUp{message: outbox.Message{Key: r.ID}}
		switch e := e.(type) {
		case biz.Paid:
			f.message.Kind = kindPaid
			if r.Kind.Mall() && !r.GiftWaits() {
				f.confirm(r)
			}
			f.settle(r)
		case biz.SoldAtTill:
			f.message.Kind = kindSold
			f.ship(r, e.FulfilmentID, "", "SALE")
			f.settle(r)
		case biz.SoldOffline:
			f.message.Kind = kindSold
			f.settle(r)
		case biz.Allocated:
			f.message.Kind = kindAllocated
			f.confirm(r)
		case biz.Asked:
			f.message.Kind = kindAsked
			f.confirm(r)
		case biz.Shipped:
			f.message.Kind = kindShipped
			f.ship(r, e.FulfilmentID, e.ParcelID, "SHIP")
		case biz.WindowEnded:
			f.message.Kind = kindEarned
			if r.MemberID != "" {
				f.call("member", memberv1.MemberBranch_Earn_FullMethodName, &memberv1.EarnCall{Document: r.ID, LineIds: e.LineIDs})
			}
			if len(r.Attributions) > 0 {
				f.call("rebate", rebatev1.RebateBranch_Earn_FullMethodName, &rebatev1.EarnCall{OrderId: r.ID, LineIds: e.LineIDs})
			}
		case biz.Cancelled:
			f.message.Kind = kindCancelled
			f.cancelled(r, e)
		case biz.PartCancelled:
			f.message.Kind = kindPart
			f.partCancelled(r, e.Part)
		case biz.GoodsBack:
			f.message.Kind = kindGoodsBack
			f.goodsBack(r, e.ReturnID)
		case biz.ToldPlatform:
			continue // by the report that it leaves
		default:
			return fmt.Errorf("order %s: effect %T has no follow-up", r.ID, e)
		}
		if f.err != nil {
			return fmt.Errorf("order %s: follow-up: %w", r.ID, f.err)
		}
		if len(f.message.Calls) == 0 {
			continue
		}
		if err := outbox.Emit(ctx, f.message); err != nil {
			return fmt.Errorf("order %s: %w", r.ID, err)
		}
	}
	return nil
}

// confirm takes the deadlines of stock away, and says whether locations are to answer: not while the order is held for a person.
func (f *followUp) confirm(r biz.Record) {
	call := &inventoryv1.ConfirmHoldCall{Document: r.ID}
	if r.Review != biz.None {
		call.Quiet, call.Version = r.Held(), r.Version
	}
	f.call("inventory", inventoryv1.InventoryBranch_ConfirmHold_FullMethodName, call)
}

// settle spends the points and accrues what is pending now.
func (f *followUp) settle(r biz.Record) {
	if r.MemberID != "" {
		call := &memberv1.SettlePaidCall{Document: r.ID, MemberId: r.MemberID, PaidAtUs: r.PaidAtUS, Channel: r.Channel, StoreCode: r.ShopStore}
		for _, l := range r.Lines {
			call.Lines = append(call.Lines, &memberv1.AccrualLine{LineId: l.ID, BaseMinor: l.BaseMinor()})
		}
		f.call("member", memberv1.MemberBranch_SettlePaid_FullMethodName, call)
	}
	if len(r.Attributions) == 0 {
		return
	}
	call := &rebatev1.AccrueCall{OrderId: r.ID, Channel: r.Channel, SellerOrg: r.Org, Currency: r.Currency, PaidAtUs: r.PaidAtUS}
	for _, l := range r.Lines {
		call.Lines = append(call.Lines, &rebatev1.AccrueLine{LineId: l.ID, Sku: l.SKU, Quantity: l.Quantity, BaseMinor: l.BaseMinor()})
	}
	for _, a := range r.Attributions {
		call.Attributions = append(call.Attributions, &rebatev1.Attribution{
			Role: rebatev1.Role(rebatev1.Role_value[a.Role]), Payee: a.Payee, PayeeOrg: a.PayeeOrg, Reason: a.Reason,
		})
	}
	f.call("rebate", rebatev1.RebateBranch_Accrue_FullMethodName, call)
}

// ship turns reservations into movements, and tells what was shipped of others' goods: of a whole fulfilment, or of one of its
// parcels, which is the document then.
func (f *followUp) ship(r biz.Record, fulfilmentID, parcelID, reason string) {
	for _, part := range r.Fulfilments {
		if part.ID != fulfilmentID {
			continue
		}
		document, first := part.ID, true
		if parcelID != "" {
			document, first = parcelID, part.FirstSupply(r.Org, parcelID)
		}
		call := &inventoryv1.ShipCall{Document: r.ID, Location: part.Location, Fulfilment: document, Actor: serviceName, Reason: reason}
		supply := &rebatev1.RecordSupplyCall{OrderId: r.ID, Document: document, SellerOrg: r.Org, Currency: r.Currency}
		for _, l := range part.Lines {
			n := part.Shipment(l, parcelID)
			if n == 0 {
				continue
			}
			call.Lines = append(call.Lines, &inventoryv1.ShipLine{ReservationId: l.ReservationID, Quantity: n})
			if l.Owner == r.Org {
				continue
			}
			line := &rebatev1.SupplyLine{LineId: l.LineID, Sku: l.SKU, OwnerOrg: l.Owner, Quantity: n, PriceMinor: l.SettlementMinor}
			if len(supply.Lines) == 0 && first {
				line.FeeMinor = l.FeeMinor // once a fulfilment
			}
			supply.Lines = supplied(supply.Lines, line)
		}
		f.call("inventory", inventoryv1.InventoryBranch_Ship_FullMethodName, call)
		if len(supply.Lines) > 0 {
			f.call("rebate", rebatev1.RebateBranch_RecordSupply_FullMethodName, supply)
		}
	}
}

// cancelled lets stock and points go; what a paid order accrued is taken back whole.
func (f *followUp) cancelled(r biz.Record, e biz.Cancelled) {
	f.call("inventory", inventoryv1.InventoryBranch_Release_FullMethodName, &inventoryv1.ReleaseCall{Document: r.ID})
	if !e.WasPaid {
		if r.Points > 0 {
			f.call("member", memberv1.MemberBranch_Unfreeze_FullMethodName, &memberv1.UnfreezeCall{Document: r.ID})
		}
		return
	}
	lines := make([]string, len(r.Lines))
	for i, l := range r.Lines {
		lines[i] = l.ID
	}
	f.clawBack(r, "cancel-"+r.ID, lines, e.PointsBack)
}

// partCancelled lets the stock of some pieces go, and takes back what they accrued.
func (f *followUp) partCancelled(r biz.Record, part biz.CancelledPart) {
	call := &inventoryv1.ReleasePartsCall{Document: r.ID, Actor: serviceName}
	for _, s := range part.Stock {
		call.Lines = append(call.Lines, &inventoryv1.ShipLine{ReservationId: s.ReservationID, Quantity: s.Quantity})
	}
	for _, s := range part.NotHeld {
		call.NotHeld = append(call.NotHeld, &inventoryv1.ShipLine{ReservationId: s.ReservationID, Quantity: s.Quantity})
	}
	f.call("inventory", inventoryv1.InventoryBranch_ReleaseParts_FullMethodName, call)
	f.clawBack(r, part.Key, part.LineIDs, part.PointsBack)
}

// goodsBack books returned goods in, and takes back what they accrued, cumulatively.
func (f *followUp) goodsBack(r biz.Record, returnID string) {
	for _, ret := range r.Returns {
		if ret.ID != returnID {
			continue
		}
		call := &inventoryv1.TakeBackCall{Document: ret.ID, Actor: serviceName}
		supply := &rebatev1.RecordSupplyCall{OrderId: r.ID, Document: ret.ID, SellerOrg: r.Org, Currency: r.Currency}
		var lines []string
		back := map[string]int64{}
		for _, piece := range ret.Lines {
			part, l := find(r, piece.FulfilmentLineID)
			location := ret.Location
			if location == "" {
				location = part.Location
			}
			if piece.Arrived() > 0 {
				call.Lines = takenBack(call.Lines, &inventoryv1.TakeBackLine{
					LineId: piece.LineID, Sku: piece.SKU, Location: location, Owner: l.Owner, Quantity: piece.Arrived(), Damaged: piece.Damaged,
				})
			}
			if l.Owner != r.Org && piece.Arrived() > 0 {
				supply.Lines = supplied(supply.Lines, &rebatev1.SupplyLine{LineId: l.LineID, Sku: l.SKU, OwnerOrg: l.Owner, Quantity: -piece.Arrived(), PriceMinor: l.SettlementMinor})
			}
			if _, seen := back[piece.LineID]; !seen {
				lines = append(lines, piece.LineID)
			}
			back[piece.LineID] += piece.PointsBack
		}
		if len(call.Lines) > 0 {
			f.call("inventory", inventoryv1.InventoryBranch_TakeBack_FullMethodName, call)
		}
		f.clawBack(r, ret.ID, lines, back)
		if len(supply.Lines) > 0 {
			f.call("rebate", rebatev1.RebateBranch_RecordSupply_FullMethodName, supply)
		}
	}
}

// supplied adds pieces to the entry of their line, SKU (a kit's line has several), owner and price: one entry each.
func supplied(lines []*rebatev1.SupplyLine, more *rebatev1.SupplyLine) []*rebatev1.SupplyLine {
	for _, l := range lines {
		if l.LineId == more.LineId && l.Sku == more.Sku && l.OwnerOrg == more.OwnerOrg && l.PriceMinor == more.PriceMinor {
			l.Quantity += more.Quantity
			return lines
		}
	}
	return append(lines, more)
}

// takenBack adds pieces to the entry of their line, SKU, location and owner.
func takenBack(lines []*inventoryv1.TakeBackLine, more *inventoryv1.TakeBackLine) []*inventoryv1.TakeBackLine {
	for _, l := range lines {
		if l.LineId == more.LineId && l.Sku == more.Sku && l.Location == more.Location && l.Owner == more.Owner {
			l.Quantity += more.Quantity
			l.Damaged += more.Damaged
			return lines
		}
	}
	return append(lines, more)
}

// clawBack takes back accruals of lines. key names this refund; amounts are all that was refunded so far.
func (f *followUp) clawBack(r biz.Record, key string, lineIDs []string, pointsBack map[string]int64) {
	byID := make(map[string]biz.Line, len(r.Lines))
	for _, l := range r.Lines {
		byID[l.ID] = l
	}
	points := &memberv1.ClawBackCall{Refund: key, Document: r.ID}
	rebates := &rebatev1.ClawBackCall{Refund: key, OrderId: r.ID}
	for _, id := range lineIDs {
		l := byID[id]
		points.Lines = append(points.Lines, &memberv1.ClawBackLine{LineId: id, RefundedMinor: l.RefundedMinor, BaseMinor: l.BaseMinor(), GiveBackPoints: pointsBack[id]})
		rebates.Lines = append(rebates.Lines, &rebatev1.ClawBackLine{LineId: id, RefundedMinor: l.RefundedMinor, BaseMinor: l.BaseMinor()})
	}
	if r.MemberID != "" {
		f.call("member", memberv1.MemberBranch_ClawBack_FullMethodName, points)
	}
	if len(r.Attributions) > 0 {
		f.call("rebate", rebatev1.RebateBranch_ClawBack_FullMethodName, rebates)
	}
}

func find(r biz.Record, fulfilmentLineID string) (biz.Fulfilment, biz.FulfilmentLine) {
	for _, f := range r.Fulfilments {
		for _, l := range f.Lines {
			if l.ID == fulfilmentLineID {
				return f, l
			}
		}
	}
	return biz.Fulfilment{}, biz.FulfilmentLine{}
}

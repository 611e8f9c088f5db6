package service

import (
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func fromDecline(in *inventoryv1.DeclineAssignmentRequest) biz.DeclineInput {
	out := biz.DeclineInput{Request: in.GetRequestId(), Document: in.GetDocument(), Location: in.GetLocation(), Reason: biz.DeclineReason(in.GetReason()),
		Text: in.GetText(), Effect: biz.StockEffect(in.GetEffect()), OutageUntilUS: in.GetOutageUntilUs(), OthersToo: in.GetOthersToo(), Reservations: in.GetReservationIds()}
	for _, l := range in.GetLines() {
		out.Lines = append(out.Lines, biz.ShortLine{LineID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity()})
	}
	return out
}

func toAssignment(a biz.AssignmentRow) *inventoryv1.Assignment {
	return &inventoryv1.Assignment{Document: a.Document, Location: a.Location, Round: a.Round, State: inventoryv1.AssignmentState(a.State), AnswerByUs: a.AnswerByUS,
		Reason: a.Reason, Actor: a.Actor, CreatedUs: a.CreatedUS}
}

func toDeclined(r biz.DeclineResult) *inventoryv1.DeclineAssignmentResponse {
	out := &inventoryv1.DeclineAssignmentResponse{More: r.More, Lost: r.Lost}
	for _, a := range r.Reallocations {
		out.Reallocations = append(out.Reallocations, toReallocation(a))
	}
	return out
}

func toReallocation(r biz.Reallocation) *inventoryv1.Reallocation {
	out := &inventoryv1.Reallocation{Document: r.Document, Round: r.Round, State: inventoryv1.WorkState(r.State), Open: toMissing(r.Open)}
	for _, h := range r.Held {
		out.Reservations = append(out.Reservations, toReservation(h.Row()))
	}
	return out
}

func toMissing(lines []biz.DemandLine) []*inventoryv1.MissingLine {
	out := make([]*inventoryv1.MissingLine, len(lines))
	for i, l := range lines {
		out[i] = &inventoryv1.MissingLine{LineId: l.ID, Sku: l.SKU, Quantity: l.Quantity}
	}
	return out
}

func toWork(w biz.Work) *inventoryv1.Work {
	out := &inventoryv1.Work{Document: w.ID, SellerOrg: w.Seller, State: inventoryv1.WorkState(w.State), Open: toMissing(w.Open), Priority: w.Priority,
		ShipByUs: w.ShipByUS, SinceUs: w.WaitingSinceUS, Round: w.Round, TriedUs: w.TriedUS}
	if a := w.Asked; a != nil {
		out.Channel, out.Way = a.Channel, inventoryv1.DeliveryWay(a.Way)
		if a.Way.AtTheStore() {
			out.Location = a.Location
		}
	}
	return out
}

package biz

import (
	"cmp"
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/mask"
)

// PackingFacts knows what is needed to pick, pack and address goods.
type PackingFacts interface {
	// Goods returns facts by SKU; unknown SKUs are absent.
	Goods(ctx context.Context, skus []string) (map[string]PackedGoods, error)
	// Sender of what a location ships, as the caller may see it.
	Sender(ctx context.Context, location string) (Sender, error)
}

// PackedGoods are facts of a SKU; no weight: it is not known.
type PackedGoods struct {
	Title   map[string]string
	Barcode string
	WeightG int64
}

// Sender is a location as a carrier wants it.
type Sender struct{ Code, Name, Address, City, Province, Country, Postcode string }

// Pick is pieces of a SKU that somebody takes from the shelves in one go, for several fulfilments.
type Pick struct {
	SKU      string
	Quantity int64
	For      []PickFor
}

// PickFor is the part of one fulfilment.
type PickFor struct {
	FulfilmentID string
	Quantity     int64
}

// PickingList groups by SKU what fulfilments still have to ship, in the order of the SKUs, and within of the fulfilments.
func PickingList(list []Fulfilment) []Pick {
	var picks []Pick
	at := map[string]int{}
	for _, f := range list {
		for _, l := range f.Lines {
			n := l.Quantity - f.Gone(l)
			if n == 0 {
				continue
			}
			i, seen := at[l.SKU]
			if !seen {
				i = len(picks)
				at[l.SKU], picks = i, append(picks, Pick{SKU: l.SKU})
			}
			p := &picks[i]
			p.Quantity += n
			if last := len(p.For) - 1; last >= 0 && p.For[last].FulfilmentID == f.ID {
				p.For[last].Quantity += n // of another owner, or another line
				continue
			}
			p.For = append(p.For, PickFor{f.ID, n})
		}
	}
	slices.SortFunc(picks, func(a, b Pick) int { return cmp.Compare(a.SKU, b.SKU) })
	return picks
}

// Waybill is what goes onto a parcel and to its carrier. There are no prices on it, whoever it is for.
type Waybill struct {
	FulfilmentID, ParcelID      string
	OrderID, ExternalNo         string
	Way                         Way
	Receiver                    Receiver
	ShownName, ShownPhone       string // on paper; empty of a platform's ciphertext, which its own waybill shows
	Lines                       []WaybillLine
	Pieces, WeightG             int64
	Weightless                  []string // SKUs whose weight is not known, and not counted
	Remark, Carrier, TrackingNo string
	GiftMessage                 string // for a card in the parcel
}

// WaybillLine is pieces of a SKU in the parcel.
type WaybillLine struct {
	SKU      string
	Title    map[string]string
	Quantity int64
}

// Waybill is that of a fulfilment, or of one of its parcels. It ends with the fulfilment: then there is no receiver to be
// shown any more.
func (r Record) Waybill(fulfilmentID, parcelID string, goods map[string]PackedGoods) (Waybill, error) {
	at := slices.IndexFunc(r.Fulfilments, func(f Fulfilment) bool { return f.ID == fulfilmentID })
	if at < 0 {
		return Waybill{}, NotFound("fulfilment")
	}
	f := r.Fulfilments[at]
	if f.Way == WayPickup || f.Way == WayCarryOut {
		return Waybill{}, stateConflict(f.State, "the buyer collects it: there is no waybill")
	}
	switch f.State {
	case FulfilmentPlanned, FulfilmentAssigned, FulfilmentBack, FulfilmentReceived, FulfilmentClosed, FulfilmentCancelled, FulfilmentDeclined:
		return Waybill{}, stateConflict(f.State, "there is a waybill from when the fulfilment is accepted until it is received")
	}
	out := Waybill{
		FulfilmentID: f.ID, ParcelID: parcelID, OrderID: r.ID, Way: f.Way, Receiver: r.Receiver, Remark: r.Remark, Carrier: f.Carrier, TrackingNo: f.TrackingNo,
	}
	if r.GiftOrder != nil { // what its buyer has said to the seller is not for the receiver
		out.GiftMessage, out.Remark = r.GiftOrder.Message, ""
	}
	if r.Kind == KindChannel {
		out.ExternalNo = r.SourceNo
	}
	if !r.Receiver.Ciphertext {
		out.ShownName, out.ShownPhone = mask.Name(r.Receiver.Name), mask.Phone(r.Receiver.Phone)
	}
	if parcelID != "" {
		p := slices.IndexFunc(f.Parcels, func(p Parcel) bool { return p.ID == parcelID && p.State != ParcelUndone })
		if p < 0 {
			return Waybill{}, NotFound("parcel")
		}
		out.Carrier, out.TrackingNo = f.Parcels[p].Carrier, f.Parcels[p].TrackingNo
	}
	for _, l := range f.Lines {
		n := f.Shipment(l, parcelID)
		if n == 0 {
			continue
		}
		out.Pieces += n
		facts := goods[l.SKU]
		if out.WeightG += n * facts.WeightG; facts.WeightG == 0 && !slices.Contains(out.Weightless, l.SKU) {
			out.Weightless = append(out.Weightless, l.SKU)
		}
		title := l.Title
		if facts.Title != nil {
			title = facts.Title // of a kit's part, whose line names the kit
		}
		if i := slices.IndexFunc(out.Lines, func(w WaybillLine) bool { return w.SKU == l.SKU }); i >= 0 {
			out.Lines[i].Quantity += n
			continue
		}
		out.Lines = append(out.Lines, WaybillLine{l.SKU, title, n})
	}
	return out, nil
}

// ToPick refuses a fulfilment of which nothing is to be taken from the shelves now.
func (f Fulfilment) ToPick() error {
	switch f.State {
	case FulfilmentAccepted, FulfilmentPartShipped:
		return nil
	}
	return stateConflict(f.State, "fulfilment "+f.ID+" is not to be picked now")
}

package biz

// ReportedLine is units of an order's line that have left: pieces, or whole kits.
type ReportedLine struct {
	No       int64  `json:"no"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// ShippingReport is what another platform has to be told.
type ShippingReport struct {
	ID, OrderID, Channel, ExternalNo string
	FulfilmentID, ParcelID           string // no parcel: the whole fulfilment
	Carrier, TrackingNo              string
	Lines                            []ReportedLine
	AtUS                             int64
}

// ToldPlatform: goods of another platform's order have left, or have left once more under another number.
type ToldPlatform struct{ FulfilmentID, ParcelID string }

func (ToldPlatform) effect() {}

// tellPlatform leaves word for the platform that an order comes from.
func (o *Order) tellPlatform(fulfilmentID, parcelID string) {
	if o.r.Kind == KindChannel {
		o.effects = append(o.effects, ToldPlatform{FulfilmentID: fulfilmentID, ParcelID: parcelID})
	}
}

// Report is what a platform is told of a fulfilment that has left, or of one of its parcels.
func (r Record) Report(e ToldPlatform) ShippingReport {
	out := ShippingReport{OrderID: r.ID, Channel: r.Channel, ExternalNo: r.SourceNo, FulfilmentID: e.FulfilmentID, ParcelID: e.ParcelID, AtUS: r.UpdatedAtUS}
	for _, f := range r.Fulfilments {
		if f.ID != e.FulfilmentID {
			continue
		}
		out.Carrier, out.TrackingNo = f.Carrier, f.TrackingNo
		for _, p := range f.Parcels {
			if p.ID == e.ParcelID {
				out.Carrier, out.TrackingNo = p.Carrier, p.TrackingNo
			}
		}
		var pieces []ReturnLine
		for _, l := range f.Lines {
			if n := f.Shipment(l, e.ParcelID); n > 0 {
				pieces = append(pieces, ReturnLine{LineID: l.LineID, SKU: l.SKU, Quantity: n})
			}
		}
		units := map[string]int64{}
		for i, n := range r.Worth(pieces) {
			units[pieces[i].LineID] += n
		}
		for _, l := range r.Lines {
			if units[l.ID] > 0 {
				out.Lines = append(out.Lines, ReportedLine{No: l.No, SKU: l.SKU, Quantity: units[l.ID]})
			}
		}
	}
	return out
}

package biz

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/onepool/onepool/app/internal/ids"
)

// Fulfilments of several orders may travel in one parcel. Of one it holds:
//   - they are of one location, seller, buyer, receiver and way, and in no parcels of their own;
//   - they leave together, under one number, or not at all; what is cancelled or declined before is out of it;
//   - nothing else of their orders is together: each keeps its money, its returns and its windows.

// MergedParcel is what was put together. A fulfilment is in it as long as it says so itself.
type MergedParcel struct {
	ID, Org, Location string // of the location
	Members           []MergedMember
	By                string
	AtUS              int64
}

// MergedMember is a fulfilment that was put into a merged parcel.
type MergedMember struct {
	OrderID      string `json:"order"`
	FulfilmentID string `json:"fulfilment"`
}

// Orders are the orders of a merged parcel, in the order in which they are locked.
func (m MergedParcel) Orders() []string {
	var list []string
	for _, x := range m.Members {
		list = append(list, x.OrderID)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// mostMerged bounds what travels in one parcel.
const mostMerged = 20

// NewMergedParcel puts fulfilments together, or says which of them does not fit.
func NewMergedParcel(records []Record, fulfilmentIDs []string, by string, nowUS int64) (MergedParcel, error) {
	if len(fulfilmentIDs) < 2 || len(fulfilmentIDs) > mostMerged {
		return MergedParcel{}, Invalid("fulfilment_ids", "must be 2 to 20")
	}
	m := MergedParcel{ID: ids.New("mpc"), By: by, AtUS: nowUS}
	var first together
	for _, id := range fulfilmentIDs {
		r, f := fulfilmentIn(records, id)
		if f == nil {
			return m, NotFound("fulfilment")
		}
		if f.Merged != "" {
			return m, merged(*f)
		}
		t, why := travels(*r, *f)
		if why != "" {
			return m, notMergeable(id, why)
		}
		if len(m.Members) == 0 {
			first, m.Org, m.Location = t, f.Org, f.Location
		}
		if why := first.differs(t); why != "" {
			return m, notMergeable(id, why)
		}
		m.Members = append(m.Members, MergedMember{r.ID, id})
	}
	return m, nil
}

func fulfilmentIn(records []Record, id string) (*Record, *Fulfilment) {
	for i := range records {
		for j := range records[i].Fulfilments {
			if records[i].Fulfilments[j].ID == id {
				return &records[i], &records[i].Fulfilments[j]
			}
		}
	}
	return nil, nil
}

// together is what fulfilments have in common that travel in one parcel.
type together struct {
	receiver neighbours
	location string
	way      Way
}

// neighbours is what orders have in common that go to the same person.
type neighbours struct{ seller, buyer, place, phone, name string }

// neighboursOf is empty where nobody may be matched: a platform's ciphertext, or no address.
func neighboursOf(h Header) neighbours {
	place := h.Place()
	if place == "" {
		return neighbours{}
	}
	buyer := "member/" + h.MemberID
	if h.MemberID == "" {
		buyer = "channel/" + h.Channel
	}
	digits := func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}
	return neighbours{seller: h.Org, buyer: buyer, place: place, phone: strings.Map(digits, h.Receiver.Phone),
		name: strings.ToLower(strings.Join(strings.Fields(h.Receiver.Name), " "))}
}

// Neighbours says whether two orders are of one seller and buyer, and go to one receiver.
func (h Header) Neighbours(other Header) bool {
	n := neighboursOf(h)
	return n != neighbours{} && n == neighboursOf(other)
}

// travels says with what a fulfilment can travel, or why with nothing.
func travels(r Record, f Fulfilment) (t together, why string) {
	t = together{neighboursOf(r.Header), f.Location, f.Way}
	switch {
	case f.Way != WayParcel && f.Way != WayLocal:
		return t, "the buyer collects it"
	case r.Receiver.Ciphertext:
		return t, "its receiver is a platform's ciphertext, by which nobody is matched"
	case t.receiver == neighbours{}:
		return t, "it has no address"
	case r.GiftOrder != nil:
		return t, "it is a gift, which has a waybill and a card of its own"
	case f.inParcels():
		return t, "it goes in parcels of its own"
	}
	switch f.State {
	case FulfilmentAccepted, FulfilmentPicked, FulfilmentPacked:
		return t, ""
	}
	return t, "it is " + string(f.State) + ", not accepted and still there"
}

// differs names what two have not in common.
func (t together) differs(other together) string {
	a, b := t.receiver, other.receiver
	switch {
	case t.location != other.location:
		return "it is at another location"
	case t.way != other.way:
		return "it goes another way"
	case a.seller != b.seller:
		return "it is of another seller"
	case a.buyer != b.buyer:
		return "it is of another buyer"
	case a != b:
		return "it goes to another receiver"
	}
	return ""
}

// Mergeable are groups of two or more fulfilments at a location that could travel together, the oldest first, and so within each.
func Mergeable(records []Record, location string) [][]MergedMember {
	type candidate struct {
		MergedMember
		since int64
	}
	groups := map[together][]candidate{}
	for _, r := range records {
		for _, f := range r.Fulfilments {
			if t, why := travels(r, f); why == "" && f.Merged == "" && f.Location == location {
				groups[t] = append(groups[t], candidate{MergedMember{r.ID, f.ID}, f.CreatedAtUS})
			}
		}
	}
	older := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.since, b.since), strings.Compare(a.FulfilmentID, b.FulfilmentID))
	}
	var lists [][]candidate
	for _, list := range groups {
		slices.SortFunc(list, older)
		for ; len(list) > 1; list = list[min(len(list), mostMerged):] {
			lists = append(lists, list[:min(len(list), mostMerged)])
		}
	}
	slices.SortFunc(lists, func(a, b []candidate) int { return older(a[0], b[0]) })
	out := make([][]MergedMember, len(lists))
	for i, list := range lists {
		for _, c := range list {
			out[i] = append(out[i], c.MergedMember)
		}
	}
	return out
}

// Merge puts a fulfilment into a merged parcel.
func (o *Order) Merge(fulfilmentID, parcelID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil {
		return NotFound("fulfilment")
	}
	if f.Merged != "" {
		return merged(*f)
	}
	f.Merged = parcelID
	return o.moveFulfilment(f, EventMerge, parcelID)
}

// In says whether a fulfilment is in a merged parcel.
func (r Record) In(fulfilmentID, parcelID string) bool {
	return slices.ContainsFunc(r.Fulfilments, func(f Fulfilment) bool { return f.ID == fulfilmentID && f.Merged == parcelID })
}

// TakeOut takes a fulfilment out of a merged parcel that has not left.
func (o *Order) TakeOut(fulfilmentID, parcelID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || f.Merged != parcelID {
		return NotFound("fulfilment")
	}
	f.Merged = ""
	return o.moveFulfilment(f, EventSplit, parcelID)
}

// LeavesMerged says whether a fulfilment that was put into a merged parcel is in it and may leave with it, under the receiver that all
// in it have: one whose address was changed is out of it. named is what is said to be in it. Who names nothing may not know that
// somebody's address was changed after the parcel was made.
func (o *Order) LeavesMerged(fulfilmentID, parcelID string, named []string, a AddressState) (bool, error) {
	in := o.r.In(fulfilmentID, parcelID)
	o.Label(a, a.Version())
	switch {
	case !in && len(named) == 0 && a.Changes > 0:
		return false, waybillChanged(a)
	case in && len(named) > 0 && !slices.Contains(named, fulfilmentID):
		return false, Invalid("fulfilment_ids", "must be all that is in the parcel: take out what is not")
	}
	return in, nil
}

// ShipMerged says that a merged parcel has left, with this fulfilment in it.
func (o *Order) ShipMerged(fulfilmentID, parcelID, carrier, trackingNo string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || f.Merged != parcelID {
		return NotFound("fulfilment")
	}
	if !f.Open() {
		return stateConflict(f.State, "the parcel has left")
	}
	return o.leave(f, carrier, trackingNo)
}

// MergedWaybill is that of what is in a merged parcel, as if it was one fulfilment: without references.
func MergedWaybill(bills []Waybill) (all Waybill) {
	for i, b := range bills {
		if i == 0 {
			all = Waybill{Way: b.Way, Receiver: b.Receiver, ShownName: b.ShownName, ShownPhone: b.ShownPhone, Carrier: b.Carrier, TrackingNo: b.TrackingNo}
		}
		all.Pieces, all.WeightG = all.Pieces+b.Pieces, all.WeightG+b.WeightG
		for _, sku := range b.Weightless {
			if !slices.Contains(all.Weightless, sku) {
				all.Weightless = append(all.Weightless, sku)
			}
		}
		for _, l := range b.Lines {
			if at := slices.IndexFunc(all.Lines, func(w WaybillLine) bool { return w.SKU == l.SKU }); at >= 0 {
				all.Lines[at].Quantity += l.Quantity
			} else {
				all.Lines = append(all.Lines, l)
			}
		}
	}
	return all
}

func merged(f Fulfilment) Refusal {
	return refuse(409, reasonMerged, "the fulfilment travels with others: ship the merged parcel, or take it out", "fulfilment_id", f.ID, "merged_parcel_id", f.Merged)
}

func notMergeable(fulfilmentID, why string) Refusal {
	return refuse(409, reasonNotMergeable, "these cannot travel in one parcel: "+why, "fulfilment_id", fulfilmentID, "why", why)
}

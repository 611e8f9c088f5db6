package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
)

// A fulfilment leaves as a whole, or in parcels. Of one in parcels it holds:
//   - no piece is in two parcels, and what has left of it is what its parcels took along;
//   - parcels are made again, split and merged, as long as they have not left; one that has left stays as it is;
//   - each takes along whole kits, so that it can also come back alone;
//   - its state follows them: partly shipped, shipped, delivered, failed, back.

// Parcel is a part of a fulfilment that travels by itself.
type Parcel struct {
	ID         string
	State      State
	Carrier    string
	TrackingNo string
	Lines      []ParcelLine
	// Failure is why it could not be handed over, the last time.
	Failure string

	MadeAtUS, ShippedAtUS, DeliveredAtUS, FailedAtUS, BackAtUS int64
}

// ParcelLine is pieces of one fulfilment line.
type ParcelLine struct {
	FulfilmentLineID string `json:"line"`
	Quantity         int64  `json:"quantity"`
}

// Content is what somebody puts into a parcel: pieces of an order's line. The SKU is needed where the line is a kit.
type Content struct {
	LineID, SKU string
	Quantity    int64
}

// Left says that a parcel has left, whatever became of it.
func (p Parcel) Left() bool {
	switch p.State {
	case ParcelShipped, ParcelDelivered, ParcelFailed, ParcelBack:
		return true
	}
	return false
}

// of counts the pieces of a fulfilment's line.
func (p Parcel) of(fulfilmentLineID string) (n int64) {
	for _, l := range p.Lines {
		if l.FulfilmentLineID == fulfilmentLineID {
			n += l.Quantity
		}
	}
	return n
}

// inParcels says that the fulfilment does not leave as a whole.
func (f Fulfilment) inParcels() bool {
	return slices.ContainsFunc(f.Parcels, func(p Parcel) bool { return p.State != ParcelUndone })
}

// Gone is how many pieces of a line have left.
func (f Fulfilment) Gone(l FulfilmentLine) (n int64) {
	switch {
	case f.State == FulfilmentPartShipped:
		for _, p := range f.Parcels {
			if p.Left() {
				n += p.of(l.ID)
			}
		}
		return n
	case f.Left():
		return l.Quantity
	}
	return 0
}

// PutParcels says in which parcels goods travel that have not left: what was planned before is undone. What is put into no
// parcel waits.
func (o *Order) PutParcels(fulfilmentID string, contents [][]Content) error {
	f, err := o.packable(fulfilmentID)
	if err != nil {
		return err
	}
	if err := o.undoParcels(f); err != nil {
		return err
	}
	for _, content := range contents {
		if _, err := o.makeParcel(f, content); err != nil {
			return err
		}
	}
	return nil
}

// packable finds a fulfilment of which something is still to leave in a parcel.
func (o *Order) packable(fulfilmentID string) (*Fulfilment, error) {
	f := o.fulfilment(fulfilmentID)
	switch {
	case f == nil:
		return nil, NotFound("fulfilment")
	case f.Way == WayPickup || f.Way == WayCarryOut:
		return nil, stateConflict(f.State, "the buyer collects it: there are no parcels")
	case f.Merged != "" && f.Open():
		return nil, merged(*f)
	}
	switch f.State {
	case FulfilmentAccepted, FulfilmentPicked, FulfilmentPacked, FulfilmentPartShipped:
		return f, nil
	}
	return nil, stateConflict(f.State, "nothing of the fulfilment is to be packed now")
}

// makeParcel takes pieces that are in no parcel.
func (o *Order) makeParcel(f *Fulfilment, content []Content) (*Parcel, error) {
	p := Parcel{ID: ids.New("pcl"), MadeAtUS: o.nowUS}
	for _, c := range content {
		left, fits := c.Quantity, false
		for _, l := range f.Lines {
			if l.LineID != c.LineID || c.SKU != "" && c.SKU != l.SKU || c.SKU == "" && l.SKU != o.r.SKUOf(l.LineID) {
				continue
			}
			fits = true
			n := min(left, l.Quantity-f.packed(l.ID)-p.of(l.ID))
			if n > 0 {
				p.Lines = append(p.Lines, ParcelLine{FulfilmentLineID: l.ID, Quantity: n})
				left -= n
			}
		}
		switch {
		case !fits:
			return nil, Invalid("lines", "must be lines of this fulfilment; of a kit, its parts by SKU")
		case c.Quantity < 1:
			return nil, Invalid("lines.quantity", "must be above 0")
		case left > 0:
			return nil, Invalid("lines.quantity", "is more than has not left, or is in another parcel")
		}
	}
	if len(p.Lines) == 0 {
		return nil, Invalid("lines", "a parcel must hold something")
	}
	if !o.wholeKits(*f, p) {
		return nil, Invalid("lines", "a kit travels in one parcel, with all its parts")
	}
	if err := o.move(SubjectParcel, p.ID, &p.State, EventPack, ""); err != nil {
		return nil, err
	}
	f.Version++
	f.Parcels = append(f.Parcels, p)
	return &f.Parcels[len(f.Parcels)-1], nil
}

// packed counts the pieces of a line that are in a parcel.
func (f Fulfilment) packed(fulfilmentLineID string) (n int64) {
	for _, p := range f.Parcels {
		if p.State != ParcelUndone {
			n += p.of(fulfilmentLineID)
		}
	}
	return n
}

// wholeKits says whether a parcel holds all parts of each kit of which it holds one.
func (o *Order) wholeKits(f Fulfilment, p Parcel) bool {
	type part struct{ line, sku string }
	held := map[part]int64{}
	for _, l := range f.Lines {
		if n := p.of(l.ID); n > 0 {
			held[part{l.LineID, l.SKU}] += n
		}
	}
	for _, line := range o.r.Lines {
		units := int64(-1)
		for _, kit := range o.r.parts(line) {
			n := held[part{line.ID, kit.sku}]
			if kit.pieces == 0 && n > 0 || kit.pieces > 0 && (n%kit.pieces != 0 || units >= 0 && n/kit.pieces != units) {
				return false
			}
			units = n / max(1, kit.pieces)
		}
	}
	return true
}

// undoParcels takes back what has not left.
func (o *Order) undoParcels(f *Fulfilment) error {
	for i := range f.Parcels {
		if p := &f.Parcels[i]; p.State == ParcelMade {
			if err := o.move(SubjectParcel, p.ID, &p.State, EventUndo, ""); err != nil {
				return err
			}
			f.Version++
		}
	}
	return nil
}

// ShipPart makes a parcel of some pieces, which leaves at once. The same number with the same content is a repeat.
func (o *Order) ShipPart(fulfilmentID string, content []Content, carrier, trackingNo string) error {
	f := o.fulfilment(fulfilmentID)
	if f != nil {
		for _, p := range f.Parcels {
			if p.Left() && p.Carrier == carrier && p.TrackingNo == trackingNo && o.holds(*f, p, content) {
				return nil
			}
		}
	}
	f, err := o.packable(fulfilmentID)
	if err != nil {
		return err
	}
	p, err := o.makeParcel(f, content)
	if err != nil {
		return err
	}
	return o.ShipParcel(p.ID, carrier, trackingNo)
}

// holds says whether a parcel has just this content.
func (o *Order) holds(f Fulfilment, p Parcel, content []Content) bool {
	type piece struct{ line, sku string }
	count := map[piece]int64{}
	for _, l := range f.Lines {
		count[piece{l.LineID, l.SKU}] += p.of(l.ID)
	}
	for _, c := range content {
		sku := c.SKU
		if sku == "" {
			sku = o.r.SKUOf(c.LineID)
		}
		count[piece{c.LineID, sku}] -= c.Quantity
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// ShipParcel says that a parcel has left, or leaves once more after it had failed. Under the number that it has it changes
// nothing, however late it is said.
func (o *Order) ShipParcel(parcelID, carrier, trackingNo string) error {
	f, p := o.parcel(parcelID)
	if p == nil {
		return NotFound("parcel")
	}
	if p.Left() && p.Carrier == carrier && p.TrackingNo == trackingNo {
		return nil
	}
	for _, other := range f.Parcels {
		if other.ID != p.ID && other.Left() && other.Carrier == carrier && other.TrackingNo == trackingNo {
			return Invalid("tracking_no", "is another parcel's")
		}
	}
	again := p.State == ParcelFailed
	if p.State == ParcelMade {
		if _, err := o.packable(f.ID); err != nil {
			return err
		}
		if err := o.labelled(); err != nil {
			return err
		}
	}
	if err := o.moveParcel(f, p, EventShip, carrier); err != nil {
		return err
	}
	p.Carrier, p.TrackingNo = carrier, trackingNo
	o.tellPlatform(f.ID, p.ID)
	if again {
		return o.followParcels(f)
	}
	p.ShippedAtUS = o.nowUS
	f.Carrier, f.TrackingNo = carrier, trackingNo
	o.effects = append(o.effects, Shipped{FulfilmentID: f.ID, ParcelID: p.ID})
	for _, l := range f.Lines {
		left := int64(0)
		for _, p := range f.Parcels {
			if p.Left() {
				left += p.of(l.ID)
			}
		}
		if left < l.Quantity {
			return o.moveFulfilment(f, EventShipPart, carrier)
		}
	}
	return o.allShipped(f, EventShip, carrier)
}

// allShipped says that the last part of a fulfilment has left, or that the rest will not.
func (o *Order) allShipped(f *Fulfilment, event Event, note string) error {
	if err := o.moveFulfilment(f, event, note); err != nil {
		return err
	}
	f.ShippedAtUS = o.nowUS
	o.awaitReceipt(f)
	return o.followParcels(f)
}

// DeliverParcel says that the carrier has handed a parcel over. Said again it changes nothing.
func (o *Order) DeliverParcel(parcelID, note string) error {
	f, p := o.parcel(parcelID)
	if p == nil {
		return NotFound("parcel")
	}
	if p.State == ParcelDelivered {
		return nil
	}
	if err := o.moveParcel(f, p, EventDeliver, note); err != nil {
		return err
	}
	p.DeliveredAtUS = o.nowUS
	return o.followParcels(f)
}

// FailParcel says that the carrier could not hand a parcel over. It is shipped once more, or taken back.
func (o *Order) FailParcel(parcelID, reason string) error {
	f, p := o.parcel(parcelID)
	if p == nil {
		return NotFound("parcel")
	}
	if p.State == ParcelFailed {
		return nil
	}
	if err := o.moveParcel(f, p, EventFail, reason); err != nil {
		return err
	}
	p.Failure = reason
	if p.FailedAtUS == 0 {
		p.FailedAtUS = o.nowUS
	}
	return o.followParcels(f)
}

// TakeBackParcel says that a parcel which could not be handed over is back: what is in it is refunded, see TakeBack.
func (o *Order) TakeBackParcel(parcelID string) error {
	f, p := o.parcel(parcelID)
	if p == nil {
		return NotFound("parcel")
	}
	if err := o.moveParcel(f, p, EventTakeBack, ""); err != nil {
		return err
	}
	p.BackAtUS = o.nowUS
	if err := o.followParcels(f); err != nil {
		return err
	}
	return o.refundUndelivered(f, p.Failure, func(l FulfilmentLine) int64 { return p.of(l.ID) })
}

// followParcels brings a fulfilment that has left to the state that its parcels are in together.
func (o *Order) followParcels(f *Fulfilment) error {
	count := map[State]int{}
	for _, p := range f.Parcels {
		count[p.State]++
	}
	under := count[ParcelShipped]
	switch {
	case f.State == FulfilmentFailed && under > 0:
		return o.moveFulfilment(f, EventShip, "") // one of them, once more
	case (f.State == FulfilmentShipped || f.State == FulfilmentFailed) && under+count[ParcelFailed] == 0 && count[ParcelDelivered] > 0:
		if err := o.moveFulfilment(f, EventDeliver, ""); err != nil {
			return err
		}
		f.DeliveredAtUS = o.nowUS
	case f.State == FulfilmentShipped && under+count[ParcelDelivered] == 0:
		if err := o.moveFulfilment(f, EventFail, ""); err != nil {
			return err
		}
		for _, p := range f.Parcels {
			if p.Failure != "" {
				f.Failure = p.Failure
			}
		}
		if f.FailedAtUS == 0 {
			f.FailedAtUS = o.nowUS
		}
		if count[ParcelFailed] == 0 {
			return o.followParcels(f)
		}
	case f.State == FulfilmentFailed && under+count[ParcelFailed]+count[ParcelDelivered] == 0:
		if err := o.moveFulfilment(f, EventTakeBack, ""); err != nil {
			return err
		}
		f.BackAtUS, f.CloseAtUS = o.nowUS, o.nowUS
	}
	return nil
}

// shorten drops what has not left of a partly shipped fulfilment: others stand for it, or nobody does.
func (o *Order) shorten(f *Fulfilment, note string) error {
	if err := o.undoParcels(f); err != nil {
		return err
	}
	for i := range f.Lines {
		f.Lines[i].Quantity = f.Gone(f.Lines[i])
	}
	f.ShortenedAtUS = o.nowUS
	return o.allShipped(f, EventShorten, note)
}

// shortened says that a part of the fulfilment was not to come from its location after all.
func (f Fulfilment) shortened() bool { return f.ShortenedAtUS > 0 }

func (o *Order) moveParcel(f *Fulfilment, p *Parcel, event Event, note string) error {
	if err := o.move(SubjectParcel, p.ID, &p.State, event, note); err != nil {
		return err
	}
	f.Version++
	return nil
}

func (o *Order) parcel(id string) (*Fulfilment, *Parcel) {
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		for j := range f.Parcels {
			if f.Parcels[j].ID == id {
				return f, &f.Parcels[j]
			}
		}
	}
	return nil, nil
}

// Shipping says how far an order's goods are.
type Shipping int

// How far goods are. What waits for stock, or is cancelled, has not left.
const (
	NothingShipped Shipping = iota
	PartShipped
	AllShipped
	AllDelivered
)

// Shipping follows from what has left of the fulfilments that stand.
func (r Record) Shipping() Shipping {
	left, waits, handed := false, r.Unallocated, true
	for _, f := range r.Fulfilments {
		if !f.Ends() {
			continue
		}
		for _, l := range f.Lines {
			gone := f.Gone(l)
			left, waits = left || gone > 0, waits || gone < l.Quantity
		}
		handed = handed && (f.State == FulfilmentDelivered || f.State == FulfilmentReceived || f.State == FulfilmentClosed)
	}
	switch {
	case !left:
		return NothingShipped
	case waits:
		return PartShipped
	case handed:
		return AllDelivered
	}
	return AllShipped
}

// shipments are the pieces of a line that left, by the document under which they did: the parcel, or the fulfilment itself.
func (f Fulfilment) shipments(l FulfilmentLine) map[string]int64 {
	left := map[string]int64{}
	if n := f.Gone(l); !f.inParcels() && n > 0 {
		left[f.ID] = n
	}
	for _, p := range f.Parcels {
		if p.Left() && p.of(l.ID) > 0 {
			left[p.ID] = p.of(l.ID)
		}
	}
	return left
}

// Shipment is how many pieces of a line a parcel takes along; no parcel: all of them.
func (f Fulfilment) Shipment(l FulfilmentLine, parcelID string) (n int64) {
	if parcelID == "" {
		return l.Quantity
	}
	for _, p := range f.Parcels {
		if p.ID == parcelID {
			n = p.of(l.ID)
		}
	}
	return n
}

// FirstSupply says whether no other parcel with goods of another owner than the seller has left: the fee of a fulfilment is due
// once.
func (f Fulfilment) FirstSupply(seller, parcelID string) bool {
	return !slices.ContainsFunc(f.Parcels, func(p Parcel) bool {
		return p.ID != parcelID && p.Left() && slices.ContainsFunc(f.Lines, func(l FulfilmentLine) bool { return l.Owner != seller && p.of(l.ID) > 0 })
	})
}

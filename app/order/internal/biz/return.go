package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
)

// ReturnWish is units of a line that somebody wants to bring back: pieces, or whole kits.
type ReturnWish struct {
	LineID   string
	Quantity int64
}

// RequestReturn opens a return of shipped pieces that are not in another one. A member may only return what it has
// received, within the window; staff also later.
func (o *Order) RequestReturn(wishes []ReturnWish, reason string, byMember bool, pictures ...string) (string, error) {
	ret := Return{ID: ids.New("ret"), Reason: reason, Pictures: pictures, RequestedAtUS: o.nowUS}
	taken := map[string]int64{} // by fulfilment line, within this request
	for _, wish := range wishes {
		l := o.line(wish.LineID)
		if l == nil {
			return "", NotFound("line")
		}
		if !l.Returnable {
			return "", notReturnable(*l, "this SKU cannot be returned")
		}
		pieces, short := o.pick(wish, taken, byMember)
		if short > 0 {
			if byMember {
				if _, anyway := o.pick(wish, taken, false); anyway == 0 {
					return "", notReturnable(*l, "not received yet, or the return window is over: ask the store")
				}
				return "", refundExceeds(l.ID, o.left(wish.LineID, taken))
			}
			return "", refundExceeds(l.ID, wish.Quantity-short)
		}
		for _, p := range pieces {
			taken[p.FulfilmentLineID] += p.Quantity
		}
		ret.Lines = append(ret.Lines, pieces...)
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventRequest, reason); err != nil {
		return "", err
	}
	o.r.Returns = append(o.r.Returns, ret)
	o.forecast(&o.r.Returns[len(o.r.Returns)-1])
	return ret.ID, nil
}

// pick finds units of a line in its fulfilments, the oldest first: all parts of a kit together; short is how many are missing.
func (o *Order) pick(wish ReturnWish, taken map[string]int64, byMember bool) (pieces []ReturnLine, short int64) {
	short = wish.Quantity
	parts := o.r.parts(*o.line(wish.LineID))
	for _, f := range o.r.Fulfilments {
		if !o.returnableNow(f, byMember) {
			continue
		}
		n := min(short, o.unitsLeft(f, wish.LineID, parts, taken))
		short -= n
		for _, p := range parts {
			need := n * p.pieces
			for _, l := range f.Lines {
				if q := min(need, o.piecesLeft(f, l, taken)); q > 0 && l.LineID == wish.LineID && l.SKU == p.sku {
					pieces = append(pieces, ReturnLine{ID: ids.New("rln"), LineID: l.LineID, FulfilmentLineID: l.ID, SKU: l.SKU, Quantity: q})
					need -= q
				}
			}
		}
	}
	return pieces, short
}

// unitsLeft is how many units of a line a fulfilment can still give back: of a kit, what all its parts are there for.
func (o *Order) unitsLeft(f Fulfilment, lineID string, parts []part, taken map[string]int64) int64 {
	units := int64(-1)
	for _, p := range parts {
		var n int64
		for _, l := range f.Lines {
			if l.LineID == lineID && l.SKU == p.sku {
				n += o.piecesLeft(f, l, taken)
			}
		}
		if n /= max(1, p.pieces); units < 0 || n < units {
			units = n
		}
	}
	return max(0, units)
}

// piecesLeft have left, are not back, and in no return that is open or in the making.
func (o *Order) piecesLeft(f Fulfilment, l FulfilmentLine, taken map[string]int64) int64 {
	return f.Gone(l) - l.ReturnedQuantity - o.openPieces(l.ID) - taken[l.ID]
}

func (o *Order) returnableNow(f Fulfilment, byMember bool) bool {
	if byMember {
		return f.State == FulfilmentReceived && o.nowUS < f.ReturnUntilUS
	}
	return f.Left() && f.State != FulfilmentFailed // of what failed it is not known yet where it goes
}

func (o *Order) left(lineID string, taken map[string]int64) (n int64) {
	parts := o.r.parts(*o.line(lineID))
	for _, f := range o.r.Fulfilments {
		if o.returnableNow(f, false) {
			n += o.unitsLeft(f, lineID, parts, taken)
		}
	}
	return n
}

// underReturn says whether pieces of a fulfilment line are in a return that is not over, money included.
func (o *Order) underReturn(fulfilmentLineID string) bool {
	return slices.ContainsFunc(o.r.Returns, func(ret Return) bool {
		return ret.State != ReturnRefunded && ret.State != ReturnRefused && ret.State != ReturnWithdrawn && slices.ContainsFunc(ret.Lines, func(l ReturnLine) bool { return l.FulfilmentLineID == fulfilmentLineID })
	})
}

// openPieces of a fulfilment line are in returns whose goods are not back yet.
func (o *Order) openPieces(fulfilmentLineID string) (n int64) {
	for _, ret := range o.r.Returns {
		if !ret.open() {
			continue
		}
		for _, l := range ret.Lines {
			if l.FulfilmentLineID == fulfilmentLineID {
				n += l.Quantity
			}
		}
	}
	return n
}

// open says whether a return may still bring goods back.
func (ret Return) open() bool {
	return ret.State == ReturnRequested || ret.State == ReturnApproved || ret.State == ReturnSent
}

// forecast says what a return will give back if it is the next one to be received.
func (o *Order) forecast(ret *Return) {
	ahead := map[string]int64{}
	for _, other := range o.r.Returns {
		if other.ID == ret.ID || !other.open() {
			continue
		}
		for i, units := range o.r.Worth(other.Lines) {
			ahead[other.Lines[i].LineID] += units
		}
	}
	o.share(ret, ahead)
	units := map[string]int64{}
	for i, n := range o.r.Worth(ret.Lines) {
		units[ret.Lines[i].LineID] += n
	}
	o.chargeGifts(ret, units)
}

// share computes what each piece gives back, after ahead units of its line. What an approved exchange gives back is fixed,
// and counts for all others as given back already.
func (o *Order) share(ret *Return, ahead map[string]int64) {
	fixed := ret.fixed()
	ret.RefundMinor, ret.PointsBack = 0, 0
	behind := map[string]int64{} // by how much less was given back of a line than its pieces stand for; once for each line
	for i, units := range o.r.Worth(ret.Lines) {
		piece := &ret.Lines[i]
		if !fixed {
			l := o.line(piece.LineID)
			promised, promisedMinor := o.promised(l.ID, ret.ID)
			before := l.Ended() + promised
			if _, seen := behind[l.ID]; !seen {
				behind[l.ID] = l.Back(0, before).MoneyMinor - l.RefundedMinor - promisedMinor
			}
			back := l.Back(before+ahead[l.ID], units)
			ahead[l.ID] += units
			piece.RefundMinor, piece.PointsBack = max(0, back.MoneyMinor+behind[l.ID]), back.Points
			behind[l.ID] += back.MoneyMinor - piece.RefundMinor
		}
		ret.RefundMinor += piece.RefundMinor
		ret.PointsBack += piece.PointsBack
	}
}

// ApproveReturn says that the goods may come back, or that the buyer gets the money without them.
func (o *Order) ApproveReturn(returnID string) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	if ret.RefundOnly {
		return o.RefundWithoutReturn(returnID, "")
	}
	if len(ret.Exchange) > 0 {
		return stateConflict(ret.State, "the buyer wants other goods: approve the exchange, or refuse it")
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventApprove, ""); err != nil {
		return err
	}
	ret.ApprovedAtUS = o.nowUS
	return nil
}

// RefuseReturn says that the goods may not come back, and why.
func (o *Order) RefuseReturn(returnID, reason string) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	ret.Refusal = reason
	return o.move(SubjectReturn, ret.ID, &ret.State, EventRefuse, reason)
}

// WithdrawReturn says that the buyer keeps the goods.
func (o *Order) WithdrawReturn(returnID string) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	return o.move(SubjectReturn, ret.ID, &ret.State, EventWithdraw, "")
}

// SendReturn says in which parcel the goods come back.
func (o *Order) SendReturn(returnID, carrier, trackingNo string) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventSend, carrier); err != nil {
		return err
	}
	ret.Carrier, ret.TrackingNo, ret.SentAtUS = carrier, trackingNo, o.nowUS
	return nil
}

// ReceiveReturn says that the goods are back, at a location or where they came from, and what was found of them: what they
// give back is final, and the money is on its way.
func (o *Order) ReceiveReturn(returnID, location string, found ...Inspected) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventReceive, location); err != nil {
		return err
	}
	if err := o.inspect(ret, found); err != nil {
		return err
	}
	ret.Location = location
	return o.takeBack(ret)
}

// takeBack gives the money of a return back: how much is final, and it is on its way.
func (o *Order) takeBack(ret *Return) error {
	ret.ReceivedAtUS = o.nowUS
	o.share(ret, map[string]int64{})
	for i, units := range o.r.Worth(ret.Lines) {
		piece := ret.Lines[i]
		l := o.line(piece.LineID)
		l.ReturnedQuantity += units
		l.RefundedMinor += piece.RefundMinor
		l.PointsBack += piece.PointsBack
		_, fl := o.fulfilmentLine(piece.FulfilmentLineID)
		fl.ReturnedQuantity += piece.Back()
	}
	if ret.ExchangeOrder == "" {
		ret.FreightMinor = o.freightBack(nil)
	}
	o.r.FreightRefundedMinor += ret.FreightMinor
	o.chargeGifts(ret, nil)
	o.r.GiftChargedMinor += ret.GiftMinor
	if err := o.payOut(ret); err != nil {
		return err
	}
	if slices.ContainsFunc(ret.Lines, func(p ReturnLine) bool { return p.Arrived()+p.Back() > 0 }) {
		o.effects = append(o.effects, GoodsBack{ReturnID: ret.ID})
	}
	return o.endReturn(ret.ID)
}

func (o *Order) returned(id string) *Return {
	i := slices.IndexFunc(o.r.Returns, func(r Return) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &o.r.Returns[i]
}

func (o *Order) fulfilmentLine(id string) (*Fulfilment, *FulfilmentLine) {
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		for j := range f.Lines {
			if f.Lines[j].ID == id {
				return f, &f.Lines[j]
			}
		}
	}
	return nil, nil
}

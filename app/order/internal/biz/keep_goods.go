package biz

import "github.com/onepool/onepool/app/internal/money"

// KeepGoods makes a request one for the money alone. A member's is granted at once as long as all such refunds of the order
// are within what its terms allow, with the freight that they bring along, and no points are in it; else the seller decides.
func (o *Order) KeepGoods(returnID string, byMember bool) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	ret.RefundOnly = true
	most := o.returnTerms().KeepGoodsMinor
	if !byMember || most == 0 {
		return nil
	}
	sum := o.freightBack(ret.units(o.r))
	for _, other := range o.r.Returns {
		if other.RefundOnly && other.State != ReturnRefused && other.State != ReturnWithdrawn {
			if other.PointsBack > 0 {
				return nil
			}
			sum += other.RefundMinor + other.FreightMinor
		}
	}
	if sum > most {
		return nil
	}
	return o.RefundWithoutReturn(returnID, "within the rule for small amounts")
}

// RefundWithoutReturn gives the money back although the goods are not there: the buyer keeps them, or they are lost.
func (o *Order) RefundWithoutReturn(returnID, reason string) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventForgo, reason); err != nil {
		return err
	}
	for i := range ret.Lines {
		p := &ret.Lines[i]
		p.Damaged, p.Missing, p.Forgiven = 0, p.Quantity, p.Quantity
	}
	return o.takeBack(ret)
}

// FreightRefund says when a buyer who gives goods back gets the freight back.
type FreightRefund int64

// When the freight comes back.
const (
	FreightKept     FreightRefund = iota // never
	FreightWithLast                      // with the last piece of the order
	FreightProRata                       // in proportion to the goods
)

// freightBack is what of the freight is due now and has not come back yet; more are units, by line, that come back as well.
func (o *Order) freightBack(more map[string]int64) int64 {
	var goods, back int64
	whole := true
	for _, l := range o.r.Lines {
		goods += l.PayableMinor
		ended := l.Ended() + more[l.ID]
		back += money.Proportion(l.PayableMinor, ended, l.Quantity)
		whole = whole && ended == l.Quantity
	}
	rule := o.returnTerms().Freight
	switch {
	case rule == FreightKept:
		return 0
	case whole:
		return o.r.FreightMinor - o.r.FreightRefundedMinor
	case rule == FreightProRata:
		return max(0, money.Proportion(o.r.FreightMinor, back, goods)-o.r.FreightRefundedMinor)
	}
	return 0
}

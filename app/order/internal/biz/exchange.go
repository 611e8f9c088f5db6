package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// exchangeWindowUS is how long a replacement waits for the goods that it stands for.
const exchangeWindowUS = 30 * dayUS

// ExchangeWish is goods that a buyer wants instead of what comes back of a line. No SKU: the same, at the price that was paid.
type ExchangeWish struct {
	LineID   string `json:"line_id"`
	SKU      string `json:"sku,omitempty"`
	Quantity int64  `json:"quantity"`
}

// same says whether the wish is for the same goods.
func (w ExchangeWish) same(l Line) bool { return w.SKU == "" || w.SKU == l.SKU }

// WishExchange makes a request one for other goods instead of money.
func (o *Order) WishExchange(returnID string, wishes []ExchangeWish) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	if o.r.GiftOrder != nil {
		return Invalid("exchange", "is not for gifts: the buyer does not know where they went")
	}
	units := ret.units(o.r)
	wanted := map[string]int64{}
	for _, w := range wishes {
		l := o.line(w.LineID)
		if l == nil || units[w.LineID] == 0 {
			return Invalid("exchange.line_id", "must be a line of this return")
		}
		if l.PointsAmountMinor > 0 {
			return Invalid("exchange.line_id", "is not for what points paid: return it, and buy again")
		}
		if w.same(*l) {
			wanted[l.ID] += w.Quantity
		}
		if wanted[l.ID] > units[l.ID] {
			return Invalid("exchange.quantity", "of the same must not be above what comes back")
		}
	}
	ret.Exchange = o.merged(wishes)
	o.forecastExchange(ret)
	return nil
}

// merged are wishes of which each line has at most one for the same goods.
func (o *Order) merged(wishes []ExchangeWish) (list []ExchangeWish) {
	at := map[string]int{}
	for _, w := range wishes {
		if !w.same(*o.line(w.LineID)) {
			list = append(list, w)
			continue
		}
		i, seen := at[w.LineID]
		if !seen {
			i = len(list)
			at[w.LineID], list = i, append(list, ExchangeWish{LineID: w.LineID})
		}
		list[i].Quantity += w.Quantity
	}
	return list
}

// units of each line that a return gives back.
func (ret Return) units(r Record) map[string]int64 {
	units := map[string]int64{}
	for i, n := range r.Worth(ret.Lines) {
		units[ret.Lines[i].LineID] += n
	}
	return units
}

// fixed says whether a return gives back what was promised with its replacement: all of it is there.
func (ret Return) fixed() bool {
	if ret.ExchangeOrder == "" {
		return false
	}
	for _, p := range ret.Lines {
		if p.Back() != p.Quantity {
			return false
		}
	}
	return true
}

// promised are units of a line, and their money, in approved exchanges whose goods are not back, other than one.
func (o *Order) promised(lineID, exceptReturn string) (units, minor int64) {
	for _, ret := range o.r.Returns {
		if ret.ID == exceptReturn || !ret.open() || !ret.fixed() {
			continue
		}
		units += ret.units(o.r)[lineID]
		for _, p := range ret.Lines {
			if p.LineID == lineID {
				minor += p.RefundMinor
			}
		}
	}
	return units, minor
}

// replaced are units of a line that have come back, and for which the buyer gets the same again: they go on earning gifts.
func (o *Order) replaced(lineID string) (sum int64) {
	for _, ret := range o.r.Returns {
		if ret.ExchangeOrder != "" && (ret.State == ReturnReceived || ret.State == ReturnRefunded) {
			sum += min(ret.units(o.r)[lineID], o.again(ret)[lineID])
		}
	}
	return sum
}

// again are units of each line that a buyer wants the same for.
func (o *Order) again(ret Return) map[string]int64 {
	units := map[string]int64{}
	for _, w := range ret.Exchange {
		if l := o.line(w.LineID); l != nil && w.same(*l) {
			units[l.ID] += w.Quantity
		}
	}
	return units
}

// ExchangeDraft is the replacement's order: the same goods at the price and shares that were frozen, others at today's price,
// with the attributions of the order that they replace. Nothing is held yet.
func (s Seeker) ExchangeDraft(ctx context.Context, o *Order, returnID string, nowUS int64) (Draft, error) {
	ret := o.returned(returnID)
	switch {
	case ret == nil:
		return Draft{}, NotFound("return")
	case ret.State != ReturnRequested || len(ret.Exchange) == 0:
		return Draft{}, stateConflict(ret.State, "only a request for other goods, which nobody has answered, is approved so")
	}
	o.forecastExchange(ret)
	r := o.r
	var others []WantedLine
	for _, w := range ret.Exchange {
		if l := r.line(w.LineID); !w.same(*l) {
			others = append(others, WantedLine{SKU: w.SKU, Quantity: w.Quantity})
		}
	}
	p := Price{Currency: r.Currency, TaxOnTop: r.TaxOnTop}
	if len(others) > 0 {
		var err error
		if p, _, err = s.Price(ctx, PriceQuery{Channel: r.Channel, Store: r.ShopStore, MemberID: r.MemberID, Lines: others}); err != nil {
			return Draft{}, err
		}
		if p.Currency != r.Currency {
			return Draft{}, amountInvalid("exchange")
		}
		if err := p.CheckFinalSale(nil); err != nil {
			return Draft{}, err
		}
	}
	units := ret.units(r)
	for _, w := range ret.Exchange {
		l := *r.line(w.LineID)
		if !w.same(l) {
			continue
		}
		var back int64
		for _, piece := range ret.Lines {
			if piece.LineID == l.ID {
				back += piece.RefundMinor
			}
		}
		p.replace(l, w.Quantity, money.Proportion(back, w.Quantity, units[l.ID]))
	}
	credit := ret.RefundMinor - ret.GiftMinor
	if r.Kind == KindChannel && p.ToPayMinor() > credit {
		return Draft{}, Invalid("exchange.sku", "is dearer than what comes back, and the platform takes no more money: return the goods, and sell others there")
	}
	way, store := r.Way, r.PickupStore
	if r.Kind == KindTill { // it is handed over where it was sold
		way, store = WayPickup, r.ShopStore
	}
	id := ids.New("ord")
	d := NewDraft(Header{
		ID: id, Org: r.Org, Kind: KindMall, Channel: r.Channel, SourceNo: id, ShopStore: r.ShopStore, MemberID: r.MemberID,
		MerchantAccount: r.MerchantAccount, Attributions: r.Attributions, Way: way, PickupStore: store, Receiver: r.Receiver,
		PayUntilUS: nowUS + exchangeWindowUS, ReturnTerms: r.ReturnTerms, TaxProfile: r.TaxProfile, OriginOrder: r.ID, OriginReturn: ret.ID, CreditMinor: credit,
	}, p)
	d.Destination = r.Receiver.Point
	return d, nil
}

// forecastExchange says what a return gives back if it is approved now, with all that is promised.
func (o *Order) forecastExchange(ret *Return) {
	o.share(ret, map[string]int64{})
	units := ret.units(o.r)
	for id, n := range o.again(*ret) { // the same again goes on earning gifts
		units[id] = max(0, units[id]-n)
	}
	o.chargeGifts(ret, units)
}

// replace adds a line of goods that were bought before, for what was paid for them, taxed as it was then.
func (p *Price) replace(l Line, quantity, payableMinor int64) {
	gross := max(money.Proportion(l.GrossMinor, quantity, l.Quantity), payableMinor)
	line := PricedLine{
		SKU: l.SKU, Title: l.Title, TaxClass: l.TaxClass, Returnable: l.Returnable, Quantity: quantity, UnitMinor: l.UnitMinor, GrossMinor: gross,
		DiscountMinor: gross - payableMinor, PayableMinor: payableMinor, Key: "same-" + l.ID, TaxBP: l.TaxBP,
		TaxMinor: money.Proportion(payableMinor, l.TaxBP, money.BasisPoints+l.TaxBP),
	}
	line.Discounts = scaled(l.Discounts, line.DiscountMinor)
	p.Lines = append(p.Lines, line)
	p.GoodsMinor += line.PayableMinor
	p.DiscountMinor += line.DiscountMinor
	p.TotalMinor += line.PayableMinor
	p.TaxMinor += line.TaxMinor
}

// scaled are discounts of another sum, borne in the same shares.
func scaled(discounts []Discount, total int64) []Discount {
	weights := make([]int64, len(discounts))
	for i, d := range discounts {
		weights[i] = d.AmountMinor
	}
	parts, err := money.Allocate(total, weights)
	if err != nil { // there was no discount
		return nil
	}
	out := make([]Discount, len(discounts))
	for i, d := range discounts {
		out[i] = d
		out[i].AmountMinor, out[i].Bearers = parts[i], nil
		shares := make([]int64, len(d.Bearers))
		for j, b := range d.Bearers {
			shares[j] = b.AmountMinor
		}
		borne, err := money.Allocate(parts[i], shares)
		for j, b := range d.Bearers {
			if err == nil {
				b.AmountMinor = borne[j]
			}
			out[i].Bearers = append(out[i].Bearers, b)
		}
	}
	return out
}

// ApproveExchange approves a return for which a replacement is held: what comes back of it is fixed from now on.
func (o *Order) ApproveExchange(returnID, replacement string, creditMinor int64) error {
	ret := o.returned(returnID)
	if ret == nil {
		return NotFound("return")
	}
	o.forecastExchange(ret)
	if ret.RefundMinor-ret.GiftMinor != creditMinor {
		return stateConflict(ret.State, "other goods have come back meanwhile: approve it again")
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventApprove, replacement); err != nil {
		return err
	}
	ret.ApprovedAtUS, ret.ExchangeOrder = o.nowUS, replacement
	return nil
}

// Transferable says how much the replacement's order of a return takes.
func (o *Order) Transferable(replacement string, leftMinor int64) {
	o.transferable = map[string]int64{replacement: leftMinor}
}

// payOut gives the money of a return back: to the order of its replacement as much as that takes, the rest to where it came
// from.
func (o *Order) payOut(ret *Return) error {
	out := ret.RefundMinor + ret.FreightMinor - ret.GiftMinor
	takes := o.transferable[ret.ExchangeOrder]
	if o.r.ends(*ret) {
		takes = 0
	}
	if moved := min(out, takes); ret.ExchangeOrder != "" && moved > 0 {
		if err := o.refundFrom(moved, ret.ID, ReasonExchange); err != nil {
			return err
		}
		out -= moved
	}
	return o.refundFrom(out, ret.ID, "return")
}

// ReasonExchange is why money moves to the order of a replacement.
const ReasonExchange = "exchange"

// Transfer is money that moves from a refund of one order to another order.
type Transfer struct {
	RefundID, Provider string
	AmountMinor        int64
}

// Transfers are what a return has moved to the order of its replacement.
func (r Record) Transfers(returnID string) (moved []Transfer) {
	for _, f := range r.Refunds {
		if f.ReturnID != returnID || f.Reason != ReasonExchange {
			continue
		}
		provider := ProviderExchange
		for _, c := range r.Captures {
			if c.ID == f.CaptureID && (c.Provider == ProviderCash || c.Provider == ProviderCard || c.Provider == ProviderPlatform) {
				provider = c.Provider // it goes back the same way
			}
		}
		moved = append(moved, Transfer{f.ID, provider, f.AmountMinor})
	}
	return moved
}

// TakeExchange pays the replacement with what came back for it; what is still missing is the buyer's to pay.
func (o *Order) TakeExchange(moved []Transfer) error {
	for _, t := range moved {
		if err := o.take(t.Provider, t.RefundID, t.AmountMinor); err != nil {
			return err
		}
	}
	o.r.CreditMinor = 0
	return o.payWhole()
}

// EndsExchange says that the replacement of a return comes to nothing: not all of the goods that it stands for came back, and
// nobody could pay for what is missing.
func (r Record) EndsExchange(returnID string) bool {
	i := slices.IndexFunc(r.Returns, func(ret Return) bool { return ret.ID == returnID })
	return i >= 0 && r.ends(r.Returns[i])
}

func (r Record) ends(ret Return) bool {
	return ret.ExchangeOrder != "" && !ret.fixed() && r.Kind == KindChannel
}

// EndExchange closes the replacement of a return, and says why.
func (o *Order) EndExchange(why string) error {
	if o.r.State != OrderUnpaid {
		return nil
	}
	return o.Cancel(why)
}

// PayDifference pays what is left of a replacement at the till of the store that sold the goods, once they are back: all of it.
func (o *Order) PayDifference(store string, cashMinor int64, cards []CardTender) error {
	switch {
	case o.r.OriginReturn == "" || o.r.Channel != ChannelPOS || o.r.ShopStore != store:
		return OrderUnknown()
	case o.r.State != OrderUnpaid:
		return stateConflict(o.r.State, "nothing is left to pay")
	case o.r.CreditMinor > 0:
		return stateConflict(o.r.State, "the goods that it replaces are not back yet: receive them first")
	}
	left := o.r.LeftMinor()
	if err := CheckTaken(Price{Currency: o.r.Currency, TotalMinor: left}, cashMinor, 0, cards); err != nil {
		return err
	}
	if err := o.take(ProviderCash, o.r.ID, cashMinor); err != nil {
		return err
	}
	for _, c := range cards {
		if err := o.take(ProviderCard, CardNo(store, c.Reference), c.AmountMinor); err != nil {
			return err
		}
	}
	return o.pay()
}

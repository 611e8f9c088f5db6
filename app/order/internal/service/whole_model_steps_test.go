package service

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (n *notebook) claim(rt *rapid.T) {
	if len(n.order) == 3 {
		rt.Skip("enough")
	}
	c := n.s.claim(n.code("ONE"))
	n.coupons[c.Id], n.order = nil, append(n.order, c.Id)
}

// take books pieces out, from the locations in their order.
func (n *notebook) take(sku string, quantity int64) (taken map[string]int64, enough bool) {
	taken = map[string]int64{}
	for _, at := range locations {
		if k := min(quantity, n.shelf[shelf{at, sku}]); k > 0 {
			taken[at], quantity = k, quantity-k
		}
	}
	return taken, quantity == 0
}

func (n *notebook) place(rt *rapid.T) {
	if len(n.bills) == 6 {
		rt.Skip("enough")
	}
	wanted := [2]int64{rapid.Int64Range(0, 3).Draw(rt, "dear"), rapid.Int64Range(0, 6).Draw(rt, "cheap")}
	if wanted[0]+wanted[1] == 0 {
		wanted[1] = 1
	}
	points, coupon := rapid.Int64Range(0, 600).Draw(rt, "points"), ""
	if len(n.order) > 0 && rapid.Bool().Draw(rt, "with a coupon") {
		coupon = rapid.SampledFrom(n.order).Draw(rt, "coupon")
	}
	req := wish()
	for i, quantity := range wanted {
		if quantity > 0 {
			req.Lines = append(req.Lines, line(n.skus[i], quantity))
		}
	}
	if req.Points = points; coupon != "" {
		req.CouponIds = []string{coupon}
	}
	p := &bill{state: "UNPAID", coupon: coupon, points: points}
	goods := wanted[0]*dear + wanted[1]*cheap
	if wanted[0] > 0 && budgetOfAll-n.used >= budgetOff {
		p.off = budgetOff
	}
	total := goods - p.off + freightOfDelivery
	if coupon != "" {
		total -= couponOff
	}
	p.toPay = total - points
	enough := true
	taken := [2]map[string]int64{}
	for i := range wanted {
		var has bool
		taken[i], has = n.take(n.skus[i], wanted[i])
		enough = enough && has
	}
	o, err := n.at.PlaceOrder(n.as(ann), req)
	usable := coupon == "" || n.coupons[coupon] == nil && wanted[0] > 0
	if !said(rt, usable && enough && points <= n.points, err) {
		return
	}
	require.Equal(rt, total, o.Total.AmountMinor)
	p.id, p.payUntil = o.Id, o.PayUntilUs
	var payable int64
	for _, l := range o.Lines {
		p.lines = append(p.lines, &article{id: l.LineId, sku: l.Sku, quantity: l.Quantity, payable: l.Payable.AmountMinor - l.PointsAmount.AmountMinor, points: l.Points})
		payable += l.Payable.AmountMinor
	}
	require.Equal(rt, total-freightOfDelivery, payable, "the lines are the goods")
	for i := range wanted {
		for at, k := range taken[i] {
			n.shelf[shelf{at, n.skus[i]}] -= k
		}
	}
	if n.points, n.used = n.points-points, n.used+p.off; coupon != "" {
		n.coupons[coupon] = p
	}
	n.bills = append(n.bills, p)
	n.planned(rt, p)
	for i, sku := range n.skus {
		for at, k := range taken[i] {
			require.Equal(rt, k, p.held(at, sku), "%s at %s", sku, at)
		}
	}
}

// planned reads the pieces that the notebook does not have yet: which they are, the step has to prove.
func (n *notebook) planned(rt *rapid.T, p *bill) {
	r, err := n.s.Orders.Load(n.s.t.Context(), p.id)
	require.NoError(rt, err)
	for _, f := range r.Fulfilments[len(p.parts):] {
		part := &piece{id: f.ID, location: f.Location, state: string(f.State), quantity: map[*article]int64{}, returned: map[*article]int64{}, sent: map[*article]int64{}}
		for _, l := range f.Lines {
			part.quantity[p.article(l.LineID)] += l.Quantity
		}
		p.parts = append(p.parts, part)
	}
}

func (p *bill) article(id string) *article {
	return p.lines[slices.IndexFunc(p.lines, func(a *article) bool { return a.id == id })]
}

// held is what a location is to ship, or has shipped.
func (p *bill) held(at, sku string) (k int64) {
	for _, part := range p.parts {
		if part.location != at || part.state == "DECLINED" || part.state == "CANCELLED" {
			continue
		}
		for a, quantity := range part.quantity {
			if a.sku == sku {
				k += quantity
			}
		}
	}
	return k
}

func (p *bill) unpaid() bool { return p.state == "UNPAID" }

func (n *notebook) ask(rt *rapid.T) { n.asking(rt, mostly(rt, n.bills, (*bill).unpaid), 0) }

func (n *notebook) askPart(rt *rapid.T) {
	n.asking(rt, mostly(rt, n.bills, (*bill).unpaid), rapid.Int64Range(1, 15_000).Draw(rt, "amount"))
}

func (n *notebook) asking(rt *rapid.T, p *bill, amount int64) {
	got, err := n.at.CreatePayment(n.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: p.id, Provider: "sandbox", AmountMinor: amount})
	left := p.toPay - p.kept
	if !said(rt, p.state == "UNPAID" && n.now() < p.payUntil && amount <= left, err) {
		return
	}
	if amount == 0 {
		amount = left
	}
	require.Equal(rt, amount, got.Amount.AmountMinor)
	for _, a := range p.asks {
		switch {
		case a.state != "PENDING":
			require.NotEqual(rt, a.id, got.Id, "what is over is not asked for again")
		case a.amount == amount:
			require.Equal(rt, a.id, got.Id, "asked for already")
			return
		default:
			a.state = "CLOSED"
		}
	}
	p.asks = append(p.asks, &asked{id: got.Id, state: "PENDING", payee: got.Payee, amount: amount})
}

// pay is a provider's call: the first one of a payment, a repeat, or another transaction for the same payment; late or not.
func (n *notebook) pay(rt *rapid.T) {
	p := mostly(rt, n.bills, func(p *bill) bool {
		return p.unpaid() && slices.ContainsFunc(p.asks, func(a *asked) bool { return a.state == "PENDING" })
	})
	a := mostly(rt, p.asks, func(a *asked) bool { return a.state == "PENDING" })
	n.paid(rt, p, a, fmt.Sprintf("%s-%d", a.id, rapid.IntRange(0, 1).Draw(rt, "transaction")))
}

// payTwice is a payment that has been paid: the same call again, or another transaction; mostly of an order that has a part of
// its money.
func (n *notebook) payTwice(rt *rapid.T) {
	came := func(a *asked) bool { return len(a.came) > 0 }
	p := mostly(rt, n.bills, func(p *bill) bool { return p.unpaid() && slices.ContainsFunc(p.asks, came) })
	a := mostly(rt, p.asks, came)
	n.paid(rt, p, a, fmt.Sprintf("%s-%d", a.id, rapid.IntRange(0, 2).Draw(rt, "transaction")))
}

// buy is what most buyers do: to pay at once what is left.
func (n *notebook) buy(rt *rapid.T) {
	p := one(rt, n.bills, func(p *bill) bool { return p.unpaid() && n.now() < p.payUntil })
	n.asking(rt, p, 0)
	for _, a := range p.asks {
		if a.state == "PENDING" {
			n.paid(rt, p, a, a.id+"-0")
		}
	}
}

func (n *notebook) paid(rt *rapid.T, p *bill, a *asked, no string) {
	require.Equal(rt, http.StatusOK, n.notify(a, no, a.amount))
	if slices.Contains(a.came, no) {
		return
	}
	const grace = 150 * second // half of what stock is held longer
	if p.state == "UNPAID" && n.now() > p.payUntil+grace {
		n.ends(p)
	}
	twice := len(a.came) > 0
	a.came, p.came, a.state = append(a.came, no), p.came+a.amount, "CAPTURED"
	if p.state != "UNPAID" || twice {
		return // all of it goes back
	}
	if p.kept += min(a.amount, p.toPay-p.kept); p.kept == p.toPay {
		p.state = "PAID"
		for _, other := range p.asks { // there is nothing left to pay
			if other.state == "PENDING" {
				other.state = "CLOSED"
			}
		}
		for _, part := range p.parts {
			if part.state == "PLANNED" {
				part.state = "ASSIGNED"
			}
		}
	}
}

func (n *notebook) payWrong(rt *rapid.T) {
	p := one(rt, n.bills, func(p *bill) bool { return len(p.asks) > 0 })
	a := one(rt, p.asks, func(*asked) bool { return true })
	require.Equal(rt, http.StatusBadRequest, n.notify(a, a.id+"-wrong", a.amount+1))
}

func (n *notebook) notify(a *asked, no string, amount int64) int {
	other := *n.s
	other.Order = n.at
	return other.notify(fmt.Sprintf(`{"notification_id":"n","payment_id":%q,"transaction_no":%q,"amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`, a.id, no, amount, a.payee))
}

// ends cancels an order: all that it had goes back, but for what has been given back before or has come to nobody.
func (n *notebook) ends(p *bill) {
	was := p.state
	p.state, p.kept = "CANCELLED", 0
	for _, part := range p.parts {
		if part.state == "DECLINED" {
			continue
		}
		part.state = "CANCELLED"
		for a, quantity := range part.quantity {
			n.shelf[shelf{part.location, a.sku}] += quantity
		}
	}
	for _, a := range p.asks {
		if a.state == "PENDING" {
			a.state = "CLOSED"
		}
	}
	if was == "UNPAID" {
		n.points += p.points
	} else {
		p.pointsBack = p.points
		for _, a := range p.lines {
			a.refunded, a.giveUp = a.payable, a.points
		}
	}
	if n.used -= p.off; p.coupon != "" {
		n.coupons[p.coupon] = nil
	}
	p.off, p.waits = 0, false
}

// seldom leaves a step out three times of four.
func seldom(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "really") < 3 {
		rt.Skip("not this time")
	}
}

func (n *notebook) cancel(rt *rapid.T) {
	seldom(rt)
	p := n.any(rt)
	_, err := n.at.CancelOrder(n.as(boss), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: p.id, Reason: "x"})
	left := slices.ContainsFunc(p.parts, func(part *piece) bool { return part.has("PART_SHIPPED", "SHIPPED", "RECEIVED", "CLOSED") })
	if said(rt, (p.state == "UNPAID" || p.state == "PAID") && !left, err) {
		n.ends(p)
	}
}

func (p *piece) has(states ...string) bool { return slices.Contains(states, p.state) }

// piece draws a piece of some order, mostly one in such a state.
func (n *notebook) piece(rt *rapid.T, states ...string) (*bill, *piece) {
	fits := func(part *piece) bool { return part.has(states...) }
	p := mostly(rt, n.bills, func(p *bill) bool { return slices.ContainsFunc(p.parts, fits) })
	return p, mostly(rt, p.parts, fits)
}

func (n *notebook) accept(rt *rapid.T) {
	_, part := n.piece(rt, "ASSIGNED")
	_, err := n.at.AcceptFulfilment(n.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: part.id})
	if said(rt, part.has("ASSIGNED"), err) {
		part.state = "ACCEPTED"
	}
}

func (n *notebook) ship(rt *rapid.T) {
	_, part := n.piece(rt, "ACCEPTED")
	_, err := n.at.ShipFulfilment(n.as(boss), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: part.id, Carrier: "SF", TrackingNo: "1"})
	if said(rt, part.has("ACCEPTED"), err) {
		part.state, part.receivesAt = "SHIPPED", n.now()+testTerms.AutoReceiveUS
	}
}

// shipPart sends some pieces of one line in a parcel.
func (n *notebook) shipPart(rt *rapid.T) {
	_, part := n.piece(rt, "ACCEPTED", "PART_SHIPPED")
	var rest []*article
	for _, a := range n.articles() {
		if part.quantity[a] > part.sent[a] {
			rest = append(rest, a)
		}
	}
	a := one(rt, rest, func(*article) bool { return true })
	quantity := rapid.Int64Range(1, part.quantity[a]-part.sent[a]).Draw(rt, "quantity")
	_, err := NewParcels(n.at).ShipPart(n.as(boss), &orderv1.ShipPartRequest{RequestId: requestID(), FulfilmentId: part.id, Carrier: "SF", TrackingNo: requestID(),
		Lines: []*orderv1.ParcelContent{{LineId: a.id, Sku: a.sku, Quantity: quantity}}})
	if !said(rt, part.has("ACCEPTED", "PART_SHIPPED"), err) {
		return
	}
	part.sent[a] += quantity
	part.state, part.receivesAt = "SHIPPED", n.now()+testTerms.AutoReceiveUS
	for x, all := range part.quantity {
		if part.sent[x] < all {
			part.state = "PART_SHIPPED"
		}
	}
}

// articles are the lines of all orders.
func (n *notebook) articles() (all []*article) {
	for _, p := range n.bills {
		all = append(all, p.lines...)
	}
	return all
}

// gone is what has left of a line.
func (p *piece) gone(a *article) int64 {
	if p.has("PART_SHIPPED") {
		return p.sent[a]
	}
	return p.quantity[a]
}

func (n *notebook) receive(rt *rapid.T) {
	p, part := n.piece(rt, "SHIPPED")
	_, err := n.at.ConfirmReceipt(n.as(ann), &orderv1.ConfirmReceiptRequest{RequestId: requestID(), FulfilmentId: part.id})
	if said(rt, part.has("SHIPPED"), err) {
		n.received(p, part)
	}
}

// received starts the window. How long it is, the center says: it is a matter of terms.
func (n *notebook) received(p *bill, part *piece) {
	part.state = "RECEIVED"
	r, err := n.s.Orders.Load(n.s.t.Context(), p.id)
	require.NoError(n.s.t, err)
	for _, f := range r.Fulfilments {
		if f.ID == part.id {
			part.until, part.looksAt = f.ReturnUntilUS, f.ReturnUntilUS
		}
	}
}

// decline moves what is all there to the other location; for the rest the order waits.
func (n *notebook) decline(rt *rapid.T) {
	p, part := n.piece(rt, "ASSIGNED", "ACCEPTED")
	if p.state != "PAID" || !part.has("ASSIGNED", "ACCEPTED") {
		rt.Skip("nothing to decline")
	}
	if slices.ContainsFunc(p.parts, func(x *piece) bool {
		return x != part && x.location == part.location && x.has("ASSIGNED", "ACCEPTED", "PART_SHIPPED")
	}) {
		rt.Skip("a location declines pieces, not one of its fulfilments: the stock says which")
	}
	_, err := n.at.DeclineFulfilment(n.as(boss), &orderv1.DeclineFulfilmentRequest{RequestId: requestID(), FulfilmentId: part.id, Reason: inventoryv1.DeclineReason_SHELF_EMPTY})
	require.NoError(rt, err)
	part.state = "DECLINED"
	other := map[string]string{"S1": "S2", "S2": "S1"}[part.location]
	moved, before := map[string]int64{}, map[string]int64{}
	for a, quantity := range part.quantity {
		before[a.sku] = p.held(other, a.sku)
		if n.shelf[shelf{other, a.sku}] < quantity {
			p.waits = true
			continue
		}
		n.shelf[shelf{other, a.sku}] -= quantity
		moved[a.sku] = quantity
	}
	n.planned(rt, p)
	for a := range part.quantity {
		require.Equal(rt, before[a.sku]+moved[a.sku], p.held(other, a.sku), "%s at %s", a.sku, other)
	}
}

// open are pieces of a line that are in returns whose goods are not back.
func (p *bill) open(part *piece, a *article) (k int64) {
	for _, ret := range p.returns {
		for _, of := range ret.of {
			if of.piece == part && of.article == a && (ret.state == "REQUESTED" || ret.state == "APPROVED") {
				k += of.quantity
			}
		}
	}
	return k
}

func (n *notebook) bringBack(rt *rapid.T) {
	p := mostly(rt, n.bills, func(p *bill) bool {
		return slices.ContainsFunc(p.parts, func(part *piece) bool { return part.has("SHIPPED", "RECEIVED", "CLOSED") })
	})
	a := mostly(rt, p.lines, func(a *article) bool { return a.returned < a.quantity })
	quantity, byMember := rapid.Int64Range(1, a.quantity).Draw(rt, "quantity"), rapid.Bool().Draw(rt, "by the member")
	by := map[bool]tenancy.Principal{true: ann, false: boss}[byMember]
	ret := &back{state: "REQUESTED"}
	rest := quantity
	for _, part := range p.parts {
		may := part.has("PART_SHIPPED", "SHIPPED", "RECEIVED", "CLOSED")
		if byMember {
			may = part.has("RECEIVED") && n.now() < part.until
		}
		if k := min(rest, part.gone(a)-part.returned[a]-p.open(part, a)); may && k > 0 {
			ret.of, rest = append(ret.of, ofPiece{part, a, k}), rest-k
		}
	}
	got, err := n.at.CreateReturn(n.as(by), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: p.id, Reason: "dented",
		Lines: []*orderv1.ReturnLineInput{{LineId: a.id, Quantity: quantity}}})
	if said(rt, rest == 0, err) {
		ret.id = got.Id
		p.returns = append(p.returns, ret)
	}
}

// goods draws a return of some order, mostly one in such a state.
func (n *notebook) goods(rt *rapid.T, state string) (*bill, *back) {
	fits := func(ret *back) bool { return ret.state == state }
	p := mostly(rt, n.bills, func(p *bill) bool { return slices.ContainsFunc(p.returns, fits) })
	return p, mostly(rt, p.returns, fits)
}

func (n *notebook) approve(rt *rapid.T) {
	_, ret := n.goods(rt, "REQUESTED")
	_, err := n.at.ApproveReturn(n.as(boss), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.id})
	if said(rt, ret.state == "REQUESTED", err) {
		ret.state = "APPROVED"
	}
}

// share is a part of an amount, rounded half up.
func share(amount, of, whole int64) int64 { return (2*amount*of + whole) / (2 * whole) }

func (n *notebook) takeBack(rt *rapid.T) {
	p, ret := n.goods(rt, "APPROVED")
	got, err := n.at.ReceiveReturn(n.as(boss), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.id})
	if !said(rt, ret.state == "APPROVED", err) {
		return
	}
	ret.state = "RECEIVED"
	var pointsBack int64
	for _, of := range ret.of {
		a := of.article
		a.returned += of.quantity
		of.piece.returned[a] += of.quantity
		n.shelf[shelf{of.piece.location, a.sku}] += of.quantity
		refunded, giveUp := share(a.payable, a.returned, a.quantity), share(a.points, a.returned, a.quantity)
		ret.refund += refunded - a.refunded
		pointsBack += giveUp - a.giveUp
		a.refunded, a.giveUp = refunded, giveUp
	}
	p.kept -= ret.refund
	p.pointsBack += pointsBack
	require.Equal(rt, []int64{ret.refund, pointsBack}, []int64{got.Refund.AmountMinor, got.PointsBack})
	if ret.refund == 0 {
		ret.state = "REFUNDED"
	}
}

func (n *notebook) while(rt *rapid.T) {
	n.passes(rt, time.Duration(rapid.IntRange(1, 200).Draw(rt, "seconds"))*time.Second)
}

func (n *notebook) longWhile(rt *rapid.T) {
	seldom(rt)
	n.passes(rt, time.Duration(rapid.IntRange(1, 150).Draw(rt, "minutes"))*time.Minute)
}

// passes lets time pass, and the timers do what is due: in their order.
func (n *notebook) passes(rt *rapid.T, d time.Duration) {
	n.s.clock.Advance(d)
	require.NoError(rt, errors.Join(n.at.Tick(n.s.t.Context()), n.at.TickPayments(n.s.t.Context())))
	now := n.now()
	for _, p := range n.bills {
		if p.state == "UNPAID" && p.payUntil <= now {
			n.ends(p)
		}
		for _, part := range p.parts {
			if part.has("SHIPPED") && part.receivesAt <= now {
				n.received(p, part)
			}
		}
		for _, part := range p.parts {
			if part.has("RECEIVED") && part.looksAt <= now {
				n.closes(p, part)
			}
		}
		for _, ret := range p.returns {
			if ret.state == "RECEIVED" { // the provider is asked, and pays
				ret.state = "REFUNDED"
			}
		}
	}
}

// closes ends the window of a piece, unless something of it is on its way back.
func (n *notebook) closes(p *bill, part *piece) {
	if slices.ContainsFunc(p.returns, func(ret *back) bool {
		return ret.state != "REFUNDED" && slices.ContainsFunc(ret.of, func(of ofPiece) bool { return of.piece == part })
	}) {
		part.looksAt = n.now() + 5*second
		return
	}
	part.state = "CLOSED"
	if !p.waits && !slices.ContainsFunc(p.parts, func(x *piece) bool { return !x.has("CLOSED", "DECLINED") }) {
		p.state = "COMPLETED"
	}
}

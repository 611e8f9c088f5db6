package service

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// parcel is a marketplace's order: what was ordered, and the days of its life.
type parcel struct {
	*shopOrder
	status, id                 string
	placed, shipped, delivered string // days; empty: not
	goods, freight             int64
	seen                       map[string]*orderv1.ChannelLine
}

// cancels says on which day an order was taken back: the data do not, so it is the day after what happened last.
func (p *parcel) cancels() string {
	if p.status != "canceled" {
		return ""
	}
	last, err := time.Parse(time.DateOnly, max(p.placed, p.shipped, p.delivered))
	if err != nil {
		panic(err)
	}
	return last.AddDate(0, 0, 1).Format(time.DateOnly)
}

// market reads the orders that have lines. Pieces of one product, seller and price are one line.
func market(t *testing.T, s *shop, orders, lines []recorded) []*parcel {
	known := map[string]*parcel{}
	var list []*parcel
	for _, r := range orders {
		p := &parcel{status: r["status"], id: r["order_id"], placed: dayOf(r["purchased_at"]), shipped: dayOf(r["carrier_at"]), delivered: dayOf(r["delivered_at"]), seen: map[string]*orderv1.ChannelLine{}}
		if p.shipped == "" {
			p.shipped = p.delivered
		}
		if p.shipped != "" {
			p.shipped = max(p.shipped, p.placed)
		}
		p.shopOrder = &shopOrder{request: &orderv1.ImportChannelOrderRequest{RequestId: "market-" + p.id, Channel: "tmall", ExternalNo: p.id, SellerOrg: "hq", Currency: "CNY",
			Receiver: &orderv1.Receiver{Name: "~AA==", Ciphertext: true}}}
		known[p.id] = p
	}
	for _, r := range lines {
		p := known[r["order_id"]]
		price, freight := minor(t, r["price_brl"]), minor(t, r["freight_brl"])
		sku := r["product_id"] + "-" + r["seller_id"][:8]
		key := fmt.Sprint(sku, price)
		if p.seen[key] == nil {
			if len(p.seen) == 0 {
				list = append(list, p)
			}
			p.seen[key] = &orderv1.ChannelLine{Sku: sku}
			p.request.Lines = append(p.request.Lines, p.seen[key])
		}
		p.seen[key].Quantity++
		p.seen[key].PaidMinor += price
		p.goods, p.freight = p.goods+price, p.freight+freight
		p.request.FreightMinor, p.request.PaidMinor = p.freight, p.goods+p.freight
		s.world.plenty(sku, price, []string{"S1", "S2"}[int(r["seller_id"][0])%2])
	}
	return list
}

func dayOf(at string) string { return at[:min(len(at), 10)] }

// A marketplace's orders are replayed day by day, from the purchase to the end of the return window: paid there, shipped and
// delivered when they were, cancelled before the carrier had them or taken back afterwards. Sums and states are those of the file.
func TestAMarketplacesOrdersAreReplayed(t *testing.T) {
	orders, lines, payments := dataFile(t, "olist_orders"), dataFile(t, "olist_order_lines"), dataFile(t, "olist_payments")
	require.Equal(t, []int{6292, 6422, 6975}, []int{len(orders), len(lines), len(payments)})
	states := map[string]int{}
	for _, r := range orders {
		states[r["status"]]++
	}
	require.Equal(t, map[string]int{"delivered": 3835, "shipped": 902, "unavailable": 564, "canceled": 439, "processing": 294, "invoiced": 251, "created": 5, "approved": 2}, states)

	s := openShop(t, sqlite(t), newWorld())
	s.settings.Terms.AutoReceiveUS, s.settings.Terms.ReturnWindowUS = (10 * 24 * time.Hour).Microseconds(), (7 * 24 * time.Hour).Microseconds()
	list := market(t, s, orders, lines)
	require.Equal(t, 650, len(orders)-len(list), "orders without lines")
	on := map[string][]*parcel{}
	days := []string{}
	for _, p := range list {
		for _, d := range []string{p.placed, p.shipped, p.delivered, p.cancels()} {
			if d != "" && !slices.Contains(on[d], p) {
				if on[d] == nil {
					days = append(days, d)
				}
				on[d] = append(on[d], p)
			}
		}
	}
	slices.Sort(days)
	for _, d := range days {
		when, err := time.Parse(time.DateOnly, d)
		require.NoError(t, err)
		s.comeTo(when)
		s.marketDay(d, on[d])
		require.NoError(t, s.Tick(t.Context()))
	}
	for range 3 { // what is on its way is received, and all windows end
		s.later(11 * 24 * time.Hour)
	}

	var total, back int64
	ends := map[biz.State]int64{}
	for _, p := range list {
		total += p.goods + p.freight
		switch {
		case p.status == "canceled" && p.shipped == "":
			ends[biz.OrderCancelled]++
			back += p.goods + p.freight
		case p.shipped != "":
			ends[biz.OrderCompleted]++
			if p.status == "canceled" {
				back += p.goods
			}
		default:
			ends[biz.OrderPaid]++
		}
	}
	require.Equal(t, map[biz.State]int64{biz.OrderCancelled: 280, biz.OrderCompleted: 3834 + 901 + 75, biz.OrderPaid: 552}, ends)
	for state, n := range ends {
		require.Equal(t, n, s.sums("SELECT COUNT(*) FROM orders WHERE state = ?", 1, string(state))[0], state)
	}
	require.Equal(t, []int64{total, back}, s.sums("SELECT SUM(total_minor), SUM(refunded_minor) FROM orders", 2))
	require.Equal(t, int64(11_189), s.apart(payments), "111.89 is the most by which the payments of an order differ from its lines and freight")
	require.Empty(t, s.audit())
}

// marketDay does what happened on a day, in the order of a life.
func (s *shop) marketDay(d string, list []*parcel) {
	fail := func(p *parcel, err error) {
		if err != nil {
			s.t.Error(d, p.id, err)
		}
	}
	crowd(list, func(p *parcel) {
		if p.placed == d {
			placed, err := s.ImportChannelOrder(s.as(tmall), p.request)
			fail(p, err)
			p.shopOrder.id = placed.GetId()
		}
		if p.shipped == d {
			s.send(p.shopOrder.id)
		}
		if p.delivered == d {
			r, err := s.Orders.Load(s.t.Context(), p.shopOrder.id)
			fail(p, err)
			for _, f := range r.Fulfilments {
				if f.State == biz.FulfilmentShipped { // else it took so long that receipt has confirmed itself
					_, err = s.ConfirmReceipt(s.as(boss), &orderv1.ConfirmReceiptRequest{RequestId: "receive-" + f.ID, FulfilmentId: f.ID})
					fail(p, err)
				}
			}
		}
		if p.cancels() == d {
			fail(p, s.undo(p))
		}
	})
}

// undo cancels an order, or takes all of its goods back.
func (s *shop) undo(p *parcel) error {
	if p.shipped == "" {
		_, err := s.CancelOrder(s.as(tmall), &orderv1.CancelOrderRequest{RequestId: "cancel-" + p.shopOrder.id, OrderId: p.shopOrder.id, Reason: "cancelled"})
		return err
	}
	r, err := s.Orders.Load(s.t.Context(), p.shopOrder.id)
	if err != nil {
		return err
	}
	req := &orderv1.CreateReturnRequest{RequestId: "return-" + r.ID, OrderId: r.ID, Reason: "cancelled"}
	for _, l := range r.Lines {
		req.Lines = append(req.Lines, &orderv1.ReturnLineInput{LineId: l.ID, Quantity: l.Quantity})
	}
	ret, err := s.CreateReturn(s.as(boss), req)
	if err == nil {
		_, err = s.ApproveReturn(s.as(boss), &orderv1.ApproveReturnRequest{RequestId: "approve-" + r.ID, ReturnId: ret.GetId()})
	}
	if err == nil {
		_, err = s.ReceiveReturn(s.as(boss), &orderv1.ReceiveReturnRequest{RequestId: "take-back-" + r.ID, ReturnId: ret.GetId()})
	}
	return err
}

// apart is the most by which the sum of an order's payments differs from what the order cost.
func (s *shop) apart(payments []recorded) (most int64) {
	paid := map[string]int64{}
	for _, r := range payments {
		paid[r["order_id"]] += minor(s.t, r["amount_brl"])
	}
	rows, err := s.DB.Conn(s.t.Context()).QueryContext(s.t.Context(), "SELECT source_no, total_minor FROM orders")
	require.NoError(s.t, err)
	defer rows.Close()
	for rows.Next() {
		var no string
		var total int64
		require.NoError(s.t, rows.Scan(&no, &total))
		most = max(most, total-paid[no], paid[no]-total)
	}
	require.NoError(s.t, rows.Err())
	return most
}

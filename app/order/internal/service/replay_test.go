package service

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/money"
)

// recorded is a row of real-world data, by column.
type recorded map[string]string

// dataFile reads a file of the data folder, which ONEPOOL_DATA names: its README says what the files hold.
func dataFile(t *testing.T, name string) (rows []recorded) {
	folder := os.Getenv("ONEPOOL_DATA")
	if folder == "" {
		t.Skip("ONEPOOL_DATA names no data folder")
	}
	file, err := os.Open(filepath.Join(folder, name+".csv.gz"))
	require.NoError(t, err)
	defer file.Close()
	plain, err := gzip.NewReader(file)
	require.NoError(t, err)
	all, err := csv.NewReader(plain).ReadAll()
	require.NoError(t, err)
	for _, values := range all[1:] {
		row := recorded{}
		for i, column := range all[0] {
			row[column] = values[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// minor reads an amount with two decimals.
func minor(t *testing.T, amount string) int64 {
	m, err := money.Parse(amount, "CNY")
	require.NoError(t, err, amount)
	return m.Minor
}

// crowd does each of many things, several at a time.
func crowd[T any](things []T, do func(T)) {
	next := make(chan T)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for thing := range next {
				do(thing)
			}
		})
	}
	for _, thing := range things {
		next <- thing
	}
	close(next)
	all.Wait()
}

// plenty of everything, at prices that no real one is above.
func (w *world) plenty(sku string, priceMinor int64, location string) {
	w.prices[sku] = max(w.prices[sku], priceMinor)
	w.stock[location][sku] = 1_000_000_000
}

// sums of an SQL query, in its order.
func (s *shop) sums(query string, columns int, args ...any) []int64 {
	values, into := make([]int64, columns), make([]any, columns)
	for i := range values {
		into[i] = &values[i]
	}
	require.NoError(s.t, s.DB.Conn(s.t.Context()).QueryRowContext(s.t.Context(), query, args...).Scan(into...), query)
	return values
}

// invoice is a sale of the shop: an order for each 200 of its lines.
type invoice struct {
	no, customer string
	atUS, total  int64
	orders       []*shopOrder
}

type shopOrder struct {
	request *orderv1.ImportChannelOrderRequest
	lines   []*shopLine
	id      string
	comes   bool // something of it comes back
}

// shopLine is a line, and what of it has not been cancelled.
type shopLine struct {
	of             *shopOrder
	id             string
	quantity, left int64
}

// cancelled is what a cancelling invoice takes back of one order.
type cancelled struct {
	of    *shopOrder
	lines []*orderv1.ReturnLineInput
	from  []*shopLine
}

// shopBooks are the gift shop's year as orders: what was sold, by day, what came back of it, and what is neither.
type shopBooks struct {
	t        *testing.T
	days     []string
	sold     map[string][]*invoice
	back     map[string][]*cancelled
	byLine   map[string][]*shopLine // of one customer, code and price, the newest last
	prices   map[string]int64
	rest     int64 // of what is no sale to, or return of, a known customer
	fraction int   // lines below a penny
	returned int64 // what the returns are worth
}

func (l *shopBooks) read(rows []recorded) {
	at := map[string]*invoice{}
	back := map[string]*cancelled{}
	for _, r := range rows {
		price, ok := strings.CutPrefix(r["unit_price_gbp"], "-")
		if len(price) > 4 && strings.HasPrefix(price, "0.00") {
			l.fraction++
			continue
		}
		unit := minor(l.t, price)
		if ok {
			unit = -unit
		}
		var quantity int64
		_, err := fmt.Sscan(r["quantity"], &quantity)
		require.NoError(l.t, err)
		day := r["invoiced_at"][:10]
		if !slices.Contains(l.days, day) {
			l.days = append(l.days, day)
		}
		no := r["invoice_no"]
		key := r["customer_id"] + "/" + r["stock_code"] + "/" + price
		switch {
		case no[0] == 'C' && quantity < 0 && r["customer_id"] != "":
			l.rest += (quantity + l.cancel(back, day, no, key, unit, -quantity)) * unit
		case no[0] != 'C' && no[0] != 'A' && quantity > 0 && unit > 0:
			l.sell(at, day, r, key, unit, quantity)
		default:
			l.rest += quantity * unit
		}
	}
}

// sell adds a line to its invoice.
func (l *shopBooks) sell(at map[string]*invoice, day string, r recorded, key string, unit, quantity int64) {
	in := at[r["invoice_no"]]
	if in == nil {
		when, err := time.Parse(time.DateTime, r["invoiced_at"])
		require.NoError(l.t, err)
		in = &invoice{no: r["invoice_no"], customer: r["customer_id"], atUS: when.UnixMicro()}
		at[in.no] = in
		l.sold[day] = append(l.sold[day], in)
	}
	if len(in.orders) == 0 || len(in.orders[len(in.orders)-1].lines) == 200 {
		in.orders = append(in.orders, &shopOrder{request: &orderv1.ImportChannelOrderRequest{
			RequestId: fmt.Sprintf("invoice-%s-%06d", in.no, len(in.orders)), Channel: "tmall", ExternalNo: fmt.Sprintf("%s/%d", in.no, len(in.orders)), SellerOrg: "hq",
			PaidAtUs: in.atUS, Currency: "CNY", Receiver: &orderv1.Receiver{Name: "~AA==", Ciphertext: true},
		}})
	}
	o := in.orders[len(in.orders)-1]
	o.request.Lines = append(o.request.Lines, &orderv1.ChannelLine{Sku: r["stock_code"], Quantity: quantity, PaidMinor: quantity * unit})
	o.request.PaidMinor += quantity * unit
	in.total += quantity * unit
	l.prices[r["stock_code"]] = max(l.prices[r["stock_code"]], unit)
	line := &shopLine{of: o, quantity: quantity, left: quantity}
	o.lines = append(o.lines, line)
	if r["customer_id"] != "" {
		l.byLine[key] = append(l.byLine[key], line)
	}
}

// cancel takes pieces back from what the same customer has bought at the same price, the newest first. It returns how many.
func (l *shopBooks) cancel(back map[string]*cancelled, day, no, key string, unit, quantity int64) (found int64) {
	for _, line := range slices.Backward(l.byLine[key]) {
		n := min(quantity-found, line.left)
		if n == 0 {
			continue
		}
		line.left -= n
		found += n
		line.of.comes = true
		of := back[no+line.of.request.ExternalNo]
		if of == nil {
			of = &cancelled{of: line.of}
			back[no+line.of.request.ExternalNo] = of
			l.back[day] = append(l.back[day], of)
		}
		of.lines, of.from = append(of.lines, &orderv1.ReturnLineInput{Quantity: n}), append(of.from, line)
		l.returned += n * unit
	}
	return found
}

// A gift shop's nine months are replayed day by day: each invoice is an order that was paid elsewhere, each cancelling invoice
// a return of what the customer had bought at that price. Sales, returns and the rest add up to the sum of the file, and what
// the README says of customers can be read off the orders.
func TestAGiftShopsInvoicesAreReplayed(t *testing.T) {
	rows := dataFile(t, "uci_online_retail")
	require.Len(t, rows, 320_705)
	s := openShop(t, sqlite(t), newWorld())
	l := &shopBooks{t: t, sold: map[string][]*invoice{}, back: map[string][]*cancelled{}, byLine: map[string][]*shopLine{}, prices: map[string]int64{}}
	l.read(rows)
	for sku, price := range l.prices {
		s.world.plenty(sku, price, "S1")
	}
	customers, count := map[string]string{}, 0 // by invoice
	for _, day := range l.days {
		when, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		s.comeTo(when)
		s.replayDay(l.sold[day], l.back[day])
		for _, in := range l.sold[day] {
			customers[in.no] = in.customer
			count += len(in.orders)
		}
	}
	require.Equal(t, 2, l.fraction)
	require.Equal(t, 12_494, len(customers))
	got := s.sums("SELECT COUNT(*), SUM(total_minor), SUM(refunded_minor) FROM orders", 3)
	require.Equal(t, int64(count), got[0])
	require.Equal(t, l.returned, got[2], "what came back")
	require.Equal(t, int64(576_193_138), got[1]-got[2]+l.rest, "5,761,931.38 in all")
	require.Equal(t, got[2], s.sums("SELECT SUM(json_extract(CAST(body AS CHAR), '$.amount_minor')) FROM trade_events WHERE topic = 'REFUNDED'", 1)[0], "what others were told")
	s.anchors(customers)
	require.Empty(t, s.audit())
}

// comeTo advances the clock to a time, if it is later.
func (s *shop) comeTo(when time.Time) {
	now, _ := s.clock.NowUS(s.t.Context())
	s.clock.Advance(time.Duration(when.UnixMicro()-now) * time.Microsecond)
}

// anchors are what the README says of customers.
func (s *shop) anchors(customers map[string]string) {
	rows, err := s.DB.Conn(s.t.Context()).QueryContext(s.t.Context(),
		"SELECT o.source_no, o.total_minor, o.paid_us, COUNT(*) FROM orders o JOIN order_lines l ON l.order_id = o.id GROUP BY o.id, o.source_no, o.total_minor, o.paid_us")
	require.NoError(s.t, err)
	defer rows.Close()
	type buyer struct {
		invoices    map[string]bool
		total, last int64
	}
	buyers := map[string]*buyer{}
	var lines, total int64
	for rows.Next() {
		var no string
		var paid, at, n int64
		require.NoError(s.t, rows.Scan(&no, &paid, &at, &n))
		no, _, _ = strings.Cut(no, "/")
		customer := customers[no]
		if customer == "" {
			continue
		}
		b := buyers[customer]
		if b == nil {
			b = &buyer{invoices: map[string]bool{}}
			buyers[customer] = b
		}
		b.invoices[no], b.total, b.last = true, b.total+paid, max(b.last, at)
		lines, total = lines+n, total+paid
	}
	require.NoError(s.t, rows.Err())
	once := 0
	for _, b := range buyers {
		if len(b.invoices) == 1 {
			once++
		}
	}
	require.Equal(s.t, []int64{226_467 - 2, 523_924_056, 3_317, 1_376}, []int64{lines, total, int64(len(buyers)), int64(once)}, "two lines are below a penny")
	require.Len(s.t, buyers["12748"].invoices, 127)
	require.Len(s.t, buyers["14646"].invoices, 40)
	require.Equal(s.t, int64(17_635_594), buyers["14646"].total)
	require.Equal(s.t, "2011-08-26 14:20:00", time.UnixMicro(buyers["14646"].last).UTC().Format(time.DateTime))
}

func (s *shop) replayDay(sold []*invoice, back []*cancelled) {
	var orders []*shopOrder
	for _, in := range sold {
		orders = append(orders, in.orders...)
	}
	crowd(orders, func(o *shopOrder) {
		placed, err := s.ImportChannelOrder(s.as(tmall), o.request)
		if err != nil {
			s.t.Error(o.request.ExternalNo, err)
			return
		}
		o.id = placed.Id
		for i, l := range placed.Lines {
			o.lines[i].id = l.LineId
		}
		if o.comes { // else nobody looks at it any more
			s.send(placed.Id)
		}
	})
	for _, c := range back {
		for i, l := range c.from {
			c.lines[i].LineId = l.id
		}
		ret, err := s.CreateReturn(s.as(boss), &orderv1.CreateReturnRequest{RequestId: requestID(), OrderId: c.of.id, Reason: "cancelled", Lines: c.lines})
		require.NoError(s.t, err)
		_, err = s.ApproveReturn(s.as(boss), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(s.t, err)
		_, err = s.ReceiveReturn(s.as(boss), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(s.t, err)
	}
}

// send ships an order.
func (s *shop) send(id string) {
	r, err := s.Orders.Load(s.t.Context(), id)
	if err == nil {
		for _, f := range r.Fulfilments {
			if _, err = s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: "accept-" + f.ID, FulfilmentId: f.ID}); err == nil {
				_, err = s.ShipFulfilment(s.as(boss), &orderv1.ShipFulfilmentRequest{RequestId: "ship-" + f.ID, FulfilmentId: f.ID, Carrier: "SF", TrackingNo: "1"})
			}
		}
	}
	if err != nil {
		s.t.Error(id, err)
	}
}

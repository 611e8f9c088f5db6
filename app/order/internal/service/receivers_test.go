package service

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// everything is all that the center's database holds.
func (s *shop) everything() string {
	tables := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if s.DB.Engine() != "sqlite" {
		tables = "SHOW TABLES"
	}
	var all strings.Builder
	for _, row := range s.rows(tables) {
		for _, values := range s.rows("SELECT * FROM " + row[0]) {
			all.WriteString(strings.Join(values, "\n") + "\n")
		}
	}
	return all.String()
}

func (s *shop) rows(query string) (all [][]string) {
	rows, err := s.DB.Conn(s.t.Context()).QueryContext(s.t.Context(), query)
	require.NoError(s.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(s.t, err)
	for rows.Next() {
		values, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(s.t, rows.Scan(into...))
		texts := make([]string, len(columns))
		for i, v := range values {
			texts[i] = string(v)
		}
		all = append(all, texts)
	}
	require.NoError(s.t, rows.Err())
	return all
}

// Through the life of an order nothing of its receiver stands in any table: not in the order, not in what a placement
// remembers, not in an answer that is kept for repeats, not in the audit log.
func TestNoTableShowsAReceiver(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 1), line("cup", 6))
		placed, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.True(t, proto.Equal(req.Receiver, placed.Receiver))
		again, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.True(t, proto.Equal(placed, again), "a repeat has the same answer")
		s.pay(s.payment(placed))
		for _, f := range s.get(placed.Id).Fulfilments {
			_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			require.NoError(t, err)
		}
		cancel := &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: placed.Id, Reason: "changed her mind"}
		cancelled, err := s.CancelOrder(s.as(ann), cancel)
		require.NoError(t, err)
		require.True(t, proto.Equal(req.Receiver, cancelled.Receiver))
		repeated, err := s.CancelOrder(s.as(ann), cancel)
		require.NoError(t, err)
		require.True(t, proto.Equal(cancelled, repeated))
		named := external("T1", "tea", 1, 15000)
		named.Receiver = &orderv1.Receiver{Name: "Ann Bai", Phone: "13812345678", Address: "Nanjing Rd 1"}
		taken, err := s.ImportChannelOrder(s.as(tmall), named)
		require.NoError(t, err)
		require.True(t, proto.Equal(named.Receiver, taken.Receiver))
		s.leaving()

		all := s.everything()
		require.Contains(t, all, placed.Id, "the test looks where something is")
		for _, part := range []string{"Ann", "13812345678", "Nanjing", "31.2", "121.4"} {
			require.NotContains(t, all, part)
		}
		require.Empty(t, s.audit())
	})
}

// A placement that an older version had begun goes on: its draft has the receiver in clear.
func TestAnOldDraftIsRead(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	d := biz.Draft{Record: biz.Record{Header: biz.Header{ID: "ord_1", Receiver: biz.Receiver{Name: "Ann", Point: &biz.Point{Lat: 1, Lng: 2}}}}, Destination: &biz.Point{Lat: 1, Lng: 2}}
	got, err := s.thaw([]byte(`{"Record":{"ID":"ord_1","Receiver":{"name":"Ann","point":{"lat":1,"lng":2}}},"Destination":{"lat":1,"lng":2}}`))
	require.NoError(t, err)
	require.Equal(t, d, got)
	raw, err := s.freeze(d)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "Ann")
	got, err = s.thaw(raw)
	require.NoError(t, err)
	require.Equal(t, d, got)
	raw, err = s.freeze(biz.Draft{Record: biz.Record{Header: biz.Header{ID: "ord_2"}}, CashMinor: 7})
	require.NoError(t, err)
	got, err = s.thaw(raw)
	require.NoError(t, err)
	require.Equal(t, int64(7), got.CashMinor)
}

// Who may read a receiver: the member and the seller's staff in the order, those who ship in their part of it while there is
// something to do. Lists show it to staff only, masked.
func TestWhoReadsAReceiver(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		for who, p := range map[string]tenancy.Principal{"member": ann, "seller": boss} {
			got, err := s.GetOrder(s.as(p), &orderv1.GetOrderRequest{OrderId: o.Id})
			require.NoError(t, err, who)
			require.Equal(t, "Nanjing Rd 1", got.Receiver.GetAddress(), who)
		}
		parts, err := s.ListFulfilments(s.as(keeper), &orderv1.ListFulfilmentsRequest{})
		require.NoError(t, err)
		require.Len(t, parts.Fulfilments, 1)
		require.Equal(t, "Nanjing Rd 1", parts.Fulfilments[0].Receiver.GetAddress())
		list, err := s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{})
		require.NoError(t, err)
		require.True(t, proto.Equal(&orderv1.Receiver{Name: "A**", Phone: "138****5678"}, list.Orders[0].Receiver))
		list, err = s.ListOrders(s.as(ann), &orderv1.ListOrdersRequest{})
		require.NoError(t, err)
		require.Nil(t, list.Orders[0].Receiver)
	})
}

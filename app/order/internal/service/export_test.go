package service

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/sheet"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// exported asks for a file of orders as p, and returns the answer of a whole one.
func (s *shop) exported(p tenancy.Principal, req *orderv1.ListOrdersRequest, export func(http.ResponseWriter, *http.Request, *orderv1.ListOrdersRequest) error, headers ...string) (*httptest.ResponseRecorder, error) {
	r := httptest.NewRequest(http.MethodGet, ExportCSVPath, nil).WithContext(s.as(p))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	return w, export(w, r, req)
}

func (s *shop) csv(w http.ResponseWriter, r *http.Request, req *orderv1.ListOrdersRequest) error {
	return s.ExportCSV(w, r, req)
}

func (s *shop) xlsx(w http.ResponseWriter, r *http.Request, req *orderv1.ListOrdersRequest) error {
	return s.ExportXLSX(w, r, req)
}

// table reads a file of orders into rows by column.
func (s *shop) table(w *httptest.ResponseRecorder) (rows []map[string]string) {
	raw, ok := strings.CutPrefix(w.Body.String(), sheet.ByteOrderMark)
	require.True(s.t, ok)
	all, err := csv.NewReader(strings.NewReader(raw)).ReadAll()
	require.NoError(s.t, err)
	for _, values := range all[1:] {
		row := map[string]string{}
		for i, v := range values {
			row[all[0][i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

func TestOrdersLeaveAsAFile(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.zones = map[string]string{"": "Asia/Shanghai", "S2": "America/New_York"}
		req := wish(line("tea", 1), line("cup", 6))
		req.Remark = "=HYPERLINK(\"http://x\")"
		mall, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		s.clock.Advance(1_000_000_000)
		channel, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 2, 30000))
		require.NoError(t, err)
		sold, err := s.SellAtTill(s.served(till), sale("R1", 2900, line("cup", 2)))
		require.NoError(t, err)

		w, err := s.exported(boss, &orderv1.ListOrdersRequest{Sku: "tea"}, s.csv)
		require.NoError(t, err)
		require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
		require.Regexp(t, `^attachment; filename="orders-20270115-160001\.csv"$`, w.Header().Get("Content-Disposition"))
		require.Equal(t, "2", w.Header().Get(HeaderTotalOrders))
		require.Equal(t, "2", w.Result().Trailer.Get(TrailerExportedOrders))
		rows := s.table(w)
		require.Len(t, rows, 3, "an order of one line, then one of two")
		first, tea, cup := rows[0], rows[1], rows[2]
		require.Equal(t, channel.Id, first["Order"])
		require.Equal(t, "T1", first["External number"])
		require.Equal(t, []string{"", ""}, []string{first["Receiver"], first["Phone"]}, "ciphertext says nothing")
		require.Equal(t, "306.00", first["Money received"])
		for _, row := range []map[string]string{tea, cup} {
			require.Equal(t, mall.Id, row["Order"])
			require.Equal(t, "2027-01-15T16:00:00+08:00", row["Placed"])
			require.Equal(t, "", row["Paid"])
			require.Equal(t, "UNPAID", row["State"])
			require.Equal(t, []string{"A**", "138****5678"}, []string{row["Receiver"], row["Phone"]})
			require.Equal(t, "'=HYPERLINK(\"http://x\")", row["Remark"], "no formula")
			require.Equal(t, "CNY", row["Currency"])
			require.ElementsMatch(t, []string{"S1", "S2"}, strings.Fields(row["Shipped from"]))
		}
		decimal := func(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }
		require.Equal(t, decimal(mall.Total.AmountMinor), tea["Total"])
		require.Equal(t, "10.00", tea["Freight"])
		require.Equal(t, []string{"", ""}, []string{cup["Total"], cup["Freight"]}, "the order's amounts stand once")
		require.Equal(t, []string{"tea", "1"}, []string{tea["SKU"], tea["Quantity"]})
		require.Equal(t, []string{"cup", "6", decimal(mall.Lines[1].UnitPrice.AmountMinor), decimal(mall.Lines[1].Payable.AmountMinor)},
			[]string{cup["SKU"], cup["Quantity"], cup["Unit price"], cup["Payable"]})
		require.NotContains(t, w.Body.String(), "Nanjing")
		require.NotContains(t, w.Body.String(), "13812345678")

		// In the reader's language; a seller's people get their own orders, in their store's time.
		w, err = s.exported(keeper, &orderv1.ListOrdersRequest{}, s.csv, "Accept-Language", "zh-Hans-CN, en;q=0.5")
		require.NoError(t, err)
		rows = s.table(w)
		require.Len(t, rows, 1)
		require.Equal(t, sold.Id, rows[0]["订单号"])
		require.Equal(t, "2027-01-15T03:00:01-05:00", rows[0]["下单时间"])
		require.Equal(t, "29.00", rows[0]["已收款"])
		for _, header := range []string{"de, en;q=0.1", "", "nonsense;;"} {
			w, err = s.exported(other, &orderv1.ListOrdersRequest{}, s.csv, "Accept-Language", header)
			require.NoError(t, err)
			require.Empty(t, s.table(w), "a stranger gets a file without orders")
			require.Contains(t, w.Body.String(), "Order,Line,External number", header)
			require.Equal(t, "0", w.Result().Trailer.Get(TrailerExportedOrders))
		}

		w, err = s.exported(boss, &orderv1.ListOrdersRequest{}, s.xlsx)
		require.NoError(t, err)
		require.Equal(t, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", w.Header().Get("Content-Type"))
		book, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
		require.NoError(t, err)
		f, err := book.Open("xl/worksheets/sheet1.xml")
		require.NoError(t, err)
		text, err := io.ReadAll(f)
		require.NoError(t, err)
		require.Len(t, regexp.MustCompile(`<row `).FindAll(text, -1), 1+4)
		require.Contains(t, string(text), `t="inlineStr"><is><t xml:space="preserve">=HYPERLINK(&#34;http://x&#34;)</t>`)
		require.Contains(t, string(text), sold.Id)
		require.NotContains(t, string(text), "13812345678")
	})
}

func TestWhoMayTakeOrdersOut(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	s.placed(0)
	guide, finance := boss, boss
	guide.Roles, finance.Roles = []string{"guide"}, []string{"finance"}
	for _, p := range []tenancy.Principal{ann, till, tmall, guide} {
		w, err := s.exported(p, &orderv1.ListOrdersRequest{}, s.csv)
		requireReason(t, "FORBIDDEN", err)
		require.Zero(t, w.Body.Len())
	}
	w, err := s.exported(finance, &orderv1.ListOrdersRequest{}, s.csv)
	require.NoError(t, err)
	rows := s.table(w)
	require.Len(t, rows, 2)
	require.Equal(t, "", rows[0]["Receiver"]+rows[0]["Phone"], "as in lists: finance sees no receivers")
	for field, req := range map[string]*orderv1.ListOrdersRequest{"page_token": {PageToken: "x"}, "placed_until_us": {PlacedFromUs: 2, PlacedUntilUs: 1}, "phone": {Phone: "x"}} {
		_, err := s.exported(boss, req, s.csv)
		require.Equal(t, field, requireReason(t, "VALIDATOR", err).Metadata["field"])
	}
	s.world.zones = map[string]string{"": "Mars/Olympus"}
	_, err = s.exported(boss, &orderv1.ListOrdersRequest{}, s.csv)
	require.ErrorContains(t, err, "time zone")

	// So many at once, and no more.
	s.world.zones = nil
	for range maxExports {
		s.exporting <- struct{}{}
	}
	_, err = s.exported(boss, &orderv1.ListOrdersRequest{}, s.csv)
	requireReason(t, "RATE_LIMITED", err)
	<-s.exporting
	_, err = s.exported(boss, &orderv1.ListOrdersRequest{}, s.csv)
	require.NoError(t, err)
}

// steps notes how much had arrived each time the writer handed on.
type steps struct {
	*httptest.ResponseRecorder
	at []int
}

func (s *steps) Flush() { s.at = append(s.at, s.Body.Len()) }

// Each batch is on its way before the next one is read, and an order that is placed meanwhile is for the next export.
func TestAnExportHandsOnBatchByBatch(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	const n = 2*exportBatch + 50
	create := func(no int, at int64) {
		id := "ord_" + strconv.Itoa(no)
		require.NoError(t, s.DB.InTx(t.Context(), func(ctx context.Context) error {
			return s.Orders.Create(ctx, biz.Restore(biz.Record{Header: biz.Header{ID: id, Org: "hq", Kind: biz.KindMall, Channel: "miniprogram", SourceNo: id, Currency: "CNY",
				State: biz.OrderPaid, PlacedAtUS: at}}, testTerms, at, "test"))
		}))
	}
	for i := range n {
		create(i, start-int64(i))
	}
	create(n, start+1) // placed after the export has begun
	w := &steps{ResponseRecorder: httptest.NewRecorder()}
	require.NoError(t, s.ExportCSV(w, httptest.NewRequest(http.MethodGet, ExportCSVPath, nil).WithContext(s.as(boss)), &orderv1.ListOrdersRequest{}))
	require.Len(t, w.at, 3)
	for i, arrived := range []int{exportBatch, 2 * exportBatch, n} {
		require.Equal(t, 1+arrived, strings.Count(w.Body.String()[:w.at[i]], "\n"), "what is read is written before more is read")
	}
	require.Equal(t, strconv.Itoa(n), w.Result().Trailer.Get(TrailerExportedOrders))
	require.Equal(t, strconv.Itoa(n), w.Header().Get(HeaderTotalOrders))
}

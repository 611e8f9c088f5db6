package service

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/sheet"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Where orders are downloaded, and what the downloads are called.
const (
	ExportCSVPath   = "/v1/order/exports/orders.csv"
	ExportXLSXPath  = "/v1/order/exports/orders.xlsx"
	ExportOperation = "/onepool.order.v1.Order/ExportOrders"
)

// How far an export has come: how many orders there are, before the first byte, and how many were written, after the last. An
// export without the trailer is not whole.
const (
	HeaderTotalOrders     = "X-Total-Orders"
	TrailerExportedOrders = "X-Exported-Orders"
)

const (
	// exportBatch bounds the orders that an export has in memory.
	exportBatch = 200
	// maxExports bounds the exports that run at once in a process.
	maxExports = 4
	// maxExport bounds the time of one.
	maxExport = time.Hour
)

// exporterRoles may take orders out in bulk.
var exporterRoles = append(slices.Clone(approverRoles), "finance")

// form is a kind of file.
type form struct {
	suffix, mime string
	begin        func(w io.Writer, columns []string) (sheet.Writer, error)
}

var (
	csvForm  = form{"csv", "text/csv; charset=utf-8", sheet.NewCSV}
	xlsxForm = form{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w io.Writer, columns []string) (sheet.Writer, error) {
		return sheet.NewXLSX(w, "orders", columns)
	}}
)

// ExportCSV and ExportXLSX write the orders that ListOrders finds for the same request, the newest first, a row for each line.
func (s *Order) ExportCSV(w http.ResponseWriter, r *http.Request, req proto.Message) error {
	return s.export(w, r, req, csvForm)
}

// ExportXLSX is ExportCSV for spreadsheets.
func (s *Order) ExportXLSX(w http.ResponseWriter, r *http.Request, req proto.Message) error {
	return s.export(w, r, req, xlsxForm)
}

func (s *Order) export(w http.ResponseWriter, r *http.Request, message proto.Message, as form) error {
	ctx, cancel := context.WithTimeout(r.Context(), maxExport)
	defer cancel()
	req, ok := message.(*orderv1.ListOrdersRequest)
	if !ok {
		return fmt.Errorf("export of %T", message)
	}
	p, err := tenancy.FromContext(ctx)
	switch {
	case err != nil:
		return err
	case p.Kind != tenancy.HQ && p.Kind != tenancy.Dealer && p.Kind != tenancy.Franchisee || !slices.ContainsFunc(exporterRoles, p.HasRole):
		return biz.Forbidden(strings.Join(exporterRoles, " or "))
	case req.GetPageToken() != "":
		return biz.Invalid("page_token", "an export has no pages")
	}
	f, some, err := s.orderFilter(p, req)
	if err != nil {
		return err
	}
	zone, err := s.zoneOf(ctx, p)
	if err != nil {
		return err
	}
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	default:
		return fault.RateLimited(10)
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return err
	}
	if f.UntilUS == 0 { // what is placed meanwhile is for the next one
		f.UntilUS = now + 1
	}
	total := 0
	if some {
		if total, err = s.Orders.Matching(ctx, f); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", as.mime)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="orders-%s.%s"`, time.UnixMicro(now).In(zone).Format("20060102-150405"), as.suffix))
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
	h.Set(HeaderTotalOrders, strconv.Itoa(total))
	h.Set("Trailer", TrailerExportedOrders)
	chinese := readsChinese(r)
	out, err := as.begin(w, columnNames(chinese))
	if err != nil {
		return err
	}
	exported, rows := 0, exportRows{zone: zone, chinese: chinese, by: p}
	if some {
		err = s.Orders.Walk(ctx, f, exportBatch, func(batch []biz.Record) error {
			for i := range batch {
				if err := rows.write(out, &batch[i]); err != nil {
					return err
				}
			}
			exported += len(batch)
			if err := out.Flush(); err != nil {
				return err
			}
			return http.NewResponseController(w).Flush()
		})
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	h.Set(TrailerExportedOrders, strconv.Itoa(exported))
	return nil
}

// zoneOf is the time zone of the caller's organisation, or of the store that the caller is bound to.
func (s *Order) zoneOf(ctx context.Context, p tenancy.Principal) (*time.Location, error) {
	q := biz.SellerQuery{Org: p.Org}
	if p.Store != "" {
		q.Stores = []string{p.Store}
	}
	facts, err := s.Seeker.Sellers.Seller(ctx, q)
	if err != nil {
		return nil, err
	}
	name := facts.Timezone
	if at := facts.Stores[p.Store]; at.Timezone != "" {
		name = at.Timezone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone of %s: %w", p.Org, err)
	}
	return zone, nil
}

// languages that column names come in; the first is that of a caller who says nothing.
var languages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

// readsChinese says what a caller's Accept-Language prefers. What cannot be read says nothing.
func readsChinese(r *http.Request) bool {
	_, at := language.MatchStrings(languages, r.Header.Get("Accept-Language"))
	return at == 1
}

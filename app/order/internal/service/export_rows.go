package service

import (
	"strings"
	"time"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/sheet"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// exportColumn is a column of an export. Columns of the order's own amounts are filled in its first row only, so that a column
// adds up to what it says.
type exportColumn struct {
	en, zh string
	cell   func(r *exportRow) sheet.Cell
}

// exportRow is an order, and a line of it; an order without lines has a row of its own.
type exportRow struct {
	*biz.Record
	line     *biz.Line
	first    bool
	receiver *orderv1.Receiver // as lists show it
	how      *exportRows
}

var exportColumns = []exportColumn{
	{"Order", "订单号", func(r *exportRow) sheet.Cell { return sheet.Exact(r.ID) }},
	{"Line", "行号", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return sheet.Number(l.No) })
	}},
	{"External number", "外部单号", func(r *exportRow) sheet.Cell { return sheet.Text(r.ExternalNo()) }},
	{"Channel", "渠道", func(r *exportRow) sheet.Cell { return sheet.Text(r.Channel) }},
	{"State", "状态", func(r *exportRow) sheet.Cell { return sheet.Exact(orderStates[r.State].String()) }},
	{"Seller", "销售主体", func(r *exportRow) sheet.Cell { return sheet.Text(r.Org) }},
	{"Store", "店铺", func(r *exportRow) sheet.Cell { return sheet.Text(r.ShopStore) }},
	{"Shipped from", "发货地点", func(r *exportRow) sheet.Cell { return sheet.Text(r.locations()) }},
	{"Member", "会员", func(r *exportRow) sheet.Cell { return sheet.Text(r.MemberID) }},
	{"Placed", "下单时间", func(r *exportRow) sheet.Cell { return r.at(r.PlacedAtUS) }},
	{"Paid", "付款时间", func(r *exportRow) sheet.Cell { return r.at(r.PaidAtUS) }},
	{"Receiver", "收货人", func(r *exportRow) sheet.Cell { return sheet.Text(r.receiver.GetName()) }},
	{"Phone", "电话", func(r *exportRow) sheet.Cell { return sheet.Text(r.receiver.GetPhone()) }},
	{"Currency", "币种", func(r *exportRow) sheet.Cell { return sheet.Exact(r.Currency) }},
	{"Goods", "商品金额", func(r *exportRow) sheet.Cell { return r.once(r.GoodsMinor) }},
	{"Freight", "运费", func(r *exportRow) sheet.Cell { return r.once(r.FreightMinor) }},
	{"Total", "订单金额", func(r *exportRow) sheet.Cell { return r.once(r.TotalMinor) }},
	{"Paid with points", "积分抵扣", func(r *exportRow) sheet.Cell { return r.once(r.PointsAmountMinor) }},
	{"Money received", "已收款", func(r *exportRow) sheet.Cell { return r.once(r.CapturedMinor) }},
	{"Money refunded", "已退款", func(r *exportRow) sheet.Cell { return r.once(r.RefundedMinor) }},
	{"SKU", "SKU", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return sheet.Text(l.SKU) })
	}},
	{"Title", "商品名称", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return sheet.Text(r.how.title(l.Title)) })
	}},
	{"Quantity", "数量", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return sheet.Number(l.Quantity) })
	}},
	{"Unit price", "单价", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return r.amount(l.UnitMinor) })
	}},
	{"Discount", "优惠", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return r.amount(l.DiscountMinor) })
	}},
	{"Payable", "应付", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return r.amount(l.PayableMinor) })
	}},
	{"Returned", "退货数量", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return sheet.Number(l.ReturnedQuantity) })
	}},
	{"Refunded", "行退款", func(r *exportRow) sheet.Cell {
		return r.ofLine(func(l *biz.Line) sheet.Cell { return r.amount(l.RefundedMinor) })
	}},
	{"Remark", "备注", func(r *exportRow) sheet.Cell { return sheet.Text(r.Remark) }},
}

func columnNames(chinese bool) []string {
	names := make([]string, len(exportColumns))
	for i, c := range exportColumns {
		if names[i] = c.en; chinese {
			names[i] = c.zh
		}
	}
	return names
}

// exportRows writes orders for one reader.
type exportRows struct {
	zone    *time.Location
	chinese bool
	by      tenancy.Principal
	cells   []sheet.Cell
}

func (e *exportRows) write(out sheet.Writer, r *biz.Record) error {
	row := exportRow{Record: r, receiver: maskedFor(e.by, r.Receiver), how: e, first: true}
	if len(r.Lines) == 0 {
		return out.Row(e.filled(&row))
	}
	for i := range r.Lines {
		row.line, row.first = &r.Lines[i], i == 0
		if err := out.Row(e.filled(&row)); err != nil {
			return err
		}
	}
	return nil
}

func (e *exportRows) filled(r *exportRow) []sheet.Cell {
	e.cells = e.cells[:0]
	for _, c := range exportColumns {
		e.cells = append(e.cells, c.cell(r))
	}
	return e.cells
}

// title is in the reader's language, or in the one there is.
func (e *exportRows) title(titles map[string]string) string {
	wanted, other := titles["en"], titles["zh"]
	if e.chinese {
		wanted, other = other, wanted
	}
	if wanted == "" {
		return other
	}
	return wanted
}

func (r *exportRow) ofLine(cell func(l *biz.Line) sheet.Cell) sheet.Cell {
	if r.line == nil {
		return sheet.Exact("")
	}
	return cell(r.line)
}

// at is a moment in the reader's time zone, empty before it has come.
func (r *exportRow) at(us int64) sheet.Cell {
	if us == 0 {
		return sheet.Exact("")
	}
	return sheet.Exact(time.UnixMicro(us).In(r.how.zone).Format(time.RFC3339))
}

func (r *exportRow) amount(minor int64) sheet.Cell {
	return sheet.Exact(money.Format(minor, r.Currency))
}

func (r *exportRow) once(minor int64) sheet.Cell {
	if !r.first {
		return sheet.Exact("")
	}
	return r.amount(minor)
}

// locations are where the order's goods are shipped from.
func (r *exportRow) locations() string {
	var at []string
	for _, f := range r.Fulfilments {
		if f.State != biz.FulfilmentCancelled && f.State != biz.FulfilmentDeclined {
			at = append(at, f.Location)
		}
	}
	return strings.Join(at, " ")
}

package service

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/sheet"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data"
)

// columns of the download. kind is earned, clawed_back, carried, subtotal or total; the first three add up to the others.
// borne_by is the seller: who owes the entry to payee_org. A statement may hold entries of several.
var columns = []string{"kind", "period", "payee_org", "payee", "role", "currency", "amount", "order_id", "line_id", "accrual_id", "entry_id", "refund_id",
	"attribution_reason", "policy_code", "policy_version", "rate_percent", "base", "accrued", "at", "borne_by", "channel"}

// statementSheet writes statements and their entries, both in the order of payees, payee by payee.
type statementSheet struct {
	out        *csv.Writer
	period     string
	zone       *time.Location
	statements []biz.Statement
	// sum is what the current payee's entries add up to, totals what all subtotals do.
	sum    int64
	totals map[string]int64
	err    error
}

func newSheet(w io.Writer, period string, zone *time.Location, statements []biz.Statement) *statementSheet {
	s := &statementSheet{out: csv.NewWriter(w), period: period, zone: zone, statements: statements, totals: map[string]int64{}}
	if _, s.err = io.WriteString(w, sheet.ByteOrderMark); s.err == nil {
		s.err = s.out.Write(columns)
	}
	return s
}

// entry writes one entry; the statements of payees before it are finished first.
func (s *statementSheet) entry(e data.StatementEntry) error {
	for len(s.statements) > 0 && s.statements[0].Payee != e.Payee {
		s.subtotal()
	}
	if s.err == nil && len(s.statements) == 0 {
		s.err = fmt.Errorf("entry %s belongs to no statement of %s", e.Entry.ID, s.period)
	}
	if s.err != nil {
		return s.err
	}
	kind := "earned"
	if e.Kind == biz.EntryClawBack {
		kind = "clawed_back"
	}
	s.add(&s.sum, e.PayableMinor)
	return s.row(kind, e.Payee, e.PayableMinor, e.Order, e.Line, e.Accrual, e.Entry.ID, e.Cause, e.Reason, e.PolicyCode, strconv.Itoa(e.PolicyVersion),
		money.Format(e.RateBP, "CNY"), money.Format(e.BaseMinor, e.Currency), money.Format(e.AccruedMinor, e.Currency),
		time.UnixMicro(e.AtUS).In(s.zone).Format(time.RFC3339), e.Seller, e.Channel)
}

// subtotal ends the first statement. What its entries add up to must be what the statement says.
func (s *statementSheet) subtotal() {
	statement := s.statements[0]
	s.statements = s.statements[1:]
	if statement.CarriedMinor != 0 {
		s.add(&s.sum, statement.CarriedMinor)
		s.keep(s.row("carried", statement.Payee, statement.CarriedMinor))
	}
	total, err := statement.TotalMinor()
	s.keep(err)
	if total != s.sum {
		s.keep(fmt.Errorf("statement %s is %d, its entries are %d", statement.ID, total, s.sum))
	}
	s.keep(s.row("subtotal", statement.Payee, total))
	grand := s.totals[statement.Currency]
	s.add(&grand, total)
	s.totals[statement.Currency], s.sum = grand, 0
}

// finish ends the last statements and writes a total for each currency.
func (s *statementSheet) finish() error {
	for len(s.statements) > 0 && s.err == nil {
		s.subtotal()
	}
	for _, currency := range slices.Sorted(maps.Keys(s.totals)) {
		s.keep(s.row("total", biz.Payee{Currency: currency}, s.totals[currency]))
	}
	s.out.Flush()
	s.keep(s.out.Error())
	return s.err
}

func (s *statementSheet) add(sum *int64, amount int64) {
	var err error
	*sum, err = money.Add(*sum, amount)
	s.keep(err)
}

func (s *statementSheet) keep(err error) {
	if s.err == nil {
		s.err = err
	}
}

// row writes a row; what is not given stays empty.
func (s *statementSheet) row(kind string, p biz.Payee, amount int64, rest ...string) error {
	if s.err != nil {
		return s.err
	}
	record := make([]string, len(columns))
	copy(record, []string{kind, s.period, sheet.Harmless(p.Org), sheet.Harmless(p.Code), string(p.Role), p.Currency, money.Format(amount, p.Currency)})
	for i, text := range rest {
		record[7+i] = sheet.Harmless(text)
	}
	return s.out.Write(record)
}

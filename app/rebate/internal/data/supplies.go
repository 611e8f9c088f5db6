package data

import (
	"context"
	"fmt"
	"strings"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/rebate/internal/biz"
)

// A supply has two parties, so its list is a query of its own: the ent rule knows one organisation only.

// Supplies returns at most n supplies after the id after in which the caller has a part, as owner or as seller. Orders
// narrow the list; none means all.
func (l *Ledger) Supplies(ctx context.Context, orders []string, after string, n int) ([]biz.Supply, error) {
	owner, args, err := tenancy.SQL(ctx, "org")
	if err != nil {
		return nil, err
	}
	seller, sellerArgs, err := tenancy.SQL(ctx, "seller_org")
	if err != nil {
		return nil, err
	}
	query := `SELECT id, order_id, line_id, document, sku, org, seller_org, quantity, price_minor, amount_minor, fee_minor, currency, at_us
		FROM supply_entries WHERE (` + owner + " OR " + seller + ") AND id > ?"
	args = append(append(args, sellerArgs...), after)
	if len(orders) > 0 {
		query += " AND order_id IN (?" + strings.Repeat(", ?", len(orders)-1) + ")"
		for _, o := range orders {
			args = append(args, o)
		}
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, query+" ORDER BY id LIMIT ?", append(args, n)...)
	if err != nil {
		return nil, fmt.Errorf("list supplies: %w", err)
	}
	defer rows.Close()
	var out []biz.Supply
	for rows.Next() {
		var s biz.Supply
		if err := rows.Scan(&s.ID, &s.Order, &s.Line, &s.Document, &s.SKU, &s.Owner, &s.Seller, &s.Quantity, &s.PriceMinor, &s.AmountMinor,
			&s.FeeMinor, &s.Currency, &s.AtUS); err != nil {
			return nil, fmt.Errorf("list supplies: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Balance is what was debited and credited to an account of an organisation.
type Balance struct {
	Account, Org, Currency  string
	DebitMinor, CreditMinor int64
}

// TrialBalance sums up the journal, by account, organisation and currency.
func (l *Ledger) TrialBalance(ctx context.Context) ([]Balance, error) {
	cond, args, err := tenancy.SQL(ctx, "org")
	if err != nil {
		return nil, err
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT account, org, currency, SUM(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END),
		SUM(CASE WHEN amount_minor < 0 THEN -amount_minor ELSE 0 END)
		FROM journal_postings WHERE `+cond+" GROUP BY account, org, currency ORDER BY account, org, currency", args...)
	if err != nil {
		return nil, fmt.Errorf("trial balance: %w", err)
	}
	defer rows.Close()
	var out []Balance
	for rows.Next() {
		var b Balance
		if err := rows.Scan(&b.Account, &b.Org, &b.Currency, &b.DebitMinor, &b.CreditMinor); err != nil {
			return nil, fmt.Errorf("trial balance: %w", err)
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

package data

import (
	"context"
	"encoding/json"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// receipts compares what lines bring their sellers with their frozen shares. Lines of older versions have none of their own.
func receipts(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, gross_minor, discount_minor, payable_minor, receipts_minor, discounts FROM order_lines WHERE receipts_minor IS NOT NULL")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var gross, discount, payable, amount int64
		var raw []byte
		if err := rows.Scan(&id, &gross, &discount, &payable, &amount, &raw); err != nil {
			return checked, err
		}
		checked++
		var discounts []biz.Discount
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &discounts); err != nil {
				violation(id, "discounts cannot be read")
				continue
			}
		}
		if amount != biz.FrozenReceipts(payable, discounts) || amount < payable || amount > gross {
			violation(id, "receipts are not what the buyer pays and others bear")
		}
		var sum int64
		for _, d := range discounts {
			var borne int64
			for _, b := range d.Bearers {
				borne += b.AmountMinor
			}
			if sum += d.AmountMinor; borne != d.AmountMinor {
				violation(id, "bearers do not bear the whole discount of "+d.Promotion)
			}
		}
		if len(discounts) > 0 && sum != discount {
			violation(id, "discounts do not sum to the line's")
		}
	}
	return checked, rows.Err()
}

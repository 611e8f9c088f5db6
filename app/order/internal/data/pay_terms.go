package data

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
)

// PutPay stores the next version of pay terms for their moment.
func (t *TradeTerms) PutPay(ctx context.Context, p biz.PayTerms) (biz.PayTerms, error) {
	version, err := t.put(ctx, termPay, p.Scope(), p.Dated, p)
	p.Version = version
	return p, err
}

// Pays reads all pay terms that were ever put, by channel and time; after is the last one of the page before.
func (t *TradeTerms) Pays(ctx context.Context, after *biz.PayTerms, limit int) ([]biz.PayTerms, error) {
	var key *termKey
	if after != nil {
		key = &termKey{after.Scope(), after.Dated}
	}
	rows, err := t.page(ctx, termPay, key, limit)
	if err != nil {
		return nil, err
	}
	out := make([]biz.PayTerms, len(rows))
	for i, row := range rows {
		if out[i], err = toPay(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func toPay(row *ent.TradeTerm) (p biz.PayTerms, err error) {
	if err = json.Unmarshal(row.Terms, &p); err != nil {
		return p, fmt.Errorf("pay terms %s: %w", row.ID, err)
	}
	p.Dated = dated(row)
	return p, nil
}

package service

import (
	"context"
	"slices"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// auditPage is how many orders are compared with the other centers at a time.
const auditPage = 100

// unsettledUS is how long after its last change an order may still be ahead of the other centers.
const unsettledUS = 60 * 1_000_000

// CheckInvariants proves what must hold: by the center's own rows in one snapshot, then, order by order, against what the
// other centers say.
func (s *Order) CheckInvariants(ctx context.Context, req *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if err := authn.Require(ctx, "admin", "operator", "service"); err != nil {
		return nil, err
	}
	out, err := invariant.Run(ctx, s.DB, "order", req.GetLimit(), data.Checks())
	if err != nil {
		return nil, err
	}
	examples := int(req.GetLimit())
	if examples == 0 {
		examples = invariant.DefaultExamples
	}
	across, err := s.compare(ctx, examples)
	if err != nil {
		return nil, err
	}
	out.Results = append(out.Results, across...)
	return out, nil
}

// comparison collects what one invariant over centers found.
type comparison struct {
	*commonv1.InvariantResult
	examples int
}

func (c comparison) add(settled bool, found []biz.Disagreement) {
	if !settled && len(found) > 0 {
		return
	}
	c.Checked++
	c.Violations += int64(len(found))
	for _, d := range found {
		if len(c.Examples) < c.examples {
			c.InvariantResult.Examples = append(c.InvariantResult.Examples, &commonv1.CounterExample{Subject: d.Subject, Detail: d.Detail})
		}
	}
}

// compare asks the other centers about all orders, a page at a time, outside of any snapshot. An order that has changed
// a moment ago, or since it was read, may be ahead of them: its disagreements do not count yet.
func (s *Order) compare(ctx context.Context, examples int) ([]*commonv1.InvariantResult, error) {
	result := func(id, title string) comparison {
		return comparison{&commonv1.InvariantResult{Id: id, Title: title, Center: "order"}, examples}
	}
	stock := result("I4", "what an order has not shipped is held, what it has is shipped, and a cancelled one holds nothing")
	places := result("I18", "a fulfilment belongs to the organisation of the location that holds its stock")
	back := result("I12", "points are spent as ordered; points and rebates of refunded lines are taken back in proportion")
	supplies := result("I18a", "goods of another owner are supplied once, at the frozen price")
	invoices := result("I21", "an invoice less its red letters is the money that its seller keeps of the order, less what stored value paid")
	wallets := result("I7", "what orders took of stored value was paid from their members' wallets, and what was refunded came back")
	receipts := result("I7", "what sellers have of their sales is the money kept, the points spent and what others bear of discounts")
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	for last := ""; ; {
		wanted, err := s.Orders.AllIDs(ctx, last, auditPage)
		if err != nil {
			return nil, err
		}
		if len(wanted) == 0 {
			break
		}
		last = wanted[len(wanted)-1]
		records, err := s.Orders.LoadAll(ctx, wanted)
		if err != nil {
			return nil, err
		}
		held, err := s.Stock.Reservations(ctx, wanted)
		if err != nil {
			return nil, err
		}
		points, err := s.Points.DocumentPoints(ctx, wanted)
		if err != nil {
			return nil, err
		}
		rebates, err := s.Rebates.Rebates(ctx, wanted)
		if err != nil {
			return nil, err
		}
		sums, err := s.walletSums(ctx, records)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			stored, err := s.storedValue(ctx, r)
			if err != nil {
				return nil, err
			}
			found := [...][]biz.Disagreement{
				biz.AgreeStock(r, held[r.ID]), biz.AgreePlaces(r, held[r.ID]), biz.AgreeBack(r, points[r.ID], rebates[r.ID]),
				biz.AgreeSupplies(r, rebates[r.ID].Supplies), biz.AgreeWallet(r, sums), biz.AgreeReceipts(r), biz.AgreeInvoices(r, stored),
			}
			settled := r.UpdatedAtUS < now-unsettledUS
			if settled && slices.ContainsFunc(found[:], func(d []biz.Disagreement) bool { return len(d) > 0 }) {
				if settled, err = s.unchanged(ctx, r); err != nil {
					return nil, err
				}
			}
			for i, c := range []comparison{stock, places, back, supplies, wallets, receipts, invoices} {
				c.add(settled, found[i])
			}
		}
	}
	return []*commonv1.InvariantResult{stock.InvariantResult, places.InvariantResult, back.InvariantResult, supplies.InvariantResult, wallets.InvariantResult, receipts.InvariantResult, invoices.InvariantResult}, nil
}

// walletSums asks about the stored value of orders, if some was asked for.
func (s *Order) walletSums(ctx context.Context, records []biz.Record) (map[string]biz.WalletSum, error) {
	var payments []string
	for _, r := range records {
		payments = append(payments, r.WalletPayments()...)
	}
	if len(payments) == 0 {
		return nil, nil
	}
	return s.Wallets.WalletSums(ctx, payments)
}

// storedValue is asked for of orders that have invoices.
func (s *Order) storedValue(ctx context.Context, r biz.Record) (map[string]bool, error) {
	if len(r.Invoices) == 0 {
		return nil, nil
	}
	return s.Orders.StoredValue(ctx, r)
}

// unchanged says whether an order is still as it was read: the other centers were asked later.
func (s *Order) unchanged(ctx context.Context, r biz.Record) (bool, error) {
	now, err := s.Orders.Load(ctx, r.ID)
	return err == nil && now.Version == r.Version && now.UpdatedAtUS == r.UpdatedAtUS, err
}

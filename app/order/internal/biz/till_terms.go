package biz

import (
	"cmp"
	"context"
	"slices"

	"github.com/onepool/onepool/app/order/pricing"
)

const (
	// termsValidUS bounds how long a till prices by terms before it asks for new ones.
	termsValidUS = 24 * 3600 * 1_000_000
	// MaxTermSKUs bounds what terms hold.
	MaxTermSKUs = 10_000
)

// TillTerms are what a till of a store prices by while it cannot ask: prices for everybody and of these tiers, promotions that
// need no counting, taxes. They end where one of them is known to change.
func (s Seeker) TillTerms(ctx context.Context, store string, tiers []string) (pricing.Terms, error) {
	promotions, nowUS, err := s.Promotions.InUse(ctx)
	if err != nil {
		return pricing.Terms{}, err
	}
	trade, err := s.Terms.Terms(ctx, nowUS)
	if err != nil {
		return pricing.Terms{}, err
	}
	seller, err := s.Sellers.Seller(ctx, SellerQuery{Store: store})
	if err != nil {
		return pricing.Terms{}, err
	}
	codes, err := s.Catalog.Codes(ctx, MaxTermSKUs+1)
	if err != nil {
		return pricing.Terms{}, err
	}
	if len(codes) > MaxTermSKUs {
		return pricing.Terms{}, refuse(409, reasonState, "there are more SKUs than a till can hold", "state", "TOO_MANY_SKUS", "limit", itoa(MaxTermSKUs))
	}
	t := pricing.Terms{AtUS: nowUS, UntilUS: trade.until(seller.Org, nowUS, nowUS+termsValidUS), Channel: ChannelPOS, Store: store, Region: seller.Region}
	t.Promotions = offline(promotions)
	tax := trade.SellerTax(seller, nowUS)
	t.TaxOnTop = tax.OnTop
	sale := Sale{Channel: ChannelPOS, Store: store, Region: seller.Region, AtUS: nowUS, WantUntil: true}
	skus, err := s.Catalog.Prices(ctx, codes, sale)
	if err != nil {
		return pricing.Terms{}, err
	}
	for _, sku := range skus {
		if sku.Active {
			t.SKUs = append(t.SKUs, pricing.TermSKU{Line: sku.line(tax), Currency: sku.Currency})
		}
		if sku.UntilUS > nowUS {
			t.UntilUS = min(t.UntilUS, sku.UntilUS)
		}
	}
	slices.SortFunc(t.SKUs, func(a, b pricing.TermSKU) int { return cmp.Compare(a.SKU, b.SKU) })
	for _, tier := range tiers {
		sale.Tier = tier
		priced, err := s.Catalog.Prices(ctx, codes, sale)
		if err != nil {
			return pricing.Terms{}, err
		}
		for i := range t.SKUs {
			sku := priced[t.SKUs[i].SKU]
			if sku.UntilUS > nowUS {
				t.UntilUS = min(t.UntilUS, sku.UntilUS)
			}
			if sku.TierMinor == 0 {
				continue
			}
			if t.SKUs[i].Tiers == nil {
				t.SKUs[i].Tiers = map[string]pricing.TermPrice{}
			}
			t.SKUs[i].Tiers[tier] = pricing.TermPrice{Minor: sku.TierMinor, List: sku.TierList}
		}
	}
	return t, nil
}

// offline are the versions of promotions that a till may give without asking. One of which any version has to be counted is not
// among them: what a version to come limits is limited before.
func offline(promotions [][]pricing.Promotion) (list []pricing.Promotion) {
	for _, versions := range promotions {
		if !slices.ContainsFunc(versions, func(p pricing.Promotion) bool { return !p.Offline() }) {
			list = append(list, versions...)
		}
	}
	return list
}

// until is when terms of the trade with a seller change next, or the given moment, if that is earlier.
func (t TradeTerms) until(seller string, nowUS, untilUS int64) int64 {
	for _, r := range t.Taxes {
		if r.FromUS > nowUS {
			untilUS = min(untilUS, r.FromUS)
		}
	}
	for _, p := range t.Profiles[seller] {
		if p.FromUS > nowUS {
			untilUS = min(untilUS, p.FromUS)
		}
	}
	return untilUS
}

package biz

import "github.com/onepool/onepool/app/internal/money"

// ChannelLine is a line that was paid on another platform.
type ChannelLine struct {
	SKU       string
	Quantity  int64
	PaidMinor int64
}

// ChannelPrice is the price of an order that another platform priced: what the buyer paid there. The list price is
// ours; what the platform sold for less is a discount, what it sold for more is no list price of ours.
func ChannelPrice(lines []ChannelLine, skus map[string]SKU, freightMinor, paidMinor int64, currency string) (Price, error) {
	if _, known := money.Exponent(currency); !known {
		return Price{}, amountInvalid("currency")
	}
	p := Price{Currency: currency, FreightMinor: freightMinor, Lines: make([]PricedLine, len(lines))}
	for i, in := range lines {
		sku, known := skus[in.SKU]
		if !known {
			return Price{}, NotForSale(in.SKU)
		}
		unit := sku.PriceMinor
		gross, err := money.Mul(unit, in.Quantity)
		if err != nil {
			return Price{}, amountInvalid("lines")
		}
		if sku.Currency != currency || gross < in.PaidMinor {
			unit, gross = in.PaidMinor/in.Quantity, in.PaidMinor
		}
		p.Lines[i] = PricedLine{
			SKU: sku.Code, Title: sku.Title, TaxClass: sku.TaxClass, Returnable: sku.Returnable, Quantity: in.Quantity,
			UnitMinor: unit, GrossMinor: gross, DiscountMinor: gross - in.PaidMinor, PayableMinor: in.PaidMinor,
		}
		if p.GoodsMinor, err = money.Add(p.GoodsMinor, in.PaidMinor); err != nil {
			return Price{}, amountInvalid("lines")
		}
		if p.DiscountMinor, err = money.Add(p.DiscountMinor, gross-in.PaidMinor); err != nil {
			return Price{}, amountInvalid("lines")
		}
	}
	var err error
	if p.TotalMinor, err = money.Add(p.GoodsMinor, freightMinor); err != nil {
		return Price{}, amountInvalid("freight_minor")
	}
	if p.TotalMinor != paidMinor {
		return Price{}, Invalid("paid_minor", "must be the sum of the lines and the freight")
	}
	return p, nil
}

// TakeChannelOrder makes the order of another platform. It is paid, and waits for stock.
func TakeChannelOrder(d Draft, terms Terms, nowUS int64, actor string) (*Order, error) {
	o := Restore(d.Record, terms, nowUS, actor)
	o.r.PlacedAtUS = nowUS
	if err := o.moveOrder(EventPlace, ""); err != nil {
		return nil, err
	}
	if err := o.found(d.Hits); err != nil {
		return nil, err
	}
	if err := o.take(ProviderPlatform, o.r.SourceNo, o.r.TotalMinor); err != nil {
		return nil, err
	}
	paidAt := o.r.PaidAtUS
	if err := o.pay(); err != nil {
		return nil, err
	}
	o.r.PaidAtUS = paidAt // the platform's word
	o.r.Unallocated, o.r.AllocateAttempt, o.r.AllocateAtUS = true, 1, nowUS
	return o, nil
}

package biz

import (
	"context"
	"slices"
	"strconv"

	"github.com/onepool/onepool/app/internal/ids"
)

// TillBooker books in the inventory what a till has sold offline.
type TillBooker interface {
	// BookTillSale takes the pieces off the store's shelf, whether they were there or not. The same request id again changes
	// nothing more; with other lines it is refused.
	BookTillSale(ctx context.Context, requestID string, o Record, soldAtUS int64) error
}

// OfflineSale is a sale that a till made while the network was away. The goods are gone and the money is in the drawer.
type OfflineSale struct {
	Store, Device, ReceiptNo, MemberID, Clerk string
	Lines                                     []ChannelLine
	CashMinor, SoldAtUS                       int64
	// TermsVersion says by which terms the till has priced.
	TermsVersion, Fingerprint string
}

// OfflineDraft freezes a sale as the till has priced it. Its ids come from the store and the receipt: however often it is sent, it
// is the same order with the same lines.
func (s Seeker) OfflineDraft(ctx context.Context, in OfflineSale) (Draft, error) {
	f := Facts{}
	var err error
	if in.MemberID != "" {
		if f.Member, err = s.Members.OrderFacts(ctx, in.MemberID); err != nil {
			return Draft{}, err
		}
	}
	if f.Seller, err = s.Sellers.Seller(ctx, SellerQuery{Store: in.Store, Stores: f.Member.stores()}); err != nil {
		return Draft{}, err
	}
	var codes []string
	for _, l := range in.Lines {
		codes = append(codes, l.SKU)
	}
	slices.Sort(codes)
	skus, err := s.Catalog.Prices(ctx, slices.Compact(codes), Sale{Channel: ChannelPOS, Store: in.Store, Region: f.Seller.Region, Tier: f.Member.Tier, AtUS: in.SoldAtUS})
	if err != nil {
		return Draft{}, err
	}
	paid, currency := int64(0), ""
	for _, l := range in.Lines {
		sku, known := skus[l.SKU]
		if !known {
			return Draft{}, NotForSale(l.SKU)
		}
		if paid, currency = paid+l.PaidMinor, sku.Currency; paid < 0 {
			return Draft{}, amountInvalid("lines")
		}
	}
	if paid != in.CashMinor {
		return Draft{}, Invalid("cash_minor", "must be the sum of the lines")
	}
	p, err := ChannelPrice(in.Lines, skus, 0, in.CashMinor, currency)
	if err != nil {
		return Draft{}, err
	}
	terms, err := s.Terms.Terms(ctx, 0)
	if err != nil {
		return Draft{}, err
	}
	if err := p.include(terms.SellerTax(f.Seller, in.SoldAtUS)); err != nil {
		return Draft{}, err
	}
	returns, err := s.returnTerms(ctx, ChannelPOS, f.Seller)
	if err != nil {
		return Draft{}, err
	}
	id := ids.Derived("ord", ChannelPOS, f.Seller.Org, in.Store, in.ReceiptNo)
	d := NewDraft(Header{
		ID: id, Org: f.Seller.Org, Kind: KindTill, Channel: ChannelPOS, SourceNo: TillSourceNo(in.Store, in.ReceiptNo), ShopStore: in.Store, MemberID: in.MemberID,
		MerchantAccount: f.Seller.MerchantAccount, Attributions: f.attributions(), Way: WayCarryOut, PickupStore: in.Store, Device: in.Device, Clerk: in.Clerk,
		Fingerprint: in.Fingerprint, PaidAtUS: in.SoldAtUS, ReturnTerms: returns, TaxProfile: terms.Profile(f.Seller.Org, in.SoldAtUS).ID,
	}, p)
	for i := range d.Record.Lines {
		d.Record.Lines[i].ID = ids.Derived("lin", id, strconv.Itoa(i))
	}
	d.CashMinor = in.CashMinor
	return d, nil
}

// SellOffline makes the order of a sale that a till made offline, which the inventory has booked: paid, and carried out. Nothing
// was reserved for it.
func SellOffline(d Draft, termsVersion string, terms Terms, nowUS int64, actor string) (*Order, error) {
	soldAt := d.Record.PaidAtUS
	held := make([]Reservation, len(d.Record.Lines))
	for i, l := range d.Record.Lines {
		held[i] = Reservation{LineID: l.ID, SKU: l.SKU, Location: d.Record.ShopStore, LocationName: d.Record.ShopStore, LocationOrg: d.Record.Org, Owner: d.Record.Org, Quantity: l.Quantity}
	}
	o, err := sell(d, held, "offline, by terms "+termsVersion, func(string) Effect { return SoldOffline{} }, terms, nowUS, actor)
	if err != nil {
		return nil, err
	}
	o.r.PaidAtUS = soldAt // by the till's clock
	return o, nil
}

package biz

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/ids"
)

// ChannelInput is an order of another platform.
type ChannelInput struct {
	Channel, ExternalNo, SellerOrg string
	Receiver                       Receiver
	Lines                          []ChannelLine
	FreightMinor, PaidMinor        int64
	PaidAtUS, ShipByUS             int64
	Currency                       string
	Fingerprint                    string
}

// ChannelDraft freezes an order of another platform. Its id follows from its number.
func (s Seeker) ChannelDraft(ctx context.Context, in ChannelInput) (Draft, error) {
	if err := in.Receiver.check(); err != nil {
		return Draft{}, err
	}
	codes := make([]string, 0, len(in.Lines))
	for _, l := range in.Lines {
		if !slices.Contains(codes, l.SKU) {
			codes = append(codes, l.SKU)
		}
	}
	skus, err := s.Catalog.SKUs(ctx, codes)
	if err != nil {
		return Draft{}, err
	}
	p, err := ChannelPrice(in.Lines, skus, in.FreightMinor, in.PaidMinor, in.Currency)
	if err != nil {
		return Draft{}, err
	}
	seller, err := s.Sellers.Seller(ctx, SellerQuery{Org: in.SellerOrg})
	if err != nil {
		return Draft{}, err
	}
	returns, err := s.returnTerms(ctx, in.Channel, seller)
	if err != nil {
		return Draft{}, err
	}
	terms, err := s.Terms.Terms(ctx, 0)
	if err != nil {
		return Draft{}, err
	}
	if err := p.include(terms.SellerTax(seller, in.PaidAtUS)); err != nil {
		return Draft{}, err
	}
	id := ids.Derived("ord", seller.Org, in.Channel, in.ExternalNo)
	d := NewDraft(Header{
		ID: id, Org: seller.Org, Kind: KindChannel, Channel: in.Channel, SourceNo: in.ExternalNo,
		MerchantAccount: seller.MerchantAccount, Way: WayParcel, Receiver: in.Receiver, Fingerprint: in.Fingerprint,
		PaidAtUS: in.PaidAtUS, ShipByUS: in.ShipByUS, ReturnTerms: returns, TaxProfile: terms.Profile(seller.Org, in.PaidAtUS).ID,
	}, p)
	d.Destination = in.Receiver.Point
	err = s.reviewed(ctx, &d, skus)
	return d, err
}

// AllocationHold asks for stock for a waiting order, by the number of its attempt: an attempt whose outcome is not known
// is asked again under the same number, and answered as it was. Money was taken, so the hold has no deadline.
func AllocationHold(r Record) Hold {
	return Hold{
		RequestID: AllocationGID(r) + "-hold", Document: r.ID, GID: AllocationGID(r), Channel: r.Channel,
		SellerOrg: r.Org, Way: r.Way, Destination: r.Receiver.Point, Location: r.PickupStore, Lines: r.wanted(),
		Wait: true, ShipByUS: r.ShipByUS,
	}
}

// AllocationGID names an attempt, so that a release of it shuts the door.
func AllocationGID(r Record) string {
	return "al-" + strings.TrimPrefix(r.ID, "ord_") + "-" + strconv.FormatInt(r.AllocateAttempt, 10)
}

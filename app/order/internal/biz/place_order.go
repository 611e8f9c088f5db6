package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
)

// Roles of attributions, as in api/rebate/v1.
const (
	RoleGuide       = "GUIDE"
	RoleHomeStore   = "HOME_STORE"
	RoleDealerAbove = "DEALER_ABOVE"
)

// Seeker gathers the facts of an order from the other centers.
type Seeker struct {
	Catalog    CatalogReader
	Sellers    SellerDirectory
	Members    MemberDirectory
	Promotions PromotionReader
}

// PriceQuery asks for a price with today's facts.
type PriceQuery struct {
	Channel, Store, MemberID string
	Lines                    []WantedLine
	Points, FreightMinor     int64
	Coupons                  []string
}

// PlaceInput is what a buyer sends.
type PlaceInput struct {
	Channel, MemberID, ShopStore string
	Way                          Way
	Receiver                     Receiver
	PickupStore                  string
	Lines                        []WantedLine
	Points                       int64
	Coupons                      []string
	SeenToPayMinor               *int64
	Remark                       string
	FromCart                     bool
}

// Draft prices and freezes an order; nothing is held yet. nowUS is the database's time.
func (s Seeker) Draft(ctx context.Context, in PlaceInput, freightMinor int64, terms Terms, nowUS int64) (Draft, error) {
	if in.Way == WayPickup && in.PickupStore == "" {
		return Draft{}, Invalid("pickup_store_code", "is needed for PICKUP")
	}
	if (in.Way == WayParcel || in.Way == WayLocal) && in.Receiver.Point == nil {
		return Draft{}, Invalid("receiver.point", "is needed to deliver")
	}
	if err := in.Receiver.check(); err != nil {
		return Draft{}, err
	}
	if in.Way == WayPickup {
		freightMinor = 0
	}
	p, facts, err := s.Price(ctx, PriceQuery{Channel: in.Channel, Store: in.ShopStore, MemberID: in.MemberID, Lines: in.Lines, Points: in.Points, Coupons: in.Coupons, FreightMinor: freightMinor})
	if err != nil {
		return Draft{}, err
	}
	if err := p.CheckCoupons(in.Coupons); err != nil {
		return Draft{}, err
	}
	if in.SeenToPayMinor != nil {
		if err := CheckToPay(p, *in.SeenToPayMinor); err != nil {
			return Draft{}, err
		}
	}
	seller, attributions, err := s.seller(ctx, SellerQuery{Store: in.ShopStore}, facts)
	if err != nil {
		return Draft{}, err
	}
	id := ids.New("ord")
	d := NewDraft(Header{
		ID: id, Org: seller.Org, Kind: KindMall, Channel: in.Channel, SourceNo: id, ShopStore: in.ShopStore, MemberID: in.MemberID,
		MerchantAccount: seller.MerchantAccount, Attributions: attributions, Way: in.Way, PickupStore: in.PickupStore,
		Receiver: in.Receiver, Remark: in.Remark, PayUntilUS: nowUS + terms.PayWindowUS,
	}, p)
	d.FromCart, d.Destination = in.FromCart, in.Receiver.Point
	return d, nil
}

// TillInput is what a till sends.
type TillInput struct {
	Store, Device, ReceiptNo, MemberID, Clerk string
	Lines                                     []WantedLine
	Points, CashMinor                         int64
	Cards                                     []CardTender
	Fingerprint                               string
}

// ChannelPOS is the channel of all tills.
const ChannelPOS = "pos"

// TillSourceNo is the number of a till's receipt among all of the seller's.
func TillSourceNo(store, receiptNo string) string { return store + "/" + receiptNo }

// TillDraft prices and freezes a sale at a till.
func (s Seeker) TillDraft(ctx context.Context, in TillInput) (Draft, error) {
	p, facts, err := s.Price(ctx, PriceQuery{Channel: ChannelPOS, Store: in.Store, MemberID: in.MemberID, Lines: in.Lines, Points: in.Points})
	if err != nil {
		return Draft{}, err
	}
	if err := CheckTaken(p, in.CashMinor, in.Cards); err != nil {
		return Draft{}, err
	}
	seller, attributions, err := s.seller(ctx, SellerQuery{Store: in.Store}, facts)
	if err != nil {
		return Draft{}, err
	}
	d := NewDraft(Header{
		ID: ids.New("ord"), Org: seller.Org, Kind: KindTill, Channel: ChannelPOS, SourceNo: TillSourceNo(in.Store, in.ReceiptNo),
		ShopStore: in.Store, MemberID: in.MemberID, MerchantAccount: seller.MerchantAccount, Attributions: attributions,
		Way: WayCarryOut, PickupStore: in.Store, Device: in.Device, Clerk: in.Clerk, Fingerprint: in.Fingerprint,
	}, p)
	d.CashMinor, d.Cards = in.CashMinor, in.Cards
	return d, nil
}

// Price calculates with today's facts; a member's point value is asked only when points are to be spent.
func (s Seeker) Price(ctx context.Context, q PriceQuery) (Price, MemberFacts, error) {
	promotions, err := s.Promotions.Facts(ctx, q.MemberID, q.Coupons)
	if err != nil {
		return Price{}, MemberFacts{}, err
	}
	codes := promotions.gifts()
	for _, l := range q.Lines {
		codes = append(codes, l.SKU)
	}
	slices.Sort(codes)
	skus, err := s.Catalog.SKUs(ctx, slices.Compact(codes))
	if err != nil {
		return Price{}, MemberFacts{}, err
	}
	var facts MemberFacts
	if q.MemberID != "" {
		if facts, err = s.Members.OrderFacts(ctx, q.MemberID); err != nil {
			return Price{}, MemberFacts{}, err
		}
	} else if q.Points > 0 {
		return Price{}, MemberFacts{}, Invalid("points", "need a member")
	}
	p, err := Calculate(PriceInput{
		Channel: q.Channel, Store: q.Store, MemberID: q.MemberID, Lines: q.Lines, SKUs: skus, FreightMinor: q.FreightMinor,
		Points: q.Points, PointValueMinor: facts.PointValueMinor, Promotions: promotions,
	})
	return p, facts, err
}

// seller finds the seller of record and, of the member's guide and home store, who has a share.
func (s Seeker) seller(ctx context.Context, q SellerQuery, facts MemberFacts) (Seller, []Attribution, error) {
	for _, store := range []string{facts.HomeStore, facts.GuideStore} {
		if store != "" && !slices.Contains(q.Stores, store) {
			q.Stores = append(q.Stores, store)
		}
	}
	seller, err := s.Sellers.Seller(ctx, q)
	if err != nil {
		return Seller{}, nil, err
	}
	return seller, attributions(facts, seller.Stores), nil
}

func attributions(facts MemberFacts, stores map[string]Standing) (all []Attribution) {
	if at, known := stores[facts.GuideStore]; known && facts.GuideCode != "" {
		all = append(all, Attribution{Role: RoleGuide, Payee: facts.GuideCode, PayeeOrg: at.Org, Reason: facts.GuideReason})
	}
	if at, known := stores[facts.HomeStore]; known && facts.HomeStore != "" {
		all = append(all, Attribution{Role: RoleHomeStore, Payee: facts.HomeStore, PayeeOrg: at.Org, Reason: "home store of the member"})
		if at.DealerOrg != "" {
			all = append(all, Attribution{Role: RoleDealerAbove, Payee: at.DealerOrg, PayeeOrg: at.DealerOrg, Reason: "dealer above " + facts.HomeStore})
		}
	}
	return all
}

// Step is one reversible effect in another center, beside what takes it back.
type Step struct {
	Name     string
	Do, Undo func(ctx context.Context) error
}

// Placement runs the steps of a draft.
type Placement struct {
	Stock      StockHolder
	Points     PointsHolder
	Promotions PromotionUses
	Draft      Draft
	GID        string
	Terms      Terms

	held []Reservation
}

// Held is the stock that the hold step got, in this run.
func (p *Placement) Held() []Reservation { return p.held }

// Steps are what must hold together. Each can be done again: its key is the gid, and the other center answers what it
// answered before.
func (p *Placement) Steps() []Step {
	h, lines := p.Draft.Record.Header, p.Draft.Record.Lines
	steps := []Step{{
		Name: "hold",
		Do: func(ctx context.Context) (err error) {
			hold := Hold{
				RequestID: p.GID + "-hold", Document: h.ID, GID: p.GID, Channel: h.Channel, SellerOrg: h.Org, Way: h.Way,
				Destination: p.Draft.Destination, Location: h.PickupStore, Lines: lines,
			}
			if h.PayUntilUS > 0 {
				hold.ExpiresAtUS = h.PayUntilUS + p.Terms.HoldGraceUS
			}
			p.held, err = p.Stock.Hold(ctx, hold)
			return err
		},
		Undo: func(ctx context.Context) error { return p.Stock.ReleaseHold(ctx, p.GID+"-rels", h.ID, p.GID) },
	}}
	if len(p.Draft.Uses)+len(p.Draft.Coupons) > 0 {
		steps = append(steps, Step{
			Name: "promotions",
			Do: func(ctx context.Context) error {
				return p.Promotions.Take(ctx, p.GID, h.ID, h.MemberID, p.Draft.Uses, p.Draft.Coupons)
			},
			Undo: func(ctx context.Context) error { return p.Promotions.Undo(ctx, p.GID, h.ID) },
		})
	}
	if p.Draft.PointsToFreeze > 0 {
		steps = append(steps, Step{
			Name: "points",
			Do: func(ctx context.Context) error {
				return p.Points.Freeze(ctx, p.GID+"-frze", h.MemberID, h.ID, p.GID, p.Draft.PointsToFreeze)
			},
			Undo: func(ctx context.Context) error { return p.Points.Unfreeze(ctx, p.GID+"-unfr", h.ID, p.GID) },
		})
	}
	return steps
}

// MaxLines bounds carts and orders.
const MaxLines = 200

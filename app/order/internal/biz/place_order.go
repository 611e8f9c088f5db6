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
	Stock      StockPromiser
	Returns    ReturnPolicyReader
	Terms      TermsReader
	// Reviews are the rules that hold orders; nil: there are none.
	Reviews ReviewRuleReader
}

// PriceQuery asks for a price with today's facts. Location: where the goods are taken from, if that is known.
type PriceQuery struct {
	Channel, Store, MemberID string
	Location                 string
	Lines                    []WantedLine
	Points, FreightMinor     int64
	// Destination is the region that the goods go to; NoFreight: they are collected or carried out.
	Destination string
	NoFreight   bool
	Coupons     []string
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
	DestinationRegion            string
	Remark                       string
	FromCart                     bool
	// FinalSale are SKUs that the buyer knows cannot be returned.
	FinalSale []string
	// Gift: the receiver will say where it goes.
	Gift *GiftOrder
	// SeenDepositMinor is the deposit that the buyer was shown; nil: none.
	SeenDepositMinor *int64
}

// Draft prices and freezes an order; nothing is held yet. nowUS is the database's time.
func (s Seeker) Draft(ctx context.Context, in PlaceInput, freightMinor int64, terms Terms, nowUS int64) (Draft, error) {
	if in.Way == WayPickup && in.PickupStore == "" {
		return Draft{}, Invalid("pickup_store_code", "is needed for PICKUP")
	}
	if (in.Way == WayParcel || in.Way == WayLocal) && in.Receiver.Point == nil && in.Gift == nil {
		return Draft{}, Invalid("receiver.point", "is needed to deliver")
	}
	if err := in.Receiver.check(); err != nil {
		return Draft{}, err
	}
	q := PriceQuery{Destination: in.DestinationRegion, NoFreight: in.Way == WayPickup, Channel: in.Channel, Store: in.ShopStore, MemberID: in.MemberID, Lines: in.Lines, Points: in.Points, Coupons: in.Coupons, FreightMinor: freightMinor}
	if in.Way == WayPickup {
		q.Location = in.PickupStore
	}
	p, facts, err := s.Price(ctx, q)
	if err != nil {
		return Draft{}, err
	}
	if err := p.CheckCoupons(in.Coupons); err != nil {
		return Draft{}, err
	}
	if err := p.CheckFinalSale(in.FinalSale); err != nil {
		return Draft{}, err
	}
	if in.SeenToPayMinor != nil {
		if err := CheckToPay(p, *in.SeenToPayMinor); err != nil {
			return Draft{}, err
		}
	}
	deposit, err := facts.Deposit(p)
	switch {
	case err != nil:
		return Draft{}, err
	case deposit != nil && in.Gift != nil:
		return Draft{}, Invalid("lines", "goods with a deposit are not sold as a gift")
	}
	if err := CheckDeposit(deposit, p, in.SeenDepositMinor); err != nil {
		return Draft{}, err
	}
	returns, err := s.returnTerms(ctx, in.Channel, facts.Seller)
	if err != nil {
		return Draft{}, err
	}
	window, grace := facts.Terms.Pay(in.Channel, nowUS, terms)
	id := ids.New("ord")
	d := NewDraft(Header{
		ID: id, Org: facts.Seller.Org, Kind: KindMall, Channel: in.Channel, SourceNo: id, ShopStore: in.ShopStore, MemberID: in.MemberID,
		MerchantAccount: facts.Seller.MerchantAccount, Attributions: facts.attributions(), Way: in.Way, PickupStore: in.PickupStore,
		Receiver: in.Receiver, Remark: in.Remark, PayUntilUS: nowUS + window, ReturnTerms: returns, TaxProfile: facts.profile(),
	}, p)
	d.FromCart, d.Destination, d.Region = in.FromCart, in.Receiver.Point, in.DestinationRegion
	if in.Gift != nil {
		d.Record.GiftOrder, d.Record.Kind = in.Gift, KindGift
	}
	if h := &d.Record.Header; deposit != nil {
		d.Record.Deposit, h.Kind, h.PayUntilUS = deposit, KindPresale, min(h.PayUntilUS, deposit.BalanceUntilUS)
	}
	d.Record.HeldUntilUS = d.Record.neededUntil() + grace
	err = s.reviewed(ctx, &d, facts.SKUs)
	return d, err
}

// TillInput is what a till sends.
type TillInput struct {
	Store, Device, ReceiptNo, MemberID, Clerk string
	Lines                                     []WantedLine
	Points, CashMinor                         int64
	Cards                                     []CardTender
	// WalletMinor is paid with the member's stored value.
	WalletMinor int64
	Fingerprint string
}

// ChannelPOS is the channel of all tills.
const ChannelPOS = "pos"

// TillSourceNo is the number of a till's receipt among all of the seller's.
func TillSourceNo(store, receiptNo string) string { return store + "/" + receiptNo }

// TillDraft prices and freezes a sale at a till.
func (s Seeker) TillDraft(ctx context.Context, in TillInput) (Draft, error) {
	p, facts, err := s.Price(ctx, PriceQuery{NoFreight: true, Channel: ChannelPOS, Store: in.Store, Location: in.Store, MemberID: in.MemberID, Lines: in.Lines, Points: in.Points})
	if err != nil {
		return Draft{}, err
	}
	if in.WalletMinor > 0 && in.MemberID == "" {
		return Draft{}, Invalid("wallet_minor", "needs the member whose stored value it is")
	}
	if err := CheckTaken(p, in.CashMinor, in.WalletMinor, in.Cards); err != nil {
		return Draft{}, err
	}
	returns, err := s.returnTerms(ctx, ChannelPOS, facts.Seller)
	if err != nil {
		return Draft{}, err
	}
	d := NewDraft(Header{
		ID: ids.New("ord"), Org: facts.Seller.Org, Kind: KindTill, Channel: ChannelPOS, SourceNo: TillSourceNo(in.Store, in.ReceiptNo),
		ShopStore: in.Store, MemberID: in.MemberID, MerchantAccount: facts.Seller.MerchantAccount, Attributions: facts.attributions(),
		Way: WayCarryOut, PickupStore: in.Store, Device: in.Device, Clerk: in.Clerk, Fingerprint: in.Fingerprint, ReturnTerms: returns, TaxProfile: facts.profile(),
	}, p)
	d.CashMinor, d.Cards = in.CashMinor, in.Cards
	if in.WalletMinor > 0 {
		d.Wallet = WalletTender{PaymentID: ids.New("pay"), AmountMinor: in.WalletMinor}
	}
	return d, nil
}

// Facts are what other centers know about a sale, and the terms of the trade.
type Facts struct {
	Promotions PromotionFacts
	Member     MemberFacts
	Seller     Seller
	SKUs       map[string]SKU
	Terms      TradeTerms
}

// Deposit is what an order at this price asks for first; nil: all is paid at once.
func (f Facts) Deposit(p Price) (*Deposit, error) {
	return f.Terms.Deposit(f.Seller.Org, p, f.SKUs, f.Promotions.AtUS)
}

// profile names the seller's tax profile.
func (f Facts) profile() string { return f.Terms.Profile(f.Seller.Org, f.Promotions.AtUS).ID }

// Price calculates with today's facts.
func (s Seeker) Price(ctx context.Context, q PriceQuery) (Price, Facts, error) {
	f, err := s.facts(ctx, q)
	if err != nil {
		return Price{}, f, err
	}
	p, err := s.calculate(ctx, f.input(q), q.Location)
	p.bearers(q.Channel, f.Seller)
	return p, f, err
}

// facts asks the other centers: each at most once.
func (s Seeker) facts(ctx context.Context, q PriceQuery) (f Facts, err error) {
	if q.Points > 0 && q.MemberID == "" {
		return f, Invalid("points", "need a member")
	}
	if f.Promotions, err = s.Promotions.Facts(ctx, q.MemberID, q.Coupons); err != nil {
		return f, err
	}
	if q.MemberID != "" {
		if f.Member, err = s.Members.OrderFacts(ctx, q.MemberID); err != nil {
			return f, err
		}
	}
	if f.Terms, err = s.Terms.Terms(ctx, f.Promotions.AtUS); err != nil {
		return f, err
	}
	if f.Seller, err = s.Sellers.Seller(ctx, SellerQuery{Store: q.Store, Stores: f.Member.stores()}); err != nil {
		return f, err
	}
	codes := f.Promotions.gifts()
	for _, l := range q.Lines {
		codes = append(codes, l.SKU)
	}
	slices.Sort(codes)
	f.SKUs, err = s.Catalog.Prices(ctx, slices.Compact(codes), Sale{Channel: q.Channel, Store: q.Store, Region: f.Seller.Region, Tier: f.Member.Tier, AtUS: f.Promotions.AtUS})
	return f, err
}

// input is what the calculation is made with.
func (f Facts) input(q PriceQuery) PriceInput {
	in := PriceInput{
		Tax:     f.Terms.SellerTax(f.Seller, f.Promotions.AtUS),
		Channel: q.Channel, Store: q.Store, Region: f.Seller.Region, MemberID: q.MemberID, Tier: f.Member.Tier, Segments: f.Member.Segments,
		Lines: q.Lines, SKUs: f.SKUs, FreightMinor: q.FreightMinor, Points: q.Points, PointValueMinor: f.Member.PointValueMinor, Promotions: f.Promotions,
	}
	if q.NoFreight {
		in.FreightMinor = 0
	} else if freight, has := f.Terms.Freight(q.Channel, q.Destination, f.Promotions.AtUS); has {
		in.Freight = &freight
	}
	return in
}

// stores are the member's: their guides and organisations may have a share in what is bought.
func (m MemberFacts) stores() (stores []string) {
	for _, store := range []string{m.HomeStore, m.GuideStore} {
		if store != "" && !slices.Contains(stores, store) {
			stores = append(stores, store)
		}
	}
	return stores
}

// attributions say who has a share, of the member's guide and home store.
func (f Facts) attributions() (all []Attribution) {
	facts, stores := f.Member, f.Seller.Stores
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
	Wallet     WalletPayer
	Draft      Draft
	GID        string
	Terms      Terms

	held     []Reservation
	leftOut  []LeftOut
	walletNo string
}

// Held is the stock that the hold step got, in this run.
func (p *Placement) Held() []Reservation { return p.held }

// Steps are what must hold together. Each can be done again: its key is the gid, and the other center answers what it
// answered before.
func (p *Placement) Steps() []Step {
	h, lines := p.Draft.Record.Header, p.Draft.Record.Lines
	steps := []Step{{
		Name: "hold",
		Do: func(ctx context.Context) error {
			hold := Hold{
				Document: h.ID, GID: p.GID, Channel: h.Channel, SellerOrg: h.Org, Way: h.Way,
				Destination: p.Draft.Destination, Location: h.PickupStore, Lines: lines,
			}
			hold.ExpiresAtUS = h.heldUntil(p.Terms)
			hold.Presale = p.Draft.Record.Deposit != nil
			return p.hold(ctx, hold)
		},
		Undo: func(ctx context.Context) error { return p.Stock.ReleaseHold(ctx, p.GID+"-rels", h.ID, p.GID) },
	}}
	if len(p.Draft.Uses)+len(p.Draft.Coupons) > 0 {
		steps = append(steps, Step{
			Name: "promotions",
			Do: func(ctx context.Context) error {
				return p.Promotions.Take(ctx, p.GID, h.ID, h.MemberID, p.Settled().Uses, p.Draft.Coupons)
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
	if p.Draft.Wallet.AmountMinor > 0 { // money comes last
		steps = append(steps, p.walletStep())
	}
	return steps
}

// MaxLines bounds carts and orders.
const MaxLines = 200

package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// GetCart shows a member's cart of a shop at today's prices.
func (s *Order) GetCart(ctx context.Context, req *orderv1.GetCartRequest) (*orderv1.Cart, error) {
	if err := forMember(ctx, req.GetMemberId()); err != nil {
		return nil, err
	}
	return s.showCart(ctx, cart{holder: req.GetMemberId(), member: req.GetMemberId(), channel: req.GetChannel(), shop: req.GetShopStoreCode()})
}

// SetCartLine sets the quantity of a SKU; 0 takes it out.
func (s *Order) SetCartLine(ctx context.Context, req *orderv1.SetCartLineRequest) (*orderv1.Cart, error) {
	c := cart{holder: req.GetMemberId(), member: req.GetMemberId(), channel: req.GetChannel(), shop: req.GetShopStoreCode()}
	return command.Local[cartFacts, *orderv1.Cart]{
		Method: orderv1.Order_SetCartLine_FullMethodName, Request: req,
		Facts: func(ctx context.Context) (cartFacts, error) {
			if err := forMember(ctx, req.GetMemberId()); err != nil {
				return cartFacts{}, err
			}
			return s.lineFacts(ctx, c, req.GetSku(), req.GetQuantity())
		},
		Decide: func(ctx context.Context, facts cartFacts) (*orderv1.Cart, error) {
			return s.setLine(ctx, c, req.GetSku(), req.GetQuantity(), facts)
		},
	}.Run(ctx, s.DB)
}

// Calculate prices lines without an order.
func (s *Order) Calculate(ctx context.Context, req *orderv1.CalculateRequest) (*orderv1.Calculation, error) {
	if err := s.mayPrice(ctx, req); err != nil {
		return nil, err
	}
	if err := s.bounded(req.GetLines()); err != nil {
		return nil, err
	}
	q := biz.PriceQuery{
		Channel: req.GetChannel(), Store: req.GetShopStoreCode(), MemberID: req.GetMemberId(), Lines: fromLines(req.GetLines()), Points: req.GetPoints(), Coupons: req.GetCouponIds(),
		FreightMinor: s.settings.FreightMinor, Destination: req.GetDestinationRegion(),
	}
	switch {
	case req.GetWay() == inventoryv1.DeliveryWay_PICKUP:
		if q.Location = req.GetPickupStoreCode(); q.Location == "" {
			return nil, biz.Invalid("pickup_store_code", "is needed for PICKUP")
		}
		q.NoFreight = true
	case req.GetWay() == inventoryv1.DeliveryWay_CARRY_OUT, req.GetWay() == inventoryv1.DeliveryWay_DELIVERY_WAY_UNSPECIFIED && req.GetChannel() == biz.ChannelPOS:
		q.Location, q.NoFreight = req.GetShopStoreCode(), true
	}
	p, facts, err := s.Seeker.Price(ctx, q)
	if err != nil {
		return nil, err
	}
	if p.Points > facts.Member.SpendablePoints {
		return nil, biz.PointsInsufficient(facts.Member.SpendablePoints, p.Points)
	}
	out := toCalculation(p)
	if q.Channel == biz.ChannelPOS { // at a till all is paid at once
		return out, nil
	}
	deposit, err := facts.Deposit(p)
	if err != nil {
		return nil, err
	}
	out.Deposit = toDeposit(deposit, p.ToPayMinor(), p.Currency)
	return out, nil
}

// mayPrice refuses to price for another member, and at another store or channel than where the caller sells.
func (s *Order) mayPrice(ctx context.Context, req *orderv1.CalculateRequest) error {
	p, err := tenancy.FromContext(ctx)
	if err == nil && req.GetMemberId() != "" {
		err = s.mayPriceFor(ctx, req.GetMemberId())
	}
	switch store := req.GetShopStoreCode(); {
	case err != nil:
		return err
	case p.Kind == tenancy.Device && (store != p.Store || req.GetChannel() != biz.ChannelPOS):
		return biz.NotFound("store") // a till sells what is in its store
	case p.Kind == tenancy.Channel && req.GetChannel() != p.Channel:
		return biz.NotFound("channel")
	case p.Store != "" && store != "" && store != p.Store:
		return biz.NotFound("store")
	case store != "" && (p.Kind == tenancy.Dealer || p.Kind == tenancy.Franchisee || p.Kind == tenancy.Channel):
		facts, err := s.Seeker.Sellers.Seller(ctx, biz.SellerQuery{Stores: []string{store}})
		if err != nil {
			return err
		}
		if at, known := facts.Stores[store]; !known || !p.Scope.Covers(at.Org) {
			return biz.NotFound("store")
		}
	}
	return nil
}

// bounded refuses more than the configured limits allow.
func (s *Order) bounded(lines []*orderv1.OrderLineInput) error {
	if len(lines) > s.settings.Limits.Lines {
		return biz.Invalid("lines", "are too many")
	}
	for _, l := range lines {
		if l.GetQuantity() > s.settings.Limits.Quantity {
			return biz.Invalid("lines.quantity", "is too large")
		}
	}
	return nil
}

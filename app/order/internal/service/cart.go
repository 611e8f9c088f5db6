package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// GetCart shows a member's cart at today's prices.
func (s *Order) GetCart(ctx context.Context, req *orderv1.GetCartRequest) (*orderv1.Cart, error) {
	if err := forMember(ctx, req.GetMemberId()); err != nil {
		return nil, err
	}
	lines, err := s.Orders.Cart(ctx, req.GetMemberId())
	if err != nil {
		return nil, err
	}
	skus, err := s.cartPrices(ctx, req.GetMemberId(), req.GetChannel(), skusOf(lines))
	if err != nil {
		return nil, err
	}
	return toCart(req.GetMemberId(), lines, skus), nil
}

// SetCartLine sets the quantity of a SKU; 0 takes it out.
func (s *Order) SetCartLine(ctx context.Context, req *orderv1.SetCartLineRequest) (*orderv1.Cart, error) {
	cart, err := command.Local[map[string]biz.SKU, *orderv1.Cart]{
		Method: orderv1.Order_SetCartLine_FullMethodName, Request: req,
		Facts: func(ctx context.Context) (map[string]biz.SKU, error) {
			if err := forMember(ctx, req.GetMemberId()); err != nil {
				return nil, err
			}
			if req.GetQuantity() > s.settings.Limits.Quantity {
				return nil, biz.Invalid("quantity", "is too large")
			}
			lines, err := s.Orders.Cart(ctx, req.GetMemberId())
			if err != nil {
				return nil, err
			}
			return s.cartPrices(ctx, req.GetMemberId(), req.GetChannel(), skusOf(append([]biz.WantedLine{{SKU: req.GetSku()}}, lines...)))
		},
		Decide: func(ctx context.Context, skus map[string]biz.SKU) (*orderv1.Cart, error) {
			if sku, known := skus[req.GetSku()]; req.GetQuantity() > 0 && (!known || !sku.Active) {
				return nil, biz.NotForSale(req.GetSku())
			}
			if err := s.Orders.SetCartLine(ctx, req.GetMemberId(), req.GetSku(), req.GetQuantity()); err != nil {
				if database.IsUniqueViolation(err) { // the same SKU was put in a moment ago
					return nil, command.ErrInProgress
				}
				return nil, err
			}
			lines, err := s.Orders.Cart(ctx, req.GetMemberId())
			if err != nil {
				return nil, err
			}
			if len(lines) > s.settings.Limits.Lines {
				return nil, biz.Invalid("sku", "the cart is full")
			}
			return toCart(req.GetMemberId(), lines, skus), nil
		},
	}.Run(ctx, s.DB)
	return cart, err
}

// cartPrices are what SKUs cost the member in a channel, before promotions.
func (s *Order) cartPrices(ctx context.Context, memberID, channel string, codes []string) (map[string]biz.SKU, error) {
	now, err := s.DB.Now(ctx)
	if err != nil || len(codes) == 0 {
		return map[string]biz.SKU{}, err
	}
	member, err := s.Seeker.Members.OrderFacts(ctx, memberID)
	if err != nil {
		return nil, err
	}
	return s.Seeker.Catalog.Prices(ctx, codes, biz.Sale{Channel: channel, Tier: member.Tier, AtUS: now})
}

func skusOf(lines []biz.WantedLine) []string {
	skus := make([]string, 0, len(lines))
	seen := map[string]bool{}
	for _, l := range lines {
		if !seen[l.SKU] && len(skus) < biz.MaxLines {
			seen[l.SKU] = true
			skus = append(skus, l.SKU)
		}
	}
	return skus
}

// toCart prices a cart. What is not sold any more is shown without a price; its checkout will be refused.
func toCart(memberID string, lines []biz.WantedLine, skus map[string]biz.SKU) *orderv1.Cart {
	out := &orderv1.Cart{MemberId: memberID}
	for _, l := range lines {
		line := &orderv1.CartLine{Sku: l.SKU, Quantity: l.Quantity}
		out.Lines = append(out.Lines, line)
		sku, known := skus[l.SKU]
		if !known || !sku.Active {
			continue
		}
		price, err := biz.Calculate(biz.PriceInput{Lines: []biz.WantedLine{l}, SKUs: skus})
		if err != nil {
			continue
		}
		line.Title = sku.Title
		line.UnitPrice, line.Amount = toMoney(sku.PriceMinor, price.Currency), toMoney(price.GoodsMinor, price.Currency)
		if out.Total == nil {
			out.Total = toMoney(0, price.Currency)
		}
		if out.Total.GetCurrency() == price.Currency {
			out.Total.AmountMinor += price.GoodsMinor
		}
	}
	return out
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

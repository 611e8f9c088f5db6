package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

const (
	// guestKind is who acts with a guest's token: its scope is the guest's cart.
	guestKind = tenancy.Kind("guest")
	// guestsPerAddress is how many guests with a cart one address may make within guestWindowUS: a whole office, but no machine.
	guestsPerAddress = 300
	guestWindowUS    = 3600 * 1_000_000
	guestRetryS      = 600
)

// cart is one shop's cart of a member or a guest; member is empty for a guest.
type cart struct{ holder, member, channel, shop string }

// cartFacts are what other centers say about the SKUs of a cart that were asked for.
type cartFacts struct {
	asked     map[string]bool
	skus      map[string]biz.SKU
	available map[string]int64
}

// forSale says whether a SKU is.
func (f cartFacts) forSale(code string) bool {
	sku, known := f.skus[code]
	return known && sku.Active
}

// showCart reads a cart.
func (s *Order) showCart(ctx context.Context, c cart) (*orderv1.Cart, error) {
	lines, err := s.Orders.Cart(ctx, c.holder)
	if err != nil {
		return nil, err
	}
	lines = biz.InShop(lines, c.shop)
	facts, err := s.cartFacts(ctx, c, skusOf(lines))
	if err != nil {
		return nil, err
	}
	return toCart(c, lines, facts), nil
}

// lineFacts are facts for a cart that gets one more line.
func (s *Order) lineFacts(ctx context.Context, c cart, sku string, quantity int64) (cartFacts, error) {
	if quantity > s.settings.Limits.Quantity {
		return cartFacts{}, biz.Invalid("quantity", "is too large")
	}
	lines, err := s.Orders.Cart(ctx, c.holder)
	if err != nil {
		return cartFacts{}, err
	}
	return s.cartFacts(ctx, c, skusOf(append([]biz.CartLine{{SKU: sku}}, biz.InShop(lines, c.shop)...)))
}

// setLine sets a line of a cart, inside the transaction. The price that its answer shows is the one that was last seen.
func (s *Order) setLine(ctx context.Context, c cart, sku string, quantity int64, facts cartFacts) (*orderv1.Cart, error) {
	if quantity > 0 && !facts.forSale(sku) {
		return nil, biz.NotForSale(sku)
	}
	if err := s.Orders.SetCartLine(ctx, c.holder, biz.CartLine{Shop: c.shop, SKU: sku, Quantity: quantity, SeenMinor: facts.skus[sku].OneMinor()}); err != nil {
		if database.IsUniqueViolation(err) { // the same SKU was put in a moment ago
			return nil, command.ErrInProgress
		}
		return nil, err
	}
	lines, err := s.Orders.Cart(ctx, c.holder)
	if err != nil {
		return nil, err
	}
	if len(lines) > s.settings.Limits.Lines {
		return nil, biz.Invalid("sku", "the cart is full")
	}
	return toCart(c, biz.InShop(lines, c.shop), facts), nil
}

// cartFacts ask what SKUs cost the buyer in a channel, before promotions, and what the channel may promise of them.
func (s *Order) cartFacts(ctx context.Context, c cart, codes []string) (f cartFacts, err error) {
	f.asked = make(map[string]bool, len(codes))
	if len(codes) == 0 {
		return f, nil
	}
	sale := biz.Sale{Channel: c.channel, Store: c.shop}
	if sale.AtUS, err = s.DB.Now(ctx); err != nil {
		return f, err
	}
	if c.member != "" {
		member, err := s.Seeker.Members.OrderFacts(ctx, c.member)
		if err != nil {
			return f, err
		}
		sale.Tier = member.Tier
	}
	if c.shop != "" {
		seller, err := s.Seeker.Sellers.Seller(ctx, biz.SellerQuery{Store: c.shop})
		if err != nil {
			return f, err
		}
		sale.Region = seller.Region
	}
	if f.skus, err = s.Seeker.Catalog.Prices(ctx, codes, sale); err != nil {
		return f, err
	}
	var sold []string
	for _, code := range codes {
		f.asked[code] = true
		if f.forSale(code) {
			sold = append(sold, code)
		}
	}
	if len(sold) > 0 {
		f.available, err = s.Seeker.Stock.Promised(ctx, c.channel, "", sold)
	}
	return f, err
}

func skusOf(lines []biz.CartLine) []string {
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
func toCart(c cart, lines []biz.CartLine, facts cartFacts) *orderv1.Cart {
	out := &orderv1.Cart{MemberId: c.member, ShopStoreCode: c.shop}
	for _, l := range lines {
		line := &orderv1.CartLine{Sku: l.SKU, Quantity: l.Quantity}
		out.Lines = append(out.Lines, line)
		if !facts.asked[l.SKU] { // put in at this very moment
			continue
		}
		sku := facts.skus[l.SKU]
		for _, n := range l.Notices(sku, facts.forSale(l.SKU), facts.available[l.SKU]) {
			notice := &orderv1.CartNotice{Reason: n.Reason, Available: n.Available}
			if n.SeenMinor != 0 {
				notice.Seen, notice.Now = toMoney(n.SeenMinor, sku.Currency), toMoney(n.NowMinor, sku.Currency)
			}
			line.Notices = append(line.Notices, notice)
		}
		if !facts.forSale(l.SKU) {
			continue
		}
		price, err := biz.Calculate(biz.PriceInput{Lines: []biz.WantedLine{{SKU: l.SKU, Quantity: l.Quantity}}, SKUs: facts.skus})
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

// Carts is the service of guests' carts.
type Carts struct {
	orderv1.UnimplementedCartsServer
	order *Order
	// perAddress bounds the new guests of an address.
	perAddress int
}

// NewCarts shares the order center's work.
func NewCarts(order *Order) *Carts { return &Carts{order: order, perAddress: guestsPerAddress} }

// guestQuery is what a guest's token is bound to.
func guestQuery() string { return page.Query("guest cart") }

// OpenGuestCart gives out a guest: an id that nobody guesses, under the platform's own MAC.
func (s *Carts) OpenGuestCart(ctx context.Context, _ *orderv1.OpenGuestCartRequest) (*orderv1.OpenGuestCartResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	return &orderv1.OpenGuestCartResponse{GuestToken: page.Encode(s.order.settings.PageSecret, guestQuery(), ids.New("gst"))}, nil
}

// GetGuestCart shows a guest's cart of a shop at today's prices.
func (s *Carts) GetGuestCart(ctx context.Context, in *orderv1.GetGuestCartRequest) (*orderv1.Cart, error) {
	ctx, guest, err := s.asGuest(ctx, in.GetGuestToken())
	if err != nil {
		return nil, err
	}
	return s.order.showCart(ctx, cart{holder: guest, channel: in.GetChannel(), shop: in.GetShopStoreCode()})
}

// SetGuestCartLine sets the quantity of a SKU; 0 takes it out. It is the guest's command: another one's request id is another's.
func (s *Carts) SetGuestCartLine(ctx context.Context, in *orderv1.SetGuestCartLineRequest) (*orderv1.Cart, error) {
	ctx, guest, err := s.asGuest(ctx, in.GetGuestToken())
	if err != nil {
		return nil, err
	}
	c := cart{holder: guest, channel: in.GetChannel(), shop: in.GetShopStoreCode()}
	// A guest that moves from one network to another repeats the same request.
	request := &orderv1.SetGuestCartLineRequest{RequestId: in.GetRequestId(), GuestToken: in.GetGuestToken(), Sku: in.GetSku(), Quantity: in.GetQuantity(),
		Channel: in.GetChannel(), ShopStoreCode: in.GetShopStoreCode()}
	return command.Local[cartFacts, *orderv1.Cart]{
		Method: orderv1.Carts_SetGuestCartLine_FullMethodName, Request: request,
		Facts: func(ctx context.Context) (cartFacts, error) {
			return s.order.lineFacts(ctx, c, in.GetSku(), in.GetQuantity())
		},
		Decide: func(ctx context.Context, facts cartFacts) (*orderv1.Cart, error) {
			err := s.order.Orders.TouchGuest(ctx, guest, s.addressKey(in.GetAddress()), guestWindowUS, s.perAddress)
			switch {
			case errors.Is(err, biz.ErrTooManyGuests):
				return nil, fault.RateLimited(guestRetryS)
			case database.IsUniqueViolation(err): // the guest's first two lines came at once
				return nil, command.ErrInProgress
			case err != nil:
				return nil, err
			}
			return s.order.setLine(ctx, c, in.GetSku(), in.GetQuantity(), facts)
		},
	}.Run(ctx, s.order.DB)
}

// asGuest is whom a token makes of a frontend's call.
func (s *Carts) asGuest(ctx context.Context, token string) (context.Context, string, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, "", err
	}
	id, err := s.guest(token)
	if err != nil {
		return nil, "", err
	}
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: guestKind, ID: id, Scope: tenancy.Scope{Member: id}}), id, nil
}

// guest is whose token it is; a token that was not given out is nobody's.
func (s *Carts) guest(token string) (string, error) {
	keys, err := page.Decode(s.order.settings.PageSecret, token, guestQuery())
	if err != nil || len(keys) != 1 {
		return "", biz.NotFound("guest")
	}
	return keys[0], nil
}

// addressKey hides an address.
func (s *Carts) addressKey(address string) string {
	h := hmac.New(sha256.New, s.order.settings.PageSecret)
	h.Write([]byte(page.Query("guest address", address)))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// MergeCart puts a guest's carts into the member's: all of it, or nothing yet.
func (s *Carts) MergeCart(ctx context.Context, in *orderv1.MergeCartRequest) (*orderv1.MergeCartResponse, error) {
	var guest string
	return decide(ctx, s.order, orderv1.Carts_MergeCart_FullMethodName, in,
		func(ctx context.Context) (err error) {
			if err := forMember(ctx, in.GetMemberId()); err != nil {
				return err
			}
			guest, err = s.guest(in.GetGuestToken())
			return err
		},
		func(ctx context.Context) (*orderv1.MergeCartResponse, error) {
			theirs, err := s.order.Orders.TakeGuestCart(ctx, guest)
			if err != nil {
				return nil, err
			}
			own, err := s.order.Orders.LockCart(data.AsService(ctx), in.GetMemberId())
			if err != nil {
				return nil, err
			}
			changed, over := biz.MergeCarts(own, theirs, s.order.settings.Limits.Lines, s.order.settings.Limits.Quantity)
			for _, l := range changed {
				if err := s.order.Orders.SetCartLine(data.AsService(ctx), in.GetMemberId(), l); err != nil {
					if database.IsUniqueViolation(err) { // the member put the same SKU in a moment ago
						return nil, command.ErrInProgress
					}
					return nil, err
				}
			}
			out := &orderv1.MergeCartResponse{Merged: int32(len(changed))}
			for _, o := range over {
				out.LeftOut = append(out.LeftOut, &orderv1.CartExcess{ShopStoreCode: o.Shop, Sku: o.SKU, Quantity: o.Quantity, Bound: o.Bound})
			}
			return out, nil
		})
}

// SeeCart takes today's prices as seen. Its answer still tells what had changed.
func (s *Carts) SeeCart(ctx context.Context, in *orderv1.SeeCartRequest) (*orderv1.Cart, error) {
	c := cart{holder: in.GetMemberId(), member: in.GetMemberId(), channel: in.GetChannel(), shop: in.GetShopStoreCode()}
	return command.Local[cartFacts, *orderv1.Cart]{
		Method: orderv1.Carts_SeeCart_FullMethodName, Request: in,
		Facts: func(ctx context.Context) (cartFacts, error) {
			if err := forMember(ctx, in.GetMemberId()); err != nil {
				return cartFacts{}, err
			}
			lines, err := s.order.Orders.Cart(ctx, c.holder)
			if err != nil {
				return cartFacts{}, err
			}
			return s.order.cartFacts(ctx, c, skusOf(biz.InShop(lines, c.shop)))
		},
		Decide: func(ctx context.Context, facts cartFacts) (*orderv1.Cart, error) {
			lines, err := s.order.Orders.LockCart(ctx, c.holder)
			if err != nil {
				return nil, err
			}
			lines = biz.InShop(lines, c.shop)
			for _, l := range lines {
				if now := facts.skus[l.SKU].OneMinor(); facts.forSale(l.SKU) && now != l.SeenMinor {
					l.SeenMinor = now
					if err := s.order.Orders.SetCartLine(ctx, c.holder, l); err != nil {
						return nil, err
					}
				}
			}
			return toCart(c, lines, facts), nil
		},
	}.Run(ctx, s.order.DB)
}

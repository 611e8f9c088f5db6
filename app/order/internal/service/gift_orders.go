package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// GiftOrders serves members who pay for what others get, and those others.
type GiftOrders struct {
	orderv1.UnimplementedGiftOrdersServer
	order *Order
}

// NewGiftOrders shares the order center's work.
func NewGiftOrders(order *Order) *GiftOrders { return &GiftOrders{order: order} }

// receiverActor stands in the history for who has taken a gift: the buyer reads it, and is not told who that is.
const receiverActor = "receiver"

// PlaceGift places an order without an address.
func (s *GiftOrders) PlaceGift(ctx context.Context, in *orderv1.PlaceGiftRequest) (*orderv1.OrderInfo, error) {
	return s.order.place(ctx, orderv1.GiftOrders_PlaceGift_FullMethodName, in, func(ctx context.Context) (biz.Draft, error) {
		if err := forMember(ctx, in.GetMemberId()); err != nil {
			return biz.Draft{}, err
		}
		if err := s.order.bounded(in.GetLines()); err != nil {
			return biz.Draft{}, err
		}
		gift, err := biz.NewGiftOrder(in.GetMessage(), in.GetOpenS())
		if err != nil {
			return biz.Draft{}, err
		}
		now, err := s.order.DB.Now(ctx)
		if err != nil {
			return biz.Draft{}, err
		}
		return s.order.Seeker.Draft(ctx, biz.PlaceInput{
			Channel: in.GetChannel(), MemberID: in.GetMemberId(), ShopStore: in.GetShopStoreCode(), Way: biz.WayParcel, Lines: fromLines(in.GetLines()),
			Points: in.GetPoints(), Coupons: in.GetCouponIds(), SeenToPayMinor: in.ToPayMinor, Remark: in.GetRemark(), FinalSale: in.GetFinalSaleSkus(), Gift: gift,
		}, s.order.settings.FreightMinor, s.order.settings.Terms, now)
	})
}

// giftKey is the key that a request makes. It is a function of the center's secret, so it is kept nowhere and a repeat gets it
// again.
func (s *Order) giftKey(orderID, requestID string) string {
	mac := hmac.New(sha256.New, s.settings.PageSecret)
	mac.Write([]byte("gift key " + orderID + " " + requestID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// giftHash is what is kept of a key.
func giftHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// ShareGift makes another key: for the gift's buyer alone, who passes it on.
func (s *GiftOrders) ShareGift(ctx context.Context, in *orderv1.ShareGiftRequest) (*orderv1.GiftLink, error) {
	key := s.order.giftKey(in.GetOrderId(), in.GetRequestId())
	link, err := decide(ctx, s.order, orderv1.GiftOrders_ShareGift_FullMethodName, in,
		func(ctx context.Context) error {
			p, r, err := s.order.orderFor(ctx, in.GetOrderId())
			switch {
			case err != nil:
				return err
			case p.Kind != tenancy.Member:
				return biz.Forbidden("the member who has bought it")
			case r.GiftOrder == nil:
				return biz.NotFound("gift")
			}
			return nil
		},
		func(ctx context.Context) (*orderv1.GiftLink, error) {
			r, err := s.order.change(ctx, in.GetOrderId(), func(o *biz.Order) error { return o.ShareGift(giftHash(key)) })
			if err != nil {
				return nil, err
			}
			return &orderv1.GiftLink{UntilUs: r.GiftOrder.UntilUS}, nil
		})
	if err != nil {
		return nil, err
	}
	link.Key = key
	return link, nil
}

// keyed finds what a key is for; the caller is a member.
func (s *GiftOrders) keyed(ctx context.Context, key string) (member, orderID string, err error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return "", "", err
	}
	if p.Kind != tenancy.Member || p.Member == "" {
		return "", "", biz.Forbidden("a member")
	}
	orderID, err = s.order.Orders.OrderOfGift(ctx, giftHash(key))
	if err == nil && orderID == "" {
		err = biz.NotFound("gift")
	}
	return p.Member, orderID, err
}

// LookAtGift shows what a key is for.
func (s *GiftOrders) LookAtGift(ctx context.Context, in *orderv1.LookAtGiftRequest) (*orderv1.Gift, error) {
	member, orderID, err := s.keyed(ctx, in.GetKey())
	if err != nil {
		return nil, err
	}
	now, err := s.order.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.order.Orders.Load(ctx, orderID)
	if err != nil {
		return nil, err
	}
	if err := r.LookAt(member, now); err != nil {
		return nil, err
	}
	return toGift(r), nil
}

// TakeGift says where it goes.
func (s *GiftOrders) TakeGift(ctx context.Context, in *orderv1.TakeGiftRequest) (*orderv1.Gift, error) {
	var member, orderID string
	return decide(ctx, s.order, orderv1.GiftOrders_TakeGift_FullMethodName, in,
		func(ctx context.Context) (err error) {
			member, orderID, err = s.keyed(ctx, in.GetKey())
			return err
		},
		func(ctx context.Context) (*orderv1.Gift, error) {
			terms, err := s.order.terms(ctx)
			if err != nil {
				return nil, err
			}
			r, err := s.order.Orders.Change(data.AsService(ctx), orderID, terms, receiverActor, func(o *biz.Order) error {
				return o.TakeGift(giftHash(in.GetKey()), member, fromReceiver(in.GetReceiver()))
			})
			if err != nil {
				return nil, err
			}
			return toGift(r), nil
		})
}

// buyerSees takes out what the buyer of a gift is not told.
func buyerSees(p tenancy.Principal, info *orderv1.OrderInfo) {
	if p.Kind == tenancy.Member && info.GetGift() != nil {
		info.Receiver = nil
	}
}

func toOrderGift(g *biz.GiftOrder) *orderv1.OrderGift {
	if g == nil {
		return nil
	}
	return &orderv1.OrderGift{Message: g.Message, UntilUs: g.UntilUS, TakenAtUs: g.TakenAtUS}
}

// toGift is a gift as its receiver sees it: no price, and nothing of its buyer.
func toGift(r biz.Record) *orderv1.Gift {
	out := &orderv1.Gift{Message: r.GiftOrder.Message, UntilUs: r.GiftOrder.UntilUS, TakenAtUs: r.GiftOrder.TakenAtUS}
	for _, l := range r.Lines {
		if l.Live() > 0 {
			out.Lines = append(out.Lines, &orderv1.GiftLine{Sku: l.SKU, Title: l.Title, Quantity: l.Live()})
		}
	}
	if r.GiftWaits() {
		return out
	}
	for _, f := range r.GiftParts() {
		part := &orderv1.GiftParcel{State: fulfilmentStates[f.State], Carrier: f.Carrier, TrackingNo: f.TrackingNo, ShippedAtUs: f.ShippedAtUS, DeliveredAtUs: f.DeliveredAtUS}
		for _, l := range f.Lines {
			part.Lines = append(part.Lines, &orderv1.GiftLine{Sku: l.SKU, Title: l.Title, Quantity: l.Quantity})
		}
		out.Parcels = append(out.Parcels, part)
	}
	return out
}

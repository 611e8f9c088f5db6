package service

import (
	"context"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// Coupons is the service of members' coupons.
type Coupons struct {
	orderv1.UnimplementedCouponsServer
	db     *database.DB
	book   *data.Promotions
	secret []byte
}

// NewCoupons puts the use cases together; secret is the key of page tokens.
func NewCoupons(db *database.DB, book *data.Promotions, secret []byte) *Coupons {
	return &Coupons{db: db, book: book, secret: secret}
}

// ClaimCoupon gives a member a coupon.
func (s *Coupons) ClaimCoupon(ctx context.Context, in *orderv1.ClaimCouponRequest) (*orderv1.Coupon, error) {
	if err := forMember(ctx, in.GetMemberId()); err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.Coupon]{
		Method: orderv1.Coupons_ClaimCoupon_FullMethodName, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.Coupon, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			c, err := biz.ClaimCoupon(ctx, s.book, ids.New("cpn"), in.GetMemberId(), in.GetPromotion(), now)
			if err != nil {
				return nil, err
			}
			return toCoupon(c, now), nil
		},
	}.Run(ctx, s.db)
}

// ListCoupons pages through a member's coupons, the newest first.
func (s *Coupons) ListCoupons(ctx context.Context, in *orderv1.ListCouponsRequest) (*orderv1.ListCouponsResponse, error) {
	if err := forMember(ctx, in.GetMemberId()); err != nil {
		return nil, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query("coupons", p.Caller(), in.GetMemberId(), strconv.FormatBool(in.GetOpen()))
	after, err := afterOf(s.secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	list, err := s.book.Coupons(ctx, in.GetMemberId(), in.GetOpen(), after, size+1, now)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListCouponsResponse{}
	if len(list) > size {
		list = list[:size]
		last := list[size-1]
		out.NextPageToken = page.Encode(s.secret, query, strconv.FormatInt(last.ClaimedAtUS, 10), last.ID)
	}
	for _, c := range list {
		out.Coupons = append(out.Coupons, toCoupon(c, now))
	}
	return out, nil
}

var couponStates = map[biz.State]orderv1.CouponState{
	biz.CouponOpen: orderv1.CouponState_COUPON_OPEN, biz.CouponLocked: orderv1.CouponState_COUPON_LOCKED, biz.CouponUsed: orderv1.CouponState_COUPON_USED,
}

func toCoupon(c biz.Coupon, nowUS int64) *orderv1.Coupon {
	out := &orderv1.Coupon{
		Id: c.ID, Promotion: c.Promotion, Name: c.Name, MemberId: c.MemberID, State: couponStates[c.State], ClaimedAtUs: c.ClaimedAtUS, ExpiresAtUs: c.ExpiresAtUS, OrderId: c.OrderID,
	}
	if c.Expired(nowUS) {
		out.State = orderv1.CouponState_COUPON_EXPIRED
	}
	return out
}

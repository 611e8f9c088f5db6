package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Pickups serves the counter where members collect what they have ordered.
type Pickups struct {
	orderv1.UnimplementedPickupsServer
	order *Order
}

// NewPickups shares the order center's work.
func NewPickups(order *Order) *Pickups { return &Pickups{order: order} }

// qrPrefix says what a QR code is for.
const qrPrefix = "onepool:pickup:"

// pickupCode is the code of a fulfilment. It is a function of the center's secret and the fulfilment's id, so it is kept
// nowhere: who reads the tables cannot collect anything. It is good as long as the fulfilment is ready, and so for one use.
func (s *Order) pickupCode(fulfilmentID string) *orderv1.PickupCode {
	mac := hmac.New(sha256.New, s.settings.PageSecret)
	mac.Write([]byte("pickup code " + fulfilmentID))
	code := fmt.Sprintf("%08d", binary.BigEndian.Uint64(mac.Sum(nil))%100_000_000)
	return &orderv1.PickupCode{Code: code, Qr: qrPrefix + fulfilmentID + ":" + code}
}

// CollectPickup hands over what a code is for.
func (s *Pickups) CollectPickup(ctx context.Context, in *orderv1.CollectPickupRequest) (*orderv1.Fulfilment, error) {
	var orderID, fulfilmentID string
	return decide(ctx, s.order, orderv1.Pickups_CollectPickup_FullMethodName, in,
		func(ctx context.Context) (err error) {
			orderID, fulfilmentID, err = s.find(ctx, in.GetCode(), in.GetStoreCode())
			return err
		},
		func(ctx context.Context) (*orderv1.Fulfilment, error) {
			r, err := s.order.change(ctx, orderID, func(o *biz.Order) error { return o.Collect(fulfilmentID) })
			if err != nil {
				return nil, err
			}
			for _, f := range r.Fulfilments {
				if f.ID == fulfilmentID {
					return toFulfilment(r.Header, f), nil
				}
			}
			return nil, biz.PickupUnknown()
		})
}

// find looks for what is ready under a code at the caller's store.
func (s *Pickups) find(ctx context.Context, code, store string) (orderID, fulfilmentID string, err error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return "", "", err
	}
	switch {
	case !isStaff(p):
		return "", "", biz.Forbidden("staff or till")
	case store == "":
		store = p.Store
	case p.Store != "" && p.Store != store:
		return "", "", biz.PickupUnknown()
	}
	if store == "" {
		return "", "", biz.Invalid("store_code", "is needed: you work for several stores")
	}
	ready, err := s.order.Orders.Pickups(ctx, store)
	if err != nil {
		return "", "", err
	}
	for _, id := range ready {
		if good := s.order.pickupCode(id); hmac.Equal([]byte(good.Code), []byte(code)) || hmac.Equal([]byte(good.Qr), []byte(strings.TrimSpace(code))) {
			if fulfilmentID != "" { // one in a hundred million, times what waits there
				return "", "", biz.Invalid("code", "stands for two orders here: scan the QR code")
			}
			fulfilmentID = id
		}
	}
	if fulfilmentID == "" {
		return "", "", biz.PickupUnknown()
	}
	orderID, err = s.order.Orders.OrderOfFulfilment(ctx, fulfilmentID)
	return orderID, fulfilmentID, err
}

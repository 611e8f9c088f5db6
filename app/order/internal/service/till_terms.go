package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Tills is the service of what tills need while the network is away.
type Tills struct {
	orderv1.UnimplementedTillsServer
	order *Order
}

// NewTills shares the order center's work.
func NewTills(o *Order) *Tills { return &Tills{order: o} }

// GetTillTerms hands out what a till of a store prices by offline.
func (s *Tills) GetTillTerms(ctx context.Context, in *orderv1.GetTillTermsRequest) (*orderv1.TillTerms, error) {
	if err := forTill(ctx, in.GetStoreCode()); err != nil {
		return nil, err
	}
	t, err := s.order.Seeker.TillTerms(ctx, in.GetStoreCode(), in.GetTiers())
	if err != nil {
		return nil, err
	}
	version, err := t.Version()
	if err != nil {
		return nil, err
	}
	raw, checksum, err := t.Write()
	return &orderv1.TillTerms{Version: version, MadeAtUs: t.AtUS, UntilUs: t.UntilUS, Terms: string(raw), Checksum: checksum}, err
}

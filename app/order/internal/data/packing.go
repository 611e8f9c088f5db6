package data

import (
	"context"
	"fmt"

	productv1 "github.com/onepool/onepool/api/product/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
)

// Packing reads the product and the store center.
type Packing struct {
	Products productv1.ProductClient
	Stores   storev1.StoreClient
}

// mostCodes is what the product center is asked for at a time.
const mostCodes = 200

// Goods returns facts by SKU.
func (p Packing) Goods(ctx context.Context, skus []string) (map[string]biz.PackedGoods, error) {
	goods := make(map[string]biz.PackedGoods, len(skus))
	for len(skus) > 0 {
		n := min(len(skus), mostCodes)
		reply, err := p.Products.GetSkus(ctx, &productv1.GetSkusRequest{Codes: skus[:n]})
		if err != nil {
			return nil, fmt.Errorf("facts of goods: %w", err)
		}
		for _, s := range reply.GetSkus() {
			goods[s.GetCode()] = biz.PackedGoods{Title: s.GetTitle(), Barcode: s.GetBarcode(), WeightG: s.GetWeightG()}
		}
		skus = skus[n:]
	}
	return goods, nil
}

// Sender is a location's address.
func (p Packing) Sender(ctx context.Context, location string) (biz.Sender, error) {
	s, err := p.Stores.GetStore(ctx, &storev1.GetStoreRequest{Code: location})
	if err != nil {
		return biz.Sender{}, fmt.Errorf("sender %s: %w", location, err)
	}
	return biz.Sender{
		Code: s.GetCode(), Name: s.GetName(), Address: s.GetAddress(), City: s.GetCity(), Province: s.GetProvince(), Country: s.GetCountry(), Postcode: s.GetPostcode(),
	}, nil
}

// ToPick are fulfilments at a location, as far as the caller may see them, that are accepted and not picked: those that are to be
// shipped first. Named ones are found in whatever state they are.
func (s *Orders) ToPick(ctx context.Context, location string, named []string, limit int) ([]Due, error) {
	q := s.ent.Fulfilment.Query().Where(fulfilment.Location(location))
	if len(named) > 0 {
		q = q.Where(fulfilment.IDIn(named...))
	} else {
		q = q.Where(fulfilment.State(string(biz.FulfilmentAccepted)))
	}
	rows, err := q.Order(ent.Asc(fulfilment.FieldAssignedUs, fulfilment.FieldID)).Limit(limit).All(ctx)
	return dueFulfilments(rows, err)
}

package data

import (
	"context"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
)

// CollectionsDue are pickups for which nobody has come in time.
func (s *Orders) CollectionsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Fulfilment.Query().Where(
		fulfilment.StateIn(string(biz.FulfilmentAccepted), string(biz.FulfilmentPicked), string(biz.FulfilmentPacked)),
		fulfilment.CollectUntilUsGT(0), fulfilment.CollectUntilUsLTE(nowUS),
	).Order(ent.Asc(fulfilment.FieldCollectUntilUs, fulfilment.FieldNo)).Limit(limit).All(AsService(ctx))
	return dueFulfilments(rows, err)
}

// ChoicesDue are orders whose buyer has not said in time what becomes of his pickup.
func (s *Orders) ChoicesDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Order.Query().Where(order.State(string(biz.OrderPaid)), order.ChooseByUsGT(0), order.ChooseByUsLTE(nowUS)).
		Order(ent.Asc(order.FieldChooseByUs)).Limit(limit).IDs(AsService(ctx))
	return dueOrders(rows, err)
}

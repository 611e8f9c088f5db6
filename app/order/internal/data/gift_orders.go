package data

import (
	"context"
	"fmt"
	"reflect"

	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/giftorder"
)

// What an order has beside as a gift is kept beside it, so that no other order pays for it.

func (s *Orders) gatherGiftOrders(ctx context.Context, _ []string, at map[string]*biz.Record) error {
	wanted := these(at, func(h biz.Header) bool { return h.Kind == biz.KindGift })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := s.ent.GiftOrder.Query().Where(giftorder.IDIn(wanted...)).All(ctx)
	for _, row := range rows {
		at[row.ID].GiftOrder = &biz.GiftOrder{
			Message: row.Message, OpenUS: row.OpenUs, UntilUS: row.UntilUs, KeyHash: row.KeyHash, TakenAtUS: row.TakenUs, TakenBy: row.TakenBy, DueUS: row.DueUs,
		}
	}
	return err
}

func (s *Orders) saveGiftOrder(ctx context.Context, h biz.Header, before, g *biz.GiftOrder) error {
	switch {
	case g == nil || reflect.DeepEqual(before, g):
		return nil
	case before == nil:
		return s.ent.GiftOrder.Create().SetID(h.ID).SetOrg(h.Org).SetMessage(g.Message).SetOpenUs(g.OpenUS).SetUntilUs(g.UntilUS).SetKeyHash(g.KeyHash).
			SetTakenUs(g.TakenAtUS).SetTakenBy(g.TakenBy).SetDueUs(g.DueUS).Exec(ctx)
	}
	return s.ent.GiftOrder.UpdateOneID(h.ID).SetUntilUs(g.UntilUS).SetKeyHash(g.KeyHash).SetTakenUs(g.TakenAtUS).SetTakenBy(g.TakenBy).SetDueUs(g.DueUS).Exec(ctx)
}

// OrderOfGift finds the order of a link by the hash of its key; empty if there is none.
func (s *Orders) OrderOfGift(ctx context.Context, keyHash string) (string, error) {
	ids, err := s.ent.GiftOrder.Query().Where(giftorder.KeyHash(keyHash)).Limit(1).IDs(AsService(ctx))
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// GiftsDue are gifts that nobody has taken in time.
func (s *Orders) GiftsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.GiftOrder.Query().Where(giftorder.DueUsGT(0), giftorder.DueUsLTE(nowUS)).Order(ent.Asc(giftorder.FieldDueUs)).Limit(limit).IDs(AsService(ctx))
	return dueOrders(rows, err)
}

// giftChecks say that a gift goes nowhere before somebody has said where.
func giftChecks() []invariant.Check {
	return []invariant.Check{{
		ID: "I14", Title: "a gift is nobody's to ship before its address has come, and waits for it no longer than it may",
		Counted: "SELECT COUNT(*) FROM gift_orders",
		Violations: fmt.Sprintf(`SELECT o.id, 'a gift without what belongs to it' FROM orders o LEFT JOIN gift_orders g ON g.id = o.id WHERE o.kind = '%[1]s' AND g.id IS NULL
			UNION ALL SELECT g.id, 'belongs to no gift' FROM gift_orders g LEFT JOIN orders o ON o.id = g.id WHERE o.id IS NULL OR o.kind <> '%[1]s'
			UNION ALL SELECT f.id, 'given to a location before the address has come' FROM fulfilments f JOIN gift_orders g ON g.id = f.order_id
				WHERE g.taken_us = 0 AND f.state NOT IN ('PLANNED', 'CANCELLED', 'DECLINED')
			UNION ALL SELECT g.id, 'due is not what its order says' FROM gift_orders g JOIN orders o ON o.id = g.id WHERE (g.due_us <> 0) <> (o.state = 'PAID' AND g.taken_us = 0)
			UNION ALL SELECT g.id, 'taken after its time' FROM gift_orders g WHERE g.taken_us >= g.until_us AND g.taken_us <> 0`, biz.KindGift),
	}}
}

package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/orderremark"
	"github.com/onepool/onepool/app/order/internal/data/ent/review"
)

func toReview(v *ent.Review) biz.Review {
	return biz.Review{
		ID: v.ID, State: biz.State(v.State), Hits: v.Hits, Reason: v.Reason, OpenedBy: v.OpenedBy, OpenedAtUS: v.OpenedUs, HeldAtUS: v.HeldUs,
		DueAtUS: v.DueUs, EscalatedAtUS: v.EscalatedUs, DoneAtUS: v.DoneUs, DoneBy: v.DoneBy, Answer: v.Answer,
	}
}

func (s *Orders) saveReviews(ctx context.Context, h biz.Header, before, now []biz.Review) error {
	return each(before, now, func(v biz.Review, no int) error {
		return s.ent.Review.Create().SetID(v.ID).SetOrg(h.Org).SetOrderID(h.ID).SetNo(int64(no)).SetState(string(v.State)).SetChannel(h.Channel).SetShopStore(h.ShopStore).
			SetHits(v.Hits).SetReason(v.Reason).SetOpenedBy(v.OpenedBy).SetOpenedUs(v.OpenedAtUS).SetHeldUs(v.HeldAtUS).SetDueUs(v.DueAtUS).
			SetEscalatedUs(v.EscalatedAtUS).SetDoneUs(v.DoneAtUS).SetDoneBy(v.DoneBy).SetAnswer(v.Answer).Exec(ctx)
	}, func(_, v biz.Review) error {
		return s.ent.Review.UpdateOneID(v.ID).SetState(string(v.State)).SetHeldUs(v.HeldAtUS).SetDueUs(v.DueAtUS).SetEscalatedUs(v.EscalatedAtUS).
			SetDoneUs(v.DoneAtUS).SetDoneBy(v.DoneBy).SetAnswer(v.Answer).Exec(ctx)
	})
}

// gatherReviews reads the reviews of orders that have had one.
func (s *Orders) gatherReviews(ctx context.Context, _ []string, at map[string]*biz.Record) error {
	wanted := these(at, func(h biz.Header) bool { return h.Review != biz.None })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := s.ent.Review.Query().Where(review.OrderIDIn(wanted...)).Order(ent.Asc(review.FieldNo)).All(ctx)
	for _, row := range rows {
		r := at[row.OrderID]
		r.Reviews = append(r.Reviews, toReview(row))
	}
	return err
}

// ReviewFilter narrows a list of reviews; empty fields do not.
type ReviewFilter struct {
	State                   biz.State
	Channel, ShopStore, Org string
	OrderID                 string
	Escalated               bool
}

// ListedReview is a review, and whose order it is about.
type ListedReview struct {
	biz.Review
	OrderID, Org, Channel, ShopStore string
}

// VisibleReviews reads a page of the reviews that the caller may see, those that were held first.
func (s *Orders) VisibleReviews(ctx context.Context, f ReviewFilter, after After, limit int) ([]ListedReview, error) {
	q := s.ent.Review.Query().Where(after.after(review.FieldHeldUs, review.FieldID))
	if f.State != biz.None {
		q = q.Where(review.State(string(f.State)))
	}
	if f.Channel != "" {
		q = q.Where(review.Channel(f.Channel))
	}
	if f.ShopStore != "" {
		q = q.Where(review.ShopStore(f.ShopStore))
	}
	if f.Org != "" {
		q = q.Where(review.Org(f.Org))
	}
	if f.OrderID != "" {
		q = q.Where(review.OrderID(f.OrderID))
	}
	if f.Escalated {
		q = q.Where(review.EscalatedUsGT(0))
	}
	rows, err := q.Order(ent.Asc(review.FieldHeldUs), ent.Asc(review.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list reviews: %w", err)
	}
	list := make([]ListedReview, len(rows))
	for i, row := range rows {
		list[i] = ListedReview{toReview(row), row.OrderID, row.Org, row.Channel, row.ShopStore}
	}
	return list, nil
}

// ReviewsDue are held orders about which silence decides now.
func (s *Orders) ReviewsDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Review.Query().Where(review.State(string(biz.ReviewHeld)), review.DueUsGT(0), review.DueUsLTE(nowUS)).
		Order(ent.Asc(review.FieldDueUs)).Limit(limit).All(AsService(ctx))
	due := make([]Due, len(rows))
	for i, row := range rows {
		due[i] = Due{row.OrderID, row.ID}
	}
	return due, wrapDue(err)
}

// maxToAddress bounds how many orders to one address are counted.
const maxToAddress = 1000

// ReviewFacts answers what rules have to know about an order that is being placed at nowUS.
func (s *Orders) ReviewFacts(ctx context.Context, h biz.Header, n biz.ReviewNeeds, nowUS int64) (f biz.ReviewFacts, err error) {
	ctx = AsService(ctx)
	if n.FirstOrder {
		before, err := s.ent.Order.Query().Where(order.MemberID(h.MemberID), order.IDNEQ(h.ID), order.StateNEQ(string(biz.OrderCancelled))).Exist(ctx)
		if err != nil {
			return f, fmt.Errorf("first order: %w", err)
		}
		f.FirstOrder = !before
	}
	if n.WithinUS > 0 {
		err := s.ent.Order.Query().Where(order.PlaceKey(s.placeKey(h)), order.PlacedUsGTE(nowUS-n.WithinUS), order.Org(h.Org), order.IDNEQ(h.ID), order.StateNEQ(string(biz.OrderCancelled))).
			Order(ent.Desc(order.FieldPlacedUs)).Limit(maxToAddress).Select(order.FieldPlacedUs).Scan(ctx, &f.Placed)
		if err != nil {
			return f, fmt.Errorf("orders to the address: %w", err)
		}
	}
	return f, nil
}

// placeKey is by what orders to one address are found; empty: it is not to be matched.
func (s *Receivers) placeKey(h biz.Header) string {
	place := h.Place()
	if place == "" {
		return ""
	}
	return s.safe.Hash("place/" + place)
}

// AddRemark keeps a remark.
func (s *Orders) AddRemark(ctx context.Context, r biz.OrderRemark) error {
	err := s.ent.OrderRemark.Create().SetID(r.ID).SetOrg(r.Org).SetOrderID(r.OrderID).SetText(r.Text).SetFlag(string(r.Flag)).SetInternal(r.Internal).
		SetActor(r.Actor).SetAtUs(r.AtUS).Exec(AsService(ctx))
	if err != nil {
		return fmt.Errorf("remark on %s: %w", r.OrderID, err)
	}
	return nil
}

// Remarks reads a page of the remarks on an order, the newest first. Whether the caller may see them is asked before.
func (s *Orders) Remarks(ctx context.Context, orderID string, internal bool, after After, limit int) ([]biz.OrderRemark, error) {
	q := s.ent.OrderRemark.Query().Where(orderremark.OrderID(orderID), after.before(orderremark.FieldAtUs, orderremark.FieldID))
	if !internal {
		q = q.Where(orderremark.Internal(false))
	}
	rows, err := q.Order(orderremark.ByAtUs(sql.OrderDesc()), orderremark.ByID(sql.OrderDesc())).Limit(limit).All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("remarks on %s: %w", orderID, err)
	}
	list := make([]biz.OrderRemark, len(rows))
	for i, row := range rows {
		list[i] = biz.OrderRemark{ID: row.ID, OrderID: row.OrderID, Org: row.Org, Text: row.Text, Flag: biz.Flag(row.Flag), Internal: row.Internal, Actor: row.Actor, AtUS: row.AtUs}
	}
	return list, nil
}

package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/goodwill"
)

func toGoodwill(g *ent.Goodwill) biz.Goodwill {
	return biz.Goodwill{
		ID: g.ID, State: biz.State(g.State), AmountMinor: g.AmountMinor, Way: biz.GoodwillWay(g.Way), Reason: g.Reason, AskedBy: g.AskedBy,
		ApprovedBy: g.ApprovedBy, Refusal: g.Refusal, Reference: g.Reference, AskedAtUS: g.AskedUs, ApprovedAtUS: g.ApprovedUs, DoneAtUS: g.DoneUs,
	}
}

func (s *Orders) createGoodwill(h biz.Header, g biz.Goodwill, no int) *ent.GoodwillCreate {
	return s.ent.Goodwill.Create().SetID(g.ID).SetOrg(h.Org).SetOrderID(h.ID).SetNo(int64(no)).SetState(string(g.State)).SetAmountMinor(g.AmountMinor).
		SetWay(string(g.Way)).SetReason(g.Reason).SetAskedBy(g.AskedBy).SetApprovedBy(g.ApprovedBy).SetRefusal(g.Refusal).SetReference(g.Reference).
		SetAskedUs(g.AskedAtUS).SetApprovedUs(g.ApprovedAtUS).SetDoneUs(g.DoneAtUS)
}

func (s *Orders) saveGoodwills(ctx context.Context, h biz.Header, before, now []biz.Goodwill) error {
	return each(before, now, func(g biz.Goodwill, no int) error { return s.createGoodwill(h, g, no).Exec(ctx) },
		func(_, g biz.Goodwill) error {
			return s.ent.Goodwill.UpdateOneID(g.ID).SetState(string(g.State)).SetApprovedBy(g.ApprovedBy).SetRefusal(g.Refusal).SetReference(g.Reference).
				SetApprovedUs(g.ApprovedAtUS).SetDoneUs(g.DoneAtUS).Exec(ctx)
		})
}

func (s *Orders) gatherGoodwills(ctx context.Context, _ []string, at map[string]*biz.Record) error {
	wanted := these(at, func(h biz.Header) bool { return h.PaidAtUS != 0 })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := s.ent.Goodwill.Query().Where(goodwill.OrderIDIn(wanted...)).Order(ent.Asc(goodwill.FieldNo)).All(ctx)
	for _, row := range rows {
		r := at[row.OrderID]
		r.Goodwills = append(r.Goodwills, toGoodwill(row))
	}
	return err
}

// OrderOfGoodwill finds the order of goodwill; empty if there is none.
func (s *Orders) OrderOfGoodwill(ctx context.Context, id string) (string, error) {
	return ofPart(s.ent.Goodwill.Query().Where(goodwill.ID(id)).Select(goodwill.FieldOrderID).String(AsService(ctx)))
}

// VisibleGoodwills reads a page of the goodwill that the caller may see, the newest first.
func (s *Orders) VisibleGoodwills(ctx context.Context, state biz.State, after After, limit int) ([]Due, []After, error) {
	q := s.ent.Goodwill.Query().Where(after.before(goodwill.FieldAskedUs, goodwill.FieldID))
	if state != biz.None {
		q = q.Where(goodwill.State(string(state)))
	}
	rows, err := q.Order(ent.Desc(goodwill.FieldAskedUs), ent.Desc(goodwill.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list goodwill: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.AskedUs, row.ID}
	}
	return found, keys, nil
}

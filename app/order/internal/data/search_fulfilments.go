package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilmentline"
)

// FulfilmentFilter narrows a list; empty fields do not.
type FulfilmentFilter struct {
	Location, OrderID  string
	Channel, SellerOrg string
	States             []biz.State // one of these
	// SKU stands in a line of it.
	SKU string
	// DueUntilUS: the location has to do something by then, and is not late with it yet.
	DueUntilUS int64
}

// byDue says whether the list goes by what is due first.
func (f FulfilmentFilter) byDue() bool { return f.DueUntilUS > 0 }

// keys are the columns by which the list goes: when a fulfilment was made, or its next deadline, and its id. Those of a SKU
// are found through their lines.
func (f FulfilmentFilter) keys(q *sql.Selector) (us, id string) {
	switch {
	case f.byDue():
		return q.C(fulfilment.FieldDueUs), q.C(fulfilment.FieldID)
	case f.SKU != "":
		line := sql.Table(fulfilmentline.Table).As(asLine)
		return line.C(fulfilmentline.FieldCreatedUs), line.C(fulfilmentline.FieldFulfilmentID)
	}
	return q.C(fulfilment.FieldCreatedUs), q.C(fulfilment.FieldID)
}

func (f FulfilmentFilter) order(q *sql.Selector) {
	us, id := f.keys(q)
	if f.byDue() {
		q.OrderBy(sql.Asc(us), sql.Asc(id))
	} else {
		q.OrderBy(sql.Desc(us), sql.Desc(id))
	}
}

func (f FulfilmentFilter) where(after After) func(*sql.Selector) {
	return func(q *sql.Selector) {
		for _, cond := range []struct{ column, value string }{
			{fulfilment.FieldLocation, f.Location}, {fulfilment.FieldOrderID, f.OrderID}, {fulfilment.FieldChannel, f.Channel}, {fulfilment.FieldSellerOrg, f.SellerOrg},
		} {
			if cond.value != "" {
				q.Where(sql.EQ(q.C(cond.column), cond.value))
			}
		}
		if len(f.States) > 0 {
			states := make([]any, len(f.States))
			for i, state := range f.States {
				states[i] = string(state)
			}
			q.Where(sql.In(q.C(fulfilment.FieldState), states...))
		}
		if f.SKU != "" {
			f.whereSKU(q)
		}
		if f.byDue() { // one that waits for nobody, or is late with everything, has no deadline
			q.Where(sql.GT(q.C(fulfilment.FieldDueUs), 0)).Where(sql.LTE(q.C(fulfilment.FieldDueUs), f.DueUntilUS))
			after.after(fulfilment.FieldDueUs, fulfilment.FieldID)(q)
		} else if after.ID != "" {
			us, id := f.keys(q)
			q.Where(after.below(us, id))
		}
	}
}

// whereSKU goes through the first line of each fulfilment that has the SKU: it may stand in several.
func (f FulfilmentFilter) whereSKU(q *sql.Selector) {
	line, earlier := sql.Table(fulfilmentline.Table).As(asLine), sql.Table(fulfilmentline.Table).As("earlier")
	q.Join(line).On(line.C(fulfilmentline.FieldFulfilmentID), q.C(fulfilment.FieldID)).Where(sql.And(
		sql.EQ(line.C(fulfilmentline.FieldSku), f.SKU),
		sql.Not(sql.Exists(sql.Select(earlier.C(fulfilmentline.FieldID)).From(earlier).Where(sql.And(
			sql.ColumnsEQ(earlier.C(fulfilmentline.FieldFulfilmentID), line.C(fulfilmentline.FieldFulfilmentID)),
			sql.EQ(earlier.C(fulfilmentline.FieldSku), f.SKU), sql.ColumnsLT(earlier.C(fulfilmentline.FieldNo), line.C(fulfilmentline.FieldNo))))))))
}

// VisibleFulfilments reads a page of the fulfilments that the caller may see, the newest first; where they are due, what is due
// first comes first.
func (s *Orders) VisibleFulfilments(ctx context.Context, f FulfilmentFilter, after After, limit int) ([]Due, []After, error) {
	rows, err := s.ent.Fulfilment.Query().Where(f.where(after)).Order(f.order).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list fulfilments: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.CreatedUs, row.ID}
		if f.byDue() {
			keys[i].US = row.DueUs
		}
	}
	return found, keys, nil
}

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// model knows what one order line brings about in peace: the same must be there, once, after any fault.
type model struct {
	accruals map[string]int // by member: how many parties earn on a line
}

// newModel lets every trader buy one order in peace.
func newModel(t *testing.T, ctx context.Context, operator *client.Client, all []*trader) *model {
	t.Helper()
	m := &model{accruals: map[string]int{}}
	for _, tr := range all {
		require.NoError(t, tr.buy(ctx, 0, 1, true, true))
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			list, err := operator.Rebate().ListAccruals(ctx, &rebatev1.ListAccrualsRequest{OrderId: tr.sales[0].order.Id, PageSize: 200})
			require.NoError(c, err)
			require.NotEmpty(c, list.Accruals)
			m.accruals[tr.id] = len(list.Accruals)
		}, finalWithin, 100*time.Millisecond)
		require.Empty(t, tr.odd)
	}
	return m
}

// check holds one sale against all centers.
func (m *model) check(ctx context.Context, operator *client.Client, tr *trader, s *sale) error {
	for _, part := range []func(context.Context, *client.Client, *trader, *sale) error{m.order, m.stock, m.points, m.rebates} {
		if err := part(ctx, operator, tr, s); err != nil {
			return fmt.Errorf("order %s (paid %t, shipped %t): %w", s.order.Id, s.paid, s.shipped, err)
		}
	}
	return nil
}

func (m *model) order(ctx context.Context, operator *client.Client, _ *trader, s *sale) error {
	now, err := operator.Order().GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: s.order.Id})
	if err != nil {
		return fmt.Errorf("acknowledged, and lost: %w", err)
	}
	want, money := orderv1.OrderState_UNPAID, int64(0)
	if s.paid {
		want, money = orderv1.OrderState_PAID, now.Total.AmountMinor
		for _, line := range now.Lines {
			money -= line.PointsAmount.AmountMinor
		}
	}
	if now.State != want || now.Paid.AmountMinor != money || now.Refunded.AmountMinor != 0 || len(now.Lines) != s.requested {
		return fmt.Errorf("is %s, paid %d, refunded %d, %d lines; want %s, %d, 0, %d", now.State, now.Paid.AmountMinor, now.Refunded.AmountMinor, len(now.Lines), want, money, s.requested)
	}
	for _, f := range now.Fulfilments {
		if s.shipped && f.State != orderv1.FulfilmentState_FULFILMENT_SHIPPED {
			return fmt.Errorf("fulfilment %s is %s", f.Id, f.State)
		}
	}
	return nil
}

func (m *model) stock(ctx context.Context, operator *client.Client, _ *trader, s *sale) error {
	list, err := operator.Inventory().ListReservations(ctx, &inventoryv1.ListReservationsRequest{Documents: []string{s.order.Id}})
	if err != nil {
		return err
	}
	want := inventoryv1.ReservationState_HELD
	switch {
	case s.shipped:
		want = inventoryv1.ReservationState_SHIPPED
	case s.paid:
		want = inventoryv1.ReservationState_CONFIRMED
	}
	held := map[string]int64{}
	for _, r := range list.Reservations {
		if r.State != want {
			return fmt.Errorf("reservation %s is %s, want %s", r.Id, r.State, want)
		}
		held[r.LineId] += r.Quantity
	}
	for _, line := range s.order.Lines {
		if held[line.LineId] != line.Quantity {
			return fmt.Errorf("line %s: %d pieces in stock's books, want %d", line.LineId, held[line.LineId], line.Quantity)
		}
	}
	return nil
}

func (m *model) points(ctx context.Context, operator *client.Client, tr *trader, s *sale) error {
	accrued, spent := map[string]int{}, 0
	for token := ""; ; {
		page, err := operator.Member().ListPointsEntries(ctx, &memberv1.ListPointsEntriesRequest{MemberId: tr.id, PageSize: 200, PageToken: token})
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			switch {
			case e.Document != s.order.Id:
			case e.Reason == "ACCRUE":
				accrued[e.LineId]++
			case e.Reason == "SPEND":
				spent -= int(e.Points)
			}
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	want, each := 0, 0
	if s.paid {
		want, each = pointsOfTrade, 1
	}
	if spent != want {
		return fmt.Errorf("%d points are spent, want %d", spent, want)
	}
	for _, line := range s.order.Lines {
		if accrued[line.LineId] != each {
			return fmt.Errorf("points of line %s are accrued %d times, want %d", line.LineId, accrued[line.LineId], each)
		}
	}
	return nil
}

func (m *model) rebates(ctx context.Context, operator *client.Client, tr *trader, s *sale) error {
	list, err := operator.Rebate().ListAccruals(ctx, &rebatev1.ListAccrualsRequest{OrderId: s.order.Id, PageSize: 200})
	if err != nil {
		return err
	}
	roles := map[string]int{}
	for _, a := range list.Accruals {
		roles[a.LineId+"/"+a.Role.String()]++
	}
	want := 0
	if s.paid {
		want = len(s.order.Lines) * m.accruals[tr.id]
	}
	if len(list.Accruals) != want || len(roles) != want {
		return fmt.Errorf("rebates %v, want %d, each once", roles, want)
	}
	supplies, err := operator.Rebate().ListSupplyEntries(ctx, &rebatev1.ListSupplyEntriesRequest{OrderId: s.order.Id, PageSize: 200})
	if err != nil {
		return err
	}
	supplied := map[string]int64{}
	for _, e := range supplies.Entries {
		supplied[e.LineId] += e.Quantity
	}
	now, err := operator.Order().GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: s.order.Id})
	if err != nil {
		return err
	}
	for _, f := range now.Fulfilments {
		for _, line := range f.Lines {
			if s.shipped && line.Owner != now.SellerOrg {
				supplied[line.LineId] -= line.Quantity
			}
		}
	}
	for line, left := range supplied {
		if left != 0 {
			return fmt.Errorf("supplies of line %s differ by %d pieces", line, left)
		}
	}
	return nil
}

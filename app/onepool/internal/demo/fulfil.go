package demo

import (
	"context"
	"fmt"
	"time"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// staffOf signs in a manager of a store, with a password that headquarters has just set.
func (r *run) staffOf(ctx context.Context, store string) (*client.Client, error) {
	list, err := r.admin.Store().ListStaff(ctx, &storev1.ListStaffRequest{StoreCode: store, PageSize: 200})
	if err != nil {
		return nil, fmt.Errorf("staff of %s: %w", store, err)
	}
	for _, person := range list.Staff {
		if person.Role != "manager" || person.Login == "" {
			continue
		}
		password := client.RequestID()
		if _, err := r.admin.Store().SetStaffPassword(ctx, &storev1.SetStaffPasswordRequest{RequestId: client.RequestID(), Login: person.Login, Password: password}); err != nil {
			return nil, fmt.Errorf("password of %s: %w", person.Login, err)
		}
		in, err := r.admin.Store().SignInStaff(ctx, &storev1.SignInStaffRequest{Login: person.Login, Password: password})
		if err != nil {
			return nil, fmt.Errorf("sign-in of %s: %w", person.Login, err)
		}
		return r.admin.As(ctx, in.AccessToken)
	}
	return nil, fmt.Errorf("store %s has no manager with a login", store)
}

// fulfil has each store's own manager accept and ship, the member receive, and waits until the return window is over.
func (r *run) fulfil(ctx context.Context) error {
	order, err := r.member.MiniProgram().GetOrder(ctx, &miniprogramv1.GetMyOrderRequest{OrderId: r.orderID})
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	if order.State != orderv1.OrderState_PAID {
		return fmt.Errorf("order is %s, want PAID", order.State)
	}
	for _, f := range order.Fulfilments {
		if err := r.shipOne(ctx, order.SellerOrg, f); err != nil {
			return err
		}
	}
	before, err := r.points(ctx)
	if err != nil {
		return err
	}
	r.tell("waiting for the return window of %d s", r.about.ReturnWindowS)
	err = until(ctx, time.Duration(r.about.ReturnWindowS)*time.Second+messageLimit, "points and rebates earned", func(ctx context.Context) (bool, error) {
		points, err := r.points(ctx)
		if err != nil || points.Pending != 0 {
			return false, err
		}
		accruals, err := r.accruals(ctx)
		for _, a := range accruals {
			if a.State != "earned" {
				return false, err
			}
		}
		return true, err
	})
	if err != nil {
		return err
	}
	after, err := r.points(ctx)
	if err != nil {
		return err
	}
	if after.Balance != before.Balance+before.Pending {
		return fmt.Errorf("points: balance %d, want %d + %d pending", after.Balance, before.Balance, before.Pending)
	}
	r.tell("%d points earned, balance %d", before.Pending, after.Balance)
	return r.tellAccruals(ctx, "earned")
}

func (r *run) shipOne(ctx context.Context, seller string, f *orderv1.Fulfilment) error {
	staff, err := r.staffOf(ctx, f.Location)
	if err != nil {
		return err
	}
	if _, err := staff.Order().AcceptFulfilment(ctx, &orderv1.AcceptFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: f.Id}); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	if _, err := staff.Order().ShipFulfilment(ctx, &orderv1.ShipFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: "SF" + f.Id[len(f.Id)-12:]}); err != nil {
		return fmt.Errorf("ship: %w", err)
	}
	r.tell("%s accepted and shipped %d lines", f.LocationName, len(f.Lines))
	if err := until(ctx, messageLimit, "the supply entry of "+f.LocationName, func(ctx context.Context) (bool, error) {
		supplies, err := r.admin.Rebate().ListSupplyEntries(ctx, &rebatev1.ListSupplyEntriesRequest{OrderId: r.orderID, PageSize: 200})
		if err != nil {
			return false, err
		}
		for _, line := range f.Lines {
			found := false
			for _, s := range supplies.Entries {
				found = found || s.FulfilmentId == f.Id && s.LineId == line.LineId
			}
			if !found && line.Owner != seller {
				return false, nil
			}
		}
		for _, s := range supplies.Entries {
			if s.FulfilmentId == f.Id {
				r.tell("supply: %s to %s, %d x %s at %s, fee %s", s.OwnerOrg, s.SellerOrg, s.Quantity, s.Sku, decimal(s.PriceMinor), decimal(s.FeeMinor))
			}
		}
		return true, nil
	}); err != nil {
		return err
	}
	received, err := r.member.MiniProgram().ConfirmReceipt(ctx, &miniprogramv1.ConfirmMyReceiptRequest{RequestId: client.RequestID(), FulfilmentId: f.Id})
	if err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	if received.State != orderv1.FulfilmentState_RECEIVED {
		return fmt.Errorf("fulfilment is %s, want RECEIVED", received.State)
	}
	r.tell("the member has received it")
	return nil
}

// takeBack returns one of the two pieces of the first line, by the store's staff, after the window.
func (r *run) takeBack(ctx context.Context) error {
	order, err := r.member.MiniProgram().GetOrder(ctx, &miniprogramv1.GetMyOrderRequest{OrderId: r.orderID})
	if err != nil {
		return fmt.Errorf("order: %w", err)
	}
	line, location := order.Lines[0], order.Fulfilments[0].Location
	for _, f := range order.Fulfilments {
		for _, fl := range f.Lines {
			if fl.LineId == line.LineId {
				location = f.Location
			}
		}
	}
	stockBefore, err := r.onHand(ctx, location, line.Sku)
	if err != nil {
		return err
	}
	pointsBefore, err := r.points(ctx)
	if err != nil {
		return err
	}
	back, err := r.admin.Order().CreateReturn(ctx, &orderv1.CreateReturnRequest{RequestId: client.RequestID(), OrderId: r.orderID, Reason: "tin dented",
		Lines: []*orderv1.ReturnLineInput{{LineId: line.LineId, Quantity: 1}}})
	if err != nil {
		return fmt.Errorf("return: %w", err)
	}
	if _, err := r.admin.Order().ApproveReturn(ctx, &orderv1.ApproveReturnRequest{RequestId: client.RequestID(), ReturnId: back.Id}); err != nil {
		return fmt.Errorf("approve: %w", err)
	}
	if _, err := r.admin.Order().ReceiveReturn(ctx, &orderv1.ReceiveReturnRequest{RequestId: client.RequestID(), ReturnId: back.Id, Location: location}); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	var refunded *orderv1.ReturnInfo
	err = until(ctx, messageLimit, "refunded, in stock, taken back", func(ctx context.Context) (bool, error) {
		now, err := r.member.MiniProgram().GetOrder(ctx, &miniprogramv1.GetMyOrderRequest{OrderId: r.orderID})
		if err != nil {
			return false, err
		}
		for _, candidate := range now.Returns {
			if candidate.Id == back.Id && candidate.State == orderv1.ReturnState_REFUNDED {
				refunded = candidate
			}
		}
		stock, err := r.onHand(ctx, location, line.Sku)
		if err != nil || refunded == nil || stock != stockBefore+1 {
			return false, err
		}
		accruals, err := r.accruals(ctx)
		clawed := 0
		for _, a := range accruals {
			if a.LineId == line.LineId && a.ClawedBackMinor > 0 {
				clawed++
			}
		}
		points, perr := r.points(ctx)
		if err == nil {
			err = perr
		}
		return err == nil && clawed == 3 && points.Balance != pointsBefore.Balance, err
	})
	if err != nil {
		return err
	}
	accruals, err := r.accruals(ctx)
	if err != nil {
		return err
	}
	for _, a := range accruals {
		// Half of the line's pieces went back: half of the rebate, rounded half up.
		if a.LineId == line.LineId && a.ClawedBackMinor != proportion(a.AccruedMinor, refunded.Refund.AmountMinor, a.BaseMinor) {
			return fmt.Errorf("accrual %s: %d of %d taken back for %d of %d", a.Id, a.ClawedBackMinor, a.AccruedMinor, refunded.Refund.AmountMinor, a.BaseMinor)
		}
	}
	points, err := r.points(ctx)
	if err != nil {
		return err
	}
	r.tell("1 x %s came back to %s: %s CNY and %d points refunded, on hand %d -> %d, points %d -> %d", line.Sku, location,
		decimal(refunded.Refund.AmountMinor), refunded.PointsBack, stockBefore, stockBefore+1, pointsBefore.Balance, points.Balance)
	return r.tellAccruals(ctx, "earned")
}

func (r *run) onHand(ctx context.Context, location, sku string) (int64, error) {
	list, err := r.admin.Inventory().ListStock(ctx, &inventoryv1.ListStockRequest{Location: location, Sku: sku, PageSize: 200})
	if err != nil {
		return 0, fmt.Errorf("stock: %w", err)
	}
	var sum int64
	for _, s := range list.Stock {
		sum += s.OnHand
	}
	return sum, nil
}

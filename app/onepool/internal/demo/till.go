package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/go-kratos/kratos/v2/errors"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const tillPoints = 100

// sellAtTill registers a till in the member's home store and sells one piece over gRPC.
func (r *run) sellAtTill(ctx context.Context) error {
	store, sku := r.shopper.home.Code, r.shopper.skus[1]
	device, err := r.admin.Store().RegisterDevice(ctx, &storev1.RegisterDeviceRequest{RequestId: client.RequestID(), StoreCode: store, Name: "till 1"})
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	till, err := r.admin.As(ctx, device.Key)
	if err != nil {
		return err
	}
	known, err := r.admin.Product().GetSkus(ctx, &productv1.GetSkusRequest{Codes: []string{sku}})
	if err != nil || len(known.Skus) != 1 {
		return fmt.Errorf("sku %s: %w", sku, err)
	}
	barcode := known.Skus[0].Barcode
	pos := posv1.NewPosClient(r.grpc)
	scanned, err := pos.Scan(till.GRPC(ctx), &posv1.ScanRequest{Barcode: barcode})
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	r.tell("scanned %s: %s, %s CNY, %d in this store, %d places nearby", barcode, scanned.Title["en"], decimal(scanned.Price.AmountMinor), scanned.AtTheTill, len(scanned.Nearby))
	before, err := r.promised(ctx, store, sku)
	if err != nil {
		return err
	}
	lines := []*posv1.SaleLine{{Barcode: barcode, Quantity: 1, UnitPriceMinor: scanned.Price.AmountMinor}}
	quote, err := pos.Quote(till.GRPC(ctx), &posv1.QuoteRequest{Lines: lines, MemberPhone: r.shopper.phone, Points: tillPoints})
	if err != nil {
		return fmt.Errorf("quote: %w", err)
	}
	sale := &posv1.SellRequest{RequestId: client.RequestID(), ReceiptNo: "R" + client.RequestID()[:12], Lines: lines, MemberPhone: r.shopper.phone, Points: tillPoints, CashMinor: quote.ToPay.AmountMinor}
	sold, err := r.sellForPoints(ctx, pos, till, sale)
	if err != nil {
		return err
	}
	after, err := r.promised(ctx, store, sku)
	if err != nil {
		return err
	}
	if after != before-1 {
		return fmt.Errorf("online channels may promise %d of %s at %s right after the sale, want %d", after, sku, store, before-1)
	}
	if sold.State != orderv1.OrderState_PAID {
		return fmt.Errorf("till sale is %s, want PAID", sold.State)
	}
	r.tell("sold for %s CNY cash and %d points (order %s, seller %s); online channels may promise %d, then %d", decimal(sale.CashMinor), tillPoints, sold.Id, sold.SellerOrg, before, after)
	return nil
}

// sellForPoints shows the member's code to the till: without it nobody's points are spent. A till that sends its sale again
// gets the same one.
func (r *run) sellForPoints(ctx context.Context, pos posv1.PosClient, till *client.Client, sale *posv1.SellRequest) (*orderv1.OrderInfo, error) {
	want := memberv1.MemberErrorReason_MEMBER_CODE_REQUIRED.String()
	if _, err := pos.Sell(till.GRPC(ctx), sale); errors.Reason(err) != want {
		return nil, fmt.Errorf("points spent by a phone number: %v, want %s", err, want)
	}
	shown, err := r.member.MiniProgram().IssueMemberCode(ctx, &miniprogramv1.IssueMyCodeRequest{})
	if err != nil {
		return nil, fmt.Errorf("member code: %w", err)
	}
	r.tell("the member shows a code of %d digits, good for %s, once", len(shown.Code), time.Until(time.UnixMicro(shown.ExpiresAtUs)).Round(time.Second))
	sale.MemberCode = shown.Code
	sold, err := pos.Sell(till.GRPC(ctx), sale)
	if err != nil {
		return nil, fmt.Errorf("sell: %w", err)
	}
	again, err := pos.Sell(till.GRPC(ctx), sale)
	if err != nil {
		return nil, fmt.Errorf("sell again: %w", err)
	}
	if again.Id != sold.Id {
		return nil, fmt.Errorf("the same sale is %s, then %s", sold.Id, again.Id)
	}
	return sold, nil
}

// promised is what online channels may promise of a SKU at one location.
func (r *run) promised(ctx context.Context, location, sku string) (int64, error) {
	list, err := r.admin.Inventory().GetAvailability(ctx, &inventoryv1.GetAvailabilityRequest{Skus: []string{sku}, Channel: "miniprogram", Location: location})
	if err != nil {
		return 0, fmt.Errorf("availability: %w", err)
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("availability of %s: %d answers", sku, len(list.Items))
	}
	return list.Items[0].Online, nil
}

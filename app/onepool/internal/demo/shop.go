package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const (
	pointsToSpend  = 200
	messageLimit   = 30 * time.Second // what follows a commit over centers is final within this time
	piecesPerLine  = 2
	linesInTheCart = 3
)

// shopper is the member of the story: bound to a guide, at home in a franchise store with a dealer above.
type shopper struct {
	id     string
	phone  string
	home   *storev1.StoreInfo
	dealer string
	place  *commonv1.GeoPoint // beside the home store
	skus   []string
	prices map[string]int64
}

// fillCart signs a member in who lives beside the franchise store, and puts three SKUs into the cart that it has.
func (r *run) fillCart(ctx context.Context) error {
	s, err := r.findShopper(ctx)
	if err != nil {
		return err
	}
	r.shopper = s
	guest, err := r.admin.As(ctx, "")
	if err != nil {
		return err
	}
	token, err := signIn(ctx, guest, s.phone)
	if err != nil {
		return err
	}
	if r.member, err = r.admin.As(ctx, token); err != nil {
		return err
	}
	me, err := r.member.MiniProgram().GetMe(ctx, &miniprogramv1.GetMeRequest{})
	if err != nil {
		return fmt.Errorf("me: %w", err)
	}
	r.shopper.id = me.Member.Id
	r.tell("signed in as %s (%s), %d points, guide %s, home store %s (%s)", me.Member.Name, me.Member.PhoneMasked, me.Points.Spendable,
		me.Member.GuideCode, s.home.Code, s.home.Name)

	products, err := guest.MiniProgram().ListProducts(ctx, &miniprogramv1.ListProductsRequest{PageSize: 200, Lat: &s.place.Lat, Lng: &s.place.Lng})
	if err != nil {
		return fmt.Errorf("products: %w", err)
	}
	r.shopper.prices = map[string]int64{}
	for _, p := range products.Products {
		if len(r.shopper.skus) == linesInTheCart {
			break
		}
		// "yes" is plenty: enough for the cart.
		if !p.Returnable || len(p.Near) == 0 || p.Near[0].Location != s.home.Code || p.Near[0].Level != "yes" {
			continue
		}
		r.shopper.skus = append(r.shopper.skus, p.Sku)
		r.shopper.prices[p.Sku] = p.Price.AmountMinor
		r.tell("%s %-24s %8s CNY, %d available, nearest: %s, %d m", p.Sku, p.Title["en"], decimal(p.Price.AmountMinor), p.Available, p.Near[0].Name, p.Near[0].DistanceM)
	}
	if len(r.shopper.skus) < linesInTheCart {
		return fmt.Errorf("%s has only %d of the wanted %d SKUs", s.home.Code, len(r.shopper.skus), linesInTheCart)
	}
	var cart *orderv1.Cart
	for _, sku := range r.shopper.skus {
		if cart, err = r.member.MiniProgram().SetCartLine(ctx, &miniprogramv1.SetMyCartLineRequest{RequestId: client.RequestID(), Sku: sku, Quantity: piecesPerLine}); err != nil {
			return fmt.Errorf("cart: %w", err)
		}
	}
	r.tell("cart: %d lines, %s CNY", len(cart.Lines), decimal(cart.Total.AmountMinor))
	return nil
}

// findShopper looks for the demo member whose home is a franchise store that shares stock and has a dealer above.
func (r *run) findShopper(ctx context.Context) (shopper, error) {
	rows, err := demoMembers()
	if err != nil {
		return shopper{}, err
	}
	orgs := map[string]*storev1.Organisation{}
	list, err := r.admin.Store().ListOrganisations(ctx, &storev1.ListOrganisationsRequest{PageSize: 200})
	if err != nil {
		return shopper{}, fmt.Errorf("organisations: %w", err)
	}
	for _, o := range list.Organisations {
		orgs[o.Code] = o
	}
	for _, row := range rows {
		if row.guide == "" || row.home == "" || row.points < 2*pointsToSpend {
			continue
		}
		home, err := r.admin.Store().GetStore(ctx, &storev1.GetStoreRequest{Code: row.home})
		if err != nil {
			return shopper{}, fmt.Errorf("store %s: %w", row.home, err)
		}
		org := orgs[home.OrgCode]
		if home.Ownership != storev1.Ownership_FRANCHISE || org == nil || !org.ShareStock || orgs[org.ParentCode].GetKind() != storev1.OrganisationKind_DEALER {
			continue
		}
		near := &commonv1.GeoPoint{Lat: home.Point.Lat + 0.001, Lng: home.Point.Lng + 0.001}
		return shopper{phone: row.phone, home: home, dealer: org.ParentCode, place: near}, nil
	}
	return shopper{}, fmt.Errorf("no demo member is at home in a franchise store with a dealer")
}

func signIn(ctx context.Context, guest *client.Client, phone string) (string, error) {
	code, err := guest.MiniProgram().SendSignInCode(ctx, &miniprogramv1.SendCodeRequest{Phone: phone})
	if err != nil {
		return "", fmt.Errorf("sign-in code: %w", err)
	}
	in, err := guest.MiniProgram().SignIn(ctx, &miniprogramv1.SignInRequest{Phone: phone, Code: code.SandboxCode})
	if err != nil {
		return "", fmt.Errorf("sign-in: %w", err)
	}
	return in.AccessToken, nil
}

func (r *run) checkOut(ctx context.Context) error {
	preview, err := r.member.MiniProgram().PreviewCheckout(ctx, &miniprogramv1.PreviewCheckoutRequest{Points: pointsToSpend})
	if err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	r.tell("total %s CNY, %d points pay %s, left to pay %s", decimal(preview.Total.AmountMinor), preview.Points, decimal(preview.PointsAmount.AmountMinor), decimal(preview.ToPay.AmountMinor))
	req := &miniprogramv1.CheckoutRequest{
		RequestId: client.RequestID(), Way: inventoryv1.DeliveryWay_PARCEL, Points: pointsToSpend, ToPayMinor: &preview.ToPay.AmountMinor,
		Receiver: &orderv1.Receiver{Name: "Lin", Phone: r.shopper.phone, Address: "beside " + r.shopper.home.Name, Point: r.shopper.place},
	}
	order, err := r.member.MiniProgram().Checkout(ctx, req)
	if err != nil {
		return fmt.Errorf("checkout: %w", err)
	}
	again, err := r.member.MiniProgram().Checkout(ctx, req)
	if err != nil || again.Id != order.Id {
		return fmt.Errorf("checkout repeated with the same request id: order %s, then %s (%v)", order.Id, again.GetId(), err)
	}
	r.orderID = order.Id
	for _, line := range order.Lines {
		r.lineIDs = append(r.lineIDs, line.LineId)
	}
	r.tell("order %s is %s, seller of record %s; sent again with the same request id it is the same order", order.Id, order.State, order.SellerOrg)
	held, err := r.admin.Inventory().ListReservations(ctx, &inventoryv1.ListReservationsRequest{Documents: []string{order.Id}})
	if err != nil {
		return fmt.Errorf("reservations: %w", err)
	}
	supplied := false
	for _, h := range held.Reservations {
		r.tell("held %d x %s at %s, owner %s, %d m away", h.Quantity, h.Sku, h.LocationName, h.Owner, h.DistanceM)
		supplied = supplied || h.Owner != order.SellerOrg
	}
	if !supplied {
		return fmt.Errorf("headquarters sold, and no franchise stock was chosen beside a franchise store that has all of it")
	}
	explained, err := r.admin.Inventory().GetAllocation(ctx, &inventoryv1.GetAllocationRequest{Document: order.Id})
	if err != nil {
		return fmt.Errorf("allocation: %w", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(explained.Text), "\n") {
		r.tell("| %s", line)
	}
	points, err := r.member.MiniProgram().GetMe(ctx, &miniprogramv1.GetMeRequest{})
	if err != nil {
		return fmt.Errorf("me: %w", err)
	}
	if points.Points.Frozen != pointsToSpend {
		return fmt.Errorf("%d points are frozen, want %d", points.Points.Frozen, pointsToSpend)
	}
	r.tell("%d points are frozen", points.Points.Frozen)
	return nil
}

func (r *run) pay(ctx context.Context) error {
	payment, err := r.member.MiniProgram().PayOrder(ctx, &miniprogramv1.PayOrderRequest{RequestId: client.RequestID(), OrderId: r.orderID, Provider: "sandbox"})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	paid, err := r.member.Order().PayInSandbox(ctx, &orderv1.PayInSandboxRequest{PaymentId: payment.Id})
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	r.tell("paid %s CNY to %s, transaction %s; the provider's signed call back was answered %d", decimal(payment.Amount.AmountMinor), payment.Payee, paid.TransactionNo, paid.NotificationStatus)
	if _, err := r.member.Order().PayInSandbox(ctx, &orderv1.PayInSandboxRequest{PaymentId: payment.Id}); err != nil {
		return fmt.Errorf("the provider calls back a second time: %w", err)
	}
	err = until(ctx, messageLimit, "hold confirmed, points and rebates pending", func(ctx context.Context) (bool, error) {
		held, err := r.admin.Inventory().ListReservations(ctx, &inventoryv1.ListReservationsRequest{Documents: []string{r.orderID}})
		if err != nil {
			return false, err
		}
		for _, h := range held.Reservations {
			if h.State != inventoryv1.ReservationState_CONFIRMED {
				return false, nil
			}
		}
		me, err := r.member.MiniProgram().GetMe(ctx, &miniprogramv1.GetMeRequest{})
		if err != nil {
			return false, err
		}
		accruals, err := r.accruals(ctx)
		return me.Points.Pending > 0 && me.Points.Frozen == 0 && len(accruals) > 0, err
	})
	if err != nil {
		return err
	}
	me, err := r.member.MiniProgram().GetMe(ctx, &miniprogramv1.GetMeRequest{})
	if err != nil {
		return fmt.Errorf("me: %w", err)
	}
	r.tell("%d points are pending, the %d frozen ones are spent", me.Points.Pending, pointsToSpend)
	return r.tellAccruals(ctx, "pending")
}

func (r *run) accruals(ctx context.Context) ([]*rebatev1.Accrual, error) {
	list, err := r.admin.Rebate().ListAccruals(ctx, &rebatev1.ListAccrualsRequest{OrderId: r.orderID, PageSize: 200})
	if err != nil {
		return nil, fmt.Errorf("accruals: %w", err)
	}
	return list.Accruals, nil
}

// tellAccruals checks that each of the three payees has an accrual for each line, in the given state.
func (r *run) tellAccruals(ctx context.Context, state string) error {
	accruals, err := r.accruals(ctx)
	if err != nil {
		return err
	}
	type sum struct {
		accrued, clawed int64
		reason          string
	}
	sums := map[string]*sum{}
	for _, a := range accruals {
		if a.State != state {
			return fmt.Errorf("accrual %s is %s, want %s", a.Id, a.State, state)
		}
		key := fmt.Sprintf("%-12s %s", a.Role, a.Payee)
		if sums[key] == nil {
			sums[key] = &sum{reason: a.Reason}
		}
		sums[key].accrued += a.AccruedMinor
		sums[key].clawed += a.ClawedBackMinor
	}
	if want := 3 * len(r.lineIDs); len(accruals) != want {
		return fmt.Errorf("%d accruals, want one for each of %d lines and 3 payees", len(accruals), len(r.lineIDs))
	}
	for _, key := range sorted(sums) {
		s := sums[key]
		r.tell("rebate %-30s %s accrued, %s taken back (%s): %s", key, decimal(s.accrued), decimal(s.clawed), s.reason, state)
	}
	return nil
}

// me is what the member sees of the points.
func (r *run) points(ctx context.Context) (*memberv1.Points, error) {
	me, err := r.member.MiniProgram().GetMe(ctx, &miniprogramv1.GetMeRequest{})
	if err != nil {
		return nil, fmt.Errorf("me: %w", err)
	}
	return me.Points, nil
}
